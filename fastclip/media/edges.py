"""Encodes the few frames at a clip's edges so that they join with the rest, and proves the joins by decoding them.

`make` runs in the parent; from `main` on it is the child (`ffmpeg.child`), where PyAV decodes and encodes. The child
demuxes nothing: it is told where each sample lies.
"""

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

from fastclip.media import Tell, ffmpeg
from fastclip.media.codecs import CODECS, Codec

_SIDE, _MOST_DIFFERENCE = 32, 4.0
_TELL_S = 0.1
_LAST_GOP = 5  # frames before a join that can be decoded without what is before them


@dataclass(frozen=True)
class Ask:
    """One edge. samples: (offset, bytes, pts) in decoding order; keep: (pts, pts in the clip).

    beside: copied samples next to it, to prove the join with: those after a head, a keyframe before a tail.
    """

    samples: list[tuple[int, int, int]]
    keep: list[tuple[int, int]]
    beside: list[tuple[int, int, int]]
    is_head: bool
    target: Path


@dataclass(frozen=True)
class Stream:
    """What the edges are made of and like. rate: frames a second."""

    source: Path
    codec: str
    config: bytes
    timescale: int
    rate: Fraction


@dataclass(frozen=True)
class Made:
    """The edges' samples, in each Ask's `target` one after another: (pts, bytes, is key). extradata: the encoder's."""

    extradata: bytes
    edges: list[list[tuple[int, int, bool]]]


def make(stream: Stream, asks: list[Ask], *, tell: Tell | None, stage: str, limits: ffmpeg.Limits) -> Made:
    """Encode `asks`. Raises ffmpeg.Failed when an edge or its join does not come out right."""
    order = asks[0].target.with_suffix(".order")
    order.write_text(json.dumps(_order(stream, asks)))
    try:
        said = json.loads(ffmpeg.child("edges", [str(order)], tell=tell, stage=stage, limits=limits))
    finally:
        order.unlink(missing_ok=True)
    if "failure" in said:
        raise ffmpeg.Failed(said["failure"])
    return Made(bytes.fromhex(said["extradata"]), [[(at, size, key) for at, size, key in one] for one in said["edges"]])


def _order(stream: Stream, asks: list[Ask]) -> dict[str, Any]:
    about = {
        "source": str(stream.source),
        "codec": stream.codec,
        "config": stream.config.hex(),
        "timescale": stream.timescale,
        "rate": [stream.rate.numerator, stream.rate.denominator],
    }
    edges = [
        {"samples": a.samples, "keep": a.keep, "beside": a.beside, "is_head": a.is_head, "target": str(a.target)}
        for a in asks
    ]
    return about | {"edges": edges}


def main(path: str) -> None:
    """In the child: the edges of the order at `path`, both at a time; how they came out on standard output."""
    from fastclip.media import reader

    order = json.loads(Path(path).read_text())
    codec = CODECS[order["codec"]](bytes.fromhex(order["config"]))
    total = sum(len(edge["samples"]) + len(edge["keep"]) for edge in order["edges"])
    progress = _Progress(total)
    edges = [_Edge(order, edge, codec, progress) for edge in order["edges"]]
    for edge in edges:
        edge.start()
    for edge in edges:
        edge.join()
    reader.answer(_answer(edges))
    sys.stdout.flush()
    os._exit(0)  # a decoder that failed half-way may wait for its threads for ever


def _answer(edges: "list[_Edge]") -> dict[str, Any]:
    from av.error import FFmpegError

    for failure in (edge.failure for edge in edges if edge.failure is not None):
        if not isinstance(failure, (_Wrong, FFmpegError)):
            traceback.print_exception(failure)
        return {"failure": str(failure) or type(failure).__name__}
    if len({edge.extradata for edge in edges}) != 1:
        return {"failure": "head and tail were encoded differently"}
    return {"extradata": edges[0].extradata.hex(), "edges": [edge.made for edge in edges]}


class _Wrong(Exception):
    """An edge or its join did not come out right."""


class _Progress:
    """Counts the frames of both edges, and tells now and then: each line wakes the parent."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._lock = total, 0, threading.Lock()
        self._told = 0.0

    def step(self) -> None:
        from fastclip.media import reader

        with self._lock:
            self._done += 1
            if time.monotonic() - self._told >= _TELL_S or self._done == self._total:
                self._told = time.monotonic()
                reader.progress(self._done / self._total)


class _Edge(threading.Thread):
    """Decodes, encodes and proves one edge; `made` is then (pts, bytes, is key) of each sample."""

    def __init__(self, order: dict[str, Any], edge: dict[str, Any], codec: Codec, progress: _Progress) -> None:
        super().__init__(daemon=True)
        self._order, self._edge, self._codec, self._progress = order, edge, codec, progress
        self._threads = 2 if len(order["edges"]) == 1 else 1
        self._time_base = Fraction(1, order["timescale"])
        self.made: list[tuple[int, int, bool]] = []
        self.extradata = b""
        self.failure: Exception | None = None
        self._shape: Fraction | None = None
        self._small: dict[int, bytes] = {}
        self._proved = 0  # the first frame of the edge that is looked at

    def run(self) -> None:
        try:
            with open(self._order["source"], "rb", buffering=0) as source:
                packets = self._encoded(source)
                self._check_count(packets)
                self._prove(packets, source)
        except Exception as error:
            self.failure = error

    def _encoded(self, source: IO[bytes]) -> list[tuple[int, bytes, bool]]:
        """(pts, sample, is key) of each frame kept, also written to the target."""
        from fastclip.media.encoder import Encoder

        keep, rate = dict(self._edge["keep"]), Fraction(*self._order["rate"])
        encoder = Encoder(self._codec, time_base=self._time_base, rate=rate, threads=self._threads)
        last_gop = len(keep) - _LAST_GOP if self._edge["is_head"] and len(keep) > 2 * _LAST_GOP else 0
        self._proved = last_gop if self._codec.has_trusted_encoder else 0
        for count, frame in enumerate(self._decoded(source, keep)):
            pts = keep[frame.pts]
            if count >= self._proved:
                self._small[pts] = _small(frame)
            encoder.add(frame, pts, self._shape or Fraction(1), is_key=count in (0, last_gop))
            self._progress.step()
        encoder.end()
        packets = encoder.samples
        if not packets:
            raise _Wrong("nothing of an edge could be decoded")
        if self._edge["is_head"]:
            pts, sample, is_key = packets.pop()
            packets.append((pts, sample + self._codec.ending, is_key))
        self.extradata = encoder.extradata
        with open(self._edge["target"], "wb") as out:
            for _, sample, _ in packets:
                out.write(sample)
        self.made = [(pts, len(sample), is_key) for pts, sample, is_key in packets]
        return packets

    def _decoded(self, source: IO[bytes], keep: dict[int, int]) -> Iterator[Any]:
        """The frames to keep. Before them, pictures that no other refers to are passed over."""
        decoder = self._decoder(bytes.fromhex(self._order["config"]), threads=self._threads)
        first = min(keep)
        for sample in self._edge["samples"]:
            decoder.skip_frame = "NONREF" if self._codec.has_skip and sample[2] < first else "DEFAULT"
            packet = self._packet(source, sample)
            for frame in decoder.decode(packet):
                self._shape = decoder.sample_aspect_ratio
                if frame.pts in keep:
                    yield frame
            self._progress.step()
        for frame in decoder.decode(None):
            if frame.pts in keep:
                yield frame

    def _decoder(self, config: bytes, *, threads: int) -> Any:
        from av.codec.context import CodecContext

        decoder = CodecContext.create(self._codec.decoder, "r")
        decoder.extradata = config
        decoder.thread_count = threads
        decoder.options = {"max_pixels": str(ffmpeg.MAX_PIXELS)}
        return decoder

    def _packet(self, source: IO[bytes], sample: list[int]) -> Any:
        from av.packet import Packet

        source.seek(sample[0])
        packet = Packet(source.read(sample[1]))
        packet.pts = packet.dts = sample[2]
        packet.time_base = self._time_base
        return packet

    def _check_count(self, packets: list[tuple[int, bytes, bool]]) -> None:
        wanted = [pts for _, pts in self._edge["keep"]]
        if [pts for pts, _, _ in packets] != wanted or not packets[0][2]:
            raise _Wrong(f"{len(wanted)} frames planned at an edge, {len(packets)} made")

    def _prove(self, packets: list[tuple[int, bytes, bool]], source: IO[bytes]) -> None:
        """Decode the frames on both sides of the join with the settings of the finished file; each of ours must look
        like what it was made of."""
        decoder = self._decoder(self._codec.joined(self.extradata), threads=1)
        decoder.options |= {"err_detect": "explode"}
        ours = [(sample, pts) for pts, sample, _ in packets[self._proved :]]
        theirs = [(bytes(self._packet(source, one)), one[2]) for one in self._edge["beside"]]
        theirs[0] = (self._codec.prefix + theirs[0][0], theirs[0][1])
        row = ours + theirs if self._edge["is_head"] else theirs + ours
        seen = [frame for packet in [*self._row(row), None] for frame in decoder.decode(packet)]
        if sorted(frame.pts for frame in seen) != sorted(pts for _, pts in row) or any(f.is_corrupt for f in seen):
            raise _Wrong(f"{len(row)} frames around a join, {len(seen)} decoded")
        for frame in seen:
            if frame.pts in self._small and _difference(_small(frame), self._small[frame.pts]) > _MOST_DIFFERENCE:
                raise _Wrong("a frame at an edge does not look like its source")

    def _row(self, samples: list[tuple[bytes, int]]) -> Iterator[Any]:
        from av.packet import Packet

        for sample, pts in samples:
            packet = Packet(sample)
            packet.pts = packet.dts = pts
            packet.time_base = self._time_base
            yield packet


def _small(frame: Any) -> bytes:
    """The frame's brightness, 32 x 32."""
    return bytes(frame.reformat(_SIDE, _SIDE, "gray").planes[0])


def _difference(one: bytes, other: bytes) -> float:
    """The mean difference of two small pictures, 0 to 255."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


if __name__ == "__main__":
    main(sys.argv[1])
