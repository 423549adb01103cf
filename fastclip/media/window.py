"""Which frames of a source a clip keeps, and where between frames it is safe to cut. Source: cutting.md section 4."""

from dataclasses import dataclass
from pathlib import Path

import ffmpeg as builder

from fastclip.errors import Unprocessable
from fastclip.media import Tell, ffmpeg, graph, index
from fastclip.media.facts import Facts
from fastclip.media.index import EPSILON_S

HELD_S = 0.1  # a frame shown longer than this is a still picture that a clip may begin or end inside
_BACK_S = 4


@dataclass(frozen=True)
class Window:
    """The frames that a clip keeps: those with start - 0.5 ms <= pts < end - 0.5 ms.

    start_s, end_s: what the clip spans, from its first frame to the end of its last. low_s, high_s: what a trim can
    safely compare with, a quarter of a step before the first frame and before the one after the last (a half would
    round the wrong way where one tick is one frame); high_s is None where no frame follows. is_held: the clip
    begins inside the time of a frame that stands still, as in a screen recording, or ends with one; it shows that
    frame for the part of its time that lies in the range.
    """

    start_s: float
    end_s: float
    low_s: float
    high_s: float | None
    frames: int
    is_held: bool = False


def find(
    source: Path,
    facts: Facts,
    *,
    start_s: float,
    end_s: float,
    by_decoding: bool = False,
    tell: Tell | None = None,
) -> Window:
    """The frames of `source` in the range, from its packets' timestamps (or, slower and always true, its frames').

    Raises Unprocessable when the range holds no frame.
    """
    by_decoding = by_decoding or facts.format_detected == "avi"  # AVI stores no presentation times
    times = None if by_decoding else index.around(source, start_s, end_s, tell=tell)
    if times is None:
        times = _decoded(source, facts, start_s, end_s, tell)
    return choose(times, start_s, end_s, float(1 / facts.fps) if facts.fps else 0.04)


def _decoded(source: Path, facts: Facts, start_s: float, end_s: float, tell: Tell | None) -> list[float]:
    """The same times as `index.around`, by ffmpeg's own count: what it will see when it cuts."""
    back = _BACK_S
    while True:
        seek_s = graph.seek_for(facts, max(0.0, start_s - back))
        printed: list[bytes] = []
        ffmpeg.stream(
            _times_arguments(source, facts, seek_s, end_s + _BACK_S),
            printed.append,
            tell=tell,
            stage=index.STAGE,
            limits=graph.limits(facts, end_s + 2 * _BACK_S - seek_s),
        )
        times = sorted({seek_s + at for at in _parsed(b"".join(printed).decode())})
        if seek_s == 0 or (times and times[0] < start_s - EPSILON_S):
            return times
        back *= 8


def _times_arguments(source: Path, facts: Facts, seek_s: float, until_s: float) -> list[str]:
    stream = graph.source(source, seek_s=seek_s)[str(facts.video_index)]
    stream = stream.filter("trim", end=f"{until_s - seek_s:.6f}").filter("scale", 16, 16, flags="neighbor")
    kept = {"fps_mode": "passthrough", "enc_time_base:v": "demux"}
    return graph.argv(builder.output(stream, "pipe:1", **{"c:v": "rawvideo", "f": "framecrc"}, **kept))


def _parsed(report: str) -> list[float]:
    """The presentation times in a framecrc report: `#tb 0: 1/30`, then `stream, dts, pts, ...` a frame."""
    numerator, denominator, times = 1, 1, []
    for line in report.splitlines():
        if line.startswith("#tb 0:"):
            numerator, denominator = (int(one) for one in line[6:].split("/"))
        elif line and not line.startswith("#"):
            times.append(int(line.split(",")[2]) * numerator / denominator)
    return times


def choose(times: list[float], start_s: float, end_s: float, step_s: float) -> Window:
    """The frames of [start, end) among those shown at `times`, ascending, with at least one on either side where the
    source has one. step_s: what a frame lasts. Raises Unprocessable when the range holds none.
    """
    before = [one for one in times if one < start_s - EPSILON_S]
    kept = [one for one in times if start_s - EPSILON_S <= one < end_s - EPSILON_S]
    after = next((one for one in times if one >= end_s - EPSILON_S), None)
    upcoming = kept[0] if kept else after
    begins_held = bool(before) and upcoming is not None and upcoming - max(start_s, before[-1]) > HELD_S
    ends_held = after is not None and after - end_s > HELD_S
    if begins_held:
        kept.insert(0, before.pop())
    if not kept:
        raise _nothing(times, start_s, end_s)
    ends_still = after is not None and after - kept[-1] > max(HELD_S, 1.5 * step_s)
    return Window(
        start_s=start_s if begins_held else kept[0],
        end_s=end_s if ends_held else after or kept[-1] + step_s,
        low_s=kept[0] - (kept[0] - before[-1] if before else step_s) / 4,
        high_s=None if after is None else after - (after - kept[-1]) / 4,
        frames=len(kept),
        is_held=begins_held or ends_held or ends_still,
    )


def _nothing(times: list[float], start_s: float, end_s: float) -> Unprocessable:
    if not times or times[-1] < start_s:
        return Unprocessable(f"The picture of this source ends before {start_s:g} s. Choose an earlier range.")
    return Unprocessable(f"There is no frame between {start_s:g} and {end_s:g} s. Choose a longer range.")
