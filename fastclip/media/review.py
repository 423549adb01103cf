"""What is wrong with captions before they are burned: each finding with its reason and the fields that mend it.

Source: issue 5, "Caption QA"; captions.md 1 (safe zones) and 8.12.
"""

from dataclasses import dataclass, field
from typing import Any

from fastclip.media.captions import Captions, Page
from fastclip.media.style import HIGHLIGHT_WORDS, RANGES, Style

FASTEST_CHARS_S = 25.0
"""Subtitle Edit's limit."""
SHORTEST_CS = 40
LEAST_CONTRAST = 3.0
"""WCAG 2.2 for large text."""
MOST_LINES = 2
MOST_WORDS = round(RANGES["words_per_caption"][1])
SAFE_BOTTOM = 0.82
"""On 9:16 the buttons of TikTok, Reels and Shorts lie below this."""
LIFTED_Y = 0.78


@dataclass(frozen=True)
class Finding:
    """kind: reading_speed, time_on_screen, line_count, contrast, missing_glyphs, safe_zone.

    at_s: where the first such caption begins; count: how many there are. fix: fields of the style that mend it, empty
    where only the words can be changed.
    """

    kind: str
    reason: str
    at_s: float
    count: int
    fix: dict[str, Any] = field(default_factory=dict)


def review(captions: Captions, backdrop: str | None = None) -> list[Finding]:
    """What to mend, the gravest first. backdrop: the mean colour (#rrggbb) of the picture where the captions stand."""
    found = [_missing(captions), _contrast(captions, backdrop), _speed(captions), _time(captions), _lines(captions)]
    return [finding for finding in [*found, _safe_zone(captions)] if finding is not None]


def _missing(captions: Captions) -> Finding | None:
    if not captions.missing:
        return None
    letters = [f"{letter} (U+{ord(letter):04X})" for letter in captions.missing]
    named = ", ".join(letters[:5]) + (f" and {len(letters) - 5} more" if len(letters) > 5 else "")
    said = f"No font at hand has {named}; left out. Write it otherwise."
    return Finding("missing_glyphs", said, captions.missing_s, len(captions.missing))


def _contrast(captions: Captions, backdrop: str | None) -> Finding | None:
    style = captions.style
    has_box = style.effect in ("highlight-box", "line-box", "news-ticker") and style.box_opacity >= 0.6
    behind = style.box_fill if has_box else style.stroke_color if style.stroke >= 2 else backdrop
    if behind is None or not captions.pages:
        return None
    ratio = contrast(style.text_color, behind)
    if ratio >= LEAST_CONTRAST:
        return None
    what = "its box" if has_box else "its stroke" if style.stroke >= 2 else "the picture"
    said = f"The text stands out from {what} by only {ratio:.1f}:1; 3:1 can be read."
    return Finding("contrast", said, captions.pages[0].start / 100, len(captions.pages), _mended(style, has_box))


def _mended(style: Style, has_box: bool) -> dict[str, Any]:
    dark = contrast(style.text_color, "#000000") >= contrast(style.text_color, "#ffffff")
    behind = "#000000" if dark else "#ffffff"
    if has_box:
        return {"box_color": behind}
    return {"stroke_enabled": True, "stroke_width": max(4.0, style.stroke_width), "stroke_color": behind}


def _speed(captions: Captions) -> Finding | None:
    fast = [page for page in captions.pages if _chars_s(page) > FASTEST_CHARS_S]
    if not fast:
        return None
    worst = max(_chars_s(page) for page in fast)
    said = f"{_counted(fast)} at up to {worst:.0f} characters a second; 25 can be read."
    fix = _more_words(captions.style)
    said += " Show more words at once." if fix else " That is how fast it is spoken: write it shorter."
    return Finding("reading_speed", said, fast[0].start / 100, len(fast), fix)


def _counted(pages: list[Page]) -> str:
    return "1 caption passes" if len(pages) == 1 else f"{len(pages)} captions pass"


def _more_words(style: Style) -> dict[str, Any]:
    """Quick words and slow ones share a page then. Highlighting holds four at most: with more, it goes."""
    words = style.words_per_caption
    if style.highlight_mode:
        most = HIGHLIGHT_WORDS[1]
        return {"words_per_caption": words + 1} if words < most else {"highlight_mode": False, "words_per_caption": 6}
    return {"words_per_caption": min(words + 2, MOST_WORDS)} if words < MOST_WORDS else {}


def _chars_s(page: Page) -> float:
    letters = sum(len(slot.word.text) + (not slot.word.is_glued) for slot in page.slots) - 1
    return letters / max(page.end - page.start, 1) * 100


def _time(captions: Captions) -> Finding | None:
    brief = [page for page in captions.pages if page.end - page.start < SHORTEST_CS and len(page.slots) > 1]
    if not brief:
        return None
    stand = "1 caption stands" if len(brief) == 1 else f"{len(brief)} captions stand"
    said = f"{stand} for less than {SHORTEST_CS / 100:g} s. Let them stay on through short gaps."
    fix = {"linger_ms": max(500, captions.style.linger_ms), "hold_gap_ms": 1000}
    return Finding("time_on_screen", said, brief[0].start / 100, len(brief), fix)


def _lines(captions: Captions) -> Finding | None:
    high = [page for page in captions.pages if len(page.lines) > MOST_LINES]
    if not high:
        return None
    have = "1 caption has" if len(high) == 1 else f"{len(high)} captions have"
    said = f"{have} three lines; two are read at a glance."
    return Finding("line_count", said, high[0].start / 100, len(high), {"max_lines": MOST_LINES})


def _safe_zone(captions: Captions) -> Finding | None:
    low = [page for page in captions.pages if page.box[3] > SAFE_BOTTOM * captions.height]
    if not low or captions.height <= captions.width:
        return None
    said = "On TikTok, Reels and Shorts the captions lie under the buttons. Lift them."
    return Finding("safe_zone", said, low[0].start / 100, len(low), {"position_y": LIFTED_Y})


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminance (WCAG 2.2)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    channels = (int(color[n : n + 2], 16) / 255 for n in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
