"""Whatever happens at the same time, nobody pays twice and nobody gets what was not paid."""

import contextlib
import random
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from fastclip import store
from fastclip.billing.answers import KeptAnswer
from fastclip.billing.ledger import Hold
from fastclip.jobs import Job
from tests.billing.machine import check_books
from tests.journeys.conftest import FASTCLIP, Person, Running, Start, until


def test_fifty_requests_at_once_on_a_balance_for_ten_get_exactly_ten(start: Start, tiny: Path) -> None:
    server = start("data", "--no-worker")
    person = server.person(cents=20)
    file_id = make_ready(server, person, tiny)
    with ThreadPoolExecutor(50) as pool:
        answers = list(
            pool.map(lambda n: person.post("/v1/clip", file_id=file_id, start=0, end=1 + n / 100), range(50))
        )
    assert Counter(answer.status_code for answer in answers) == {200: 10, 402: 40}
    refused = next(answer.json() for answer in answers if answer.status_code == 402)
    assert refused["code"] == "insufficient_balance" and refused["error"].startswith("This costs $0.02; the balance is")
    assert person.balance() == (0, 20)
    with server.rows():
        check_books(person.account.id)
        assert Hold.select().count() == 10


def test_cancels_and_trims_crossing_each_other_leave_the_books_right(studio: Running, tiny: Path) -> None:
    person = studio.person(cents=40)
    file_id = person.send(tiny)["file_id"]
    ids = [person.post("/v1/clip", file_id=file_id, start=0, end=2).json()["job_id"] for _ in range(20)]
    with ThreadPoolExecutor(8) as pool:
        cancels = list(pool.map(lambda job_id: person.post(f"/v1/clip/{job_id}/cancel").status_code, ids * 2))
    ended = [person.ended(job_id) for job_id in ids]
    complete = sum(job["status"] == "complete" for job in ended)
    assert set(cancels) <= {200, 409} and {job["code"] for job in ended if job["status"] == "failed"} <= {"canceled"}
    assert person.balance() == (40 - 2 * complete, 0)
    assert person.get("/v1/clips", limit=1)["total"] == complete
    with studio.rows():
        check_books(person.account.id)


@pytest.mark.parametrize("kills", [2, pytest.param(25, marks=pytest.mark.slow)])
def test_a_request_whose_server_is_killed_is_done_once_when_it_is_asked_again(
    start: Start, tiny: Path, kills: int
) -> None:
    server = start("data", "--no-worker")
    person = server.person(cents=100)
    asked = {"file_id": make_ready(server, person, tiny), "start": 0, "end": 1}
    moments, made = random.Random(6), []
    for n in range(kills):
        headers = {"Idempotency-Key": f"killed {n}"}
        with ThreadPoolExecutor(1) as pool:
            lost = pool.submit(person.http.post, "/v1/clip", json=asked, headers=headers)
            time.sleep(moments.uniform(0.0, 0.05))
            server.kill()
            with contextlib.suppress(httpx.TransportError):
                lost.result()
        server.start()
        person = Person(server, person.account, person.key)
        with server.rows():  # the lease of who died runs out
            KeptAnswer.update(lease_until=store.now() - timedelta(seconds=1)).execute()
        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda _: person.http.post("/v1/clip", json=asked, headers=headers), range(10)))  # noqa: B023
        assert {answer.status_code for answer in answers} <= {200, 409}
        answer = person.http.post("/v1/clip", json=asked, headers=headers)
        assert answer.status_code == 200 and answer.headers["idempotency-replayed"] == "true"
        made.append(answer.json()["job_id"])
    assert person.balance() == (100 - 2 * kills, 2 * kills)
    with server.rows():
        check_books(person.account.id)
        assert {hold.ref for hold in Hold.select().where(Hold.account_id == person.account.id)} == set(made)
        assert {job.id for job in Job.select().where(Job.kind == "trim")} == set(made) and len(set(made)) == kills


def make_ready(server: Running, person: Person, path: Path) -> str:
    """An upload that a worker has checked, on a server that is without one afterwards."""
    worker = subprocess.Popen(
        [*FASTCLIP, "worker", "--data-dir", str(server.folder), "--watch-stdin"], stdin=subprocess.PIPE
    )
    try:
        upload = person.send(path)
        until(lambda: person.get(f"/v1/upload/{upload['file_id']}/preview")["status"] == "ready")
    finally:
        assert worker.stdin
        worker.stdin.close()
        assert worker.wait(20) == 0
    return upload["file_id"]
