"""The clip library: list, rename, pin, delete. Source: API reference, "Clip Library and Share"."""

from typing import Annotated, Any, Literal

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from fastclip import library, presets, retention, rules
from fastclip.api.auth import Caller
from fastclip.api.strict import Ask
from fastclip.api.uploads import page_size
from fastclip.errors import InvalidRequest

ClipId = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class RenameAsk(Ask):
    example = {"title": "The launch, in one minute"}
    title: str


class BulkDeleteAsk(Ask):
    example = {"clip_ids": ["d9d54c23-7af8-41f8-8f6e-9ce0092f8f2f"]}
    clip_ids: Annotated[list[ClipId], Meta(min_length=1, max_length=rules.MAX_BULK_DELETE)]


@get("/v1/clips", sync_to_thread=True)
def list_clips(
    caller: NamedDependency[Caller],
    limit: FromQuery[int] = rules.PAGE_DEFAULT,
    cursor: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
    pinned: FromQuery[bool | None] = None,
    media: FromQuery[Literal["video", "audio", "gif"] | None] = None,
    captioned: FromQuery[bool | None] = None,
    sort: FromQuery[Literal["created_desc", "created_asc", "name"]] = "created_desc",
) -> dict[str, Any]:
    """One page of the clips that have not expired."""
    if q and len(q) > 200:
        raise InvalidRequest("q is too long; 200 characters at most.", param="q")
    clips, next_cursor, total = library.listed(
        caller.account_id,
        limit=page_size(limit),
        cursor=cursor,
        q=q,
        pinned=pinned,
        media=media,
        captioned=captioned,
        sort=sort,
    )
    return {"data": [library.describe(clip) for clip in clips], "next_cursor": next_cursor, "total": total}


@get("/v1/clips/{clip_id:str}", sync_to_thread=True)
def show_clip(caller: NamedDependency[Caller], clip_id: FromPath[str]) -> dict[str, Any]:
    """One clip of the library."""
    return library.describe(library.get(caller.account_id, clip_id))


@patch("/v1/clips/{clip_id:str}", sync_to_thread=True)
def rename_clip(caller: NamedDependency[Caller], clip_id: FromPath[str], data: JSONBody[RenameAsk]) -> dict[str, Any]:
    """Give a clip another title."""
    return library.describe(library.rename(caller.account_id, clip_id, data.title))


@post("/v1/clips/{clip_id:str}/pin", status_code=200, sync_to_thread=True)
def pin_clip(caller: NamedDependency[Caller], clip_id: FromPath[str]) -> dict[str, Any]:
    """Keep a clip from expiring."""
    beside = presets.font_bytes(caller.account_id)
    return library.describe(retention.pin(caller.account_id, clip_id, beside_bytes=beside))


@post("/v1/clips/{clip_id:str}/unpin", status_code=200, sync_to_thread=True)
def unpin_clip(caller: NamedDependency[Caller], clip_id: FromPath[str]) -> dict[str, Any]:
    """Let a clip expire 24 hours from now."""
    return library.describe(retention.unpin(caller.account_id, clip_id))


@post("/v1/clips/bulk-delete", status_code=200, sync_to_thread=True)
def delete_clips(caller: NamedDependency[Caller], data: JSONBody[BulkDeleteAsk]) -> dict[str, Any]:
    """Delete up to 50 clips."""
    if len(set(data.clip_ids)) < len(data.clip_ids):
        raise InvalidRequest("clip_ids names a clip twice.", param="clip_ids")
    deleted, missing = retention.delete_many(caller.account_id, data.clip_ids)
    return {"deleted": deleted, "not_found": missing}


@delete("/v1/clips/{clip_id:str}", status_code=200, sync_to_thread=True)
def delete_clip(caller: NamedDependency[Caller], clip_id: FromPath[str]) -> dict[str, Any]:
    """Delete a clip and its bytes."""
    retention.delete(caller.account_id, clip_id)
    return {"ok": True}


routes = [list_clips, show_clip, rename_clip, pin_clip, unpin_clip, delete_clips, delete_clip]
