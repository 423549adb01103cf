"""Deposits, storage and usage as scripts, pages and the owner meet them."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from fastclip import accounts, retention, rules, store
from fastclip.accounts import Account
from fastclip.api import usage as usage_routes
from fastclip.billing import ledger
from fastclip.jobs import Job
from fastclip.worker import Worker
from tests.api.conftest import Site
from tests.conftest import send_file


@pytest.fixture(scope="module")
def member(site: Site) -> Account:
    return accounts.by_email("member@example.org")


@pytest.fixture
def script(site: Site) -> Iterator[httpx.Client]:
    with site.client(Authorization=f"Bearer {site.member_key}") as opened:
        yield opened


@pytest.fixture
def browser(site: Site) -> Iterator[httpx.Client]:
    with site.signed_in("member@example.org") as opened:
        yield opened


@pytest.fixture
def desk(site: Site) -> Iterator[httpx.Client]:
    with site.signed_in() as opened:
        yield opened


def balance(script: httpx.Client) -> float:
    return script.get("/v1/balance").raise_for_status().json()["balance"]


# -- Deposits ----------------------------------------------------------------------------------------------


def test_a_deposit_is_asked_for_approved_and_there(script: httpx.Client, desk: httpx.Client) -> None:
    before = balance(script)
    asked = script.post("/v1/deposit", json={"amount": 500}).raise_for_status().json()
    assert asked["status"] == "awaiting_approval" and (asked["amount"], asked["bonus"]) == (5.0, 2.5)
    waits = script.post("/v1/deposit/finalize", json={"attempt_id": asked["attempt_id"]})
    assert (waits.status_code, waits.json()["error"]) == (409, "This deposit waits for the owner's approval.")
    (shown,) = desk.get("/v1/admin/deposits").json()["data"]
    assert (shown["attempt_id"], shown["email"], shown["is_waiting"]) == (
        asked["attempt_id"],
        "member@example.org",
        True,
    )
    approved = desk.post(f"/v1/admin/deposits/{asked['attempt_id']}/approve", json={"as": "paid"})
    assert approved.json()["status"] == "succeeded" and balance(script) == before + 7.5
    done = script.post("/v1/deposit/finalize", json={"attempt_id": asked["attempt_id"]}).json()
    expected = {"attempt_id": asked["attempt_id"], "status": "succeeded", "amount": 5.0, "bonus": 2.5}
    assert done == expected | {"balance": before + 7.5}
    assert desk.get("/v1/admin/deposits").json()["data"] == []
    assert desk.get("/v1/admin/deposits?state=all").json()["data"][0]["decided_as"] == "paid"
    said = script.get("/v1/balance").json()
    assert said["has_paid_deposit"] and not said["first_topup_bonus_available"]


def test_a_rejected_deposit_tells_the_member_why(script: httpx.Client, desk: httpx.Client) -> None:
    before = balance(script)
    attempt = script.post("/v1/deposit", json={"amount": 500}).json()["attempt_id"]
    desk.post(f"/v1/admin/deposits/{attempt}/reject", json={"reason": "Not here yet."}).raise_for_status()
    refused = script.post("/v1/deposit/finalize", json={"attempt_id": attempt})
    assert (refused.status_code, refused.json()["code"], refused.json()["error"]) == (
        402,
        "payment_failed",
        "Not here yet.",
    )
    listed = script.get("/v1/deposits").json()["data"][0]
    assert (listed["status"], listed["error"], balance(script)) == ("failed", "Not here yet.", before)


@pytest.mark.parametrize(
    ("path", "asked", "status", "code"),
    [
        ("/v1/deposit", {"amount": 499}, 400, "invalid_request"),
        ("/v1/deposit", {"amount": 50001}, 400, "invalid_request"),
        ("/v1/deposit", {"amount": "500"}, 400, "invalid_request"),
        ("/v1/deposit", {"amount": 500.5}, 400, "invalid_request"),
        ("/v1/deposit", {"amount": 500, "provider": "cash"}, 400, "invalid_request"),
        ("/v1/deposit", {"amount": 500, "provider": "stripe"}, 503, "provider_unavailable"),
        ("/v1/deposit/btcpay", {"amount": 500}, 503, "provider_unavailable"),
        ("/v1/deposit/btcpay", {"amount": 1}, 400, "invalid_request"),
        ("/v1/deposit/finalize", {}, 400, "invalid_request"),
        ("/v1/deposit/finalize", {"attempt_id": "dep_1", "payment_intent_id": "pi_1"}, 400, "invalid_request"),
        ("/v1/deposit/finalize", {"attempt_id": "dep_nobodys"}, 404, "not_found"),
        ("/v1/deposit/finalize", {"payment_intent_id": "pi_nobodys"}, 404, "not_found"),
        ("/v1/storage/purchase", {"gb": 7}, 400, "invalid_request"),
        ("/v1/storage/purchase", {"gb": 1000}, 402, "insufficient_balance"),
    ],
)
def test_what_cannot_be_paid_is_refused(script: httpx.Client, path: str, asked: dict, status: int, code: str) -> None:
    before = balance(script)
    answer = script.post(path, json=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert balance(script) == before


def test_a_bitcoin_deposit_that_is_nobodys_is_not_found(script: httpx.Client) -> None:
    assert script.get("/v1/deposit/btcpay/status/dep_nobodys").status_code == 404


def test_hooks_of_providers_that_are_not_set_do_not_exist(client: httpx.Client) -> None:
    for name in ("stripe", "btcpay"):
        assert client.post(f"/v1/hooks/{name}", content=b"{}").status_code == 404


def test_cards_and_usage_are_for_people_not_for_keys(script: httpx.Client, browser: httpx.Client) -> None:
    assert browser.get("/v1/cards").json() == {"data": []}
    assert browser.delete("/v1/cards/pm_nobodys").status_code == 404
    for method, path in (
        ("GET", "/v1/cards"),
        ("DELETE", "/v1/cards/pm_1"),
        ("GET", "/v1/usage"),
        ("GET", "/v1/usage/export.csv"),
    ):
        answer = script.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "session_required")


def test_the_desk_is_for_the_owner(browser: httpx.Client, site: Site) -> None:
    asks = [("GET", "/v1/admin/deposits", None), ("GET", "/v1/admin/usage", None)]
    asks += [("POST", "/v1/admin/grants", {"email": "x@example.org", "amount": 5})]
    asks += [("POST", f"/v1/admin/deposits/dep_1/{verb}", {}) for verb in ("approve", "reject")]
    for method, path, asked in asks:
        assert browser.request(method, path, json=asked).json()["code"] == "forbidden"
        with site.with_key() as owners_key:
            assert owners_key.request(method, path, json=asked).json()["code"] == "session_required"


def test_a_grant_is_spendable(desk: httpx.Client, script: httpx.Client) -> None:
    before = balance(script)
    said = desk.post("/v1/admin/grants", json={"email": "member@example.org", "amount": 250}).json()
    assert (said["granted"], said["balance"]) == (2.5, round(before + 2.5, 2)) and balance(script) == said["balance"]
    assert desk.post("/v1/admin/grants", json={"email": "member@example.org", "amount": 0}).status_code == 400
    assert desk.post("/v1/admin/grants", json={"email": "nobody@example.org", "amount": 5}).status_code == 404


# -- Storage -----------------------------------------------------------------------------------------------


def test_storage_is_told_bought_and_then_holds_more(script: httpx.Client, member: Account) -> None:
    with store.write():
        ledger.credit(member.id, "grant", 1500, key="grant:storage")
    before, had = script.get("/v1/storage").json(), balance(script)
    assert before["quota_bytes"] == 10_000_000_000 and (before["included_gb"], before["purchased_gb"]) == (10, 0)
    assert before["packages"] == [
        {"gb": 5, "price": 9.0},
        {"gb": 10, "price": 15.0},
        {"gb": 25, "price": 29.0},
        {"gb": 50, "price": 49.0},
    ]
    assert before["custom_price_per_gb"] == 0.99
    bought = script.post("/v1/storage/purchase", json={"gb": 5}).json()
    assert bought == {"gb": 5, "price": 9.0, "quota_bytes": 15_000_000_000, "balance": round(had - 9, 2)}
    after = script.get("/v1/storage").json()
    assert (after["quota_bytes"], after["purchased_gb"]) == (15_000_000_000, 5)


def test_a_pin_over_the_quota_is_refused_until_more_is_bought(
    script: httpx.Client, site: Site, member: Account, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.queue.serve(Worker(site.settings).perform, {})
    source = send_file(member, tiny)
    with store.write():
        ledger.credit(member.id, "grant", 2000, key="grant:pins")
    job = script.post("/v1/clip", json={"file_id": source.id, "start": 0, "end": 1}).json()["job_id"]
    clip_id = script.get(f"/v1/clip/{job}").json()["clip_id"]
    monkeypatch.setattr(rules, "INCLUDED_STORAGE_GB", -script.get("/v1/storage").json()["purchased_gb"])
    refused = script.post(f"/v1/clips/{clip_id}/pin")
    assert (refused.status_code, refused.json()["code"]) == (403, "storage_quota_exceeded")
    script.post("/v1/storage/purchase", json={"gb": 5}).raise_for_status()
    assert script.post(f"/v1/clips/{clip_id}/pin").json()["pinned"]
    said = script.get("/v1/storage").json()
    assert said["used_bytes"] == retention.used_bytes(member.id) > 0
    assert said["temporary_bytes"] >= tiny.stat().st_size


# -- Usage -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worked(site: Site, member: Account, tiny: Path) -> str:
    """Two trims by key and one signed in; one that failed and cost nothing. The name of their source."""
    name = "=cmd()+x.mp4"
    odd = tiny.with_name(name)
    odd.write_bytes(tiny.read_bytes())
    store.queue.serve(Worker(site.settings).perform, {})
    source = send_file(member, odd)
    with store.write():
        ledger.credit(member.id, "grant", 100, key="grant:usage")
    with site.client(Authorization=f"Bearer {site.member_key}") as script:
        for start in (0, 1):
            script.post("/v1/clip", json={"file_id": source.id, "start": start, "end": start + 1}).raise_for_status()
    with site.signed_in("member@example.org") as browser:
        browser.post("/v1/clip", json={"file_id": source.id, "start": 0, "end": 2}).raise_for_status()
        store.queue.serve(lambda _: None, {})
        job = browser.post("/v1/clip", json={"file_id": source.id, "start": 0, "end": 2}).json()["job_id"]
        browser.post(f"/v1/clip/{job}/cancel").raise_for_status()
    return name


def test_usage_adds_up_by_operation_day_and_key(browser: httpx.Client, worked: str) -> None:
    said = browser.get("/v1/usage").json()
    trims = next(line for line in said["operations"] if line["operation"] == "trim")
    assert trims["count"] >= 3 and trims["cost"] == trims["count"] * 0.02 and trims["seconds"] >= 4
    today = store.now().date().isoformat()
    assert said["to"] == today and said["daily"][-1]["date"] == today
    assert sum(line["cost"] for line in said["daily"]) == pytest.approx(said["total_cost"])
    assert sum(line["cost"] for line in said["api_keys"]) == pytest.approx(said["total_cost"])
    assert {line["name"] for line in said["api_keys"]} == {"tests", "Signed in"}
    by_day = browser.get("/v1/usage?group_by=day").json()
    assert by_day["daily"] == said["daily"] and "operations" not in by_day


def test_the_owner_sees_what_everybody_was_charged(
    desk: httpx.Client, browser: httpx.Client, worked: str, member: Account
) -> None:
    mine = browser.get("/v1/usage").json()
    said = desk.get("/v1/admin/usage").json()
    line = next(one for one in said["accounts"] if one["account_id"] == member.id)
    assert (line["cost"], line["count"]) == (mine["total_cost"], mine["count"]) and not line["is_closed"]
    assert said["total_cost"] == pytest.approx(sum(one["cost"] for one in said["accounts"]))
    assert [one["cost"] for one in said["accounts"]] == sorted((one["cost"] for one in said["accounts"]), reverse=True)
    long_ago = (store.now() - timedelta(days=40)).date()
    assert desk.get(f"/v1/admin/usage?from={long_ago}&to={long_ago}").json()["accounts"] == []
    assert desk.get("/v1/admin/usage?from=yesterday").status_code == 400


def test_the_table_holds_every_charge_and_runs_nothing(browser: httpx.Client, worked: str, member: Account) -> None:
    answer = browser.get("/v1/usage/export.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert tuple(rows[0]) == usage_routes.COLUMNS
    total = browser.get("/v1/usage").json()["total_cost"]
    assert sum(float(row["cost"]) for row in rows) == pytest.approx(total)
    mine = [row for row in rows if row["file_name"] == f"'{worked}"]
    assert [row["api_key"] for row in mine] == ["tests", "tests", "Signed in"]
    assert [row["seconds"] for row in mine] == ["1", "1", "2"]
    assert all(Job.get_by_id(row["job_id"]).cost_cents == 2 for row in mine)
    assert float(mine[0]["balance_after"]) - float(mine[1]["balance_after"]) == pytest.approx(0.02)


def test_usage_of_other_days_is_empty(browser: httpx.Client, worked: str) -> None:
    long_ago = (store.now() - timedelta(days=40)).date()
    said = browser.get(f"/v1/usage?from={long_ago}&to={long_ago}").json()
    assert (said["total_cost"], said["operations"], said["daily"]) == (0.0, [], [])
    assert len(browser.get(f"/v1/usage/export.csv?from={long_ago}&to={long_ago}").text.splitlines()) == 1


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "to=2026-13-01",
        "from=2026-04-02&to=2026-04-01",
        "from=2025-01-01&to=2026-01-02",
        "group_by=moon",
    ],
)
def test_usage_that_cannot_be_asked_is_refused(browser: httpx.Client, query: str) -> None:
    assert browser.get(f"/v1/usage?{query}").status_code == 400
    if "group_by" not in query:
        assert browser.get(f"/v1/usage/export.csv?{query}").status_code == 400
