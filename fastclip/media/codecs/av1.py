"""AV1: a decoder can begin at a shown key frame that comes with its sequence header."""

from collections.abc import Iterator

from fastclip.media.codecs.codec import Refused

_SEQUENCE, _DELIMITER, _FRAME_HEADER, _FRAME, _PADDING = 1, 2, 3, 6, 15
_KEY_SHOWN = 0b0001  # not a repeat, type 0, shown


class Av1:
    """One AV1 stream. Raises Refused for a record that cannot be read."""

    encoder, decoder, joined_fourcc = "libsvtav1", "libdav1d", b"av01"
    has_skip = False  # its decoder settles once, when it begins, which frames it gives
    has_trusted_encoder = False
    coarsest = finest = 20
    prefix = ending = b""

    def __init__(self, config: bytes) -> None:
        if len(config) < 4 or config[0] != 0x81:
            raise Refused("describes its AV1 in a way of its own")
        self._config = config

    def entry(self, head: bytes) -> bool | None:
        has_sequence = False
        for kind, unit, body in _units(head):
            has_sequence = has_sequence or kind == _SEQUENCE
            if kind in (_FRAME, _FRAME_HEADER) and len(unit) > body:
                return has_sequence and unit[body] >> 4 == _KEY_SHOWN
        return None

    def looks_ahead(self, head: bytes) -> bool:
        return False

    def options(self, quantizer: int) -> dict[str, str]:
        # Measured on a flashing block: presets above 9, and rtc at any, leave it as it was in a frame now and then.
        return {"preset": "8", "crf": str(quantizer), "svtav1-params": "pred-struct=1:lp=2"}

    def rewrap(self, packet: bytes) -> bytes:
        return b"".join(unit for kind, unit, _ in _units(packet) if kind not in (_DELIMITER, _PADDING))

    def joined(self, extradata: bytes) -> bytes:
        return self._config


def _units(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """(type, the whole unit, where its body begins) of each unit; the last may be cut off."""
    at = 0
    while at < len(data):
        head = data[at]
        body = at + 1 + (head >> 2 & 1)
        size = len(data) - body
        if head & 2:
            size, shift = 0, 0
            while body < len(data):
                size, shift, body = size | (data[body] & 127) << shift, shift + 7, body + 1
                if not data[body - 1] & 128 or shift > 28:
                    break
        yield head >> 3 & 15, data[at : body + size], body - at
        at = body + size
