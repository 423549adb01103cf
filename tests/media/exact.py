"""What a clip must be, held against its source frame by frame and sample by sample."""

import hashlib
import itertools
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import av
import numpy as np

from fastclip.media import ffmpeg, probe
from fastclip.media.facts import Facts
from fastclip.media.plans import Cut, Plan
from tests.media import stamped

LOWEST_PSNR_DB = 40.0
ROUGH_LAG = {".mkv": 64, ".webm": 64, ".flv": 64, ".avi": 1152}
"""In samples: these tell time in whole milliseconds, AVI in whole packets."""
LEAST_STRETCH = 3e-4
"""Below it may be nothing but milliseconds that were rounded, over the seconds of a recording."""


@dataclass(frozen=True)
class Frame:
    """One frame as decoded: when it is shown, its number, a hash of all planes, and its brightness."""

    at: float
    number: int
    digest: bytes
    luma: np.ndarray


@dataclass(frozen=True)
class Recording:
    """A source, decoded once."""

    path: Path

    @cached_property
    def facts(self) -> Facts:
        return probe.read(self.path)

    @cached_property
    def frames(self) -> list[Frame]:
        if self.path.suffix == ".avi":
            return [Frame(at, number, b"", np.zeros(0)) for at, number in stamped.shown_by_ffmpeg(self.path)]
        return decoded(self.path)

    @cached_property
    def sound(self) -> np.ndarray:
        rate = self.facts.sample_rate or stamped.RATE
        return np.append(stamped.sound(self.path, rate=rate), np.zeros(4 * rate, "float32"))

    @cached_property
    def stretch(self) -> float:
        """Samples there are for each that the timestamps make room for: some recorders' clocks run off by some
        thousandths, and a clip begins where the timestamps say."""
        with av.open(str(self.path)) as container:
            heard = [(frame.time, frame.samples / frame.sample_rate) for frame in container.decode(audio=0)]
        steps = [(after[0] - one[0], one[1]) for one, after in itertools.pairwise(heard)]
        whole = [(stamped_s, heard_s) for stamped_s, heard_s in steps if abs(stamped_s - heard_s) < heard_s / 20]
        found = sum(heard_s for _, heard_s in whole) / sum(stamped_s for stamped_s, _ in whole) if whole else 1.0
        return found if abs(found - 1) > LEAST_STRETCH else 1.0


def decoded(path: Path, *, turned: int = 0) -> list[Frame]:
    """Every frame, times from the container's start. turned: the degrees that its numbers are turned by."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start = (container.start_time or 0) / 1e6
        found = []
        for frame in container.decode(stream):
            planes = frame.to_ndarray()
            luma = planes[: frame.height] if planes.ndim == 2 else frame.reformat(format="gray").to_ndarray()
            number = stamped.number_of(np.rot90(frame.reformat(format="gray").to_ndarray(), turned // 90))
            at = float(frame.pts * stream.time_base) - start
            found.append(Frame(at, number, hashlib.blake2b(planes.tobytes()).digest(), luma))
        return found


def check(clip: Path, made: Cut, plan: Plan, source: Recording) -> None:
    """Raises AssertionError where the clip is not what its plan and its source make of it."""
    where = (source.path.name, plan.start_s, plan.end_s, made.plan_kind, made.reason)
    turned = source.facts.rotation if made.plan_kind == "encode" else 0
    frames = decoded(clip, turned=turned)
    wanted = expected(source, plan)
    assert [frame.number for frame in frames] == [frame.number for frame in wanted], where
    assert made.frames == len(frames), where
    assert frames[0].at == 0, where
    rough_s = 0.0011 if source.facts.format_detected[:3] in ("mat", "flv") else 0.00002
    drift_s = max(abs(frame.at - max(0.0, one.at - plan.start_s)) for frame, one in zip(frames, wanted, strict=True))
    assert drift_s <= rough_s, (*where, drift_s)
    if plan.recipe is not None and made.plan_kind != "encode":
        _check_copied(frames, wanted, plan.recipe.encoded, where)
        _check_nothing_hidden(clip, len(frames))
    if source.facts.has_audio:
        _check_sound(clip, made, source, where)
    _check_clean(clip)


def expected(source: Recording, plan: Plan) -> list[Frame]:
    """The source's frames in the plan's range; with the one that stands at its beginning, where one does."""
    assert plan.window is not None
    inside = [frame for frame in source.frames if frame.at > plan.window.low_s]
    return inside[: plan.window.frames]


def _check_copied(frames: list[Frame], wanted: list[Frame], encoded: int, where: tuple) -> None:
    pairs = list(zip(frames, wanted, strict=True))
    changed = [(one, other) for one, other in pairs if one.digest != other.digest]
    assert len(changed) <= encoded, (*where, len(changed), encoded)
    for one, other in changed:
        error = float(np.mean((one.luma.astype(float) - other.luma) ** 2))
        assert 10 * np.log10(255**2 / error) >= LOWEST_PSNR_DB if error else True, where


def _check_nothing_hidden(clip: Path, frames: int) -> None:
    with av.open(str(clip), options={"ignore_editlist": "1"}) as container:
        assert sum(1 for packet in container.demux(video=0) if packet.size) == frames


def _check_sound(clip: Path, made: Cut, source: Recording, where: tuple) -> None:
    rate = source.facts.sample_rate or stamped.RATE
    sound = stamped.sound(clip, rate=rate)
    length = round(made.duration_s * rate)
    is_copied = made.plan_kind != "encode" and "sound encoded" not in made.reason
    assert abs(len(sound) - length) <= (0 if is_copied else 2), (*where, len(sound), length)
    first = round(made.start_s * source.stretch * rate)
    if made.duration_s < 0.3 or not source.sound[first : first + len(sound)].any():
        return
    match = stamped.lay(sound, source.sound, first)
    lag = ROUGH_LAG.get(source.path.suffix, 0 if is_copied else 1)
    assert match.likeness > 0.85 and abs(match.lag) <= lag, (*where, match)


def _check_clean(clip: Path) -> None:
    """Nothing to complain about for a decoder that stops at the first error."""
    as_it_is = ["-fps_mode", "passthrough", "-enc_time_base:v", "demux"]
    line = [str(ffmpeg.tools().ffmpeg), "-v", "error", "-xerror", "-i", str(clip), *as_it_is, "-f", "null", "-"]
    done = subprocess.run(line, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[-500:]
