"""Makes a light copy for a browser that cannot play the source: VP9 and Opus in WebM. Source: desktop.md 1.2."""

from pathlib import Path
from typing import Any

import ffmpeg as builder

from fastclip.media import Tell, ffmpeg, graph
from fastclip.media.facts import Facts

_SHORT_SIDE_PX = 540
_KEYFRAME_EVERY = 60
_OPUS_RATE = 48_000


def render(source: Path, target: Path, facts: Facts, *, tell: Tell | None = None) -> None:
    """Write the whole source to `target`, every frame at its own time, at most 540 px on the short side."""
    try:
        ffmpeg.run(
            arguments(source, target, facts),
            tell=tell,
            duration_s=facts.duration_s,
            stage="Making a copy to view",
            limits=graph.limits(facts, facts.duration_s),
        )
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def arguments(source: Path, target: Path, facts: Facts) -> list[str]:
    """What `render` asks of ffmpeg."""
    file = graph.source(source)
    streams: list[graph.Stream] = []
    options: dict[str, Any] = {}
    if facts.has_video:
        whole = graph.progressive(file[str(facts.video_index)], facts)
        streams.append(graph.picture(whole, facts, graph.fit(facts, _SHORT_SIDE_PX)))
        options |= {"c:v": "libvpx-vp9", "deadline": "realtime", "cpu-used": 8, "row-mt": 1, "b:v": "1200k"}
        options |= {"g": _KEYFRAME_EVERY, "fps_mode": "passthrough", "enc_time_base:v": "demux"}
    if facts.has_audio:
        is_asf = facts.format_detected == "asf"
        streams.append(graph.whole_sound(file[str(facts.audio_index)], _OPUS_RATE, is_asf=is_asf))
        options |= {"c:a": "libopus", "b:a": "96k", "ac": min(facts.channels or 2, 2)}
    return graph.argv(
        builder.output(
            *streams,
            f"file:{target.resolve()}",
            **{"threads": ffmpeg.THREADS, "map_metadata": -1, "map_chapters": -1, "f": "webm"},
            **options,
        )
    )
