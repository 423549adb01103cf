"""HEVC: a decoder can begin at an IDR or CRA picture; its encoder cannot choose ids, so the sets stand before each.

The leading pictures of a CRA picture are dropped by the planner, and an end-of-sequence unit before it says that they
are. Source: cutting.md 2 and 4.
"""

from fastclip.media.codecs import nal
from fastclip.media.codecs.codec import Refused

_ENTRIES = (19, 20, 21)  # IDR_W_RADL, IDR_N_LP, CRA
_LAST_PICTURE = 31
_SETS = (32, 33, 34)
_AUD, _SEI = 35, (39, 40)
_END_OF_SEQUENCE = bytes([36 << 1, 1])


class Hevc:
    """One HEVC stream. Raises Refused for a record that cannot be read."""

    encoder, decoder, joined_fourcc = "libx265", "hevc", b"hev1"
    has_skip = True
    has_trusted_encoder = False
    coarsest = finest = 20

    def __init__(self, config: bytes) -> None:
        self._config = config
        try:
            self.length_size, self.sets = (config[21] & 3) + 1, _sets(config)
        except (IndexError, ValueError):
            raise Refused("describes its HEVC in a way of its own") from None
        if self.length_size < 3 or {_kind(one) for one in self.sets if _kind(one) in _SETS} != set(_SETS):
            raise Refused("stores its HEVC in a way of its own")
        self.prefix = nal.pack([one for one in self.sets if _kind(one) in _SETS], self.length_size)
        self.ending = nal.pack([_END_OF_SEQUENCE], self.length_size)

    def entry(self, head: bytes) -> bool | None:
        for unit in nal.split(head, self.length_size):
            if _kind(unit) in _SETS and unit not in self.sets:
                raise Refused("changes its settings on the way")
            if _kind(unit) <= _LAST_PICTURE:
                return _kind(unit) in _ENTRIES
        return None

    def looks_ahead(self, head: bytes) -> bool:
        return False

    def options(self, quantizer: int) -> dict[str, str]:
        settings = "bframes=0:open-gop=0:scenecut=0:rc-lookahead=0:repeat-headers=1:log-level=none:info=0:pools=2"
        return {"preset": "ultrafast", "crf": str(quantizer), "forced-idr": "1", "x265-params": settings}

    def rewrap(self, packet: bytes) -> bytes:
        kept = [unit for unit in nal.split_annexb(packet) if _kind(unit) not in (_AUD, *_SEI)]
        return nal.pack(kept, self.length_size)

    def joined(self, extradata: bytes) -> bytes:
        return self._config


def _kind(unit: bytes) -> int:
    return unit[0] >> 1 & 63


def _sets(config: bytes) -> list[bytes]:
    """The units in an hvcC record."""
    found, at = [], 23
    for _ in range(config[22]):
        count, at = int.from_bytes(config[at + 1 : at + 3]), at + 3
        for _ in range(count):
            size = int.from_bytes(config[at : at + 2])
            if not size or at + 2 + size > len(config):
                raise ValueError("a parameter set is cut off")
            found.append(config[at + 2 : at + 2 + size])
            at += 2 + size
    return found
