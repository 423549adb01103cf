"""What libass draws of a script, as arrays, and where its ink is."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fastclip.media import burn, captions, ffmpeg, fonts, style
from fastclip.media.ass import Script, write
from fastclip.media.captions import Captions
from fastclip.media.style import Style
from fastclip.media.words import Word

TEXT = (
    "This is the moment when everything changed for our team. We shipped the product in ninety days, and nobody "
    "believed it could work! Here's what I learned."
)


@dataclass(frozen=True)
class Ink:
    """Left, top, right, bottom of what is drawn, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


def spoken(text: str = TEXT, *, start_s: float = 0.4) -> list[Word]:
    """The text at a natural pace, with a pause after each sentence."""
    words, at_s = [], start_s
    for one in text.split():
        took_s = 0.11 + 0.043 * len(one)
        words.append(Word(one, round(at_s, 3), round(at_s + took_s, 3)))
        at_s += took_s + 0.017 + 0.45 * one.endswith((".", "!"))
    return words


def laid(slug: str, size: tuple[int, int], words: list[Word] | None = None, **other: object) -> Captions:
    """The words in a built-in style, with other values for some of its fields."""
    look = style.builtin()[slug][1]
    look = Style(**{name: getattr(look, name) for name in style.FIELDS} | other)
    return captions.lay_out(words or spoken(), look, fonts.builtin(look.font_name), size_px=size)


def frames(
    folder: Path,
    script: Script,
    size: tuple[int, int],
    *,
    count: int,
    fps: str = "30",
    pixels: str = "rgb24",
    color: str = "black",
    fontconfig: Path | None = None,
) -> np.ndarray:
    """The first frames over one colour, without an encoder between."""
    burn.lay(folder, script)
    source = f"color=c={color}:s={size[0]}x{size[1]}:r={fps}"
    chain = f"setparams=colorspace=bt709:range=tv,format=yuv444p,ass=captions.ass:fontsdir=fonts,format={pixels}"
    done = subprocess.run(
        [ffmpeg.tools().ffmpeg, "-v", "verbose", "-f", "lavfi", "-i", source, "-vf", chain]
        + ["-frames:v", str(count), "-f", "rawvideo", "-"],
        cwd=folder,
        env={"FONTCONFIG_FILE": str(fontconfig or folder / "fonts.conf")},
        capture_output=True,
        check=True,
    )
    (folder / "log.txt").write_bytes(done.stderr)
    return np.frombuffer(done.stdout, "uint8").reshape(count, size[1], size[0], -1)


def ink(frame: np.ndarray, *, above: int = 100) -> Ink:
    """The bounds of what is brighter than `above`, the edges by how much of a pixel is covered."""
    bright = frame.max(axis=-1).astype(float) / 255
    rows, columns = bright.max(axis=1), bright.max(axis=0)
    threshold = above / 255
    lit_rows, lit_columns = np.flatnonzero(rows > threshold), np.flatnonzero(columns > threshold)
    if not len(lit_rows):
        return Ink(0, 0, 0, 0)
    return Ink(float(lit_columns[0]), float(lit_rows[0]), float(lit_columns[-1] + 1), float(lit_rows[-1] + 1))


def scripted(one: Captions) -> Script:
    return write(one)
