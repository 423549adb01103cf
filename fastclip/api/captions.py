"""Captions on a whole video: ask, and see how far it is. Source: API reference, "Caption Endpoints"."""

from typing import Annotated, Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from fastclip.api.auth import Caller
from fastclip.api.strict import Ask
from fastclip.billing import ledger
from fastclip.clips import caption, status

Ref = Annotated[str, Meta(min_length=1, max_length=100)]


class CaptionAsk(Ask):
    example = {"file_id": "upl_a1b2c3d4e5f6", "preset_ref": "builtin:short-form-karaoke"}
    preset_ref: Ref
    file_id: str | None = None
    clip_id: str | None = None
    quality: str | None = None


@post("/v1/captions", status_code=200, sync_to_thread=True, opt={"rate": "jobs"})
def create_captions(caller: NamedDependency[Caller], data: JSONBody[CaptionAsk]) -> dict[str, Any]:
    """Burn captions into an upload or one of your clips; a new MP4 comes of it."""
    job = caption.request(
        caller.account,
        file_id=data.file_id,
        clip_id=data.clip_id,
        preset_ref=data.preset_ref,
        quality=data.quality,
        api_key_id=caller.api_key_id,
    )
    return {"job_id": job.id, "status": "pending", "reserved": ledger.usd(job.reserved_cents)}


@get("/v1/captions/{job_id:str}", sync_to_thread=True)
def get_captions(caller: NamedDependency[Caller], job_id: FromPath[str]) -> dict[str, Any]:
    """Where a captions job stands, and its clip once it is complete."""
    return status.get_captions(caller.account_id, job_id)


routes = [create_captions, get_captions]
