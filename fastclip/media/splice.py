"""Carries out a smart cut: encodes its edges, puts all samples into one file, and proves that file.

Source: cutting.md section 4. Whatever does not come out as planned raises Failed, and the clip is encoded whole.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from fastclip.media import Tell, audio, edges, ffmpeg, graph, proof, soundtrack
from fastclip.media.codecs import Refused
from fastclip.media.facts import Facts
from fastclip.media.mp4 import index, write
from fastclip.media.mp4.boxes import Unindexed
from fastclip.media.smart import Edge, Recipe

_BESIDE = 5
_HEAD, _KEYS, _SOURCE, _TAIL, _SOUND_FILE = range(5)
_CUTTING, _SOUND, _COPYING = 0.7, 0.85, 0.98


class Failed(RuntimeError):
    """A clip that did not come out as planned; says what, for the log and the job's reason."""


def splice(recipe: Recipe, facts: Facts, target: Path, *, tell: Tell | None) -> tuple[int, dict[str, float]]:
    """Write the clip to `target`; return how many frames it holds, and the seconds that each stage took.

    Raises Failed, OSError (a full disk), and what `tell` raises.
    """
    said: Tell = tell or (lambda fraction, stage: None)
    watch = _Stopwatch()
    with _beside(target) as (first, keys, last, heard):
        try:
            made = _edges(recipe, facts, (first, last), said)
            tracks = [_picture(recipe, made, keys)]
            watch.lap("cut")
            sources = [first, keys, recipe.source, last]
            if recipe.sound is not None:
                tracks.append(_sound(recipe, facts, heard, said))
                sources.append(heard)
                watch.lap("sound")
            _write(target, tracks, sources, said)
            watch.lap("copy")
            said(_COPYING, "Checking")
            proof.check(target, tracks, sources)
            watch.lap("check")
        except (ffmpeg.Failed, Refused, Unindexed, proof.Wrong, EOFError, OverflowError) as error:
            raise Failed(str(error)) from error
    return len(tracks[0].dts), watch.laps


class _Stopwatch:
    """Seconds between laps, by name."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._began = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name], self._began = now - self._began, now


@contextmanager
def _beside(target: Path) -> Iterator[list[Path]]:
    """Places for the head, rewritten keyframes, the tail and the sound; gone at the end."""
    places = [target.with_name(f"{target.name}.{name}") for name in ("head", "keys", "tail", "sound.m4a")]
    try:
        for place in places:
            place.touch()
        yield places
    finally:
        for place in places:
            place.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Piece:
    """Samples ready for the track: the encoded head, what is copied, or the encoded tail. file: where each lies."""

    file: np.ndarray
    dts: np.ndarray
    pts: np.ndarray
    offset: np.ndarray
    size: np.ndarray
    is_key: np.ndarray


@dataclass(frozen=True)
class _Edges:
    head: _Piece | None
    tail: _Piece | None
    config: bytes


def _edges(recipe: Recipe, facts: Facts, targets: tuple[Path, Path], tell: Tell) -> _Edges:
    asks = [
        _ask(recipe, edge, target) for edge, target in zip((recipe.head, recipe.tail), targets, strict=True) if edge
    ]
    if not asks:
        return _Edges(None, None, recipe.picture.entry.config)
    count = recipe.encoded

    def told(fraction: float, _: str) -> None:
        tell(fraction * _CUTTING, f"Cutting: {round(fraction * count)} of {count} frames")

    stream = _stream(recipe, facts)
    seconds = sum(len(ask.samples) for ask in asks) / float(stream.rate)
    made = edges.make(stream, asks, tell=told, stage="", limits=graph.limits(facts, seconds + 5))
    pieces = iter(made.edges)
    head = _made(_HEAD, recipe.head, next(pieces)) if recipe.head else None
    tail = _made(_TAIL, recipe.tail, next(pieces)) if recipe.tail else None
    return _Edges(head, tail, recipe.codec.joined(made.extradata))


def _stream(recipe: Recipe, facts: Facts) -> edges.Stream:
    picture, rate = recipe.picture, facts.fps or Fraction(25)
    return edges.Stream(recipe.source, facts.video_codec or "", picture.entry.config, picture.timescale, rate)


def _ask(recipe: Recipe, edge: Edge, target: Path) -> edges.Ask:
    is_head = edge is recipe.head
    beside = recipe.copied[:_BESIDE] if is_head else np.array([edge.first])
    return edges.Ask(
        _places(recipe, np.arange(edge.first, edge.stop)), edge.keep, _places(recipe, beside), is_head, target
    )


def _places(recipe: Recipe, samples: np.ndarray) -> list[tuple[int, int, int]]:
    track = recipe.picture
    rows = np.stack([track.offset[samples], track.size[samples], track.pts[samples]], 1)
    return [(offset, size, pts) for offset, size, pts in rows.tolist()]


def _made(file: int, edge: Edge, samples: list[tuple[int, int, bool]]) -> _Piece:
    pts, size, is_key = (np.array(column) for column in zip(*samples, strict=True))
    return _Piece(np.full(len(pts), file), edge.dts, pts, np.cumsum(size) - size, size, is_key)


def _picture(recipe: Recipe, made: _Edges, keys: Path) -> write.Track:
    track, copied = recipe.picture, recipe.copied
    middle = _Piece(
        np.full(len(copied), _SOURCE),
        track.dts[copied],
        track.pts[copied],
        track.offset[copied],
        track.size[copied],
        track.is_key[copied],
    )
    entry = track.entry.with_config(made.config)
    if made.head or made.tail:
        entry = entry.with_fourcc(recipe.codec.joined_fourcc)
        if recipe.codec.prefix:
            middle = _prefixed(recipe, middle, keys)
    pieces = [piece for piece in (made.head, middle, made.tail) if piece]
    dts, pts, file, offset, size, is_key = (
        np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ("dts", "pts", "file", "offset", "size", "is_key")
    )
    first = int(dts[0])
    return write.Track(
        "video",
        track.timescale,
        entry,
        dts - first,
        pts - first,
        file,
        offset,
        size,
        is_key,
        last=recipe.end - int(pts.max()),
        begin=recipe.start - first,
        length=recipe.end - recipe.start,
        matrix=track.matrix,
        display=track.display,
        language=track.language,
    )


def _prefixed(recipe: Recipe, piece: _Piece, keys: Path) -> _Piece:
    """The copied samples with their settings before each keyframe, which are written to `keys`."""
    file, offset, size = piece.file.copy(), piece.offset.copy(), piece.size.copy()
    with open(recipe.source, "rb") as source, open(keys, "wb") as out:
        for place in np.flatnonzero(piece.is_key).tolist():
            source.seek(int(offset[place]))
            sample = recipe.codec.prefix + source.read(int(size[place]))
            file[place], offset[place], size[place] = _KEYS, out.tell(), len(sample)
            out.write(sample)
    return replace(piece, file=file, offset=offset, size=size)


def _sound(recipe: Recipe, facts: Facts, target: Path, tell: Tell) -> write.Track:
    wanted, file = recipe.sound, _SOURCE
    assert wanted is not None
    if wanted.track is None:
        wanted, file = _encoded_sound(recipe, facts, target, tell), _SOUND_FILE
    track = wanted.track
    assert track is not None
    part = slice(wanted.first, wanted.stop)
    dts = track.pts[part] - track.pts[wanted.first]
    return write.Track(
        "audio",
        track.timescale,
        track.entry,
        dts,
        dts,
        np.full(len(dts), file),
        track.offset[part],
        track.size[part],
        None,
        last=wanted.end - int(track.pts[wanted.stop - 1]),
        begin=wanted.start - int(track.pts[wanted.first]),
        length=wanted.end - wanted.start,
        language=track.language,
    )


def _encoded_sound(recipe: Recipe, facts: Facts, target: Path, tell: Tell) -> soundtrack.Sound:
    """The range's sound, encoded beside the clip, as packets to be copied from there."""
    timescale = recipe.picture.timescale
    span = (recipe.start / timescale - facts.start_s, recipe.end / timescale - facts.start_s)

    def told(fraction: float, stage: str) -> None:
        tell(_CUTTING + fraction * (_SOUND - _CUTTING), stage)

    audio.write(recipe.source, target, facts, span, "m4a", tell=told, pad=True)
    track = next(one for one in index.read(target).tracks if one is not None and one.kind == "audio")
    length = graph.samples(span[1] - span[0], track.timescale)
    made = soundtrack.packets_for(track, 0, length, track.timescale)
    if made.track is None:
        raise Failed(f"sound encoded, but {made.reason}")
    return made


def _write(target: Path, tracks: list[write.Track], sources: list[Path], tell: Tell) -> None:
    def told(fraction: float) -> None:
        tell(_SOUND + fraction * (_COPYING - _SOUND), "Copying")

    write.write(target, tracks, sources, tell=_seldom(told))


def _seldom(tell: Callable[[float], None]) -> Callable[[float], None]:
    """`tell`, four times a second at most."""
    last = 0.0

    def told(fraction: float) -> None:
        nonlocal last
        if time.monotonic() - last >= 0.25:
            tell(fraction)
            last = time.monotonic()

    return told
