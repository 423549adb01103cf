"""Writes the sound of several ranges of a source in one piece, faded for 10 ms on both sides of where they meet."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import ffmpeg as builder
import numpy as np

from fastclip.media import Tell, audio, ffmpeg, graph
from fastclip.media.facts import Facts

FADE_S = 0.01
Span = tuple[Fraction, Fraction]

_FILES = 256


def write(source: Path, target: Path, facts: Facts, spans: list[Span], form: audio.Format, tell: Tell | None) -> int:
    """Write the samples of `spans` to `target`; return how many. Where ranges meet on the clock, samples are counted
    there."""
    rate, ends = audio.rate_for(facts, form), np.cumsum([end - start for start, end in spans])
    counted = [0, *(round(end * rate) for end in ends)]
    duration_s = float(ends[-1])
    limits = graph.limits(
        facts, duration_s + sum(float(start) for start, _ in spans) * (facts.format_detected == "asf")
    )
    ffmpeg.run(
        arguments(source, target, facts, spans, np.diff(counted).tolist(), form),
        tell=tell,
        duration_s=duration_s,
        stage="Joining the sound",
        limits=replace(limits, files=_FILES),
    )
    return counted[-1]


def arguments(
    source: Path, target: Path, facts: Facts, spans: list[Span], counts: list[int], form: audio.Format
) -> list[str]:
    """What `write` asks of ffmpeg. counts: the samples of each range."""
    rate, streams = audio.rate_for(facts, form), []
    for number, ((start, _), count) in enumerate(zip(spans, counts, strict=True)):
        seek_s = graph.seek_for(facts, float(start))
        # The queue's size makes each input one of its own, also when a range is asked for twice.
        file = graph.source(source, seek_s=seek_s, thread_queue_size=8 + number)
        stream = graph.sound(
            file[str(facts.audio_index)],
            facts,
            start_s=float(start) - seek_s,
            duration_s=float(Fraction(count, rate)),
            rate=rate,
            pad=True,
        )
        streams.append(_faded(stream, count, rate, is_first=number == 0, is_last=number == len(spans) - 1))
    joined = builder.concat(*streams, v=0, a=1) if len(streams) > 1 else streams[0]
    return audio.output(joined, target, facts, form)


def _faded(stream: graph.Stream, count: int, rate: int, *, is_first: bool, is_last: bool) -> graph.Stream:
    stream = stream.filter("asetpts", "round(N/SR/TB)")  # silence in place of a whole range comes without times
    length = min(round(FADE_S * rate), count // 2)
    if not is_first:
        stream = stream.filter("afade", type="in", start_sample=0, nb_samples=length)
    if not is_last:
        stream = stream.filter("afade", type="out", start_sample=count - length, nb_samples=length)
    return stream
