"""Captions on a whole video: a new MP4 beside the source. Source: API reference, "POST /v1/captions"."""

import tempfile
from pathlib import Path
from typing import Any

from fastclip import engines, jobs, library, rules, store, transcripts, uploads
from fastclip.accounts import Account
from fastclip.ai import speech
from fastclip.billing import ledger
from fastclip.clips import checks, drawing, settling, trim
from fastclip.errors import InvalidRequest, Unprocessable
from fastclip.jobs import Job, Made, Outcome, Tell
from fastclip.library import Clip
from fastclip.media import cut, frames, probe
from fastclip.media.facts import Facts
from fastclip.media.plans import Cut
from fastclip.media.words import Word, clean, within
from fastclip.uploads import Upload

KIND = "captions"


def request(
    account: Account,
    *,
    file_id: str | None,
    clip_id: str | None,
    preset_ref: str,
    quality: str | None = None,
    api_key_id: str = "",
) -> Job:
    """Check, price, reserve and queue one job.

    Raises InvalidRequest (not exactly one source; quality), NotFound (source, preset), Gone, Conflict (not ready),
    NotAllowed (4K without a deposit), Unprocessable (no video, GIF, captioned already), InsufficientBalance,
    Unavailable (the queue).
    """
    if (file_id is None) == (clip_id is None):
        raise InvalidRequest("Send exactly one of file_id and clip_id.", param="file_id")
    clip = _clip(account.id, clip_id) if clip_id is not None else None
    facts = _facts(clip) if clip else uploads.get_ready(account.id, file_id or "").media
    if not facts.has_video:
        raise Unprocessable("Captions need a picture; this source has none.", code="unsupported_media")
    target = checks.target(account, facts, via="session", format="mp4", quality=quality)
    ask = drawing.asked(account.id, facts, "mp4", preset_ref)
    ask |= {"clip_id": clip_id, "format": "mp4", "quality": target.quality, "max_px": target.max_px}
    ask |= {"seconds": round(facts.duration_s, 3)}
    cents = rules.caption_cents(round(facts.duration_s, 3), is_4k=target.is_4k)
    source_id = clip.source_file_id if clip else file_id or ""
    with store.write():
        job = jobs.add(
            account.id, KIND, ask, lane="ffmpeg", file_id=source_id, reserved_cents=cents, api_key_id=api_key_id
        )
        ledger.reserve(account, cents, job.id)
    settling.ring(job)
    return job


def _clip(account_id: str, clip_id: str) -> Clip:
    clip = library.get(account_id, clip_id)
    if clip.format != "mp4":
        raise Unprocessable(f"Captions need MP4; this clip is {clip.format}.", code="unsupported_media")
    if clip.captioned:
        raise Unprocessable("This clip has captions already; choose the one without.", code="unsupported_media")
    return clip


def _facts(clip: Clip) -> Facts:
    with store.blobs.lease(clip.key) as path:
        return probe.read(path)


def run(job: Job, tell: Tell) -> Outcome:
    """Draw the captions into the whole picture, scaled in the same encode."""
    ask = job.asked
    origin = library.get(job.account_id, ask["clip_id"]) if ask["clip_id"] else Upload.get_by_id(job.file_id)
    target = store.temp_dir / f"{job.id}.{job.owner.replace('/', '-')}.part.mp4"
    with store.blobs.lease(origin.key) as source:
        facts, words = _source(job, origin, source, tell)
        folder = drawing.folder_for(target)
        plan = cut.plan(
            source,
            facts,
            start_s=0.0,
            end_s=facts.duration_s,
            format="mp4",
            height_px=ask["max_px"],
            captions=folder,
        )
        if not drawing.lay(job, folder, words, plan):
            raise Unprocessable("No speech was heard in this video, so there is nothing to show as captions.")
        done = cut.render(source, target, plan, tell=drawing.burning(tell))
    result = {"plan": done.plan_kind, "plan_reason": done.reason, "frames": done.frames, "stages": done.stages}
    return Outcome(made=[_made(origin, facts, target, done, ask)], cents=job.reserved_cents, result=result)


def _source(job: Job, origin: Clip | Upload, source: Path, tell: Tell) -> tuple[Facts, list[Word]]:
    if isinstance(origin, Clip):
        facts = probe.read(source)
        return facts, _words_of_clip(job, origin, facts, source, tell)
    return drawing.facts_of(source, origin), drawing.words_of(job, origin, tell)


def _made(origin: Clip | Upload, facts: Facts, target: Path, done: Cut, ask: dict[str, Any]) -> Made:
    if isinstance(origin, Clip):
        title, start_s, end_s = origin.title, origin.start_s, origin.end_s
    else:
        title, start_s, end_s = origin.stem, 0.0, facts.duration_s
    poster = target.with_suffix(".jpg")
    frames.poster(target, poster, at_s=done.duration_s / 3, height_px=trim.POSTER_PX)
    return Made(
        path=target,
        poster=poster,
        title=title,
        file_name=f"{title}_captioned.mp4",
        format="mp4",
        quality=trim.delivered_quality(ask["quality"], done),
        aspect_ratio=trim.aspect_ratio(done.width_px or 0, done.height_px or 0),
        duration_s=done.duration_s,
        start_s=start_s,
        end_s=end_s,
        media_kind="video",
        captioned=True,
    )


def _words_of_clip(job: Job, clip: Clip, facts: Facts, source: Path, tell: Tell) -> list[Word]:
    """Of the transcript that the clip was cut from, where there is one; else what is heard in the clip itself."""
    row = transcripts.satisfying(job.account_id, clip.source_file_id, model="", language="")
    if row is not None:
        return within(transcripts.words_of(row, after_s=clip.start_s), clip.start_s, clip.end_s)
    if not facts.has_audio:
        raise Unprocessable("This clip has no sound, so there are no words to show.", code="unsupported_media")
    heard: list[speech.Heard] = []
    with tempfile.TemporaryDirectory(dir=store.temp_dir, prefix=f"{job.id}.speech-") as work:
        speech.transcribe(
            source,
            Path(work),
            model=engines.find(None),
            duration_s=facts.duration_s,
            heard=heard.append,
            tell=lambda fraction, stage: tell(fraction / 2, stage),
        )
    return clean([word for one in heard for word in one.words], facts.duration_s)
