"""Work waiting: a bell that carries job ids and nothing else.

The job table is the truth. Huey may lose what runs when a consumer dies, and may ring twice: claims in `jobs` are
idempotent, and the sweep rings again for what nobody took. So a message is one job id, and results are off.
Measured (backend-spec 6.4): these poll delays start a job 35-60 ms after it was pushed, at 0.5 % of an idle core.
"""

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from huey import Huey, MemoryHuey, PriorityRedisHuey, SqliteHuey
from huey.consumer import Consumer

from fastclip.errors import InvalidRequest, Unavailable

LANES = ("ffmpeg", "light", "heavy", "outgoing")
Perform = Callable[[str], None]


class Queue:
    """Huey behind two verbs: `push` an id here, `serve` ids to a function there. One Huey per lane.

    url: `sqlite:///path`, `redis://host`, or `memory://` (tests: a pushed job runs at once, in the caller).
    """

    def __init__(self, url: str) -> None:
        self._perform: Perform | None = None
        self._hueys = {lane: _huey(url, lane) for lane in LANES}
        self._tasks = {lane: huey.task(name="perform")(self._ring) for lane, huey in self._hueys.items()}

    def push(self, job_id: str, *, lane: str, delay_s: float = 0, priority: int = 0) -> None:
        """Ring for `job_id`. Raises Unavailable (queue_unavailable) when the queue cannot be reached."""
        task = self._tasks[lane].s(job_id, priority=priority, delay=delay_s or None)
        try:
            self._hueys[lane].enqueue(task)
        except Exception as error:  # sqlite3, redis: every backend has its own
            raise Unavailable("The job queue is temporarily unavailable; try again in a moment.") from error

    def serve(self, perform: Perform, lanes: Mapping[str, int]) -> "Serving":
        """Call `perform(job_id)` for each pushed id, in `lanes[lane]` threads a lane, until stopped."""
        self._perform = perform
        consumers = [] if self._is_inline else [_consumer(self._hueys[lane], n) for lane, n in lanes.items() if n]
        for consumer in consumers:
            consumer.start()
        return Serving(consumers)

    def close(self) -> None:
        for huey in self._hueys.values():
            with contextlib.suppress(AttributeError):
                huey.storage.close()

    @property
    def _is_inline(self) -> bool:
        return self._hueys["light"].immediate

    def _ring(self, job_id: str) -> None:
        if self._perform is not None:
            self._perform(job_id)


class Serving:
    """Running consumers."""

    def __init__(self, consumers: list[Consumer]) -> None:
        self._consumers = consumers

    def stop(self, *, wait_s: float) -> None:
        """Take nothing more and wait for what runs; the worker tells that to end."""
        for consumer in self._consumers:
            consumer.stop_flag.set()
        until = time.monotonic() + wait_s
        for consumer in self._consumers:
            for _, thread in consumer.worker_threads:
                thread.join(max(0.0, until - time.monotonic()))


def _huey(url: str, lane: str) -> Huey:
    parts = urlparse(url)
    name = f"fastclip-{lane}"
    if parts.scheme == "memory":
        return MemoryHuey(name, immediate=True, results=False)
    if parts.scheme in ("redis", "rediss"):
        return PriorityRedisHuey(name, url=url, results=False)
    if parts.scheme == "sqlite":
        path = url2pathname(parts.path)
        Path(path).touch(mode=0o600)  # messages are pickles: nobody else may write them
        os.chmod(path, 0o600)
        return SqliteHuey(name, filename=path, results=False, timeout=15)
    raise InvalidRequest(f"Setting `queue` begins {parts.scheme}://; use sqlite:// or redis://.")


class _QuietConsumer(Consumer):
    """Leaves signals to the process around it, and keeps its threads for life: ffmpeg dies with its thread."""

    def _set_signal_handlers(self) -> None: ...


def _consumer(huey: Huey, workers: int) -> Consumer:
    return _QuietConsumer(
        huey,
        workers=workers,
        worker_type="thread",
        periodic=False,
        initial_delay=0.02,
        backoff=1.0,
        max_delay=0.05,
        check_worker_health=False,
    )
