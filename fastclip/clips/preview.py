"""Captions that are being looked at: the same script and fonts that are burned, for the browser to draw, and one exact
frame where it cannot. Nothing is charged. Source: captions.md 6.
"""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastclip import presets, rules, store, transcripts, uploads
from fastclip.errors import Unprocessable
from fastclip.media import ass, burn, captions, frames, review
from fastclip.media.captions import Captions
from fastclip.media.fonts import Font
from fastclip.media.style import Style
from fastclip.media.words import Word, within

MAX_WORDS = 5000
SIDES_PX = (64, 3840)


def words_for(account_id: str, words: list[Word] | None, file_id: str | None, span: tuple[float, float]) -> list[Word]:
    """The words that were sent, or those of a source between two times. Raises NotFound, Conflict, Unprocessable."""
    if (words is None) == (file_id is None):
        raise Unprocessable("Send either words or file_id.", param="words")
    if words is not None:
        return words
    row = transcripts.ready(account_id, file_id or "")
    return within(transcripts.words_of(row, after_s=span[0]), *span)


def drawn(
    account_id: str, style: Style, words: list[Word], size: tuple[int, int], backdrop: str | None
) -> dict[str, Any]:
    """The script, links to its fonts, where each caption stands, and what to mend. Raises Unprocessable."""
    with presets.font_of(account_id, style) as font:
        placed = captions.lay_out(words, style, font, size_px=_checked(size))
        script = ass.write(placed)
        links = [{"family": one.family, "url": _link(account_id, style, one)} for one in script.fonts]
    return {
        "ass": script.text,
        "fonts": links,
        "default_font": placed.font.family,
        "width": placed.width,
        "height": placed.height,
        "captions": [_page(placed, n) for n in range(len(placed.pages))],
        "findings": [asdict(one) for one in review.review(placed, backdrop)],
        "style": asdict(style),
    }


def reviewed(
    account_id: str, style: Style, words: list[Word], size: tuple[int, int], backdrop: str | None
) -> dict[str, Any]:
    """How many captions there are, and what to mend in them. Raises Unprocessable."""
    with presets.font_of(account_id, style) as font:
        placed = captions.lay_out(words, style, font, size_px=_checked(size))
    return {"captions": len(placed.pages), "findings": [asdict(one) for one in review.review(placed, backdrop)]}


def _link(account_id: str, style: Style, font: Font) -> str:
    if not font.family.startswith("FCU"):
        return f"/v1/caption-fonts/files/{font.path.name}"
    row = presets.get_font(account_id, style.font_id or "")
    name = f"{row.id}.{row.format}"
    return store.blobs.get_url(
        row.key, filename=name, content_type=f"font/{row.format}", ttl_s=rules.DOWNLOAD_LINK_S, inline=True
    )


def _page(placed: Captions, n: int) -> dict[str, Any]:
    """Times in seconds, the letters' box in parts of the picture."""
    page = placed.pages[n]
    left, top, right, bottom = page.box
    return {
        "start": page.start / 100,
        "end": page.end / 100,
        "lines": [" ".join(slot.word.text for slot in line.slots) for line in page.lines],
        "box": {
            "left": round(left / placed.width, 4),
            "top": round(top / placed.height, 4),
            "right": round(right / placed.width, 4),
            "bottom": round(bottom / placed.height, 4),
        },
    }


def frame(
    account_id: str,
    style: Style,
    words: list[Word],
    size: tuple[int, int],
    *,
    at_s: float,
    file_id: str | None,
    source_s: float,
) -> bytes:
    """A PNG of the captions at `at_s`, over the source's picture at `source_s` where a source is named."""
    width, height = _checked(size)
    with tempfile.TemporaryDirectory(prefix="preview-", dir=store.temp_dir) as name:
        folder = Path(name)
        background = _background(account_id, file_id, source_s, min(width, height), folder) if file_id else None
        with presets.font_of(account_id, style) as font:
            placed = captions.lay_out(words, style, font, size_px=(width, height))
            burn.lay(folder / "captions", ass.write(placed))
        burn.frame(folder / "captions", background, folder / "frame.png", size=(width, height), at_s=at_s)
        return (folder / "frame.png").read_bytes()


def _background(account_id: str, file_id: str, source_s: float, short_px: int, folder: Path) -> Path:
    upload = uploads.get_ready(account_id, file_id)
    with store.blobs.lease(upload.key) as source:
        frames.poster(source, folder / "behind.jpg", at_s=source_s, height_px=short_px, is_hdr=upload.media.is_hdr)
    return folder / "behind.jpg"


def _checked(size: tuple[int, int]) -> tuple[int, int]:
    low, high = SIDES_PX
    if not all(low <= side <= high for side in size):
        raise Unprocessable(
            f"The picture is {size[0]}x{size[1]}; each side may have {low} to {high} px.", param="width"
        )
    return size[0] // 2 * 2, size[1] // 2 * 2
