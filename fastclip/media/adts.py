"""Reads where the packets of a raw AAC file (ADTS) lie, so that a clip can take them into an M4A as they are."""

import functools
import os
import threading
from pathlib import Path
from typing import IO

import numpy as np

from fastclip.media.codecs import Refused
from fastclip.media.mp4.entries import Entry
from fastclip.media.mp4.index import Track
from fastclip.media.mp4.write import PLAIN_MATRIX, UNDETERMINED

_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_SAMPLES = 1024
_MAX_FRAMES = 1_100_000  # three hours at 96 kHz
_BLOCK_BYTES = 1 << 20
_TAGS = (b"TAG", b"APETAGEX", b"ID3")


def index(path: Path) -> Track:
    """The packets of the file at `path`; read once for as long as the file stays the same. Raises Refused."""
    stat = os.stat(path)
    with _reading:
        answer = _read(str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    if isinstance(answer, str):
        raise Refused(answer)
    return answer


_reading = threading.Lock()


@functools.lru_cache(maxsize=4)
def _read(path: str, size: int, _mtime_ns: int, _inode: int) -> Track | str:
    """The track, or why there is none, which is remembered as well."""
    try:
        with open(path, "rb") as file:
            return _parse(file, size)
    except Refused as reason:
        return str(reason)


def _parse(file: IO[bytes], size: int) -> Track:
    head = file.read(4)
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        raise Refused("does not begin with an AAC frame")
    kind, place, channels = head[2] >> 6, head[2] >> 2 & 15, (head[2] & 1) << 2 | head[3] >> 6
    if place >= len(_RATES) or not channels:
        raise Refused("has an AAC header of its own kind")
    offset, length = _walk(file, size, head)
    config = ((kind + 1) << 11 | place << 7 | channels << 3).to_bytes(2)
    entry = Entry(b"mp4a", config, channels=2 if channels == 2 else channels, rate=_RATES[place])
    count = len(offset)
    times = np.arange(count, dtype=np.int64) * _SAMPLES
    each = np.full(count, _SAMPLES, np.int64)
    arrays = (times, times, each, offset, length, np.ones(count, bool))
    end = count * _SAMPLES
    return Track("audio", _RATES[place], entry, 1, *arrays, 0, end, PLAIN_MATRIX, bytes(8), UNDETERMINED)


def _walk(file: IO[bytes], size: int, head: bytes) -> tuple[np.ndarray, np.ndarray]:
    """(offset, bytes) of each packet without its header."""
    rows: list[tuple[int, int]] = []
    at, base, block = 0, 0, b""
    first, second, third = head[1] & 0xFE, head[2] & 0xFD, head[3] & 0xC0
    while len(rows) <= _MAX_FRAMES:
        place = at - base
        if place + 7 > len(block):
            file.seek(at)
            base, block, place = at, file.read(_BLOCK_BYTES), 0
        if len(block) < place + 7:
            break
        _, one, two, three, four, five, six = block[place : place + 7]
        if block[place] != 0xFF or (one & 0xFE, two & 0xFD, three & 0xC0) != (first, second, third):
            _check_rest(block[place:])
            break
        own, whole = 7 if one & 1 else 9, (three & 3) << 11 | four << 3 | five >> 5
        if whole <= own or six & 3:
            raise Refused("has AAC frames of an unusual kind")
        if at + whole > size:
            break
        rows.append((at + own, whole - own))
        at += whole
    if not 1 <= len(rows) <= _MAX_FRAMES:
        raise Refused("has no AAC frames, or too many")
    found = np.array(rows, np.int64)
    return found[:, 0], found[:, 1]


def _check_rest(rest: bytes) -> None:
    if not rest.startswith(_TAGS) and any(rest):
        raise Refused("has something else between its frames")
