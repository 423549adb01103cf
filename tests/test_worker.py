import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastclip import jobs, leases, library, store, uploads, worker
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.errors import Unprocessable
from fastclip.jobs import Job, Made, Outcome, Tell
from fastclip.settings import Settings
from fastclip.worker import Worker
from tests.billing.machine import check_books, new_account
from tests.conftest import Send, everything_kept

Body = Any


@pytest.fixture
def account(data: Settings) -> Account:
    """Metered, with ten cents."""
    account = new_account()
    with store.write():
        ledger.credit(account.id, "grant", 10, key="grant:1")
    return account


@pytest.fixture
def body(monkeypatch: pytest.MonkeyPatch) -> Body:
    """Puts a function in the place of the trim's body."""
    return lambda function: monkeypatch.setitem(worker.BODIES, "trim", function)


def add(account: Account, cents: int = 2) -> Job:
    with store.write():
        job = jobs.add(account.id, "trim", {}, lane="ffmpeg", reserved_cents=cents)
        ledger.reserve(account, cents, job.id)
    return job


def again(job: Job) -> Job:
    return Job.get_by_id(job.id)


def render(job: Job, tell: Tell) -> Outcome:
    """What a body does: a file in the temporary folder."""
    tell(0.5, "Cutting")
    path = store.temp_dir / f"{job.id}.part.mp4"
    path.write_bytes(b"film")
    made = Made(path, None, "title", "title.mp4", "mp4", "480p", "16:9", 1.0, 0.0, 1.0, "video")
    return Outcome(made=[made], cents=job.reserved_cents, result={"plan": "encode"})


def test_a_done_job_is_listed_paid_and_complete(account: Account, data: Settings, body: Body) -> None:
    body(render)
    job = add(account)
    Worker(data).perform(job.id)
    done = again(job)
    assert (done.status, done.progress, done.cost_cents, done.made) == ("complete", 100, 2, {"plan": "encode"})
    (clip,) = library.of_job(job.id)
    assert everything_kept(data) == [f"blobs/{clip.key}"]
    assert ledger.balance(account.id) == (8, 0)
    check_books(account.id)


def test_a_job_that_costs_less_than_reserved_gives_the_rest_back(account: Account, data: Settings, body: Body) -> None:
    body(lambda job, tell: Outcome(cents=3))
    job = add(account, 10)
    Worker(data).perform(job.id)
    assert again(job).cost_cents == 3 and ledger.balance(account.id) == (7, 0)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (Unprocessable("It is damaged there.", code="unsupported_media"), "unsupported_media", "It is damaged there."),
        (RuntimeError("ffmpeg exited 1"), "internal", "Something went wrong on our side."),
    ],
)
def test_a_failed_job_is_refunded_and_leaves_nothing(
    account: Account, data: Settings, body: Body, error: Exception, code: str, sentence: str
) -> None:
    def breaks(job: Job, tell: Tell) -> Outcome:
        render(job, tell)
        raise error

    body(breaks)
    job = add(account)
    Worker(data).perform(job.id)
    failed = again(job)
    assert (failed.status, failed.error_code, failed.error) == ("failed", code, sentence)
    assert ledger.balance(account.id) == (10, 0) and everything_kept(data) == []


def test_a_bug_is_logged_and_a_refusal_is_not(
    account: Account, data: Settings, body: Body, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(job: Job, tell: Tell) -> Outcome:
        raise RuntimeError("ffmpeg exited 1") if job.reserved_cents == 2 else Unprocessable("damaged")

    body(breaks)
    for cents in (2, 3):
        Worker(data).perform(add(account, cents).id)
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [str(record.exc_info[1]) for record in errors if record.exc_info] == ["ffmpeg exited 1"]


def test_a_job_that_is_rung_for_twice_is_done_once(account: Account, data: Settings, body: Body) -> None:
    ran: list[str] = []

    def count(job: Job, tell: Tell) -> Outcome:
        ran.append(job.id)
        return render(job, tell)

    body(count)
    job = add(account)
    for _ in range(2):
        Worker(data).perform(job.id)
    assert ran == [job.id] and ledger.balance(account.id) == (8, 0)


def test_progress_is_shown_while_a_body_runs(account: Account, data: Settings, body: Body) -> None:
    seen: list[tuple[str, int, str]] = []

    def tells(job: Job, tell: Tell) -> Outcome:
        for fraction, message in ((0.1, "Reading"), (0.5, "Cutting"), (0.3, "Cutting again"), (1.0, "Cutting again")):
            tell(fraction, message)
            shown = again(job)
            seen.append((shown.status, shown.progress, shown.status_message))
        return Outcome()

    body(tells)
    Worker(data).perform(add(account).id)
    assert seen == [
        ("processing", 9, "Reading"),
        ("processing", 48, "Cutting"),
        ("processing", 48, "Cutting again"),
        ("processing", 97, "Cutting again"),
    ]


def test_a_canceled_body_hears_of_it_also_when_nothing_moved(account: Account, data: Settings, body: Body) -> None:
    def stands_still(job: Job, tell: Tell) -> Outcome:
        tell(0.5, "Cutting")
        jobs.ask_to_cancel(job)
        tell(0.5, "Cutting")
        raise AssertionError("the body went on")

    body(stands_still)
    job = add(account)
    Worker(data).perform(job.id)
    assert again(job).error_code == "canceled" and ledger.balance(account.id) == (10, 0)


def test_a_cancel_after_the_bodys_last_word_still_counts(account: Account, data: Settings, body: Body) -> None:
    def late(job: Job, tell: Tell) -> Outcome:
        outcome = render(job, tell)
        jobs.ask_to_cancel(job)
        return outcome

    body(late)
    job = add(account)
    Worker(data).perform(job.id)
    assert again(job).error_code == "canceled"
    assert ledger.balance(account.id) == (10, 0) and everything_kept(data) == []


def test_what_an_attempt_made_that_lost_its_job_is_not_seen(account: Account, data: Settings, body: Body) -> None:
    def taken_over(job: Job, tell: Tell) -> Outcome:
        outcome = render(job, tell)
        Job.update(owner="another-machine/1/x").where(Job.id == job.id).execute()
        return outcome

    body(taken_over)
    job = add(account)
    Worker(data).perform(job.id)
    assert again(job).status in jobs.LIVE and library.of_job(job.id) == []
    assert ledger.balance(account.id) == (8, 2) and everything_kept(data) == []


def test_what_is_lost_between_keeping_and_listing_leaves_no_bytes(
    account: Account, data: Settings, body: Body, monkeypatch: pytest.MonkeyPatch
) -> None:
    body(render)

    def breaks(*_: object) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr(library, "add", breaks)
    job = add(account)
    Worker(data).perform(job.id)
    assert again(job).error_code == "internal" and everything_kept(data) == []
    assert ledger.balance(account.id) == (10, 0)


# -- Stopping ----------------------------------------------------------------------------------------------


def test_a_stopping_worker_puts_back_what_it_was_doing(account: Account, data: Settings, body: Body) -> None:
    running, began = Worker(data), threading.Event()
    running.start()

    def long(job: Job, tell: Tell) -> Outcome:
        while True:
            tell(0.5, "Cutting")
            began.set()
            time.sleep(0.02)

    body(long)
    job = add(account)
    thread = threading.Thread(target=running.perform, args=(job.id,))
    thread.start()
    assert began.wait(10)
    running.stop()
    thread.join(10)
    back = again(job)
    assert (back.status, back.attempt, back.owner) == ("pending", 0, "")
    assert ledger.balance(account.id) == (8, 2) and not leases.has_worker()
    running.perform(job.id)
    assert again(job).status == "pending"


def test_a_worker_says_that_it_lives_and_keeps_its_lease(account: Account, data: Settings, body: Body) -> None:
    running = Worker(data)
    leased: list[float] = []

    def watches(job: Job, tell: Tell) -> Outcome:
        until = time.monotonic() + 20
        while again(job).lease_until <= job.lease_until and time.monotonic() < until:
            time.sleep(0.05)
        leased.extend((job.lease_until, again(job).lease_until))
        return Outcome()

    body(watches)
    running.start()
    assert leases.has_worker()
    running.perform(add(account).id)
    running.stop()
    assert leased[1] > leased[0]


# -- Sweeping ----------------------------------------------------------------------------------------------


@pytest.fixture
def dead() -> Iterator[str]:
    """The name of a worker whose process is gone."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    yield leases.owner_name().replace(f"/{os.getpid()}/", f"/{pid}/")


def test_the_sweep_starts_a_dead_workers_job_again_and_it_is_paid_once(
    account: Account, data: Settings, body: Body, dead: str
) -> None:
    body(render)
    job = add(account)
    leases.claim(job.id, dead)
    worker.sweep()
    done = again(job)
    assert (done.status, done.attempt) == ("complete", 2)
    assert ledger.balance(account.id) == (8, 0)
    check_books(account.id)


def test_a_job_that_killed_three_workers_is_given_up_and_refunded(account: Account, rung: list[str], dead: str) -> None:
    job = add(account)
    for _ in range(3):
        assert leases.claim(job.id, dead)
        worker.sweep()
    failed = again(job)
    assert (failed.status, failed.error_code, failed.attempt) == ("failed", "worker_lost", 3)
    assert failed.error == "This job was interrupted three times and was given up."
    assert ledger.balance(account.id) == (10, 0) and rung == [job.id] * 2


def test_the_sweep_rings_for_what_the_queue_lost(account: Account, rung: list[str]) -> None:
    job = add(account)
    worker.sweep()
    assert rung == []
    Job.update(rung_at=time.time() - leases.RING_AGAIN_S - 1).execute()
    worker.sweep()
    worker.sweep()
    assert rung == [job.id]


def test_a_lost_job_that_was_canceled_is_not_started_again(account: Account, rung: list[str], dead: str) -> None:
    job = add(account)
    leases.claim(job.id, dead)
    jobs.ask_to_cancel(job)
    worker.sweep()
    assert again(job).error_code == "canceled" and rung == []
    assert ledger.balance(account.id) == (10, 0)


def test_a_dead_workers_half_made_files_go(account: Account, data: Settings, body: Body, dead: str) -> None:
    job = add(account)
    claimed = leases.claim(job.id, dead)
    assert claimed
    render(claimed, lambda fraction, message: None)
    assert everything_kept(data) != []
    body(lambda job, tell: Outcome())
    worker.sweep()
    assert again(job).status == "complete" and everything_kept(data) == []


def test_files_that_nobody_wants_are_gone_when_a_worker_starts(account: Account, data: Settings) -> None:
    old, fresh = data.temp_dir / "old.part", data.temp_dir / "fresh.part"
    for path in (old, fresh):
        path.write_bytes(b"half")
    (data.temp_dir / "old-folder").mkdir()
    for path in (old, data.temp_dir / "old-folder"):
        os.utime(path, (time.time() - 90_000,) * 2)
    running = Worker(data)
    running.start()
    running.stop()
    assert [path.name for path in data.temp_dir.iterdir()] == ["fresh.part"]


def test_expiry_ends_everything_whose_time_is_over(account: Account, data: Settings, body: Body) -> None:
    body(render)
    job = add(account)
    Worker(data).perform(job.id)
    (clip,) = library.of_job(job.id)
    library.Clip.update(expires_at=store.now().replace(year=2020)).execute()
    worker.expire()
    assert store.blobs.size(clip.key) is None and everything_kept(data) == []


def test_bytes_that_no_row_points_at_go_after_a_day_and_others_stay(
    owner: Account, tiny: Path, send: Send, data: Settings, body: Body
) -> None:
    body(render)
    upload = send(owner, tiny)
    job = add(owner)
    Worker(data).perform(job.id)
    wanted = everything_kept(data)
    orphans = [f"{kind}/ab/{name}" for kind, name in (("clips", "0.mp4"), ("uploads", "upl_0"))] + ["previews/upl_0/x"]
    for key in (*orphans, ".arriving/half"):
        path = data.data_dir / "blobs" / key
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"orphan")
    worker.tidy()
    assert len(everything_kept(data)) == len(wanted) + 4
    for path in (data.data_dir / "blobs").rglob("*"):
        os.utime(path, (time.time() - 200_000,) * 2)
    worker.tidy()
    assert everything_kept(data) == wanted and uploads.get_ready(owner.id, upload.id)
