"""What cutting must know of a picture codec: where a decoder can begin, how two encodes join, what the edges need."""

from typing import Protocol


class Refused(Exception):
    """This stream cannot be cut without encoding it whole; says why, in words that finish "The source …"."""


class Codec(Protocol):
    """One stream's codec, made from its configuration record. Works on samples as they lie in MP4.

    prefix: what every keyframe that is copied beside encoded edges must begin with. ending: what closes a head.
    joined_fourcc: the sample format of a track with encoded edges. has_skip: whether the decoder can pass over
    pictures that no other refers to, and be told so on the way. has_trusted_encoder: whether a look at the frames
    beside a join is enough; else every frame of an edge is looked at. coarsest, finest: the quantizers that an edge may
    be encoded with; where they differ, the encoder measures each frame.
    """

    encoder: str
    decoder: str
    prefix: bytes
    ending: bytes
    has_skip: bool
    has_trusted_encoder: bool
    joined_fourcc: bytes
    coarsest: int
    finest: int

    def __init__(self, config: bytes) -> None: ...

    def entry(self, head: bytes) -> bool | None:
        """Whether a decoder can begin at the sample with these first bytes, and nothing shown after it needs what
        came before; None when they do not tell. Raises Refused when it brings other settings than the record's."""

    def looks_ahead(self, head: bytes) -> bool:
        """Whether the sample with these first bytes is a B picture, made from one that is shown later; False where
        this is not known."""

    def options(self, quantizer: int) -> dict[str, str]:
        """For the encoder of the edges, so that they join with the rest."""

    def rewrap(self, packet: bytes) -> bytes:
        """An encoder's packet as a sample of this stream."""

    def joined(self, extradata: bytes) -> bytes:
        """The configuration record of a track that also holds samples of an encoder with this extradata."""
