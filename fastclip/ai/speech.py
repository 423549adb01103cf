"""Speech to words, in a child process: `transcribe`, with the best model that is there or the built-in recogniser."""

import ctypes
import functools
import json
import logging
import math
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastclip.ai import models
from fastclip.ai.models import Model
from fastclip.errors import Unprocessable
from fastclip.media import Tell, ffmpeg, peaks
from fastclip.media.words import Word

BUILT_IN = "pocketsphinx"
WHISPER = "faster-whisper"
NOTES = {
    BUILT_IN: "Basic English recognition: about one word in three is wrong, and there is no punctuation. "
    "Add a Whisper model for a transcript to rely on.",
    WHISPER: "",
}
"""What an answer and the interface say about a transcript of this engine."""
NO_SPEECH = "No speech was found in this recording."

LANGUAGES = tuple(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id "
    "is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd "
    "si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh".split()
)
"""What a multilingual Whisper model can be asked for."""

_RATE = 16_000
_DECODING = 0.03
_SLOWEST = 40.0
"""A large model on two old cores needs about this many seconds for one of sound; beyond that it is stuck."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Heard:
    """Words as they come: all that were spoken up to `until_s` and were not told before."""

    words: list[Word]
    until_s: float
    language: str
    language_probability: float | None


@dataclass(frozen=True)
class Device:
    """Where a model runs, and why there."""

    name: str
    why: str


def transcribe(
    source: Path,
    work: Path,
    *,
    model: Model | None,
    duration_s: float,
    heard: Callable[[Heard], None],
    tell: Tell,
    language: str | None = None,
    hotwords: str = "",
    start_s: float = 0.0,
) -> Device:
    """Hear what is spoken in the source's first sound, from `start_s` on; `heard` gets the words while they come.

    model: None for the built-in recogniser. work: an empty folder for half-made files (32 kB for each second).
    Times are on the source's own line. What `tell` or `heard` raises stops it at once. Raises Unprocessable (language).
    """
    check_language(model, language)
    place = device(model)
    sound = work / "sound.s16"
    _decode(source, sound, duration_s, tell)
    ask = {
        "model": str(model.path) if model else "",
        "device": place.name,
        "language": language,
        "hotwords": hotwords,
        "start_s": start_s,
    }
    (work / "ask.json").write_text(json.dumps(ask), "utf-8")
    try:
        _listen(work, duration_s, heard, lambda done, said: tell(_DECODING + done * (1 - _DECODING), said))
    finally:
        sound.unlink()
    return place


def check_language(model: Model | None, language: str | None) -> None:
    """Raises Unprocessable for a language that the model does not know."""
    if language is None or language == "en":
        return
    if language not in LANGUAGES:
        raise Unprocessable(
            f"{language!r} is no language code that Whisper knows, such as en, de or ja.", param="language"
        )
    if model is None:
        raise Unprocessable(
            "The built-in recogniser knows English only; add a Whisper model for other languages.", param="language"
        )
    if not model.is_multilingual:
        raise Unprocessable(f"The model {model.name} knows English only; choose another model.", param="language")


def device(model: Model | None) -> Device:
    """The GPU, once a child process has shown that the model runs on it; else the CPU, and why."""
    if model is None:
        return Device("cpu", "CPU because the built-in recogniser has no other")
    return _device(model.path)


@functools.cache
def _device(path: Path) -> Device:
    if not _has_driver():
        return Device("cpu", "CPU because this machine has no NVIDIA driver")
    limits = ffmpeg.Limits(memory_bytes=1 << 46, cpu_s=300, wall_s=120.0, files=1024)
    try:
        ffmpeg.child("recogniser", ["prove-gpu", str(path)], room="ai", limits=limits)
    except ffmpeg.Failed as error:
        said = (error.tail.strip().splitlines() or ["it ended without a word"])[-1]
        _log.warning("the GPU was tried and does not work: %s", error.tail)
        return Device("cpu", f"CPU because the GPU was tried and does not work: {said[:200]}")
    return Device("cuda", "GPU, tried and working")


def _has_driver() -> bool:
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return False
    return sys.platform != "darwin"


def _decode(source: Path, target: Path, duration_s: float, tell: Tell) -> None:
    """The sound as the recognisers want it: 16 kHz, one channel, its first sample at the source's own zero."""
    written = 0
    with target.open("wb") as file:

        def keep(chunk: bytes) -> None:
            nonlocal written
            written += file.write(chunk)

        ffmpeg.stream(
            peaks.arguments(source),
            keep,
            fraction=lambda: _DECODING * min(1.0, written / (2 * _RATE * max(duration_s, 1.0))),
            tell=tell,
            stage="Reading the sound",
            limits=ffmpeg.Limits(memory_bytes=2 << 30, cpu_s=1800, wall_s=3600),
        )


def _listen(work: Path, duration_s: float, heard: Callable[[Heard], None], tell: Tell) -> None:
    until_s = 0.0

    def heed(line: bytes) -> None:
        nonlocal until_s
        if line.strip():
            said = json.loads(line)
            until_s = said["until_s"]
            said["words"] = [Word(*word) for word in said["words"]]
            heard(Heard(**said))

    def shown(fraction: float, _: str) -> None:
        tell(fraction, f"Listening: {clock(until_s)} of {clock(duration_s)}")

    wall_s = 600 + duration_s * _SLOWEST
    limits = ffmpeg.Limits(memory_bytes=1 << 46, cpu_s=int(wall_s * 8), wall_s=wall_s, files=1024)
    try:
        ffmpeg.child("recogniser", ["hear", str(work)], room="ai", tell=shown, limits=limits, heed=heed)
    except ffmpeg.TooNew as error:
        raise Unprocessable(models.TOO_NEW) from error


def clock(seconds: float) -> str:
    """`0:12:07`"""
    whole = math.floor(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def fresh(folder: Path) -> Path:
    """`folder`, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
