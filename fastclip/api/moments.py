"""Moments: analyze, auto-clip, tighten, and what is kept to learn from. API reference, "Core Clip Endpoints"."""

import threading
from typing import Annotated, Any, Literal

from litestar import Request, Response, delete, get, post
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from fastclip import moments, rules
from fastclip.api import waiting
from fastclip.api.auth import Caller
from fastclip.api.clips import CaptionsAsk
from fastclip.api.strict import Ask
from fastclip.billing import ledger
from fastclip.clips import analyze, auto, tighten
from fastclip.jobs import Job


class AnalyzeAsk(Ask):
    example = {"file_id": "upl_a1b2c3d4e5f6", "query": "highlight moments where churn risk is discussed"}
    file_id: str
    query: Annotated[str, Meta(max_length=rules.MAX_QUERY_CHARS)] | None = None
    read_everything: bool = False


class AutoAsk(Ask):
    example = {
        "file_id": "upl_a1b2c3d4e5f6",
        "query": "find the strongest product launch soundbites",
        "format": "mp4",
        "quality": "1080p",
        "captions": {"preset_ref": "builtin:short-form-karaoke"},
    }
    file_id: str
    query: Annotated[str, Meta(min_length=1, max_length=rules.MAX_QUERY_CHARS)]
    format: str | None = None
    quality: str | None = None
    captions: CaptionsAsk | None = None
    read_everything: bool = False


class TightenAsk(Ask):
    example = {"file_id": "upl_a1b2c3d4e5f6", "silence": 0.8}
    file_id: str
    kinds: Annotated[list[Literal["silence", "filler", "repeat"]], Meta(min_length=1, max_length=3)] | None = None
    silence: Annotated[float, Meta(ge=tighten.SILENCE_S[0], le=tighten.SILENCE_S[1])] | None = None
    accept: Annotated[list[str], Meta(max_length=10_000)] | None = None


class OpinionAsk(Ask):
    example = {"what": "dismissed"}
    what: Literal["liked", "dismissed"]


def analyzing(stopping: threading.Event) -> HTTPRouteHandler:
    """`POST /v1/clip/analyze`. stopping: set when the server is about to end; the job goes on, the answer does not."""

    @post("/v1/clip/analyze", status_code=200, opt={"rate": "ai", "once": True})
    async def analyze_clip(
        request: Request[Any, Any, Any], caller: NamedDependency[Caller], data: JSONBody[AnalyzeAsk]
    ) -> Response[dict[str, Any]]:
        """The moments of a ready upload that fit a query, or its highlights; with `Prefer: respond-async` its job."""
        job = await sync_to_thread(_asked, caller, data)
        if job is None:
            return Response(await sync_to_thread(_result, caller, data, True))
        if waiting.is_unwanted(request):
            return waiting.accepted(job)
        await waiting.ended(job, stopping)
        return Response(await sync_to_thread(_result, caller, data, False))

    return analyze_clip


def _asked(caller: Caller, data: AnalyzeAsk) -> Job | None:
    return analyze.request(
        caller.account, data.file_id, data.query, reads_all=data.read_everything, api_key_id=caller.api_key_id
    )


def _result(caller: Caller, data: AnalyzeAsk, is_cached: bool) -> dict[str, Any]:
    return analyze.result(
        caller.account_id, data.file_id, data.query, reads_all=data.read_everything, is_cached=is_cached
    )


@post("/v1/clip/auto", status_code=200, sync_to_thread=True, opt={"rate": "jobs", "once": True})
def create_auto_clips(caller: NamedDependency[Caller], data: JSONBody[AutoAsk]) -> dict[str, Any]:
    """Find the moments of a ready upload that fit a query, and make a clip of each."""
    job = auto.request(
        caller.account,
        data.file_id,
        data.query,
        via=caller.via,
        format=data.format,
        quality=data.quality,
        preset_ref=data.captions.preset_ref if data.captions else None,
        reads_all=data.read_everything,
        api_key_id=caller.api_key_id,
    )
    return {"job_id": job.id, "status": "pending", "reserved": ledger.usd(job.reserved_cents)}


@post("/v1/clip/tighten", status_code=200, sync_to_thread=True, opt={"rate": "ai"})
def tighten_clip(caller: NamedDependency[Caller], data: JSONBody[TightenAsk]) -> dict[str, Any]:
    """Silences, fillers and repeats that could go from a ready upload, and the segments that are left. It is free."""
    return tighten.propose(caller.account, data.file_id, kinds=data.kinds, silence_s=data.silence, accept=data.accept)


@get("/v1/moments", sync_to_thread=True)
def get_moments(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """What is kept of moments offered to the account, and of what was done with them."""
    return moments.describe(caller.account_id)


@delete("/v1/moments", status_code=200, sync_to_thread=True, opt={"rate": "write"})
def delete_moments(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """Forget all of that."""
    return {"ok": True, "deleted": moments.forget(caller.account_id)}


@post("/v1/moments/{moment_id:str}", status_code=200, sync_to_thread=True, opt={"rate": "write"})
def note_moment(
    caller: NamedDependency[Caller], moment_id: FromPath[str], data: JSONBody[OpinionAsk]
) -> dict[str, Any]:
    """Say that a moment was right, or that it was not."""
    moments.note(caller.account_id, moment_id, data.what)
    return {"ok": True}


def routes_for(stopping: threading.Event) -> list[Any]:
    """stopping: set when the server is about to end."""
    return [analyzing(stopping), create_auto_clips, tighten_clip, get_moments, delete_moments, note_moment]
