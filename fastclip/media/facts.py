"""What is known of a source: one parser for what ffprobe prints and what PyAV answers in its place."""

import re
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any

_FRACTIONS = ("fps", "sar")
MAX_FPS = 500  # above it a rate is one of ticks rather than of frames: some WebM files say 1000
_FEW_TIMES = 10
_VFR_TOLERANCE_S = 0.0022  # whole-millisecond timestamps (Matroska, FLV) wander by 1 ms each way


@dataclass(frozen=True)
class Facts:
    """A source as a player meets it. Times count from the container's start.

    width_px, height_px: as stored; rotation: the degrees clockwise (0, 90, 180, 270) that a player turns them by;
    sar: the shape of one pixel. start_s: the container's own first timestamp. video_index, audio_index: the streams
    used, the first of each kind (cover pictures are none); audio_tracks: how many of sound there are. mime_codecs:
    RFC 6381, "" where unknown. frames: as many as the container counts (MP4), else None. color_space: the matrix that
    its colours are told by, None where it does not say. first_frame_s: when the first one is shown. is_resized:
    whether to reckon with frames that change their size or colours on the way, as in a call's recording; no probe
    tells.
    """

    format_detected: str
    media_kind: str
    duration_s: float
    start_s: float
    has_video: bool
    has_audio: bool
    video_index: int | None = None
    video_codec: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    rotation: int = 0
    sar: Fraction = Fraction(1)
    fps: Fraction | None = None
    is_vfr: bool = False
    pix_fmt: str | None = None
    color_space: str | None = None
    is_hdr: bool = False
    is_interlaced: bool = False
    audio_index: int | None = None
    audio_codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    audio_tracks: int = 0
    mime_codecs: str = ""
    frames: int | None = None
    first_frame_s: float | None = None
    is_resized: bool = False

    @property
    def upright_px(self) -> tuple[int, int]:
        """(width, height) as shown: turned upright, with square pixels."""
        width, height = self.width_px or 0, self.height_px or 0
        width = round(width * self.sar)
        return (height, width) if self.rotation % 180 else (width, height)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a row."""
        return {name: str(value) if isinstance(value, Fraction) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Facts":
        """What `to_json` wrote; names it does not know are left out."""
        known = {field.name: plain[field.name] for field in fields(cls) if field.name in plain}
        return cls(**known | {name: Fraction(known[name]) for name in _FRACTIONS if known.get(name) is not None})


def parse(answer: dict[str, Any]) -> Facts:
    """Facts from ffprobe's JSON (`format`, `streams`, the first `packets` of the picture, `frames`: the first one)."""
    form, streams = answer.get("format", {}), answer.get("streams", [])
    video = next((one for one in streams if one.get("codec_type") == "video" and not _is_cover(one)), None)
    sounds = [one for one in streams if one.get("codec_type") == "audio"]
    audio = next(iter(sounds), None)
    return Facts(
        format_detected=form.get("format_name", ""),
        media_kind="video" if video else "audio",
        duration_s=_number(form.get("duration")),
        start_s=_number(form.get("start_time")),
        has_video=video is not None,
        has_audio=audio is not None,
        audio_tracks=len(sounds),
        mime_codecs=", ".join(_mime_codecs(video, audio)),
        **(_of_video(video, answer) if video else {}),
        **(_of_audio(audio) if audio else {}),
    )


def _is_cover(stream: dict[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _of_video(stream: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    frame: dict[str, Any] = next(iter(answer.get("frames", [])), {})
    start = _number(answer.get("format", {}).get("start_time"))
    times = _times(answer.get("packets", []))
    transfer = frame.get("color_transfer") or stream.get("color_transfer")
    return {
        "video_index": int(stream["index"]),
        "video_codec": stream.get("codec_name"),
        "width_px": int(stream.get("width") or 0),
        "height_px": int(stream.get("height") or 0),
        "rotation": _rotation(stream, frame),
        "sar": _rate(str(stream.get("sample_aspect_ratio", "1:1")).replace(":", "/")) or Fraction(1),
        "fps": _fps(stream, times),
        "frames": int(stream.get("nb_frames") or 0) or None,
        "first_frame_s": times[0] - start if times else None,
        "is_vfr": _is_vfr(stream, times),
        "pix_fmt": stream.get("pix_fmt"),
        "color_space": _said(frame.get("color_space")) or _said(stream.get("color_space")),
        "is_hdr": transfer in ("smpte2084", "arib-std-b67"),
        "is_interlaced": bool(frame.get("interlaced_frame")) or stream.get("field_order") in ("tt", "bb", "tb", "bt"),
    }


def _said(text: str | None) -> str | None:
    return None if text == "unknown" else text


def _of_audio(stream: dict[str, Any]) -> dict[str, Any]:
    return {
        "audio_index": int(stream["index"]),
        "audio_codec": stream.get("codec_name"),
        "sample_rate": int(stream.get("sample_rate") or 0),
        "channels": int(stream.get("channels") or 0),
    }


def _rotation(stream: dict[str, Any], frame: dict[str, Any]) -> int:
    """ffprobe counts counter-clockwise; the nearest quarter turn is what a player makes of it."""
    matrices = [*stream.get("side_data_list", []), *frame.get("side_data_list", [])]
    turn = next((float(one["rotation"]) for one in matrices if "rotation" in one), 0.0)
    return round(-turn / 90) % 4 * 90


def _times(packets: list[dict[str, Any]]) -> list[float]:
    return sorted({float(one["pts_time"]) for one in packets if one.get("pts_time") not in (None, "N/A")})


def _fps(stream: dict[str, Any], times: list[float]) -> Fraction | None:
    """The average rate; where the real one is within 1 % of it, that: 30000/1001, not what a gap made of it."""
    real, average = _rate(stream.get("r_frame_rate")), _rate(stream.get("avg_frame_rate"))
    rate = average or real
    if real and average and abs(real / average - 1) < Fraction(1, 100):
        rate = real
    if rate and rate > MAX_FPS and len(times) > _FEW_TIMES:
        return Fraction((len(times) - 1) / (times[-1] - times[0])).limit_denominator(1001)
    return rate


def _is_vfr(stream: dict[str, Any], times: list[float]) -> bool:
    """Whether steps between frames differ by more than timestamps' own roughness, or the two rates disagree."""
    steps = [later - earlier for earlier, later in zip(times, times[1:-2], strict=False)]
    if steps and max(steps) - min(steps) > _VFR_TOLERANCE_S:
        return True
    real, average = _rate(stream.get("r_frame_rate")), _rate(stream.get("avg_frame_rate"))
    if stream.get("field_order") in ("tt", "bb", "tb", "bt") or not real or not average or len(times) < 60:
        return False
    return abs(real / average - 1) > Fraction(1, 50)


def _mime_codecs(video: dict[str, Any] | None, audio: dict[str, Any] | None) -> list[str]:
    """The codecs parameter, or nothing when one of the streams has no name there."""
    names = [_video_name(video)] if video else []
    names += [_audio_name(audio)] if audio else []
    return names if all(names) else []


def _video_name(stream: dict[str, Any]) -> str:
    codec, profile, level = stream.get("codec_name"), str(stream.get("profile", "")), int(stream.get("level") or 0)
    depth = 10 if "10" in str(stream.get("pix_fmt", "")) else 8
    if codec == "h264" and profile in _AVC_PROFILES and level > 0:
        return f"avc1.{_AVC_PROFILES[profile]}{level:02X}"
    if codec == "hevc" and level > 0:
        return f"hvc1.2.4.L{level}.B0" if "10" in profile else f"hvc1.1.6.L{level}.B0"
    if codec == "vp9":
        number = int(found[0]) if (found := re.search(r"\d", profile)) else 0
        return f"vp09.{number:02}.{level if level > 0 else 41}.{depth:02}"
    if codec == "av1" and profile in _AV1_PROFILES:
        return f"av01.{_AV1_PROFILES.index(profile)}.{max(level, 0):02}M.{depth:02}"
    return "vp8" if codec == "vp8" else ""


_AV1_PROFILES = ("Main", "High", "Professional")
_AVC_PROFILES = {
    "Constrained Baseline": "42E0",
    "Baseline": "4200",
    "Main": "4D40",
    "High": "6400",
    "High 10": "6E00",
    "High 10 Intra": "6E10",
    "High 4:2:2": "7A00",
    "High 4:2:2 Intra": "7A10",
    "High 4:4:4 Predictive": "F400",
}


def _audio_name(stream: dict[str, Any]) -> str:
    codec = str(stream.get("codec_name"))
    if codec == "aac":
        kind = {"LC": 2, "HE-AAC": 5, "HE-AACv2": 29, "Main": 1}.get(str(stream.get("profile", "LC")), 2)
        return f"mp4a.40.{kind}"
    if codec.startswith("pcm_"):
        return "1"
    return {"mp3": "mp3", "opus": "opus", "vorbis": "vorbis", "flac": "flac", "ac3": "ac-3"}.get(codec, "")


def _rate(text: Any) -> Fraction | None:
    try:
        rate = Fraction(str(text))
    except (ValueError, ZeroDivisionError):
        return None
    return rate if rate > 0 else None


def _number(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return 0.0
