"""Fonts for captions: what each holds and how wide it sets a text, and which one draws which letter.

libass never chooses: every run of letters names a font that has them, under a family that no system has, so that no
system font leaks in and no letter is a box. Source: captions.md 2.1 and 2.3.
"""

import functools
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uharfbuzz
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont

_INSIDE = Path(__file__).parent.parent / "assets"
ASSETS = _INSIDE if _INSIDE.is_dir() else Path(__file__).parents[2] / "assets"
"""In the package once it is installed, beside it in a checkout."""
_JOINERS = "\u200c\u200d"
_KANA = range(0x3040, 0x3100)
_SPACED = {"liga": False, "clig": False}
"""libass sets letters that stand apart without ligatures."""


@dataclass(frozen=True)
class Named:
    """A built-in font: what people call it, where it lies, how it may be used, its turn as a fallback (0: none)."""

    name: str
    slug: str
    licence: str
    turn: int

    @property
    def path(self) -> Path:
        return ASSETS / "fonts" / f"{self.slug}.ttf"


@functools.cache
def catalogue() -> dict[str, Named]:
    """The built-in fonts by name. Those for the world's scripts, which come last, draw what the others lack."""
    rows = json.loads((ASSETS / "captions" / "fonts.json").read_text("utf-8"))
    return {row["name"]: Named(row["name"], row["package"], row["licence"], row.get("fallback", 0)) for row in rows}


class Font:
    """A font file as libass sees it. All measures in em.

    ascent, descent: of the box that libass gives a line (OS/2 win metrics); their sum is what an ASS font size means.
    cap, drop: how far an H reaches above the baseline, and a p below it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        table: Any = TTFont(path, lazy=True)
        self.family: str = table["name"].getDebugName(1)
        self.cmap = frozenset(table.getBestCmap())
        upm, os2, line = table["head"].unitsPerEm, table["OS/2"], table["hhea"]
        above, below = (os2.usWinAscent, os2.usWinDescent) if os2.usWinAscent else (line.ascent, -line.descent)
        self.upm, self.ascent, self.descent = upm, above / upm, below / upm
        self.cap = _bounds(table, "H", (0, 0, 0, 0.7 * upm))[3] / upm
        self.drop = max(0.0, -_bounds(table, "p", (0, -0.2 * upm, 0, 0))[1] / upm)
        self._shaper = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path))))
        self.advance = functools.lru_cache(50_000)(self._advance)
        self.reach = functools.lru_cache(50_000)(self._reach)

    @property
    def size(self) -> float:
        """The ASS font size of a font that is 1 high."""
        return self.ascent + self.descent

    def covers(self, text: str) -> bool:
        return all(ord(letter) in self.cmap or letter in _JOINERS for letter in text)

    def _advance(self, text: str, is_spaced: bool = False) -> tuple[float, int]:
        """How far the pen moves for `text`, and over how many clusters (each is given letter spacing)."""
        buffer = self._shaped(text, is_spaced)
        clusters = len({info.cluster for info in buffer.glyph_infos})
        return sum(place.x_advance for place in buffer.glyph_positions) / self.upm, clusters

    def _reach(self, text: str) -> tuple[float, float]:
        """From where to where libass counts `text`, by whose middle it places it; the pen begins at 0.

        It takes a cluster from where its first glyph is drawn, as far as its pen moves. Right to left that glyph may
        be a dot or a mark that stands over the middle of its letter.
        """
        buffer, pen, spans = self._shaped(text, False), 0, dict[int, list[int]]()
        for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            span = spans.setdefault(info.cluster, [pen + place.x_offset, pen + place.x_offset])
            span[1] += place.x_advance
            pen += place.x_advance
        low, high = min(low for low, _ in spans.values()), max(high for _, high in spans.values())
        return low / self.upm, high / self.upm

    def _shaped(self, text: str, is_spaced: bool) -> uharfbuzz.Buffer:
        buffer = uharfbuzz.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        uharfbuzz.shape(self._shaper, buffer, _SPACED if is_spaced else {})
        return buffer


def _bounds(table: Any, letter: str, otherwise: tuple[float, ...]) -> tuple[float, ...]:
    glyph = table.getBestCmap().get(ord(letter))
    if glyph is None:
        return otherwise
    glyphs = table.getGlyphSet()
    pen = BoundsPen(glyphs)
    glyphs[glyph].draw(pen)
    return pen.bounds or otherwise


@functools.lru_cache(64)
def open_font(path: Path) -> Font:
    """A font of ours: built in, or one that `typeface` made safe. A file is never written twice."""
    return Font(path)


def builtin(name: str) -> Font:
    return open_font(catalogue()[name].path)


# -- Which font draws what ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """Letters that one font draws."""

    text: str
    font: Font


def runs(text: str, font: Font) -> list[Run]:
    """`text` in runs, each of a font that has all of its letters: `font` where it can. Letters that none has go."""
    if font.covers(text):
        return [Run(text, font)]
    found: list[Run] = []
    for cluster in _clusters(text):
        drawing = _font_for(cluster, [found[-1].font] if found and not font.covers(cluster) else [font], text)
        if drawing is None:
            continue
        if found and found[-1].font is drawing:
            found[-1] = Run(found[-1].text + cluster, drawing)
        else:
            found.append(Run(cluster, drawing))
    return found


def missing(text: str, font: Font) -> str:
    """The letters that no font at hand has, each once."""
    if font.covers(text):
        return ""
    lost = [cluster for cluster in _clusters(text) if _font_for(cluster, [font], text) is None]
    return "".join(dict.fromkeys(lost))


def _font_for(cluster: str, wanted: Sequence[Font], text: str) -> Font | None:
    plain = cluster.strip()
    has_kana = any(ord(letter) in _KANA for letter in text)
    return next((font for font in (*wanted, *_Fallbacks(has_kana)) if font.covers(plain)), None)


class _Fallbacks(Iterable[Font]):
    """In the order in which they are asked, each opened only then. A word with kana is drawn in Japanese shapes."""

    def __init__(self, is_japanese: bool) -> None:
        self._first = "Noto Sans JP Bold" if is_japanese else ""

    def __iter__(self) -> Iterator[Font]:
        named = sorted((one for one in catalogue().values() if one.turn), key=lambda one: one.turn)
        chinese = next(one.turn for one in named if one.name == "Noto Sans SC Bold")
        named.sort(key=lambda one: chinese - 0.5 if one.name == self._first else one.turn)
        return (open_font(one.path) for one in named)


def _clusters(text: str) -> list[str]:
    """Letters with the marks that belong to them, and what joiners join."""
    found: list[str] = []
    for letter in text:
        is_mark = unicodedata.category(letter)[0] == "M" or letter in _JOINERS
        if found and (is_mark or found[-1][-1] == "\u200d"):
            found[-1] += letter
        else:
            found.append(letter)
    return found
