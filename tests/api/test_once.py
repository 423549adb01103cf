"""`Idempotency-Key`, over HTTP: one job and one charge, however often it is asked."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from fastclip import accounts, store
from fastclip.accounts import Account
from fastclip.api import app as web
from fastclip.api import remade
from fastclip.billing import answers, ledger, manual
from fastclip.billing.answers import KeptAnswer
from fastclip.jobs import Job
from fastclip.uploads import Upload
from fastclip.worker import Worker
from tests.api.conftest import Site
from tests.conftest import send_file

MONEY = {
    "POST /v1/upload/request",
    "POST /v1/upload/multipart/initiate",
    "POST /v1/clip",
    "POST /v1/clip/auto",
    "POST /v1/clip/analyze",
    "POST /v1/transcript",
    "POST /v1/captions",
    "POST /v1/deposit",
    "POST /v1/deposit/finalize",
    "POST /v1/deposit/btcpay",
    "POST /v1/reload",
    "POST /v1/storage/purchase",
    "POST /v1/account/signup-credit",
    "POST /v1/admin/grants",
    "POST /v1/admin/deposits/{attempt_id}/approve",
}


@pytest.fixture(scope="module")
def member(site: Site) -> Account:
    """Metered, with a dollar."""
    account = accounts.by_email("member@example.org")
    with store.write():
        ledger.credit(account.id, "grant", 100, key="grant:once")
    return account


@pytest.fixture(scope="module")
def source(site: Site, member: Account, tiny: Path) -> Upload:
    store.queue.serve(Worker(site.settings).perform, {})
    found = send_file(member, tiny)
    store.queue.serve(lambda job_id: None, {})
    return found


@pytest.fixture
def script(site: Site, member: Account):
    with site.client(Authorization=f"Bearer {site.member_key}") as opened:
        yield opened


def clip(script: httpx.Client, source: Upload, key: str, **change: object) -> httpx.Response:
    asked = {"file_id": source.id, "start": 0, "end": 1} | change
    return script.post("/v1/clip", json=asked, headers={"Idempotency-Key": key})


def jobs() -> int:
    return Job.select().where(Job.kind == "trim").count()


def test_the_same_request_again_gets_the_same_answer_and_costs_nothing(
    script: httpx.Client, source: Upload, member: Account
) -> None:
    before, count = ledger.balance(member.id)[0], jobs()
    first, second = clip(script, source, "one"), clip(script, source, "one")
    assert first.status_code == second.status_code == 200 and first.json() == second.json()
    assert "idempotency-replayed" not in first.headers and second.headers["idempotency-replayed"] == "true"
    assert second.headers["request-id"] != first.headers["request-id"]
    assert (before - ledger.balance(member.id)[0], jobs() - count) == (2, 1)


def test_another_request_under_the_same_key_is_refused(script: httpx.Client, source: Upload, member: Account) -> None:
    clip(script, source, "two")
    before, count = ledger.balance(member.id), jobs()
    for other in (
        clip(script, source, "two", end=2),
        script.post("/v1/deposit", json={"amount": 500}, headers={"Idempotency-Key": "two"}),
    ):
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert (ledger.balance(member.id), jobs()) == (before, count)


def test_fifty_at_once_make_one_job_and_one_charge(site: Site, source: Upload, member: Account) -> None:
    before, count = ledger.balance(member.id)[0], jobs()
    headers = {"Authorization": f"Bearer {site.member_key}", "Idempotency-Key": "fifty"}
    asked = {"file_id": source.id, "start": 0, "end": 1}
    with httpx.Client(base_url=site.address, headers=headers, timeout=60) as client, ThreadPoolExecutor(25) as threads:
        answers = list(threads.map(lambda _: client.post("/v1/clip", json=asked), range(50)))
    made = {answer.json()["job_id"] for answer in answers if answer.status_code == 200}
    assert len(made) == 1 and (before - ledger.balance(member.id)[0], jobs() - count) == (2, 1)
    refused = {(answer.status_code, answer.json()["code"]) for answer in answers if answer.status_code != 200}
    assert refused <= {(409, "idempotency_in_progress")}
    assert client_again(site, asked).json() == {"job_id": made.pop(), "status": "pending"}


def client_again(site: Site, asked: dict[str, object]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {site.member_key}", "Idempotency-Key": "fifty"}
    return httpx.post(f"{site.address}/v1/clip", json=asked, headers=headers, timeout=30)


def test_a_refusal_frees_the_key(script: httpx.Client, source: Upload) -> None:
    assert clip(script, source, "three", end=900).status_code == 422
    assert clip(script, source, "three").status_code == 200
    assert script.post("/v1/clip", content=b"{", headers={"Idempotency-Key": "four"}).status_code in (400, 415)
    assert clip(script, source, "four").status_code == 200


def test_keys_of_two_accounts_do_not_meet(site: Site, script: httpx.Client) -> None:
    asked, headers = {"amount": 500, "provider": "manual"}, {"Idempotency-Key": "shared"}
    with site.with_key() as owner:
        answers = [who.post("/v1/deposit", json=asked, headers=headers).json() for who in (owner, script)]
    assert answers[0]["attempt_id"] != answers[1]["attempt_id"]


def test_a_key_that_is_none_is_refused(script: httpx.Client, source: Upload) -> None:
    answer = clip(script, source, "x" * 256)
    assert (answer.status_code, answer.json()["param"]) == (400, "Idempotency-Key")


def test_without_a_key_every_request_counts(script: httpx.Client, source: Upload) -> None:
    asked = {"file_id": source.id, "start": 0, "end": 1}
    assert (
        len(
            {
                script.post("/v1/clip", content=json.dumps(asked), headers={"Content-Type": "application/json"}).json()[
                    "job_id"
                ]
                for _ in range(2)
            }
        )
        == 2
    )


# -- What died before it answered --------------------------------------------------------------------------


def pieces(member: Account, source: Upload) -> dict[str, tuple[str, dict[str, object], int]]:
    """What is asked -> path, body, cents that it costs."""
    span = {"start": 0, "end": 1}
    file = {"filename": "a.mp4", "content_type": "video/mp4", "file_size": 6_000_000, "clip": span}
    waiting = manual.begin(member, 500).id
    return {
        "a clip": ("/v1/clip", {"file_id": source.id} | span, 2),
        "segments": ("/v1/clip", {"file_id": source.id, "segments": [span, span]}, 4),
        "a merged clip": ("/v1/clip", {"file_id": source.id, "segments": [span, span], "merge": True}, 4),
        "moments": ("/v1/clip/auto", {"file_id": source.id, "query": "anything"}, 10),
        "captions": ("/v1/captions", {"file_id": source.id, "preset_ref": "builtin:short-form-karaoke"}, 2),
        "an upload": ("/v1/upload/request", file, 2),
        "parts": ("/v1/upload/multipart/initiate", file | {"part_size": 6_000_000, "part_count": 1}, 2),
        "storage": ("/v1/storage/purchase", {"gb": 5}, 900),
        "the welcome credit": ("/v1/account/signup-credit", {}, -100),
        "a gift": ("/v1/admin/grants", {"email": member.email, "amount": 100}, -100),
        "an approval": (f"/v1/admin/deposits/{waiting}/approve", {"as": "grant"}, -500),
    }


DIED = (
    "a clip,segments,a merged clip,moments,captions,an upload,parts,storage,the welcome credit,a gift,an approval"
).split(",")


@pytest.mark.parametrize("name", DIED)
def test_what_was_done_and_never_said_is_said_when_it_is_asked_again(
    site: Site, member: Account, source: Upload, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, body, cents = pieces(member, source)[name]
    with store.write():
        ledger.credit(member.id, "grant", 1000, key=f"grant:{name}")
    before, who = sum(ledger.balance(member.id)), "owner" if "/admin/" in path else "member"
    available = ledger.balance(member.id)[0]
    with site.signed_in(f"{who}@example.org") as client:

        def ask() -> httpx.Response:
            return client.post(path, json=body, headers={"Idempotency-Key": name})

        monkeypatch.setattr(answers, "keep", _fails)
        assert ask().status_code == 500
        monkeypatch.undo()
        assert ask().json()["code"] == "idempotency_in_progress"
        _lease_ends()
        count = Job.select().count()
        again = ask()
        assert again.status_code == 200, again.text
        assert again.headers["idempotency-replayed"] == "true"
        assert ask().json() == again.json()
        fresh = client.post(path, json=body)  # without a key it is done anew, where it may be
    if fresh.status_code == 200 and name != "an approval":
        assert fresh.json().keys() == again.json().keys()
        fresh_costs = cents
    else:
        fresh_costs = 0
    assert available - ledger.balance(member.id)[0] == cents + fresh_costs
    assert Job.select().count() - count <= 2 and before


def test_what_moved_nothing_before_it_died_is_done_when_it_is_asked_again(
    script: httpx.Client, source: Upload, member: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, count = ledger.balance(member.id)[0], jobs()
    monkeypatch.setattr(answers, "moved", _fails)
    assert clip(script, source, "dead").status_code == 500
    monkeypatch.undo()
    assert (ledger.balance(member.id)[0], jobs()) == (before, count)
    done = clip(script, source, "dead")
    assert done.status_code == 200, done.text
    assert "idempotency-replayed" not in done.headers
    assert clip(script, source, "dead").json() == done.json()
    assert (before - ledger.balance(member.id)[0], jobs() - count) == (2, 1)


def test_every_path_whose_answer_is_made_again_takes_a_key() -> None:
    assert {f"POST {path.replace(':str', '')}" for path in remade.PATHS} < MONEY


def _fails(*_: object, **__: object) -> None:
    raise RuntimeError("the process dies here")


def _lease_ends() -> None:
    KeptAnswer.update(lease_until=store.now() - timedelta(seconds=1)).execute()


def test_every_route_that_moves_money_takes_a_key(site: Site) -> None:
    import threading

    app = web.build(site.standing, stopping=threading.Event(), secret="s", on_focus=lambda: None)
    taking = {
        f"POST {path}"
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for path in handler.paths
        if handler.opt.get("once")
    }
    assert MONEY <= {path.replace(":str}", "}") for path in taking}
