"""The transcript of a source: heard once, stored, and from then on given for nothing.

Source: API reference, "POST /v1/transcript"; backend-spec A11.
"""

from fastclip import engines, glossary, jobs, library, rules, store, transcription, transcripts, uploads
from fastclip.accounts import Account
from fastclip.ai import speech
from fastclip.billing import ledger
from fastclip.clips import settling
from fastclip.errors import NotFound, Unprocessable
from fastclip.jobs import Job, Outcome, Tell
from fastclip.library import Clip
from fastclip.media.words import Word, within
from fastclip.transcripts import Transcript
from fastclip.uploads import Upload

KIND = "transcript"


def request(
    account: Account, file_id: str, *, model: str | None = None, language: str | None = None, api_key_id: str = ""
) -> Job | None:
    """The job that makes the transcript: the one that runs for the same ask already, or a new one; None when the
    words are there.

    model: the name of an installed one, default the best. language: a code such as `en`, default what is heard.
    Without either, any transcript of the source will do. Raises NotFound, Gone, Conflict (not ready),
    Unprocessable (no sound; language), InsufficientBalance, Unavailable.
    """
    upload = uploads.get_ready(account.id, file_id)
    if transcripts.satisfying(account.id, file_id, model=model or "", language=language or ""):
        return None
    if not upload.media.has_audio:
        raise Unprocessable("This video has no sound, so there is nothing to transcribe.", code="unsupported_media")
    speech.check_language(engines.find(model), language)
    with store.write():
        job, is_new = _joined(account, upload, model or "", language or "", api_key_id)
    if job and is_new:
        settling.ring(job)
    return job


def _joined(account: Account, upload: Upload, model: str, language: str, api_key_id: str) -> tuple[Job | None, bool]:
    """(the job for this ask, whether it is a new one). The begun row is locked: two that ask at once get one job."""
    row = transcription.begin(account.id, upload.id, model=model, language=language)
    if row.is_ready:
        return None, False
    running = Job.get_or_none(Job.id == row.job_id, Job.status.in_(jobs.LIVE))
    if running:
        return running, False
    cents = rules.tier_cents(rules.TRANSCRIPT_TIERS, upload.media.duration_s)
    ask = {"model": model, "language": language, "seconds": round(upload.media.duration_s, 3)}
    job = jobs.add(account.id, KIND, ask, lane="heavy", file_id=upload.id, reserved_cents=cents, api_key_id=api_key_id)
    ledger.reserve(account, cents, job.id)
    transcription.take(row, job)
    return job, True


def run(job: Job, tell: Tell) -> Outcome:
    """Hear the source, from where an earlier attempt stopped; what was heard can be read at once."""
    upload = Upload.get_by_id(job.file_id)
    row = transcription.of_job(job)
    if row is None:
        raise NotFound("The transcript was removed while it waited.")
    if not row.is_ready:
        hear(job, upload, row, tell)
    return Outcome(cents=job.reserved_cents, result={"transcript_id": row.id})


def hear(job: Job, upload: Upload, row: Transcript, tell: Tell) -> None:
    """Fill the source's transcript and make it ready. The job's ask names `model` and `language`, or "" for any."""
    ask = job.asked
    model = engines.find(ask["model"] or None)
    engine = speech.WHISPER if model else speech.BUILT_IN
    begun = transcription.resume(
        row, engine=engine, model=model.name if model else "", duration_s=upload.media.duration_s
    )
    work = store.temp_dir / f"{job.id}.{job.owner.replace('/', '-')}.speech"
    with store.blobs.lease(upload.key) as source:
        place = speech.transcribe(
            source,
            speech.fresh(work),
            model=model,
            duration_s=begun.duration_s,
            heard=lambda heard: transcription.append(begun, heard),
            tell=tell,
            language=ask["language"] or begun.language or None,
            hotwords=", ".join(glossary.words_of(job.account_id)),
            start_s=begun.covered_s,
        )
    transcription.finish(begun, device=place.why)


def of_clip(account_id: str, clip_id: str) -> tuple[Clip, list[Word]]:
    """A clip and its words, on the clip's own line. Raises NotFound, Conflict (the transcript is not ready)."""
    clip = library.get(account_id, clip_id)
    transcript = transcripts.ready(account_id, clip.source_file_id)
    words = transcripts.words_of(transcript, after_s=clip.start_s)
    return clip, within(words, clip.start_s, clip.end_s)


def forget() -> None:
    """Drop the transcripts of sources that are gone, once no clip of theirs is left. For the sweep."""
    gone = Upload.select(Upload.id).where(Upload.status.in_(("expired", "failed")))
    used = Clip.select(Clip.source_file_id).where(Clip.status == "available")
    orphans = Transcript.select().where(Transcript.file_id.in_(gone), Transcript.file_id.not_in(used))
    if ids := [row.id for row in orphans]:
        with store.write():
            transcription.drop(ids)
