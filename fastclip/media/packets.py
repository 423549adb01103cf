"""Reads where the samples of a Matroska or Flash file lie around a range, and when they are shown.

Such files hold no table of their samples, and their times are whole milliseconds: a child (`ffmpeg.child`) seeks and
reads their packets, and says at which byte of the file each begins, so that they are copied from there. Decoding
times are made, and times that lie on the grid of a steady rate are put back on it.
"""

import json
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np

from fastclip.media import Tell, ffmpeg, index
from fastclip.media.codecs import vp9
from fastclip.media.facts import Facts
from fastclip.media.mp4.boxes import Unindexed
from fastclip.media.mp4.entries import Entry
from fastclip.media.mp4.index import Track
from fastclip.media.mp4.write import PLAIN_MATRIX, UNDETERMINED

_LIMITS = ffmpeg.Limits(cpu_s=120, wall_s=240, file_bytes=64 << 20)
_FOURCCS = {"h264": b"avc1", "hevc": b"hvc1", "vp9": b"vp09", "av1": b"av01"}
_ROUGH_S = 0.0011
_GRID, _FINE = 512, 90_000
_AAC_SAMPLES = 1024
_AROUND_S = 2.0
_MAX_PACKETS = 400_000
_FRAMING_BYTES = 64


def read(source: Path, facts: Facts, start_s: float, end_s: float, *, tell: Tell | None) -> tuple[Track, Track | None]:
    """Picture and sound around [start, end), with the keyframes before and after it. Raises Unindexed."""
    asked = [str(source), str(start_s), str(end_s), str(facts.video_index), str(facts.audio_index)]
    try:
        said = json.loads(ffmpeg.child("packets", asked, tell=tell, stage=index.STAGE, limits=_LIMITS))
    except ffmpeg.Failed:
        raise Unindexed("does not let itself be read in parts") from None
    if "refusal" in said:
        raise Unindexed(said["refusal"])
    picture = _picture(said["picture"], facts)
    return picture, _sound(said["sound"], facts) if said.get("sound") else None


def _picture(said: dict[str, Any], facts: Facts) -> Track:
    fourcc = _FOURCCS.get(facts.video_codec or "")
    if fourcc is None:
        raise Unindexed("holds its picture in a way of its own")
    pts, offset, size, is_key = np.array(said["packets"], np.int64).T
    tick = Fraction(said["tick"])
    rough_s = pts * float(tick)
    pts, timescale = _on_grid(pts, tick, facts)
    config = vp9.PLAIN_CONFIG if fourcc == b"vp09" else bytes.fromhex(said["config"])
    entry = Entry(fourcc, config, facts.width_px or 0, facts.height_px or 0)
    display = ((round((facts.width_px or 0) * facts.sar) << 16) << 32 | (facts.height_px or 0) << 16).to_bytes(8)
    track = _track("video", timescale, entry, pts, _decoding(pts), offset, size, is_key.astype(bool))
    return replace(track, display=display, rough_s=rough_s)


def _on_grid(pts: np.ndarray, tick: Fraction, facts: Facts) -> tuple[np.ndarray, int]:
    """Times as ticks of a fine scale; those of a steady rate lie on it as exactly as they were meant.

    Where the grid begins is not known: the first packet that is not a rounding apart from all others tells.
    """
    rate = facts.fps
    seconds = pts * float(tick)
    if rate and not facts.is_vfr and (rate * _GRID).numerator < 1 << 31:
        numbers = np.round((seconds - seconds.min()) * float(rate))
        shift = seconds - numbers / float(rate)
        middle = (float(shift.min()) + float(shift.max())) / 2
        if float(np.abs(shift - middle).max()) <= _ROUGH_S / 2 and len(np.unique(numbers)) == len(numbers):
            scale = rate * _GRID
            timescale = scale.numerator
            zero = round(float(tick * round(middle / float(tick))) * timescale)
            return numbers.astype(np.int64) * (_GRID * scale.denominator) + zero, timescale
    return np.round(seconds * _FINE).astype(np.int64), _FINE


def _decoding(pts: np.ndarray) -> np.ndarray:
    """Decoding times: the presentation times in order, early by as many frames as the order is changed by."""
    ordered = np.sort(pts)
    depth = int((np.arange(len(pts)) - np.searchsorted(ordered, pts)).max())
    step = int(np.median(np.diff(ordered))) if len(ordered) > 1 else 1
    before = ordered[0] - step * np.arange(depth, 0, -1)
    return np.concatenate([before, ordered])[: len(pts)]


def _sound(said: dict[str, Any], facts: Facts) -> Track | None:
    """AAC as packets of 1,024 samples in a row; None where they are not."""
    rate = facts.sample_rate or 0
    if facts.audio_codec != "aac" or not rate or not said["packets"]:
        return None
    pts, offset, size, _ = np.array(said["packets"], np.int64).T
    samples = pts * float(Fraction(said["tick"])) * rate
    numbers = np.arange(len(pts)) * _AAC_SAMPLES
    shift = samples - numbers
    if float(shift.max() - shift.min()) > 2 * _ROUGH_S * rate:
        return None
    first = round(float(shift.max() + shift.min()) / 2)
    entry = Entry(b"mp4a", bytes.fromhex(said["config"]), channels=facts.channels or 2, rate=rate)
    exact = numbers + first
    return _track("audio", rate, entry, exact, exact, offset, size, np.ones(len(pts), bool))


def _track(
    kind: str,
    timescale: int,
    entry: Entry,
    pts: np.ndarray,
    dts: np.ndarray,
    offset: np.ndarray,
    size: np.ndarray,
    is_key: np.ndarray,
) -> Track:
    ordered = np.sort(pts)
    last = int(ordered[-1] - ordered[-2]) if len(ordered) > 1 else 1
    duration = np.append(np.diff(dts), last)
    end = int(ordered[-1]) + last
    arrays = (pts, dts, duration, offset, size, is_key)
    return Track(kind, timescale, entry, 1, *arrays, int(ordered[0]), end, PLAIN_MATRIX, bytes(8), UNDETERMINED)


def main(path: str, start_s: str, end_s: str, picture: str, sound: str) -> None:
    """In the child: the packets of both streams around the range, on standard output."""
    from av.error import FFmpegError

    from fastclip.media import reader

    try:
        places = [int(one) for one in (picture, sound) if one != "None"]
        reader.answer(_around(path, float(start_s), float(end_s), places))
    except FFmpegError:
        reader.answer({"refusal": "does not let itself be read in parts"})


def _around(path: str, start_s: float, end_s: float, places: list[int]) -> dict[str, Any]:
    from fastclip.media import reader

    back = _AROUND_S
    while True:
        with reader.opened(path) as container, open(path, "rb", buffering=0) as file:
            start = (container.start_time or 0) / 1e6
            streams: list[Any] = [container.streams[place] for place in places]
            at = start_s - back
            if at > 0:
                container.seek(int((at + start) / streams[0].time_base), stream=streams[0])
            rows = _rows(container, streams, file, end_s + start)
        picture = rows[places[0]]
        is_early = any(row[3] and row[0] * streams[0].time_base <= start_s + start - _ROUGH_S for row in picture)
        if at <= 0 or is_early:
            break
        back *= 4
    if any(row is None for packets in rows.values() for row in packets):
        return {"refusal": "holds its packets in pieces"}
    said = [_stream(stream, rows[place]) for place, stream in zip(places, streams, strict=True)]
    return {"picture": said[0], "sound": said[1] if len(said) > 1 else None}


def _stream(stream: Any, rows: list[Any]) -> dict[str, Any]:
    return {"tick": str(stream.time_base), "config": (stream.codec_context.extradata or b"").hex(), "packets": rows}


def _rows(container: Any, streams: list[Any], file: IO[bytes], end: float) -> dict[int, list[Any]]:
    """(pts, byte, size, is key) of each packet by its stream, up to the picture's first two seconds after `end`."""
    rows: dict[int, list[Any]] = {stream.index: [] for stream in streams}
    for count, packet in enumerate(container.demux(streams)):
        if not packet.size:
            continue
        if packet.pts is None or packet.pos is None or count > _MAX_PACKETS:
            rows[packet.stream.index].append(None)
            break
        is_picture = packet.stream.index == streams[0].index
        if is_picture and float(packet.pts * packet.time_base) > end + _AROUND_S:
            break
        offset = _place(file, packet)
        row = None if offset is None else [packet.pts, offset, packet.size, int(packet.is_keyframe)]
        rows[packet.stream.index].append(row)
    return rows


def _place(file: IO[bytes], packet: Any) -> int | None:
    """Where the packet's bytes begin: shortly after the framing that its position names. None where they do not."""
    body = bytes(packet)
    file.seek(packet.pos)
    there = file.read(len(body) + _FRAMING_BYTES)
    found = there.find(body)
    return packet.pos + found if found >= 0 else None


if __name__ == "__main__":
    main(*sys.argv[1:])
