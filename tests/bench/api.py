"""How the API answers while the machine cuts: 50 requests a second, mixed, beside the same on an idle server.

`python -m tests.bench.api --seconds 60`: requests leave at fixed moments whether or not the last one was answered, and
a request's time counts from its moment, so that a stall is not hidden.
"""

import argparse
import asyncio
import itertools
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.bench.report import percentile, serving, show
from tests.conftest import BUNNY, make
from tests.journeys.conftest import Person, until

PEOPLE = 10
FILE = {"filename": "source.mp4", "content_type": "video/mp4", "file_size": 1000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=50, help="requests a second")
    given = parser.parse_args()
    with serving() as server, tempfile.TemporaryDirectory(prefix="fastclip-bench-") as folder:
        people = [server.person() for _ in range(PEOPLE)]
        film = large_film(Path(folder))
        asks = asks_of(people)
        idle, idle_codes = asyncio.run(load(server.url, asks, given.rate, given.seconds))
        cuts = [begin_cut(person, film) for person in people[:2]]
        busy, busy_codes = asyncio.run(load(server.url, asks, given.rate, given.seconds))
        still = sum(person.get(f"/v1/clip/{job}")["status"] == "processing" for person, job in cuts)
        for person, job in cuts:
            person.post(f"/v1/clip/{job}/cancel")
    rows = [
        ("idle p50 (reference)", percentile(idle, 50), None),
        ("idle p99 (reference)", percentile(idle, 99), None),
        ("two encodes p50", percentile(busy, 50), percentile(idle, 50)),
        ("two encodes p99", percentile(busy, 99), percentile(idle, 99)),
        ("two encodes, the slowest", max(busy), max(idle)),
    ]
    show(f"{given.rate} requests a second for {given.seconds} s", rows, "ms")
    print(f"  answers: idle {dict(idle_codes)}, busy {dict(busy_codes)}; encodes still running at the end: {still}")


def large_film(folder: Path) -> Path:
    """Ten minutes of 1080p that have to be encoded anew when 720p is asked for."""
    piece, film = folder / "piece.mp4", folder / "film.mp4"
    make("-i", str(BUNNY), "-vf", "scale=1920:1080", "-c:v", "libx264", "-preset", "ultrafast", "-an", str(piece))
    make("-stream_loop", "19", "-i", str(piece), "-c", "copy", str(film))
    return film


def begin_cut(person: Person, film: Path) -> tuple[Person, str]:
    upload = person.send(film)
    until(lambda: person.get(f"/v1/upload/{upload['file_id']}/preview")["status"] == "ready", 120)
    asked = {"file_id": upload["file_id"], "start": 0, "end": 599, "quality": "720p"}
    job = person.post("/v1/clip", **asked).raise_for_status().json()["job_id"]
    until(lambda: person.get(f"/v1/clip/{job}")["progress"] > 0)
    return person, job


def asks_of(people: list[Person]) -> list[tuple[str, str, str, Any]]:
    """(method, path, key, body) of a round: nine reads and one write of each person."""
    asks: list[tuple[str, str, str, Any]] = []
    for person in people:
        file_id = person.post("/v1/upload/request", **FILE).json()["file_id"]
        reads = [f"/v1/upload/{file_id}"] * 3 + ["/v1/clips"] * 2 + ["/v1/balance"] * 2 + ["/v1/jobs", "/v1/account"]
        asks += [("GET", path, person.key, None) for path in reads]
        asks.append(("POST", "/v1/upload/request", person.key, FILE))
    return asks[::3] + asks[1::3] + asks[2::3]


async def load(url: str, asks: list[Any], rate: int, seconds: int) -> tuple[list[float], Counter[int]]:
    """(milliseconds of each request, how often each status came)."""
    took: list[float] = []
    codes: Counter[int] = Counter()
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=httpx.Limits(max_connections=100)) as client:

        async def one(at: float, ask: tuple[str, str, str, Any]) -> None:
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            method, path, key, body = ask
            answer = await client.request(method, path, json=body, headers={"Authorization": f"Bearer {key}"})
            took.append((time.monotonic() - at) * 1000)
            codes[answer.status_code] += 1

        began = time.monotonic() + 0.5
        moments = (began + n / rate for n in range(rate * seconds))
        await asyncio.gather(*(one(at, ask) for at, ask in zip(moments, itertools.cycle(asks), strict=False)))
    return took, codes


if __name__ == "__main__":
    main()
