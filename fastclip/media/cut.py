"""Cuts a range out of a source, exactly. Reference: "POST /v1/clip".

`plan` decides how, `render` does it: by copying whole GOPs and encoding at most the edges (`smart.py`, `splice.py`),
or by encoding all (`whole.py`), which is also what a clip that fails its check falls back to.
Sound alone is copied where that is exact (`lossless.py`).
"""

import logging
import time
from dataclasses import replace
from pathlib import Path

from fastclip.errors import Unprocessable
from fastclip.media import Tell, audio, ffmpeg, gif, graph, lossless, smart, splice, whole, window
from fastclip.media.codecs import Refused
from fastclip.media.facts import Facts
from fastclip.media.plans import Cut, Plan
from fastclip.media.smart import Recipe

CODECS = ("h264",)
"""The picture codecs that clips keep unless told otherwise: what every player plays."""

_log = logging.getLogger("fastclip.media")


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
    if plan.recipe is not None:
        try:
            return _quickly(target, plan, plan.recipe, tell)
        except (splice.Failed, lossless.Failed) as error:
            plan = _instead(source, plan, error, tell)
    return whole.render(source, target, plan, tell=tell)


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
