"""The child that makes a stranger's font safe: OTS rewrites it, fontTools looks at every table, its names become ours.

`admit` starts it; nothing else ever opens what was uploaded. Source: captions.md 2.2, backend-spec 7.2 "Fonts".
"""

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastclip.errors import Unprocessable
from fastclip.media import ffmpeg
from fastclip.media.ffmpeg import Limits

MAGIC = (b"\x00\x01\x00\x00", b"true", b"OTTO")
_LIMITS = Limits(memory_bytes=2 << 30, cpu_s=30, file_bytes=64 << 20, files=64, wall_s=40.0)
_PANGRAM = "Sphinx of black quartz, judge my vow 0123456789"
_NO_FONT = "This is not a TTF or OTF font that FastClip can read."
_MIN_UPM, _MAX_UPM = 16, 16384
_RESTRICTED = 0x0002  # fsType: must not be embedded
_LETTERS = {ord(letter) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"}


@dataclass(frozen=True)
class Admitted:
    """What an uploaded font calls itself. format: ttf or otf."""

    name: str
    style: str
    weight: int
    format: str


def admit(upload: Path, target: Path, *, family: str) -> Admitted:
    """Write a safe copy of the font to `target`, under the name `family`, and draw with it once.

    Raises Unprocessable, with a sentence for whoever sent it; nothing is left at `target` then.
    """
    with upload.open("rb") as file:
        if file.read(4) not in MAGIC:
            raise Unprocessable(f"{_NO_FONT} Collections (TTC) and web fonts (WOFF) are not taken.", param="file")
    try:
        said = json.loads(ffmpeg.child("typeface", [str(upload), str(target), family], limits=_LIMITS))
        if "refusal" in said:
            raise Unprocessable(said["refusal"], param="file")
        _try(target)
    except ffmpeg.Failed as error:
        target.unlink(missing_ok=True)
        raise Unprocessable(f"{_NO_FONT} It may be damaged.", param="file") from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return Admitted(**said)


def _try(font: Path) -> None:
    """Draw a pangram with it as captions are drawn."""
    from fastclip.media import ass, burn, captions
    from fastclip.media.fonts import Font
    from fastclip.media.style import Style
    from fastclip.media.words import Word

    words = [Word(text, n / 10, n / 10 + 0.1) for n, text in enumerate(_PANGRAM.split())]
    look = Style(words_per_caption=9, highlight_mode=False, font_size=40)
    placed = captions.lay_out(words, look, Font(font), size_px=(320, 180))
    with tempfile.TemporaryDirectory(prefix="fastclip-font-") as folder:
        burn.lay(Path(folder) / "c", ass.write(placed))
        burn.frame(Path(folder) / "c", None, Path(folder) / "frame.png", size=(320, 180), at_s=0.5)


# -- In the child ------------------------------------------------------------------------------------------


def main(source: str, target: str, family: str) -> dict[str, Any]:
    """{"name", "style", "weight", "format"}, or {"refusal"}."""
    import ots
    from fontTools.ttLib import TTFont

    clean = Path(target).with_suffix(".ots")
    try:
        if ots.sanitize(source, str(clean), capture_output=True).returncode:
            return {"refusal": f"{_NO_FONT} It does not pass OpenType's own checks."}
        with TTFont(clean) as looked_at:
            looked_at.ensureDecompiled()
            if refusal := _refusal(looked_at):
                return {"refusal": refusal}
            said = _said(looked_at)
        with TTFont(clean) as font:
            _make_ours(font, family)
            font.save(target)
        return said
    finally:
        clean.unlink(missing_ok=True)


def _refusal(font: Any) -> str | None:
    missing = {"head", "hhea", "maxp", "cmap", "OS/2", "name", "hmtx"} - set(font.keys())
    if missing or not font["maxp"].numGlyphs:
        return f"{_NO_FONT} It lacks what every font needs."
    if not _MIN_UPM <= font["head"].unitsPerEm <= _MAX_UPM:
        return f"{_NO_FONT} Its letters have an impossible size."
    if font["OS/2"].fsType & 0x000F == _RESTRICTED:
        return "This font's licence forbids embedding it. Ask its maker for one that may be embedded."
    if not _LETTERS & set(font.getBestCmap() or {}):
        return "This font has no letters A to Z, which captions need."
    return None


def _said(font: Any) -> dict[str, Any]:
    names = font["name"]
    name = names.getBestFamilyName() or "Unnamed font"
    return {
        "name": " ".join("".join(c for c in name if c.isprintable()).split())[:80] or "Unnamed font",
        "style": "".join(c for c in names.getBestSubFamilyName() or "Regular" if c.isprintable())[:40],
        "weight": int(font["OS/2"].usWeightClass),
        "format": "otf" if font.sfntVersion == "OTTO" else "ttf",
    }


def _make_ours(font: Any, family: str) -> None:
    """One upright instance under one name; line metrics where it has none, which is where libass looks."""
    if "fvar" in font:
        from fontTools.varLib import instancer

        instancer.instantiateVariableFont(font, {axis.axisTag: None for axis in font["fvar"].axes}, inplace=True)
    names = font["name"]
    names.names = [row for row in names.names if row.nameID in (0, 13, 14)]
    for name_id, text in ((1, family), (2, "Regular"), (3, family), (4, family), (6, family.replace(" ", ""))):
        names.setName(text, name_id, 3, 1, 0x409)
    line, os2 = font["hhea"], font["OS/2"]
    if not os2.usWinAscent:
        os2.usWinAscent, os2.usWinDescent = max(line.ascent, 1), max(-line.descent, 0)
    os2.usWeightClass, os2.fsSelection = 400, os2.fsSelection & ~0x21 | 0x40
    font["head"].macStyle = 0


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:4])))
