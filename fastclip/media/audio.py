"""Writes a range's sound alone: MP3, WAV, M4A, FLAC, exact to the sample. Source: cutting.md section 7."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ffmpeg as builder

from fastclip.media import Tell, ffmpeg, graph
from fastclip.media.facts import Facts

_BLOCK_SAMPLES = 4096


@dataclass(frozen=True)
class Format:
    """One kind of sound file: what ffmpeg is told. rates: all it can hold (none: any); the first stands in."""

    muxer: str
    codec: str
    rates: tuple[int, ...] = ()
    max_channels: int = 8
    options: dict[str, Any] = field(default_factory=dict)


AAC = Format(
    "ipod",
    "aac",
    (48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000),
    2,
    {"b:a": "160k", "movie_timescale": 90000, "movflags": "+faststart"},
)
FORMATS = {
    "mp3": Format(
        "mp3", "libmp3lame", (48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000), 2, {"b:a": "192k"}
    ),
    "wav": Format("wav", "pcm_s16le"),
    "m4a": AAC,
    "flac": Format("flac", "flac"),
}


def rate_for(facts: Facts, form: Format) -> int:
    """The source's sample rate where the format can hold it."""
    rate = facts.sample_rate or 48000
    return rate if not form.rates or rate in form.rates else form.rates[0]


def write(
    source: Path,
    target: Path,
    facts: Facts,
    span: tuple[float, float],
    form: str,
    *,
    tell: Tell | None,
    pad: bool = False,
) -> None:
    """Write the samples of [start, end) seconds, no more than the source has. pad: silence where it has none."""
    duration_s = span[1] - span[0]
    ffmpeg.run(
        arguments(source, target, facts, span, FORMATS[form], pad=pad),
        tell=tell,
        duration_s=duration_s,
        stage="Writing the sound",
        limits=graph.limits(facts, duration_s + span[0] * (facts.format_detected == "asf")),
    )


def arguments(
    source: Path, target: Path, facts: Facts, span: tuple[float, float], form: Format, *, pad: bool = False
) -> list[str]:
    """What `write` asks of ffmpeg."""
    start_s, end_s = span
    seek_s = graph.seek_for(facts, start_s)
    stream = graph.sound(
        graph.source(source, seek_s=seek_s)[str(facts.audio_index)],
        facts,
        start_s=start_s - seek_s,
        duration_s=end_s - start_s,
        rate=rate_for(facts, form),
        pad=pad,
    )
    return output(stream, target, facts, form)


def output(stream: graph.Stream, target: Path, facts: Facts, form: Format) -> list[str]:
    """The arguments that write a stream of samples to a file."""
    if form.codec == "flac":  # its encoder refuses a short first frame, which a trim leaves
        stream = stream.filter("asetnsamples", n=_BLOCK_SAMPLES, p=0)
    return graph.argv(
        builder.output(
            stream,
            f"file:{target.resolve()}",
            **{"c:a": form.codec, "ac": min(facts.channels or 2, form.max_channels), "f": form.muxer},
            **{"map_metadata": -1, "map_chapters": -1, "threads": ffmpeg.THREADS},
            **form.options,
        )
    )
