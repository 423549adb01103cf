"""Reads where the samples of an MP4 or QuickTime file lie and when they are shown, from its index alone.

Only the `moov` box is read, whatever the size of the file. Whatever does not add up raises Unindexed: such a file is
read in another way. Nothing here recurses, and every table is bounded before it is unrolled.
"""

import functools
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from fastclip.media.mp4 import entries
from fastclip.media.mp4.boxes import Unindexed, children, find, number, table
from fastclip.media.mp4.entries import Entry

MAX_INDEX_BYTES = 192 << 20
MAX_SAMPLES = 6_000_000  # three hours at more than 500 frames a second
_MAX_TICKS = 1 << 56
_MAX_TOP_BOXES = 4096
_PLAIN_RATE = 0x10000


@dataclass(frozen=True)
class Track:
    """One track. The arrays are int64 and in decoding order, their times ticks of 1/timescale.

    pts counts as a player shows it: edits applied, 0 the movie's beginning. Samples outside [shown_from, shown_to)
    serve decoding alone. is_key: the container's word for it, which open GOPs bend. entries: how many sample
    formats there are. matrix, display: how a picture is turned and sized. rough_s:
    when a container of whole milliseconds says that each frame is shown, where pts are finer.
    """

    kind: str
    timescale: int
    entry: Entry
    entries: int
    pts: np.ndarray
    dts: np.ndarray
    duration: np.ndarray
    offset: np.ndarray
    size: np.ndarray
    is_key: np.ndarray
    shown_from: int
    shown_to: int
    matrix: bytes
    display: bytes
    language: bytes
    rough_s: np.ndarray | None = None


@dataclass(frozen=True)
class Movie:
    """A file's tracks, in its own order; None stands for one that is neither picture nor sound."""

    tracks: tuple[Track | None, ...]


def read(path: Path) -> Movie:
    """The index of the file at `path`; read once for as long as the file stays the same. Raises Unindexed."""
    stat = os.stat(path)
    with _reading:
        answer = _read(str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    if isinstance(answer, str):
        raise Unindexed(answer)
    return answer


_reading = threading.Lock()


@functools.lru_cache(maxsize=4)
def _read(path: str, size: int, _mtime_ns: int, _inode: int) -> Movie | str:
    """The movie, or why there is none, which is remembered as well."""
    try:
        with open(path, "rb", buffering=0) as file:
            return parse(_moov(file, size), size)
    except Unindexed as reason:
        return str(reason)


def _moov(file: IO[bytes], size: int) -> bytes:
    """The body of the `moov` box, found by hopping over the others."""
    at = 0
    for _ in range(_MAX_TOP_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            break
        length, kind, skip = int.from_bytes(head[:4]), head[4:8], 8
        if length == 1:
            length, skip = int.from_bytes(head[8:16]), 16
        elif length == 0:
            length = size - at
        if kind == b"moof":
            raise Unindexed("is a fragmented MP4")
        if length < skip or at + length > size:
            break
        if kind == b"moov":
            if length > MAX_INDEX_BYTES:
                raise Unindexed("has too large an index")
            file.seek(at + skip)
            return file.read(length - skip)
        at += length
    raise Unindexed("has no index")


def parse(moov: bytes, file_bytes: int) -> Movie:
    """The movie that the body of a `moov` box describes. Raises Unindexed."""
    end = len(moov)
    header = find(moov, 0, end, b"mvhd")
    if header is None or find(moov, 0, end, b"mvex") is not None or find(moov, 0, end, b"cmov") is not None:
        raise Unindexed("has no plain index")
    timescale = _timescale(moov, *header)
    bodies = [(low, high) for kind, low, high in children(moov, 0, end) if kind == b"trak"]
    return Movie(tuple(_track(moov, low, high, timescale, file_bytes) for low, high in bodies))


def _timescale(moov: bytes, low: int, high: int) -> int:
    """Of an `mvhd` or `mdhd`, which begin alike."""
    value = number(moov, low + (20 if number(moov, low, high, 1) else 12), high)
    if not value:
        raise Unindexed("has a damaged index")
    return value


def _track(moov: bytes, low: int, high: int, movie_timescale: int, file_bytes: int) -> Track | None:
    handler = find(moov, low, high, b"mdia", b"hdlr")
    kind = {b"vide": "video", b"soun": "audio"}.get(moov[handler[0] + 8 : handler[0] + 12]) if handler else None
    header, media = find(moov, low, high, b"tkhd"), find(moov, low, high, b"mdia", b"mdhd")
    samples = find(moov, low, high, b"mdia", b"minf", b"stbl")
    if kind is None or header is None or media is None or samples is None:
        return None
    boxes = {name: (start, end) for name, start, end in children(moov, *samples)}
    try:
        described = entries.read(moov, *boxes[b"stsd"], kind)
        dts, duration, pts, size, offset, is_key = _samples(moov, boxes, file_bytes)
    except KeyError:
        raise Unindexed("has an incomplete index") from None
    if not described or not len(pts):
        return None
    timescale = _timescale(moov, *media)
    shown = _edited(moov, (low, high), pts, duration, timescale, movie_timescale, is_picture=kind == "video")
    shift, shown_from, shown_to = shown
    return Track(
        kind,
        timescale,
        described[0],
        len(described),
        pts - shift,
        dts - shift,
        duration,
        offset,
        size,
        is_key,
        shown_from,
        shown_to,
        matrix=bytes(moov[header[1] - 44 : header[1] - 8]),
        display=bytes(moov[header[1] - 8 : header[1]]),
        language=bytes(moov[media[1] - 4 : media[1] - 2]),
    )


_Boxes = dict[bytes, tuple[int, int]]


def _samples(moov: bytes, boxes: _Boxes, file_bytes: int) -> tuple[np.ndarray, ...]:
    low, high = boxes[b"stsz"]
    even, count = number(moov, low + 4, high), number(moov, low + 8, high)
    if count > MAX_SAMPLES or even * count > file_bytes:
        raise Unindexed("has a damaged index")
    size = np.full(count, even, np.int64) if even else table(moov, low + 4, high, ">u4")[:, 0]
    duration = _unrolled(table(moov, *boxes[b"stts"], ">u4", 2), count)
    dts = np.cumsum(duration) - duration
    delay = _unrolled(table(moov, *boxes[b"ctts"], ">i4", 2), count) if b"ctts" in boxes else np.zeros(count, np.int64)
    pts = dts + delay
    dts = dts + min(0, int(delay.min(initial=0)))
    if count and (int(np.abs(pts).max()) > _MAX_TICKS or int(duration.max()) >= 1 << 31):
        raise Unindexed("has a damaged index")
    if not size.all():
        raise Unindexed("has samples of no bytes")
    is_key = np.ones(count, bool)
    if b"stss" in boxes:
        keys = table(moov, *boxes[b"stss"], ">u4")[:, 0] - 1
        is_key[:] = False
        is_key[keys[(keys >= 0) & (keys < count)]] = True
    return dts, duration, pts, size, _offsets(moov, boxes, size, file_bytes), is_key


def _unrolled(runs: np.ndarray, count: int) -> np.ndarray:
    """(how often, value) rows as one value a sample."""
    if int(runs[:, 0].sum()) != count:
        raise Unindexed("has a damaged index")
    return np.repeat(runs[:, 1], runs[:, 0])


def _offsets(moov: bytes, boxes: _Boxes, size: np.ndarray, file_bytes: int) -> np.ndarray:
    """Where each sample lies, from the chunks and how many samples each holds."""
    chunks = table(moov, *boxes[b"co64"], ">u8") if b"co64" in boxes else table(moov, *boxes[b"stco"], ">u4")
    chunks = chunks[:, 0]
    runs = table(moov, *boxes[b"stsc"], ">u4", 3)
    first = runs[:, 0] - 1
    steps = np.diff(np.append(first, len(chunks)))
    if len(chunks) and (not len(first) or first[0] != 0 or int(steps.min()) < 0):
        raise Unindexed("has a damaged index")
    if (runs[:, 2] != 1).any():
        raise Unindexed("changes its format on the way")
    held = np.repeat(runs[:, 1], steps) if len(first) else np.zeros(0, np.int64)
    if int(held.sum()) != len(size):
        raise Unindexed("has a damaged index")
    before = np.cumsum(size) - size
    starts = np.cumsum(held) - held
    base = np.append(before, 0)[np.minimum(starts, len(size))]
    offset = np.repeat(chunks - base, held) + before
    if len(size) and (int(offset.min()) < 0 or int((offset + size).max()) > file_bytes):
        raise Unindexed("is incomplete")
    return offset


def _edited(
    moov: bytes,
    where: tuple[int, int],
    pts: np.ndarray,
    duration: np.ndarray,
    timescale: int,
    movie_timescale: int,
    *,
    is_picture: bool,
) -> tuple[int, int, int]:
    """What to take from pts, and the first and last tick shown: one stretch of the media, perhaps after a pause.

    As ffmpeg has it: a picture whose first frame comes later than the edit is moved to its beginning, and a last frame
    of no duration, as some recorders leave it, is shown as long as the one before it.
    """
    found = find(moov, *where, b"edts", b"elst")
    told = end = int((pts + duration).max())
    if is_picture and len(pts) > 1 and told == int(pts.max()):
        end += told - int(np.partition(pts, -2)[-2])
    if found is None:
        return 0, int(pts.min()), end
    pause, length, begin = _edit(moov, *found)
    pause, length = (_rescaled(value, timescale, movie_timescale) for value in (pause, length))
    if begin + length >= told - _rescaled(1, timescale, movie_timescale):
        length += end - told
    inside = pts[(pts >= begin) & (pts < begin + length)]
    if not len(inside):
        raise Unindexed("has an edit list of its own kind")
    late = int(inside.min()) - begin if is_picture else 0
    return begin + late - pause, pause, pause + min(length, end - begin) - late


def _edit(moov: bytes, low: int, high: int) -> tuple[int, int, int]:
    """(pause before, length, both in movie ticks; where the media begins) of an edit list of one stretch."""
    wide = number(moov, low, high, 1) == 1
    kinds = np.dtype([("length", ">u8" if wide else ">u4"), ("begin", ">i8" if wide else ">i4"), ("rate", ">u4")])
    count = number(moov, low + 4, high)
    if count > 16 or low + 8 + count * kinds.itemsize > high:
        raise Unindexed("has an edit list of its own kind")
    rows = np.frombuffer(moov, kinds, count, low + 8)
    media = [row for row in rows if row["begin"] >= 0]
    pauses = [int(row["length"]) for row in rows if row["begin"] < 0]
    is_plain = len(media) == 1 and rows[-1]["begin"] >= 0 and media[0]["rate"] == _PLAIN_RATE and media[0]["length"]
    if not is_plain or max(sum(pauses), int(media[0]["length"]), int(media[0]["begin"])) > _MAX_TICKS:
        raise Unindexed("has an edit list of its own kind")
    return sum(pauses), int(media[0]["length"]), int(media[0]["begin"])


def _rescaled(value: int, timescale: int, movie_timescale: int) -> int:
    return (value * timescale * 2 + movie_timescale) // (movie_timescale * 2)
