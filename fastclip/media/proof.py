"""Reads a clip back. `check` compares a spliced one with what was planned: every time, every size, and the bytes at
the seams; what the seams decode to was proved when the edges were made (`edges`). `check_encoded` asks of an encoded
one that its times rise, its sound lies beside its picture, and its end decodes.
"""

from pathlib import Path

import numpy as np

from fastclip.media import Tell, ffmpeg
from fastclip.media.mp4 import index, write

_END_S = 0.2
_MOST_SAMPLES, _MOST_TICKS_S = 1024, 0.002


class Wrong(RuntimeError):
    """The file is not what was planned; says where."""


def check(target: Path, tracks: list[write.Track], sources: list[Path]) -> None:
    """Raises Wrong, and Unindexed when the file cannot be read back."""
    found = [track for track in index.read(target).tracks if track is not None]
    if [track.kind for track in found] != [track.kind for track in tracks]:
        raise Wrong("tracks are missing")
    for track, planned in zip(found, tracks, strict=True):
        _check_times(track, planned)
        _check_bytes(target, track, planned, sources)
    lengths = [planned.length / planned.timescale for planned in tracks]
    if max(lengths) - min(lengths) > 1 / min(planned.timescale for planned in tracks):
        raise Wrong("picture and sound are not of one length")


def check_encoded(target: Path, length_s: float, *, tell: Tell | None) -> None:
    """length_s: of the sound, which is padded to it.

    Raises Wrong, Unindexed, and ffmpeg.Failed where the last frames do not decode.
    """
    found = {track.kind: track for track in index.read(target).tracks if track is not None}
    picture, sound = found["video"], found.get("audio")
    if picture.pts.min() != 0 or len(np.unique(picture.pts)) != len(picture.pts) or (np.diff(picture.dts) <= 0).any():
        raise Wrong("its times do not rise from the beginning")
    if sound is not None:
        end_s = sound.shown_to / sound.timescale
        if sound.shown_from != 0 or abs(end_s - length_s) > _MOST_SAMPLES / sound.timescale + _MOST_TICKS_S:
            raise Wrong("its sound does not lie beside its picture")
    whole = [
        "-err_detect",
        "explode",
        "-xerror",
        "-noaccurate_seek",
        "-sseof",
        f"-{_END_S}",
        "-i",
        f"file:{target.resolve()}",
    ]
    if not ffmpeg.run([*whole, "-map", "0:v", "-f", "null", "-"], tell=tell, stage="Checking").frames:
        raise Wrong("its end does not decode")


def _check_times(track: index.Track, planned: write.Track) -> None:
    if len(track.pts) != len(planned.pts) or not np.array_equal(track.pts, planned.pts - planned.begin):
        raise Wrong(f"the {planned.kind}'s times are not as planned")
    if (np.diff(track.dts) <= 0).any() or (track.dts > track.pts + planned.begin).any():
        raise Wrong(f"the {planned.kind}'s decoding times are out of order")
    if planned.kind == "video" and (track.pts.min() != 0 or len(np.unique(track.pts)) != len(track.pts)):
        raise Wrong("the first frame is not at the beginning")
    if not np.array_equal(track.size, planned.size) or track.shown_from != 0:
        raise Wrong(f"the {planned.kind}'s samples are not as planned")


def _check_bytes(target: Path, track: index.Track, planned: write.Track, sources: list[Path]) -> None:
    """The first and last sample of each piece, byte by byte."""
    seams = np.flatnonzero(np.diff(planned.file))
    places = {0, len(planned.file) - 1, *seams.tolist(), *(seams + 1).tolist()}
    with open(target, "rb") as clip:
        for place in sorted(places):
            size = int(planned.size[place])
            with open(sources[int(planned.file[place])], "rb") as source:
                source.seek(int(planned.offset[place]))
                clip.seek(int(track.offset[place]))
                if clip.read(size) != source.read(size):
                    raise Wrong(f"sample {place} of the {planned.kind} is not as planned")
