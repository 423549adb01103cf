"""Seventy-four recordings, of every kind a cut must get right or leave to the encoder: codec, container, GOP, rate.

Each says what its clips may be: "quick" (copied or smart wherever the range allows), "rarely" so, or words of the
reason why it is always encoded. They are small and short; what they differ in is what breaks cuts.
"""

from dataclasses import dataclass, field
from pathlib import Path

from tests.media import stamped

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "128k")
COPY = ("-map", "0", "-c", "copy")
PASS = ("-fps_mode", "passthrough", "-enc_time_base:v", "1:90000")
VFR = "select=not(eq(mod(n\\,7)\\,3))*not(eq(mod(n\\,11)\\,5))*not(between(n\\,100\\,102))"
JITTER = "settb=1/90000,setpts=(N+0.15*mod(N\\,5)-0.1*mod(N\\,3))/30/TB"
STANDING = "setpts=if(lt(N\\,60)\\,N\\,if(lt(N\\,130)\\,N+45\\,N+70))/30/TB"


@dataclass(frozen=True)
class Kind:
    """How one recording is made: encoded with `options`, or remuxed `of` another."""

    extension: str
    options: tuple[str, ...]
    clips: str = "quick"
    given: dict = field(default_factory=dict)
    of: str = ""
    before: tuple[str, ...] = ()


def x264(params: str, *more: str, clips: str = "quick", extension: str = "mp4", audio=AAC, **given) -> Kind:
    return Kind(extension, (*X264, "-x264-params", params, *more, *audio), clips, given)


def x265(params: str, *more: str) -> Kind:
    options = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x265-params", params)
    return Kind("mp4", (*options, *more, *AAC), "HEVC")


def remux(of: str, *options: str, before: tuple[str, ...] = (), clips: str = "quick", extension: str = "mp4") -> Kind:
    return Kind(extension, options or COPY, clips, of=of, before=before)


KINDS: dict[str, Kind] = {
    # GOPs and B-frames
    "plain": x264("keyint=30:bframes=3:b-pyramid=normal"),
    "gop12": x264("keyint=12:bframes=2"),
    "gop60": x264("keyint=60:bframes=2:ref=2"),
    "scene_gops": x264("keyint=250:min-keyint=9:scenecut=0", "-force_key_frames", "0.7,1.9,2.3,4.1,5.5,6.1"),
    "no_b": x264("keyint=30:bframes=0"),
    "many_b": x264("keyint=48:bframes=8:b-adapt=0:ref=5"),
    "strict_pyramid": x264("keyint=40:bframes=5:b-adapt=0:b-pyramid=strict"),
    "intra": x264("keyint=1"),
    "one_gop": x264("keyint=infinite:scenecut=0", clips="rarely"),
    "open_gop": x264("keyint=30:open-gop=1:bframes=3:scenecut=0", clips="rarely"),
    "sparse_idr": x264("keyint=infinite:scenecut=0:bframes=3", "-force_key_frames", "2,4,6", "-forced-idr", "1"),
    "refresh": x264("keyint=40:intra-refresh=1:bframes=0", clips="rarely"),
    # profiles and streams
    "baseline": x264("keyint=30", "-profile:v", "baseline"),
    "main": x264("keyint=30:bframes=2", "-profile:v", "main"),
    "phone": x264("keyint=30:bframes=0:repeat-headers=1:aud=1:slices=2", "-video_track_timescale", "90000"),
    "other_ids": x264("keyint=30:sps-id=1:bframes=2"),
    "cavlc": x264("keyint=30:cabac=0:weightp=2"),
    "full_range": x264("keyint=30:range=pc:bframes=2", "-color_range", "pc"),
    "tagged": x264("keyint=30:colorprim=bt709:transfer=bt709:colormatrix=bt709:bframes=2", "-movflags", "+write_colr"),
    "nal_hrd": x264("keyint=30:nal-hrd=vbr:vbv-maxrate=2000:vbv-bufsize=2000:bframes=2"),
    "ten_bit": Kind("mp4", (*X264[:-2], "-g", "30", "-pix_fmt", "yuv420p10le", *AAC), "not every player"),
    "chroma_422": Kind("mp4", (*X264[:-2], "-g", "30", "-pix_fmt", "yuv422p", *AAC), "not every player"),
    "chroma_444": Kind("mp4", (*X264[:-2], "-g", "30", "-pix_fmt", "yuv444p", *AAC), "not every player"),
    "interlaced": x264("keyint=30:tff=1:bframes=2", "-flags", "+ildct+ilme", clips="interlaced"),
    # rates and times
    "film": x264("keyint=24:bframes=3", fps="24000/1001"),
    "pal": x264("keyint=25:bframes=3", fps="25"),
    "ntsc": x264("keyint=30:bframes=3", fps="30000/1001"),
    "fps60": x264("keyint=60:bframes=2", fps="60", frames=300),
    "ntsc60": x264("keyint=45:bframes=3", fps="60000/1001", frames=300),
    "fps12": x264("keyint=12:bframes=2", fps="12"),
    "vfr": x264("keyint=30:bframes=2", "-vf", VFR, *PASS, "-video_track_timescale", "90000"),
    "jitter": x264("keyint=30:bframes=3", "-vf", JITTER, *PASS),
    "standing": x264("keyint=30:bframes=0", "-vf", STANDING, *PASS, frames=170),
    "coarse_ticks": x264("keyint=30:bframes=2", "-video_track_timescale", "600"),
    "fine_ticks": x264("keyint=30:bframes=2", "-video_track_timescale", "1000000"),
    # containers and tracks
    "mov": x264("keyint=30:bframes=3", extension="mov"),
    "mov_pcm": x264("keyint=30:bframes=3", extension="mov", audio=("-c:a", "pcm_s16le")),
    "m4v": x264("keyint=30:bframes=2", "-f", "mp4", extension="m4v"),
    "moov_first": remux("plain", *COPY, "-movflags", "+faststart"),
    "fragmented": remux("silent", *COPY, "-movflags", "frag_keyframe+empty_moov", clips="no plain index"),
    "negative_cts": remux("plain", *COPY, "-movflags", "+negative_cts_offsets"),
    "rotated": remux("plain", before=("-display_rotation", "-90")),
    "upside_down": remux("plain", before=("-display_rotation", "180")),
    "edit_list": remux("plain", before=("-ss", "1.33")),
    "edit_list_end": remux("plain", *COPY, "-t", "5.21", before=("-ss", "1.33")),
    "late": remux("plain", *COPY, "-output_ts_offset", "3.5"),
    "late_picture": remux("plain", "-map", "0:v", "-map", "1:a", "-c", "copy", before=("-itsoffset", "0.5")),
    "late_sound": remux("plain", "-map", "0:v", "-map", "1:a", "-c", "copy"),
    "slow_sound": remux("plain", *COPY, "-bsf:a", "setts=ts=round(TS*1023.34/1024):duration=DURATION"),
    "silent": Kind("mp4", (*X264, "-g", "30"), given={"sound": False}),
    "anamorphic": x264("keyint=30:bframes=2", "-vf", "setsar=4/3"),
    "two_tracks": remux("plain", "-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy"),
    "aac_441": x264("keyint=30:bframes=2", "-ar", "44100"),
    "aac_low": x264("keyint=30:bframes=2", "-ar", "22050"),
    "mp3_sound": x264("keyint=30:bframes=2", audio=("-c:a", "libmp3lame")),
    "ac3_sound": x264("keyint=30:bframes=2", audio=("-c:a", "ac3")),
    "opus_sound": x264("keyint=30:bframes=2", audio=("-c:a", "libopus")),
    "mkv": remux("plain", extension="mkv"),
    "mkv_ntsc": remux("ntsc", extension="mkv"),
    "mkv_vfr": remux("vfr", extension="mkv"),
    "mkv_opus": x264("keyint=30:bframes=3", extension="mkv", audio=("-c:a", "libopus")),
    "mkv_late": remux("plain", *COPY, "-output_ts_offset", "7.123", extension="mkv"),
    "flv": x264("keyint=30:bframes=2", "-ar", "44100", extension="flv"),
    "avi": x264("keyint=30:bframes=2", extension="avi", audio=("-c:a", "libmp3lame"), clips="container"),
    # other codecs
    "hevc": x265("keyint=30:open-gop=0:bframes=4"),
    "hevc_open_gop": x265("keyint=30:open-gop=1:bframes=4"),
    "hevc_hvc1": x265("keyint=45:open-gop=0:bframes=3", "-tag:v", "hvc1"),
    "hevc_mkv": remux("hevc_open_gop", extension="mkv", clips="HEVC"),
    "vp9": Kind(
        "webm",
        ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "30", "-pix_fmt", "yuv420p"),
        "VP9",
    ),
    "vp8": Kind("webm", ("-c:v", "libvpx", "-deadline", "realtime", "-g", "30", "-c:a", "libvorbis"), "VP8"),
    "vp9_mp4": remux("vp9", "-c:v", "copy", *AAC, clips="VP9"),
    "av1": Kind("mp4", ("-c:v", "libsvtav1", "-preset", "12", "-g", "30", "-pix_fmt", "yuv420p", *AAC), "AV1"),
    "av1_mkv": remux("av1", extension="mkv", clips="AV1"),
    "mpeg4": Kind("mp4", ("-c:v", "mpeg4", "-q:v", "3", "-g", "30", *AAC), "MPEG4"),
}


def make(folder: Path, name: str) -> Path:
    """The recording of that name in `folder`; made there unless it is there."""
    kind = KINDS[name]
    target = folder / f"{name}.{kind.extension}"
    if target.exists():
        return target
    if not kind.of:
        return stamped.encode(target, *kind.options, **kind.given)
    source = str(make(folder, kind.of))
    more = ["-i", source] if name == "late_picture" else ["-itsoffset", "1.5", "-i", source] * (name == "late_sound")
    stamped.run(*kind.before, "-i", source, *more, *kind.options, str(target))
    return target
