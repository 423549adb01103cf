"""ffmpeg graphs, built with ffmpeg-python: the hardened input, the upright picture, the exact sound.

No text of a user ever enters a filter: only numbers, and names of ours. Source: cutting.md section 5, backend-spec 7.2.
"""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ffmpeg

from fastclip.media import signature
from fastclip.media.facts import Facts
from fastclip.media.ffmpeg import DEMUXERS, MAX_PIXELS, PROTOCOLS, THREADS, Limits

if TYPE_CHECKING:
    from fastclip.media.window import Window

Stream = Any  # ffmpeg-python is untyped

_MARGIN_S = 2.0
_FULL_HD_30 = 1920 * 1080 * 30
_TONE_MAP = (
    ("zscale", {"transfer": "linear", "npl": 100}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"primaries": "bt709"}),
    ("tonemap", {"tonemap": "hable", "desat": 0}),
    ("zscale", {"transfer": "bt709", "matrix": "bt709", "range": "tv"}),
)


def seek_for(facts: Facts, start_s: float) -> float:
    """Where to open a source to read from `start_s` on: some seconds before, and a whole second, which every time
    base can express. Windows Media is read from its beginning: after a seek its sound is off by up to 0.1 s.
    """
    return 0.0 if facts.format_detected == "asf" else float(max(0, int(start_s - _MARGIN_S)))


def source(path: Path, *, seek_s: float = 0.0, **options: Any) -> Stream:
    """A local file of ours as input, with the standing hardening, read as what its first bytes call it: a 1 kHz tone in
    a WAV looks more like an MPEG transport stream to ffmpeg."""
    at = {"ss": f"{seek_s:.6f}"} if seek_s > 0 else {}
    families = signature.of(path)
    at |= {"f": families.pop()} if len(families) == 1 else {}
    standing = {"protocol_whitelist": PROTOCOLS, "format_whitelist": DEMUXERS, "max_pixels": MAX_PIXELS}
    return ffmpeg.input(f"file:{path.resolve()}", **standing | {"threads": THREADS} | at | options)


def kept(path: Path, facts: Facts, window: "Window") -> Stream:
    """Exactly the window's frames, whole and upright, the first at 0. Opens the source for the picture alone."""
    seek_s = seek_for(facts, min(window.start_s, window.low_s))
    return frames(source(path, seek_s=seek_s, **steady(facts)), facts, window, seek_s)


def steady(facts: Facts) -> dict[str, Any]:
    """What the input of frames that change their size is told: to keep its filters, which would begin at 0 again. Only
    a first `scale` may meet such frames (others read past their ends), so that turning them is left to `frames`."""
    return {"reinit_filter:v": 0, "noautorotate": None} if facts.is_resized else {}


def frames(file: Stream, facts: Facts, window: "Window", seek_s: float) -> Stream:
    """The same, of an input that was opened at `seek_s`, and as `steady` says."""
    stream = file[str(facts.video_index)]
    stream = _levelled(stream, facts) if facts.is_resized else stream
    stream = progressive(stream, facts)  # before the trim: it looks at the neighbours
    end = {} if window.high_s is None else {"end": f"{window.high_s - seek_s:.6f}"}
    stream = stream.filter("trim", start=f"{window.low_s - seek_s:.6f}", **end)
    shown = f"max(0,round(PTS-{window.start_s - seek_s:.6f}/TB))" if window.is_held else "PTS-STARTPTS"
    return stream.filter("setpts", shown)


def _levelled(stream: Stream, facts: Facts) -> Stream:
    """All frames as large as the first, upright."""
    stream = stream.filter("scale", facts.width_px, facts.height_px)
    for _ in range(facts.rotation // 90):
        stream = stream.filter("transpose", "clock")
    return stream.filter("sidedata", mode="delete", type="DISPLAYMATRIX")


def progressive(stream: Stream, facts: Facts) -> Stream:
    """Whole frames from interlaced ones, as many as there were."""
    return stream.filter("bwdif", mode="send_frame", deint="interlaced") if facts.is_interlaced else stream


def picture(stream: Stream, facts: Facts, size: tuple[int, int]) -> Stream:
    """8-bit 4:2:0 at `size`, square pixels, standard range. ffmpeg itself has turned it upright."""
    stream = standard_range(stream) if facts.is_hdr else stream
    return stream.filter("scale", *size, flags="bicubic").filter("setsar", 1).filter("format", "yuv420p")


def standard_range(stream: Stream) -> Stream:
    """HDR (PQ, HLG) as BT.709."""
    for name, options in _TONE_MAP:
        stream = stream.filter(name, **options)
    return stream


def sound(stream: Stream, facts: Facts, *, start_s: float, duration_s: float, rate: int, pad: bool) -> Stream:
    """Exactly the samples [start, start + duration) at `rate`, silence where the source has none.

    start_s: on the input's timeline. pad: also silence after the end of the source's sound.
    """
    stream = counted(stream) if facts.format_detected == "asf" else stream
    stream = evened(stream) if facts.audio_codec == "vorbis" else stream
    stream = stream.filter("atrim", start=f"{start_s:.6f}").filter("asetpts", f"PTS-{start_s:.6f}/TB")
    stream = stream.filter("aresample", rate, **{"async": 1, "first_pts": 0})
    if pad:
        stream = stream.filter("apad", whole_dur=f"{duration_s:.6f}")
    return stream.filter("atrim", end_sample=samples(duration_s, rate))


def whole_sound(stream: Stream, rate: int, *, is_asf: bool) -> Stream:
    """All of a source's sound at `rate`, from the container's start on, silence where there is none yet."""
    stream = counted(stream) if is_asf else stream
    return stream.filter("aresample", rate, **{"async": 1, "first_pts": 0})


def counted(stream: Stream) -> Stream:
    """Sound timed by counting its samples: Windows Media's timestamps run up to 0.1 s before what they are of."""
    return stream.filter("asetpts", "N/SR/TB")


def evened(stream: Stream) -> Stream:
    """Sound timed by counting from its first sample on, except across gaps: where Vorbis changes the length of its
    blocks, one frame's timestamp is off by up to a fifth of its length, and a trim in there would be too."""
    return stream.filter("aresample", **{"async": 1})


def samples(duration_s: float, rate: int) -> int:
    """How many samples so long a sound has."""
    return round(Fraction(duration_s) * rate)


def fit(facts: Facts, short_side_px: int | None) -> tuple[int, int]:
    """The upright size with its short side at most this, never larger than the source, both sides even."""
    width, height = facts.upright_px
    if short_side_px is None or min(width, height) <= short_side_px:
        return width // 2 * 2, height // 2 * 2
    scale = Fraction(short_side_px, min(width, height))
    return round(width * scale / 2) * 2, round(height * scale / 2) * 2


def argv(output: Stream) -> list[str]:
    """The arguments for `ffmpeg.run`. Filters get two threads like everything else."""
    return ["-filter_threads", str(THREADS), "-filter_complex_threads", str(THREADS), *output.get_args()]


def limits(facts: Facts, duration_s: float) -> Limits:
    """What rendering so much of this source may use: four times what noise at this size was measured to cost."""
    pixels = (facts.width_px or 0) * (facts.height_px or 0)
    load = max(1.0, float(pixels * (facts.fps or 0) / _FULL_HD_30))
    cpu_s = int(60 + duration_s * 8 * load)
    return Limits(memory_bytes=(2 << 30) + 256 * pixels, cpu_s=cpu_s, wall_s=cpu_s * 2.0)
