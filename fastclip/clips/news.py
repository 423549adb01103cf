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

_SOURCES = {"trim": "trim", "merge": "trim", "captions": "captions"}
"""Kinds of jobs that make one clip, and what `source` says of it."""


def complete(job: Job, clips: list[Clip], cents: int) -> None:
    """`clip.complete`, for a job that made a clip."""
    if job.kind in _SOURCES:
        for clip in clips:
            webhooks.announce(job.account_id, "clip.complete", payload(job, clip, cents))


def failed(job: Job, refusal: FastClipError) -> None:
    """`clip.failed`, for a job that should have made a clip."""
    if job.kind in _SOURCES:
        ask = job.asked
        said = {
            "job_id": job.id,
            "error": refusal.message,
            "code": refusal.code,
            "format": ask.get("format", "mp4"),
            "quality": ask.get("quality", ""),
            "refunded": ledger.usd(job.reserved_cents),
        }
        webhooks.announce(job.account_id, "clip.failed", said)


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
