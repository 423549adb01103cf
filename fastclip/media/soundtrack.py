"""The sound of a clip whose picture is copied: AAC is copied to the sample, anything else is encoded beside it.

A decoder needs the packet before the first that is heard; an edit list hides it. Source: cutting.md sections 2 and 4.
"""

from dataclasses import dataclass

import numpy as np

from fastclip.media.codecs.nal import Bits
from fastclip.media.mp4.index import Track

_AAC_LC = 2
_FRAME_SAMPLES = (1024, 960)
_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_EXTENSION = b"\x56\xe5"  # what announces SBR in the backward-compatible way; the next bit says whether it is there
_LOWEST_PLAIN_RATE = 32000  # below, SBR may double it without a word
_HIGHEST_RATE = 90_000


@dataclass(frozen=True)
class Sound:
    """The samples [start, end) of the source's timeline, at `rate`.

    track: what they are copied from, None when they are encoded, and then `reason` says why. first, stop: its packets.
    """

    start: int
    end: int
    rate: int
    track: Track | None = None
    first: int = 0
    stop: int = 0
    reason: str = ""


def plan(track: Track | None, picture: Track, start: int, end: int) -> Sound:
    """The sound that belongs to the picture's ticks [start, end)."""
    rate = _rate(track) if track else 0
    if track is None or not rate:
        return Sound(0, 0, 0, reason="it is not AAC-LC")
    first = _scaled(start, rate, picture.timescale)
    last = first + _scaled(end - start, rate, picture.timescale)
    return packets_for(track, first, last, rate)


def packets_for(track: Track, start: int, end: int, rate: int) -> Sound:
    """The packets that hold the samples [start, end), and one before."""
    if start < track.shown_from or end > track.shown_to:
        return Sound(start, end, rate, reason="it does not fill the range")
    first = max(0, int(np.searchsorted(track.pts, start, "right")) - 2)
    stop = int(np.searchsorted(track.pts, end, "left"))
    lengths = np.diff(track.pts[first : stop + 1])
    if stop - first < 1 or track.pts[first] > start or not len(lengths) or (lengths != lengths[0]).any():
        return Sound(start, end, rate, reason="its packets have gaps")
    if int(lengths[0]) not in _FRAME_SAMPLES:
        return Sound(start, end, rate, reason="its packets are of an unusual length")
    return Sound(start, end, rate, track, first, stop)


def _rate(track: Track) -> int:
    """Samples a second of a track that can be copied to the sample; 0 for any other."""
    if track.entry.fourcc != b"mp4a" or track.entries != 1:
        return 0
    try:
        bits = Bits(track.entry.config)
        kind, place = bits.take(5), bits.take(4)
    except IndexError:
        return 0
    said = track.entry.config.partition(_EXTENSION)[2]
    rate = _RATES[place] if place < len(_RATES) else 0
    is_plain = kind == _AAC_LC and not (said and said[0] & 0x80) and _LOWEST_PLAIN_RATE <= rate <= _HIGHEST_RATE
    return rate if is_plain and track.timescale == rate else 0


def _scaled(ticks: int, to: int, timescale: int) -> int:
    return (ticks * to * 2 + timescale) // (timescale * 2)
