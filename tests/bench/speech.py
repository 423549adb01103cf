"""Measures speech against faster-whisper called directly, in one run: `python tests/bench/speech.py [--minutes 60]`.

Same model, settings and niceness; each side in a process of its own, in turns; medians. Also: memory at ten minutes
and at the full length, and how long a cancel takes. Bars: 1.05 x wall, flat memory, a second.
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fastclip-bench-") as made:
        folder = Path(made)
        models.add(folder, TINY, name="tiny-espeak")
        demo, short, long = str(TINY / "demos" / "demo120.wav"), folder / "short.wav", folder / "long.wav"
        make("-stream_loop", "99", "-i", demo, "-t", "600", "-ar", "16000", str(short))
        make("-stream_loop", "199", "-i", demo, "-t", str(asked.minutes * 60), "-ar", "16000", str(long))
        direct, ours = [], []
        for _ in range(asked.runs):
            direct.append(measured(DIRECT, str(TINY), str(long)))
            work = speech.fresh(folder / "work")
            ours.append(measured(OURS, str(folder), str(long), str(work), str(asked.minutes * 60)))
        brief = measured(OURS, str(folder), str(short), str(speech.fresh(folder / "work")), "600")
        stop = [cancel_s(folder, long, asked.minutes * 60.0) for _ in range(5)]
    wall = [statistics.median(run[0] for run in runs) for runs in (direct, ours)]
    peak = [max(run[1] for run in runs) for runs in (direct, ours)]
    title = f"{asked.minutes} minutes of speech, whisper-tiny-espeak"
    show(title, [("faster-whisper directly", wall[0], None), ("FastClip", wall[1], wall[0])], "s ")
    rows = [("faster-whisper directly", peak[0], None), ("FastClip, 10 minutes", brief[1], None)]
    show("Memory, peak", [*rows, (f"FastClip, {asked.minutes} minutes", peak[1], brief[1])], "MB")
    show("From cancel to nothing left, worst of 5", [("FastClip", max(stop) * 1000, None)], "ms")
    print(json.dumps({"direct": direct, "ours": ours}))


if __name__ == "__main__":
    main()
