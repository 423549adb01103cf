"""Joins several ranges of one source into one file, in the order given, with 10 ms fades of the sound at the joins.

Each range is cut as a clip of its own would be (`cut`), without sound; the pictures are then copied behind each other,
and the sound of all is written in one piece. Pictures are copied from the source where every range can be; ranges that
an encoder must touch whole are all encoded, for one file has one format.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from fastclip.errors import Unprocessable
from fastclip.media import Tell, audio, cut, fades, ffmpeg, probe, proof, soundtrack, whole
from fastclip.media.facts import Facts
from fastclip.media.mp4 import index, write
from fastclip.media.mp4.boxes import Unindexed
from fastclip.media.plans import KINDS, Cut, Plan
from fastclip.media.smart import Recipe

FORMATS = ("mp4", *audio.FORMATS)
"""What ranges can be joined to."""

_log = logging.getLogger("fastclip.media")
_PICTURES, _SOUND, _JOINED = 0.8, 0.95, 0.98
_JOINABLE = ("h264",)  # the others keep their settings in their frames, where those of two cuts would meet
_SLACK_S = 0.06
_DAMAGED = "The source cannot be read in one of these ranges: it is damaged there."
_AUDIO_REASON = "sound is joined, and written anew"


class _Unjoined(Exception):
    """Pictures that do not go behind each other as they are."""


@dataclass(frozen=True)
class Merge:
    """How ranges will be joined. plans: of each range, without its sound; empty for sound alone."""

    kind: str
    reason: str
    format: str
    facts: Facts
    spans: tuple[tuple[float, float], ...]
    height_px: int | None
    plans: tuple[Plan, ...] = ()
    force: str | None = None
    plan_s: float = 0.0


def plan(
    source: str | Path,
    facts: Facts,
    spans: list[tuple[float, float]],
    *,
    format: str,
    height_px: int | None,
    force: str | None = None,
    codecs: tuple[str, ...] = cut.CODECS,
    tell: Tell | None = None,
) -> Merge:
    """Decide how to join these (start, end) seconds of `source`. Otherwise as `cut.plan`."""
    began = time.monotonic()
    if format in audio.FORMATS and not facts.has_audio:
        raise Unprocessable("This source has no sound. Choose a video format instead.", param="format")
    if format in audio.FORMATS and force not in (None, "encode"):
        raise Unprocessable(f"These ranges cannot be cut as {force}: {_AUDIO_REASON}.")
    inside = tuple((start, min(end, facts.duration_s)) for start, end in spans)
    merge = Merge("encode", _AUDIO_REASON, format, facts, inside, height_px, force=force)
    if format == "mp4":
        merge = _pictured(Path(source), merge, tuple(c for c in codecs if c in _JOINABLE), tell)
    return replace(merge, reason=merge.reason + cut.heard(facts, format), plan_s=time.monotonic() - began)


def render(source: str | Path, target: str | Path, merge: Merge, *, tell: Tell | None = None) -> Cut:
    """Write the file that was planned to `target`, check it, and say what was made. Otherwise as `cut.render`."""
    source, target = Path(source), Path(target)
    try:
        if merge.format in audio.FORMATS:
            return _heard(source, target, merge, tell)
        try:
            return _joined(source, target, merge, tell)
        except _Unjoined as reason:
            if merge.force:
                raise Unprocessable(f"These ranges cannot be joined as {merge.kind}: {reason}.") from reason
            _log.warning("joining ranges of %s failed, encoding instead: %s", source, reason)
            again = _encoded(source, merge, f"ranges that were copied {reason}" + cut.heard(merge.facts, "mp4"), tell)
            return _joined(source, target, again, tell)
    except _Unjoined as error:
        target.unlink(missing_ok=True)
        raise ffmpeg.Failed(f"encoded ranges {error}") from error
    except ffmpeg.Failed as error:
        target.unlink(missing_ok=True)
        if whole.is_damage(error):
            raise Unprocessable(_DAMAGED, code="unsupported_media") from error
        raise
    except OSError as error:
        target.unlink(missing_ok=True)
        raise ffmpeg.disk_refusal(error) or error from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _pictured(source: Path, merge: Merge, codecs: tuple[str, ...], tell: Tell | None) -> Merge:
    if merge.force == "encode":
        return _encoded(source, merge, "asked for", tell)
    plans: list[Plan] = []
    for number, span in enumerate(merge.spans, 1):
        made = _plan(source, merge, span, merge.force, codecs, tell)
        if made.kind == "encode":
            return _encoded(source, merge, f"range {number}: {made.reason}", tell)
        plans.append(made)
    kind = max((made.kind for made in plans), key=KINDS.index)
    encoded = sum(made.recipe.encoded for made in plans if isinstance(made.recipe, Recipe))
    frames = sum(made.window.frames for made in plans if made.window)
    reason = "all frames copied" if kind == "copy" else f"{encoded} of {frames} frames encoded, the rest copied"
    return replace(merge, kind=kind, reason=f"{reason}; sound joined anew", plans=tuple(plans))


def _encoded(source: Path, merge: Merge, reason: str, tell: Tell | None) -> Merge:
    plans = tuple(_plan(source, merge, span, "encode", (), tell) for span in merge.spans)
    if any(plan.window and plan.window.is_held for plan in plans):  # a still picture is encoded in a way of its own
        plans = tuple(replace(p, window=replace(p.window, is_held=True)) if p.window else p for p in plans)
    return replace(merge, kind="encode", reason=reason, plans=plans)


def _plan(
    source: Path, merge: Merge, span: tuple[float, float], force: str | None, codecs: tuple[str, ...], tell: Tell | None
) -> Plan:
    return cut.plan(
        source,
        replace(merge.facts, has_audio=False),
        start_s=span[0],
        end_s=span[1],
        format="mp4",
        height_px=merge.height_px,
        force=force,
        codecs=codecs,
        tell=tell,
    )


def _joined(source: Path, target: Path, merge: Merge, tell: Tell | None) -> Cut:
    began, places = time.monotonic(), len(merge.plans)
    with _beside(target, places) as files:
        made = _parts(source, files[:places], merge, _part(tell, 0.0, _PICTURES))
        cut_at = time.monotonic()
        pictures = [_picture(path) for path in files[:places]]
        known = {plan.recipe.picture.entry.config for plan in merge.plans if isinstance(plan.recipe, Recipe)}
        tracks, lengths = (
            [_behind_each_other(pictures, known)],
            [Fraction(one.shown_to, one.timescale) for one in pictures],
        )
        if merge.facts.has_audio:
            starts = [Fraction(one.start_s) for one in made]
            spans = [(start, start + length) for start, length in zip(starts, lengths, strict=True)]
            tracks.append(_sound(source, files[places], merge.facts, spans, _part(tell, _PICTURES, _SOUND)))
        heard_at = time.monotonic()
        told = _part(tell, _SOUND, _JOINED)
        write.write(target, tracks, files, tell=lambda fraction: told and told(fraction, "Joining"))
        if tell:
            tell(_JOINED, "Checking")
        try:
            proof.check(target, tracks, files)
        except (proof.Wrong, Unindexed) as error:
            raise _Unjoined(f"do not read back: {error}") from error
    stages = {"plan": merge.plan_s, "cut": cut_at - began, "sound": heard_at - cut_at}
    stages["join"] = time.monotonic() - heard_at
    frames, length_s = sum(one.frames or 0 for one in made), float(sum(lengths))
    size = (made[0].width_px, made[0].height_px, target.stat().st_size)
    return Cut(merge.kind, merge.reason, frames, made[0].start_s, length_s, *size, stages)


def _parts(source: Path, files: list[Path], merge: Merge, tell: Tell | None) -> list[Cut]:
    """The ranges, each in a file of its own."""
    total = sum(plan.end_s - plan.start_s for plan in merge.plans)
    done_s, made = 0.0, []
    for number, (plan, file) in enumerate(zip(merge.plans, files, strict=True), 1):
        after_s = done_s + plan.end_s - plan.start_s
        told = _part(tell, done_s / total, after_s / total, f" (range {number} of {len(files)})")
        one = cut.render(source, file, plan, tell=told)
        if one.plan_kind != plan.kind:
            raise _Unjoined(f"did not pass their check: {one.reason}")
        made.append(one)
        done_s = after_s
    return made


def _picture(path: Path) -> index.Track:
    try:
        return next(one for one in index.read(path).tracks if one is not None and one.kind == "video")
    except (Unindexed, StopIteration) as error:
        raise _Unjoined(f"do not read back: {error}") from error


def _behind_each_other(pictures: list[index.Track], known: set[bytes]) -> write.Track:
    """One track out of those of all files. known: the source's own settings, which those of every smart cut include."""
    first = max(pictures, key=lambda one: len(one.entry.config))
    for one in pictures:
        is_alike = replace(one.entry, config=b"") == replace(first.entry, config=b"")
        is_known = one.entry.config in known | {first.entry.config}
        if not (is_alike and is_known and one.entries == 1 and one.timescale == first.timescale):
            raise _Unjoined("are not of one format")
    ends = np.cumsum([one.shown_to for one in pictures])
    starts = ends - [one.shown_to for one in pictures]
    dts = np.concatenate([one.dts + start for one, start in zip(pictures, starts, strict=True)])
    pts = np.concatenate([one.pts + start for one, start in zip(pictures, starts, strict=True)])
    order = np.arange(len(dts))  # where the steps of a source vary, decoding times of two ranges may overlap
    dts = np.minimum.accumulate((dts - order)[::-1])[::-1] + order
    return write.Track(
        "video",
        first.timescale,
        first.entry,
        dts - dts[0],
        pts - dts[0],
        np.concatenate([np.full(len(one.dts), place) for place, one in enumerate(pictures)]),
        np.concatenate([one.offset for one in pictures]),
        np.concatenate([one.size for one in pictures]),
        np.concatenate([one.is_key for one in pictures]),
        last=int(ends[-1] - pts.max()),
        begin=int(-dts[0]),
        length=int(ends[-1]),
        matrix=first.matrix,
        display=first.display,
        language=first.language,
    )


def _sound(source: Path, target: Path, facts: Facts, spans: list[fades.Span], tell: Tell | None) -> write.Track:
    """The sound of all ranges as AAC in `target`, which is the last of the files."""
    total = fades.write(source, target, facts, spans, audio.AAC, tell)
    found = next(one for one in index.read(target).tracks if one is not None and one.kind == "audio")
    made = soundtrack.packets_for(found, 0, total, found.timescale)
    if made.track is None:
        raise ffmpeg.Failed(f"joined sound: {made.reason}")
    part = slice(made.first, made.stop)
    times = found.pts[part] - found.pts[made.first]
    return write.Track(
        "audio",
        found.timescale,
        found.entry,
        times,
        times,
        np.full(len(times), len(spans)),
        found.offset[part],
        found.size[part],
        None,
        last=made.end - int(found.pts[made.stop - 1]),
        begin=made.start - int(found.pts[made.first]),
        length=made.end - made.start,
    )


def _heard(source: Path, target: Path, merge: Merge, tell: Tell | None) -> Cut:
    began = time.monotonic()
    spans = [(Fraction(start), Fraction(end)) for start, end in merge.spans]
    total = fades.write(source, target, merge.facts, spans, audio.FORMATS[merge.format], tell)
    length_s = total / audio.rate_for(merge.facts, audio.FORMATS[merge.format])
    written = time.monotonic()
    if tell:
        tell(_JOINED, "Checking")
    found = probe.read(target, filename=f"clip.{merge.format}")
    if abs(found.duration_s - length_s) > _SLACK_S:
        raise ffmpeg.Failed(f"the joined sound lasts {found.duration_s} s instead of {length_s} s")
    stages = {"plan": merge.plan_s, "encode": written - began, "check": time.monotonic() - written}
    start_s, size = merge.spans[0][0], target.stat().st_size
    return Cut(merge.kind, merge.reason, None, start_s, length_s, None, None, size, stages)


@contextmanager
def _beside(target: Path, count: int) -> Iterator[list[Path]]:
    """Places for the ranges and for the sound; gone at the end."""
    files = [target.with_name(f"{target.name}.{number}.mp4") for number in range(count)]
    files.append(target.with_name(f"{target.name}.sound.m4a"))
    try:
        files[-1].touch()
        yield files
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _part(tell: Tell | None, low: float, high: float, suffix: str = "") -> Tell | None:
    return None if tell is None else lambda fraction, stage: tell(low + fraction * (high - low), stage + suffix)
