"""Copies a range's sound without encoding it, where the codec lets that be exact: MP3, AAC to M4A, WAV.

No process is started: a file is planned from its own headers, written, and read back, in a few milliseconds.
Source: cutting.md section 7.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from fastclip.media import Tell, adts, graph, mp3, proof, soundtrack, wav
from fastclip.media.codecs import Refused
from fastclip.media.facts import Facts
from fastclip.media.mp4 import index
from fastclip.media.mp4 import write as mp4
from fastclip.media.mp4.boxes import Unindexed
from fastclip.media.soundtrack import Sound

_REFUSALS = {
    "mp3": "sound is written anew: the source is no MP3",
    "m4a": "sound is written anew: the source is no AAC",
    "wav": "sound is written anew: the source is no WAV",
    "flac": "sound is written anew, without loss",
}


class Copy(Protocol):
    """Sound that can be copied. span_s: what it spans, on the container's own timeline."""

    @property
    def reason(self) -> str: ...

    @property
    def span_s(self) -> tuple[float, float]: ...

    def write(self, target: Path) -> None: ...

    def check(self, target: Path) -> None: ...


class Failed(RuntimeError):
    """A copy that did not come out as planned; says what."""


def plan(source: Path, facts: Facts, start_s: float, end_s: float, form: str) -> Copy:
    """How to copy [start, end) into `form`. Raises Refused, with a whole sentence's worth of reason."""
    rate, container = facts.sample_rate or 0, facts.format_detected.partition(",")[0]
    start = round(start_s * rate) + round(facts.start_s * rate)
    end = start + graph.samples(end_s - start_s, rate)
    try:
        if (container, form) == ("mp3", "mp3"):
            return mp3.plan(source, start, end)
        if (container, form) == ("wav", "wav"):
            return wav.plan(source, start, end)
        if facts.audio_codec == "aac" and form == "m4a" and container in ("mov", "aac"):
            return _aac(source, facts, container, start, end)
    except (Refused, Unindexed) as reason:
        raise Refused(f"sound is written anew: the source {reason}") from None
    raise Refused(_REFUSALS[form])


def copy(made: Copy, target: Path, *, tell: Tell | None) -> dict[str, float]:
    """Write and check; the seconds that each took. Raises Failed, OSError (a full disk), and what `tell` raises."""
    began = time.monotonic()
    try:
        if tell:
            tell(0.0, "Copying")
        made.write(target)
        written = time.monotonic()
        if tell:
            tell(0.9, "Checking")
        made.check(target)
    except (Refused, Unindexed, proof.Wrong, EOFError, OverflowError) as error:
        raise Failed(str(error)) from error
    return {"copy": written - began, "check": time.monotonic() - written}


@dataclass(frozen=True)
class _Aac:
    """AAC packets of a source, for an M4A whose edit list hides what stands around the range."""

    source: Path
    sound: Sound
    reason: str = "AAC packets copied, none encoded"

    @property
    def span_s(self) -> tuple[float, float]:
        return self.sound.start / self.sound.rate, self.sound.end / self.sound.rate

    def write(self, target: Path) -> None:
        mp4.write(target, [self._track], [self.source], tell=lambda fraction: None)

    def check(self, target: Path) -> None:
        proof.check(target, [self._track], [self.source])

    @property
    def _track(self) -> mp4.Track:
        sound, track = self.sound, self.sound.track
        assert track is not None
        part = slice(sound.first, sound.stop)
        times = track.pts[part] - track.pts[sound.first]
        return mp4.Track(
            "audio",
            track.timescale,
            track.entry,
            times,
            times,
            np.zeros(len(times), np.int64),
            track.offset[part],
            track.size[part],
            None,
            last=sound.end - int(track.pts[sound.stop - 1]),
            begin=sound.start - int(track.pts[sound.first]),
            length=sound.end - sound.start,
            language=track.language,
        )


def _aac(source: Path, facts: Facts, container: str, start: int, end: int) -> _Aac:
    if container == "aac":
        track = adts.index(source)
    else:
        tracks, place = index.read(source).tracks, facts.audio_index or 0
        found = tracks[place] if place < len(tracks) else None
        if found is None or found.kind != "audio":
            raise Refused("has an index that ffmpeg reads otherwise")
        track = found
    end = min(end, track.shown_to)
    if end <= start:
        raise Refused("has no sound in this range")
    sound = soundtrack.plan(track, track, start, end)
    if sound.track is None:
        raise Refused(f"cannot be copied: {sound.reason}")
    return _Aac(source, sound)
