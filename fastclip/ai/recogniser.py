"""The child that listens: sound in, words out as JSON lines on standard output. It is started by `speech` and `models`.

It opens no socket, reads only what it is given, and can be killed at any moment: what it has said is kept by its
parent. Speech is found first (Silero), so that silence is never put to a model; stretches of speech are cut at
silences, and each group of them is one line: {"until_s", "words": [[text, start, end, probability]], "language", ...}.
"""

import os

if __name__ == "__main__":  # in the child alone: who imports this file may have a model to fetch
    os.environ["HF_HUB_OFFLINE"] = "1"

import bisect
import itertools
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy

from fastclip.ai import guards
from fastclip.ai.guards import Chunk

RATE = 16_000
WINDOW_S = 240
"""So much is searched for speech at once: what keeps memory flat."""
BRIDGED_S = 3.0
"""A silence of up to this stays inside a stretch: two stretches cost the model more than one with a pause."""
_EDGE_S = 1.0
_FRAME = RATE // 100
_TEMPERATURES = [0.2, 0.4, 0.6, 0.8, 1.0]
_SURE = 0.5

Span = tuple[int, int]
"""First and last sample (exclusive) of a stretch of speech."""
Said = tuple[str, float, float, float | None]


class Engine(Protocol):
    """chunk_s: the longest stretch it takes. batch: how many stretches at a time."""

    @property
    def chunk_s(self) -> float: ...

    @property
    def batch(self) -> int: ...

    @property
    def language(self) -> str: ...

    @property
    def language_probability(self) -> float | None: ...

    def hear(self, sounds: list[Any]) -> list[list[Said]]:
        """The words of each stretch, times from its own beginning."""


# -- Where somebody speaks ---------------------------------------------------------------------------------


def spans(sound: Any, begin: int, chunk_s: float) -> Iterator[Span]:
    """Stretches with speech in them from sample `begin` on, each at most `chunk_s` long and cut at a silence."""
    open_: Span | None = None
    for start, end in _speech(sound, begin, chunk_s):
        if open_ and end - open_[0] <= chunk_s * RATE and start - open_[1] <= BRIDGED_S * RATE:
            open_ = (open_[0], end)
            continue
        if open_:
            yield open_
        open_ = (start // _FRAME * _FRAME, end)
    if open_:
        yield open_


def _speech(sound: Any, at: int, chunk_s: float) -> Iterator[Span]:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(max_speech_duration_s=chunk_s - 0.02, min_silence_duration_ms=160)
    while at < len(sound):
        window = sound[at : at + WINDOW_S * RATE]
        found = get_speech_timestamps(_float(window), options)
        following = at + len(window)
        goes_on = bool(found) and following < len(sound) and found[-1]["end"] > len(window) - _EDGE_S * RATE
        if goes_on and found[-1]["start"] > 0:
            following = at + found.pop()["start"]
        yield from ((at + one["start"], at + one["end"]) for one in found)
        at = following


def _float(sound: Any) -> Any:
    return sound.astype("float32") / 32768.0


# -- Whisper -----------------------------------------------------------------------------------------------


class Whisper:
    """faster-whisper's batched pipeline, with the guards that it leaves out."""

    def __init__(self, path: Path, *, device: str, language: str | None, hotwords: str) -> None:
        import ctranslate2
        from faster_whisper import BatchedInferencePipeline

        ctranslate2.set_random_seed(1)
        self._model = load(path, device)
        self._pipeline = BatchedInferencePipeline(self._model)
        self._hotwords = hotwords or None
        is_multilingual = self._model.model.is_multilingual
        self.language = language or ("" if is_multilingual else "en")
        self.language_probability: float | None = None
        self.chunk_s = float(self._model.feature_extractor.chunk_length)
        self.batch = _batch_size(path, device)

    def hear(self, sounds: list[Any]) -> list[list[Said]]:
        sounds = [_float(sound) for sound in sounds]
        if not self.language:
            self.language, self.language_probability = self._detected(sounds)
        begins = [0, *itertools.accumulate(len(sound) // _FRAME + 1 for sound in sounds)]
        padded = [numpy.pad(sound, (0, _FRAME - len(sound) % _FRAME)) for sound in sounds]
        clips = [
            {"start": begin / 100, "end": (begin * _FRAME + len(sound)) / RATE}
            for begin, sound in zip(begins, sounds, strict=False)
        ]
        found, _ = self._pipeline.transcribe(
            numpy.concatenate(padded), clip_timestamps=clips, batch_size=len(clips), temperature=0.0, **self._asked()
        )
        heard: list[list[Any]] = [[] for _ in sounds]
        for segment in found:
            heard[bisect.bisect_right(begins, segment.seek) - 1].append(segment)
        return [
            self._guarded(segments, sound, begin / 100)
            for segments, sound, begin in zip(heard, sounds, begins, strict=False)
        ]

    def _asked(self) -> dict[str, Any]:
        return {
            "language": self.language,
            "hotwords": self._hotwords,
            "word_timestamps": True,
            "condition_on_previous_text": False,
            "without_timestamps": True,
        }

    def _guarded(self, segments: list[Any], sound: Any, begin_s: float) -> list[Said]:
        """The words of one stretch, unless nobody said them; a second try where the first one went in circles."""
        chunk = _chunk(segments)
        if guards.is_silence(chunk):
            return []
        if guards.is_failed(chunk):
            again, _ = self._model.transcribe(sound, temperature=_TEMPERATURES, vad_filter=False, **self._asked())
            segments, begin_s = list(again), 0.0
            if guards.is_silence(_chunk(segments)):
                return []
        words = [word for segment in segments for word in segment.words or []]
        if guards.is_loop("".join(word.word for word in words)):
            words = words[: guards.unlooped([word.word for word in words])]
        return [
            (
                word.word.strip(),
                float(word.start) - begin_s,
                float(word.end) - begin_s,
                round(float(word.probability), 3),
            )
            for word in words
        ]

    def _detected(self, sounds: list[Any]) -> tuple[str, float]:
        """The language of the first stretch that is sure of one."""
        best = ("en", 0.0)
        for sound in sounds:
            language, probability, _ = self._model.detect_language(sound)
            best = max(best, (language, float(probability)), key=lambda one: one[1])
            if best[1] >= _SURE:
                break
        return best


def _chunk(segments: list[Any]) -> Chunk:
    words = [float(word.probability) for segment in segments for word in segment.words or []]
    return Chunk(
        text=" ".join(segment.text.strip() for segment in segments),
        logprob=min((float(segment.avg_logprob) for segment in segments), default=0.0),
        no_speech=max((float(segment.no_speech_prob) for segment in segments), default=0.0),
        word_probability=sum(words) / len(words) if words else 0.0,
    )


def load(path: Path, device: str) -> Any:
    """The model of a folder. Never a name: that would be looked up on the network."""
    from faster_whisper import WhisperModel

    compute_type = "float16" if device == "cuda" else "int8"
    return WhisperModel(
        str(path), device=device, compute_type=compute_type, cpu_threads=_threads(), local_files_only=True
    )


def _threads() -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, usable)


def _batch_size(path: Path, device: str) -> int:
    """Stretches at a time: what a batch needs grows with the model (large: about 0.5 GB each)."""
    if device == "cuda":
        return 16
    size_mb = (path / "model.bin").stat().st_size / 1e6
    return 8 if size_mb < 700 else 4 if size_mb < 2000 else 2


# -- The built-in recogniser -------------------------------------------------------------------------------


class Sphinx:
    """pocketsphinx with the English model of its own package: one stretch at a time, no punctuation."""

    chunk_s, batch = 30.0, 1
    language, language_probability = "en", None

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        # With a lookahead of 10 frames jfk.flac has 23 % wrong words however it is padded or scaled; with the default
        # of 5 it is anything from 23 % to 59 %, and no faster to speak of.
        self._decoder = Decoder(samprate=float(RATE), loglevel="FATAL", pl_window=10)

    def hear(self, sounds: list[Any]) -> list[list[Said]]:
        return [self._hear(sound) for sound in sounds]

    def _hear(self, sound: Any) -> list[Said]:
        self._decoder.start_utt()
        self._decoder.process_raw(sound.tobytes(), no_search=False, full_utt=True)
        self._decoder.end_utt()
        heard: list[Said] = []
        for part in self._decoder.seg() or []:
            text = re.sub(r"\(\d+\)$", "", part.word)
            if text[:1] not in "<[+":
                text = re.sub(r"^i(?=$|')", "I", text)
                heard.append((text, part.start_frame / 100, (part.end_frame + 1) / 100, None))
        return heard


# -- Its life ----------------------------------------------------------------------------------------------


def hear(folder: Path) -> None:
    """Say what is spoken in `sound.s16` (16 kHz, mono), as `ask.json` beside it wishes."""
    ask = json.loads((folder / "ask.json").read_text("utf-8"))
    path = folder / "sound.s16"
    sound = numpy.memmap(path, dtype="<i2", mode="r") if path.stat().st_size > 1 else numpy.zeros(0, "<i2")
    begin = min(int(ask["start_s"] * RATE), len(sound))
    engine: Engine = (
        Whisper(Path(ask["model"]), device=ask["device"], language=ask["language"], hotwords=ask["hotwords"])
        if ask["model"]
        else Sphinx()
    )
    for group in _groups(spans(sound, begin, engine.chunk_s), engine.batch):
        heard = engine.hear([sound[start:end] for start, end in group])
        words = [
            (text, start / RATE + begin_s, start / RATE + end_s, probability)
            for (start, _), said in zip(group, heard, strict=True)
            for text, begin_s, end_s, probability in said
        ]
        _tell(engine, words, group[-1][1] / RATE, group[-1][1] / len(sound))
    _tell(engine, [], len(sound) / RATE, 1.0)


def _groups(found: Iterable[Span], largest: int) -> Iterator[list[Span]]:
    """One stretch first, so that there is soon something to read; then twice as many each time, up to the batch."""
    rest, size = iter(found), 1
    while group := list(itertools.islice(rest, size)):
        yield group
        size = min(2 * size, largest)


def _tell(engine: Engine, words: list[Said], until_s: float, fraction: float) -> None:
    line = {
        "until_s": until_s,
        "words": words,
        "language": engine.language,
        "language_probability": engine.language_probability,
    }
    sys.stdout.write(f"{json.dumps(line)}\nprogress {fraction:.4f}\n")
    sys.stdout.flush()


def prove(path: Path, device: str = "cpu") -> None:
    """Load the model, let it listen to a second of silence, and say what it is. Whatever breaks ends this process."""
    model = load(path, device)
    model.encode(model.feature_extractor(numpy.zeros(RATE, "float32")))
    print(json.dumps({"is_multilingual": bool(model.model.is_multilingual)}), flush=True)


def _refuse_sockets(event: str, _: Any) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"):
        raise RuntimeError("the recogniser works offline")


if __name__ == "__main__":
    sys.addaudithook(_refuse_sockets)
    verb, path = sys.argv[1], Path(sys.argv[2])
    if verb == "hear":
        hear(path)
    else:
        prove(path, "cuda" if verb == "prove-gpu" else "cpu")
