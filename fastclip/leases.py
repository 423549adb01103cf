"""Who works on a job, and for how long: taken by one conditional UPDATE, held by a lease that its worker extends.

When the lease lapses (the worker died) the sweep puts the job back, three times at most. Only the holder may end it.
Source: backend-spec 3 and 6.4.
"""

import os
import socket
import time
from typing import Any

from peewee import Case, CharField, DoubleField

from fastclip import jobs, rules, store
from fastclip.errors import Canceled
from fastclip.jobs import Again, Job, Onward
from fastclip.store import Row

LEASE_S = 5.0
MAX_ATTEMPTS = 3
RING_AGAIN_S = 10.0
"""A pending job that nobody took for so long is rung for again."""
WORKER_SEEN_S = 10.0


class WorkerSeen(Row):
    """One row per worker process that lives, for `/readyz` and the owner's health page."""

    owner = CharField(primary_key=True)
    seen_at = DoubleField()


# -- Holding -----------------------------------------------------------------------------------------------


def owner_name() -> str:
    """A fresh name for a worker process: `host/pid/random`, so that a dead one is known on its own machine."""
    return f"{socket.gethostname()}/{os.getpid()}/{store.new_id('', chars=8)}"


def claim(job_id: str, owner: str) -> Job | None:
    """Take a pending job; None when another was first or there is nothing to take."""
    moment = time.time()
    with store.write():
        taken = (
            Job.update(
                status="downloading",
                status_message="Fetching the source",
                owner=owner,
                lease_until=moment + LEASE_S,
                attempt=Job.attempt + 1,
                started_at=Case(None, [(Job.progress > 0, Job.started_at)], store.now()),
                changed=moment,
            )
            .where(Job.id == job_id, Job.status == "pending")
            .execute()
        )
        return Job.get_by_id(job_id) if taken else None


def extend(owner: str, job_ids: list[str]) -> None:
    """Say that this worker lives and still holds these jobs."""
    moment = time.time()
    with store.write():
        WorkerSeen.insert(owner=owner, seen_at=moment).on_conflict(
            conflict_target=[WorkerSeen.owner], update={WorkerSeen.seen_at: moment}
        ).execute()
        if job_ids:
            Job.update(lease_until=moment + LEASE_S).where(Job.id.in_(job_ids), Job.owner == owner).execute()


def tell(job: Job, status: str, fraction: float, message: str) -> None:
    """Let those who watch know how far this job is. Raises Canceled when it was stopped or is no longer held.

    Progress never falls within an attempt: a cut that has to begin anew stands still until it is further.
    """
    percent = _percent(fraction)
    progress = Case(None, [(Job.progress > percent, Job.progress)], percent)
    told = (
        Job.update(status=status, progress=progress, status_message=message, changed=time.time())
        .where(Job.id == job.id, Job.owner == job.owner, Job.status.in_(jobs.LIVE), ~Job.is_cancel_asked)
        .execute()
    )
    if not told:
        raise Canceled("You canceled this job.")


def is_lost(job: Job) -> bool:
    """Whether this attempt should end: the job was canceled, or another worker took it over."""
    held = Job.select(Job.id).where(
        Job.id == job.id, Job.owner == job.owner, Job.status.in_(jobs.LIVE), ~Job.is_cancel_asked
    )
    return not held.exists()


def end(job: Job, status: str, **facts: Any) -> bool:
    """Bring a held job to its end, inside the transaction that settles it. False when it is no longer held."""
    return bool(
        Job.update(status=status, finished_at=store.now(), changed=time.time(), lease_until=0.0, **facts)
        .where(Job.id == job.id, Job.owner == job.owner, Job.status.in_(jobs.LIVE))
        .execute()
    )


def give_back(job: Job) -> None:
    """Put a held job back to pending, as if this attempt had not been: the worker is stopping."""
    with store.write():
        Job.update(
            status="pending",
            status_message="Waiting for its turn",
            progress=0,
            owner="",
            attempt=Job.attempt - 1,
            rung_at=0.0,
            changed=time.time(),
        ).where(Job.id == job.id, Job.owner == job.owner, Job.status.in_(jobs.LIVE)).execute()


def postpone(job: Job, later: Again) -> None:
    """Put a held job back to pending until its next try is due; then the sweep rings for it."""
    with store.write():
        Job.update(
            status="pending",
            status_message=later.said,
            progress=0,
            owner="",
            attempt=0,
            rung_at=time.time() + later.after_s - RING_AGAIN_S,
            changed=time.time(),
        ).where(Job.id == job.id, Job.owner == job.owner, Job.status.in_(jobs.LIVE)).execute()


def pass_on(job: Job, onward: Onward) -> bool:
    """Put a held job back to pending in another lane, as far as it is. False when it was canceled or is lost."""
    with store.write():
        return bool(
            Job.update(
                status="pending",
                status_message=onward.said,
                lane=onward.lane,
                owner="",
                attempt=0,
                rung_at=time.time(),
                changed=time.time(),
            )
            .where(Job.id == job.id, Job.owner == job.owner, Job.status.in_(jobs.LIVE), ~Job.is_cancel_asked)
            .execute()
        )


# -- Sweeping ----------------------------------------------------------------------------------------------


def lapsed() -> list[Job]:
    """Jobs whose worker is gone: the lease ran out, or its process on this machine is dead.

    Also those that were canceled in the moment in which their worker put them back: nobody else would end them.
    """
    held = Job.select().where(Job.status.in_(jobs.LIVE), (Job.status != "pending") | Job.is_cancel_asked)
    return [job for job in held if job.status == "pending" or job.lease_until < time.time() or _is_dead_here(job.owner)]


def requeue(job: Job) -> bool:
    """Put a lapsed job back to pending. False when it was the last attempt, another was faster, or its worker woke."""
    if job.attempt >= MAX_ATTEMPTS:
        return False
    with store.write():
        return bool(
            Job.update(
                status="pending",
                status_message="Starting again",
                progress=0,
                owner="",
                rung_at=time.time(),
                changed=time.time(),
            )
            .where(
                Job.id == job.id, Job.owner == job.owner, Job.lease_until == job.lease_until, Job.status.in_(jobs.LIVE)
            )
            .execute()
        )


def unheard() -> list[Job]:
    """Pending jobs to ring for again: the queue lost them, or they were given back. Marks them as rung."""
    moment = time.time()
    waiting = list(Job.select().where(Job.status == "pending", Job.rung_at < moment - RING_AGAIN_S))
    if waiting:
        with store.write():
            Job.update(rung_at=moment).where(Job.id.in_([job.id for job in waiting])).execute()
    return waiting


def has_worker() -> bool:
    """Whether a worker was seen in the last ten seconds."""
    return WorkerSeen.select().where(WorkerSeen.seen_at > time.time() - WORKER_SEEN_S).exists()


def forget_workers(owner: str = "") -> None:
    """Delete the row of a worker that stops, and those not seen for an hour."""
    with store.write():
        WorkerSeen.delete().where(
            (WorkerSeen.owner == owner) | (WorkerSeen.seen_at < time.time() - rules.HOUR)
        ).execute()


def _is_dead_here(owner: str) -> bool:
    host, pid, _ = (owner.split("/") + ["", ""])[:3]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    if os.name == "nt":  # there os.kill(pid, 0) would end the process; the lease decides
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def _percent(fraction: float) -> int:
    """0-99: a job is at 100 only when it is complete."""
    return max(0, min(99, int(fraction * 100)))
