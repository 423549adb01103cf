"""A range encoded whole: written, read back, and once more in another way where the source asks for that."""

import logging
import time
from dataclasses import replace
from pathlib import Path

from fastclip.errors import Unprocessable
from fastclip.media import Tell, audio, encode, ffmpeg, gif, index, probe, proof, window
from fastclip.media.mp4.boxes import Unindexed
from fastclip.media.plans import Cut, Plan

_log = logging.getLogger("fastclip.media")
_DAMAGE = ("Invalid data found", "Error submitting packet to decoder", "no decoder found")
"""What ffmpeg says of a source that it cannot decode."""
_DISORDERED = (
    "The frames of this source are stored with times that are not those of their order, so that it cannot be cut "
    "exactly. Export it again, then upload that."
)
_WRITTEN = 0.96  # of the work is done when all is written
_SLACK_S = 0.06  # what a codec's last, partly filled frame may add to a clip


def render(source: Path, target: Path, plan: Plan, *, tell: Tell | None = None) -> Cut:
    """Write the clip to `target`, check it, and say what was made. Otherwise as `cut.render`."""
    began = time.monotonic()
    try:
        try:
            return _encoded(source, target, plan, tell, began)
        except ffmpeg.Failed as error:
            return _encoded(source, target, _otherwise(source, plan, error, tell), tell, began)
    except ffmpeg.Failed as error:
        target.unlink(missing_ok=True)
        if is_damage(error):
            raise _damaged(plan) from error
        raise
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _otherwise(source: Path, plan: Plan, error: ffmpeg.Failed, tell: Tell | None) -> Plan:
    """How to encode what failed when it was encoded as usual: with frames of one size where the source's are not.

    Raises Unprocessable where the source's times are what is wrong, and `error` where nothing of the source is.
    """
    if plan.window is None or isinstance(error, ffmpeg.TimedOut) or is_damage(error):
        raise error
    is_resized, is_rising = index.looks(source, plan.start_s, plan.end_s, tell=tell)
    if not is_rising:
        raise Unprocessable(_DISORDERED, code="unsupported_media") from error
    if not is_resized:
        raise error
    _log.warning("%s of %s failed, trying again with frames of one size: %s", plan.format, source, error)
    return replace(plan, facts=replace(plan.facts, is_resized=True))


def _encoded(source: Path, target: Path, plan: Plan, tell: Tell | None, began: float) -> Cut:
    frames = _write(source, target, plan, _writing(tell))
    if plan.window and plan.format == "mp4" and frames != plan.window.frames:
        plan, frames = _again(source, target, plan, frames, _writing(tell))
    encoded = time.monotonic()
    if tell:
        tell(_WRITTEN, "Checking")
    made = _checked(target, plan, frames, tell)
    checked = time.monotonic()
    return replace(made, stages={"plan": plan.plan_s, plan.kind: encoded - began, "check": checked - encoded})


def is_damage(error: ffmpeg.Failed) -> bool:
    """Whether ffmpeg failed for what the source is."""
    return any(sign in error.tail for sign in _DAMAGE)


def _write(source: Path, target: Path, plan: Plan, tell: Tell | None) -> int | None:
    if plan.window is None:
        audio.write(source, target, plan.facts, (plan.start_s, plan.end_s), plan.format, tell=tell)
        return None
    size = (plan.width_px or 0, plan.height_px or 0)
    if plan.format == "gif":
        return gif.write(source, target, plan.facts, plan.window, size, plan.rate or 1, tell=tell)
    return encode.write(source, target, plan.facts, plan.window, size, tell=tell, captions=plan.captions)


def _writing(tell: Tell | None) -> Tell | None:
    """Progress while ffmpeg writes: after its last frame it still moves the index to the front."""
    if tell is None:
        return None
    return lambda fraction, stage: tell(fraction * _WRITTEN, stage if fraction < 1 else "Finishing the file")


def _again(source: Path, target: Path, plan: Plan, frames: int | None, tell: Tell | None) -> tuple[Plan, int | None]:
    """Once more, with the times of the frames that the decoder really gives: a damaged source holds packets that
    decode to nothing.
    """
    assert plan.window
    _log.warning("%s frames planned, %s made: planning again by decoding", plan.window.frames, frames)
    kept = window.find(source, plan.facts, start_s=plan.start_s, end_s=plan.end_s, by_decoding=True, tell=tell)
    plan = replace(plan, window=kept, start_s=kept.start_s, end_s=kept.end_s)
    frames = _write(source, target, plan, tell)
    if frames != kept.frames:
        _log.warning("%s frames planned, %s made, twice", kept.frames, frames)
        raise _damaged(plan)
    return plan, frames


def _checked(target: Path, plan: Plan, frames: int | None, tell: Tell | None) -> Cut:
    """Read the clip back: its frames and their times, its length, its sound's place, and that its ends decode."""
    length_s, size_bytes = plan.end_s - plan.start_s, target.stat().st_size
    size = (plan.width_px, plan.height_px)
    cut = Cut(plan.kind, plan.reason, frames, plan.start_s, length_s, *size, size_bytes, {})
    if plan.format == "gif":
        gif.check(target, (plan.width_px or 0, plan.height_px or 0), frames or 0, length_s)
        return cut
    try:
        facts = probe.read(target, filename=f"clip.{plan.format}")
    except Unprocessable as error:
        if plan.window is None:
            raise Unprocessable(
                f"This source has no sound after {plan.start_s:g} s. Choose an earlier range."
            ) from error
        raise ffmpeg.Failed(f"the clip does not read: {error}") from error
    if plan.window is None:
        if facts.duration_s > length_s + _SLACK_S:  # ffmpeg begins its filters anew where sound changes its rate
            raise _damaged(plan)
        return replace(cut, duration_s=min(cut.duration_s, facts.duration_s))
    if (facts.frames, facts.upright_px) != (frames, size) or facts.first_frame_s != 0:
        raise ffmpeg.Failed(f"the clip is not what was planned: {facts}")
    if abs(facts.duration_s - cut.duration_s) > _SLACK_S + window.HELD_S:
        raise ffmpeg.Failed(f"the clip lasts {facts.duration_s} s instead of {cut.duration_s} s")
    try:
        proof.check_encoded(target, length_s, tell=tell and (lambda _, stage: tell(_WRITTEN, stage)))
    except (proof.Wrong, Unindexed) as error:
        raise ffmpeg.Failed(f"the clip is not sound: {error}") from error
    return cut


def _damaged(plan: Plan) -> Unprocessable:
    return Unprocessable(
        f"The source cannot be read between {plan.start_s:g} and {plan.end_s:g} s: it is damaged there.",
        code="unsupported_media",
    )
