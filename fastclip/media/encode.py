"""Writes a clip as MP4 by encoding it whole: exact to the frame and to the sample. Source: cutting.md section 5."""

from pathlib import Path

import ffmpeg as builder

from fastclip.media import Tell, audio, burn, ffmpeg, graph
from fastclip.media.facts import Facts
from fastclip.media.window import Window


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
    duration_s = window.end_s - window.start_s
    ended = ffmpeg.run(
        arguments(source, target, facts, window, size, has_captions=captions is not None),
        tell=tell,
        duration_s=duration_s,
        stage="Encoding",
        limits=graph.limits(facts, duration_s + 20),
        folder=captions,
    )
    return ended.frames


def arguments(
    source: Path, target: Path, facts: Facts, window: Window, size: tuple[int, int], *, has_captions: bool = False
) -> list[str]:
    """What `write` asks of ffmpeg. H.264 and AAC, the index in front, timestamps of the source kept."""
    seek_s = graph.seek_for(facts, min(window.start_s, window.low_s))
    file = graph.source(source, seek_s=seek_s)
    picture = graph.picture(graph.frames(file, facts, window, seek_s), facts, size)
    streams = [burn.drawn(picture, facts) if has_captions else picture]
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
    return graph.argv(
        builder.output(
            *streams,
            f"file:{target.resolve()}",
            **{"c:v": "libx264", "preset": "veryfast", "crf": 21, "threads": ffmpeg.THREADS},
            **{"fps_mode": "passthrough", "enc_time_base:v": "demux", "movie_timescale": 90000},
            **{"movflags": "+faststart", "map_metadata": -1, "map_chapters": -1, "f": "mp4"},
            **options,
        )
    )


def _still(window: Window) -> dict[str, object]:
    """For a clip that begins or ends inside a still picture: its last frame ends with the clip, and no frame is
    coded out of order, for x264 would put off the beginning by as long as the first frame stands.
    """
    length = f"{window.end_s - window.start_s:.6f}/TB-PTS"
    return {"bf": 0, "bsf:v": f"setts=duration=if(eq(NEXT_PTS\\,NOPTS)\\,{length}\\,DURATION)"}
