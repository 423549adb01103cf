"""Measures speech against faster-whisper called directly, in one run: `python tests/bench/speech.py [--minutes 60]`.

Same model, settings and niceness; each side in a process of its own, in turns; medians. Also: how long a cancel takes.
`--memory` measures that instead, at ten minutes, an hour and three. Bars: 1.05 x wall, a second, flat memory.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from fastclip.ai import models, speech
from fastclip.errors import Canceled
from tests.bench.report import show
from tests.conftest import make

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "data" / "whisper-tiny-espeak"
LENGTHS = (10, 60, 180)

DIRECT = """
import os, sys
from faster_whisper import BatchedInferencePipeline, WhisperModel
model = WhisperModel(sys.argv[1], device="cpu", compute_type="int8", cpu_threads=len(os.sched_getaffinity(0)))
found, _ = BatchedInferencePipeline(model).transcribe(
    sys.argv[2], language="en", batch_size=8, word_timestamps=True, temperature=0.0, condition_on_previous_text=False)
print(sum(len(segment.words) for segment in found))
"""
OURS = """
import sys
from pathlib import Path
from fastclip.ai import models, speech
words = []
speech.transcribe(Path(sys.argv[2]), Path(sys.argv[3]), model=models.find(Path(sys.argv[1])), language="en",
                  duration_s=float(sys.argv[4]), heard=lambda heard: words.extend(heard.words), tell=lambda f, s: None)
print(len(words))
"""


def measured(program: str, *arguments: str) -> tuple[float, float, int]:
    """(wall seconds, peak MB of the largest process, words) of one run."""
    began = time.monotonic()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "ORT_DISABLE_TELEMETRY": "1"}
    command = ["nice", "-n", "10", sys.executable, "-c", program, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    peak = 0
    while process.poll() is None:
        for one in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
            try:
                peak = max(peak, one.memory_info().rss - one.memory_info().shared)
            except psutil.Error:
                continue
        time.sleep(0.05)
    assert process.returncode == 0 and process.stdout
    return time.monotonic() - began, peak / 1e6, int(process.stdout.read())


def cancel_s(folder: Path, source: Path, duration_s: float) -> float:
    """From the moment `tell` raises to the moment no child is left."""
    raised = 0.0

    def tell(fraction: float, said: str) -> None:
        nonlocal raised
        if said.startswith("Listening") and fraction > 0.05:
            raised = time.monotonic()
            raise Canceled("Enough.")

    work = speech.fresh(folder / "canceled")
    try:
        speech.transcribe(
            source, work, model=models.find(folder), duration_s=duration_s, heard=lambda _: None, tell=tell
        )
    except Canceled:
        pass
    assert not psutil.Process().children()
    return time.monotonic() - raised


def talk(folder: Path, minutes: int) -> Path:
    """So many minutes of speech."""
    path = folder / f"{minutes}.wav"
    demo = str(TINY / "demos" / "demo120.wav")
    make("-stream_loop", str(minutes), "-i", demo, "-t", str(minutes * 60), "-ar", "16000", str(path))
    return path


def heard(folder: Path, minutes: int) -> tuple[float, float, int]:
    """`measured` of our own path."""
    work = speech.fresh(folder / "work")
    return measured(OURS, str(folder), str(talk(folder, minutes)), str(work), str(minutes * 60))


def speed(folder: Path, minutes: int, runs: int) -> None:
    direct, ours = [], []
    long = talk(folder, minutes)
    for _ in range(runs):
        direct.append(measured(DIRECT, str(TINY), str(long)))
        ours.append(heard(folder, minutes))
    wall = [statistics.median(run[0] for run in runs) for runs in (direct, ours)]
    title = f"{minutes} minutes of speech, whisper-tiny-espeak"
    show(title, [("faster-whisper directly", wall[0], None), ("FastClip", wall[1], wall[0])], "s ")
    peak = [max(run[1] for run in runs) for runs in (direct, ours)]
    show("Memory, peak", [("faster-whisper directly", peak[0], None), ("FastClip", peak[1], peak[0])], "MB")
    stop = [cancel_s(folder, long, minutes * 60.0) for _ in range(5)]
    show("From cancel to nothing left, worst of 5", [("FastClip", max(stop) * 1000, None)], "ms")
    print(json.dumps({"direct": direct, "ours": ours}))


def memory(folder: Path) -> None:
    runs = {minutes: heard(folder, minutes) for minutes in LENGTHS}
    first = runs[LENGTHS[0]][1]
    rows = [(f"FastClip, {minutes} minutes, {run[2]} words", run[1], first) for minutes, run in runs.items()]
    show("Memory, peak of the largest process", rows, "MB")
    show("Wall", [(f"FastClip, {minutes} minutes", run[0], None) for minutes, run in runs.items()], "s ")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="memory at 10, 60 and 180 minutes instead")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fastclip-bench-") as made:
        folder = Path(made)
        models.add(folder, TINY, name="tiny-espeak")
        memory(folder) if asked.memory else speed(folder, asked.minutes, asked.runs)


if __name__ == "__main__":
    main()
