"""Recordings whose frames say which frame they are, and what a clip of one must then hold.

Sixteen blocks in the upper half of each frame, black or white, are the bits of its number; the lower half moves, so
that codecs have work. The sound is noise, which lies on itself at one place only.
"""

import subprocess
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np

from fastclip.media import ffmpeg
from fastclip.media.index import EPSILON_S

WIDTH, HEIGHT, BITS, RATE = 320, 180, 16, 48000
SECONDS = 8


def picture(number: int) -> np.ndarray:
    """A grey frame that carries `number`."""
    frame = np.full((HEIGHT, WIDTH), 60, dtype="uint8")
    frame[92:] = (np.arange(WIDTH) * 2 + number * 5) % 160 + 40
    for bit in range(BITS):
        row, column = divmod(bit, 8)
        frame[row * 45 : row * 45 + 45, column * 40 : column * 40 + 40] = 225 if number >> bit & 1 else 25
    return frame


def number_of(frame: np.ndarray) -> int:
    """The number that a decoded (height, width) grey frame carries, at any size."""
    height, width = frame.shape
    number = 0
    for bit in range(BITS):
        row, column = divmod(bit, 8)
        top, left = int((row * 45 + 12) / HEIGHT * height), int((column * 40 + 12) / WIDTH * width)
        block = frame[top : top + height // 9, left : left + width // 20]
        number |= int(block.mean() > 125) << bit
    return number


@cache
def noise(seconds: float = SECONDS, rate: int = RATE) -> np.ndarray:
    """Soft noise, the same each time, float32 mono."""
    white = np.random.default_rng(7).normal(0, 1, int(seconds * rate))
    soft = np.convolve(white, np.ones(8) / 8, mode="same")
    return (soft / np.abs(soft).max() * 0.7).astype("float32")


def encode(target: Path, *options: str, fps: str = "30", frames: int | None = None, sound: bool = True) -> Path:
    """Pipe numbered frames, and noise, through ffmpeg with `options`."""
    count = frames or int(SECONDS * Fraction(fps))
    wav = target.with_name("noise.wav")
    if not wav.exists():
        samples = (noise() * 32767).astype("<i2").tobytes()
        run("-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0", str(wav), given=samples)
    raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", fps, "-i", "pipe:0"]
    ears = ["-i", str(wav)] if sound else []
    pixels = b"".join(picture(number).tobytes() for number in range(count))
    run(*raw, *ears, *options, str(target), given=pixels)
    return target


def run(*args: str, given: bytes = b"") -> bytes:
    """ffmpeg as the tests use it: not under our limits."""
    done = subprocess.run([str(ffmpeg.tools().ffmpeg), "-v", "error", "-y", *args], input=given, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return done.stdout


def shown(path: Path, *, turned: int = 0) -> list[tuple[float, int]]:
    """(time from the container's start, number) of every frame that a full decode gives. turned: degrees clockwise
    that the stored picture stands away from upright."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start = (container.start_time or 0) / 1e6
        found = []
        for frame in container.decode(stream):
            grey = frame.reformat(format="gray").to_ndarray()
            found.append((float(frame.pts * stream.time_base) - start, number_of(np.rot90(grey, turned // 90))))
    return found


def shown_by_ffmpeg(path: Path) -> list[tuple[float, int]]:
    """The same by ffmpeg's own reckoning, for AVI, which stores no times and whose readers differ by a frame."""
    decode = ["-i", str(path), "-map", "0:v", "-fps_mode", "passthrough", "-enc_time_base:v", "demux"]
    lines = run(*decode, "-c:v", "rawvideo", "-f", "framecrc", "pipe:1").decode().splitlines()
    tick = Fraction(next(line for line in lines if line.startswith("#tb"))[6:].strip())
    times = [float(int(line.split(",")[2]) * tick) for line in lines if not line.startswith("#")]
    pixels = run(*decode, "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1")
    frames = np.frombuffer(pixels, dtype="uint8").reshape(-1, HEIGHT, WIDTH)
    return [(at, number_of(frame)) for at, frame in zip(times, frames, strict=True)]


def expected(source: list[tuple[float, int]], start_s: float, end_s: float) -> list[tuple[float, int]]:
    """What a clip must show: the source's frames in the range, counted from the first of them."""
    kept = [(at, number) for at, number in source if start_s - EPSILON_S <= at < end_s - EPSILON_S]
    return [(at - kept[0][0], number) for at, number in kept]


def sound(path: Path, *, rate: int = RATE, track: int = 0) -> np.ndarray:
    """All samples, mono, with silence where the container starts before its sound."""
    whole = [] if path.suffix == ".wma" else ["-af", "aresample=async=1:first_pts=0"]  # its times run early
    line = [*whole, "-ac", "1", "-ar", str(rate), "-f", "f32le", "pipe:1"]
    return np.frombuffer(run("-i", str(path), "-map", f"0:a:{track}", *line), dtype="<f4")


@dataclass
class Match:
    """How a clip's sound lies on its source's: lag in samples (0 is right), likeness 0..1."""

    lag: int
    likeness: float


def lay(clip: np.ndarray, source: np.ndarray, start: int, *, reach: int = 6000) -> Match:
    """Where around sample `start` of the source the clip's sound lies best."""
    clip = clip[: RATE * 2]
    low = max(0, start - reach)
    around = source[low : start + reach + len(clip)]
    size = 1 << (len(around) + len(clip)).bit_length()
    scores = np.fft.irfft(np.fft.rfft(around, size) * np.conj(np.fft.rfft(clip, size)), size)
    scores = scores[: max(1, len(around) - len(clip) + 1)]
    at = int(np.argmax(scores))
    there = around[at : at + len(clip)]
    norm = np.linalg.norm(there) * np.linalg.norm(clip[: len(there)])
    return Match(low + at - start, float(scores[at] / norm) if norm else 0.0)
