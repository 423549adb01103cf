"""Captions into the picture: in the one encode that also trims and scales, or on a single frame.

ffmpeg runs in a folder of its own that holds the script, the few fonts that it names, and a `fonts.conf` that knows no
font of the system: names in the filter are ours and relative. Source: captions.md 2.3 and 4.
"""

import shutil
from pathlib import Path

import ffmpeg as builder

from fastclip.media import ffmpeg, graph
from fastclip.media.ass import Script
from fastclip.media.facts import Facts
from fastclip.media.graph import Stream

_SCRIPT, _FONTS = "captions.ass", "fonts"
_NO_FONTS = '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig></fontconfig>\n'
_HD_PX = 720


def lay(folder: Path, script: Script) -> None:
    """Fill `folder` with all that drawing these captions needs. What lay there before goes."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / _FONTS).mkdir(parents=True)
    (folder / _SCRIPT).write_text(script.text, "utf-8")
    (folder / "fonts.conf").write_text(_NO_FONTS, "utf-8")
    for font in script.fonts:
        shutil.copyfile(font.path, folder / _FONTS / font.path.name)


def drawn(picture: Stream, facts: Facts) -> Stream:
    """The picture with the captions on it, for an ffmpeg that runs in the folder.

    A source that does not say how its colours are meant is taken as players take it, and the clip says so: without a
    word libass would draw BT.601 colours into a BT.709 picture.
    """
    if (facts.color_space is None or _is_rgb(facts)) and not facts.is_hdr:
        picture = picture.filter("setparams", colorspace=matrix(facts), range="tv")
    return picture.filter("ass", _SCRIPT, fontsdir=_FONTS)


def matrix(facts: Facts) -> str:
    """The matrix of a source that names none: by its size, as players do; of RGB, what swscale makes it into."""
    is_hd = not _is_rgb(facts) and min(facts.upright_px) >= _HD_PX
    return "bt709" if is_hd else "smpte170m"


def _is_rgb(facts: Facts) -> bool:
    return facts.color_space == "gbr" or (facts.pix_fmt or "").startswith(("rgb", "gbr", "bgr", "pal8", "argb", "abgr"))


def frame(folder: Path, background: Path | None, target: Path, *, size: tuple[int, int], at_s: float) -> None:
    """The picture at `at_s` with its captions, as a PNG: drawn by what burns them, before an encoder loses anything.

    background: a still picture of ours; None for a plain dark one.
    """
    width, height = size
    if background:
        stream = builder.input(f"file:{background.resolve()}", format="image2", pattern_type="none")
    else:
        stream = builder.input(f"color=c=0x2b2f36:s={width}x{height}", f="lavfi")
    stream = stream.filter("scale", width, height, flags="bicubic", out_color_matrix="bt709", out_range="tv")
    stream = stream.filter("format", "yuv444p").filter("setsar", 1)
    # A still picture comes in 25ths of a second; words are in motion for less.
    stream = stream.filter("settb", "1/1000").filter("setpts", f"PTS+{at_s:.3f}/TB")
    stream = stream.filter("setparams", colorspace="bt709", range="tv").filter("ass", _SCRIPT, fontsdir=_FONTS)
    stream = stream.filter("scale", in_color_matrix="bt709", in_range="tv", out_range="pc").filter("format", "rgb24")
    output = builder.output(stream, f"file:{target.resolve()}", **{"frames:v": 1, "f": "image2", "update": 1})
    ffmpeg.run(graph.argv(output), folder=folder)
