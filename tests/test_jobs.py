import os
import subprocess
import sys
import threading
import time

import pytest

from fastclip import jobs, leases, store
from fastclip.errors import Canceled, Conflict, NotFound, Unavailable
from fastclip.jobs import Job
from fastclip.settings import Settings

ACCOUNT = "usr_1"
ELSEWHERE = "another-machine/1/x"


@pytest.fixture(autouse=True)
def _opened(data: Settings) -> None: ...


def add(**facts: object) -> Job:
    job = jobs.add(ACCOUNT, "trim", {"start": 1}, lane="ffmpeg", file_id="upl_1")
    if facts:
        Job.update(**facts).where(Job.id == job.id).execute()
    return Job.get_by_id(job.id)


def held(owner: str = ELSEWHERE) -> Job:
    job = leases.claim(add().id, owner)
    assert job
    return job


def again(job: Job) -> Job:
    return Job.get_by_id(job.id)


# -- Asking ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "prefix"), [*jobs.PREFIXES.items(), ("validate", "job_")])
def test_a_job_is_named_after_its_kind(kind: str, prefix: str) -> None:
    job_id = jobs.add(ACCOUNT, kind, {}, lane="light").id
    assert job_id.startswith(prefix) and len(job_id) == len(prefix) + 16


def test_a_new_job_waits_and_remembers_what_was_asked() -> None:
    job = add()
    assert (job.status, job.progress, job.attempt, job.asked, job.made) == ("pending", 0, 0, {"start": 1}, {})


def test_somebody_elses_job_is_not_there() -> None:
    job = add()
    assert jobs.get(ACCOUNT, job.id).id == job.id
    with pytest.raises(NotFound, match=f"no job {job.id} on this account"):
        jobs.get("usr_2", job.id)


def test_lists_hold_the_accounts_own_jobs_newest_first() -> None:
    first, second = add(), add()
    ended = add(status="complete")
    jobs.add("usr_2", "trim", {}, lane="ffmpeg")
    jobs.add(ACCOUNT, "validate", {}, lane="light")
    listed = jobs.of_account(ACCOUNT, ("trim",), only_live=True, limit=9)
    assert [job.id for job in listed] == [second.id, first.id]
    assert jobs.of_account(ACCOUNT, ("trim",), only_live=False, limit=1)[0].id == ended.id


def test_what_changed_since_a_moment_is_told_oldest_first() -> None:
    first, second = held(), held()
    moment = time.time()
    leases.tell(second, "processing", 0.1, "Cutting")
    leases.tell(first, "processing", 0.1, "Cutting")
    assert [job.id for job in jobs.changed_since(ACCOUNT, moment)] == [second.id, first.id]


def test_a_source_is_in_use_while_work_on_it_waits_or_runs() -> None:
    job = add()
    assert jobs.has_live("upl_1")
    claimed = leases.claim(job.id, ELSEWHERE)
    assert claimed and jobs.has_live("upl_1")
    leases.end(claimed, "complete")
    assert not jobs.has_live("upl_1")
    latest = jobs.latest("upl_1", "trim")
    assert latest and latest.id == job.id and jobs.latest("upl_1", "proxy") is None


# -- Holding -----------------------------------------------------------------------------------------------


def test_eight_threads_claim_a_job_once() -> None:
    ids, taken = [add().id for _ in range(10)], []
    start = threading.Barrier(8)

    def claim_all(n: int) -> None:
        start.wait()
        for job_id in ids:
            if job := leases.claim(job_id, f"host/{n}/x"):
                taken.append((job_id, job.owner))

    threads = [threading.Thread(target=claim_all, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(job_id for job_id, _ in taken) == sorted(ids)
    assert all(Job.get_by_id(job_id).owner == owner for job_id, owner in taken)


@pytest.mark.parametrize("status", ["downloading", "processing", "uploading", "complete", "failed"])
def test_only_a_pending_job_is_claimed(status: str) -> None:
    assert leases.claim(add(status=status).id, ELSEWHERE) is None


def test_a_claim_says_what_begins() -> None:
    job = held()
    assert (job.status, job.status_message, job.attempt) == ("downloading", "Fetching the source", 1)
    assert job.started_at and job.lease_until > time.time()


def test_progress_is_told_and_is_100_only_at_the_end() -> None:
    job = held()
    leases.tell(job, "processing", 0.5, "Cutting")
    assert (again(job).status, again(job).progress, again(job).status_message) == ("processing", 50, "Cutting")
    leases.tell(job, "uploading", 1.0, "Saving")
    assert again(job).progress == 99
    leases.end(job, "complete", progress=100)
    assert again(job).progress == 100


def test_progress_never_falls_within_an_attempt_and_begins_again_with_the_next() -> None:
    job = held()
    for fraction in (0.2, 0.6, 0.4, -1.0):
        leases.tell(job, "processing", fraction, "Cutting")
    assert again(job).progress == 60
    Job.update(lease_until=0.0).execute()
    assert leases.requeue(again(job))
    second = leases.claim(job.id, ELSEWHERE)
    assert second and second.progress == 0


def test_who_lost_a_job_can_neither_tell_of_it_nor_end_it() -> None:
    first = held()
    Job.update(lease_until=0.0).execute()
    leases.requeue(again(first))
    second = leases.claim(first.id, "another-machine/2/y")
    assert second and leases.is_lost(first) and not leases.is_lost(second)
    with pytest.raises(Canceled):
        leases.tell(first, "processing", 0.9, "Cutting")
    assert not leases.end(first, "complete")
    assert leases.end(second, "complete")


def test_a_job_ends_once() -> None:
    job = held()
    assert leases.end(job, "complete") and not leases.end(job, "failed")
    assert again(job).status == "complete" and again(job).finished_at


def test_a_canceled_job_hears_of_it_at_its_next_word() -> None:
    job = held()
    jobs.ask_to_cancel(job)
    assert leases.is_lost(job)
    with pytest.raises(Canceled, match="You canceled this job"):
        leases.tell(job, "processing", 0.5, "Cutting")
    assert leases.end(job, "failed")


def test_a_waiting_job_ends_without_a_worker_unless_one_was_faster() -> None:
    waiting, taken = add(), held()
    assert jobs.end_waiting(waiting, error="Canceled") and again(waiting).status == "failed"
    assert not jobs.end_waiting(taken) and again(taken).status == "downloading"


@pytest.mark.parametrize("status", ["complete", "failed"])
def test_what_has_ended_cannot_be_canceled(status: str) -> None:
    with pytest.raises(Conflict, match="has ended already"):
        jobs.ask_to_cancel(add(status=status))


def test_what_is_given_back_waits_as_if_it_had_not_been_tried() -> None:
    job = held()
    leases.tell(job, "processing", 0.5, "Cutting")
    leases.give_back(job)
    back = again(job)
    assert (back.status, back.attempt, back.owner, back.progress) == ("pending", 0, "", 0)
    assert [one.id for one in leases.unheard()] == [job.id]


def test_what_has_ended_is_not_given_back() -> None:
    job = held()
    leases.end(job, "complete")
    leases.give_back(job)
    assert again(job).status == "complete"


# -- Sweeping ----------------------------------------------------------------------------------------------


def test_a_lease_that_is_extended_does_not_lapse() -> None:
    job = held()
    Job.update(lease_until=time.time() + 0.5).execute()
    leases.extend(ELSEWHERE, [job.id])
    assert again(job).lease_until > time.time() + leases.LEASE_S - 1
    assert leases.lapsed() == []


def test_only_its_holder_extends_a_lease() -> None:
    job = held()
    before = job.lease_until
    leases.extend("another-machine/2/y", [job.id])
    assert again(job).lease_until == before


def test_a_lease_that_ran_out_lapses() -> None:
    job = held()
    assert leases.lapsed() == []
    Job.update(lease_until=time.time() - 0.1).execute()
    assert [one.id for one in leases.lapsed()] == [job.id]


def test_a_job_whose_process_on_this_machine_is_dead_lapses_at_once() -> None:
    program = "from fastclip import leases; print(leases.owner_name())"
    dead = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    lost, kept = held(dead), held(leases.owner_name())
    assert [one.id for one in leases.lapsed()] == [lost.id]
    assert again(kept).lease_until > time.time()


def test_a_job_is_tried_three_times() -> None:
    job = add()
    for attempt in (1, 2, 3):
        claimed = leases.claim(job.id, ELSEWHERE)
        assert claimed and claimed.attempt == attempt
        Job.update(lease_until=0.0).execute()
        assert leases.requeue(again(job)) is (attempt < 3)


def test_one_sweep_of_many_takes_a_lapsed_job_up() -> None:
    job = held()
    Job.update(lease_until=0.0).execute()
    seen = again(job)
    assert [leases.requeue(seen), leases.requeue(seen)] == [True, False]


def test_a_job_whose_lease_was_extended_meanwhile_is_left_alone() -> None:
    held()
    Job.update(lease_until=time.time() - 0.1).execute()
    (seen,) = leases.lapsed()
    leases.extend(ELSEWHERE, [seen.id])
    assert not leases.requeue(seen)
    assert again(seen).owner == ELSEWHERE


def test_who_waits_unheard_is_rung_for_again_but_not_at_every_look() -> None:
    fresh, old = add(), add(rung_at=time.time() - leases.RING_AGAIN_S - 1)
    assert [job.id for job in leases.unheard()] == [old.id]
    assert leases.unheard() == [] and again(fresh).status == "pending"


def test_a_worker_is_seen_until_it_says_farewell() -> None:
    assert not leases.has_worker()
    leases.extend("host/1/x", [])
    assert leases.has_worker()
    leases.forget_workers("host/1/x")
    assert not leases.has_worker()


def test_a_worker_that_fell_silent_is_not_counted() -> None:
    leases.extend("host/1/x", [])
    leases.WorkerSeen.update(seen_at=time.time() - leases.WORKER_SEEN_S - 1).execute()
    assert not leases.has_worker()
    leases.WorkerSeen.update(seen_at=time.time() - 3700).execute()
    leases.forget_workers()
    assert leases.WorkerSeen.select().count() == 0


def test_an_owners_name_tells_this_process_and_is_new_each_time() -> None:
    names = {leases.owner_name() for _ in range(3)}
    assert len(names) == 3 and {name.split("/")[1] for name in names} == {str(os.getpid())}


def test_a_queue_that_is_down_is_said_and_leaves_the_job_to_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object, **__: object) -> None:
        raise Unavailable("down")

    monkeypatch.setattr(store.queue, "push", down)
    job = add()
    with pytest.raises(Unavailable):
        jobs.push(job)
    assert again(job).status == "pending"
