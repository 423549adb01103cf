"""The only place that starts processes: with limits, a time-out, progress, and nothing left behind.

Every process gets its own session and group, dies with the thread that started it (Linux), runs at nice 10, sees
neither our environment nor our open files, and is killed as a group when `tell` raises, when its time is up, or when
anything here fails. Source: backend-spec 7.2, rows "ffmpeg" and "Limits".
"""

import contextlib
import errno
import functools
import logging
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fastclip.errors import Unavailable
from fastclip.media import Tell
from fastclip.media.answers import Answer, Progress
from fastclip.media.limits import Limits, environment, own

DEMUXERS = "mov,matroska,avi,flv,mp3,wav,aac,flac,ogg,asf"
PROTOCOLS = "file"
MAX_PIXELS = 35_389_440  # 8192 x 4320
THREADS = 2

_USUAL = Limits()
_log = logging.getLogger("fastclip.media")
_TAIL_BYTES = 4096
_TICK_S = 0.25
_DISK_FULL = "The disk is full. Free some space on the machine that runs FastClip, then try again."


@dataclass(frozen=True)
class Tools:
    """The programs in use. ffprobe is None where there is none: PyAV then reads in its place."""

    ffmpeg: Path
    ffprobe: Path | None
    version: str


class Failed(RuntimeError):
    """A process ended in an error: `tail` is the end of what it wrote to stderr, for the log and never for a person."""

    def __init__(self, message: str, *, tail: str = "") -> None:
        super().__init__(message)
        self.tail = tail


class TimedOut(Failed):
    """A process used up its wall time or its CPU time and was killed."""


class TooNew(Failed):
    """A process met an instruction that this machine's processor does not know: it was compiled for newer ones."""


@dataclass(frozen=True)
class Ended:
    """How a run ended well: the frames that ffmpeg counted, and the last 4 KB of its stderr."""

    frames: int
    tail: str


@functools.cache
def tools() -> Tools:
    """Find ffmpeg and ffprobe: FASTCLIP_FFMPEG and FASTCLIP_FFPROBE, the bundle's bin/, imageio-ffmpeg, PATH.

    imageio-ffmpeg's comes before PATH, so that clips do not depend on the machine's own version.
    """
    ffmpeg = _named("ffmpeg") or _from_imageio() or _on_path("ffmpeg")
    if ffmpeg is None:
        raise FileNotFoundError("There is no ffmpeg: install imageio-ffmpeg, or set FASTCLIP_FFMPEG.")
    first_line = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, timeout=30).stdout[:200]
    found = re.match(r"ffmpeg version (\S+)", first_line)
    return Tools(ffmpeg, _named("ffprobe") or _on_path("ffprobe"), found[1] if found else "unknown")


def run(
    args: Sequence[str],
    *,
    tell: Tell | None = None,
    duration_s: float | None = None,
    stage: str = "",
    limits: Limits = _USUAL,
    folder: Path | None = None,
) -> Ended:
    """Run ffmpeg to its end.

    args: what follows the program's name (`graph.argv`). duration_s: of the output, what the fraction is counted by.
    folder: where it runs; the `fonts.conf` there is then all that it knows of the system's fonts.
    Raises Unavailable (insufficient_storage), TimedOut, Failed, and whatever `tell` raises.
    """
    progress = Progress(duration_s)
    argv = [*_ffmpeg(), "-nostats", "-stats_period", "0.5", "-progress", "pipe:1", *args]
    tail = _supervise(argv, progress.feed, lambda: progress.fraction, tell, stage, limits, folder)
    return Ended(progress.frames, tail)


def stream(
    args: Sequence[str],
    consume: Callable[[bytes], None],
    *,
    fraction: Callable[[], float] = lambda: 0.0,
    tell: Tell | None = None,
    stage: str = "",
    limits: Limits = _USUAL,
) -> str:
    """Run ffmpeg, whose output is `pipe:1`, and hand that to `consume` as it comes; otherwise as `run`.

    Returns the last 4 KB of its stderr.
    """
    return _supervise([*_ffmpeg(), *args], consume, fraction, tell, stage, limits)


def ffprobe(args: Sequence[str], *, limits: Limits = _USUAL) -> bytes:
    """Run ffprobe (`tools().ffprobe` must not be None) and return what it printed."""
    printed: list[bytes] = []
    _supervise([str(tools().ffprobe), "-v", "error", *args], printed.append, lambda: 0.0, None, "", limits)
    return b"".join(printed)


def child(
    role: str,
    args: Sequence[str],
    *,
    room: str = "media",
    tell: Tell | None = None,
    stage: str = "",
    limits: Limits,
    heed: Callable[[bytes], None] | None = None,
) -> bytes:
    """Run `fastclip.<room>.<role>` in a Python of its own and return what it printed; otherwise as `run`.

    Files from strangers are opened by PyAV only there, and models run only there: what crashes or hangs is a child.
    A line `progress 0.5` on its standard output is progress and not part of the answer. heed: is given each line of
    the answer as it comes, and nothing is returned then. In the frozen app the role is the first argument.
    """
    lines: list[bytes] = []
    answer = Answer(heed or lines.append)
    frozen = getattr(sys, "frozen", False)
    program = [sys.executable, role] if frozen else [sys.executable, "-m", f"fastclip.{room}.{role}"]
    _supervise([*program, *args], answer.feed, lambda: answer.fraction, tell, stage, limits)
    answer.end()
    return b"\n".join(lines)


def disk_refusal(error: OSError) -> Unavailable | None:
    """The refusal to show when a write failed because there is no room; None for any other failure."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return Unavailable(_DISK_FULL, code="insufficient_storage") if is_full else None


def _ffmpeg() -> list[str]:
    return [str(tools().ffmpeg), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]


def _named(name: str) -> Path | None:
    by_owner = os.environ.get(f"FASTCLIP_{name.upper()}")
    if by_owner:
        return Path(by_owner)
    bundled = Path(getattr(sys, "_MEIPASS", sys.prefix)) / "bin" / (name + (".exe" if os.name == "nt" else ""))
    return bundled if getattr(sys, "frozen", False) and bundled.exists() else None


def _from_imageio() -> Path | None:
    import imageio_ffmpeg

    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        return None


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _supervise(
    argv: list[str],
    consume: Callable[[bytes], None],
    fraction: Callable[[], float],
    tell: Tell | None,
    stage: str,
    limits: Limits,
    folder: Path | None = None,
) -> str:
    with _started(argv, limits, folder) as (process, chunks, tail):
        deadline = time.monotonic() + limits.wall_s
        told = 0.0
        while True:
            with contextlib.suppress(queue.Empty):
                chunk = chunks.get(timeout=_TICK_S)
                if chunk is None:
                    break
                consume(chunk)
            now = time.monotonic()
            if now > deadline:
                raise TimedOut(f"{Path(argv[0]).name} took longer than {limits.wall_s:.0f} s")
            if tell is not None and now - told >= _TICK_S:
                tell(fraction(), stage)
                told = now
        status = _wait(process, deadline, tell, fraction, stage)
    return _verdict(argv, status, tail)


def _wait(
    process: subprocess.Popen[bytes], deadline: float, tell: Tell | None, fraction: Callable[[], float], stage: str
) -> int:
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=_TICK_S)
        if time.monotonic() > deadline:
            raise TimedOut("a process closed its output and did not end")
        if tell is not None:
            tell(fraction(), stage)


def _verdict(argv: list[str], status: int, tail: bytearray) -> str:
    text = tail.decode("utf-8", "replace")
    if status == 0:
        return text
    if "No space left" in text or "ENOSPC" in text:
        raise Unavailable(_DISK_FULL, code="insufficient_storage")
    _log.warning("%s ended with %s: %s", " ".join(argv), status, text)
    if status in (-getattr(signal, "SIGXCPU", 0), -getattr(signal, "SIGKILL", 0)):
        raise TimedOut(f"{Path(argv[0]).name} was stopped by its limits (signal {-status})", tail=text)
    if status in _ILLEGAL:
        raise TooNew(f"{Path(argv[0]).name} is made for newer processors", tail=text)
    raise Failed(f"{Path(argv[0]).name} ended with {status}", tail=text)


_ILLEGAL = (-getattr(signal, "SIGILL", 4), 0xC000001D)
"""The exit status after an illegal instruction: POSIX, Windows."""
_Running = tuple[subprocess.Popen[bytes], "queue.Queue[bytes | None]", bytearray]


@contextlib.contextmanager
def _started(argv: list[str], limits: Limits, folder: Path | None) -> Iterator[_Running]:
    fonts = {"FONTCONFIG_FILE": str(folder / "fonts.conf")} if folder else {}
    process = subprocess.Popen(
        argv,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment() | fonts,
        **own(limits),
    )
    assert process.stdout and process.stderr
    chunks: queue.Queue[bytes | None] = queue.Queue(maxsize=16)
    tail = bytearray()
    over = threading.Event()
    readers = [
        threading.Thread(target=_read_out, args=(process.stdout, chunks, over), daemon=True),
        threading.Thread(target=_read_tail, args=(process.stderr, tail), daemon=True),
    ]
    try:
        for reader in readers:
            reader.start()
        yield process, chunks, tail
    finally:
        over.set()
        _kill(process)
        for reader, pipe in zip(readers, (process.stdout, process.stderr), strict=True):
            if reader.ident:
                reader.join(timeout=5)
            pipe.close()


def _read_out(pipe: IO[bytes], chunks: "queue.Queue[bytes | None]", over: threading.Event) -> None:
    chunk: bytes | None = b""
    while chunk is not None and not over.is_set():
        chunk = os.read(pipe.fileno(), 1 << 16) or None
        while not over.is_set():
            with contextlib.suppress(queue.Full):
                chunks.put(chunk, timeout=_TICK_S)
                break


def _read_tail(pipe: IO[bytes], tail: bytearray) -> None:
    while chunk := os.read(pipe.fileno(), 1 << 14):
        tail += chunk
        del tail[:-_TAIL_BYTES]


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the whole group, also when its leader has already ended."""
    if os.name == "nt":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
