"""Writes a range as a looping GIF in two passes. Source: cutting.md section 7 (94 MB of memory instead of 600)."""

from dataclasses import dataclass
from pathlib import Path

import ffmpeg as builder

from fastclip.media import Tell, ffmpeg, graph
from fastclip.media.facts import Facts
from fastclip.media.window import Window

_SIZES = ((1080, 1280, 15), (720, 640, 15), (0, 480, 12))
_PALETTE_WIDTH_PX = 480
_FIRST_PASS = 0.15
_HEADER_BYTES, _PICTURE, _EXTENSION, _CONTROL, _TRAILER = 13, 0x2C, 0x21, 0xF9, 0x3B
_SLACK_S = 0.1  # the last picture stands to its end, though the range may end inside it


def shape(facts: Facts, height_px: int | None) -> tuple[int, int, int]:
    """(width, height, frames a second) for a wanted height: the long side is 1280, 640 or 480 px at most.

    A GIF at the full size of its source would be larger than the source itself.
    """
    wanted = height_px or min(facts.upright_px)
    long_side, rate = next((side, fps) for least, side, fps in _SIZES if wanted >= least)
    short, long = sorted(facts.upright_px)
    width, height = graph.fit(facts, short * long_side // long if long > long_side else None)
    return width, height, rate


def write(
    source: Path, target: Path, facts: Facts, window: Window, size: tuple[int, int], rate: int, *, tell: Tell | None
) -> int:
    """Draw the window into `target`; return how many frames were written."""
    palette = target.with_suffix(".palette.png")
    duration_s = window.end_s - window.start_s
    limits = graph.limits(facts, duration_s + 20)
    try:
        ffmpeg.run(
            palette_arguments(source, palette, facts, window),
            tell=_part(tell, 0.0, _FIRST_PASS),
            duration_s=duration_s,
            stage="Choosing colours",
            limits=limits,
        )
        return ffmpeg.run(
            arguments(source, palette, target, facts, window, size, rate),
            tell=_part(tell, _FIRST_PASS, 1.0),
            duration_s=duration_s,
            stage="Drawing",
            limits=limits,
        ).frames
    finally:
        palette.unlink(missing_ok=True)


def check(target: Path, size: tuple[int, int], frames: int, duration_s: float) -> None:
    """Read the file back: whole, as large and as long as planned, looping. Raises ffmpeg.Failed."""
    found = read(target)
    is_long = abs(found.duration_s - duration_s) <= _SLACK_S
    is_looping = found.loops == 0 or found.frames == 1
    if (found.size, found.frames) != (size, frames) or not is_long or not is_looping:
        raise ffmpeg.Failed(f"the GIF is not what was planned: {found}")


@dataclass(frozen=True)
class Gif:
    """What a GIF says of itself. loops: 0 is for ever, None says nothing, which is once."""

    size: tuple[int, int]
    frames: int
    duration_s: float
    loops: int | None


def read(path: Path) -> Gif:
    """Walk the blocks of a GIF to its end. Raises ffmpeg.Failed where it is cut short or not one. Source: GIF89a."""
    data = path.read_bytes()
    try:
        return _walked(data)
    except IndexError:
        raise ffmpeg.Failed("the GIF ends before its end") from None


def _walked(data: bytes) -> Gif:
    place, frames, centiseconds, loops = _HEADER_BYTES + _colours(data[10]), 0, 0, None
    while data[place] != _TRAILER:
        kind, label = data[place], data[place + 1]
        if kind == _EXTENSION and label == _CONTROL:
            centiseconds += int.from_bytes(data[place + 4 : place + 6], "little")
        elif kind == _EXTENSION and data[place + 3 : place + 14] == b"NETSCAPE2.0":
            loops = int.from_bytes(data[place + 16 : place + 18], "little")
        elif kind == _PICTURE:
            frames += 1
            place += 9 + _colours(data[place + 9])
        elif kind != _EXTENSION:
            raise ffmpeg.Failed(f"the GIF holds a block of kind {kind}")
        place += 2
        while data[place]:
            place += data[place] + 1
        place += 1
    size = (int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little"))
    return Gif(size, frames, centiseconds / 100, loops)


def _colours(flags: int) -> int:
    """How many bytes the colour table takes that these flags tell of."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def palette_arguments(source: Path, palette: Path, facts: Facts, window: Window) -> list[str]:
    """The first pass: the 256 colours of two small pictures a second."""
    size = graph.fit(facts, min(_PALETTE_WIDTH_PX, *facts.upright_px))
    stream = graph.kept(source, facts, window).filter("fps", 2, start_time=0)
    stream = graph.picture(stream, facts, size).filter("palettegen", stats_mode="full")
    return graph.argv(
        builder.output(stream, f"file:{palette.resolve()}", **{"frames:v": 1, "update": 1, "f": "image2"})
    )


def arguments(
    source: Path, palette: Path, target: Path, facts: Facts, window: Window, size: tuple[int, int], rate: int
) -> list[str]:
    """The second pass: every picture in those colours, looping for ever."""
    stream = graph.picture(graph.kept(source, facts, window).filter("fps", rate, start_time=0), facts, size)
    colours = builder.input(f"file:{palette.resolve()}", f="png_pipe", protocol_whitelist=ffmpeg.PROTOCOLS)
    drawn = builder.filter([stream, colours["0"]], "paletteuse", dither="bayer", bayer_scale=5, diff_mode="rectangle")
    duration_s = window.end_s - window.start_s
    drawn = drawn.filter("trim", end_frame=max(1, round(duration_s * rate)))
    return graph.argv(builder.output(drawn, f"file:{target.resolve()}", loop=0, f="gif"))


def _part(tell: Tell | None, low: float, high: float) -> Tell | None:
    return None if tell is None else lambda fraction, stage: tell(low + fraction * (high - low), stage)
