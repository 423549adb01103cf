"""Deliveries: tried again, given up, replayed, forgotten; and when a webhook is disabled."""

import json
import random
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fastclip import accounts, deliveries, jobs, leases, rules, settings, store, targets, webhooks, worker
from fastclip.accounts import Account
from fastclip.errors import Conflict, NotFound
from fastclip.jobs import Job
from fastclip.mail import Mail
from fastclip.webhooks import Delivery, Webhook
from fastclip.worker import Worker
from tests.conftest import PASSWORD
from tests.receiver import Came, Receiver, receiving
from tests.serving import until


@pytest.fixture
def receiver(data: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as opened:
        monkeypatch.setattr(targets, "loopback_ports", frozenset({str(opened.port)}))
        yield opened


@pytest.fixture
def webhook(owner: Account, receiver: Receiver) -> Webhook:
    return webhooks.add(owner, receiver.url, ["upload.ready"])


def tell(webhook: Webhook, file_id: str = "upl_1") -> Delivery:
    """Announce one event; its delivery, tried once."""
    webhooks.announce(webhook.account_id, "upload.ready", {"file_id": file_id})
    return Delivery.select().order_by(Delivery.created_at.desc()).get()


def again(row: Any) -> Any:
    return type(row).get_by_id(row.id)


def due(delivery: Delivery) -> None:
    """Let the time until the next try pass."""
    Job.update(rung_at=0).where(Job.id == delivery.job_id).execute()
    worker.sweep()


# -- One try -----------------------------------------------------------------------------------------------


def test_a_delivery_carries_the_references_headers(webhook: Webhook, receiver: Receiver) -> None:
    delivery = tell(webhook)
    (one,) = receiver.came
    assert one.body.decode() == delivery.payload == '{"data":{"file_id":"upl_1"},"event":"upload.ready"}'
    assert one.path == "/hook?from=fastclip" and one.headers["content-type"] == "application/json"
    assert one.headers["x-fastclip-signature"] == webhooks.sign(webhook.secret, delivery.payload)
    assert one.headers["x-fastclip-event"] == "upload.ready" and str(uuid.UUID(one.delivery_id)) == delivery.id
    assert one.headers["user-agent"] == "FastClip-Webhook/1" and one.headers["x-fastclip-attempt"] == "1"
    assert one.headers["x-fastclip-timestamp"].isdigit()
    assert (delivery.status, delivery.attempt, delivery.response_status) == ("delivered", 1, 200)
    assert again(webhook).last_delivery_at and again(webhook).consecutive_failures == 0


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_success(webhook: Webhook, receiver: Receiver, status: int) -> None:
    receiver.answer = lambda came: status
    assert tell(webhook).status == "delivered"


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (500, 500, "The receiver answered 500."),
        (404, 404, "The receiver answered 404."),
        (302, 302, "The receiver answered 302. Redirects are not followed."),
        (b"SSH-2.0-OpenSSH\r\n", None, "The connection ended without an HTTP answer."),
    ],
)
def test_anything_else_is_tried_again_and_says_why(
    webhook: Webhook, receiver: Receiver, answer: int | bytes, status: int | None, error: str
) -> None:
    receiver.answer = lambda came: answer
    delivery = tell(webhook)
    shown = deliveries.describe(delivery)
    assert (shown["status"], shown["response_status"], shown["error"]) == ("retrying", status, error)
    assert 8 < (delivery.next_attempt_at - delivery.created_at).total_seconds() < 25
    assert again(webhook).consecutive_failures == 0 and again(webhook).failing_since


def test_a_receiver_that_may_no_longer_be_reached_is_a_failure_with_its_reason(
    webhook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "loopback_ports", frozenset())
    delivery = tell(webhook)
    assert delivery.status == "retrying" and "webhook_loopback_ports" in delivery.error and receiver.came == []


# -- Trying again ------------------------------------------------------------------------------------------


def test_eight_tries_with_growing_waits_are_all_there_is(webhook: Webhook, receiver: Receiver) -> None:
    receiver.answer = lambda came: 500
    delivery = tell(webhook)
    waits = []
    for _ in range(7):
        row = again(delivery)
        waits.append((row.next_attempt_at - store.now()).total_seconds())
        assert row.status == "retrying" and again(webhook).consecutive_failures == 0
        due(row)
    for wait_s, planned_s in zip(waits, (10, 60, 300, 1800, 7200, 21600, 43200), strict=True):
        assert planned_s * 0.9 - 5 < wait_s <= planned_s * 1.1
    last = again(delivery)
    assert (last.status, last.attempt, last.next_attempt_at) == ("failed", 8, None)
    assert again(webhook).consecutive_failures == 1 and Job.get_by_id(delivery.job_id).status == "complete"
    assert [one.headers["x-fastclip-attempt"] for one in receiver.came] == list("12345678")
    assert {one.delivery_id for one in receiver.came} == {delivery.id}
    assert len({one.headers["x-fastclip-signature"] for one in receiver.came}) == 1


def test_waits_differ_a_little_so_that_receivers_are_not_hit_at_once(webhook: Webhook, receiver: Receiver) -> None:
    receiver.answer = lambda came: 500
    waits = {round((tell(webhook).next_attempt_at - store.now()).total_seconds(), 3) for _ in range(5)}
    assert len(waits) == 5


def test_the_sweep_leaves_a_delivery_alone_until_it_is_due(webhook: Webhook, receiver: Receiver) -> None:
    receiver.answer = lambda came: 500
    tell(webhook)
    worker.sweep()
    assert len(receiver.came) == 1


def test_a_success_forgets_the_failures_before_it(webhook: Webhook, receiver: Receiver) -> None:
    receiver.answer = lambda came: 500 if len(receiver.came) < 3 else 200
    delivery = tell(webhook)
    due(delivery)
    due(delivery)
    assert again(delivery).status == "delivered" and again(delivery).error == "" and len(receiver.came) == 3
    assert again(webhook).failing_since is None


def test_what_a_dead_worker_was_sending_is_sent_by_another_under_the_same_id(
    webhook: Webhook, receiver: Receiver, rung: list[str], data: settings.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = tell(webhook)
    assert leases.claim(delivery.job_id, "elsewhere/1/dead")
    Job.update(lease_until=0).execute()
    worker.sweep()
    another = Worker(data)
    monkeypatch.setattr(targets, "loopback_ports", frozenset({str(receiver.port)}))
    another.perform(delivery.job_id)
    assert again(delivery).status == "delivered" and rung == [delivery.job_id] * 2
    assert [one.delivery_id for one in receiver.came] == [delivery.id]


def test_a_job_that_broke_takes_its_delivery_along(
    webhook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(targets, "post", broken)
    delivery = tell(webhook)
    assert (delivery.status, delivery.error) == ("failed", "Something went wrong on our side.")


def test_a_bell_that_rings_twice_sends_once(webhook: Webhook, receiver: Receiver) -> None:
    delivery = tell(webhook)
    Job.update(status="pending").where(Job.id == delivery.job_id).execute()
    jobs.push(Job.get_by_id(delivery.job_id))
    assert len(receiver.came) == 1


# -- Disabling ---------------------------------------------------------------------------------------------


def notices(account: Account) -> list[Mail]:
    return list(Mail.select().where(Mail.account_id == account.id))


def test_410_disables_at_once_and_says_so_by_mail(owner: Account, webhook: Webhook, receiver: Receiver) -> None:
    receiver.answer = lambda came: 410
    delivery = tell(webhook)
    now = again(webhook)
    assert delivery.status == "failed" and not now.enabled
    assert now.disabled_reason == "The receiver answered 410 Gone."
    (letter,) = notices(owner)
    assert letter.recipient == owner.email and webhook.url in letter.text and now.disabled_reason in letter.text
    webhooks.announce(owner.id, "upload.ready", {})
    assert len(receiver.came) == 1


def test_a_hundred_failed_deliveries_in_a_row_disable(owner: Account, webhook: Webhook, receiver: Receiver) -> None:
    receiver.answer = lambda came: 500
    Webhook.update(consecutive_failures=deliveries.MAX_FAILURES - 1).execute()
    delivery = tell(webhook)
    assert again(webhook).enabled
    Delivery.update(attempt=deliveries.MAX_ATTEMPTS - 1).execute()
    due(delivery)
    now = again(webhook)
    assert not now.enabled and now.disabled_reason == "100 deliveries in a row failed." and len(notices(owner)) == 1


def test_a_week_without_an_arrival_disables(owner: Account, webhook: Webhook, receiver: Receiver) -> None:
    receiver.answer = lambda came: 500
    tell(webhook)
    Webhook.update(failing_since=store.now() - timedelta(days=7, seconds=1)).execute()
    tell(webhook)
    tell(webhook)
    assert again(webhook).disabled_reason == "Nothing arrived for 7 days." and len(notices(owner)) == 1


def test_what_waits_for_a_disabled_webhook_is_not_sent(webhook: Webhook, receiver: Receiver) -> None:
    receiver.answer = lambda came: 500
    delivery = tell(webhook)
    Webhook.update(enabled=False).execute()
    due(delivery)
    row = again(delivery)
    assert (row.status, row.error) == ("failed", "The webhook was disabled before this was sent.")
    assert len(receiver.came) == 1 and row.attempt == 1


def test_what_waits_for_a_deleted_webhook_is_not_sent(owner: Account, webhook: Webhook, receiver: Receiver) -> None:
    receiver.answer = lambda came: 500
    delivery = tell(webhook)
    webhooks.delete(owner.id, webhook.id)
    assert Delivery.select().count() == 0 and Job.get_or_none(Job.id == delivery.job_id) is None
    worker.sweep()
    assert len(receiver.came) == 1


def test_an_account_that_ends_takes_its_webhooks_along(owner: Account, webhook: Webhook, receiver: Receiver) -> None:
    tell(webhook)
    with store.write():
        webhooks.forget(owner.id)
    assert Webhook.select().count() == Delivery.select().count() == 0


# -- Looking back ------------------------------------------------------------------------------------------


def test_a_failed_delivery_is_replayed_with_all_its_tries(webhook: Webhook, receiver: Receiver) -> None:
    receiver.answer = lambda came: 500
    delivery = tell(webhook)
    Delivery.update(status="failed", attempt=8).execute()
    first_job = delivery.job_id
    replayed = deliveries.replay(webhook, delivery.id)
    assert (replayed.status, replayed.attempt, replayed.id) == ("retrying", 1, delivery.id)
    assert replayed.job_id != first_job and len(receiver.came) == 2


def test_a_delivery_that_waits_for_its_next_try_is_sent_now(webhook: Webhook, receiver: Receiver) -> None:
    receiver.answer = lambda came: 500 if len(receiver.came) == 1 else 200
    delivery = tell(webhook)
    deliveries.replay(webhook, delivery.id)
    assert again(delivery).status == "delivered" and again(delivery).attempt == 2


def test_what_is_on_its_way_or_has_nowhere_to_go_is_not_replayed(
    webhook: Webhook, receiver: Receiver, rung: list[str]
) -> None:
    delivery = tell(webhook)
    with pytest.raises(Conflict, match="on its way"):
        deliveries.replay(webhook, delivery.id)
    Delivery.update(status="failed").execute()
    Webhook.update(enabled=False).execute()
    with pytest.raises(Conflict, match="enable it first"):
        deliveries.replay(again(webhook), delivery.id)
    with pytest.raises(NotFound):
        deliveries.replay(webhook, "nothing")


def test_deliveries_are_kept_thirty_days(webhook: Webhook, receiver: Receiver) -> None:
    old, fresh = tell(webhook, "upl_old"), tell(webhook, "upl_fresh")
    Delivery.update(created_at=store.now() - timedelta(days=30, seconds=1)).where(Delivery.id == old.id).execute()
    worker.expire()
    assert [row.id for row in Delivery.select()] == [fresh.id]
    assert [row.id for row in Job.select()] == [fresh.job_id]


# -- A bad receiver, all in all ------------------------------------------------------------------------------


class Moody:
    """Fails three times in ten: with 500, by silence, with a redirect, or by hanging up."""

    def __init__(self, hang_s: float) -> None:
        self._dice, self._lock, self._hang_s = random.Random(7), threading.Lock(), hang_s
        self.failed: Counter[str] = Counter()
        self._awake = threading.Event()

    def __call__(self, came: Came) -> int | None:
        with self._lock:
            mood = "well" if self._dice.random() > 0.3 else self._dice.choice(["500", "silence", "redirect", "hang up"])
            self.failed[mood] += 1
        if mood == "silence":
            self._awake.wait(self._hang_s * 20)
        return {"well": 200, "500": 500, "redirect": 307, "silence": 200}.get(mood)

    def wake(self) -> None:
        self._awake.set()


def deliver_to_a_moody_receiver(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, events: int, hang_s: float
) -> Counter[str]:
    """Events through the real queue and its threads, with all waits at nothing; each must arrive."""
    loaded = settings.load(folder / "data")
    store.open(loaded)
    owner = accounts.add("owner@example.org", PASSWORD, role="owner")
    monkeypatch.setattr(deliveries, "MAX_ATTEMPTS", 40)
    monkeypatch.setattr(deliveries, "WAITS_S", (0.0,) * 39)
    monkeypatch.setattr(targets, "TOTAL_S", hang_s)
    monkeypatch.setattr(worker, "SWEEP_S", 0.05)
    moody, running = Moody(hang_s), Worker(loaded)
    with receiving() as receiver:
        receiver.answer = moody
        monkeypatch.setattr(targets, "loopback_ports", frozenset({str(receiver.port)}))
        webhook = webhooks.add(owner, receiver.url, ["upload.ready"])
        running.start()
        for n in range(events):
            webhooks.announce(owner.id, "upload.ready", {"file_id": f"upl_{n}"})
        assert until(lambda: not Delivery.select().where(Delivery.status != "delivered").exists(), 600)
        running.stop()
        moody.wake()
        check_arrivals(webhook, receiver.came, events)
    store.close()
    return moody.failed


def check_arrivals(webhook: Webhook, came: list[Came], events: int) -> None:
    by_event: dict[str, set[str]] = {}
    for one in came:
        file_id = json.loads(one.body)["data"]["file_id"]
        by_event.setdefault(file_id, set()).add(one.delivery_id)
        assert one.headers["x-fastclip-signature"] == webhooks.sign(webhook.secret, one.body.decode())
    assert set(by_event) == {f"upl_{n}" for n in range(events)}
    assert all(len(ids) == 1 for ids in by_event.values()) and len(came) > events


def test_every_event_reaches_a_receiver_that_fails_three_times_in_ten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = deliver_to_a_moody_receiver(tmp_path, monkeypatch, events=30, hang_s=0.3)
    assert sum(failed.values()) > 30


@pytest.mark.slow
def test_a_thousand_of_a_thousand_events_arrive_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = deliver_to_a_moody_receiver(tmp_path, monkeypatch, events=1000, hang_s=0.3)
    assert min(failed[mood] for mood in ("500", "silence", "redirect", "hang up")) > 20
    assert 0.25 < 1 - failed["well"] / sum(failed.values()) < 0.35


def test_the_plan_of_tries_is_that_of_the_specification() -> None:
    assert (0.0, *deliveries.WAITS_S) == (0, 10, 60, 300, 1800, 7200, 21600, 43200)
    assert deliveries.MAX_ATTEMPTS == 8 and deliveries.KEPT_S == 30 * rules.DAY
    assert (targets.CONNECT_S, targets.TOTAL_S) == (5.0, 10.0)
