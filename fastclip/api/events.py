"""`GET /v1/events`: what changes on an account, as server-sent events, while somebody listens.

The rows are asked every 0.3 s from a thread: the worker is another process, and a look at an indexed column costs
less than a bus between the two would.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC
from typing import Any, NamedTuple

from litestar import Request, get
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage
from litestar.serialization import encode_json

from fastclip import accounts, jobs, library, transcripts, uploads
from fastclip.api.auth import Caller, identify
from fastclip.billing import ledger
from fastclip.clips import status
from fastclip.errors import Unauthorized
from fastclip.jobs import Job
from fastclip.library import Clip

LOOK_S, COMMENT_S, STILL_ALLOWED_S = 0.3, 15.0, 5.0
_OVERLAP_S = 3.0
_SOURCE_STATES = {"complete": "ready", "failed": "failed"}


class Event(NamedTuple):
    """One change: its kind, the object as the API shows it, and the row and moment it is about."""

    kind: str
    data: Any
    row_id: str
    changed: float


def route(stopping: threading.Event) -> HTTPRouteHandler:
    """The handler. stopping: set when the server is about to end; every stream ends then."""

    @get("/v1/events", media_type="text/event-stream")
    async def events(request: Request[Any, Any, Any], caller: NamedDependency[Caller]) -> ServerSentEvent:
        """Changes of this account's jobs, uploads, previews, clips, transcripts and balance, as they happen."""
        return ServerSentEvent(_stream(caller.account_id, lambda: _is_still_allowed(request), stopping))

    return events


class Watch:
    """What changed on one account since the last look.

    A row is stamped before it is committed, so a slow commit shows late: each look reaches back over the last few
    seconds, and leaves out what was told already.
    """

    def __init__(self, account_id: str) -> None:
        self._account_id, self._since = account_id, time.time()
        self._told: dict[tuple[str, str], float] = {}

    def begin(self) -> list[Event]:
        """The jobs that run or wait now."""
        live = jobs.of_account(self._account_id, status.PANEL_KINDS, only_live=True, limit=200)
        return [_of_job(job) for job in live]

    def look(self) -> list[Event]:
        floor, now = self._since - _OVERLAP_S, time.time()
        found = [event for event in _changes(self._account_id, floor) if self._is_news(event)]
        self._told = {key: changed for key, changed in self._told.items() if changed > floor}
        self._since = now
        return found

    def _is_news(self, event: Event) -> bool:
        key = (event.kind, event.row_id)
        is_news = self._told.get(key, 0.0) < event.changed
        self._told[key] = max(event.changed, self._told.get(key, 0.0))
        return is_news


def _changes(account_id: str, since: float) -> Iterator[Event]:
    for upload in uploads.changed_since(account_id, since):
        yield Event("upload", uploads.describe(upload), upload.id, upload.changed)
    for clip in library.changed_since(account_id, since):
        yield Event("clip", {"clip_id": clip.id, "change": _change(clip)}, clip.id, clip.changed)
    for job in jobs.changed_since(account_id, since):
        if job.kind in status.PANEL_KINDS or job.kind in ("prepare", "proxy"):
            yield _of_job(job)
    for row in transcripts.changed_since(account_id, since):
        yield Event("transcript", transcripts.news(row), row.id, row.changed)
    account = accounts.by_id(account_id)
    if account.changed > since:
        yield Event("balance", ledger.describe_balance(account), account_id, account.changed)


def _of_job(job: Job) -> Event:
    if job.kind in status.PANEL_KINDS:
        return Event("job", status.describe_fully(job), job.id, job.changed)
    shown = {"file_id": job.file_id, "status": _SOURCE_STATES.get(job.status, "preparing"), "progress": job.progress}
    return Event("preview", shown, job.id, job.changed)


def _change(clip: Clip) -> str:
    if clip.status != "available":
        return "removed"
    return "added" if clip.changed - clip.created_at.replace(tzinfo=UTC).timestamp() < 1 else "changed"


async def _stream(
    account_id: str, is_still_allowed: Callable[[], bool], stopping: threading.Event
) -> AsyncIterator[ServerSentEventMessage]:
    watch = Watch(account_id)
    yield ServerSentEventMessage(comment="listening", retry=1000, data=None)
    for event in await sync_to_thread(watch.begin):
        yield _message(event)
    spoke = allowed = time.monotonic()
    while not stopping.is_set():
        found = await sync_to_thread(watch.look)
        for event in found:
            yield _message(event)
        moment = time.monotonic()
        if found:
            spoke = moment
        elif moment - spoke > COMMENT_S:
            spoke = moment
            yield ServerSentEventMessage(comment="still here", data=None)
        if moment - allowed > STILL_ALLOWED_S:
            allowed = moment
            if not await sync_to_thread(is_still_allowed):
                return
        await asyncio.sleep(LOOK_S)


def _message(event: Event) -> ServerSentEventMessage:
    return ServerSentEventMessage(event=event.kind, data=encode_json(event.data))


def _is_still_allowed(request: Request[Any, Any, Any]) -> bool:
    """False once the session has ended or the key was revoked."""
    try:
        identify(request)
    except Unauthorized:
        return False
    return True
