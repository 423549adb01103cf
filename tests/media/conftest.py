"""The recordings that the engine is tried on, each made once a run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.media import stamped

H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-g", "60")
AAC = ("-c:a", "aac", "-b:a", "128k")
IRREGULAR = "settb=1/90000,setpts=(N+0.15*mod(N\\,5)-0.1*mod(N\\,3))/30/TB"
STANDING = "settb=1/90000,setpts=if(lt(N\\,60)\\,N\\,N+45)/30/TB"  # frame 59 stands still from 1.97 s to 3.5 s
PASS = ("-fps_mode", "passthrough", "-enc_time_base:v", "1:90000")
COPY = ("-map", "0", "-c", "copy")

HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1")
PQ = ("-x265-params", "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc")
HLG = ("-x265-params", "colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc")

VIDEOS: dict[str, tuple[str, tuple[str, ...], dict]] = {
    "plain": ("mp4", (*H264, "-bf", "3", "-b-pyramid", "normal", *AAC), {}),
    "ntsc_open_gop": ("mp4", (*H264, "-x264-params", "open-gop=1:bframes=3", *AAC), {"fps": "30000/1001"}),
    "vfr": ("mp4", ("-vf", IRREGULAR, *PASS, *H264, *AAC), {}),
    "standing": ("mp4", ("-vf", STANDING, *PASS, *H264, *AAC), {"frames": 195}),
    "mov": ("mov", (*H264, "-c:a", "pcm_s16le"), {}),
    "m4v": ("m4v", (*H264, *AAC, "-f", "mp4"), {}),
    "webm": (
        "webm",
        ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p", "-c:a", "libopus"),
        {},
    ),
    "hevc": ("mp4", (*HEVC, "-pix_fmt", "yuv420p", *AAC), {"frames": 150}),
    "av1": ("mp4", ("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p", *AAC), {"frames": 150}),
    "ten_bit": ("mkv", (*H264[:-4], "-pix_fmt", "yuv420p10le", *AAC), {}),
    "interlaced": ("mp4", (*H264, "-flags", "+ildct+ilme", "-x264-params", "tff=1", *AAC), {}),
    "silent": ("mp4", H264, {"sound": False}),
    "avi": ("avi", ("-c:v", "mpeg4", "-q:v", "3", "-g", "50", "-c:a", "libmp3lame"), {}),
    "avi_h264": ("avi", (*H264, "-bf", "2", "-c:a", "libmp3lame"), {}),
    "flv": ("flv", (*H264, *AAC, "-ar", "44100"), {}),
    "square": ("mp4", (*H264, "-vf", "setsar=4/3", *AAC), {}),
    "hdr": ("mp4", (*HEVC, "-pix_fmt", "yuv420p10le", *PQ, *AAC), {"frames": 60}),
    "hlg": ("mp4", (*HEVC, "-pix_fmt", "yuv420p10le", *HLG, "-tag:v", "hvc1", *AAC), {"frames": 60}),
}
REMUXED: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "mkv": ("plain", "mkv", (), COPY),
    "late_mkv": ("plain", "mkv", (), (*COPY, "-output_ts_offset", "7.123")),
    "rotated": ("plain", "mp4", ("-display_rotation", "-90"), COPY),
    "edit_list": ("plain", "mp4", ("-ss", "1.33"), COPY),
    "late_picture": ("plain", "mp4", ("-itsoffset", "0.5"), ("-map", "0:v", "-map", "1:a", "-c", "copy")),
    "late_sound": ("plain", "mp4", (), ("-map", "0:v", "-map", "1:a", "-c", "copy")),
}
SOUNDS: dict[str, tuple[str, ...]] = {
    "mp3": ("-c:a", "libmp3lame", "-b:a", "128k"),
    "wav": ("-c:a", "pcm_s16le"),
    "m4a": ("-c:a", "aac", "-b:a", "128k"),
    "aac": ("-c:a", "aac", "-b:a", "128k"),
    "flac": ("-c:a", "flac"),
    "ogg": ("-c:a", "libvorbis"),
    "wma": ("-c:a", "wmav2", "-b:a", "128k"),
}

Recording = Callable[[str], Path]


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """The path of a recording by its name in VIDEOS, REMUXED or SOUNDS (`sound.mp3`); made when first asked for."""
    folder = tmp_path_factory.mktemp("recordings")
    made: dict[str, Path] = {}

    def find(name: str) -> Path:
        if name not in made:
            made[name] = _make(folder, name, find)
        return made[name]

    return find


def _make(folder: Path, name: str, find: Recording) -> Path:
    if name.startswith("sound."):
        target = folder / name
        find("plain")
        stamped.run("-i", str(folder / "noise.wav"), *SOUNDS[target.suffix[1:]], str(target))
        return target
    if name in VIDEOS:
        extension, options, given = VIDEOS[name]
        return stamped.encode(folder / f"{name}.{extension}", *options, **given)
    if name in REMUXED:
        origin, extension, before, options = REMUXED[name]
        source, target = str(find(origin)), folder / f"{name}.{extension}"
        second = (
            ["-i", source] if name == "late_picture" else ["-itsoffset", "1.5", "-i", source] * (name == "late_sound")
        )
        stamped.run(*before, "-i", source, *second, *options, str(target))
        return target
    return _special(folder, name, find)


def _special(folder: Path, name: str, find: Recording) -> Path:
    plain = str(find("plain"))
    target = folder / name
    if name == "two_tracks.mp4":
        tone = ["-f", "lavfi", "-i", "sine=duration=8"]
        stamped.run("-i", plain, *tone, "-map", "0:v", "-map", "0:a", "-map", "1:a", "-c:v", "copy", *AAC, str(target))
    elif name == "cover.mp3":
        stamped.run("-i", plain, "-frames:v", "1", str(folder / "cover.png"))
        pictures = ["-i", str(folder / "cover.png"), "-map", "0:a", "-map", "1:v", "-disposition:v", "attached_pic"]
        stamped.run("-i", str(find("sound.mp3")), *pictures, "-c", "copy", str(target))
    elif name == "no_duration.webm":
        piped = stamped.run("-i", str(find("webm")), "-c", "copy", "-f", "webm", "-live", "1", "pipe:1")
        target.write_bytes(piped)
    else:
        raise KeyError(name)
    return target


@pytest.fixture(scope="session")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An AVI of one 16,000 x 16,000 JPEG."""
    target = tmp_path_factory.mktemp("bomb") / "bomb.avi"
    picture = ["-f", "lavfi", "-i", "color=gray:s=16000x16000:r=1", "-frames:v", "1", "-pix_fmt", "yuvj420p"]
    stamped.run(*picture, "-c:v", "mjpeg", "-q:v", "31", str(target))
    return target
