"""The picture codecs that a clip can be cut in without encoding it whole, by ffmpeg's names."""

from fastclip.media.codecs.codec import Codec, Refused
from fastclip.media.codecs.h264 import H264

__all__ = ["CODECS", "Codec", "Refused"]

CODECS: dict[str, type[Codec]] = {"h264": H264}
