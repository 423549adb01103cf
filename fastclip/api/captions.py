"""Captions on a whole video: ask, see how far it is, and look at them before. Source: API reference, "Caption
Endpoints"; captions.md 6.
"""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from fastclip import presets
from fastclip.api.auth import Caller, session_only
from fastclip.api.presets import StyleAsk
from fastclip.api.strict import Ask
from fastclip.billing import ledger
from fastclip.clips import caption, preview, status
from fastclip.media.style import Style
from fastclip.media.words import Word

Ref = Annotated[str, Meta(min_length=1, max_length=100)]


class CaptionAsk(Ask):
    example = {"file_id": "upl_a1b2c3d4e5f6", "preset_ref": "builtin:short-form-karaoke"}
    preset_ref: Ref
    file_id: str | None = None
    clip_id: str | None = None
    quality: str | None = None


class SpokenAsk(Ask):
    word: Annotated[str, Meta(min_length=1, max_length=100)]
    start: Annotated[float, Meta(ge=0)]
    end: Annotated[float, Meta(ge=0)]


class LookAsk(Ask, kw_only=True):
    """A style, with changes that are not saved yet, and the words to show in it."""

    example = {
        "preset_ref": "builtin:bold-hook",
        "width": 1080,
        "height": 1920,
        "words": [{"word": "Hello", "start": 0.2, "end": 0.6}],
        "fields": {"font_size": 90},
    }
    preset_ref: Ref
    width: int
    height: int
    fields: StyleAsk | None = None
    words: Annotated[list[SpokenAsk], Meta(max_length=preview.MAX_WORDS)] | None = None
    file_id: str | None = None
    start: Annotated[float, Meta(ge=0)] = 0.0
    end: Annotated[float, Meta(ge=0)] = 600.0
    backdrop: Annotated[str, Meta(pattern="^#[0-9a-fA-F]{6}$")] | None = None

    def style(self, account_id: str) -> Style:
        return presets.looked_at(account_id, self.preset_ref, self.fields.given() if self.fields else {})

    def spoken(self, account_id: str) -> list[Word]:
        """On the line of what is shown, which begins at `start`."""
        sent = None if self.words is None else [Word(one.word, one.start, one.end) for one in self.words]
        return preview.words_for(account_id, sent, self.file_id, (self.start, self.end))


class FrameAsk(LookAsk, kw_only=True):
    example = LookAsk.example | {"at": 0.4}
    at: Annotated[float, Meta(ge=0, le=10_800)]
    background_file_id: str | None = None


@post("/v1/captions/ass", status_code=200, guards=[session_only], sync_to_thread=True, opt={"rate": "look"})
def draw_captions(caller: NamedDependency[Caller], data: JSONBody[LookAsk]) -> dict[str, Any]:
    """The ASS script and fonts that would be burned, where each caption stands, and what to mend first."""
    account_id, size = caller.account_id, (data.width, data.height)
    return preview.drawn(account_id, data.style(account_id), data.spoken(account_id), size, data.backdrop)


@post("/v1/captions/review", status_code=200, guards=[session_only], sync_to_thread=True, opt={"rate": "frame"})
def review_captions(caller: NamedDependency[Caller], data: JSONBody[LookAsk]) -> dict[str, Any]:
    """What to mend before they are burned, in captions too many to be drawn at once."""
    account_id, size = caller.account_id, (data.width, data.height)
    return preview.reviewed(account_id, data.style(account_id), data.spoken(account_id), size, data.backdrop)


@post("/v1/captions/frame", status_code=200, guards=[session_only], sync_to_thread=True, opt={"rate": "frame"})
def draw_frame(caller: NamedDependency[Caller], data: JSONBody[FrameAsk]) -> Response[bytes]:
    """One frame with its captions as PNG, drawn by what burns them."""
    account_id = caller.account_id
    png = preview.frame(
        account_id,
        data.style(account_id),
        data.spoken(account_id),
        (data.width, data.height),
        at_s=data.at,
        file_id=data.background_file_id,
        source_s=data.start + data.at,
    )
    return Response(png, media_type="image/png", headers={"Cache-Control": "no-store"})


@post("/v1/captions", status_code=200, sync_to_thread=True, opt={"rate": "jobs", "once": True})
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


routes = [draw_captions, review_captions, draw_frame, create_captions, get_captions]
