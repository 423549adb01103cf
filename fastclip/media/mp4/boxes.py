"""The boxes that an MP4 file is made of: walked within bounds, never trusted, and built."""

import struct
from collections.abc import Iterator

import numpy as np

_MAX_CHILDREN = 4096


class Unindexed(Exception):
    """A file whose index cannot be used, in words that finish "The source …"; another way must read it."""


def children(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, start of the body, end) of each box in [start, end). Raises Unindexed where sizes do not add up."""
    at = start
    for _ in range(_MAX_CHILDREN):
        if at + 8 > end:
            return
        size, kind, head = int.from_bytes(data[at : at + 4]), bytes(data[at + 4 : at + 8]), 8
        if size == 1 and at + 16 <= end:
            size, head = int.from_bytes(data[at + 8 : at + 16]), 16
        elif size == 0:
            if not any(kind):
                return  # QuickTime ends a list with four zero bytes
            size = end - at
        if size < head or at + size > end:
            raise Unindexed("has a damaged index")
        yield kind, at + head, at + size
        at += size
    raise Unindexed("has an index of too many parts")


def find(data: bytes, start: int, end: int, *path: bytes) -> tuple[int, int] | None:
    """The body of the first box at `path`, one type a level; None where there is none."""
    for kind in path:
        found = next(((low, high) for name, low, high in children(data, start, end) if name == kind), None)
        if found is None:
            return None
        start, end = found
    return start, end


def table(data: bytes, start: int, end: int, kind: str, columns: int = 1) -> np.ndarray:
    """A full box's counted table: version and flags, a 32-bit count, then rows of `columns` numbers of dtype `kind`."""
    count = number(data, start + 4, end)
    row = np.dtype(kind).itemsize * columns
    if start + 8 + count * row > end:
        raise Unindexed("has a damaged index")
    return np.frombuffer(data, kind, count * columns, start + 8).astype(np.int64).reshape(count, columns)


def number(data: bytes, at: int, end: int, size: int = 4) -> int:
    """A big-endian number inside [.., end)."""
    if at + size > end:
        raise Unindexed("has a damaged index")
    return int.from_bytes(data[at : at + size])


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)
