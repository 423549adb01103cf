"""What a track's samples are: the sample entries of `stsd`, read for what a clip keeps of them, and built anew."""

import struct
from dataclasses import dataclass, replace

from fastclip.media.mp4.boxes import Unindexed, box, children, find, full, number

CONFIGS = {b"avc1": b"avcC", b"avc3": b"avcC", b"hvc1": b"hvcC", b"hev1": b"hvcC", b"vp09": b"vpcC", b"av01": b"av1C"}
"""Each picture format's box with what its decoder must know first."""
_PICTURE_BYTES, _SOUND_BYTES = 78, 28
_MAX_ENTRIES = 64
_MAX_CONFIG_BYTES = 1 << 16
_QUICKTIME_SOUND_EXTRA = {1: 16, 2: 36}
_AAC, _ES, _DECODER, _SPECIFIC, _SYNC = 0x40, 3, 4, 5, 6


@dataclass(frozen=True)
class Entry:
    """One sample format. config: the body of its configuration box, for AAC the AudioSpecificConfig (else empty).

    extras: whole boxes that say how the picture is to be seen (colour, shape of a pixel).
    """

    fourcc: bytes
    config: bytes = b""
    width: int = 0
    height: int = 0
    extras: bytes = b""
    channels: int = 0
    rate: int = 0

    def with_config(self, config: bytes) -> "Entry":
        return replace(self, config=config)

    def with_fourcc(self, fourcc: bytes) -> "Entry":
        return replace(self, fourcc=fourcc)

    def pack(self) -> bytes:
        """The box. Only `mp4a` and the formats in CONFIGS can be written."""
        if self.fourcc == b"mp4a":
            head = struct.pack(">6xH8xHHIHH", 1, self.channels, 16, 0, self.rate if self.rate < 1 << 16 else 0, 0)
            return box(b"mp4a", head, full(b"esds", _descriptors(self.config)))
        plain = struct.pack(">6xH16xHHIIIH32xHh", 1, self.width, self.height, 72 << 16, 72 << 16, 0, 1, 24, -1)
        return box(self.fourcc, plain, box(CONFIGS[self.fourcc], self.config), self.extras)


def read(data: bytes, start: int, end: int, kind: str) -> list[Entry]:
    """The sample entries in the body of an `stsd` box of a "video" or "audio" track. Raises Unindexed."""
    if number(data, start + 4, end) > _MAX_ENTRIES:
        raise Unindexed("has a damaged index")
    of_kind = _picture if kind == "video" else _sound
    return [of_kind(data, name, low, high) for name, low, high in children(data, start + 8, end)]


def _picture(data: bytes, fourcc: bytes, low: int, high: int) -> Entry:
    width, height = number(data, low + 24, high, 2), number(data, low + 26, high, 2)
    if fourcc not in CONFIGS or low + _PICTURE_BYTES > high:
        return Entry(fourcc, b"", width, height)
    config, extras = b"", b""
    for name, start, end in children(data, low + _PICTURE_BYTES, high):
        if name == CONFIGS[fourcc] and end - start <= _MAX_CONFIG_BYTES:
            config = bytes(data[start:end])
        elif name == b"colr" and data[start : start + 4] in (b"nclx", b"nclc"):
            extras += _colour(bytes(data[start:end]))
        elif name == b"pasp" and end - start == 8:
            extras += box(b"pasp", bytes(data[start:end]))
    return Entry(fourcc, config, width, height, extras)


def _colour(body: bytes) -> bytes:
    """`colr` as MP4 has it; QuickTime's kind lacks the last byte, the range."""
    return box(b"colr", b"nclx", body[4:10], body[10:11] or b"\0")


def _sound(data: bytes, fourcc: bytes, low: int, high: int) -> Entry:
    version = number(data, low + 8, high, 2)
    channels, rate = number(data, low + 16, high, 2), number(data, low + 24, high, 2)
    at = low + _SOUND_BYTES + _QUICKTIME_SOUND_EXTRA.get(version, 0)
    if fourcc != b"mp4a" or at > high:
        return Entry(fourcc, channels=channels, rate=rate)
    found = find(data, at, high, b"esds") or find(data, at, high, b"wave", b"esds")
    config = _specific(bytes(data[found[0] + 4 : min(found[1], found[0] + 512)])) if found else b""
    return Entry(fourcc, config, channels=channels, rate=rate)


def _specific(body: bytes) -> bytes:
    """The AudioSpecificConfig in an `esds`, where that is of AAC; else nothing."""
    at = 0
    while at < len(body):
        tag, size, at = body[at], 0, at + 1
        while at < len(body) and size < 1 << 21:
            size, more, at = size << 7 | body[at] & 127, body[at] & 128, at + 1
            if not more:
                break
        if tag == _ES:
            at += 3
        elif tag == _DECODER:
            if body[at : at + 1] != bytes([_AAC]):
                return b""
            at += 13
        elif tag == _SPECIFIC:
            return body[at : at + size]
        else:
            at += size
    return b""


def _descriptors(config: bytes) -> bytes:
    specific = _descriptor(_SPECIFIC, config)
    decoder = _descriptor(_DECODER, struct.pack(">BB3xII", _AAC, 0x15, 0, 0) + specific)
    return _descriptor(_ES, struct.pack(">HB", 1, 0) + decoder + _descriptor(_SYNC, b"\2"))


def _descriptor(tag: int, body: bytes) -> bytes:
    return bytes([tag, len(body)]) + body
