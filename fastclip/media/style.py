"""A caption style: every field with its range and default, and the 16 built-in ones. Source: captions.md 2 and 3.

Lengths are in units of which the picture's short side has 1080; `font_size` is em, as in CSS.
"""

import functools
import json
import re
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from fastclip.errors import Unprocessable
from fastclip.media.fonts import ASSETS

Transform = Literal["none", "upper", "lower"]
Effect = Literal["none", "highlight-box", "line-box", "word-box", "news-ticker", "glow", "sweep", "typewriter"]
Animation = Literal["none", "pop", "fade", "impact", "slide-up"]

RANGES: dict[str, tuple[float, float]] = {
    "font_size": (20, 240),
    "letter_spacing": (-4, 20),
    "line_height": (0.9, 1.8),
    "max_lines": (1, 3),
    "max_width": (0.3, 0.96),
    "words_per_caption": (1, 12),
    "stroke_width": (0, 16),
    "shadow_opacity": (0, 1),
    "shadow_x": (-20, 20),
    "shadow_y": (-20, 20),
    "shadow_blur": (0, 20),
    "highlight_scale": (1, 1.25),
    "inactive_opacity": (0.2, 1),
    "box_opacity": (0, 1),
    "box_radius": (0, 60),
    "box_padding": (0, 60),
    "glow_size": (0, 24),
    "animation_ms": (0, 400),
    "position_x": (0.05, 0.95),
    "position_y": (0.03, 0.97),
    "linger_ms": (0, 1000),
    "hold_gap_ms": (0, 1000),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "font_source": ("builtin", "upload"),
    "text_transform": get_args(Transform),
    "effect": get_args(Effect),
    "animation": get_args(Animation),
}
COLORS = ("text_color", "stroke_color", "shadow_color", "highlight_color", "box_color")
HIGHLIGHT_WORDS = (2, 4)
"""What words_per_caption is clamped to while the spoken word is highlighted (API reference, "Browser Captions")."""
_HEX = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class Style:
    """How captions look and move. The fields are those of a preset; font_id is of an uploaded font."""

    font_source: str = "builtin"
    font_name: str = "Inter SemiBold"
    font_id: str | None = None
    font_size: int = 64
    text_transform: Transform = "none"
    letter_spacing: float = 0
    line_height: float = 1.18
    max_lines: int = 2
    max_width: float = 0.86
    words_per_caption: int = 3
    text_color: str = "#ffffff"
    stroke_enabled: bool = True
    stroke_width: float = 4
    stroke_color: str = "#000000"
    shadow_enabled: bool = False
    shadow_color: str = "#000000"
    shadow_opacity: float = 0.6
    shadow_x: float = 0
    shadow_y: float = 4
    shadow_blur: float = 3
    highlight_mode: bool = True
    highlight_color: str = "#fcea2a"
    highlight_scale: float = 1.0
    inactive_opacity: float = 1.0
    effect: Effect = "none"
    box_color: str | None = None
    box_opacity: float = 1.0
    box_radius: float = 14
    box_padding: float = 14
    glow_size: float = 14
    animation: Animation = "none"
    animation_ms: int = 120
    position_x: float = 0.5
    position_y: float = 0.85
    linger_ms: int = 250
    hold_gap_ms: int = 500

    @property
    def stroke(self) -> float:
        """The stroke that is drawn."""
        return self.stroke_width if self.stroke_enabled else 0.0

    @property
    def box_fill(self) -> str:
        return self.box_color or self.highlight_color

    @property
    def pop(self) -> float:
        """The size of the spoken word against its neighbours."""
        return self.highlight_scale if self.highlight_mode else 1.0


FIELDS = tuple(field.name for field in fields(Style))
INTEGERS = ("font_size", "max_lines", "words_per_caption", "animation_ms", "linger_ms", "hold_gap_ms")


def checked(plain: dict[str, Any]) -> Style:
    """A style from its fields; hex is lowered, words_per_caption is clamped while highlight_mode is on.

    Raises Unprocessable for an unknown field, a value out of its range, or a colour that is none.
    """
    known = {name: _checked(name, value) for name, value in plain.items()}
    if known.get("highlight_mode", Style.highlight_mode):
        low, high = HIGHLIGHT_WORDS
        known["words_per_caption"] = min(max(known.get("words_per_caption", Style.words_per_caption), low), high)
    return Style(**known)


def _checked(name: str, value: Any) -> Any:
    if name not in FIELDS:
        raise Unprocessable(f"`{name}` is not a field of a caption style.", param=name)
    if name in RANGES:
        return _number(name, value)
    if name in COLORS and not (name == "box_color" and value is None):
        if not isinstance(value, str) or not _HEX.fullmatch(value.lower()):
            raise Unprocessable(f"`{name}` is {value!r}; write a colour as #rrggbb.", param=name)
        return value.lower()
    if name in CHOICES and value not in CHOICES[name]:
        raise Unprocessable(f"`{name}` is {value!r}; use one of {', '.join(CHOICES[name])}.", param=name)
    return value


def _number(name: str, value: Any) -> float:
    low, high = RANGES[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise Unprocessable(f"`{name}` is {value!r}; use {low:g} to {high:g}.", param=name)
    return round(value) if name in INTEGERS else value


@functools.cache
def builtin() -> dict[str, tuple[str, Style]]:
    """slug -> (name, style) of the built-in styles, in the order in which they are shown."""
    rows = json.loads((ASSETS / "captions" / "styles.json").read_text("utf-8"))
    return {row.pop("slug"): (row.pop("name"), checked(row)) for row in rows}
