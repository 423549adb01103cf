"""The picture codecs that a clip can be cut in without encoding it whole, by ffmpeg's names."""

from fastclip.media.codecs.av1 import Av1
from fastclip.media.codecs.codec import Codec, Refused
from fastclip.media.codecs.h264 import H264
from fastclip.media.codecs.hevc import Hevc
from fastclip.media.codecs.vp9 import Vp9

__all__ = ["CODECS", "Codec", "Refused"]

CODECS: dict[str, type[Codec]] = {"h264": H264, "hevc": Hevc, "vp9": Vp9, "av1": Av1}
