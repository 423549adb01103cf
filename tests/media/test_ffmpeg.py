"""Processes are limited, end with us, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from fastclip.errors import Canceled, Unavailable
from fastclip.media import ffmpeg

ENDLESS = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=30", "-filter:v", "realtime"]
NOWHERE = ["-f", "null", "-"]


@pytest.fixture(autouse=True)
def _others() -> None:
    """The servers of other tests' fixtures run on as children of this process: they are not ffmpeg's."""
    _known.clear()
    _known.update(one.pid for one in psutil.Process().children(recursive=True))


_known: set[int] = set()


def _children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if one.pid not in _known]


def test_the_ffmpeg_in_use_is_the_one_that_came_with_fastclip():
    tools = ffmpeg.tools()
    assert "imageio_ffmpeg" in str(tools.ffmpeg)
    assert tools.version.startswith("n9")


def test_tools_named_in_the_environment_come_first(monkeypatch, tmp_path):
    named = tmp_path / "ffmpeg"
    named.symlink_to(ffmpeg.tools().ffmpeg)
    monkeypatch.setenv("FASTCLIP_FFMPEG", str(named))
    monkeypatch.setenv("FASTCLIP_FFPROBE", "/opt/ffprobe")
    assert ffmpeg.tools.__wrapped__() == ffmpeg.Tools(named, Path("/opt/ffprobe"), ffmpeg.tools().version)


def test_a_run_tells_how_far_it_is_and_ends_with_its_frames(tmp_path):
    told: list[tuple[float, str]] = []
    args = [*ENDLESS, "-t", "1.5", *NOWHERE]
    ended = ffmpeg.run(args, tell=lambda *heard: told.append(heard), duration_s=1.5, stage="Encoding")
    fractions = [fraction for fraction, _ in told]
    assert ended.frames == 45
    assert fractions == sorted(fractions) and 0 <= fractions[0] and fractions[-1] > 0.2
    assert {stage for _, stage in told} == {"Encoding"}
    assert len(told) >= 3


def test_tell_is_called_while_ffmpeg_says_nothing():
    told: list[float] = []

    def listen(fraction: float, stage: str) -> None:
        told.append(fraction)
        if len(told) == 5:
            raise Canceled("Stopped.")

    silent = ["-f", "lavfi", "-i", "color=r=1/100", "-filter:v", "realtime", *NOWHERE]
    with pytest.raises(Canceled):
        ffmpeg.run(silent, tell=listen)
    assert len(told) == 5


def test_cancel_ends_the_process_and_all_that_it_started():
    seen: list[psutil.Process] = []

    def cancel(fraction: float, stage: str) -> None:
        seen.extend(_children())
        if seen:
            raise Canceled("Stopped.")

    with pytest.raises(Canceled):
        ffmpeg.run([*ENDLESS, *NOWHERE], tell=cancel)
    assert seen and not any(process.is_running() for process in seen)
    assert not _children()


def test_a_process_that_takes_too_long_is_killed():
    with pytest.raises(ffmpeg.TimedOut):
        ffmpeg.run([*ENDLESS, *NOWHERE], limits=ffmpeg.Limits(wall_s=0.6))
    assert not _children()


def test_a_process_that_computes_too_long_is_killed():
    busy = ["-f", "lavfi", "-i", "testsrc2=s=1280x720", "-c:v", "libx264", *NOWHERE]
    with pytest.raises(ffmpeg.TimedOut):
        ffmpeg.run(busy, limits=ffmpeg.Limits(cpu_s=1, wall_s=60))


def test_a_process_that_wants_too_much_memory_fails():
    large = ["-f", "lavfi", "-i", "color=s=8000x4000", "-frames:v", "3", "-c:v", "libx264", *NOWHERE]
    with pytest.raises(ffmpeg.Failed):
        ffmpeg.run(large, limits=ffmpeg.Limits(memory_bytes=400 << 20))


def test_a_process_that_writes_too_much_fails(tmp_path):
    target = tmp_path / "large.yuv"
    with pytest.raises(ffmpeg.Failed):
        ffmpeg.run([*ENDLESS[:-2], "-t", "5", str(target)], limits=ffmpeg.Limits(file_bytes=200_000))
    assert target.stat().st_size <= 200_000


def test_limits_niceness_and_group_are_those_of_the_process_itself():
    asked: list[tuple] = []

    def look(fraction: float, stage: str) -> None:
        for process in _children():
            limits = {name: process.rlimit(getattr(psutil, name))[0] for name in NAMES}
            asked.append((process.nice(), os.getsid(process.pid) == process.pid, limits, process.environ()))
            raise Canceled("Seen.")

    NAMES = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CORE")
    os.environ["FASTCLIP_SECRET_FOR_THIS_TEST"] = "x"
    try:
        with pytest.raises(Canceled):
            limits = ffmpeg.Limits(memory_bytes=3 << 30, cpu_s=77, file_bytes=5 << 20, files=40)
            ffmpeg.run([*ENDLESS, *NOWHERE], tell=look, limits=limits)
    finally:
        del os.environ["FASTCLIP_SECRET_FOR_THIS_TEST"]
    nice, is_leader, limits, environment = asked[0]
    assert (nice, is_leader) == (10, True)
    assert list(limits.values()) == [3 << 30, 77, 5 << 20, 40, 0]
    assert "FASTCLIP_SECRET_FOR_THIS_TEST" not in environment


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can promise this")
def test_ffmpeg_dies_with_a_parent_that_was_killed(tmp_path):
    script = (
        "from fastclip.media import ffmpeg\n"
        f"ffmpeg.run({[*ENDLESS, *NOWHERE]!r}, tell=lambda *_: print('running', flush=True))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    try:
        assert parent.stdout and parent.stdout.readline() == b"running\n"
        started = psutil.Process(parent.pid).children(recursive=True)
        assert started
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    psutil.wait_procs(started, timeout=5)
    assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in started)


def test_a_failure_keeps_the_end_of_what_ffmpeg_said_and_no_more():
    with pytest.raises(ffmpeg.Failed) as failure:
        ffmpeg.run(["-i", "file:/nothing/here.mp4", *NOWHERE])
    assert "No such file" in failure.value.tail
    assert "/nothing" not in str(failure.value)
    noisy = ["-loglevel", "debug", "-f", "lavfi", "-i", "testsrc2", "-frames:v", "1", *NOWHERE]
    assert 0 < len(ffmpeg.run(noisy).tail.encode()) <= 4096


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_as_one():
    with pytest.raises(Unavailable) as refusal:
        ffmpeg.run(["-f", "lavfi", "-i", "testsrc2", "-frames:v", "50", "-f", "rawvideo", "/dev/full"])
    assert refusal.value.code == "insufficient_storage"


def test_output_is_streamed_and_a_consumer_that_fails_ends_the_process():
    counted = [0]

    def count(chunk: bytes) -> None:
        counted[0] += len(chunk)

    ffmpeg.stream(["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "100", "-f", "s16le", "pipe:1"], count)
    assert counted[0] == 1_600_000

    def fail(chunk: bytes) -> None:
        raise ValueError("full up")

    with pytest.raises(ValueError, match="full up"):
        ffmpeg.stream(["-f", "lavfi", "-i", "anullsrc", "-f", "s16le", "pipe:1"], fail)
    assert not _children()


def test_many_threads_can_run_at_once():
    ended: list[int] = []
    args = ["-f", "lavfi", "-i", "testsrc2=s=64x64", "-frames:v", "10", *NOWHERE]
    threads = [threading.Thread(target=lambda: ended.append(ffmpeg.run(args).frames)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [10] * 8
