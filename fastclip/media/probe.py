"""Reads what an uploaded file is, and refuses what FastClip cannot cut. Reference: "Validation" of uploads.

`read` runs in the parent; the second half of this file, from `main` on, is the child that opens the file where there
is no ffprobe: it answers in ffprobe's own JSON, so that `facts.parse` is the one parser.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any

from fastclip.errors import Unprocessable
from fastclip.media import ffmpeg, signature
from fastclip.media.facts import MAX_FPS, Facts, parse

MAX_DURATION_S = 10_800.0
MAX_STREAMS = 32
MIN_SIDE_PX = 16

_LIMITS = ffmpeg.Limits(memory_bytes=2 << 30, cpu_s=20, file_bytes=1 << 20, wall_s=20.0)
_DAMAGED = "FastClip cannot read this file: it is damaged, incomplete, or not what its name says. Export it again."
_ENCRYPTED = "This file is encrypted, so that only its own player can read it. Export it without copy protection."
_FIRST_PACKETS, _FEW_PACKETS = 300, 32
_DOLBY_VISION = ("dvh1", "dvhe", "dva1", "dvav")
"""How a file calls a picture that is not meant for decoders without Dolby Vision."""
_MP4 = "mov"
_NEEDS_A_COUNT = ("aac", "mp3")  # their headers only estimate the duration, from the bit rate


def read(path: str | Path, *, filename: str | None = None) -> Facts:
    """The facts of the recording at `path`; its name's extension counts when the path has none (`filename`).

    Raises Unprocessable: unsupported_media, source_too_long.
    """
    path = Path(path).resolve()
    family = signature.check(path, filename or path.name)
    try:
        answer = _by_ffprobe(path) if ffmpeg.tools().ffprobe else {}
        if not _has_duration(answer) and "refusal" not in answer:
            answer = json.loads(ffmpeg.child("probe", [str(path)], limits=_LIMITS))
    except ffmpeg.TimedOut as error:
        raise signature.refusal("This file takes too long to read. Export it again, then upload that.") from error
    except (ffmpeg.Failed, ValueError) as error:
        raise signature.refusal(_DAMAGED) from error
    if "refusal" in answer:
        raise signature.refusal(answer["refusal"])
    facts = parse(answer)
    _check(facts, family, answer)
    return facts


def _check(facts: Facts, family: str, answer: dict[str, Any]) -> None:
    if family not in facts.format_detected.split(","):
        raise signature.refusal(_DAMAGED)
    if len(answer["streams"]) > MAX_STREAMS:
        raise signature.refusal(
            f"This file holds {len(answer['streams'])} streams; FastClip reads up to {MAX_STREAMS}."
        )
    if not facts.has_video and not facts.has_audio:
        raise signature.refusal("There is neither picture nor sound in this file.")
    if facts.duration_s <= 0:
        raise signature.refusal("This file has no length: there is nothing to cut.")
    if facts.duration_s > MAX_DURATION_S:
        raise Unprocessable(
            f"This recording is {facts.duration_s / 3600:.1f} hours long; FastClip takes up to 3 hours.",
            code="source_too_long",
            param="file",
        )
    if facts.has_video:
        _check_picture(facts)
        _check_colours(facts, answer)
    elif not facts.sample_rate or not facts.channels:
        raise signature.refusal(_DAMAGED)
    if facts.has_audio:
        _check_sound(facts, answer)


def _check_picture(facts: Facts) -> None:
    width, height = facts.width_px or 0, facts.height_px or 0
    if min(width, height, *facts.upright_px) < MIN_SIDE_PX:
        raise signature.refusal(
            f"The picture is {width} x {height} px; FastClip needs at least {MIN_SIDE_PX} px a side."
        )
    if max(width * height, facts.upright_px[0] * facts.upright_px[1]) > ffmpeg.MAX_PIXELS:
        raise signature.refusal(f"The picture is {width} x {height} px; FastClip takes up to 8192 x 4320.")
    if facts.fps is None:
        raise signature.refusal(_DAMAGED)
    if facts.fps > MAX_FPS:
        raise signature.refusal(
            f"The picture runs at {float(facts.fps):.0f} frames a second; FastClip takes {MAX_FPS}."
        )


def _check_colours(facts: Facts, answer: dict[str, Any]) -> None:
    """Dolby Vision on top of HDR10 or HLG is read as those; profile 5 has colours of its own, green to all others."""
    tag = next(one.get("codec_tag_string") for one in answer["streams"] if one["index"] == facts.video_index)
    if tag in _DOLBY_VISION and not facts.is_hdr:
        raise signature.refusal(
            "This is Dolby Vision with colours that only its own players read. Export it as HDR10, HLG or SDR."
        )


def _check_sound(facts: Facts, answer: dict[str, Any]) -> None:
    layout = next(one.get("channel_layout") for one in answer["streams"] if one["index"] == facts.audio_index)
    if layout and layout.startswith("ambisonic"):  # which ffmpeg does not mix
        raise signature.refusal("The sound in this file is ambisonic, made for headsets. Export it in stereo.")


def _by_ffprobe(path: Path) -> dict[str, Any]:
    hardening = ["-protocol_whitelist", ffmpeg.PROTOCOLS, "-format_whitelist", ffmpeg.DEMUXERS]
    wanted = [
        "-show_format",
        "-show_streams",
        "-show_packets",
        "-show_frames",
        "-read_intervals",
        f"%+#{_FIRST_PACKETS}",
    ]
    answer = json.loads(ffmpeg.ffprobe([*hardening, *wanted, "-of", "json", f"file:{path}"], limits=_LIMITS))
    mixed = answer.pop("packets_and_frames", [])
    if any(side.get("side_data_type") == "Encryption info" for one in mixed for side in one.get("side_data_list", [])):
        return {"refusal": _ENCRYPTED}
    answer["packets"] = [one for one in mixed if one["type"] == "packet" and one.get("codec_type") == "video"]
    answer["frames"] = [one for one in mixed if one["type"] == "frame" and one.get("media_type") == "video"]
    return answer


def _has_duration(answer: dict[str, Any]) -> bool:
    """Fragments out of the middle of a stream call their end their length."""
    form = answer.get("format", {})
    is_late = form.get("format_name", "").startswith(_MP4) and float(form.get("start_time") or 0) >= 1
    return float(form.get("duration") or 0) > 0 and form.get("format_name") not in _NEEDS_A_COUNT and not is_late


def main(path: str) -> None:
    """In the child: print ffprobe's JSON for `path`, or {"refusal": a sentence}."""
    from fastclip.media import reader

    reader.answer(_by_pyav(path))


def _by_pyav(path: str) -> dict[str, Any]:
    from av.error import FFmpegError

    from fastclip.media import reader

    try:
        with reader.opened(path) as container:
            return _describe(container, os.path.getsize(path))
    except FFmpegError:
        return {"refusal": _DAMAGED}


def _describe(container: Any, size_bytes: int) -> dict[str, Any]:
    from fastclip.media import reader

    if _ends_before_its_data(container, size_bytes):
        return {"refusal": "This file is incomplete: its end is missing. Upload it again, or export it again."}
    first = list(islice(_packets(container, None), _FEW_PACKETS))
    if any(one.has_sidedata("encryption_info") for one in first):
        return {"refusal": _ENCRYPTED}  # decoders would make noise of it
    answer: dict[str, Any] = {
        "streams": [_stream(one) for one in container.streams],
        "format": {
            "format_name": container.format.name,
            "start_time": _seconds(container.start_time),
            "duration": _seconds(container.duration),
        },
    }
    picture = reader.picture(container)
    if picture is not None and len(container.streams) <= MAX_STREAMS:
        answer |= _beginning(container, picture, first)
    if not _has_duration(answer):
        answer["format"]["duration"] = _counted(container)
    return answer


def _ends_before_its_data(container: Any, size_bytes: int) -> bool:
    """Whether the index of an MP4 names bytes that are not there."""
    if not container.format.name.startswith(_MP4):
        return False
    for stream in container.streams:
        entries = stream.index_entries
        last = (entries[place] for place in range(max(0, len(entries) - 50), len(entries)))
        if any(entry.pos + entry.size > size_bytes for entry in last):
            return True
    return False


def _stream(stream: Any) -> dict[str, Any]:
    codec = stream.codec_context
    plain = {
        "index": stream.index,
        "codec_type": stream.type,
        "codec_name": codec.codec.canonical_name if codec else None,
        "profile": codec.profile if codec else None,
        "disposition": {"attached_pic": int(bool(int(stream.disposition) & 1024))},
    }
    if stream.type == "video" and codec:
        plain |= {
            "width": codec.width,
            "height": codec.height,
            "nb_frames": stream.frames,
            "pix_fmt": codec.pix_fmt,
            "level": codec.level,
            "codec_tag_string": codec.codec_tag,
            "sample_aspect_ratio": str(stream.sample_aspect_ratio or "1").replace("/", ":"),
            "r_frame_rate": str(stream.base_rate or "0/0"),
            "avg_frame_rate": str(stream.average_rate or "0/0"),
            "field_order": _FIELD_ORDERS.get(int(codec.field_order)),
            "color_transfer": _TRANSFERS.get(int(codec.color_trc)),
            "color_space": _MATRICES.get(int(codec.colorspace)),
        }
    if stream.type == "audio" and codec:
        plain |= {"sample_rate": codec.sample_rate, "channels": codec.channels, "channel_layout": codec.layout.name}
    return plain


_FIELD_ORDERS = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}
_MATRICES = {0: "gbr", 1: "bt709", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc"}
_TRANSFERS = {1: "bt709", 16: "smpte2084", 18: "arib-std-b67"}


def _beginning(container: Any, stream: Any, first: list[Any]) -> dict[str, Any]:
    """The first packets of the picture and its first frame, or why there is none.

    first: packets of all streams that were read already. A Matroska that lost its end cannot always go back to them.
    """
    from av.error import FFmpegError

    if stream.codec_context is None:
        return {"refusal": "FastClip cannot decode the picture in this file. Export it as H.264 in MP4."}
    if stream.codec_context.width * stream.codec_context.height > ffmpeg.MAX_PIXELS:
        return {}  # too large to decode here; the parent refuses it by its size
    packets: list[dict[str, Any]] = []
    frames: list[dict[str, Any]] = []
    read = (one for one in first if one.stream.index == stream.index)
    for packet in islice(chain(read, _packets(container, stream)), _FIRST_PACKETS):
        if packet.pts is not None and not packet.is_discard:
            packets.append({"pts_time": str(float(packet.pts * packet.time_base))})
        with suppress(FFmpegError):
            frames += [] if frames else [_frame(one) for one in packet.decode()]
    with suppress(FFmpegError):
        frames += [] if frames else [_frame(one) for one in stream.codec_context.decode(None)]
    if not frames:
        return {"refusal": "No picture in this file can be decoded. Export it again, as H.264 in MP4."}
    return {"packets": packets, "frames": frames}


def _frame(frame: Any) -> dict[str, Any]:
    return {
        "interlaced_frame": int(frame.interlaced_frame),
        "color_transfer": _TRANSFERS.get(int(frame.color_trc)),
        "color_space": _MATRICES.get(int(frame.colorspace)),
        "side_data_list": [{"rotation": frame.rotation}] if frame.rotation else [],
    }


def _counted(container: Any) -> str:
    """The duration by reading every packet, of an MP4 the last ones, for files that do not say it or say it wrongly;
    stops when it is too long anyway."""
    streams = [one for one in container.streams if one.type in ("audio", "video") and one.codec_context]
    start = (container.start_time or 0) / 1e6
    is_mp4 = container.format.name.startswith(_MP4)
    container.seek((container.start_time or 0) + (container.duration or 0) if is_mp4 else 0)
    end = 0.0
    for packet in _packets(container, streams):
        if packet.pts is not None:
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base) - start)
        if end > MAX_DURATION_S + 1:
            break
    return str(end)


def _packets(container: Any, streams: Any) -> Iterator[Any]:
    """Packets up to the end or to the first damage."""
    from av.error import FFmpegError

    try:
        for packet in container.demux(streams):
            if packet.size:
                yield packet
    except FFmpegError:
        return


def _seconds(microseconds: int | None) -> str | None:
    return None if microseconds is None else str(microseconds / 1e6)


if __name__ == "__main__":
    main(sys.argv[1])
