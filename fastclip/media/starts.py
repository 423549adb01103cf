"""Where a decoder can begin: what a container calls keyframes is looked at, a few hundred bytes each."""

from pathlib import Path

import numpy as np

from fastclip.media import tracks
from fastclip.media.codecs import CODECS, Codec, Refused
from fastclip.media.facts import Facts
from fastclip.media.index import keyframes
from fastclip.media.mp4.boxes import Unindexed
from fastclip.media.mp4.index import Track

_MOST_TRIED = 400
_MOST_OFFERED = 20_000
_HEAD_BYTES, _LONG_HEAD = 512, 16_384
_MOST_ORDERED, _ORDER_BYTES = 32, 128


def offered(source: Path, facts: Facts) -> list[float]:
    """Where a clip can begin without an encode, ascending: the pictures that a decoder can begin at.

    Known from the index and a few bytes at each keyframe; for sources without one, the container's own keyframes.
    """
    try:
        picture, _ = tracks.indexed(source, facts)
        if int(picture.is_key.sum()) > _MOST_OFFERED or facts.video_codec not in CODECS:
            return keyframes(source)
        entries = Starts(source, picture, CODECS[facts.video_codec](picture.entry.config)).every()
    except (Unindexed, Refused):
        return keyframes(source)
    shown = np.sort(picture.pts[entries])
    shown = shown[(shown >= picture.shown_from) & (shown < picture.shown_to)]
    return [float(at) for at in shown / picture.timescale - facts.start_s]


class Starts:
    """Finds where a decoder can begin: reads the first bytes of samples that the container calls keys."""

    def __init__(self, source: Path, picture: Track, codec: Codec) -> None:
        self._source, self._picture, self._codec = source, picture, codec
        self._keys = np.flatnonzero(picture.is_key)
        self._known: dict[int, bool] = {}

    def first_in(self, low: int, high: int) -> int | None:
        """The first entry shown in [low, high]."""
        times = self._picture.pts[self._keys]
        return self._first(self._keys[(times >= low) & (times <= high)])

    def last_before(self, pts: int, low: int, high: int) -> int | None:
        """The last entry among samples [low, high) that is shown at `pts` or before."""
        keys = self._keys[(self._keys >= low) & (self._keys < high)]
        return self._first(keys[self._picture.pts[keys] <= pts][::-1])

    def every(self) -> list[int]:
        """All entries of the track."""
        return [one for one in self._keys.tolist() if self._is_entry(one)]

    def check_all(self, samples: np.ndarray) -> None:
        """Raises Refused when one of the keys among `samples` brings other settings."""
        for sample in samples[self._picture.is_key[samples]].tolist():
            self._is_entry(sample)

    def check_order(self, samples: np.ndarray) -> None:
        """Raises Refused when B pictures are among `samples` and yet none is out of order: then the container tells
        when they are decoded, as VLC has written it, and not when they are shown."""
        if (np.diff(self._picture.pts[samples]) > 0).all() and any(
            self._codec.looks_ahead(self._head(one, _ORDER_BYTES)) for one in samples[:_MOST_ORDERED].tolist()
        ):
            raise Refused("does not tell in which order its frames are shown")

    def _first(self, keys: np.ndarray) -> int | None:
        return next((one for one in keys[:_MOST_TRIED].tolist() if self._is_entry(one)), None)

    def _is_entry(self, sample: int) -> bool:
        if sample not in self._known:
            found = self._codec.entry(self._head(sample, _HEAD_BYTES))
            self._known[sample] = bool(self._codec.entry(self._head(sample, _LONG_HEAD)) if found is None else found)
        return self._known[sample]

    def _head(self, sample: int, most: int) -> bytes:
        with open(self._source, "rb", buffering=0) as file:
            file.seek(int(self._picture.offset[sample]))
            return file.read(min(int(self._picture.size[sample]), most))
