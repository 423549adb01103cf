"""The picture and the sound of a source, as tables of samples: from its own index, or read in parts."""

from pathlib import Path

from fastclip.media import Tell, packets
from fastclip.media.facts import Facts
from fastclip.media.mp4 import index
from fastclip.media.mp4.boxes import Unindexed
from fastclip.media.mp4.index import Track


def read(source: Path, facts: Facts, start_s: float, end_s: float, *, tell: Tell | None) -> tuple[Track, Track | None]:
    """Picture and sound; without an index only what lies around [start, end).

    Raises Unindexed.
    """
    if facts.format_detected.startswith("mov"):
        return indexed(source, facts)
    return packets.read(source, facts, start_s, end_s, tell=tell)


def indexed(source: Path, facts: Facts) -> tuple[Track, Track | None]:
    """The same of a whole MP4 or QuickTime file, from its index alone. Raises Unindexed."""
    if not facts.format_detected.startswith("mov"):
        raise Unindexed("has no table of its samples")
    tracks, place = index.read(source).tracks, facts.video_index or 0
    found = tracks[place] if place < len(tracks) else None
    if found is None or found.kind != "video" or facts.frames not in (None, len(found.pts)):
        raise Unindexed("has an index that ffmpeg reads otherwise")
    return found, next((track for track in tracks if track is not None and track.kind == "audio"), None)
