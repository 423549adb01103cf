"""How soon work begins: from the request to the first frame, and from the command to the first answer.

`python -m tests.bench.start --times 30`: a trim's start beside the bare queue's in this process; the first 200 of a
fresh and of a used data folder beside an empty Python.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

from fastclip.jobs import Job
from fastclip.store.queue import Queue
from tests.bench.report import percentile, serving, show
from tests.conftest import BUNNY
from tests.journeys.conftest import Running, until


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30)
    given = parser.parse_args()
    bare, started = bare_queue_ms(given.times), job_start_ms(given.times)
    rows = [
        ("queue alone, p50 (reference)", percentile(bare, 50), None),
        ("queue alone, p95", percentile(bare, 95), percentile(bare, 50)),
        ("POST /v1/clip to the worker's claim, p50", percentile(started, 50), percentile(bare, 50)),
        ("POST /v1/clip to the worker's claim, p95", percentile(started, 95), percentile(bare, 95)),
    ]
    show(f"enqueue to start, {given.times} times, idle", rows, "ms")
    empty = python_ms()
    fresh, used = first_200_ms(given.times // 10 or 1)
    rows = [
        ("python -c pass (reference)", empty, None),
        ("first 200 of a fresh data folder, median", percentile(fresh, 50), empty),
        ("first 200 of a used data folder, median", percentile(used, 50), empty),
    ]
    show("time to the first 200", rows, "ms")


def bare_queue_ms(times: int) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="fastclip-bench-") as folder:
        queue, taken, arrived = Queue(f"sqlite://{folder}/queue.db"), threading.Event(), [0.0]

        def perform(_: str) -> None:
            arrived[0] = time.monotonic()
            taken.set()

        serving_ = queue.serve(perform, {"ffmpeg": 2})
        took = []
        for _ in range(times):
            time.sleep(random.uniform(0.2, 0.6))
            taken.clear()
            pushed = time.monotonic()
            queue.push("job_1", lane="ffmpeg")
            taken.wait(20)
            took.append((arrived[0] - pushed) * 1000)
        serving_.stop(wait_s=5)
        return took


def job_start_ms(times: int) -> list[float]:
    """From the row's creation, which is when the request is priced, to its claim."""
    with serving() as server:
        person = server.person()
        file_id = person.send(BUNNY)["file_id"]
        until(lambda: person.get(f"/v1/upload/{file_id}/preview")["status"] == "ready")
        for n in range(times):
            assert person.cut(file_id, n % 20, n % 20 + 0.5)["status"] == "complete"
            time.sleep(random.uniform(0.2, 0.6))
        with server.rows():
            rows = Job.select().where(Job.kind == "trim")
            return [(job.started_at - job.created_at).total_seconds() * 1000 for job in rows]


def python_ms() -> float:
    took = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        took.append((time.monotonic() - began) * 1000)
    return percentile(took, 50)


def first_200_ms(times: int) -> tuple[list[float], list[float]]:
    """Of (fresh, used) folders."""
    fresh, used = [], []
    for _ in range(times):
        with tempfile.TemporaryDirectory(prefix="fastclip-bench-") as made:
            server = Running(Path(made) / "data", (), {"FASTCLIP_SECRETS": "file"})
            server.folder.mkdir()
            for took in (fresh, used):
                began = time.monotonic()
                server.start()
                until(lambda url=server.url: httpx.get(url + "/healthz").status_code == 200)
                took.append((time.monotonic() - began) * 1000)
                server.stop()
    return fresh, used


if __name__ == "__main__":
    main()
