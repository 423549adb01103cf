"""Still pictures of a source: its poster, and the filmstrip that a timeline is drawn with."""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ffmpeg as builder

from fastclip.media import Tell, ffmpeg, graph
from fastclip.media.facts import Facts

if TYPE_CHECKING:
    import numpy

_LIMITS = ffmpeg.Limits(cpu_s=600, wall_s=600, file_bytes=256 << 20)
_POSTER_LIMITS = ffmpeg.Limits(memory_bytes=12 << 30, cpu_s=60, wall_s=60, file_bytes=64 << 20)
_READ_ALL_FRAMES = 3000
_JPEG_QUALITY = 4  # ffmpeg's scale: 2 best, 31 worst


@dataclass(frozen=True)
class Filmstrip:
    """One JPEG of tiles, row by row; tile i shows the middle of [i, i + 1) intervals."""

    columns: int
    rows: int
    count: int
    interval_s: float
    tile_width_px: int
    tile_height_px: int


def poster(
    source: Path,
    target: Path,
    *,
    at_s: float,
    height_px: int = 720,
    is_hdr: bool = False,
    tell: Tell | None = None,
) -> None:
    """Write the picture shown at `at_s` as a JPEG, upright, its short side at most `height_px`.

    Takes every source and every clip, GIF as well; past the end, and where it is damaged, it is the first picture.
    """
    for at in (at_s, 0.0):
        asked = poster_arguments(source, target, at_s=at, height_px=height_px, is_hdr=is_hdr)
        with suppress(ffmpeg.Failed):
            ffmpeg.run(asked, tell=tell, stage="Drawing its poster", limits=_POSTER_LIMITS)
        if target.exists() and target.stat().st_size:
            return
    raise ffmpeg.Failed("no picture came out for a poster")


def filmstrip(
    source: Path,
    facts: Facts,
    target: Path,
    *,
    count: int,
    columns: int,
    tile_width: int,
    tell: Tell | None = None,
) -> Filmstrip:
    """Draw `count` pictures, evenly spread over the source, into one JPEG.

    A source of up to 3,000 frames is decoded whole and each tile shows its own time; of a longer one each tile
    shows the keyframe before that time, so that three hours cost no more than `count` seeks.
    """
    width, height = facts.upright_px
    tile = (tile_width, max(2, round(tile_width * height / width / 2) * 2))
    strip = Filmstrip(columns, -(-count // columns), count, facts.duration_s / count, *tile)
    is_short = facts.duration_s * float(facts.fps or 30) <= _READ_ALL_FRAMES
    asked = {"source": str(source), "target": str(target), "is_short": is_short}
    ffmpeg.child(
        "frames", [json.dumps(asked | asdict(strip))], tell=tell, stage="Drawing the filmstrip", limits=_LIMITS
    )
    return strip


def poster_arguments(source: Path, target: Path, *, at_s: float, height_px: int, is_hdr: bool) -> list[str]:
    """What `poster` asks of ffmpeg. It needs no facts: the filters look at the picture themselves."""
    file = graph.source(source, seek_s=at_s, format_whitelist=f"{ffmpeg.DEMUXERS},gif")
    stream = file["V:0"].filter("bwdif", mode="send_frame", deint="interlaced").filter("scale", "iw*sar", "ih")
    stream = graph.standard_range(stream) if is_hdr else stream
    wide, tall = f"min(ih,{height_px})", f"min(iw,{height_px})"
    stream = stream.filter("scale", f"if(gt(iw,ih),-2,{tall})", f"if(gt(iw,ih),{wide},-2)").filter("setsar", 1)
    options = {"frames:v": 1, "update": 1, "c:v": "mjpeg", "q:v": _JPEG_QUALITY, "f": "image2", "strict": "unofficial"}
    return graph.argv(builder.output(stream, f"file:{target.resolve()}", **options))


def main(asked: dict[str, Any]) -> None:
    """In the child: draw the filmstrip that `filmstrip` described."""
    import numpy

    from fastclip.media import reader

    width, height, columns = asked["tile_width_px"], asked["tile_height_px"], asked["columns"]
    sheet = numpy.zeros((asked["rows"] * height, columns * width, 3), dtype="uint8")
    tile: numpy.ndarray[Any, Any] | None = None
    pictures = _each_in_order(asked) if asked["is_short"] else _each_by_seeking(asked)
    for place, frame in enumerate(pictures):
        tile = _tile(frame, width, height) if frame is not None else tile
        if tile is not None:
            row, column = divmod(place, columns)
            sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
        reader.progress((place + 1) / asked["count"])
    _write_jpeg(sheet, asked["target"])


def _moments(asked: dict[str, Any]) -> list[float]:
    return [(place + 0.5) * asked["interval_s"] for place in range(asked["count"])]


def _each_in_order(asked: dict[str, Any]) -> Iterator[Any]:
    """The frame shown at each tile's time, in one pass."""
    from fastclip.media.index import Source

    source = Source(asked["source"])
    moments = _moments(asked)
    shown = None
    for frame in source.frames():
        at = source.seconds(frame.pts) if frame.pts is not None else 0.0
        while moments and shown is not None and at > moments[0]:
            moments.pop(0)
            yield shown
        shown = frame
        if not moments:
            return
    yield from [shown for _ in moments]


def _each_by_seeking(asked: dict[str, Any]) -> Iterator[Any]:
    """The keyframe before each tile's time; None where nothing decodes, which repeats the tile before."""
    from av.error import FFmpegError

    from fastclip.media.index import Source

    source = Source(asked["source"])
    codec = source.stream.codec_context
    for moment in _moments(asked):
        frames: list[Any] = []
        with suppress(FFmpegError):  # also a file without an index, which cannot seek and is read from where it stands
            source.seek(moment)
            key = next((packet for packet in source.packets() if packet.is_keyframe), None)
            frames = [*codec.decode(key), *codec.decode(None)] if key is not None else []
        codec.flush_buffers()
        yield frames[0] if frames else None


def _tile(frame: Any, width: int, height: int) -> "numpy.ndarray[Any, Any]":
    import numpy

    turns = round(frame.rotation / 90) % 4
    stored = (height, width) if turns % 2 else (width, height)
    picture = frame.reformat(*stored, format="rgb24").to_ndarray()
    return numpy.rot90(picture, turns)


def _write_jpeg(sheet: "numpy.ndarray[Any, Any]", target: str) -> None:
    import av

    frame = av.VideoFrame.from_ndarray(sheet, format="rgb24").reformat(format="yuvj420p")
    codec: Any = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = frame.width, frame.height, "yuvj420p", Fraction(1)
    codec.options = {"qmin": str(_JPEG_QUALITY), "qmax": str(_JPEG_QUALITY)}
    Path(target).write_bytes(b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)]))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
