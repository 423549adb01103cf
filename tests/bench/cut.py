"""Measures cuts against what else there is, in one run: `python -m tests.bench.cut [--folder DIR] [--peers VENV]`.

Sources are ten minutes of 1080p H.264, made in the folder unless they lie there: `g60` and `main` are those of
cutting.md 8, `even250` has the largest GOPs that x264 makes of itself, all of one length. Each row is the median of
five runs, of fewer where they are long; CPU-seconds of the process tree are the column to trust, for they change least
with what else the machine does. Below each block stand the bars of cutting.md 9.7 and 9.8, and whether they were met.
`tests.bench.exports` measures sound and GIF, `tests.bench.segments` requests.
"""

import argparse
import functools
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from fastclip.media import cut, ffmpeg, probe
from fastclip.media.mp4 import index
from fastclip.media.plans import Cut, Plan

TOTAL_S = 600
RUNS, ENOUGH_S = 5, 8.0
"""A row is run so many times, or until so many seconds are spent on it."""
WHOLE_S = 20
"""A whole encode is measured on so much of a longer range, for the picture is alike from beginning to end."""
PEER_S, PEER_START_S = 90, 20
"""What a peer may take, and for its help alone, before it counts as one that does not run here."""
FFMPEG = str(ffmpeg.tools().ffmpeg)
FOLDER = Path(os.environ.get("TMPDIR", "/var/tmp")) / "fastclip-bench"
PICTURE = ["-c:v", "libx264", "-preset", "superfast", "-b:v", "12M", "-pix_fmt", "yuv420p"]


@dataclass(frozen=True)
class Source:
    """How a source is made: one noisy unit of so many seconds, again and again. gops: the frames of each of its GOPs,
    again and again too.
    """

    name: str
    unit_s: int
    gops: tuple[int, ...]
    x264: str


SCENES = (140, 25, 118, 249, 96, 118, 61, 180, 118, 87, 205, 118, 140, 145)
"""25 to 249 frames, median 118: what cutting.md 8 cut from had its keyframes so, at the cuts measured there exactly."""
G60 = Source("g60", 20, (60,), "bframes=2:ref=2")
MAIN = Source("main", 60, SCENES, "bframes=3:b-pyramid=normal")
EVEN250 = Source("even250", 20, (250,), "bframes=2:ref=2")

Spent = tuple[float, float]
"""Median (wall, CPU) seconds."""


def made(folder: Path, source: Source) -> Path:
    unit, target, again = (folder / f"{source.name}{end}" for end in (".unit.mp4", ".mp4", ".txt"))
    if not target.exists():
        grain = f"testsrc2=size=1920x1080:rate=30:duration={source.unit_s},noise=alls=14:allf=t"
        starts = accumulate(source.gops * (source.unit_s * 30 // min(source.gops)), initial=0)
        keys = ",".join(f"{max(0, at - 0.5) / 30:.4f}" for at in starts if at < source.unit_s * 30)
        forced = ["-forced-idr", "1", "-force_key_frames", keys]
        x264 = ["-x264-params", f"keyint=infinite:scenecut=0:{source.x264}", *forced]
        run([FFMPEG, "-v", "error", "-y", "-f", "lavfi", "-i", grain, *PICTURE, *x264, str(unit)])
        again.write_text(f"file {unit.name}\n" * (TOTAL_S // source.unit_s))
        sound = ["-f", "lavfi", "-i", f"anoisesrc=d={TOTAL_S}:a=0.2:r=48000"]
        kept = ["-c:v", "copy", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", str(target)]
        run([FFMPEG, "-v", "error", "-y", "-f", "concat", "-i", str(again), *sound, *kept])
    return target


def run(command: list[str], timeout_s: float | None = None) -> None:
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, check=True, timeout=timeout_s, **quiet)


def measured(work: Callable[[], object], runs: int = RUNS) -> Spent:
    """The CPU of this process and of those it waited for."""
    spent: list[Spent] = []
    while len(spent) < runs and sum(wall for wall, _ in spent) < ENOUGH_S:
        before, began = cpu_s(), time.perf_counter()
        work()
        spent.append((time.perf_counter() - began, cpu_s() - before))
    return statistics.median(wall for wall, _ in spent), statistics.median(cpu for _, cpu in spent)


def cpu_s() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def row(name: str, spent: Spent, than: Spent | None = None) -> Spent:
    ratio = f"{spent[1] / than[1]:8.2f}x" if than else ""
    print(f"  {name:<44} wall {spent[0]:8.3f} s   CPU {spent[1]:8.3f} s {ratio}", flush=True)
    return spent


def bar(said: str, value: float, limit: float, *, is_least: bool = False) -> None:
    """A bar and whether it was met. is_least: the value must reach the limit, else not pass it."""
    is_met = value >= limit if is_least else value <= limit
    sign = ">=" if is_least else "<="
    print(f"    {'met   ' if is_met else 'MISSED'} {said}: {value:.3g} (bar {sign} {limit:.3g})", flush=True)


class Bench:
    """One source and a place for clips."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.source, self.facts, self.clip = source, probe.read(source), folder / "clip.mp4"

    def plan(self, start_s: float, length_s: float) -> Plan:
        span = {"start_s": start_s, "end_s": start_s + length_s}
        return cut.plan(self.source, self.facts, **span, format="mp4", height_px=None)

    def cut(self, start_s: float, length_s: float) -> Cut:
        return cut.render(self.source, self.clip, self.plan(start_s, length_s))

    def copy(self, start_s: float, length_s: float) -> None:
        self._ffmpeg(start_s, length_s, "-c", "copy", "-movflags", "+faststart")

    def veryfast(self, start_s: float, length_s: float) -> None:
        self._ffmpeg(start_s, length_s, "-c:v", "libx264", "-preset", "veryfast", "-crf", "21")

    def decode_s(self) -> float:
        """CPU seconds that ffmpeg needs to decode a frame of this source."""
        decode = [FFMPEG, "-v", "error", "-i", str(self.source), "-t", "10", "-map", "0:v", "-f", "null", "-"]
        return measured(lambda: run(decode), 3)[1] / 300

    def _ffmpeg(self, start_s: float, length_s: float, *options: str) -> None:
        span = ["-ss", str(start_s), "-i", str(self.source), "-t", str(length_s)]
        run([FFMPEG, "-v", "error", "-y", *span, *options, str(self.clip)])


def compare(bench: Bench, start_s: float, length_s: float, *, frame_s: float, bars: tuple[float, ...] = ()) -> None:
    """One range, beside `-c copy` and, where `bars` are ratios to reach, beside a whole encode."""
    made, recipe = bench.cut(start_s, length_s), bench.plan(start_s, length_s).recipe
    head, tail = ((edge.stop - edge.first, len(edge.keep)) if edge else (0, 0) for edge in (recipe.head, recipe.tail))
    print(f"{bench.source.name}: {length_s:g} s from {start_s:g} s: {made.frames} frames, {made.plan_kind}")
    print(f"  head {head[1]} frames encoded ({head[0]} read), tail {tail[1]} ({tail[0]} read)")
    copy = row("ffmpeg -c copy (not exact)", measured(lambda: bench.copy(start_s, length_s)))
    ours = row(f"FastClip ({made.plan_kind})", measured(lambda: bench.cut(start_s, length_s)), copy)
    if bars:
        part_s = min(length_s, WHOLE_S)
        wall_s, whole_s = (one * length_s / part_s for one in measured(lambda: bench.veryfast(start_s, part_s), 1))
        row(f"ffmpeg x264 veryfast (by {part_s:g} s of it)", (wall_s, whole_s), copy)
        for least in bars:
            bar("CPU of a whole encode over ours", whole_s / ours[1], least, is_least=True)
    if made.plan_kind == "copy":
        bar("CPU over that of -c copy", ours[1] / copy[1], 1.0)
        bar("CPU over that of -c copy (moonshot)", ours[1] / copy[1], 0.5)
        return
    decoded, encoded = head[0] + tail[0], head[1] + tail[1]
    allowed = copy[1] + 1.5 * (decoded + 2 * encoded) * frame_s
    bar(f"CPU seconds, for {decoded} frames decoded and {encoded} encoded", ours[1], allowed)


def compare_peers(bench: Bench, venv: Path, start_s: float, length_s: float) -> None:
    """smartcut and auto-editor on the same range, once: they take as long as whole encodes, or for ever."""
    out, end_s = str(bench.clip), start_s + length_s
    lines = {
        "smartcut": [str(bench.source), out, "--keep", f"{start_s},{end_s}"],
        "auto-editor": [str(bench.source), "--edit", "none", "--cut-out", f"start,{start_s}sec"]
        + ["--cut-out", f"{end_s}sec,end", "--no-open", "-o", out],
    }
    print(f"{bench.source.name}: {length_s:g} s from {start_s:g} s, by others")
    row("FastClip", measured(lambda: bench.cut(start_s, length_s)))
    for name, line in lines.items():
        program = str(venv / "bin" / name)
        try:
            run([program, "--help"], PEER_START_S)
            row(name, measured(functools.partial(run, [program, *line], PEER_S), 1))
        except subprocess.TimeoutExpired as error:
            print(f"  {name:<44} does not run here: nothing after {error.timeout:g} s")
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"  {name:<44} does not run here: {str(error)[-60:]}")


def ten_minutes(bench: Bench) -> None:
    """All of it from its first keyframe, beside `-c copy` and `cp`."""
    print(f"{bench.source.name}: all of its {TOTAL_S} s, {bench.source.stat().st_size / 1e6:.0f} MB")
    copy = row("ffmpeg -c copy", measured(lambda: bench.copy(0, TOTAL_S), 3))
    plain = row("cp", measured(lambda: run(["cp", "--reflink=never", str(bench.source), str(bench.clip)]), 3), copy)
    ours = row("FastClip (copy)", measured(lambda: bench.cut(0, TOTAL_S), 3), copy)
    bar("wall over that of -c copy", ours[0] / copy[0], 1.5)
    bar("wall over that of cp (moonshot)", ours[0] / plain[0], 1.0)


def fifty(bench: Bench) -> None:
    """The engine alone: fifty cuts that share one index, fifty that each read it, fifty times ffmpeg."""
    starts = [number * 10.0 for number in range(50)]
    print(f"{bench.source.name}: 50 segments of 2 s from keyframes")

    def alone(start_s: float) -> None:
        index._read.cache_clear()
        bench.facts = probe.read(bench.source)
        bench.cut(start_s, 2.0)

    copies = row("50 times ffmpeg -c copy", measured(lambda: [bench.copy(start, 2.0) for start in starts], 3))
    ours = row("50 segments of one source", measured(lambda: [bench.cut(start, 2.0) for start in starts], 3), copies)
    row("50 single cuts, each with its own probe", measured(lambda: [alone(start) for start in starts], 1), copies)
    bar("CPU seconds of 50 on keyframes (the bar is for 360p)", ours[1], 1.0)


def planning(bench: Bench) -> None:
    """A plan with nothing known of the file."""

    def plan() -> None:
        index._read.cache_clear()
        bench.plan(123.4567, 60)

    print(f"{bench.source.name}: planning 60 s, its index not read yet")
    bar("CPU seconds", row("plan", measured(plan))[1], 0.1)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--folder", type=Path, default=FOLDER)
    asked.add_argument("--peers", type=Path, help="a virtual environment with auto-editor and smartcut")
    asked.add_argument("--quick", action="store_true", help="leave the whole encodes out")
    given, began = asked.parse_args(), time.monotonic()
    given.folder.mkdir(exist_ok=True)
    for source, long_bars, short_start_s, short_bars in (
        (G60, (40, 100), 303.77, (4,)),
        (MAIN, (25,), 300.1, (4,)),
        (EVEN250, (25,), 303.77, (4,)),
    ):
        bench = Bench(made(given.folder, source), given.folder)
        frame_s = bench.decode_s()
        compare(bench, 123.4567, 60, frame_s=frame_s, bars=() if given.quick else long_bars)
        compare(bench, short_start_s, 10, frame_s=frame_s, bars=() if given.quick else short_bars)
        compare(bench, 240.0, 60, frame_s=frame_s)
        if given.peers and source is G60:
            compare_peers(bench, given.peers, short_start_s, 10)
    short = Bench(made(given.folder, G60), given.folder)
    planning(short)
    ten_minutes(short)
    fifty(short)
    short.clip.unlink()
    print(f"all of it in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
