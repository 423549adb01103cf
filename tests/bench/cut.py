"""Measures cuts against what else there is, in one run: `python tests/bench/cut.py [--folder DIR] [--peers VENV]`.

Sources are ten minutes of 1080p H.264, made here once. Each row is a median; CPU-seconds of the process tree are the
column to trust, for they do not change with what else the machine does. Bars: cutting.md 9.7.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from fastclip.media import cut, ffmpeg, probe
from fastclip.media.mp4 import index

UNIT_S, TOTAL_S, RUNS = 20, 600, 5
FFMPEG = str(ffmpeg.tools().ffmpeg)
GRAIN = f"testsrc2=size=1920x1080:rate=30:duration={UNIT_S},noise=alls=14:allf=t"


def made(folder: Path, gop: int) -> Path:
    """Ten minutes: one noisy unit, again and again."""
    unit, target, again = folder / f"unit{gop}.mp4", folder / f"gop{gop}.mp4", folder / "list.txt"
    if not target.exists():
        x264 = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=2:ref=2"
        picture = [
            "-c:v",
            "libx264",
            "-preset",
            "superfast",
            "-b:v",
            "12M",
            "-x264-params",
            x264,
            "-pix_fmt",
            "yuv420p",
        ]
        run([FFMPEG, "-v", "error", "-y", "-f", "lavfi", "-i", GRAIN, *picture, str(unit)])
        again.write_text(f"file {unit.name}\n" * (TOTAL_S // UNIT_S))
        sound = ["-f", "lavfi", "-i", f"anoisesrc=d={TOTAL_S}:a=0.2:r=48000"]
        kept = ["-c:v", "copy", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", str(target)]
        run([FFMPEG, "-v", "error", "-y", "-f", "concat", "-i", str(again), *sound, *kept])
    return target


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measured(work: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Median (wall, CPU) seconds, the CPU of this process and of those it waited for."""
    spent = []
    for _ in range(runs):
        before, began = _cpu_s(), time.perf_counter()
        work()
        spent.append((time.perf_counter() - began, _cpu_s() - before))
    return statistics.median(wall for wall, _ in spent), statistics.median(cpu for _, cpu in spent)


def _cpu_s() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


class Bench:
    """One source and a place for clips."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.source, self.facts, self.clip = source, probe.read(source), folder / "clip.mp4"

    def cut(self, start_s: float, length_s: float, force: str | None = None) -> str:
        end_s = start_s + length_s
        plan = cut.plan(
            self.source, self.facts, start_s=start_s, end_s=end_s, format="mp4", height_px=None, force=force
        )
        return cut.render(self.source, self.clip, plan).plan_kind

    def copy(self, start_s: float, length_s: float) -> None:
        span = ["-ss", str(start_s), "-i", str(self.source), "-t", str(length_s)]
        run([FFMPEG, "-v", "error", "-y", *span, "-c", "copy", "-movflags", "+faststart", str(self.clip)])

    def veryfast(self, start_s: float, length_s: float) -> None:
        span = ["-ss", str(start_s), "-i", str(self.source), "-t", str(length_s)]
        run(
            [FFMPEG, "-v", "error", "-y", *span, "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", str(self.clip)]
        )


def row(name: str, spent: tuple[float, float], than: tuple[float, float] | None = None) -> None:
    ratio = f"{spent[1] / than[1]:8.2f}x" if than else ""
    print(f"  {name:<44} wall {spent[0]:8.3f} s   CPU {spent[1]:8.3f} s {ratio}", flush=True)


def compare(bench: Bench, start_s: float, length_s: float, *, with_veryfast: bool) -> None:
    print(f"{bench.source.name}: {length_s:g} s from {start_s:g} s")
    kind = bench.cut(start_s, length_s)
    copy = measured(lambda: bench.copy(start_s, length_s))
    row("ffmpeg -c copy (not exact)", copy, copy)
    row(f"FastClip ({kind})", measured(lambda: bench.cut(start_s, length_s)), copy)
    if with_veryfast:
        row("ffmpeg x264 veryfast", measured(lambda: bench.veryfast(start_s, length_s), 1), copy)


def compare_peers(bench: Bench, venv: Path, start_s: float, length_s: float) -> None:
    out, end_s = str(bench.clip), start_s + length_s
    lines = {
        "smartcut": ["smartcut", str(bench.source), out, "--keep", f"{start_s},{end_s}"],
        "auto-editor": ["auto-editor", str(bench.source), "--edit", "none", "--cut-out", f"start,{start_s}sec"]
        + ["--cut-out", f"{end_s}sec,end", "--no-open", "-o", out],
    }
    for name, line in lines.items():
        program = venv / "bin" / line[0]
        if not program.exists():
            print(f"  {name:<44} is not installed in {venv}")
            continue
        try:
            row(f"{name} ({length_s:g} s from {start_s:g} s)", measured(lambda: run([str(program), *line[1:]]), 1))  # noqa: B023
        except subprocess.CalledProcessError as error:
            print(f"  {name:<44} ended with {error.returncode}")


def fifty(bench: Bench, offset_s: float, what: str) -> None:
    starts = [number * 11.0 + offset_s for number in range(50)]
    print(f"{bench.source.name}: 50 segments of 10 s, {what}")

    def alone(start_s: float) -> None:
        index._read.cache_clear()
        bench.facts = probe.read(bench.source)
        bench.cut(start_s, 10.0)

    row("in one go", measured(lambda: [bench.cut(start, 10.0) for start in starts], 1))
    row("50 single cuts", measured(lambda: [alone(start) for start in starts], 1))
    row("50 times ffmpeg -c copy", measured(lambda: [bench.copy(start, 10.0) for start in starts], 1))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--folder", type=Path, default=Path(os.environ.get("TMPDIR", "/var/tmp")) / "fastclip-bench")
    asked.add_argument("--peers", type=Path, help="a virtual environment with auto-editor and smartcut")
    asked.add_argument("--quick", action="store_true", help="leave the encodes out")
    given = asked.parse_args()
    given.folder.mkdir(exist_ok=True)
    for gop in (60, 250):
        bench = Bench(made(given.folder, gop), given.folder)
        compare(bench, 123.4567, 60, with_veryfast=not given.quick and gop == 60)
        compare(bench, 301.1, 10, with_veryfast=not given.quick and gop == 250)
        compare(bench, 240.0, 60, with_veryfast=False)
        if given.peers:
            compare_peers(bench, given.peers, 123.4567, 60)
    short = Bench(given.folder / "gop60.mp4", given.folder)
    compare(short, 0.0, TOTAL_S, with_veryfast=False)
    row("cp of the whole file", measured(lambda: shutil.copyfile(short.source, short.clip)))
    fifty(short, 1.0, "each from a keyframe or near one")
    short.clip.unlink()


if __name__ == "__main__":
    main()
