"""Encodes an edge's frames so finely that each keeps 40 dB. Import it only in a child (`ffmpeg.child`)."""

import math
import struct
from fractions import Fraction
from typing import Any

from av.codec.context import CodecContext, Flags
from av.video.frame import PictureType

from fastclip.media.codecs import Codec

LEAST_DB = 40.0
"""Of a frame's brightness beside its source (PSNR): less is seen where it is looked for."""
_PEAK, _SSE = 255**2, struct.Struct("<8xQ")


class Encoder:
    """Takes frames one by one; `samples` are then (pts, sample, is key). rate: frames a second.

    It begins as coarse as the codec lets it. A frame that falls below LEAST_DB is encoded again, finer, and so is
    what follows; the encoder itself measures, which costs a hundredth of its time.
    """

    def __init__(self, codec: Codec, *, time_base: Fraction, rate: Fraction, threads: int) -> None:
        self._codec, self._time_base, self._rate, self._threads = codec, time_base, rate, threads
        self._quantizer, self._is_measured = codec.coarsest, codec.finest < codec.coarsest
        self._encoder: Any = None
        self._shape = Fraction(1)
        self._waiting: list[tuple[Any, bool]] = []
        self._before: tuple[Any, bool] | None = None
        self.samples: list[tuple[int, bytes, bool]] = []

    @property
    def extradata(self) -> bytes:
        return (self._encoder.extradata or b"") if self._encoder else b""

    def add(self, frame: Any, pts: int, shape: Fraction, *, is_key: bool) -> None:
        """shape: of a pixel."""
        frame.pts, frame.time_base, self._shape = pts, self._time_base, shape
        self._encoder = self._encoder or self._opened(frame)
        self._feed(frame, is_key)

    def end(self) -> None:
        ended = None
        while self._waiting and ended is not self._encoder:
            ended = self._encoder
            self._take(ended.encode(None))

    def _feed(self, frame: Any, is_key: bool) -> None:
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        self._waiting.append((frame, is_key))
        self._take(self._encoder.encode(frame))

    def _take(self, packets: list[Any]) -> None:
        for one in packets:
            fed = self._waiting.pop(0)
            lacking = LEAST_DB - self._measured(one)
            if lacking > 0 and self._quantizer > self._codec.finest:
                self._quantizer = max(self._codec.finest, self._quantizer - math.ceil(lacking) - 1)
                return self._again([fed, *self._waiting])
            self.samples.append((one.pts, self._codec.rewrap(bytes(one)), one.is_keyframe))
            self._before = fed

    def _again(self, fed: list[tuple[Any, bool]]) -> None:
        """The last frames once more, by a finer encoder, which begins with a keyframe."""
        if self.samples and self.samples[-1][2]:
            # Two IDR pictures in a row must have different ids, which those of two encoders have not.
            assert self._before is not None
            self.samples.pop()
            fed.insert(0, self._before)
        self._waiting, self._encoder = [], self._opened(fed[0][0])
        for place, (frame, is_key) in enumerate(fed):
            self._feed(frame, is_key or place == 0)

    def _measured(self, packet: Any) -> float:
        """The PSNR of its brightness, in dB."""
        if not self._is_measured:
            return math.inf
        squared = _SSE.unpack_from(bytes(packet.get_sidedata("quality_stats")))[0]
        pixels = self._encoder.width * self._encoder.height
        return 10 * math.log10(_PEAK * pixels / squared) if squared else math.inf

    def _opened(self, frame: Any) -> Any:
        """Like the source in size, shape, colour and pixel format; a keyframe only where it is told."""
        encoder: Any = CodecContext.create(self._codec.encoder, "w")
        encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, frame.format.name
        encoder.time_base, encoder.framerate = self._time_base, self._rate
        encoder.sample_aspect_ratio = self._shape
        for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
            setattr(encoder, name, getattr(frame, name))
        encoder.max_b_frames, encoder.gop_size, encoder.thread_count = 0, 100_000, self._threads
        encoder.flags |= Flags.global_header
        if self._is_measured:
            encoder.flags |= Flags.psnr
        encoder.options = self._codec.options(self._quantizer)
        encoder.open()
        return encoder
