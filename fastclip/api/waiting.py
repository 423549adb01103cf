"""Answers that come when a job has ended, and the wish not to wait for it. Source: backend-spec A11."""

import asyncio
import re
import threading
from typing import Any

from litestar import Request, Response
from litestar.concurrency import sync_to_thread

from fastclip import jobs
from fastclip.errors import CODES, FastClipError, Unavailable
from fastclip.jobs import Job

_LOOK_S, _LOOK_SELDOM_S = 0.1, 1.0


def is_unwanted(request: Request[Any, Any, Any]) -> bool:
    """Whether the caller sent `Prefer: respond-async`."""
    return bool(re.search(r"(^|,)\s*respond-async\s*(;|,|$)", request.headers.get("prefer", ""), re.I))


def accepted(job: Job) -> Response[dict[str, Any]]:
    """202, with the job to poll."""
    said = {"job_id": job.id, "status": job.status}
    return Response(said, status_code=202, headers={"Preference-Applied": "respond-async"})


async def ended(job: Job, stopping: threading.Event) -> None:
    """Wait for the job without holding a thread. Raises what ended it."""
    wait_s = _LOOK_S
    while job.status in jobs.LIVE:
        if stopping.is_set():
            raise Unavailable("FastClip is stopping. The work goes on when it is back; send the same request then.")
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 1.2, _LOOK_SELDOM_S)
        job = await sync_to_thread(jobs.get, job.account_id, job.id)
    if job.status == "failed":
        refusal = FastClipError(job.error, code=job.error_code)
        refusal.status = CODES.get(job.error_code, 500)
        raise refusal
