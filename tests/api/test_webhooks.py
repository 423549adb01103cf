"""The webhook endpoints, as a script and a browser meet them."""

import json
from collections.abc import Iterator

import httpx
import pytest

from fastclip import rules, store, targets, webhooks
from fastclip.webhooks import Webhook
from fastclip.worker import Worker
from tests.api.conftest import Site
from tests.receiver import Receiver, receiving
from tests.serving import until

ASK = {"url": "http://192.0.2.10.example.invalid/hook", "events": ["clip.complete", "upload.ready"]}
SHOWN = {"id", "url", "events", "description", "enabled", "created_at", "last_delivery_at"} | {
    "consecutive_failures",
    "disabled_reason",
}


@pytest.fixture(scope="module", autouse=True)
def _served(site: Site) -> None:
    """A pushed job runs at once, in the thread that answers."""
    store.queue.serve(Worker(site.settings).perform, {})


@pytest.fixture
def script(site: Site) -> Iterator[httpx.Client]:
    with site.with_key() as opened:
        yield opened
        for webhook in opened.get("/v1/webhooks").json()["data"]:
            opened.delete(f"/v1/webhooks/{webhook['id']}")


@pytest.fixture
def receiver(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as opened:
        monkeypatch.setattr(targets, "loopback_ports", frozenset({str(opened.port)}))
        yield opened


def test_a_webhook_is_made_listed_shown_changed_and_deleted(script: httpx.Client) -> None:
    made = script.post("/v1/webhooks", json=ASK | {"description": " nightly "}).raise_for_status().json()
    assert set(made) == SHOWN | {"secret"} and made["secret"].startswith("whsec_") and len(made["secret"]) == 38
    assert made["description"] == "nightly" and made["enabled"] and made["events"] == ASK["events"]
    assert made["disabled_reason"] is None and made["last_delivery_at"] is None and made["consecutive_failures"] == 0
    path = f"/v1/webhooks/{made['id']}"
    (listed,) = script.get("/v1/webhooks").json()["data"]
    assert listed == script.get(path).json() == {name: made[name] for name in SHOWN}
    changed = script.patch(path, json={"events": ["balance.low"], "enabled": False, "description": ""}).json()
    assert changed == listed | {"events": ["balance.low"], "enabled": False, "description": ""}
    assert script.delete(path).json() == {"ok": True}
    assert script.get(path).status_code == script.delete(path).status_code == 404


def test_webhooks_of_another_account_are_not_there(site: Site, script: httpx.Client) -> None:
    made = script.post("/v1/webhooks", json=ASK).json()
    path = f"/v1/webhooks/{made['id']}"
    with site.client(Authorization=f"Bearer {site.member_key}") as other:
        assert other.get("/v1/webhooks").json() == {"data": []}
        asked = [other.get(path), other.patch(path, json={}), other.delete(path), other.post(f"{path}/test", json={})]
        asked += [other.post(f"{path}/rotate-secret"), other.get(f"{path}/deliveries")]
        asked += [other.post(f"{path}/deliveries/d/replay")]
    assert [answer.status_code for answer in asked] == [404] * 7


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"url": "ftp://example.org/"}, "url"),
        ({"url": ""}, "url"),
        ({"url": "https://example.org/" + "x" * 2048}, "url"),
        ({"url": "http://127.0.0.1:9999/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["clip.done"]}, "events[0]"),
        ({"events": ["clip.complete", "clip.complete"]}, "events"),
        ({"events": "clip.complete"}, "events"),
        ({"events": list(rules.EVENTS) + ["clip.complete"]}, "events"),
        ({"description": "x" * 201}, "description"),
        ({"enabled": 1}, "enabled"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_with_the_field(
    script: httpx.Client, change: dict[str, object], param: str
) -> None:
    answer = script.post("/v1/webhooks", json=ASK | change)
    assert (answer.status_code, answer.json()["param"]) == (400, param)
    assert script.get("/v1/webhooks").json()["data"] == []


def test_a_misspelt_event_is_told_the_right_one(script: httpx.Client) -> None:
    answer = script.post("/v1/webhooks", json=ASK | {"events": ["clip.completed"]}).json()
    assert answer["error"] == "clip.completed is not an event; did you mean clip.complete?"


def test_the_eleventh_webhook_is_refused(script: httpx.Client) -> None:
    answers = [script.post("/v1/webhooks", json=ASK) for _ in range(rules.MAX_WEBHOOKS + 1)]
    assert [one.status_code for one in answers] == [200] * rules.MAX_WEBHOOKS + [409]
    assert answers[-1].json()["code"] == "limit_reached"


def test_a_test_arrives_signed_and_is_listed_with_its_payload(script: httpx.Client, receiver: Receiver) -> None:
    made = script.post("/v1/webhooks", json=ASK | {"url": receiver.url}).json()
    webhook_id = made["id"]
    asked = script.post(f"/v1/webhooks/{webhook_id}/test", json={"event": "clip.complete"}).json()
    assert asked["status"] == "pending" and until(lambda: receiver.came)
    (one,) = receiver.came
    body = json.loads(one.body)
    assert body == {"event": "clip.complete", "data": webhooks.SAMPLES["clip.complete"] | {"test": True}}
    assert one.headers["x-fastclip-signature"] == webhooks.sign(made["secret"], one.body.decode())
    (shown,) = script.get(f"/v1/webhooks/{webhook_id}/deliveries").json()["data"]
    assert shown["id"] == asked["delivery_id"] == one.delivery_id and shown["payload"] == body
    assert (shown["status"], shown["attempt"], shown["max_attempts"]) == ("delivered", 1, 8)
    assert (shown["response_status"], shown["error"], shown["next_attempt_at"]) == (200, None, None)
    assert set(shown) == {"id", "event", "status", "attempt", "max_attempts", "response_status", "error"} | {
        "duration_ms",
        "created_at",
        "next_attempt_at",
        "delivered_at",
        "payload",
    }


def test_a_test_needs_no_body_and_takes_the_first_event(script: httpx.Client, receiver: Receiver) -> None:
    made = script.post("/v1/webhooks", json=ASK | {"url": receiver.url, "enabled": False}).json()
    script.post(f"/v1/webhooks/{made['id']}/test").raise_for_status()
    assert until(lambda: receiver.came) and receiver.came[0].headers["x-fastclip-event"] == "clip.complete"
    wrong = script.post(f"/v1/webhooks/{made['id']}/test", json={"event": "clip.done"})
    assert wrong.status_code == 400


def test_deliveries_are_paged_and_filtered(site: Site, script: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = lambda came: 200 if came.headers["x-fastclip-event"] == "upload.ready" else 410
    made = script.post("/v1/webhooks", json=ASK | {"url": receiver.url}).json()
    for n in range(5):
        webhooks.announce(site.owner_id, "upload.ready", {"file_id": f"upl_{n}"})
    webhooks.announce(site.owner_id, "clip.complete", {})
    path = f"/v1/webhooks/{made['id']}/deliveries"
    first = script.get(path, params={"limit": 4}).json()
    second = script.get(path, params={"limit": 4, "cursor": first["next_cursor"]}).json()
    names = [one["payload"]["data"].get("file_id", "clip") for one in first["data"] + second["data"]]
    assert names == ["clip", "upl_4", "upl_3", "upl_2", "upl_1", "upl_0"] and second["next_cursor"] is None
    assert [one["event"] for one in script.get(path, params={"status": "failed"}).json()["data"]] == ["clip.complete"]
    assert len(script.get(path, params={"event": "upload.ready"}).json()["data"]) == 5
    assert script.get(path, params={"status": "sent"}).status_code == 400
    assert script.get(path, params={"limit": 0}).status_code == 400


def test_a_rotated_secret_signs_what_comes_after(script: httpx.Client, receiver: Receiver) -> None:
    made = script.post("/v1/webhooks", json=ASK | {"url": receiver.url}).json()
    rotated = script.post(f"/v1/webhooks/{made['id']}/rotate-secret").json()
    assert set(rotated) == SHOWN | {"secret"} and rotated["secret"] != made["secret"]
    script.post(f"/v1/webhooks/{made['id']}/test", json={})
    assert until(lambda: receiver.came)
    (one,) = receiver.came
    assert one.headers["x-fastclip-signature"] == webhooks.sign(rotated["secret"], one.body.decode())


def test_a_replayed_delivery_arrives_again_under_its_id(site: Site, script: httpx.Client, receiver: Receiver) -> None:
    made = script.post("/v1/webhooks", json=ASK | {"url": receiver.url}).json()
    webhooks.announce(site.owner_id, "upload.ready", {"file_id": "upl_1"})
    path = f"/v1/webhooks/{made['id']}/deliveries"
    (first,) = script.get(path).json()["data"]
    again = script.post(f"{path}/{first['id']}/replay").raise_for_status().json()
    assert again["id"] == first["id"] and until(lambda: len(receiver.came) == 2)
    assert receiver.came[0].body == receiver.came[1].body
    assert {one.delivery_id for one in receiver.came} == {first["id"]}
    assert script.post(f"{path}/nothing/replay").status_code == 404


def test_enabling_a_webhook_forgets_why_it_was_disabled(script: httpx.Client) -> None:
    made = script.post("/v1/webhooks", json=ASK).json()
    failed = {"enabled": False, "disabled_reason": "It failed.", "consecutive_failures": 100}
    Webhook.update(**failed).where(Webhook.id == made["id"]).execute()
    assert script.get(f"/v1/webhooks/{made['id']}").json()["disabled_reason"] == "It failed."
    enabled = script.patch(f"/v1/webhooks/{made['id']}", json={"enabled": True}).json()
    assert (enabled["enabled"], enabled["disabled_reason"], enabled["consecutive_failures"]) == (True, None, 0)


def test_a_signed_in_browser_may_do_the_same(site: Site) -> None:
    with site.signed_in("member@example.org") as browser:
        made = browser.post("/v1/webhooks", json=ASK)
        assert made.status_code == 200
        browser.headers.pop("X-CSRF-Token")
        assert browser.delete(f"/v1/webhooks/{made.json()['id']}").json()["code"] == "csrf_failed"
