"""Measures sound and GIF exports in one run: `python -m tests.bench.exports [--folder DIR]`.

MP3 and AAC clips are copied in this process; the reference is ffmpeg, which starts a process and encodes. A GIF's
memory is the largest that any child of this process had, so GIFs come in the order of their size.
Bars: cutting.md 9.9 and 9.10.
"""

import argparse
import resource
from pathlib import Path

from fastclip.media import cut, probe
from tests.bench.cut import FFMPEG, FOLDER, G60, Spent, bar, made, measured, row, run

SOUND_S, CLIP_S, GIF_S = 300, 60.0, 30.0
GIFS = ((480, "480 px at 12 a second", 1.5), (720, "640 px at 15 a second", 1.5), (1080, "1280 px at 15 a second", 3.0))


def sound(folder: Path, name: str, *options: str) -> Path:
    """Five minutes of noise, 48 kHz stereo."""
    target = folder / name
    if not target.exists():
        noise = ["-f", "lavfi", "-i", f"anoisesrc=d={SOUND_S}:a=0.2:r=48000", "-ac", "2"]
        run([FFMPEG, "-v", "error", "-y", *noise, *options, str(target)])
    return target


def copied(source: Path) -> None:
    """A minute out of five, in the source's own format."""
    facts, form = probe.read(source), source.suffix[1:]
    target, span = source.with_name(f"clip.{form}"), {"start_s": 61.234, "end_s": 61.234 + CLIP_S}

    def ours() -> None:
        cut.render(source, target, cut.plan(source, facts, **span, format=form, height_px=None))

    def theirs() -> None:
        run([FFMPEG, "-v", "error", "-y", "-ss", "61.234", "-i", str(source), "-t", str(CLIP_S), str(target)])

    print(f"{source.name}: {CLIP_S:g} s out of {SOUND_S} s")
    whole = row("ffmpeg, encoding", measured(theirs, 3))
    mine = row("FastClip (copy)", measured(ours, 9), whole)
    bar("wall seconds (moonshot)", mine[0], 0.05)
    bar("CPU seconds a minute", mine[1], 0.1)
    target.unlink()


def drawn(source: Path, height_px: int, said: str, most_s: float) -> None:
    """Thirty seconds as a GIF."""
    facts, target, clips = probe.read(source), source.with_name("clip.gif"), []

    def ours() -> None:
        plan = cut.plan(source, facts, start_s=61.2, end_s=61.2 + GIF_S, format="gif", height_px=height_px)
        clips.append(cut.render(source, target, plan))

    spent: Spent = measured(ours, 1)
    size, memory = clips[0].size_bytes / 1e6, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{source.name}: a GIF of {GIF_S:g} s, {said}: {clips[0].frames} frames, {size:.1f} MB")
    row("FastClip", spent)
    bar("CPU seconds a second", spent[1] / GIF_S, most_s)
    bar("MB of memory", memory, 200)
    target.unlink()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--folder", type=Path, default=FOLDER)
    given = asked.parse_args()
    given.folder.mkdir(exist_ok=True)
    film = made(given.folder, G60)
    for height_px, said, most_s in GIFS:
        drawn(film, height_px, said, most_s)
    copied(sound(given.folder, "noise.mp3", "-c:a", "libmp3lame", "-b:a", "192k"))
    copied(sound(given.folder, "noise.m4a", "-c:a", "aac", "-b:a", "160k"))


if __name__ == "__main__":
    main()
