"""What a cut is: how it will be made, and what came out of it."""

from dataclasses import dataclass
from pathlib import Path

from fastclip.media import lossless
from fastclip.media.facts import Facts
from fastclip.media.smart import Recipe
from fastclip.media.window import Window

KINDS = ("copy", "smart", "encode")
"""What a plan can be, the cheapest first."""


@dataclass(frozen=True)
class Plan:
    """How a range will be cut. kind: one of KINDS; reason: why this one. recipe: for the kinds "copy" and "smart".

    window: the frames kept, None for sound alone. start_s, end_s: what the clip spans, on the source's timeline.
    width_px, height_px: of the clip, upright. rate: frames a second of a GIF. plan_s: seconds spent on planning.
    captions: the folder with what is drawn into the picture.
    """

    kind: str
    reason: str
    format: str
    facts: Facts
    start_s: float
    end_s: float
    window: Window | None = None
    width_px: int | None = None
    height_px: int | None = None
    rate: int | None = None
    plan_s: float = 0.0
    recipe: Recipe | lossless.Copy | None = None
    force: str | None = None
    captions: Path | None = None


@dataclass(frozen=True)
class Cut:
    """A finished clip. frames is None for sound alone; stages: the seconds that each step took."""

    plan_kind: str
    reason: str
    frames: int | None
    start_s: float
    duration_s: float
    width_px: int | None
    height_px: int | None
    size_bytes: int
    stages: dict[str, float]
