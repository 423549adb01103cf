"""Cuts MP3 without encoding it: whole frames are copied, and a gapless tag hides what stands around the range.

A frame leans on the one before it and on up to 511 bytes of main data before that (the bit reservoir). The clip takes
the frame along, and those bytes in silent frames of its own, so that every sample decodes as it does in the source,
at any bit rate. The samples before and after the range are counted in a LAME tag, as players without gaps expect.
Source: cutting.md section 7.
"""

import functools
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from fastclip.media.codecs import Refused
from fastclip.media.layer3 import DECODER_SAMPLES, FIELD_MAX, Form, read_tag, write_tag

REASON = "MP3 frames copied, none encoded"
MAX_FRAMES = 600_000  # three hours have 450,000 at most
_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3", b"3DI")
_BLOCK_BYTES = 1 << 20
_MAX_ZEROS = 1 << 16
_MOST_CARRIED = 511  # what a decoder keeps of main data that no frame has used


@dataclass(frozen=True)
class Stream:
    """The frames of a file. head: the first four bytes of one; offset: where each begins, and where the last ends.

    skip: the samples that a decoder leaves out at the beginning; end: the sample after the last that is heard.
    """

    path: Path
    head: bytes
    offset: np.ndarray
    skip: int
    end: int

    @property
    def form(self) -> Form:
        return Form(self.head)


@dataclass(frozen=True)
class Copy:
    """The samples [start, end) of a stream, as its decoder counts them. first, stop: the frames that hold them."""

    stream: Stream
    start: int
    end: int
    first: int
    stop: int
    reason: str = REASON

    @property
    def span_s(self) -> tuple[float, float]:
        rate = self.stream.form.rate
        return self.start / rate, self.end / rate

    def write(self, target: Path) -> None:
        """Raises Refused where the frames of the range cannot stand alone, OSError."""
        stream = self.stream
        low, high = int(stream.offset[self.first]), int(stream.offset[self.stop])
        with open(stream.path, "rb") as source:
            source.seek(low)
            body = source.read(high - low)
            form = Form(body[:4])
            carriers = _carriers(stream, form, self.first, body, source, is_early=self.start < DECODER_SAMPLES)
        _check_alike(body, stream.offset[self.first : self.stop] - low)
        ends = np.append(np.cumsum([len(one) for one in carriers]), stream.offset[self.first + 1 : self.stop + 1] - low)
        ends[len(carriers) :] += ends[len(carriers) - 1] if carriers else 0
        before = len(carriers) * form.samples + self.start - self.first * form.samples
        after = len(ends) * form.samples - before - (self.end - self.start)
        if not 0 <= before - DECODER_SAMPLES <= FIELD_MAX or after + DECODER_SAMPLES > FIELD_MAX:
            raise Refused("does not fit a gapless tag")
        tag = write_tag(form, ends, before - DECODER_SAMPLES, after + DECODER_SAMPLES)
        target.write_bytes(b"".join([tag, *carriers, body]))

    def check(self, target: Path) -> None:
        """Read the clip back. Raises Refused when it is not what was planned."""
        made, stream = index(target), self.stream
        is_planned = made.end - made.skip == self.end - self.start and made.form.rate == stream.form.rate
        count = self.stop - self.first
        sizes = np.diff(stream.offset[self.first : self.stop + 1])
        if not is_planned or not np.array_equal(np.diff(made.offset)[-count:], sizes):
            raise Refused("is an MP3 that did not come out as planned")


def plan(source: Path, start: int, end: int) -> Copy:
    """Which frames hold the samples [start, end), counted as a decoder does that leaves nothing out. Raises Refused."""
    stream = index(source)
    samples, leans_on = stream.form.samples, 1 if stream.form.is_mpeg1 else 2
    start, end = max(start, stream.skip), min(end, stream.end)
    if end <= start:
        raise Refused("has no sound there")
    first = max(0, start // samples - leans_on)
    return Copy(stream, start, end, first, (end - 1) // samples + 1)


def index(path: Path) -> Stream:
    """Where the frames of the file at `path` lie; read once for as long as the file stays the same. Raises Refused."""
    stat = os.stat(path)
    with _reading:
        answer = _read(str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    if isinstance(answer, str):
        raise Refused(answer)
    return answer


_reading = threading.Lock()


@functools.lru_cache(maxsize=4)
def _read(path: str, size: int, _mtime_ns: int, _inode: int) -> Stream | str:
    """The stream, or why there is none, which is remembered as well."""
    try:
        with open(path, "rb") as file:
            return _parse(Path(path), file, size)
    except Refused as reason:
        return str(reason)


def _parse(path: Path, file: IO[bytes], size: int) -> Stream:
    at = _after_id3(file)
    file.seek(at)
    first = file.read(4096)
    if len(first) < 4 or first[0] != 0xFF or first[1] & 0xE0 != 0xE0:
        raise Refused("does not begin with an MP3 frame")
    form = Form(first)
    offset = _walk(file, at, size, form)
    tag = read_tag(first, form)
    offset = offset[1:] if tag.is_frame else offset
    count = len(offset) - 1
    if count < 1:
        raise Refused("has no MP3 frames")
    if tag.frames and tag.skip and tag.frames < count:
        raise Refused("has more frames than its header counts")
    end = count * form.samples
    if tag.frames and tag.skip:
        end = min(end, tag.frames * form.samples - tag.padding + DECODER_SAMPLES)
    return Stream(path, first[:4], offset, tag.skip, end)


def _after_id3(file: IO[bytes]) -> int:
    at = 0
    for _ in range(16):
        file.seek(at)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            break
        footer = 10 * (head[5] >> 4 & 1)
        at += 10 + footer + ((head[6] & 127) << 21 | (head[7] & 127) << 14 | (head[8] & 127) << 7 | head[9] & 127)
    return at


def _walk(file: IO[bytes], at: int, size: int, form: Form) -> np.ndarray:
    """Where frame after frame begins, and where the last ends."""
    sizes, found, base, block = form.sizes(), [at], at, b""
    while len(found) <= MAX_FRAMES:
        place = at - base
        if place + 4 > len(block):
            file.seek(at)
            base, block, place = at, file.read(_BLOCK_BYTES), 0
        length = sizes.get(block[place + 1] << 8 | block[place + 2]) if len(block) >= place + 4 else None
        if length is None or block[place] != 0xFF:
            _check_rest(block[place : place + _MAX_ZEROS])
            break
        if at + length > size:
            break
        at += length
        found.append(at)
    else:
        raise Refused("has too many frames")
    return np.array(found, np.int64)


def _check_rest(rest: bytes) -> None:
    """After the last frame come tags, zeros or nothing; anything else would put ffmpeg's own count in doubt."""
    if len(rest) >= 4 and not rest.startswith(_TAGS) and any(rest):
        raise Refused("has something else between its frames")


def _main_data(stream: Stream, number: int, source: IO[bytes]) -> bytes:
    """A frame's bytes after its header, checksum and side information."""
    low, high = int(stream.offset[number]), int(stream.offset[number + 1])
    source.seek(low)
    frame = source.read(high - low)
    return frame[4 + 2 * (not frame[1] & 1) + stream.form.side :]


def _carriers(stream: Stream, form: Form, first: int, body: bytes, source: IO[bytes], *, is_early: bool) -> list[bytes]:
    """Silent frames that hold the main data which frame `first` leans on.

    is_early: the clip begins before a gapless tag can say so, and needs a silent frame to begin in.
    """
    side = 4 + 2 * (not body[1] & 1)
    need = body[side] << 1 | body[side + 1] >> 7 if form.is_mpeg1 else body[side]
    if first == 0 and not (is_early and need):
        return [bytes(form.frame(0))] if is_early else []
    lean, number = b"", first
    while len(lean) < need and number:
        number -= 1
        lean = _main_data(stream, number, source) + lean
    if len(lean) < need:
        raise Refused("leans on frames that are missing")
    return _carrying(form, lean[len(lean) - need :]) if need else []


def _carrying(form: Form, lean: bytes) -> list[bytes]:
    head = 4 + form.side
    frame = form.frame(len(lean))
    if len(frame) - head <= _MOST_CARRIED:
        frame[-len(lean) :] = lean
        return [bytes(frame)]
    half = form.frame(-(-len(lean) // 2))
    room = len(half) - head
    other = form.frame(-(-len(lean) // 2), main_data_begin=room)
    lean = lean.rjust(2 * room, b"\0")
    half[head:], other[head:] = lean[:room], lean[room:]
    return [bytes(half), bytes(other)]


def _check_alike(body: bytes, offset: np.ndarray) -> None:
    """One number of channels throughout."""
    modes = np.frombuffer(body, np.uint8)[offset + 3] >> 6 == 3
    if modes.any() and not modes.all():
        raise Refused("changes between mono and stereo on the way")
