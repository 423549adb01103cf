"""When the frames of a source are shown: which ones a range holds, all of them, and which are keyframes.

Times count from the container's start, as `-ss` does. The functions above `main` run in the parent, those below it
in a child of their own (`ffmpeg.child`), for they open files from strangers.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastclip.errors import Unprocessable
from fastclip.media import Tell, ffmpeg
from fastclip.media.facts import Facts

EPSILON_S = 0.0005
HELD_S = 0.1  # a frame shown longer than this is a still picture that a clip may begin or end inside

_LIMITS = ffmpeg.Limits(cpu_s=900, wall_s=1200, file_bytes=256 << 20)
_WHOLE_READ_BYTES = 256 << 20
_MAX_FRAMES = 6_000_000  # three hours at more than 500 frames a second


@dataclass(frozen=True)
class Window:
    """The frames that a clip keeps: those with start - 0.5 ms <= pts < end - 0.5 ms.

    start_s, end_s: what the clip spans, from its first frame to the end of its last. low_s, high_s: halfway to the
    frames before and after, None where there are none: what a trim can safely compare with. is_held: the clip begins
    inside the time of a frame that stands still, and shows that frame first.
    """

    start_s: float
    end_s: float
    low_s: float
    high_s: float | None
    frames: int
    is_held: bool = False


def window(source: Path, facts: Facts, *, start_s: float, end_s: float, by_decoding: bool = False) -> Window:
    """The frames of `source` in the range, from its packets' timestamps (or, slower and always true, its frames').

    Raises Unprocessable when the range holds no frame.
    """
    by_decoding = by_decoding or facts.format_detected == "avi"  # AVI stores no presentation times
    asked = ["window", str(source), str(start_s), str(end_s), str(int(by_decoding))]
    times: list[float] = json.loads(ffmpeg.child("index", asked, limits=_LIMITS))
    return _choose(times, start_s, end_s, float(1 / facts.fps) if facts.fps else 0.04)


def frame_times(source: Path, target: Path, *, tell: Tell | None = None) -> int:
    """Write when each frame is shown, ascending, uint32 little-endian in units of 10 microseconds; return how many."""
    asked = ["frame_times", str(source), str(target)]
    return int(ffmpeg.child("index", asked, tell=tell, stage="Reading the frames", limits=_LIMITS))


def keyframes(source: Path) -> list[float]:
    """When each keyframe is shown, ascending. Files over 256 MB are not read: their own index answers.

    Such an index holds decoding times, so its keyframes stand where the first one's delay puts them.
    """
    return [float(one) for one in json.loads(ffmpeg.child("index", ["keyframes", str(source)], limits=_LIMITS))]


def _choose(times: list[float], start_s: float, end_s: float, step_s: float) -> Window:
    before = [one for one in times if one < start_s - EPSILON_S]
    kept = [one for one in times if start_s - EPSILON_S <= one < end_s - EPSILON_S]
    after = next((one for one in times if one >= end_s - EPSILON_S), None)
    upcoming = kept[0] if kept else after
    is_held = bool(before) and upcoming is not None and upcoming - max(start_s, before[-1]) > HELD_S
    if is_held:
        kept.insert(0, before.pop())
    if not kept:
        raise _nothing(times, start_s, end_s)
    if after is None:
        end = kept[-1] + step_s
    else:
        end = after if after - end_s <= HELD_S else end_s
    return Window(
        start_s=start_s if is_held else kept[0],
        end_s=end,
        low_s=(before[-1] + kept[0]) / 2 if before else kept[0] - step_s / 2,
        high_s=None if after is None else (kept[-1] + after) / 2,
        frames=len(kept),
        is_held=is_held,
    )


def _nothing(times: list[float], start_s: float, end_s: float) -> Unprocessable:
    if not times or times[-1] < start_s:
        return Unprocessable(f"The picture of this source ends before {start_s:g} s. Choose an earlier range.")
    return Unprocessable(f"There is no frame between {start_s:g} and {end_s:g} s. Choose a longer range.")


def main(task: str, path: str, *rest: str) -> None:
    """In the child: one of the three tasks, its answer on standard output."""
    from fastclip.media import reader

    if task == "window":
        start, end, by_decoding = float(rest[0]), float(rest[1]), rest[2] == "1"
        reader.answer(_times_around(path, start, end, by_decoding))
    elif task == "frame_times":
        reader.answer(_write_times(path, rest[0]))
    else:
        reader.answer(_keyframe_times(path))


class Source:
    """The picture of an open file, its times counted from the container's start. Only for children."""

    def __init__(self, path: str) -> None:
        from av.stream import Discard

        from fastclip.media import reader

        self.container = reader.opened(path)
        self.stream: Any = reader.picture(self.container)
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
        """Up to the end, or to where the file is damaged."""
        from av.error import FFmpegError

        with suppress(FFmpegError):
            for packet in self.container.demux(self.stream):
                if packet.size and not packet.is_discard:
                    yield packet

    def frames(self) -> Iterator[Any]:
        """Decoded, skipping what is damaged."""
        from av.error import FFmpegError

        self.stream.thread_type = "AUTO"
        for packet in self.packets():
            with suppress(FFmpegError):
                yield from packet.decode()
        with suppress(FFmpegError):
            yield from self.stream.codec_context.decode(None)


def _times_around(path: str, start_s: float, end_s: float, by_decoding: bool) -> list[float]:
    """All frame times from the keyframe before `start_s` to the first frame after `end_s`."""
    back = 1.0
    while True:
        source = Source(path)
        at = max(0.0, start_s - back)
        with suppress(OSError):  # a file without an index cannot seek: it is read from where it stands
            source.seek(at)
        times = _decoded(source, end_s) if by_decoding else _demuxed(source, end_s)
        if times is None:
            return _times_around(path, start_s, end_s, True)
        if at == 0 or (times and times[0] < start_s - EPSILON_S):
            return times
        back *= 8


def _demuxed(source: Source, end_s: float) -> list[float] | None:
    """Sorted packet times, or None where a packet has none."""
    times: list[float] = []
    after = float("inf")
    for packet in source.packets():
        if packet.pts is None:
            return None
        if not times and not packet.is_keyframe:
            continue
        times.append(source.seconds(packet.pts))
        if times[-1] >= end_s - EPSILON_S:
            after = min(after, times[-1])
        if (source.seconds(packet.dts) if packet.dts is not None else times[-1] - 2) > after:
            break
    return sorted(set(times))


def _decoded(source: Source, end_s: float) -> list[float]:
    times: list[float] = []
    for frame in source.frames():
        if frame.pts is not None:
            times.append(source.seconds(frame.pts))
            if times[-1] >= end_s - EPSILON_S:
                break
    return sorted(set(times))


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
    if os.path.getsize(path) > _WHOLE_READ_BYTES:
        found = _from_the_index(source)
        if len(found) > 1:
            return found
        source = Source(path)
    keys = [one for one in source.packets() if one.is_keyframe]
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
