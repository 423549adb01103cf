"""Stopping work that was asked for: what it reserved goes back, but for clips that are made. Backend-spec 2.2."""

import contextlib
import time

from fastclip import jobs, store
from fastclip.clips import auto, news, settling
from fastclip.errors import Canceled, Conflict
from fastclip.jobs import Job

_PATIENCE_S = 2.0
_LOOK_EVERY_S = 0.05


def cancel(account_id: str, job_id: str) -> Job:
    """The job, ended. One that nobody took ends here; a running one is ended by its worker, within a second or two.

    Raises NotFound, Conflict (it had ended already).
    """
    job = jobs.get(account_id, job_id)
    if job.status in ("complete", "failed"):
        raise Conflict(f"Job {job_id} is {job.status}; it can no longer be canceled.")
    refusal = Canceled("You canceled this job.")
    with store.write():
        owed = auto.owed(job) if job.kind == auto.KIND else 0
        said = {"error": refusal.message, "error_code": refusal.code, "status_message": "Canceled", "cost_cents": owed}
        if jobs.end_waiting(job, **said):
            settling.settle(job, owed)
            news.failed(job, refusal, owed)
    if jobs.get(account_id, job_id).status == "failed":
        return jobs.get(account_id, job_id)
    jobs.ask_to_cancel(job)
    return _wait(account_id, job_id)


def cancel_all(account_id: str) -> None:
    """End every job of the account, and forget what was asked for; one that runs is ended by its worker soon."""
    live = Job.account_id == account_id, Job.status.in_(jobs.LIVE)
    for job in list(Job.select().where(*live)):
        with contextlib.suppress(Conflict):  # it ended just now
            cancel(account_id, job.id)
    with store.write():
        Job.update(ask="{}", result="{}").where(Job.account_id == account_id, Job.status.not_in(jobs.LIVE)).execute()


def _wait(account_id: str, job_id: str) -> Job:
    until = time.monotonic() + _PATIENCE_S
    while (job := jobs.get(account_id, job_id)).status in jobs.LIVE and time.monotonic() < until:
        time.sleep(_LOOK_EVERY_S)
    return job
