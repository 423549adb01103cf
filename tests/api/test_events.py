import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from fastclip import accounts, jobs, sessions, store
from fastclip.accounts import Account
from fastclip.api.events import Watch
from fastclip.billing import ledger
from fastclip.jobs import Job
from tests.api.conftest import Site, open_site

QUICK = httpx.Timeout(15)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as opened:
        store.queue.serve(lambda job_id: None, {})
        yield opened


@contextmanager
def listening(client: httpx.Client) -> Iterator[Iterator[tuple[str, Any]]]:
    with client.stream("GET", "/v1/events", timeout=QUICK) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        yield _events(stream)


def _events(stream: httpx.Response) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in stream.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))
        elif line.startswith(": "):
            yield "comment", line.removeprefix(": ")


def _job(account_id: str) -> Job:
    with store.write():
        return jobs.add(account_id, "trim", {"start": 1, "end": 2}, lane="ffmpeg", file_id="upl_x")


def test_a_listener_hears_what_runs_and_then_what_changes(own: Site) -> None:
    first = _job(own.owner_id)
    with own.signed_in() as client, listening(client) as events:
        assert next(events) == ("comment", "listening")
        kind, shown = next(events)
        assert (kind, shown["job_id"], shown["status"]) == ("job", first.id, "pending")
        with store.write():
            ledger.grant_signup_credit(own.owner_id)
        second = _job(own.owner_id)
        heard = {}
        while len(heard) < 2:
            kind, shown = next(events)
            heard[kind] = shown
        assert heard["balance"]["balance"] == 1.0
        assert heard["job"]["job_id"] in (first.id, second.id)


def test_nobody_hears_of_other_peoples_work(own: Site) -> None:
    with own.client(Authorization=f"Bearer {own.member_key}") as client, listening(client) as events:
        assert next(events) == ("comment", "listening")
        _job(own.owner_id)
        mine = _job(accounts.by_email("member@example.org").id)
        assert next(events)[1]["job_id"] == mine.id


def test_the_stream_ends_when_the_server_stops(own: Site) -> None:
    with own.with_key() as client, listening(client) as events:
        next(events)
        own.stopping.set()
        assert list(events) == []


def test_the_stream_ends_when_the_session_does(own: Site) -> None:
    with own.signed_in() as client, listening(client) as events:
        next(events)
        sessions.sign_out(client.cookies["fc_session"])
        assert list(events) == []


def test_events_are_for_accounts_only(own: Site) -> None:
    with own.client() as client:
        assert client.get("/v1/events").status_code == 401


@pytest.fixture
def watched(data: object, rung: list[str], owner: Account) -> Watch:
    return Watch(owner.id)


def test_a_change_is_told_once(watched: Watch, owner: Account) -> None:
    job = _job(owner.id)
    assert [event.row_id for event in watched.look()] == [job.id]
    assert watched.look() == []
    jobs.ask_to_cancel(job)
    jobs.end_waiting(job, error="Canceled", error_code="canceled")
    assert [event.data["status"] for event in watched.look()] == ["failed"]
    assert watched.look() == []


def test_a_row_that_was_committed_late_is_not_missed(watched: Watch, owner: Account) -> None:
    watched.look()
    job = _job(owner.id)
    with store.write():
        Job.update(changed=time.time() - 2).where(Job.id == job.id).execute()
    assert [event.row_id for event in watched.look()] == [job.id]


def test_a_preview_in_the_making_is_told_as_such(watched: Watch, owner: Account) -> None:
    with store.write():
        jobs.add(owner.id, "prepare", {"file_id": "upl_x"}, lane="light", file_id="upl_x")
        jobs.add(owner.id, "validate", {"file_id": "upl_x"}, lane="light", file_id="upl_x")
    events = watched.look()
    assert [(event.kind, event.data) for event in events] == [
        ("preview", {"file_id": "upl_x", "status": "preparing", "progress": 0})
    ]
