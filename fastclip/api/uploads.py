"""Media in: links for bytes, parts, status, and what a player needs. Source: API reference, "Upload-First Flow"."""

from typing import Annotated, Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from fastclip import intake, multipart, rules, sources, uploads
from fastclip.api.auth import Caller
from fastclip.api.strict import Ask
from fastclip.errors import InvalidRequest
from fastclip.uploads import Upload

Filename = Annotated[str, Meta(min_length=1, max_length=rules.MAX_FILENAME_CHARS)]
ContentType = Annotated[str, Meta(min_length=3, max_length=100)]
FileSize = Annotated[int, Meta(ge=1, le=rules.MAX_UPLOAD_BYTES)]
PartNumber = Annotated[int, Meta(ge=1, le=rules.MAX_PARTS)]
_CLIP = {"start": 12, "end": 48, "source_title": "My Source"}
_FILE = {"filename": "source.mp4", "content_type": "video/mp4", "file_size": 734003200}
_PARTED = {"file_id": "upl_a1b2c3d4e5f6", "upload_id": "multipart_upload_id"}


class OneShot(Ask):
    start: Annotated[float, Meta(ge=0)]
    end: Annotated[float, Meta(gt=0)]
    source_title: Annotated[str, Meta(max_length=rules.MAX_SOURCE_TITLE_CHARS)] | None = None

    def plain(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end, "source_title": self.source_title}


class UploadAsk(Ask, kw_only=True):
    example = _FILE | {"clip": _CLIP}
    filename: Filename
    content_type: ContentType
    file_size: FileSize
    clip: OneShot | None = None


class InitiateAsk(UploadAsk, kw_only=True):
    example = _FILE | {"part_size": 33554432, "part_count": 22}
    part_size: Annotated[int, Meta(ge=1, le=rules.MAX_PART_BYTES)]
    part_count: PartNumber


class SentPart(Ask):
    part_number: PartNumber
    etag: Annotated[str, Meta(min_length=1, max_length=200)]


class CompleteAsk(Ask):
    example = _PARTED | {"parts": [{"part_number": 1, "etag": "etag-from-part-1"}]}
    file_id: str
    upload_id: str
    parts: Annotated[list[SentPart], Meta(min_length=1, max_length=rules.MAX_PARTS)]


class RefreshAsk(Ask):
    example = _PARTED | {"part_numbers": [8, 9, 10]}
    file_id: str
    upload_id: str
    part_numbers: Annotated[list[PartNumber], Meta(min_length=1, max_length=rules.MAX_PARTS)]


class AbortPartsAsk(Ask):
    example = _PARTED
    file_id: str
    upload_id: str


class AbortAsk(Ask):
    example = {"file_id": "upl_a1b2c3d4e5f6"}
    file_id: str


class NothingAsk(Ask):
    """An empty object."""


@post("/v1/upload/request", status_code=200, sync_to_thread=True, opt={"rate": "upload", "once": True})
def request_upload(caller: NamedDependency[Caller], data: JSONBody[UploadAsk]) -> dict[str, Any]:
    """A link that takes the whole file in one PUT."""
    clip = data.clip.plain() if data.clip else None
    upload, url = intake.request(
        caller.account, data.filename, data.content_type, data.file_size, clip=clip, api_key_id=caller.api_key_id
    )
    return requested(upload, url)


def requested(upload: Upload, url: str) -> dict[str, Any]:
    return {
        "file_id": upload.id,
        "upload_url": url,
        "expires_in": rules.UPLOAD_LINK_S,
        "clip_requested": bool(upload.clip),
    }


@get("/v1/upload/{file_id:str}", sync_to_thread=True)
def get_upload(caller: NamedDependency[Caller], file_id: FromPath[str]) -> dict[str, Any]:
    """Where an upload stands, and what was found in the file."""
    return uploads.describe(uploads.get(caller.account_id, file_id))


@post("/v1/upload/multipart/initiate", status_code=200, sync_to_thread=True, opt={"rate": "upload", "once": True})
def initiate(caller: NamedDependency[Caller], data: JSONBody[InitiateAsk]) -> dict[str, Any]:
    """A link for every part of a large file."""
    clip = data.clip.plain() if data.clip else None
    upload, parts = multipart.initiate(
        caller.account,
        data.filename,
        data.content_type,
        data.file_size,
        part_size=data.part_size,
        part_count=data.part_count,
        clip=clip,
        api_key_id=caller.api_key_id,
    )
    return initiated(upload, parts)


def initiated(upload: Upload, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "file_id": upload.id,
        "upload_id": upload.multipart_id,
        "parts": parts,
        "expires_in": rules.UPLOAD_LINK_S,
        "clip_requested": bool(upload.clip),
    }


@post("/v1/upload/multipart/complete", status_code=200, sync_to_thread=True, opt={"rate": "upload"})
def complete(caller: NamedDependency[Caller], data: JSONBody[CompleteAsk]) -> dict[str, Any]:
    """Join the parts; the file is then checked."""
    parts = [(part.part_number, part.etag) for part in data.parts]
    upload = multipart.complete(caller.account_id, data.file_id, data.upload_id, parts)
    return {"ok": True, "file_id": upload.id, "queued_validation": True}


@post("/v1/upload/multipart/refresh", status_code=200, sync_to_thread=True, opt={"rate": "upload"})
def refresh(caller: NamedDependency[Caller], data: JSONBody[RefreshAsk]) -> dict[str, Any]:
    """New links for parts whose links ran out."""
    parts = multipart.refresh(caller.account_id, data.file_id, data.upload_id, data.part_numbers)
    return {"file_id": data.file_id, "upload_id": data.upload_id, "parts": parts, "expires_in": rules.UPLOAD_LINK_S}


@post("/v1/upload/multipart/abort", status_code=200, sync_to_thread=True, opt={"rate": "upload"})
def abort_parts(caller: NamedDependency[Caller], data: JSONBody[AbortPartsAsk]) -> dict[str, Any]:
    """Give up an unfinished multipart upload."""
    upload = multipart.abort(caller.account_id, data.file_id, data.upload_id)
    return {"ok": True, "file_id": upload.id, "status": upload.status}


@post("/v1/upload/abort", status_code=200, sync_to_thread=True, opt={"rate": "upload"})
def abort(caller: NamedDependency[Caller], data: JSONBody[AbortAsk]) -> dict[str, Any]:
    """Give up a simple upload before it is ready."""
    upload = uploads.abort(caller.account_id, data.file_id)
    return {"ok": True, "file_id": upload.id, "status": upload.status}


@get("/v1/uploads", sync_to_thread=True)
def list_uploads(
    caller: NamedDependency[Caller], limit: FromQuery[int] = rules.PAGE_DEFAULT, cursor: FromQuery[str | None] = None
) -> dict[str, Any]:
    """The account's uploads that have not expired, newest first."""
    limit = page_size(limit)
    rows = uploads.recent(caller.account_id, limit=limit + 1, before=cursor)
    data = [uploads.describe(row) | {"poster_url": sources.poster_url(row)} for row in rows[:limit]]
    return {"data": data, "next_cursor": rows[limit - 1].id if len(rows) > limit else None}


@post("/v1/uploads/sample", status_code=200, sync_to_thread=True, opt={"rate": "upload"})
def upload_sample(caller: NamedDependency[Caller], data: JSONBody[NothingAsk]) -> dict[str, Any]:
    """An upload made from the recording that FastClip brings along."""
    return uploads.describe(sources.add_sample(caller.account))


@get("/v1/upload/{file_id:str}/preview", sync_to_thread=True)
def get_preview(caller: NamedDependency[Caller], file_id: FromPath[str]) -> dict[str, Any]:
    """What a player needs to show a ready source: links, frame rate, keyframes, peaks, filmstrip."""
    return sources.preview(uploads.get_ready(caller.account_id, file_id))


@post("/v1/upload/{file_id:str}/proxy", status_code=200, sync_to_thread=True, opt={"rate": "jobs"})
def make_proxy(caller: NamedDependency[Caller], file_id: FromPath[str], data: JSONBody[NothingAsk]) -> dict[str, Any]:
    """Make (or join the making of) a small WebM, for a browser that cannot play the source."""
    return sources.preview(sources.ask_for_proxy(caller.account, file_id))


def page_size(limit: int) -> int:
    """Raises InvalidRequest for a `limit` that no list takes."""
    if not 1 <= limit <= rules.PAGE_MAX:
        raise InvalidRequest(f"limit is {limit}; use 1 to {rules.PAGE_MAX}.", param="limit")
    return limit


routes = [
    request_upload,
    get_upload,
    initiate,
    complete,
    refresh,
    abort_parts,
    abort,
    list_uploads,
    upload_sample,
    get_preview,
    make_proxy,
]
