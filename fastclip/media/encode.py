"""Writes a clip as MP4 by encoding it whole: exact to the frame and to the sample. Source: cutting.md section 5."""

import logging
from dataclasses import replace
from pathlib import Path

import ffmpeg as builder

from fastclip.media import Tell, audio, burn, ffmpeg, graph, hardware
from fastclip.media.facts import Facts
from fastclip.media.hardware import Encoder
from fastclip.media.mp4 import index
from fastclip.media.mp4.boxes import Unindexed
from fastclip.media.window import Window

_log = logging.getLogger("fastclip.media")


def write(
    source: Path,
    target: Path,
    facts: Facts,
    window: Window,
    size: tuple[int, int],
    *,
    tell: Tell | None,
    captions: Path | None = None,
) -> int:
    """Encode the window's frames and their sound into `target`; return how many frames were written.

    captions: a folder that `burn.lay` filled: what is drawn into the picture.
    """

    def run(encoder: Encoder) -> int:
        duration_s = window.end_s - window.start_s
        limits = graph.limits(facts, duration_s + 20)
        if encoder is not hardware.SOFTWARE:
            limits = replace(limits, memory_bytes=hardware.MEMORY_BYTES)
        ended = ffmpeg.run(
            arguments(source, target, facts, window, size, has_captions=captions is not None, encoder=encoder),
            tell=tell,
            duration_s=duration_s,
            stage="Encoding",
            limits=limits,
            folder=captions,
        )
        return ended.frames

    encoder = hardware.chosen()
    if encoder is not hardware.SOFTWARE:
        try:
            if run(encoder) == window.frames and _is_whole(target, window):
                return window.frames
            _log.warning("%s lost frames of %s; encoding again with libx264", encoder.name, source)
        except ffmpeg.Failed as error:
            _log.warning("%s failed on %s; encoding again with libx264: %s", encoder.name, source, error.tail)
    return run(hardware.SOFTWARE)


def _is_whole(target: Path, window: Window) -> bool:
    """Whether every frame is there, the first at the beginning: what an encoder of another make might do otherwise."""
    try:
        picture = next(one for one in index.read(target).tracks if one is not None and one.kind == "video")
    except (Unindexed, StopIteration):
        return False
    return len(picture.pts) == window.frames and int(picture.pts.min()) == 0


def arguments(
    source: Path,
    target: Path,
    facts: Facts,
    window: Window,
    size: tuple[int, int],
    *,
    has_captions: bool = False,
    encoder: Encoder = hardware.SOFTWARE,
) -> list[str]:
    """What `write` asks of ffmpeg. H.264 and AAC, the index in front, timestamps of the source kept."""
    seek_s = graph.seek_for(facts, min(window.start_s, window.low_s))
    file = graph.source(source, seek_s=seek_s, **graph.steady(facts))
    picture = graph.picture(graph.frames(file, facts, window, seek_s), facts, size)
    picture = burn.drawn(picture, facts) if has_captions else picture
    streams = [picture.filter("format", "nv12").filter("hwupload") if encoder.needs_upload else picture]
    options: dict[str, object] = _still(window) if window.is_held else {}
    if facts.has_audio:
        rate = audio.rate_for(facts, audio.AAC)
        start_s, duration_s = window.start_s - seek_s, window.end_s - window.start_s
        streams.append(
            graph.sound(
                file[str(facts.audio_index)], facts, start_s=start_s, duration_s=duration_s, rate=rate, pad=True
            )
        )
        options |= {"c:a": "aac", "b:a": "160k", "ac": min(facts.channels or 2, 2)}
    asked = graph.argv(
        builder.output(
            *streams,
            f"file:{target.resolve()}",
            **{"c:v": encoder.name} | encoder.options,
            **{"fps_mode": "passthrough", "enc_time_base:v": "demux", "movie_timescale": 90000},
            **{"movflags": "+faststart", "map_metadata": -1, "map_chapters": -1, "f": "mp4"},
            **options,
        )
    )
    return [*encoder.before, *asked]


def _still(window: Window) -> dict[str, object]:
    """For a clip that begins or ends inside a still picture: its last frame ends with the clip, and no frame is
    coded out of order, for x264 would put off the beginning by as long as the first frame stands.
    """
    length = f"{window.end_s - window.start_s:.6f}/TB-PTS"
    return {"bf": 0, "bsf:v": f"setts=duration=if(eq(NEXT_PTS\\,NOPTS)\\,{length}\\,DURATION)"}
