"""A job as the API shows it. Source: API reference, "GET /v1/clip/{job_id}"; backend-spec 2.2."""

import time
from datetime import UTC
from typing import Any

from fastclip import jobs, library, store, transcription, transcripts
from fastclip.billing import ledger
from fastclip.clips import analyze, auto
from fastclip.errors import NotFound
from fastclip.jobs import Job
from fastclip.library import Clip
from fastclip.uploads import Upload

CLIP_KINDS = ("trim", "merge", "transcript", "analyze", "auto")
"""Kinds that `GET /v1/clip/{job_id}` serves."""
PANEL_KINDS = (*CLIP_KINDS, "captions")
"""Kinds that the jobs panel lists."""
_NO_LINKS = dict.fromkeys(("download_url", "share_url", "embed_url"))
_ETA_FROM_PERCENT = 3


def get(account_id: str, job_id: str) -> dict[str, Any]:
    """The fields of the reference. Raises NotFound, also for another kind of job (A10)."""
    job = jobs.get(account_id, job_id)
    if job.kind not in CLIP_KINDS:
        raise NotFound(f"There is no clip job {job_id} on this account.")
    return _words(job) | (analyze.describe(job) if job.kind == analyze.KIND else {}) | describe(job)


def get_captions(account_id: str, job_id: str) -> dict[str, Any]:
    """The same of a captions job. Raises NotFound, also for another kind of job (A10)."""
    job = jobs.get(account_id, job_id)
    if job.kind != "captions":
        raise NotFound(f"There is no captions job {job_id} on this account.")
    return describe(job) | {"captioned": job.status == "complete"}


def describe(job: Job) -> dict[str, Any]:
    """The reference's fields; those of the result are null until there is one."""
    clip = next(iter(library.of_job(job.id)), None) if job.status == "complete" else None
    said = {
        "job_id": job.id,
        "status": job.status,
        "progress": job.progress,
        "status_message": job.status_message,
        **_result(job, clip),
        "cost": ledger.usd(job.cost_cents) if job.status == "complete" or job.cost_cents else None,
        "balance": ledger.usd(ledger.balance(job.account_id)[0]),
        "plan": job.made.get("plan"),
        "plan_reason": job.made.get("plan_reason"),
    } | (auto.describe(job) if job.kind == auto.KIND else {})
    if job.status in jobs.LIVE:
        said["reserved"] = ledger.usd(job.reserved_cents)
    if job.status == "failed":
        said |= {"error": job.error, "code": job.error_code}
    return said


def describe_fully(job: Job) -> dict[str, Any]:
    """`describe`, with what the jobs panel shows beside it, and all that is needed to ask for the same again."""
    ask = job.asked
    upload = Upload.get_or_none(Upload.id == job.file_id)
    return describe(job) | {
        "kind": job.kind,
        "file_id": job.file_id,
        "source_name": upload and upload.filename,
        "start": ask.get("start"),
        "end": ask.get("end"),
        "segments": [{"start": start, "end": end} for start, end in ask.get("segments", [])],
        "preset_ref": ask.get("captions", {}).get("preset_ref"),
        "of_clip_id": ask.get("clip_id"),
        "frames": job.made.get("frames"),
        "created_at": store.rfc3339(job.created_at),
        "eta_s": _eta_s(job),
    }


def listed(account_id: str, *, only_live: bool, limit: int) -> list[dict[str, Any]]:
    return [describe_fully(job) for job in jobs.of_account(account_id, PANEL_KINDS, only_live=only_live, limit=limit)]


def _words(job: Job) -> dict[str, Any]:
    """What a transcript's job has heard so far; nothing once the source's words came from elsewhere."""
    row = transcription.of_job(job) if job.kind == "transcript" else None
    return transcripts.describe(row) if row else {}


def _result(job: Job, clip: Clip | None) -> dict[str, Any]:
    ask = job.asked
    if clip is None:
        said = {"file_name": None, "format": ask.get("format"), "quality": ask.get("quality", ""), "aspect_ratio": None}
        return said | _NO_LINKS | {"saved_to_library": False, "clip_id": None}
    said = {
        "file_name": clip.file_name,
        "format": clip.format,
        "quality": clip.quality,
        "aspect_ratio": clip.aspect_ratio,
    }
    return said | library.links(clip) | {"saved_to_library": True, "clip_id": clip.id}


def _eta_s(job: Job) -> float | None:
    """Seconds left, from the pace so far; None while there is no pace to tell it from."""
    if job.status not in jobs.LIVE or job.started_at is None or job.progress < _ETA_FROM_PERCENT:
        return None
    run_s = time.time() - job.started_at.replace(tzinfo=UTC).timestamp()
    return round(run_s * (100 - job.progress) / job.progress, 1)
