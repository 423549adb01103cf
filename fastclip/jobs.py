"""Work that outlives its request: one row per job, from asked to settled.

The life of a job (backend-spec 3 and 6.4): pending -> downloading -> processing -> uploading -> complete | failed.
Here it is asked for, read and told to stop; who works on it holds it by a lease (`leases.py`).
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peewee import BooleanField, CharField, DateTimeField, DoubleField, IntegerField, TextField

from fastclip import rules, store
from fastclip.errors import Conflict, FastClipError, NotFound, Unavailable
from fastclip.store import Row

LIVE = rules.JOB_STATUSES[:-2]
PREFIXES = {"trim": "job_", "merge": "job_", "auto": "job_auto_", "captions": "job_cap_", "transcript": "job_txt_"}

Tell = Callable[[float, str], None]
"""Progress of a job's body: (fraction 0-1, what is being done). Raises Canceled when the job was stopped."""


class Job(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    api_key_id = CharField(default="")
    kind = CharField()
    lane = CharField()
    status = CharField(default="pending", index=True)
    progress = IntegerField(default=0)
    status_message = TextField(default="Waiting for its turn")
    file_id = CharField(default="", index=True)
    ask = TextField()  # JSON: what was asked for
    result = TextField(default="{}")  # JSON: what came of it
    hold_ref = CharField(default="")
    reserved_cents = IntegerField(default=0)
    cost_cents = IntegerField(default=0)
    error = TextField(default="")
    error_code = CharField(default="")
    attempt = IntegerField(default=0)
    owner = CharField(default="")
    lease_until = DoubleField(default=0.0)
    is_cancel_asked = BooleanField(default=False)
    rung_at = DoubleField(default=time.time)
    created_at = DateTimeField(default=store.now)
    started_at = DateTimeField(null=True)
    finished_at = DateTimeField(null=True)
    changed = DoubleField(default=time.time, index=True)

    @property
    def asked(self) -> dict[str, Any]:
        return json.loads(self.ask)

    @property
    def made(self) -> dict[str, Any]:
        return json.loads(self.result)


@dataclass
class Made:
    """A rendered file that waits to enter the library."""

    path: Path
    poster: Path | None
    title: str
    file_name: str
    format: str
    quality: str
    aspect_ratio: str
    duration_s: float
    start_s: float
    end_s: float
    media_kind: str
    captioned: bool = False


@dataclass
class Outcome:
    """What a job's body hands back to the worker that settles it.

    cents: what to keep of the reserve. result: JSON for the row. then: (kind, lane, ask) of jobs that follow.
    message: what the job says at its end.
    """

    made: list[Made] = field(default_factory=list)
    cents: int = 0
    result: dict[str, Any] = field(default_factory=dict)
    then: list["Job"] = field(default_factory=list)
    message: str = "Done!"


class Again(Exception):
    """Raised by a job's body that could not do its work now: try again in `after_s` seconds, as often as it says so."""

    def __init__(self, after_s: float, said: str) -> None:
        super().__init__(said)
        self.after_s, self.said = after_s, said


class Onward(Exception):
    """Raised by a job's body whose next part belongs to another lane: it goes on there, with three attempts anew."""

    def __init__(self, lane: str, said: str) -> None:
        super().__init__(said)
        self.lane, self.said = lane, said


# -- Asking ------------------------------------------------------------------------------------------------


def add(
    account_id: str,
    kind: str,
    ask: dict[str, Any],
    *,
    lane: str,
    file_id: str = "",
    reserved_cents: int = 0,
    hold_ref: str = "",
    api_key_id: str = "",
) -> Job:
    """A new pending job; `push` it after the transaction. hold_ref: the ledger hold that pays for it, if any."""
    return Job.create(
        id=store.new_id(PREFIXES.get(kind, "job_")),
        account_id=account_id,
        api_key_id=api_key_id,
        kind=kind,
        lane=lane,
        file_id=file_id,
        ask=json.dumps(ask),
        hold_ref=hold_ref,
        reserved_cents=reserved_cents,
    )


def push(job: Job) -> None:
    """Ring for a committed job. Raises Unavailable when the queue is down."""
    store.queue.push(job.id, lane=job.lane)


def push_or_wait(job: Job) -> None:
    """Ring for a committed job; when the queue is down, the sweep rings later."""
    with contextlib.suppress(Unavailable):
        push(job)


def add_and_push(account_id: str, kind: str, ask: dict[str, Any], *, lane: str) -> Job:
    """A new job that is rung for once the transaction around this is kept."""
    job = add(account_id, kind, ask, lane=lane)
    store.after_commit(lambda: push_or_wait(job))
    return job


def get(account_id: str, job_id: str) -> Job:
    job = Job.get_or_none(Job.id == job_id, Job.account_id == account_id)
    if job is None:
        raise NotFound(f"There is no job {job_id} on this account.")
    return job


def of_account(account_id: str, kinds: Iterable[str], *, only_live: bool, limit: int) -> list[Job]:
    """The account's jobs of these kinds, newest first."""
    query = Job.select().where(Job.account_id == account_id, Job.kind.in_(list(kinds)))
    if only_live:
        query = query.where(Job.status.in_(LIVE))
    return list(query.order_by(Job.created_at.desc()).limit(limit))


def changed_since(account_id: str, moment: float) -> list[Job]:
    """Jobs of the account whose row changed after `moment` (epoch seconds), oldest change first."""
    return list(Job.select().where(Job.account_id == account_id, Job.changed > moment).order_by(Job.changed))


def has_live(file_id: str) -> bool:
    """Whether work on this source is waiting or running."""
    return Job.select().where(Job.file_id == file_id, Job.status.in_(LIVE)).exists()


def latest(file_id: str, kind: str) -> Job | None:
    return Job.select().where(Job.file_id == file_id, Job.kind == kind).order_by(Job.created_at.desc()).first()


# -- Stopping ----------------------------------------------------------------------------------------------


def end_waiting(job: Job, **facts: Any) -> bool:
    """Bring a job that nobody took yet to `failed`. False when a worker was faster."""
    return bool(
        Job.update(status="failed", finished_at=store.now(), changed=time.time(), **facts)
        .where(Job.id == job.id, Job.status == "pending")
        .execute()
    )


def hurry(job_id: str) -> None:
    """Ring for a postponed job now, if it still waits."""
    Job.update(rung_at=time.time()).where(Job.id == job_id, Job.status == "pending").execute()
    job = Job.get_or_none(Job.id == job_id, Job.status == "pending")
    if job is not None:
        store.after_commit(lambda: push_or_wait(job))


def forget(job_ids: Iterable[str]) -> None:
    """Delete rows of jobs whose own rows (a delivery, a mail) are deleted."""
    Job.delete().where(Job.id.in_(list(job_ids))).execute()


def ask_to_cancel(job: Job) -> None:
    """Leave word for the worker that holds it. Raises Conflict when the job has ended."""
    with store.write():
        asked = Job.update(is_cancel_asked=True).where(Job.id == job.id, Job.status.in_(LIVE)).execute()
    if not asked:
        raise Conflict(f"Job {job.id} has ended already.")


def failure(error: Exception) -> FastClipError | None:
    """The refusal to show for what ended a job, None for a bug."""
    return error if isinstance(error, FastClipError) else None
