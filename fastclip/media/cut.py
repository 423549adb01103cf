"""Cuts a range out of a source, exactly. Reference: "POST /v1/clip".

`plan` decides how, `render` does it: by copying whole GOPs and encoding at most the edges (`smart.py`, `splice.py`),
or by encoding all (`encode.py`, `gif.py`, `audio.py`), which is also what a clip that fails its check falls back to.
Sound alone is copied where that is exact (`lossless.py`).
"""

import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path

from fastclip.errors import Unprocessable
from fastclip.media import Tell, audio, encode, ffmpeg, gif, graph, index, lossless, probe, proof, smart, splice, window
from fastclip.media.codecs import Refused
from fastclip.media.facts import Facts
from fastclip.media.mp4.boxes import Unindexed
from fastclip.media.smart import Recipe
from fastclip.media.window import Window

KINDS = ("copy", "smart", "encode")
"""What a plan can be, the cheapest first."""
CODECS = ("h264",)
"""The picture codecs that clips keep unless told otherwise: what every player plays."""

_log = logging.getLogger("fastclip.media")
_DAMAGE = ("Invalid data found", "Error submitting packet to decoder", "no decoder found")
"""What ffmpeg says of a source that it cannot decode."""
_DISORDERED = (
    "The frames of this source are stored with times that are not those of their order, so that it cannot be cut "
    "exactly. Export it again, then upload that."
)
_WRITTEN = 0.96  # of the work is done when all is written
_SLACK_S = 0.06  # what a codec's last, partly filled frame may add to a clip


@dataclass(frozen=True)
class Plan:
    """How a range will be cut. kind: one of KINDS; reason: why this one. recipe: for the kinds "copy" and "smart".

    window: the frames kept, None for sound alone. start_s, end_s: what the clip spans, on the source's timeline.
    width_px, height_px: of the clip, upright. rate: frames a second of a GIF. plan_s: seconds spent on planning.
    captions: the folder with what is drawn into the picture.
    """

    kind: str
    reason: str
    format: str
    facts: Facts
    start_s: float
    end_s: float
    window: Window | None = None
    width_px: int | None = None
    height_px: int | None = None
    rate: int | None = None
    plan_s: float = 0.0
    recipe: Recipe | lossless.Copy | None = None
    force: str | None = None
    captions: Path | None = None


@dataclass(frozen=True)
class Cut:
    """A finished clip. frames is None for sound alone; stages: the seconds that each step took."""

    plan_kind: str
    reason: str
    frames: int | None
    start_s: float
    duration_s: float
    width_px: int | None
    height_px: int | None
    size_bytes: int
    stages: dict[str, float]


def plan(
    source: str | Path,
    facts: Facts,
    *,
    start_s: float,
    end_s: float,
    format: str,
    height_px: int | None,
    force: str | None = None,
    codecs: tuple[str, ...] = CODECS,
    captions: Path | None = None,
    tell: Tell | None = None,
) -> Plan:
    """Decide how to cut [start, end) seconds of `source` into `format` (mp4, gif, mp3, wav, m4a, flac).

    height_px caps the short side (1080 means 1080x1920 as well as 1920x1080); a clip is never larger than its source.
    force: a kind that it must be. codecs: what an MP4 clip may keep its picture in. captions: the folder that
    `burn.lay` will have filled when the clip is rendered. Raises Unprocessable when the range holds nothing of the
    source, or when it cannot be cut in the forced way.
    """
    began = time.monotonic()
    base = Plan("encode", _REASONS[format], format, facts, start_s, min(end_s, facts.duration_s), force=force)
    base = replace(base, captions=captions, reason=_DRAWN) if captions else base
    if format in audio.FORMATS:
        made = _for_sound(base, Path(source), end_s)
    elif format == "mp4" and force != "encode" and facts.has_video and captions is None:
        made = _quick(base, Path(source), end_s, height_px, codecs, tell)
    else:
        made = _for_picture(base, Path(source), end_s, height_px, tell)
    if force and made.kind != force and (force, made.kind) != ("smart", "copy"):
        raise Unprocessable(f"This range cannot be cut as {force}: {_hindrance(made)}.")
    return replace(made, reason=made.reason + heard(facts, format), plan_s=time.monotonic() - began)


def _hindrance(made: Plan) -> str:
    """Why a range cannot be cut in a cheaper way than was planned."""
    if made.kind == "smart" and isinstance(made.recipe, Recipe):
        return f"{made.recipe.encoded} of its {made.recipe.window.frames} frames must be encoded"
    return made.reason


def heard(facts: Facts, format: str) -> str:
    """What a reason adds when a source has several sound tracks, of which a clip has one."""
    is_chosen = facts.has_audio and facts.audio_tracks > 1 and format != "gif"
    return f"; the first of {facts.audio_tracks} sound tracks kept" if is_chosen else ""


def render(source: str | Path, target: str | Path, plan: Plan, *, tell: Tell | None = None) -> Cut:
    """Write the clip that was planned to `target`, check it, and say what was made.

    A failure leaves no file. Raises Unprocessable when the source is damaged there, Unavailable when the disk is
    full, ffmpeg.Failed for what should not happen, and whatever `tell` raises.
    """
    source, target = Path(source), Path(target)
    began = time.monotonic()
    if plan.recipe is not None:
        try:
            return _quickly(target, plan, plan.recipe, tell)
        except (splice.Failed, lossless.Failed) as error:
            plan = _instead(source, plan, error, tell)
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


_REASONS = {"mp4": "asked for", "gif": "a GIF is drawn anew"} | dict.fromkeys(audio.FORMATS, "asked for")

_DRAWN = "captions are drawn into every frame"


def _for_sound(plan: Plan, source: Path, end_s: float) -> Plan:
    if not plan.facts.has_audio:
        raise Unprocessable("This source has no sound. Choose a video format instead.", param="format")
    if plan.end_s <= plan.start_s:
        raise Unprocessable(f"The source ends at {plan.facts.duration_s:g} s. Choose an earlier range.", param="start")
    if plan.force == "encode":
        return plan
    try:
        recipe = lossless.plan(source, plan.facts, plan.start_s, end_s, plan.format)
    except Refused as reason:
        return replace(plan, reason=str(reason))
    start_s, end_s = (max(0.0, at - plan.facts.start_s) for at in recipe.span_s)
    return replace(plan, kind="copy", reason=recipe.reason, recipe=recipe, start_s=start_s, end_s=end_s)


def _quick(
    plan: Plan, source: Path, end_s: float, height_px: int | None, codecs: tuple[str, ...], tell: Tell | None
) -> Plan:
    """A plan that copies, or the one that encodes and says why."""
    try:
        if graph.fit(plan.facts, height_px) != graph.fit(plan.facts, None):
            raise Refused("is larger than the picture that was asked for")
        recipe = smart.plan(source, plan.facts, start_s=plan.start_s, end_s=end_s, codecs=codecs, tell=tell)
    except Refused as reason:
        return replace(_for_picture(plan, source, end_s, height_px, tell), reason=f"the source {reason}")
    kept, (width, height) = recipe.window, plan.facts.upright_px
    plan = replace(plan, kind=recipe.kind, reason=recipe.reason, recipe=recipe)
    start_s, end_s = (max(0.0, at - plan.facts.start_s) for at in recipe.span_s)
    return replace(plan, window=kept, start_s=start_s, end_s=end_s, width_px=width, height_px=height)


def _quickly(target: Path, plan: Plan, recipe: Recipe | lossless.Copy, tell: Tell | None) -> Cut:
    frames: int | None = None
    try:
        if isinstance(recipe, Recipe):
            frames, stages = splice.splice(recipe, plan.facts, target, tell=tell)
        else:
            stages = lossless.copy(recipe, target, tell=tell)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise ffmpeg.disk_refusal(error) or error from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    size = (plan.width_px, plan.height_px, target.stat().st_size)
    span_s = recipe.span_s[1] - recipe.span_s[0]
    return Cut(plan.kind, plan.reason, frames, plan.start_s, span_s, *size, {"plan": plan.plan_s} | stages)


def _instead(source: Path, plan: Plan, error: Exception, tell: Tell | None) -> Plan:
    """The encode that takes the place of a quick cut that failed."""
    if plan.force:
        raise Unprocessable(f"This range cannot be cut as {plan.kind}: {error}.") from error
    _log.warning("%s of %s failed, encoding instead: %s", plan.kind, source, error)
    reason = f"a {plan.kind} cut did not pass its check ({error})" + heard(plan.facts, plan.format)
    plan = replace(plan, kind="encode", reason=reason, recipe=None)
    return plan if plan.format in audio.FORMATS else _for_picture(plan, source, plan.end_s, None, tell)


def _for_picture(plan: Plan, source: Path, end_s: float, height_px: int | None, tell: Tell | None) -> Plan:
    if not plan.facts.has_video:
        raise Unprocessable("This source has no picture. Choose an audio format instead.", param="format")
    kept = window.find(source, plan.facts, start_s=plan.start_s, end_s=end_s, tell=tell)
    rate = None
    if plan.format == "gif":
        width, height, rate = gif.shape(plan.facts, height_px)
    else:
        width, height = graph.fit(plan.facts, height_px)
    return replace(
        plan, window=kept, start_s=kept.start_s, end_s=kept.end_s, width_px=width, height_px=height, rate=rate
    )


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
