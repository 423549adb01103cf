"""Draws a waveform's numbers: the loudest moment of each fiftieth of a second, one byte each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ffmpeg as builder
import numpy

from fastclip.media import Tell, ffmpeg, graph, signature

_RATE = 16_000
_LIMITS = ffmpeg.Limits(memory_bytes=2 << 30, cpu_s=1800, wall_s=3600)


def write(
    source: Path, target: Path, *, per_second: int = 50, duration_s: float | None = None, tell: Tell | None = None
) -> int:
    """Write raw uint8 peaks (0 silence, 255 full scale, mono) to `target` and return how many.

    The first begins at the container's start, also where the sound begins later. Memory does not grow with length.
    duration_s: of the source, what the fraction told is counted by.
    """
    size = _RATE // per_second
    expected = duration_s * per_second if duration_s else float("inf")
    with target.open("wb") as file:
        buckets = _Buckets(size, file.write)
        ffmpeg.stream(
            arguments(source),
            buckets.feed,
            fraction=lambda: min(1.0, buckets.count / expected),
            tell=tell,
            stage="Drawing the waveform",
            limits=_LIMITS,
        )
        buckets.end()
    return buckets.count


def arguments(source: Path) -> list[str]:
    """What `write` asks of ffmpeg: mono samples on standard output, silence where there is no sound yet."""
    stream = graph.whole_sound(graph.source(source)["a:0"], _RATE, is_asf="asf" in signature.of(source))
    return graph.argv(builder.output(stream, "pipe:1", **{"c:a": "pcm_s16le", "ac": 1, "f": "s16le"}))


class _Buckets:
    """Turns samples that come in any portions into peaks of `size` samples each."""

    def __init__(self, size: int, write: Callable[[bytes], object]) -> None:
        self.size, self.count, self._write, self._left = size, 0, write, b""

    def feed(self, chunk: bytes) -> None:
        whole = self._left + chunk
        cut = len(whole) // (self.size * 2) * self.size * 2
        self._left = whole[cut:]
        self._put(numpy.frombuffer(whole[:cut], dtype="<i2").reshape(-1, self.size))

    def end(self) -> None:
        rest = numpy.frombuffer(self._left[: len(self._left) // 2 * 2], dtype="<i2")
        if rest.size:
            self._put(rest.reshape(1, -1))

    def _put(self, rows: "numpy.ndarray[Any, Any]") -> None:
        if rows.size:
            loudest = numpy.abs(rows.astype("int32")).max(axis=1)
            self._write((loudest * 255 // 32768).astype("uint8").tobytes())
            self.count += len(rows)
