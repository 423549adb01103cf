"""Caption presets and fonts, for people signed in. Source: API reference, "Caption Endpoints"; captions.md 3."""

import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from fastclip import presets, retention, rules
from fastclip.api.auth import Caller, session_only
from fastclip.api.strict import Ask
from fastclip.errors import InvalidRequest, NotFound, UnsupportedContentType
from fastclip.media import fonts
from fastclip.media.style import Animation, Effect, Transform

Name = Annotated[str, Meta(min_length=1, max_length=presets.MAX_NAME_CHARS)]
_SEED = {
    "font_name": "Bangers",
    "font_size": 77,
    "words_per_caption": 3,
    "text_color": "#ffffff",
    "stroke_enabled": True,
    "stroke_width": 4,
    "stroke_color": "#000000",
    "highlight_mode": True,
    "highlight_color": "#fcea2a",
    "position_x": 0.5,
    "position_y": 0.92,
}
_FORM_BYTES = 64 * 1024
_IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable"}


class StyleAsk(Ask):
    """Fields of a style; those that are left out stay as they are."""

    font_source: Literal["builtin", "upload"] | UnsetType = UNSET
    font_name: Annotated[str, Meta(max_length=80)] | UnsetType = UNSET
    font_id: str | None | UnsetType = UNSET
    font_size: int | UnsetType = UNSET
    text_transform: Transform | UnsetType = UNSET
    letter_spacing: float | UnsetType = UNSET
    line_height: float | UnsetType = UNSET
    max_lines: int | UnsetType = UNSET
    max_width: float | UnsetType = UNSET
    words_per_caption: int | UnsetType = UNSET
    text_color: str | UnsetType = UNSET
    stroke_enabled: bool | UnsetType = UNSET
    stroke_width: float | UnsetType = UNSET
    stroke_color: str | UnsetType = UNSET
    shadow_enabled: bool | UnsetType = UNSET
    shadow_color: str | UnsetType = UNSET
    shadow_opacity: float | UnsetType = UNSET
    shadow_x: float | UnsetType = UNSET
    shadow_y: float | UnsetType = UNSET
    shadow_blur: float | UnsetType = UNSET
    highlight_mode: bool | UnsetType = UNSET
    highlight_color: str | UnsetType = UNSET
    highlight_scale: float | UnsetType = UNSET
    inactive_opacity: float | UnsetType = UNSET
    effect: Effect | UnsetType = UNSET
    box_color: str | None | UnsetType = UNSET
    box_opacity: float | UnsetType = UNSET
    box_radius: float | UnsetType = UNSET
    box_padding: float | UnsetType = UNSET
    glow_size: float | UnsetType = UNSET
    animation: Animation | UnsetType = UNSET
    animation_ms: int | UnsetType = UNSET
    position_x: float | UnsetType = UNSET
    position_y: float | UnsetType = UNSET
    linger_ms: int | UnsetType = UNSET
    hold_gap_ms: int | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """The fields that were sent."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not UNSET}


class PresetAsk(StyleAsk, kw_only=True):
    example = {"name": "My Hook Captions", "clone_from_preset_ref": "builtin:short-form-karaoke"} | _SEED
    name: Name
    clone_from_preset_ref: str


class PresetChange(StyleAsk, kw_only=True):
    example = {"name": "My Hook Captions", "highlight_color": "#35ff4d"}
    name: Name | UnsetType = UNSET


@get("/v1/caption-presets", guards=[session_only], sync_to_thread=True)
def list_presets(
    caller: NamedDependency[Caller], which: Annotated[str, QueryParameter(name="scope")] = "all"
) -> list[dict[str, Any]]:
    """The built-in caption styles and the account's own presets."""
    return presets.listed(caller.account_id, which)


@post("/v1/caption-presets", status_code=200, guards=[session_only], sync_to_thread=True)
def create_preset(caller: NamedDependency[Caller], data: JSONBody[PresetAsk]) -> dict[str, Any]:
    """Save a preset: a copy of another style with some fields of its own."""
    fields = data.given()
    name, clone = fields.pop("name"), fields.pop("clone_from_preset_ref")
    return presets.describe(presets.add(caller.account_id, name, clone, fields))


@patch("/v1/caption-presets/{preset_id:str}", guards=[session_only], sync_to_thread=True)
def change_preset(
    caller: NamedDependency[Caller], preset_id: FromPath[str], data: JSONBody[PresetChange]
) -> dict[str, Any]:
    """Change fields of one of the account's own presets."""
    return presets.describe(presets.change(caller.account_id, preset_id, data.given()))


@delete("/v1/caption-presets/{preset_id:str}", status_code=200, guards=[session_only], sync_to_thread=True)
def delete_preset(caller: NamedDependency[Caller], preset_id: FromPath[str]) -> dict[str, Any]:
    """Delete one of the account's own presets; jobs that run with it go on."""
    presets.delete(caller.account_id, preset_id)
    return {"ok": True}


# -- Fonts -------------------------------------------------------------------------------------------------


@get("/v1/caption-fonts", guards=[session_only], sync_to_thread=True)
def list_fonts(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """The account's uploaded fonts, and the built-in ones by name."""
    own = [presets.describe_font(font) for font in presets.fonts_of(caller.account_id)]
    return {"data": own, "builtin": [{"font_name": name} for name in fonts.catalogue()]}


@post(
    "/v1/caption-fonts",
    status_code=200,
    guards=[session_only],
    request_max_body_size=rules.MAX_FONT_BYTES + _FORM_BYTES,
)
async def upload_font(
    request: Request[Any, Any, Any], caller: NamedDependency[Caller], filename: FromQuery[str] = ""
) -> dict[str, Any]:
    """Upload a TTF or OTF font as the form field `file`; it is checked and kept as a safe copy."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise UnsupportedContentType("Send the font as the field `file` of multipart/form-data.")
    sent = (await request.form()).get("file")
    if not isinstance(sent, UploadFile):
        raise InvalidRequest("The form has no file in its field `file`.", param="file")
    content = await sent.read()
    font = await sync_to_thread(_kept, caller.account_id, filename or sent.filename, content)
    return presets.describe_font(font)


def _kept(account_id: str, filename: str, content: bytes) -> presets.CaptionFont:
    with tempfile.TemporaryDirectory(prefix="fastclip-font-") as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        return presets.add_font(account_id, filename, path, beside_bytes=retention.used_bytes(account_id))


@delete("/v1/caption-fonts/{font_id:str}", status_code=200, guards=[session_only], sync_to_thread=True)
def delete_font(caller: NamedDependency[Caller], font_id: FromPath[str]) -> dict[str, Any]:
    """Delete an uploaded font that no preset draws with."""
    presets.delete_font(caller.account_id, font_id)
    return {"ok": True}


@get("/v1/caption-fonts/files/{name:str}", guards=[session_only], sync_to_thread=True)
def get_font_file(name: FromPath[str]) -> Response[bytes]:
    """The file of a built-in font, for drawing captions in the browser."""
    for font in fonts.catalogue().values():
        if name == font.path.name:
            return Response(font.path.read_bytes(), media_type="font/ttf", headers=_IMMUTABLE)
    raise NotFound(f"There is no built-in font file {name}.")


routes = [
    list_presets,
    create_preset,
    change_preset,
    delete_preset,
    list_fonts,
    upload_font,
    delete_font,
    get_font_file,
]
