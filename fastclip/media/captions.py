"""Pages to placed lines: what stands where on the picture, and from when to when.

The layout is ours and libass only draws it, so each word has its own place that no neighbour's growing can move.
Lengths are in units of which the picture's short side has 1080, times in centiseconds, as ASS has them.
Source: captions.md 3 (wrapping, place) and 5 (times).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fastclip.media import bidi, fonts, paging
from fastclip.media.fonts import Font
from fastclip.media.paging import BOX_SIDES, Measure, Paging, Spoken
from fastclip.media.style import Style
from fastclip.media.words import Word, clean

UNITS = 1080
MARGIN = 0.03
SHORTEST_CS = 5
SMALLEST = 0.5
"""A word too wide for its line makes its page smaller, down to this; further only to stay on the picture."""


@dataclass(frozen=True)
class Slot:
    """A word's place: from x on, `width` wide, on its line's baseline; lit up from `word.start` to `until`."""

    word: Spoken
    x: float
    width: float
    baseline: float
    until: int


@dataclass(frozen=True)
class Line:
    """slots: from left to right."""

    x: float
    width: float
    baseline: float
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class Page:
    """What is on the picture from `start` to `end`. size: em of its letters; cap, drop: above and below a baseline."""

    start: int
    end: int
    size: float
    cap: float
    drop: float
    lines: tuple[Line, ...]

    @property
    def slots(self) -> list[Slot]:
        """As they are spoken."""
        return sorted((slot for line in self.lines for slot in line.slots), key=lambda slot: slot.word.start)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the letters: from the first line's capitals to the last one's descenders."""
        first, last = self.lines[0], self.lines[-1]
        left = min(line.x for line in self.lines)
        right = max(line.x + line.width for line in self.lines)
        return left, first.baseline - self.cap, right, last.baseline + self.drop


@dataclass(frozen=True)
class Captions:
    """Everything that is drawn on a picture of this shape.

    missing: letters that no font has; they are left out. missing_s: where the first word with one is said.
    """

    width: int
    height: int
    style: Style
    font: Font
    pages: tuple[Page, ...]
    missing: str = ""
    missing_s: float = 0.0


def lay_out(
    words: Sequence[Word], style: Style, font: Font, *, size_px: tuple[int, int], duration_s: float = math.inf
) -> Captions:
    """Place the words on a picture of this size. Their times count from its beginning."""
    width, height = canvas(size_px)
    last_s = max((word.end_s for word in words if not math.isnan(word.end_s)), default=0.0) + 1
    spoken = paging.spoken(clean(words, min(duration_s, last_s)), style, font)
    groups = Paging(style, font, width).pages(spoken)
    end = round(min(duration_s, 1e6) * 100)
    starts = [*(group[0].start for group in groups), end][1:]
    pages = [
        _page(group, style, font, (width, height), next_start=following, is_last=n == len(groups) - 1)
        for n, (group, following) in enumerate(zip(groups, starts, strict=True))
    ]
    lost = [(word, fonts.missing(paging.shown(word.text, style), font)) for word in words]
    letters = "".join(dict.fromkeys("".join(missing for _, missing in lost)))
    lost_s = next((word.start_s for word, missing in lost if missing), 0.0)
    return Captions(width, height, style, font, tuple(pages), letters, 0.0 if math.isnan(lost_s) else lost_s)


def canvas(size_px: tuple[int, int]) -> tuple[int, int]:
    """The picture's size in units."""
    short = min(size_px)
    return round(size_px[0] * UNITS / short), round(size_px[1] * UNITS / short)


# -- Places ------------------------------------------------------------------------------------------------


def _page(
    words: list[Spoken], style: Style, font: Font, frame: tuple[int, int], *, next_start: int, is_last: bool
) -> Page:
    most = style.max_width * frame[0]
    size = float(style.font_size)
    measure = Measure(style, font, size, words)
    widest = max(measure.span(*line) for line in measure.lines(most))
    if widest > most:
        size *= min(max(SMALLEST, most / widest), (1 - 2 * MARGIN) * frame[0] / widest)
        measure = Measure(style, font, size, words)
    lines = measure.lines(max(most, widest * size / style.font_size + 0.01))
    end = _end(words, style, next_start, is_last)
    drawing = {run.font for word in words for run in word.runs}
    cap, drop = max(one.cap for one in drawing) * size, max(one.drop for one in drawing) * size
    pitch = style.line_height * size
    top = _top(style, cap + drop + pitch * (len(lines) - 1), frame[1])
    left, right = _sides(style, max(measure.span(*line) for line in lines), frame[0])
    placed = []
    for n, line in enumerate(lines):
        x = left + (right - left - measure.span(*line)) * _third(style.position_x)
        placed.append(_line(measure, line, x, top + cap + n * pitch, end))
    return Page(words[0].start, end, size, cap, drop, tuple(placed))


def _end(words: list[Spoken], style: Style, next_start: int, is_last: bool) -> int:
    """A page stays through short gaps, and a while after its last word."""
    said = words[-1].end
    held = next_start - said <= style.hold_gap_ms / 10 and not is_last
    end = next_start if held else min(said + round(style.linger_ms / 10), next_start)
    return max(end, min(words[0].start + SHORTEST_CS, next_start), words[-1].start + 1)


def _third(position: float) -> float:
    """What a block holds on to: 0 its beginning, 0.5 its middle, 1 its end, by the third of the picture it is in."""
    return 0.0 if position < 1 / 3 else 1.0 if position > 2 / 3 else 0.5


def _overhang(style: Style) -> float:
    """How far a box reaches beyond its letters."""
    return style.box_padding * BOX_SIDES if style.effect in ("highlight-box", "line-box", "word-box") else 0.0


def _top(style: Style, high: float, height: int) -> float:
    margin = MARGIN * height + _overhang(style)
    top = style.position_y * height - _third(style.position_y) * high
    return max(min(top, height - margin - high), margin)


def _sides(style: Style, wide: float, width: int) -> tuple[float, float]:
    margin = MARGIN * width + _overhang(style)
    left = style.position_x * width - _third(style.position_x) * wide
    left = max(min(left, width - margin - wide), min(margin, (width - wide) / 2))
    return left, left + wide


def _line(measure: Measure, line: tuple[int, int], x: float, baseline: float, page_end: int) -> Line:
    order = bidi.visual([measure.words[n].text for n in range(*line)])
    slots, at = [], x
    for place, offset in enumerate(order):
        n = line[0] + offset
        if place:
            at += measure.gap(max(n, line[0] + order[place - 1]))
        until = measure.words[n + 1].start if n + 1 < len(measure.words) else page_end
        slots.append(Slot(measure.words[n], at, measure.widths[n], baseline, until))
        at += measure.widths[n]
    return Line(x, measure.span(*line), baseline, tuple(slots))
