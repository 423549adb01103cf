"""Cuts WAV by copying its samples as they are, whatever their width."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fastclip.media.codecs import Refused

REASON = "samples copied as they are"
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_WIDTHS = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64)}
_MAX_CHUNKS = 256
_PIECE_BYTES = 1 << 20
_MAX_BYTES = (1 << 32) - 1024


@dataclass(frozen=True)
class Copy:
    """The samples [start, end) of a file. form: the body of its `fmt ` chunk; data: where sample 0 lies."""

    source: Path
    form: bytes
    data: int
    start: int
    end: int
    reason: str = REASON

    @property
    def span_s(self) -> tuple[float, float]:
        return self.start / self._rate, self.end / self._rate

    @property
    def _rate(self) -> int:
        return struct.unpack_from("<I", self.form, 4)[0]

    @property
    def _block(self) -> int:
        return struct.unpack_from("<H", self.form, 12)[0]

    def write(self, target: Path) -> None:
        """Raises EOFError when the source ends before its samples do, OSError."""
        left = (self.end - self.start) * self._block
        with open(self.source, "rb") as source, open(target, "wb") as out:
            out.write(self._head(left))
            source.seek(self.data + self.start * self._block)
            pad = left % 2
            while left:
                piece = source.read(min(left, _PIECE_BYTES))
                if not piece:
                    raise EOFError("the source ended before its samples did")
                out.write(piece)
                left -= len(piece)
            out.write(bytes(pad))

    def _head(self, length: int) -> bytes:
        form = struct.pack("<4sI", b"fmt ", len(self.form)) + self.form + bytes(len(self.form) % 2)
        fact = b"" if len(self.form) == 16 else struct.pack("<4sII", b"fact", 4, self.end - self.start)
        body = form + fact + struct.pack("<4sI", b"data", length)
        return struct.pack("<4sI4s", b"RIFF", 4 + len(body) + length + length % 2, b"WAVE") + body

    def check(self, target: Path) -> None:
        """Read the clip back. Raises Refused when it is not what was planned."""
        made = plan(target, 0, self.end)
        if (made.form, made.end) != (self.form, self.end - self.start):
            raise Refused("is a WAV that did not come out as planned")


def plan(source: Path, start: int, end: int) -> Copy:
    """Where the samples [start, end) lie. Raises Refused."""
    with open(source, "rb") as file:
        form, data, length = _chunks(file, source.stat().st_size)
    kind, _, rate, _, block, bits = struct.unpack_from("<HHIIHH", form)
    kind = struct.unpack_from("<H", form, 24)[0] if kind == _EXTENSIBLE and form[26:40] == _GUID_TAIL else kind
    channels = struct.unpack_from("<H", form, 2)[0]
    if bits not in _WIDTHS.get(kind, ()) or block != channels * bits // 8 or not rate:
        raise Refused("holds no plain samples")
    end = min(end, length // block)
    if end <= start:
        raise Refused("has no sound there")
    if (end - start) * block > _MAX_BYTES:
        raise Refused("is too large for one WAV")
    return Copy(source, form, data, start, end)


def _chunks(file: IO[bytes], size: int) -> tuple[bytes, int, int]:
    """The body of `fmt `, and where the samples lie: (form, offset, bytes)."""
    head, at, form = file.read(12), 12, b""
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise Refused("is no plain WAV")
    for _ in range(_MAX_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            break
        name, length = head[:4], int.from_bytes(head[4:], "little")
        if name == b"fmt " and 16 <= length <= 64:
            form = file.read(length)
        elif name == b"data" and len(form) >= 16:
            return form, at + 8, min(length, size - at - 8) if length else size - at - 8
        at += 8 + length + length % 2
    raise Refused("is no plain WAV")
