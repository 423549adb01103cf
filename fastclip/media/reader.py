"""Opens a stranger's recording with PyAV, hardened as ffmpeg is. Import it only in a child (`ffmpeg.child`)."""

import json
import sys
from pathlib import Path
from typing import Any

import av
import av.stream
from av.container import InputContainer

from fastclip.media.ffmpeg import DEMUXERS, MAX_PIXELS, PROTOCOLS


def opened(path: str) -> InputContainer:
    """The container at an absolute path. Only local files, only the demuxers that FastClip takes."""
    container = av.open(
        f"file:{Path(path).resolve()}",
        options={"protocol_whitelist": PROTOCOLS, "format_whitelist": DEMUXERS},
        metadata_errors="replace",
    )
    for stream in container.streams:
        if stream.type in ("video", "audio") and stream.codec_context is not None:
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return container


def picture(container: InputContainer) -> Any | None:
    """The first stream of pictures that is not a cover."""
    covers = int(av.stream.Disposition.attached_pic)
    return next((one for one in container.streams.video if not int(one.disposition) & covers), None)


def answer(value: Any) -> None:
    """Print the child's answer as JSON."""
    sys.stdout.write(json.dumps(value))


def progress(fraction: float) -> None:
    """Tell the parent how far this is."""
    sys.stdout.write(f"progress {min(1.0, fraction):.4f}\n")
    sys.stdout.flush()
