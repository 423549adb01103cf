"""When the frames of a source are shown: around a range, all of them, and which are keyframes.

Times count from the container's start, as `-ss` does. The functions above `main` run in the parent, those below it
in a child of their own (`ffmpeg.child`), for they open files from strangers.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastclip.media import Tell, ffmpeg

EPSILON_S = 0.0005
STAGE = "Reading the frames"

_LIMITS = ffmpeg.Limits(cpu_s=900, wall_s=1200, file_bytes=256 << 20)
_WHOLE_READ_BYTES = 256 << 20
_INDEXED = ("mov", "matroska", "avi")
_AFTER_S = 0.5
_MAX_FRAMES = 6_000_000  # three hours at more than 500 frames a second


def around(source: Path, start_s: float, end_s: float, *, tell: Tell | None = None) -> list[float] | None:
    """All frame times from the keyframe before `start_s` to the first frame after `end_s`, ascending.

    They come from the packets, without decoding; None where those carry no times.
    """
    asked = ["around", str(source), str(start_s), str(end_s)]
    times: list[float] | None = json.loads(ffmpeg.child("index", asked, tell=tell, stage=STAGE, limits=_LIMITS))
    return times


def frame_times(source: Path, target: Path, *, tell: Tell | None = None) -> int:
    """Write when each frame is shown, ascending, uint32 little-endian in units of 10 microseconds; return how many."""
    asked = ["frame_times", str(source), str(target)]
    return int(ffmpeg.child("index", asked, tell=tell, stage=STAGE, limits=_LIMITS))


def keyframes(source: Path) -> list[float]:
    """When each keyframe is shown, ascending. A file over 256 MB that has an index is not read: that answers.

    The index of an MP4 holds decoding times, so its keyframes stand where the first one's delay puts them.
    """
    return [float(one) for one in json.loads(ffmpeg.child("index", ["keyframes", str(source)], limits=_LIMITS))]


def looks(source: Path, start_s: float, end_s: float, *, tell: Tell | None = None) -> tuple[bool, bool]:
    """Of the frames of [start, end), as decoded: whether they change their size or colours on the way, and whether
    they come in the order of their times."""
    asked = ["looks", str(source), str(start_s), str(end_s)]
    is_resized, is_rising = json.loads(ffmpeg.child("index", asked, tell=tell, stage=STAGE, limits=_LIMITS))
    return is_resized, is_rising


def main(task: str, path: str, *rest: str) -> None:
    """In the child: one of the four tasks, its answer on standard output."""
    from fastclip.media import reader

    if task == "around":
        reader.answer(_times_around(path, float(rest[0]), float(rest[1])))
    elif task == "frame_times":
        reader.answer(_write_times(path, rest[0]))
    elif task == "looks":
        reader.answer(_looks(path, float(rest[0]), float(rest[1])))
    else:
        reader.answer(_keyframe_times(path))


class Source:
    """The picture of an open file, its times counted from the container's start. Only for children."""

    def __init__(self, path: str) -> None:
        from av.stream import Discard

        from fastclip.media import reader

        self.container = reader.opened(path)
        picture: Any = reader.picture(self.container)
        self.stream = picture
        self.stream.thread_type = "AUTO"
        self.start = (self.container.start_time or 0) / 1e6
        for other in self.container.streams:
            if other is not self.stream:
                other.discard = Discard.all

    def seek(self, at_s: float) -> None:
        """Go to the keyframe before; at the beginning there is nothing to do."""
        if at_s > 0:
            self.container.seek(int((at_s + self.start) / self.stream.time_base), stream=self.stream)

    def seconds(self, ticks: int) -> float:
        return float(ticks * self.stream.time_base) - self.start

    def packets(self) -> Iterator[Any]:
        """Up to the end, or to where the file is damaged; also those that an edit list hides (`is_discard`)."""
        from av.error import FFmpegError

        with suppress(FFmpegError):
            for packet in self.container.demux(self.stream):
                if packet.size:
                    yield packet

    def frames(self) -> Iterator[Any]:
        """Decoded, skipping what is damaged."""
        from av.error import FFmpegError

        for packet in self.packets():
            with suppress(FFmpegError):
                yield from packet.decode()
        with suppress(FFmpegError):
            yield from self.stream.codec_context.decode(None)


def _times_around(path: str, start_s: float, end_s: float) -> list[float] | None:
    back = 1.0
    while True:
        source = Source(path)
        at = max(0.0, start_s - back)
        with suppress(OSError):  # a file without an index cannot seek: it is read from where it stands
            source.seek(at)
        times = _demuxed(source, end_s)
        if at == 0 or times is None or (times and times[0] < start_s - EPSILON_S):
            return times
        back *= 8


def _demuxed(source: Source, end_s: float) -> list[float] | None:
    """Sorted packet times, or None where a packet has none."""
    times: list[float] = []
    after, has_begun = float("inf"), False
    for packet in source.packets():
        if packet.pts is None:
            return None
        has_begun = has_begun or packet.is_keyframe
        if packet.is_discard or not has_begun:
            continue
        times.append(source.seconds(packet.pts))
        if times[-1] >= end_s - EPSILON_S:
            after = min(after, times[-1])
        if (source.seconds(packet.dts) if packet.dts is not None else times[-1] - 2) > after:
            break
    return sorted(set(times))


def _looks(path: str, start_s: float, end_s: float) -> tuple[bool, bool]:
    source, last, is_rising = Source(path), -1, True
    kinds: set[tuple[Any, ...]] = set()
    with suppress(OSError):  # a file without an index is read from its beginning
        source.seek(start_s)
    for frame in source.frames():
        at = frame.pts if frame.pts is not None else last + 1
        kinds.add((frame.width, frame.height, frame.format.name, int(frame.colorspace), int(frame.color_range)))
        is_rising, last = is_rising and at > last, at
        if source.seconds(at) >= end_s + _AFTER_S:
            break
    return len(kinds) > 1, is_rising


def _write_times(path: str, target: str) -> int:
    import numpy

    from fastclip.media import reader

    source = Source(path)
    ticks: list[int] = []
    total = (source.container.duration or 0) / 1e6
    for place, packet in enumerate(source.packets()):
        if packet.pts is None:
            ticks = [frame.pts for frame in Source(path).frames() if frame.pts is not None]
            break
        if packet.is_discard:
            continue
        ticks.append(packet.pts)
        if place % 2000 == 0 and total:
            reader.progress(max(0.0, source.seconds(packet.pts)) / total)
        if place > _MAX_FRAMES:
            break
    seconds = numpy.unique(numpy.array(ticks, dtype="int64")) * float(source.stream.time_base) - source.start
    numpy.round(seconds.clip(min=0) * 1e5).astype("<u4").tofile(target)
    return len(seconds)


def _keyframe_times(path: str) -> list[float]:
    source = Source(path)
    if os.path.getsize(path) > _WHOLE_READ_BYTES and source.container.format.name.startswith(_INDEXED):
        found = _from_the_index(source)
        if len(found) > 1:
            return found
        source = Source(path)
    keys = [one for one in source.packets() if one.is_keyframe and not one.is_discard]
    return sorted({source.seconds(one.pts if one.pts is not None else one.dts or 0) for one in keys})


def _from_the_index(source: Source) -> list[float]:
    first = next((one for one in source.packets() if one.is_keyframe and one.pts is not None), None)
    if first is None:
        return []
    with suppress(OSError):  # Matroska reads its index at the first seek
        source.seek(source.seconds(first.pts) + 1)
    delay = first.pts - first.dts if first.dts is not None else 0
    if not source.container.format.name.startswith("mov"):
        delay = 0
    return sorted({source.seconds(one.timestamp + delay) for one in source.stream.index_entries if one.is_keyframe})


if __name__ == "__main__":
    main(*sys.argv[1:])
