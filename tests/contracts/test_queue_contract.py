"""What every backend of `store.queue` promises: each id that is pushed is performed, once, in its lane."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fastclip.errors import Unavailable
from fastclip.store.queue import Queue
from tests.contracts.conftest import free_port

Open = Callable[[], Queue]


class Performer:
    """Remembers what it was asked to perform. Ids in `broken` raise; `gate` holds everybody up."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.broken: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()
        self._changed = threading.Condition()

    def __call__(self, job_id: str) -> None:
        self.gate.wait(20)
        with self._changed:
            self.done.append(job_id)
            self._changed.notify_all()
        if job_id in self.broken:
            raise RuntimeError(f"{job_id} breaks, as this test wants")

    def until(self, count: int) -> list[str]:
        """What was performed once `count` were, or after 20 s."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.done) >= count, timeout=20)
            return list(self.done)


@pytest.fixture
def performer() -> Performer:
    return Performer()


class WhatEveryQueuePromises:
    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def queue(self, url: str) -> Iterator[Queue]:
        opened = Queue(url)
        yield opened
        opened.close()

    def test_what_is_pushed_while_served_is_performed_once(self, queue: Queue, performer: Performer) -> None:
        serving = queue.serve(performer, {"light": 2})
        ids = [f"job_{n}" for n in range(20)]
        for job_id in ids:
            queue.push(job_id, lane="light")
        performer.until(20)
        serving.stop(wait_s=5)
        assert sorted(performer.done) == sorted(ids)

    def test_an_accident_stops_nobody(self, queue: Queue, performer: Performer) -> None:
        serving = queue.serve(performer, {"light": 1})
        performer.broken = {"job_1"}
        for job_id in ("job_1", "job_2"):
            queue.push(job_id, lane="light")
        assert performer.until(2) == ["job_1", "job_2"]
        serving.stop(wait_s=5)


class WhatEveryServedQueuePromises(WhatEveryQueuePromises):
    """Those whose consumers are threads of some process."""

    def test_what_was_pushed_before_anybody_served_is_performed_in_order(
        self, queue: Queue, performer: Performer
    ) -> None:
        for n in range(5):
            queue.push(f"job_{n}", lane="ffmpeg")
        serving = queue.serve(performer, {"ffmpeg": 1})
        assert performer.until(5) == [f"job_{n}" for n in range(5)]
        serving.stop(wait_s=5)

    def test_a_higher_priority_goes_first(self, queue: Queue, performer: Performer) -> None:
        for priority in (0, 5, 10, 0, 5, 10):
            queue.push(f"job_{priority}", lane="ffmpeg", priority=priority)
        serving = queue.serve(performer, {"ffmpeg": 1})
        assert performer.until(6) == ["job_10", "job_10", "job_5", "job_5", "job_0", "job_0"]
        serving.stop(wait_s=5)

    def test_what_is_delayed_lets_others_go_first(self, queue: Queue, performer: Performer) -> None:
        queue.push("job_later", lane="light", delay_s=1)
        queue.push("job_now", lane="light")
        serving = queue.serve(performer, {"light": 1})
        assert performer.until(2) == ["job_now", "job_later"]
        serving.stop(wait_s=5)

    def test_a_lane_that_is_busy_holds_up_no_other(self, queue: Queue, performer: Performer) -> None:
        quick = Performer()

        def perform(job_id: str) -> None:
            (performer if job_id == "job_long" else quick)(job_id)

        performer.gate.clear()
        serving = queue.serve(perform, {"ffmpeg": 1, "light": 1})
        queue.push("job_long", lane="ffmpeg")
        queue.push("job_short", lane="light")
        assert quick.until(1) == ["job_short"] and performer.done == []
        performer.gate.set()
        assert performer.until(1) == ["job_long"]
        serving.stop(wait_s=5)

    def test_a_lane_with_two_threads_does_two_at_a_time(self, queue: Queue) -> None:
        together = threading.Barrier(2)
        met = Performer()

        def perform(job_id: str) -> None:
            together.wait(20)
            met(job_id)

        serving = queue.serve(perform, {"ffmpeg": 2})
        for job_id in ("job_1", "job_2"):
            queue.push(job_id, lane="ffmpeg")
        assert len(met.until(2)) == 2
        serving.stop(wait_s=5)

    def test_a_lane_that_is_not_served_waits(self, queue: Queue, performer: Performer) -> None:
        queue.push("job_heavy", lane="heavy")
        queue.push("job_light", lane="light")
        serving = queue.serve(performer, {"light": 1, "heavy": 0})
        assert performer.until(1) == ["job_light"]
        serving.stop(wait_s=5)
        second = queue.serve(performer, {"heavy": 1})
        assert performer.until(2)[1:] == ["job_heavy"]
        second.stop(wait_s=5)

    def test_what_a_stopping_server_did_not_take_is_left_for_the_next(
        self, queue: Queue, url: str, performer: Performer
    ) -> None:
        performer.gate.clear()
        serving = queue.serve(performer, {"light": 1})
        for n in range(3):
            queue.push(f"job_{n}", lane="light")
        time.sleep(0.3)  # the one thread has taken job_0 and waits at the gate
        serving.stop(wait_s=0)
        performer.gate.set()
        assert performer.until(1) == ["job_0"]
        serving.stop(wait_s=5)
        following, rest = Queue(url), Performer()
        second = following.serve(rest, {"light": 1})
        assert rest.until(2) == ["job_1", "job_2"]
        second.stop(wait_s=5)
        following.close()

    def test_a_server_that_is_killed_takes_nothing_along_but_what_it_was_doing(
        self, queue: Queue, url: str, performer: Performer
    ) -> None:
        program = (
            "import sys, time; from fastclip.store.queue import Queue\n"
            "Queue(sys.argv[1]).serve(lambda job_id: (print(job_id, flush=True), time.sleep(60)), {'light': 1})\n"
            "time.sleep(60)"
        )
        for n in range(4):
            queue.push(f"job_{n}", lane="light")
        doomed = subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.PIPE, text=True)
        assert doomed.stdout and doomed.stdout.readline() == "job_0\n"
        doomed.kill()
        doomed.wait()
        serving = queue.serve(performer, {"light": 1})
        assert performer.until(3) == ["job_1", "job_2", "job_3"]
        serving.stop(wait_s=5)

    def test_ids_pushed_by_eight_threads_at_once_all_arrive(self, queue: Queue, performer: Performer) -> None:
        def push(thread: int) -> None:
            for n in range(10):
                queue.push(f"job_{thread}_{n}", lane="light")

        threads = [threading.Thread(target=push, args=(n,)) for n in range(8)]
        serving = queue.serve(performer, {"light": 2})
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(performer.until(80))) == 80
        serving.stop(wait_s=5)


class TestMemory(WhatEveryQueuePromises):
    @pytest.fixture
    def url(self) -> str:
        return "memory://"


class TestSqlite(WhatEveryServedQueuePromises):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite://{tmp_path}/queue.db"

    def test_nobody_else_may_write_what_will_be_unpickled(self, queue: Queue, tmp_path: Path) -> None:
        queue.push("job_1", lane="light")
        assert {path.name: path.stat().st_mode & 0o077 for path in tmp_path.glob("queue.db*")} == {
            path.name: 0 for path in tmp_path.glob("queue.db*")
        }

    def test_a_queue_that_cannot_be_written_is_said(self, queue: Queue, tmp_path: Path) -> None:
        for path in tmp_path.glob("queue.db*"):
            path.unlink()
        os.mkdir(tmp_path / "queue.db")
        queue.close()
        with pytest.raises(Unavailable) as refusal:
            queue.push("job_1", lane="light")
        assert refusal.value.code == "queue_unavailable"


class TestRedis(WhatEveryServedQueuePromises):
    @pytest.fixture
    def url(self, redis: str) -> str:
        return redis

    def test_a_server_that_cannot_be_reached_is_said(self) -> None:
        queue = Queue(f"redis://127.0.0.1:{free_port()}/0")
        with pytest.raises(Unavailable) as refusal:
            queue.push("job_1", lane="light")
        assert refusal.value.message == "The job queue is temporarily unavailable; try again in a moment."
