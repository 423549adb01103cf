"""Fifty segments in one request against fifty requests of one: `python -m tests.bench.segments`, over HTTP.

Both run on the same `fastclip serve` with its worker; a run is over when every clip is in the library. CPU-seconds are
those of the server, its worker and all that these started.
"""

import time
from collections.abc import Callable

import psutil

from tests.bench.cut import FFMPEG, FOLDER, G60, Spent, made, run
from tests.bench.report import serving, show
from tests.journeys.conftest import Person, Running

COUNT, LENGTH_S = 50, 2.0
LOOK_EVERY_S = 0.12  # seldom enough for what a person may read in a minute


def main() -> None:
    with serving() as server:
        for said, offset_s in {"on keyframes": 0.0, "between keyframes": 0.77}.items():
            spans = [(LENGTH_S * n + offset_s, LENGTH_S * (n + 1) + offset_s) for n in range(COUNT)]
            person, file_id = sent(server)  # somebody new, for a person may begin so many jobs a minute
            alone = timed(server, lambda: [one(person, file_id, *span) for span in spans])  # noqa: B023
            together = timed(server, lambda: all_at_once(person, file_id, spans))  # noqa: B023
            for column, unit in enumerate(("wall s", "CPU s")):
                rows = [
                    (f"{COUNT} requests, one after another (reference)", alone[column], None),
                    (f"{COUNT} segments in one request", together[column], alone[column]),
                ]
                show(f"{COUNT} x {LENGTH_S:g} s {said}", rows, unit)


def sent(server: Running) -> tuple[Person, str]:
    """Somebody with two minutes of 1080p, their preview made."""
    film, person = FOLDER / "two_minutes.mp4", server.person()
    FOLDER.mkdir(exist_ok=True)
    if not film.exists():
        run([FFMPEG, "-v", "error", "-y", "-i", str(made(FOLDER, G60)), "-t", "120", "-c", "copy", str(film)])
    file_id = person.send(film)["file_id"]
    while person.get(f"/v1/upload/{file_id}/preview")["status"] != "ready":
        time.sleep(LOOK_EVERY_S)
    return person, file_id


def one(person: Person, file_id: str, start: float, end: float) -> None:
    asked = {"file_id": file_id, "start": start, "end": end}
    wait(person, person.post("/v1/clip", **asked).raise_for_status().json()["job_id"])


def wait(person: Person, job_id: str) -> None:
    while (job := person.get(f"/v1/clip/{job_id}"))["status"] not in ("complete", "failed"):
        time.sleep(LOOK_EVERY_S)
    assert job["status"] == "complete", job


def all_at_once(person: Person, file_id: str, spans: list[tuple[float, float]]) -> None:
    segments = [{"start": start, "end": end} for start, end in spans]
    said = person.post("/v1/clip", file_id=file_id, segments=segments).raise_for_status().json()
    assert len(said["job_ids"]) == COUNT
    for job_id in said["job_ids"]:
        wait(person, job_id)


def timed(server: Running, work: Callable[[], object]) -> Spent:
    before, began = cpu_s(server), time.monotonic()
    work()
    return time.monotonic() - began, cpu_s(server) - before


def cpu_s(server: Running) -> float:
    root = psutil.Process(server.process.pid)
    times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
    return sum(one.user + one.system + one.children_user + one.children_system for one in times)


if __name__ == "__main__":
    main()
