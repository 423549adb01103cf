"""Work on media: ask for clips, watch jobs, stop them. Source: API reference, "Core Clip Endpoints"."""

from typing import Annotated, Any, Literal

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from fastclip import rules
from fastclip.api.auth import Caller
from fastclip.api.strict import Ask
from fastclip.api.uploads import page_size
from fastclip.clips import cancel, merge, status, trim
from fastclip.errors import InvalidRequest
from fastclip.jobs import Job

Seconds = Annotated[float, Meta(ge=0)]


class Span(Ask):
    start: Seconds
    end: Seconds


class CaptionsAsk(Ask):
    preset_ref: Annotated[str, Meta(min_length=1, max_length=100)]


class TrimAsk(Ask):
    example = {"file_id": "upl_a1b2c3d4e5f6", "start": 15, "end": 55, "format": "mp4", "quality": "1080p"}
    file_id: str
    start: Seconds | None = None
    end: Seconds | None = None
    segments: Annotated[list[Span], Meta(max_length=rules.MAX_SEGMENTS)] | None = None
    format: str | None = None
    quality: str | None = None
    source_title: Annotated[str, Meta(max_length=rules.MAX_SOURCE_TITLE_CHARS)] | None = None
    captions: CaptionsAsk | None = None
    merge: bool = False

    def spans(self) -> list[tuple[float, float]]:
        """Exactly one of (start and end) or segments (A6). Raises InvalidRequest."""
        if self.segments is not None and self.start is None and self.end is None:
            return [(span.start, span.end) for span in self.segments]
        if self.segments is None and self.start is not None and self.end is not None:
            return [(self.start, self.end)]
        raise InvalidRequest("Send either start and end, or segments; not both and not half of one.")


@post("/v1/clip", status_code=200, sync_to_thread=True, opt={"rate": "jobs", "once": True})
def create_clips(caller: NamedDependency[Caller], data: JSONBody[TrimAsk]) -> dict[str, Any]:
    """Cut one range, or up to 50 segments, out of a ready upload; with `merge` the segments become one clip."""
    spans = data.spans()
    if data.merge:
        return _merged(caller, data, spans)
    queued = trim.request(
        caller.account,
        data.file_id,
        spans,
        via=caller.via,
        format=data.format,
        quality=data.quality,
        source_title=data.source_title,
        preset_ref=data.captions.preset_ref if data.captions else None,
        api_key_id=caller.api_key_id,
    )
    if data.segments is None:
        return {"job_id": queued[0].id, "status": "pending"}
    return listed(queued, is_partial=len(queued) < len(spans))


def listed(queued: list[Job], *, is_partial: bool) -> dict[str, Any]:
    """The answer to segments. is_partial: the queue did not take all of them (A7)."""
    said: dict[str, Any] = {"job_ids": [job.id for job in queued], "status": "pending"}
    return said | ({"status": "partial", "error": "Clip queue is temporarily unavailable"} if is_partial else {})


def _merged(caller: Caller, data: TrimAsk, spans: list[tuple[float, float]]) -> dict[str, Any]:
    if data.segments is None:
        raise InvalidRequest("merge joins segments; send segments instead of start and end.", param="merge")
    if data.captions is not None:
        raise InvalidRequest("A merged clip takes no captions; merge first, then caption the clip.", param="captions")
    job = merge.request(
        caller.account,
        data.file_id,
        spans,
        via=caller.via,
        format=data.format,
        quality=data.quality,
        source_title=data.source_title,
        api_key_id=caller.api_key_id,
    )
    return {"job_id": job.id, "status": "pending"}


@get("/v1/clip/{job_id:str}", sync_to_thread=True)
def get_clip(caller: NamedDependency[Caller], job_id: FromPath[str]) -> dict[str, Any]:
    """Where a job stands, and its clip once it is complete."""
    return status.get(caller.account_id, job_id)


@post("/v1/clip/{job_id:str}/cancel", status_code=200, sync_to_thread=True, opt={"rate": "write"})
def cancel_clip(caller: NamedDependency[Caller], job_id: FromPath[str]) -> dict[str, Any]:
    """Stop a job; what it reserved goes back."""
    return status.describe(cancel.cancel(caller.account_id, job_id))


@get("/v1/jobs", sync_to_thread=True)
def list_jobs(
    caller: NamedDependency[Caller],
    which: Annotated[Literal["active", "all"], QueryParameter(name="state")] = "active",
    limit: FromQuery[int] = rules.PAGE_DEFAULT,
) -> dict[str, Any]:
    """The account's clip jobs, newest first: those that run or wait, or all."""
    return {"data": status.listed(caller.account_id, only_live=which == "active", limit=page_size(limit))}


routes = [create_clips, get_clip, cancel_clip, list_jobs]
