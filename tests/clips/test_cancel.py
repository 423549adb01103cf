import threading
import time

import pytest

from fastclip import jobs, leases, store, worker
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.clips import cancel, trim
from fastclip.errors import Conflict, NotFound
from fastclip.jobs import Job
from fastclip.settings import Settings
from fastclip.uploads import Upload
from fastclip.worker import Worker
from tests.billing.machine import check_books
from tests.clips.conftest import Ready, video


@pytest.fixture
def asked(member: Account, ready: Ready, rung: list[str]) -> Job:
    """A job of a member who had two cents, waiting."""
    with store.write():
        ledger.credit(member.id, "grant", 2, key="grant:1")
    return trim.request(member, ready(member, video()).id, [(0, 1)], via="api_key")[0]


def test_a_waiting_job_ends_at_once_and_gives_all_back(asked: Job) -> None:
    ended = cancel.cancel(asked.account_id, asked.id)
    assert (ended.status, ended.error_code, ended.error) == ("failed", "canceled", "You canceled this job.")
    assert ledger.balance(asked.account_id) == (2, 0)
    check_books(asked.account_id)


def test_a_running_job_is_ended_by_its_worker_and_gives_all_back(asked: Job, data: Settings) -> None:
    running = Worker(data)
    began = threading.Event()

    def body(job: Job, tell: jobs.Tell) -> jobs.Outcome:
        for step in range(2000):
            tell(step / 2000, "Cutting")
            began.set()
            time.sleep(0.01)
        return jobs.Outcome()

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(worker.BODIES, "trim", body)
        thread = threading.Thread(target=running.perform, args=(asked.id,))
        thread.start()
        assert began.wait(10)
        ended = cancel.cancel(asked.account_id, asked.id)
        thread.join()
    assert (ended.status, ended.error_code) == ("failed", "canceled")
    assert ledger.balance(asked.account_id) == (2, 0)
    check_books(asked.account_id)


def test_a_job_whose_worker_does_not_answer_is_told_as_it_is(asked: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancel, "_PATIENCE_S", 0.0)
    leases.claim(asked.id, "another-machine/1/x")
    assert cancel.cancel(asked.account_id, asked.id).status == "downloading"
    assert jobs.get(asked.account_id, asked.id).is_cancel_asked
    Job.update(lease_until=0.0).execute()
    worker.sweep()
    assert jobs.get(asked.account_id, asked.id).error_code == "canceled"
    assert ledger.balance(asked.account_id) == (2, 0)


@pytest.mark.parametrize("status", ["complete", "failed"])
def test_what_has_ended_stays_as_it_is(asked: Job, status: str) -> None:
    Job.update(status=status).execute()
    with pytest.raises(Conflict, match=f"is {status}; it can no longer be canceled"):
        cancel.cancel(asked.account_id, asked.id)
    assert ledger.balance(asked.account_id) == (0, 2)


def test_nobody_cancels_the_job_of_another(asked: Job, owner: Account) -> None:
    with pytest.raises(NotFound):
        cancel.cancel(owner.id, asked.id)
    assert jobs.get(asked.account_id, asked.id).status == "pending"


def test_a_canceled_one_shot_gives_back_what_its_upload_reserved(
    member: Account, ready: Ready, rung: list[str]
) -> None:
    upload = ready(member, video())
    with store.write():
        ledger.credit(member.id, "grant", 2, key="grant:1")
        ledger.reserve(member, 2, upload.id)
        job = jobs.add(member.id, "trim", {}, lane="ffmpeg", file_id=upload.id, reserved_cents=2, hold_ref=upload.id)
    cancel.cancel(member.id, job.id)
    assert ledger.balance(member.id) == (2, 0)
    assert Upload.get_by_id(upload.id).status == "ready"
