"""VP9: every keyframe is a beginning and carries its own settings; frames are stored as they are shown."""

_LEVEL_UNKNOWN = 41
PLAIN_CONFIG = bytes([1, 0, 0, 0, 0, _LEVEL_UNKNOWN, 8 << 4 | 1 << 1, 2, 2, 2, 0, 0])
"""A `vpcC` record of 8-bit 4:2:0, its colours unsaid, for containers that have none."""


class Vp9:
    """One VP9 stream, profile 0."""

    encoder, decoder, joined_fourcc = "libvpx-vp9", "vp9", b"vp09"
    has_skip = True
    has_trusted_encoder = False
    coarsest = finest = 20
    prefix = ending = b""

    def __init__(self, config: bytes) -> None:
        self._config = config

    def entry(self, head: bytes) -> bool | None:
        """The frame's marker is 2, its profile 0, it is not a repeat of an earlier one, and its type is 0: a key."""
        return bool(head) and head[0] & 0b1111_1100 == 0b1000_0000

    def looks_ahead(self, head: bytes) -> bool:
        return False

    def options(self, quantizer: int) -> dict[str, str]:
        plain = {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "lag-in-frames": "0", "auto-alt-ref": "0"}
        return plain | {"crf": str(quantizer), "b": "0"}

    def rewrap(self, packet: bytes) -> bytes:
        return packet

    def joined(self, extradata: bytes) -> bytes:
        return self._config
