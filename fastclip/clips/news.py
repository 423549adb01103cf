"""What webhooks are told of clips: that one is complete, or why it will not come.

Call inside the transaction that ends the job.
Source: API reference, "Example payload: `clip.complete`"; backend-spec 2.2.
"""

from typing import Any

from fastclip import library, webhooks
from fastclip.billing import ledger
from fastclip.errors import FastClipError
from fastclip.jobs import Job
from fastclip.library import Clip

_SOURCES = {"trim": "trim", "merge": "trim", "captions": "captions", "auto": "auto"}
"""Kinds of jobs that make clips, and what `source` says of them."""


def complete(job: Job, clips: list[Clip], cents: int) -> None:
    """`clip.complete`, for a job that made a clip; of an auto-clip once, with the first one and the ids of all."""
    if job.kind == "auto":
        if made := library.of_job(job.id):
            said = payload(job, made[0], cents) | {"clips": [clip.id for clip in made]}
            webhooks.announce(job.account_id, "clip.complete", said)
    elif job.kind in _SOURCES:
        for clip in clips:
            webhooks.announce(job.account_id, "clip.complete", payload(job, clip, cents))


def failed(job: Job, refusal: FastClipError, cents: int = 0) -> None:
    """`clip.failed`, for a job that should have made a clip. cents: what is charged all the same."""
    if job.kind in _SOURCES:
        ask = job.asked
        said = {
            "job_id": job.id,
            "error": refusal.message,
            "code": refusal.code,
            "format": ask.get("format", "mp4"),
            "quality": ask.get("quality", ""),
            "refunded": ledger.usd(job.reserved_cents - cents),
        }
        webhooks.announce(job.account_id, "clip.failed", said)


def segment_complete(job: Job, clip: Clip, *, index: int, total: int, cents: int) -> None:
    """`clip.auto.segment_complete`; index: from 1."""
    said = {"index": index, "total": total, "start": clip.start_s, "end": clip.end_s} | payload(job, clip, cents)
    webhooks.announce(job.account_id, "clip.auto.segment_complete", said)


def segment_failed(job: Job, error: str, *, index: int, total: int, start_s: float, end_s: float) -> None:
    """`clip.auto.segment_failed`."""
    said = {"job_id": job.id, "index": index, "total": total, "start": start_s, "end": end_s, "error": error}
    webhooks.announce(job.account_id, "clip.auto.segment_failed", said)


def payload(job: Job, clip: Clip, cents: int) -> dict[str, Any]:
    """One finished clip. `quality` is empty for sound (A20)."""
    return {
        "job_id": job.id,
        "clip_id": clip.id,
        "format": clip.format,
        "quality": clip.quality,
        "duration": round(clip.duration_s, 3),
        "download_url": library.links(clip)["download_url"],
        "cost": ledger.usd(cents),
        "source": _SOURCES.get(job.kind, job.kind),
        "captioned": clip.captioned,
    }
