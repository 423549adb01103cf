"""Encoders in the graphics hardware of this machine, for clips that are encoded whole; never for a smart cut's edges.

Each is tried with a few frames, once a process and in the background; until one is known to work, and wherever one
fails, libx264 encodes. Source: cutting.md section 5.
"""

import functools
import logging
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastclip.errors import FastClipError
from fastclip.media import ffmpeg

_log = logging.getLogger("fastclip.media")
_NVIDIA, _RENDER = ("/dev/nvidiactl", "/dev/dxg"), "/dev/dri/renderD128"
_UNBOUND = 1 << 46  # graphics drivers map more address space than there is memory
_TRIAL_LIMITS = ffmpeg.Limits(memory_bytes=_UNBOUND, cpu_s=10, wall_s=8.0)
MEMORY_BYTES = _UNBOUND
"""What a process that uses an encoder may map."""


@dataclass(frozen=True)
class Encoder:
    """name: ffmpeg's. options: about the size and quality of x264 veryfast at CRF 21. systems: where it can be;
    devices: one of them is there on Linux, else it is not tried. needs_upload: takes frames from the device alone.
    before: arguments that come first.
    """

    name: str
    title: str
    options: dict[str, Any] = field(default_factory=dict)
    systems: tuple[str, ...] = ("linux", "win32")
    devices: tuple[str, ...] = ()
    needs_upload: bool = False
    before: tuple[str, ...] = ()

    @property
    def is_likely(self) -> bool:
        """Whether it is worth a trial here."""
        is_there = sys.platform != "linux" or any(Path(device).exists() for device in self.devices)
        return sys.platform in self.systems and is_there


SOFTWARE = Encoder("libx264", "x264", {"preset": "veryfast", "crf": 21, "threads": ffmpeg.THREADS})
ENCODERS = (
    Encoder("h264_nvenc", "NVIDIA NVENC", {"preset": "p4", "rc": "vbr", "cq": 23, "b:v": 0}, devices=_NVIDIA),
    Encoder("h264_videotoolbox", "Apple VideoToolbox", {"q:v": 60, "allow_sw": 0}, systems=("darwin",)),
    Encoder("h264_qsv", "Intel Quick Sync", {"preset": "veryfast", "global_quality": 23}, devices=(_RENDER,)),
    Encoder("h264_amf", "AMD AMF", {"rc": "cqp", "qp_i": 21, "qp_p": 23}, devices=(_RENDER,)),
    Encoder(
        "h264_vaapi",
        "VAAPI",
        {"rc_mode": "CQP", "qp": 23},
        systems=("linux",),
        devices=(_RENDER,),
        needs_upload=True,
        before=("-vaapi_device", _RENDER),
    ),
)
"""In the order in which they are tried."""

_looked = threading.Event()
_found: Encoder | None = None
_is_wanted = True


def use(is_wanted: bool) -> None:
    """Look for one in the background, or use none from now on."""
    global _is_wanted
    _is_wanted = is_wanted
    if is_wanted and not _looked.is_set():
        threading.Thread(target=_look, name="hardware", daemon=True).start()


def chosen() -> Encoder:
    """What a whole encode uses now."""
    return _found if _is_wanted and _looked.is_set() and _found else SOFTWARE


@functools.cache
def find() -> Encoder | None:
    """The first that encodes ten frames here; tried once a process. None where none does."""
    return next((encoder for encoder in likely() if _works(encoder)), None)


def likely() -> list[Encoder]:
    """Those worth a trial here."""
    return [encoder for encoder in ENCODERS if encoder.is_likely]


def _look() -> None:
    global _found
    _found = find()
    _looked.set()
    if _found:
        _log.info("whole encodes use %s (%s)", _found.title, _found.name)


def _works(encoder: Encoder) -> bool:
    upload = ["-vf", "format=nv12,hwupload"] if encoder.needs_upload else []
    options = [part for name, value in encoder.options.items() for part in (f"-{name}", str(value))]
    trial = ["-f", "lavfi", "-i", "color=s=256x256:r=30:d=1", *upload, "-c:v", encoder.name, *options]
    trial = [*encoder.before, *trial, "-frames:v", "10", "-f", "null", "-"]
    try:
        return ffmpeg.run(trial, limits=_TRIAL_LIMITS).frames == 10
    except (ffmpeg.Failed, FastClipError, OSError):
        return False
