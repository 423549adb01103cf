"""Words to pages: how each is written and how wide it is, what fits on a page and where its lines break.

Lengths are in units of which the picture's short side has 1080, times in centiseconds, as ASS has them.
Source: captions.md 3 (wrapping) and 5 (times).
"""

import math
import unicodedata
from dataclasses import dataclass
from itertools import combinations, pairwise

from fastclip.media import bidi, fonts, pieces
from fastclip.media.fonts import Font, Run
from fastclip.media.style import Style
from fastclip.media.words import Word, sentences

BOX_SIDES = 1.25
"""A box looks even when it reaches a little further to the sides."""
_BREAK_GAP_CS = 60


@dataclass(frozen=True)
class Spoken:
    """A word as it will be drawn. is_glued: no space stands before it. is_last: its sentence ends with it."""

    text: str
    runs: tuple[Run, ...]
    start: int
    end: int
    is_glued: bool = False
    is_last: bool = False
    is_rtl: bool = False

    @property
    def weight(self) -> float:
        """How much of `words_per_caption` it uses up."""
        return pieces.words_in(self.text)


# -- Words -------------------------------------------------------------------------------------------------


def spoken(words: list[Word], style: Style, font: Font) -> list[Spoken]:
    """The words as they will be drawn; one of which no font has a letter is left out."""
    found: list[Spoken] = []
    for sentence in sentences(words):
        parts = [piece for word in sentence for piece in pieces.cut(word)]
        for n, piece in enumerate(parts):
            text = shown(piece.text, style)
            runs = tuple(fonts.runs(text, font))
            if not runs:
                continue
            start, end = _cs(piece.start_s), _cs(piece.end_s)
            start = max(start, found[-1].start + 2) if found else start
            is_glued = bool(found) and pieces.is_unspaced(found[-1].text[-1:], text)
            is_rtl = bidi.direction(text) == "R"
            found.append(Spoken(text, runs, start, max(end, start + 2), is_glued, n == len(parts) - 1, is_rtl))
    return found


def _cs(seconds: float) -> int:
    """Rounded down: a word that begins with a frame is on that frame."""
    return math.floor(seconds * 100 + 1e-6)


def shown(text: str, style: Style) -> str:
    """The word's letters as the style writes them, without what only steers; no letter of ASS's own syntax is left."""
    text = unicodedata.normalize("NFC", text).translate({ord("{"): "(", ord("}"): ")", ord("\\"): "/", 0x266A: None})
    kept = (c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn") or c in "\u200c\u200d")
    text = " ".join("".join(c for c in kept if c not in "\ufe0e\ufe0f").split())
    return {"upper": text.upper, "lower": text.lower, "none": lambda: text}[style.text_transform]()


# -- Pages -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paging:
    """What goes on a page together, in a picture so wide."""

    style: Style
    font: Font
    width: int

    def pages(self, words: list[Spoken]) -> list[list[Spoken]]:
        return [page for phrase in _phrases(words) for page in self._cut(phrase)]

    def _cut(self, phrase: list[Spoken]) -> list[list[Spoken]]:
        """Pages of about the same number of words, none with more than the style allows or than its lines hold."""
        found = []
        while phrase:
            weight = sum(word.weight for word in phrase)
            share = weight / math.ceil(weight / self.style.words_per_caption)
            take, taken = 1, phrase[0].weight
            while take < len(phrase) and taken + phrase[take].weight <= math.ceil(share):
                taken += phrase[take].weight
                take += 1
            while take > 1 and not self._fits(phrase[:take]):
                take -= 1
            found.append(phrase[:take])
            phrase = phrase[take:]
        return found

    def _fits(self, words: list[Spoken]) -> bool:
        measure = Measure(self.style, self.font, self.style.font_size, words)
        return len(measure.lines(self.style.max_width * self.width)) <= self.style.max_lines


def _phrases(words: list[Spoken]) -> list[list[Spoken]]:
    """Words between sentence ends and pauses."""
    found: list[list[Spoken]] = []
    for n, word in enumerate(words):
        is_new = n == 0 or words[n - 1].is_last or word.start - words[n - 1].end > _BREAK_GAP_CS
        if is_new:
            found.append([])
        found[-1].append(word)
    return found


# -- Lines -------------------------------------------------------------------------------------------------


class Measure:
    """Widths of words at one size, and where their lines break."""

    def __init__(self, style: Style, font: Font, size: float, words: list[Spoken]) -> None:
        self.words, self._style, self._spacing = words, style, style.letter_spacing * size / style.font_size
        self.widths = [sum(self._width(run, size) for run in word.runs) for word in words]
        self.space = font.advance(" ")[0] * size + self._spacing
        self.space = max(self.space, 0.35 * self.space + self._reach())

    def _reach(self) -> float:
        """How far the spoken word comes nearer to its neighbour than its letters do at rest."""
        if self._style.effect == "word-box":
            return self._style.box_padding * (BOX_SIDES + 0.5)
        if self._style.pop == 1:
            return 0.0
        return (self._style.pop - 1) / 2 * max(self.widths) + self._style.stroke

    def _width(self, run: Run, size: float) -> float:
        advance, clusters = run.font.advance(run.text, bool(self._spacing))
        return advance * size + clusters * self._spacing

    def gap(self, n: int) -> float:
        """Before word n."""
        return 0.0 if self.words[n].is_glued else self.space

    def span(self, first: int, last: int) -> float:
        """The width of words first to last, the last one left out, on one line."""
        return sum(self.widths[first:last]) + sum(self.gap(n) for n in range(first + 1, last))

    def lines(self, most: float) -> list[tuple[int, int]]:
        """(first, last) of each line: as few as `most` allows, of about the same width."""
        breaks = [n for n in range(1, len(self.words)) if self.words[n].text[0] not in pieces.CLOSING]
        count = 1 + self._greedy(most, breaks)
        cuts = combinations(breaks, min(count - 1, len(breaks))) if count <= 4 else [tuple(breaks)]
        return min((self._between(cut) for cut in cuts), key=lambda lines: max(self.span(*line) for line in lines))

    def _between(self, cut: tuple[int, ...]) -> list[tuple[int, int]]:
        return list(pairwise((0, *cut, len(self.words))))

    def _greedy(self, most: float, breaks: list[int]) -> int:
        first, count = 0, 0
        for n in breaks:
            following = next((one for one in breaks if one > n), len(self.words))
            if self.span(first, following) > most:
                first, count = n, count + 1
        return count
