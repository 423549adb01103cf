"""NAL units: how H.264 and HEVC streams are divided, and the bits of their parameter sets."""

from collections.abc import Iterator


def split(sample: bytes, length_size: int) -> Iterator[bytes]:
    """The units of a sample as MP4 has it; the last may be cut off."""
    at = 0
    while at + length_size < len(sample):
        size = int.from_bytes(sample[at : at + length_size])
        at += length_size
        if size:
            yield sample[at : at + size]
        at += size


def split_annexb(data: bytes) -> Iterator[bytes]:
    """The units of an encoder's packet, between start codes."""
    at = data.find(b"\0\0\1")
    while at >= 0:
        after = data.find(b"\0\0\1", at + 3)
        unit = data[at + 3 :] if after < 0 else data[at + 3 : after].rstrip(b"\0")
        if unit:
            yield unit
        at = after


def pack(units: list[bytes], length_size: int) -> bytes:
    """A sample of these units."""
    return b"".join(len(unit).to_bytes(length_size) + unit for unit in units)


class Bits:
    """Reads a unit bit by bit, its emulation prevention taken out. Raises IndexError past the end."""

    def __init__(self, unit: bytes) -> None:
        self._bytes, self._at = unit.replace(b"\0\0\3", b"\0\0"), 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._bytes[self._at >> 3] >> 7 - (self._at & 7) & 1
            self._at += 1
        return value

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise IndexError("no such number")
        return (1 << zeros) - 1 + self.take(zeros)
