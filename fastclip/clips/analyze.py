"""Analyze: the moments of a source that fit a query, or its highlights, without rendering anything.

Source: API reference, "POST /v1/clip/analyze"; backend-spec A11.
"""

import hashlib
import json
import time
import unicodedata
from pathlib import Path
from typing import Any

import numpy
from peewee import BooleanField, CharField, DateTimeField, DoubleField, IntegerField, TextField

from fastclip import engines, jobs, leases, rules, store, transcripts, uploads
from fastclip import moments as offers
from fastclip.accounts import Account
from fastclip.ai import embed, moments, ranker
from fastclip.ai.moments import Found, Moment, Ranker
from fastclip.billing import ledger
from fastclip.clips import drawing, settling
from fastclip.errors import InvalidRequest, Unprocessable
from fastclip.jobs import Job, Outcome, Tell
from fastclip.media.words import Word
from fastclip.store import Row
from fastclip.uploads import Upload

KIND = "analyze"
_HEARD = 0.8
"""Of the work is done when the words are there."""
_INDEX_KEPT_S = 7 * rules.DAY


class Analysis(Row):
    """One question to one source; who asks the same again shares it, and pays once while the source lives."""

    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    file_id = CharField(index=True)
    flight = CharField(unique=True)
    query = TextField()
    job_id = CharField(default="", index=True)
    is_ready = BooleanField(default=False)
    is_paid = BooleanField(default=False)
    cost_cents = IntegerField(default=0)
    words_changed = DoubleField(default=0.0)
    """When the words that it was found in were last changed."""
    found = TextField(default="{}")  # JSON
    created_at = DateTimeField(default=store.now)
    changed = DoubleField(default=time.time)


# -- Asking ------------------------------------------------------------------------------------------------


def request(
    account: Account, file_id: str, query: str | None, *, reads_all: bool = False, api_key_id: str = ""
) -> Job | None:
    """The job that finds the moments: the one that runs for the same ask already, or a new one; None when they are
    there. A question that was paid for is answered again for nothing, also when the words were corrected since.

    reads_all: a language model, where there is one, reads the whole transcript instead of looking at the best of it.
    Raises InvalidRequest (query), NotFound, Gone, Conflict (not ready), Unprocessable (no sound),
    InsufficientBalance, Unavailable.
    """
    upload = uploads.get_ready(account.id, file_id)
    query = plain(query)
    check_sound(upload)
    with store.write():
        job, is_new = _joined(account, upload, query, reads_all, api_key_id)
    if job and is_new:
        settling.ring(job)
    return job


def plain(query: str | None) -> str:
    """The query in NFKC without stray space. Raises InvalidRequest."""
    text = " ".join(unicodedata.normalize("NFKC", query or "").split())
    if len(text) > rules.MAX_QUERY_CHARS:
        raise InvalidRequest(f"query has {len(text)} characters; {rules.MAX_QUERY_CHARS} at most.", param="query")
    return text


def check_sound(upload: Upload) -> None:
    """Raises Unprocessable."""
    if not upload.media.has_audio:
        raise Unprocessable("This video has no sound, so no moments can be found in it.", code="unsupported_media")


def _joined(account: Account, upload: Upload, query: str, reads_all: bool, api_key_id: str) -> tuple[Job | None, bool]:
    """(the job for this ask, whether it is a new one). The row is locked: two that ask at once get one job."""
    row = _begun(account.id, upload.id, query, reads_all)
    running = Job.get_or_none(Job.id == row.job_id, Job.status.in_(jobs.LIVE))
    if running:
        return running, False
    if row.is_ready and row.words_changed == _words_changed(account.id, upload.id):
        return None, False
    cents = 0 if row.is_paid else rules.tier_cents(rules.ANALYZE_TIERS, upload.media.duration_s)
    ask = {"query": query, "analysis_id": row.id, "model": "", "language": "", "reads_all": reads_all}
    ask |= {"seconds": round(upload.media.duration_s, 3)}
    job = jobs.add(account.id, KIND, ask, lane="heavy", file_id=upload.id, reserved_cents=cents, api_key_id=api_key_id)
    if cents:
        ledger.reserve(account, cents, job.id)
    Analysis.update(job_id=job.id).where(Analysis.id == row.id).execute()
    return job, True


def _flight(file_id: str, query: str, reads_all: bool) -> str:
    """One question to one source, with everything that decides its answer."""
    asked = f"{query}/everything" if reads_all else query
    return f"{file_id}/{hashlib.sha256(asked.encode()).hexdigest()[:32]}"


def _begun(account_id: str, file_id: str, query: str, reads_all: bool) -> Analysis:
    flight = _flight(file_id, query, reads_all)
    facts = {"id": store.new_id("ana_"), "account_id": account_id, "file_id": file_id, "query": query}
    Analysis.insert(flight=flight, **facts).on_conflict_ignore().execute()
    Analysis.update(changed=time.time()).where(Analysis.flight == flight).execute()
    return Analysis.get(Analysis.flight == flight)


def _words_changed(account_id: str, file_id: str) -> float:
    row = transcripts.satisfying(account_id, file_id, model="", language="")
    return row.changed if row else 0.0


# -- Finding -----------------------------------------------------------------------------------------------


def run(job: Job, tell: Tell) -> Outcome:
    """Hear the source if nobody has, and find what was asked for."""
    ask, upload = job.asked, Upload.get_by_id(job.file_id)
    found, _ = look(job, upload, ask["query"], tell)
    with store.write():
        leases.tell(job, "processing", 0.97, "Saving the moments")
        segments = kept(job, found)
        Analysis.update(
            is_ready=True,
            is_paid=True,
            words_changed=_words_changed(job.account_id, upload.id),
            cost_cents=max(job.reserved_cents, Analysis.get_by_id(ask["analysis_id"]).cost_cents),
            found=json.dumps({"segments": segments} | about(found)),
        ).where(Analysis.id == ask["analysis_id"]).execute()
    message = "Done!" if segments else moments.NOTHING
    return Outcome(cents=job.reserved_cents, result={"analysis_id": ask["analysis_id"]}, message=message)


def look(job: Job, upload: Upload, query: str, tell: Tell) -> tuple[Found, list[Word]]:
    """The moments of a source, and its words, heard now if nobody has heard them."""
    # What is heard for words of a clip is told as the first half of the work; here it is nearly all of it.
    words = drawing.words_of(job, upload, lambda done, said: tell(min(1.0, done * 2) * _HEARD, said))
    row = transcripts.satisfying(job.account_id, upload.id, model="", language="")
    found = moments.find(
        words,
        query,
        duration_s=upload.media.duration_s,
        embedder=embed.find(),
        cache=index_folder(),
        peaks=peaks_of(upload),
        language=row.language if row else "",
        ranker=_ranker(job),
        tell=lambda done, said: tell(_HEARD + done * (1 - _HEARD), said),
    )
    return found, words


def _ranker(job: Job) -> Ranker | None:
    """The language model in use, asked for its opinion; None where there is none."""
    model = engines.chat()
    if model is None:
        return None
    work = store.temp_dir / f"{job.id}.asked"
    return ranker.of(model, work, deadline_s=engines.chat_seconds, reads_all=bool(job.asked.get("reads_all")))


def index_folder() -> Path:
    """Where indexes lie: in the data folder, beside half-made files."""
    return store.temp_dir.parent / "indexes"


def peaks_of(upload: Upload) -> Any:
    """The waveform, once the player's was drawn; None before."""
    key = f"previews/{upload.id}/peaks.u8"
    if not store.blobs.size(key):
        return None
    with store.blobs.lease(key) as path:
        return numpy.fromfile(path, dtype="uint8")


def kept(job: Job, found: Found) -> list[dict[str, Any]]:
    """The moments as the API shows them, noted as offered. Call inside `store.write()`."""
    ids = offers.offer(job.account_id, job.file_id, job.id, found.moments, kind=found.intent.kind, engine=found.engine)
    return [shown(one) | {"moment_id": moment_id} for one, moment_id in zip(found.moments, ids, strict=True)]


def shown(moment: Moment) -> dict[str, Any]:
    return {
        "start": round(moment.start_s, 3),
        "end": round(moment.end_s, 3),
        "excerpt": moment.excerpt,
        "confidence": moment.confidence,
        "title": moment.title or None,
        "reasons": [{"kind": one.kind, "text": one.text, "value": one.value} for one in moment.reasons],
    }


def about(found: Found) -> dict[str, Any]:
    """What an answer says beside its moments: how it was understood, and by what it was found."""
    asked = found.intent
    return {
        "engine": found.engine,
        "note": found.note or None,
        "is_weak": found.is_weak,
        "understood": {
            "kind": asked.kind,
            "topic": asked.topic or None,
            "count": asked.count,
            "shortest": asked.lo_s,
            "longest": asked.hi_s,
        },
    }


# -- Showing and forgetting --------------------------------------------------------------------------------


def result(
    account_id: str, file_id: str, query: str | None, *, reads_all: bool = False, is_cached: bool
) -> dict[str, Any]:
    """The answer to a question that was asked before: what it once cost; again it costs nothing."""
    row = Analysis.get(Analysis.account_id == account_id, Analysis.flight == _flight(file_id, plain(query), reads_all))
    return {
        **json.loads(row.found),
        "query": row.query or None,
        "cost": ledger.usd(row.cost_cents),
        "balance": ledger.usd(ledger.balance(account_id)[0]),
        "is_cached": is_cached,
    }


def describe(job: Job) -> dict[str, Any]:
    """What a job of this kind adds to its status."""
    row = Analysis.get_or_none(Analysis.id == job.asked["analysis_id"])
    found = json.loads(row.found) if row and job.status == "complete" else {}
    return {"query": job.asked["query"] or None, "segments": None} | found


def forget() -> None:
    """Drop the questions to sources that are gone. For the sweep."""
    gone = Upload.select(Upload.id).where(Upload.status.in_(("expired", "failed")))
    if ids := [row.id for row in Analysis.select(Analysis.id).where(Analysis.file_id.in_(gone))]:
        with store.write():
            Analysis.delete().where(Analysis.id.in_(ids)).execute()


def forget_account(account_id: str) -> None:
    """Drop every question of an account."""
    with store.write():
        Analysis.delete().where(Analysis.account_id == account_id).execute()


def tidy() -> None:
    """Delete indexes that nobody used for a week. For the daily sweep."""
    oldest = time.time() - _INDEX_KEPT_S
    for path in index_folder().glob("*.npz"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
