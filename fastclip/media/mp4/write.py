"""Writes an MP4 out of samples that lie in other files: the index in front, the bytes moved by the kernel.

Samples that neighbour each other in a source are moved in one piece. Source: cutting.md sections 3 and 4.
"""

import errno
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fastclip.media.mp4.boxes import box, full
from fastclip.media.mp4.entries import Entry

MOVIE_TIMESCALE = 90_000
PLAIN_MATRIX = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
UNDETERMINED = b"\x55\xc4"
_WINDOW_S = 1.0
_PIECE_BYTES = 32 << 20
_COPY_REFUSED = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF)


@dataclass(frozen=True)
class Track:
    """What a track of the new file holds. Arrays are in decoding order; dts begins at 0, pts is counted with it.

    file: which of the sources a sample lies in. is_key None: every sample is one. begin, length: the ticks shown,
    from `begin` on: the edit list. last: how long the last sample lasts. matrix, display: how a picture is turned, and
    its size in 16.16 pixels.
    """

    kind: str
    timescale: int
    entry: Entry
    dts: np.ndarray
    pts: np.ndarray
    file: np.ndarray
    offset: np.ndarray
    size: np.ndarray
    is_key: np.ndarray | None
    last: int
    begin: int
    length: int
    matrix: bytes = PLAIN_MATRIX
    display: bytes = bytes(8)
    language: bytes = UNDETERMINED


def write(target: Path, tracks: list[Track], sources: list[Path], *, tell: Callable[[float], None]) -> None:
    """Write `tracks` to `target`. `tell` hears the fraction of bytes written and may stop it by raising."""
    layout = _Layout(tracks)
    brand = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
    head = _mdat_head(layout.total)
    front = len(brand) + len(_moov(tracks, layout, 0)) + len(head)
    index = _moov(tracks, layout, front)
    if len(brand) + len(index) + len(head) != front:  # 64-bit offsets grew it
        front = len(brand) + len(index) + len(head)
        index = _moov(tracks, layout, front)
    handles = [open(path, "rb") for path in sources]
    try:
        with open(target, "wb") as out:
            out.write(brand + index + head)
            out.flush()
            _move(out.fileno(), [one.fileno() for one in handles], layout, tell)
    finally:
        for handle in handles:
            handle.close()


class _Layout:
    """The order of all samples in the new file: second by second, within it as they lie in their sources."""

    def __init__(self, tracks: list[Track]) -> None:
        counts = [len(track.dts) for track in tracks]
        files = np.concatenate([track.file for track in tracks])
        offsets = np.concatenate([track.offset for track in tracks])
        sizes = np.concatenate([track.size for track in tracks])
        times = [(track.dts - track.begin) / track.timescale // _WINDOW_S for track in tracks]
        order = np.lexsort((offsets, files, np.concatenate(times)))
        places = np.empty(len(order), np.int64)
        places[order] = np.cumsum(sizes[order]) - sizes[order]
        self.total = int(sizes.sum())
        self.ranges = _joined(files[order], offsets[order], sizes[order])
        ends = np.cumsum(counts)
        self.places = [places[end - count : end] for end, count in zip(ends, counts, strict=True)]


def _joined(files: np.ndarray, offsets: np.ndarray, sizes: np.ndarray) -> list[tuple[int, int, int]]:
    """(file, offset, bytes) of each stretch that lies in one piece."""
    if not len(files):
        return []
    breaks = (files[1:] != files[:-1]) | (offsets[1:] != offsets[:-1] + sizes[:-1])
    first = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    lengths = np.add.reduceat(sizes, first)
    return list(zip(files[first].tolist(), offsets[first].tolist(), lengths.tolist(), strict=True))


def _move(out: int, sources: list[int], layout: _Layout, tell: Callable[[float], None]) -> None:
    done = 0
    for file, offset, length in layout.ranges:
        while length:
            moved = _copy(sources[file], out, offset, min(length, _PIECE_BYTES))
            if not moved:
                raise EOFError("a source ended before its samples did")
            offset, length, done = offset + moved, length - moved, done + moved
            tell(done / layout.total)


def _copy(source: int, out: int, offset: int, length: int) -> int:
    """Move bytes to the end of `out` in the kernel where it can (Linux), else through memory."""
    if hasattr(os, "copy_file_range"):
        try:
            return os.copy_file_range(source, out, length, offset)
        except OSError as error:
            if error.errno not in _COPY_REFUSED:
                raise
    os.lseek(source, offset, os.SEEK_SET)
    return os.write(out, os.read(source, min(length, 1 << 20)))


def _mdat_head(total: int) -> bytes:
    if total + 8 < 1 << 32:
        return struct.pack(">I", total + 8) + b"mdat"
    return struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", total + 16)


def _moov(tracks: list[Track], layout: _Layout, front: int) -> bytes:
    """front: where the first sample will lie."""
    longest = max(_shown(track) for track in tracks)
    wide = max(longest, *(int(track.dts[-1]) + track.last for track in tracks)) >= 1 << 32
    times = struct.pack(">QQIQ" if wide else ">IIII", 0, 0, MOVIE_TIMESCALE, longest)
    rest = struct.pack(">IH10x", 1 << 16, 1 << 8) + PLAIN_MATRIX + bytes(24) + struct.pack(">I", len(tracks) + 1)
    header = full(b"mvhd", times, rest, version=int(wide))
    bodies = [
        _trak(number + 1, track, places + front, is_wide=wide)
        for number, (track, places) in enumerate(zip(tracks, layout.places, strict=True))
    ]
    return box(b"moov", header, *bodies)


def _shown(track: Track) -> int:
    """The length in movie ticks, rounded so that a reader who rounds back gets the track's own."""
    return (track.length * MOVIE_TIMESCALE * 2 + track.timescale) // (track.timescale * 2)


def _trak(number: int, track: Track, places: np.ndarray, *, is_wide: bool) -> bytes:
    is_picture = track.kind == "video"
    times = struct.pack(">QQIIQ" if is_wide else ">IIIII", 0, 0, number, 0, _shown(track))
    volume = struct.pack(">8xHHHH", 0, 0, 0 if is_picture else 1 << 8, 0)
    header = full(b"tkhd", times, volume, track.matrix, track.display, version=int(is_wide), flags=3)
    edit = struct.pack(">QqI" if is_wide else ">IiI", _shown(track), track.begin, 1 << 16)
    edits = box(b"edts", full(b"elst", struct.pack(">I", 1), edit, version=int(is_wide)))
    lasts = int(track.dts[-1]) + track.last
    media = struct.pack(">QQIQ" if is_wide else ">IIII", 0, 0, track.timescale, lasts)
    handler = full(b"hdlr", bytes(4), b"vide" if is_picture else b"soun", bytes(13))
    kind = full(b"vmhd", bytes(8), flags=1) if is_picture else full(b"smhd", bytes(4))
    here = box(b"dinf", full(b"dref", struct.pack(">I", 1), full(b"url ", flags=1)))
    body = box(
        b"mdia",
        full(b"mdhd", media, track.language, bytes(2), version=int(is_wide)),
        handler,
        box(b"minf", kind, here, _stbl(track, places)),
    )
    return box(b"trak", header, edits, body)


def _stbl(track: Track, places: np.ndarray) -> bytes:
    delays = track.pts - track.dts
    parts = [
        full(b"stsd", struct.pack(">I", 1), track.entry.pack()),
        full(b"stts", _runs(np.append(np.diff(track.dts), track.last))),
    ]
    if delays.any():
        parts.append(full(b"ctts", _runs(delays)))
    if track.is_key is not None and not track.is_key.all():
        parts.append(full(b"stss", _counted(np.flatnonzero(track.is_key) + 1)))
    first = np.concatenate([[0], np.flatnonzero(places[1:] != places[:-1] + track.size[:-1]) + 1])
    held = np.diff(np.append(first, len(places)))
    changes = np.concatenate([[0], np.flatnonzero(np.diff(held)) + 1])
    runs = np.stack([changes + 1, held[changes], np.ones(len(changes), np.int64)], 1)
    parts.append(full(b"stsc", _counted(runs)))
    parts.append(full(b"stsz", bytes(4), _counted(track.size)))
    far = int(places[-1]) >= 1 << 32 or int(places.max()) >= 1 << 32
    parts.append(full(b"co64", _counted(places[first], ">u8")) if far else full(b"stco", _counted(places[first])))
    return box(b"stbl", *parts)


def _runs(values: np.ndarray) -> bytes:
    """(how often, value) of each run of equal values, counted."""
    first = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])
    return _counted(np.stack([np.diff(np.append(first, len(values))), values[first]], 1))


def _counted(rows: np.ndarray, kind: str = ">u4") -> bytes:
    return struct.pack(">I", len(rows)) + rows.astype(kind).tobytes()
