"""Plans a cut that copies every whole GOP and encodes only its edges. Source: cutting.md section 4.

A plan is made from the source's index and a few hundred bytes at its keyframes; nothing is decoded. `splice` carries
it out. What cannot be cut so raises Refused, with the reason in words.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fastclip.media import Tell, soundtrack, tracks, window
from fastclip.media.codecs import CODECS, Codec, Refused
from fastclip.media.facts import Facts
from fastclip.media.mp4.boxes import Unindexed
from fastclip.media.mp4.index import Track
from fastclip.media.soundtrack import Sound
from fastclip.media.starts import Starts
from fastclip.media.window import Window

_CONTAINERS = ("mov", "matroska", "flv")
_PLAIN_PIXELS = ("yuv420p", "yuvj420p")
_MOST_HEAD, _MOST_COST = 0.6, 0.7
# CPU-ms a frame at 1080p, measured (cutting.md 0.7 and 5): to decode, to encode an edge, to encode the whole clip.
_DECODE, _ENCODE_EDGE, _ENCODE = 8.0, 13.0, 50.0
_MAX_LEADING = 64


@dataclass(frozen=True)
class Edge:
    """Frames that are encoded anew: decode samples [first, stop), keep those of `keep`: (pts, pts in the clip).

    dts: the source's own decoding times, which these frames take over.
    """

    first: int
    stop: int
    keep: list[tuple[int, int]]
    dts: np.ndarray


@dataclass(frozen=True)
class Recipe:
    """How a clip is put together. start, end: what it spans, in ticks of the picture. copied: sample numbers."""

    source: Path
    picture: Track
    codec: Codec
    window: Window
    start: int
    end: int
    head: Edge | None
    copied: np.ndarray
    tail: Edge | None
    sound: Sound | None
    reason: str

    @property
    def span_s(self) -> tuple[float, float]:
        """What the clip spans, to the tick."""
        return self.start / self.picture.timescale, self.end / self.picture.timescale

    @property
    def kind(self) -> str:
        return "smart" if self.head or self.tail else "copy"

    @property
    def encoded(self) -> int:
        return sum(len(edge.keep) for edge in (self.head, self.tail) if edge)


def plan(
    source: Path, facts: Facts, *, start_s: float, end_s: float, codecs: tuple[str, ...], tell: Tell | None = None
) -> Recipe:
    """Decide what to copy of [start, end) and what to encode. Raises Refused, and Unprocessable for an empty range."""
    _check(facts, codecs)
    try:
        picture, heard = tracks.read(source, facts, start_s, end_s, tell=tell)
    except Unindexed as reason:
        raise Refused(str(reason)) from None
    if picture.entries != 1:
        raise Refused("changes its format on the way")
    codec = CODECS[facts.video_codec or ""](picture.entry.config)
    wanted = _range(picture, facts, start_s, end_s)
    recipe = _divided(source, picture, codec, wanted)
    _check_cost(recipe, len(wanted.kept))
    made = soundtrack.plan(heard, picture, recipe.start, recipe.end) if facts.has_audio else None
    return _with(recipe, made)


def is_open_to(facts: Facts, codecs: tuple[str, ...]) -> bool:
    """Whether clips of such a source are copied at all, where a range lets them."""
    try:
        _check(facts, codecs)
    except Refused:
        return False
    return True


def _check(facts: Facts, codecs: tuple[str, ...]) -> None:
    codec = facts.video_codec or "unknown"
    if codec not in CODECS:
        raise Refused(f"is {codec.upper()}, which clips do not keep")
    if codec not in codecs:
        raise Refused(f"is {codec.upper()}, which not every player plays")
    if facts.is_hdr:
        raise Refused("is HDR, which is made standard range")
    if facts.is_interlaced:
        raise Refused("is interlaced, which is made progressive")
    if facts.format_detected.partition(",")[0] not in _CONTAINERS:
        raise Refused("is in a container that does not tell when its frames are shown")
    if facts.pix_fmt not in _PLAIN_PIXELS:
        raise Refused(f"stores its picture as {facts.pix_fmt}, which not every player plays")


@dataclass(frozen=True)
class _Range:
    """The presentation times of the frames kept, ascending; what they span, in ticks; the same as a Window."""

    kept: np.ndarray
    start: int
    end: int
    window: Window

    @property
    def begins_held(self) -> bool:
        """Whether the clip begins inside its first frame's time."""
        return self.start > int(self.kept[0])


def _range(picture: Track, facts: Facts, start_s: float, end_s: float) -> _Range:
    order = np.argsort(picture.pts, kind="stable")
    order = order[(picture.pts[order] >= picture.shown_from) & (picture.pts[order] < picture.shown_to)]
    shown = picture.pts[order]
    if (np.diff(shown) <= 0).any():
        raise Refused("shows two frames at one time")
    seconds = (shown / picture.timescale if picture.rough_s is None else picture.rough_s[order]) - facts.start_s
    low = max(0, int(np.searchsorted(seconds, start_s)) - 3)
    near = slice(low, int(np.searchsorted(seconds, end_s)) + 3)
    times, ticks, step_s = seconds[near].tolist(), shown[near], float(1 / facts.fps) if facts.fps else 0.04
    window_ = window.choose(times, start_s, end_s, step_s)
    first = next(place for place, time in enumerate(times) if time > window_.low_s)
    after = first + window_.frames
    start, end = (round((at + facts.start_s) * picture.timescale) for at in (window_.start_s, window_.end_s))
    if window_.start_s == times[first]:
        start = int(ticks[first])
    if after == len(times):
        end = int(ticks[-1]) + round(step_s * picture.timescale)
    elif window_.end_s == times[after]:
        end = int(ticks[after])
    return _Range(ticks[first:after], start, end, window_)


def _divided(source: Path, picture: Track, codec: Codec, wanted: _Range) -> Recipe:
    """The picture's part of the recipe: where the copy begins and ends, and what is encoded before and after."""
    kept, look = wanted.kept, Starts(source, picture, codec)
    low = int(kept[1 if wanted.begins_held and len(kept) > 1 else 0])
    entry = None if wanted.begins_held and len(kept) == 1 else look.first_in(low, int(kept[-1]))
    if entry is None:
        raise Refused("has no keyframe in this range that a copy could begin at")
    leading = _leading(picture, entry)
    head = _head(picture, look, kept[kept < picture.pts[entry]], entry, leading, wanted.start)
    copied, stop = _copied(picture, entry, leading, kept[kept >= picture.pts[entry]])
    tail = _tail(picture, look, kept[kept > picture.pts[copied].max()], copied, stop)
    look.check_all(copied)
    look.check_order(copied)
    _check_order(picture, head, copied, tail)
    return Recipe(
        source, picture, codec, wanted.window, wanted.start, wanted.end, head, copied, tail, sound=None, reason=""
    )


def _leading(picture: Track, entry: int) -> int:
    """How many samples after an entry are shown before it: those of an open GOP, which are encoded with the head."""
    near = picture.pts[entry + 1 : entry + 1 + _MAX_LEADING] > picture.pts[entry]
    return int(np.argmax(near)) if near.any() else len(near)


def _head(picture: Track, look: Starts, kept: np.ndarray, entry: int, leading: int, start: int) -> Edge | None:
    if not len(kept):
        return None
    first = look.last_before(int(kept[0]), 0, entry)
    if first is None:
        raise Refused("has no keyframe before this range that a decoder could begin at")
    keep = [(int(at), max(start, int(at))) for at in kept]
    if len(kept) > entry:
        raise Refused("shows its frames in an order of its own")
    return Edge(first, entry + leading + bool(leading), keep, picture.dts[entry - len(kept) : entry])


def _copied(picture: Track, entry: int, leading: int, kept: np.ndarray) -> tuple[np.ndarray, int]:
    """The longest stretch from `entry` on, without its leading samples, that holds only frames of the range and lacks
    none in between; and the first sample that no frame of the range needs."""
    stop = int(np.searchsorted(picture.dts, kept[-1], "right"))
    samples = np.append(entry, np.arange(entry + leading + 1, max(stop, entry + leading + 1)))
    pts = picture.pts[samples]
    length = int(np.argmax(pts > kept[-1])) if (pts > kept[-1]).any() else len(pts)
    while length:
        rest = pts[length:]
        rest = rest[rest <= kept[-1]]
        if not len(rest) or rest.min() > pts[:length].max():
            break
        length -= 1
    if not length:
        raise Refused("shows its frames in an order of its own")
    return samples[:length], stop


def _tail(picture: Track, look: Starts, kept: np.ndarray, copied: np.ndarray, stop: int) -> Edge | None:
    if not len(kept):
        return None
    after = int(copied[-1]) + 1
    first = look.last_before(int(kept[0]), int(copied[0]), after)
    assert first is not None, "the first copied sample is an entry"
    return Edge(first, stop, [(int(at), int(at)) for at in kept], picture.dts[after : after + len(kept)])


def _check_order(picture: Track, head: Edge | None, copied: np.ndarray, tail: Edge | None) -> None:
    """Every frame once, decoding times rising and never after the time shown: what players rely on."""
    parts = [(edge.dts, np.array([at for _, at in edge.keep])) if edge else None for edge in (head, tail)]
    both = [parts[0], (picture.dts[copied], picture.pts[copied]), parts[1]]
    dts = np.concatenate([one[0] for one in both if one])
    pts = np.concatenate([one[1] for one in both if one])
    is_good = len(dts) == len(pts) and (np.diff(dts) > 0).all() and (dts <= pts).all()
    if not is_good or len(np.unique(pts)) != len(pts):
        raise Refused("has timestamps of its own kind")
    if head is not None and head.stop - head.first < len(head.keep):
        raise Refused("shows its frames in an order of its own")


def _check_cost(recipe: Recipe, frames: int) -> None:
    head = len(recipe.head.keep) if recipe.head else 0
    decoded = sum(edge.stop - edge.first for edge in (recipe.head, recipe.tail) if edge)
    if head > _MOST_HEAD * frames:
        raise Refused(f"has its first usable keyframe {head} frames into this range of {frames}")
    if decoded * _DECODE + recipe.encoded * _ENCODE_EDGE > _MOST_COST * frames * _ENCODE:
        raise Refused("has its keyframes so far apart that an encode is as quick")


def _with(recipe: Recipe, made: Sound | None) -> Recipe:
    """The recipe with its sound, and why it is as it is."""
    if recipe.kind == "copy":
        said = "begins on a keyframe and ends on a whole frame: copied"
    else:
        said = f"{recipe.encoded} of {recipe.window.frames} frames encoded, the rest copied"
    if made is not None and made.reason:
        said += f"; sound encoded, {made.reason}"
    return replace(recipe, sound=made, reason=said)
