"""Frames of MPEG layer III (MP3): what their headers say, silent ones, and the tag of players without gaps.

Source: ISO 11172-3 2.4.1; the LAME tag as ffmpeg and Chromium read it.
"""

import struct
from dataclasses import dataclass

import numpy as np

from fastclip.media.codecs import Refused

DECODER_SAMPLES = 529  # what every decoder is late by, and tags leave out
FIELD_MAX = 4095
_MPEG1 = 3
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_GAPLESS = (b"LAME", b"Lavf", b"Lavc")
_TOC = 100


class Form:
    """What the first bytes of a frame say that is the same for all of a stream."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        version, place, mode = head[1] >> 3 & 3, head[2] >> 2 & 3, head[3] >> 6
        if version == 1 or head[1] >> 1 & 3 != 1 or place == 3:
            raise Refused("is no MPEG layer III")
        self.is_mpeg1 = version == _MPEG1
        self.rate = _RATES[version][place]
        self.samples = 1152 if self.is_mpeg1 else 576
        self.side = (17 if mode == 3 else 32) if self.is_mpeg1 else (9 if mode == 3 else 17)

    def bytes_at(self, kbits: int, pad: int = 0) -> int:
        return self.samples * 125 * kbits // self.rate + pad

    def sizes(self) -> dict[int, int]:
        """How long a frame is, by its second and third byte: those of this version, layer and rate."""
        family, place = self.head[1] & 0xFE, self.head[2] & 0x0C
        return {
            (family | plain) << 8 | number << 4 | place | pad << 1 | private: self.bytes_at(kbits, pad)
            for number, kbits in enumerate(_KBITS[self.is_mpeg1])
            if kbits
            for plain in (0, 1)
            for pad in (0, 1)
            for private in (0, 1)
        }

    def frame(self, least: int, main_data_begin: int = 0) -> bytearray:
        """A silent frame with room for `least` bytes of main data, which may begin so many bytes before it."""
        head = 4 + self.side
        kinds = enumerate(_KBITS[self.is_mpeg1])
        number, size = next((n, self.bytes_at(k)) for n, k in kinds if k and self.bytes_at(k) >= head + least)
        made = bytearray(size)
        made[:4] = bytes(
            [0xFF, self.head[1] | 1, number << 4 | self.head[2] & 0x0C, self.head[3] & 0xCF]
        )  # no checksum, no padding, joint stereo without its tools
        begin = main_data_begin << 7 if self.is_mpeg1 else main_data_begin << 8
        made[4:6] = struct.pack(">H", begin)
        return made


@dataclass(frozen=True)
class Tag:
    """What the first frame says instead of sound. frames: as it counts them, 0 for nothing."""

    is_frame: bool = False
    frames: int = 0
    skip: int = 0
    padding: int = 0


def read_tag(first: bytes, form: Form) -> Tag:
    """What stands in the first bytes of a file. Raises Refused where it would mislead."""
    if first[36:40] == b"VBRI":
        return Tag(is_frame=True)
    at = 4 + form.side
    if first[at : at + 4] not in (b"Xing", b"Info"):
        return Tag()
    flags = int.from_bytes(first[at + 4 : at + 8])
    if not flags & 3:
        raise Refused("has a header that counts nothing")
    frames = int.from_bytes(first[at + 8 : at + 12]) if flags & 1 else 0
    at += 8 + sum(width for bit, width in ((1, 4), (2, 4), (4, _TOC), (8, 4)) if flags & bit)
    if first[at : at + 4] not in _GAPLESS:
        return Tag(is_frame=True, frames=frames)
    both = int.from_bytes(first[at + 21 : at + 24])
    return Tag(True, frames, (both >> 12) + DECODER_SAMPLES, both & FIELD_MAX)


def write_tag(form: Form, ends: np.ndarray, delay: int, padding: int) -> bytes:
    """The first frame of the clip: how many follow, where they lie, and what to leave out. ends: of those frames."""
    at = 4 + form.side
    frame = form.frame(8 + 12 + _TOC + 36)
    total = len(frame) + int(ends[-1])
    frame[at : at + 16] = (b"Info" if len(set(np.diff(ends))) <= 2 else b"Xing") + struct.pack(
        ">III", 15, len(ends), total
    )
    begins = np.append(0, ends)[np.arange(_TOC) * len(ends) // _TOC] + len(frame)
    frame[at + 16 : at + 16 + _TOC] = bytes((begins * 256 // total).astype(np.uint8))
    at += 16 + _TOC + 4
    frame[at : at + 9] = b"LAME3.100"
    frame[at + 21 : at + 24] = (delay << 12 | padding).to_bytes(3)
    frame[at + 28 : at + 32] = struct.pack(">I", total)
    frame[at + 34 : at + 36] = struct.pack(">H", _crc16(bytes(frame[: at + 34])))
    return bytes(frame)


def _crc16(data: bytes) -> int:
    """CRC-16/ARC, over the tag's own frame."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
