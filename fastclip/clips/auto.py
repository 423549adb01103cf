"""Auto-clip: find the moments that fit a query and render each of them. Source: API reference, "POST /v1/clip/auto".

The tier and the captions of the whole source are reserved; the tier and the captions that were drawn are kept (A13).
Each moment is a row that becomes a clip as soon as it is rendered: what is done when the job is canceled stays, and is
paid.
"""

import json
import logging
from pathlib import Path
from typing import Any

from peewee import AutoField, BooleanField, CharField, DoubleField, IntegerField, TextField

from fastclip import jobs, leases, library, rules, store, uploads
from fastclip import moments as offers
from fastclip.accounts import Account
from fastclip.ai import moments
from fastclip.billing import ledger
from fastclip.clips import analyze, checks, drawing, news, trim
from fastclip.errors import INTERNAL, Canceled, FastClipError, InvalidRequest, Unavailable
from fastclip.jobs import Job, Onward, Outcome, Tell
from fastclip.library import Clip
from fastclip.media import ffmpeg
from fastclip.media.words import Word
from fastclip.store import Row
from fastclip.uploads import Upload

_log = logging.getLogger(__name__)
KIND = "auto"
_RENDERING = "ffmpeg"
"""The lane of the encodes: clips in the making hold up no transcript."""
_FOUND = 0.4
"""Of the work is done when the moments are known."""
_USUAL = ((30, 5), (60, 8), (rules.MAX_SOURCE_S, 10))
"""(minutes up to and including, how many moments are rendered unless the query names a number)."""


class AutoSegment(Row):
    """One moment of an auto-clip job on its way to a clip: pending -> processing -> complete | failed."""

    id = AutoField()
    job_id = CharField(index=True)
    position = IntegerField()
    moment_id = CharField()
    start_s = DoubleField()
    end_s = DoubleField()
    shown = TextField()  # JSON: the moment as analyze shows it
    has_words = BooleanField(default=True)  # until `forget`
    status = CharField(default="pending")
    clip_id = CharField(default="")
    error = TextField(default="")
    cost_cents = IntegerField(default=0)

    class Meta:
        indexes = ((("job_id", "position"), True),)


# -- Asking ------------------------------------------------------------------------------------------------


def request(
    account: Account,
    file_id: str,
    query: str,
    *,
    via: str,
    format: str | None = None,
    quality: str | None = None,
    preset_ref: str | None = None,
    reads_all: bool = False,
    api_key_id: str = "",
) -> Job:
    """Check, price, reserve and queue. reads_all: as `analyze.request` has it.

    Raises as `trim.request`, and Unprocessable for a source without sound.
    """
    upload = uploads.get_ready(account.id, file_id)
    query = analyze.plain(query)
    if not query:
        raise InvalidRequest("query is empty; say what to look for, such as “best moments”.", param="query")
    if format == "gif":
        raise InvalidRequest("Auto-clips are not made as GIF; use mp4.", param="format")
    facts = upload.media
    target = checks.target(account, facts, via=via, format=format, quality=quality)
    analyze.check_sound(upload)
    ask: dict[str, Any] = {"model": "", "language": "", "reads_all": reads_all}
    if preset_ref is not None:
        ask |= drawing.asked(account.id, facts, target.format, preset_ref)
    ask |= {"query": query, "format": target.format, "quality": target.quality, "max_px": target.max_px}
    ask |= {"seconds": round(facts.duration_s, 3)}
    ask |= {"is_4k": target.is_4k, "tier_cents": rules.tier_cents(rules.AUTO_TIERS, facts.duration_s)}
    cents = ask["tier_cents"] + ("captions" in ask) * rules.caption_cents(facts.duration_s, is_4k=target.is_4k)
    with store.write():
        job = jobs.add(
            account.id, KIND, ask, lane="heavy", file_id=upload.id, reserved_cents=cents, api_key_id=api_key_id
        )
        ledger.reserve(account, cents, job.id)
    if not trim.is_queued(job):
        raise Unavailable("The clip queue is temporarily unavailable; nothing was charged. Try again in a moment.")
    return job


def usual_count(duration_s: float) -> int:
    """How many moments are rendered when the query names no number."""
    return next(count for minutes, count in _USUAL if duration_s <= minutes * rules.MINUTE)


# -- Making ------------------------------------------------------------------------------------------------


def run(job: Job, tell: Tell) -> Outcome:
    """Find the moments among the heavy jobs; then, among the encodes, make a clip of each.

    A clip that fails does not stop the others. Taken up again after a crash, the job goes on with the moments that
    were found and the clips that were made.
    """
    upload = Upload.get_by_id(job.file_id)
    if job.lane != _RENDERING:
        said = job.made if _segments(job.id) else _look(job, upload, tell)
        if found := len(_segments(job.id)):
            raise Onward(_RENDERING, f"{found} moments found" if found > 1 else "One moment found")
        return Outcome(cents=0, result=said, message=moments.NOTHING)
    return _render(job, upload, tell)


def _render(job: Job, upload: Upload, tell: Tell) -> Outcome:
    rows = _segments(job.id)
    words = drawing.words_of(job, upload, lambda *_: tell(_FOUND, "Rendering")) if "captions" in job.asked else []
    with store.blobs.lease(upload.key) as source:
        for n, row in enumerate(rows):
            if row.status not in ("complete", "failed"):
                _make(job, upload, source, words, row, len(rows), _part(tell, n, len(rows)))
    rows = _segments(job.id)
    if not any(row.status == "complete" for row in rows):
        raise FastClipError(f"None of the {len(rows)} clips could be made: {rows[0].error}")
    failed = sum(row.status == "failed" for row in rows)
    message = f"Done, {failed} of {len(rows)} clips failed" if failed else "Done!"
    return Outcome(cents=owed(job), result=job.made, message=message)


def _look(job: Job, upload: Upload, tell: Tell) -> dict[str, Any]:
    """Find the moments and keep them as rows; what the job says of them."""
    found, _ = analyze.look(job, upload, job.asked["query"], lambda done, said: tell(done * _FOUND, said))
    most = found.intent.count or usual_count(upload.media.duration_s)
    with store.write():
        leases.tell(job, "processing", _FOUND, "Moments found")
        for n, shown in enumerate(analyze.kept(job, found)[:most]):
            AutoSegment.create(
                job_id=job.id,
                position=n,
                moment_id=shown["moment_id"],
                start_s=shown["start"],
                end_s=shown["end"],
                shown=json.dumps(shown),
            )
        said = analyze.about(found)
        Job.update(result=json.dumps(said)).where(Job.id == job.id, Job.owner == job.owner).execute()
    return said


def _part(tell: Tell, n: int, of: int) -> Tell:
    return lambda done, said: tell(_FOUND + (1 - _FOUND) * (n + done) / of, f"Clip {n + 1} of {of}: {said}")


def _make(job: Job, upload: Upload, source: Path, words: list[Word], row: AutoSegment, total: int, tell: Tell) -> None:
    """One moment to a clip in the library, or to an error of its own."""
    _change(row, status="processing")
    title = json.loads(row.shown)["title"] or f"{upload.stem} {row.position + 1}"
    try:
        checks.segments(upload.media, [(row.start_s, min(row.end_s, upload.media.duration_s))], job.asked["format"])
        made, _ = trim.piece(
            job,
            upload,
            source,
            words,
            start_s=row.start_s,
            end_s=row.end_s,
            tell=tell,
            title=title,
            name=f"part{row.position}",
        )
        clip = library.keep(job, made)
    except Canceled:
        raise
    except (FastClipError, ffmpeg.Failed, OSError) as error:
        said = error.message if isinstance(error, FastClipError) else INTERNAL
        if said == INTERNAL:
            _log.exception("clip %d of job %s", row.position + 1, job.id)
        with store.write():
            _change(row, status="failed", error=said)
            news.segment_failed(job, said, index=row.position + 1, total=total, start_s=row.start_s, end_s=row.end_s)
        return
    _list(job, row, clip, total)


def _list(job: Job, row: AutoSegment, clip: Clip, total: int) -> None:
    """List the clip while this worker still holds the job; else nobody may see it."""
    seconds = round(row.end_s - row.start_s, 3)
    cents = rules.caption_cents(seconds, is_4k=job.asked["is_4k"]) if clip.captioned else 0
    is_listed = False
    try:
        with store.write():
            leases.tell(job, "processing", _FOUND, f"{row.position + 1} of {total} clips are in the library")
            library.add(clip)
            AutoSegment.update(status="complete", clip_id=clip.id, cost_cents=cents).where(
                AutoSegment.id == row.id
            ).execute()
            offers.note_clip(
                job.account_id, row.moment_id, "rendered", clip_id=clip.id, start_s=row.start_s, end_s=row.end_s
            )
            news.segment_complete(job, clip, index=row.position + 1, total=total, cents=cents)
        is_listed = True
    finally:
        if not is_listed:
            library.drop(clip)


def _change(row: AutoSegment, **facts: Any) -> None:
    with store.write():
        AutoSegment.update(**facts).where(AutoSegment.id == row.id).execute()


def _segments(job_id: str) -> list[AutoSegment]:
    return list(AutoSegment.select().where(AutoSegment.job_id == job_id).order_by(AutoSegment.position))


def owed(job: Job) -> int:
    """What the clips that are made cost: the tier, and the captions drawn, at most those reserved. 0 without clips."""
    made = [row for row in _segments(job.id) if row.status == "complete"]
    tier = job.asked["tier_cents"]
    return tier + min(job.reserved_cents - tier, sum(row.cost_cents for row in made)) if made else 0


# -- Showing -----------------------------------------------------------------------------------------------


def describe(job: Job) -> dict[str, Any]:
    """What a job of this kind adds to its status: each moment with what became of it."""
    rows = _segments(job.id)
    clips = {clip.id: clip for clip in Clip.select().where(Clip.id.in_([row.clip_id for row in rows if row.clip_id]))}
    said = {"engine": None, "note": None} | job.made
    shown = [_clip(job, row, clips.get(row.clip_id)) for row in rows]
    return {"query": job.asked["query"], "engine": said["engine"], "note": said["note"], "clips": shown}


def _clip(job: Job, row: AutoSegment, clip: Clip | None) -> dict[str, Any]:
    gone = dict.fromkeys(("download_url", "share_url", "embed_url"))
    return json.loads(row.shown) | {
        "clip_id": row.clip_id or None,
        "status": row.status,
        "duration": round(clip.duration_s, 3) if clip else None,
        "format": job.asked["format"],
        "quality": clip.quality if clip else job.asked["quality"],
        "captioned": bool(clip and clip.captioned),
        "file_name": clip.file_name if clip else None,
        **(library.links(clip) if clip else gone),
        "cost": ledger.usd(row.cost_cents) if row.status == "complete" else None,
        "error": row.error or None,
    }


def forget() -> None:
    """Drop the words of moments whose source is gone, once no clip of their job is left. For the sweep.

    What was made and what it cost stays with the job.
    """
    gone = Upload.select(Upload.id).where(Upload.status.in_(("expired", "failed")))
    used = Clip.select(Clip.job_id).where(Clip.status == "available", Clip.kind == KIND)
    over = Job.select(Job.id).where(Job.kind == KIND, Job.file_id.in_(gone), Job.id.not_in(used))
    for row in list(AutoSegment.select().where(AutoSegment.job_id.in_(over), AutoSegment.has_words)):
        wordless = json.loads(row.shown) | {"title": None, "reasons": [], "excerpt": ""}
        _change(row, shown=json.dumps(wordless), has_words=False)


def forget_account(account_id: str) -> None:
    """Drop the moments of every job of an account."""
    mine = Job.select(Job.id).where(Job.account_id == account_id, Job.kind == KIND)
    with store.write():
        AutoSegment.delete().where(AutoSegment.job_id.in_(mine)).execute()
