"""Deliveries: sending one, trying again, giving up, and when a webhook has failed for too long.

The life of a delivery (backend-spec 2.5 and 3): pending -> delivered | retrying -> ... -> failed after eight tries.
A worker that dies while it sends leaves a job whose lease lapses, so a receiver gets each event at least once, always
under the same delivery id. Of an answer nothing but its status is kept (7.2).
"""

import json
import random
import time
from datetime import timedelta
from typing import Any

from peewee import fn

from fastclip import accounts, cursors, jobs, mail, rules, store, targets, webhooks
from fastclip.errors import Conflict, FastClipError, NotFound
from fastclip.jobs import Again, Job, Outcome, Tell
from fastclip.webhooks import Delivery, Webhook

STATUSES = ("pending", "retrying", "delivered", "failed")
WAITS_S = (10.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0, 43200.0)
"""Before the second try, the third, and so on; the first is sent at once."""
MAX_ATTEMPTS = len(WAITS_S) + 1
KEPT_S = 30 * rules.DAY
MAX_FAILURES, MAX_FAILING_S = 100, 7 * rules.DAY
"""So many deliveries in a row that came to nothing, or so long without one that arrived, and a webhook is disabled."""
_UNDERWAY = ("pending", "retrying")
_GONE = 410


def run(job: Job, tell: Tell) -> Outcome:
    """The `deliver` job: one try. Raises Again while there are tries left."""
    delivery = Delivery.get_or_none(Delivery.id == job.asked["delivery_id"], Delivery.status.in_(_UNDERWAY))
    webhook = None if delivery is None else Webhook.get_or_none(Webhook.id == delivery.webhook_id)
    if delivery is None or webhook is None:
        return Outcome()
    if not webhook.enabled and not delivery.is_test:
        _end(delivery, webhook, None, "The webhook was disabled before this was sent.", duration_ms=None)
        return Outcome()
    began = time.monotonic()
    status, error = _try(webhook, delivery)
    _end(delivery, webhook, status, error, duration_ms=round((time.monotonic() - began) * 1000))
    return Outcome()


def give_up(job: Job, refusal: FastClipError) -> None:
    """A job that broke, or killed three workers, takes its delivery along."""
    with store.write():
        Delivery.update(status="failed", error=refusal.message, next_attempt_at=None).where(
            Delivery.id == job.asked["delivery_id"], Delivery.status.in_(_UNDERWAY)
        ).execute()


def _try(webhook: Webhook, delivery: Delivery) -> tuple[int | None, str]:
    """(status of the answer, what went wrong: empty for 2xx)."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "FastClip-Webhook/1",
        "X-FastClip-Signature": webhooks.sign(webhook.secret, delivery.payload),
        "X-FastClip-Event": delivery.event,
        "X-FastClip-Delivery-ID": delivery.id,
        "X-FastClip-Timestamp": str(int(time.time())),
        "X-FastClip-Attempt": str(delivery.attempt + 1),
    }
    try:
        is_owner = accounts.by_id(webhook.account_id).role == "owner"
        target = targets.resolve(webhook.url, is_owner=is_owner)
        status = targets.post(target, delivery.payload.encode(), headers)
    except targets.Refused as refused:
        return None, refused.message
    except targets.Unreachable as trouble:
        return None, str(trouble)
    if 200 <= status < 300:
        return status, ""
    redirects = " Redirects are not followed." if 300 <= status < 400 else ""
    return status, f"The receiver answered {status}.{redirects}"


def _end(delivery: Delivery, webhook: Webhook, status: int | None, error: str, *, duration_ms: int | None) -> None:
    """Keep what this try came to, in one transaction; raises Again when there is another."""
    attempt = delivery.attempt + (duration_ms is not None)
    can_retry = duration_ms is not None and status != _GONE and attempt < MAX_ATTEMPTS
    wait_s = WAITS_S[attempt - 1] * random.uniform(0.9, 1.1) if error and can_retry else None
    moment = store.now()
    facts = {
        "status": "delivered" if not error else "failed" if wait_s is None else "retrying",
        "attempt": attempt,
        "response_status": status,
        "error": error,
        "duration_ms": duration_ms,
        "delivered_at": None if error else moment,
        "next_attempt_at": None if wait_s is None else moment + timedelta(seconds=wait_s),
    }
    with store.write():
        Delivery.update(**facts).where(Delivery.id == delivery.id).execute()
        if duration_ms is not None:
            _count(webhook, status, has_failed=bool(error), is_over=wait_s is None)
    if wait_s is not None:
        raise Again(wait_s, error)


# -- When a webhook has failed for too long ------------------------------------------------------------------


def _count(webhook: Webhook, status: int | None, *, has_failed: bool, is_over: bool) -> None:
    """What a try says of its webhook: a success forgets all failures, too many of them disable it."""
    moment = store.now()
    if not has_failed:
        return _change(webhook, last_delivery_at=moment, consecutive_failures=0, failing_since=None)
    since = fn.COALESCE(Webhook.failing_since, moment)
    _change(webhook, consecutive_failures=Webhook.consecutive_failures + is_over, failing_since=since)
    now = Webhook.get_by_id(webhook.id)
    if status == _GONE:
        _disable(now, "The receiver answered 410 Gone.")
    elif now.consecutive_failures >= MAX_FAILURES:
        _disable(now, f"{MAX_FAILURES} deliveries in a row failed.")
    elif now.failing_since and now.failing_since < moment - timedelta(seconds=MAX_FAILING_S):
        _disable(now, f"Nothing arrived for {MAX_FAILING_S // rules.DAY} days.")


def _change(webhook: Webhook, **facts: Any) -> None:
    Webhook.update(**facts).where(Webhook.id == webhook.id).execute()


def _disable(webhook: Webhook, reason: str) -> None:
    """Send nothing more there, and tell the account once."""
    was_enabled = (
        Webhook.update(enabled=False, disabled_reason=reason).where(Webhook.id == webhook.id, Webhook.enabled).execute()
    )
    if was_enabled:
        mail.send(
            accounts.by_id(webhook.account_id).email,
            "A webhook of yours was disabled",
            f"FastClip sends nothing more to\n\n  {webhook.url}\n\n{reason}\n\n"
            "Mend the receiver, then enable the webhook again under Account > Webhooks. "
            f"What was not delivered is listed there for {KEPT_S // rules.DAY} days and can be sent again.\n",
            account_id=webhook.account_id,
        )


# -- Looking back ------------------------------------------------------------------------------------------


def listed(
    webhook: Webhook, *, limit: int, before: str | None = None, status: str | None = None, event: str | None = None
) -> list[Delivery]:
    """Deliveries to a webhook, newest first. before: id of the last one seen."""
    query = Delivery.select().where(Delivery.webhook_id == webhook.id)
    if status is not None:
        query = query.where(Delivery.status == status)
    if event is not None:
        query = query.where(Delivery.event == event)
    last = Delivery.get_or_none(Delivery.id == before, Delivery.webhook_id == webhook.id) if before else None
    return cursors.newest(query, last, limit)


def get(webhook: Webhook, delivery_id: str) -> Delivery:
    """Raises NotFound."""
    delivery = Delivery.get_or_none(Delivery.id == delivery_id, Delivery.webhook_id == webhook.id)
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id} to this webhook; they are kept 30 days.")
    return delivery


def replay(webhook: Webhook, delivery_id: str) -> Delivery:
    """Send a delivery again, with all its tries; one that waits for its next try is sent now. Its id stays.

    Raises NotFound, Conflict (the webhook is disabled, or this is being sent already).
    """
    delivery = get(webhook, delivery_id)
    if not webhook.enabled and not delivery.is_test:
        raise Conflict("This webhook is disabled; enable it first.")
    if delivery.status == "pending":
        raise Conflict("This delivery is on its way already.")
    with store.write():
        if delivery.status == "retrying":
            jobs.hurry(delivery.job_id)
            return delivery
        job = jobs.add_and_push(webhook.account_id, "deliver", {"delivery_id": delivery.id}, lane="outgoing")
        anew = {"status": "pending", "attempt": 0, "job_id": job.id, "error": "", "response_status": None}
        Delivery.update(**anew, duration_ms=None, delivered_at=None).where(Delivery.id == delivery.id).execute()
        jobs.forget([delivery.job_id])
    return Delivery.get_by_id(delivery.id)


def describe(delivery: Delivery) -> dict[str, Any]:
    """A delivery as the API shows it. Source: backend-spec 2.5."""
    return {
        "id": delivery.id,
        "event": delivery.event,
        "status": delivery.status,
        "attempt": delivery.attempt,
        "max_attempts": MAX_ATTEMPTS,
        "response_status": delivery.response_status,
        "error": delivery.error or None,
        "duration_ms": delivery.duration_ms,
        "created_at": store.rfc3339(delivery.created_at),
        "next_attempt_at": store.rfc3339(delivery.next_attempt_at),
        "delivered_at": store.rfc3339(delivery.delivered_at),
        "payload": json.loads(delivery.payload),
    }


def forget() -> None:
    """Delete deliveries that are older than a month. For the sweep."""
    old = Delivery.select(Delivery.id, Delivery.job_id).where(
        Delivery.created_at < store.now() - timedelta(seconds=KEPT_S), Delivery.status.not_in(_UNDERWAY)
    )
    if rows := list(old.limit(5000)):
        with store.write():
            jobs.forget(row.job_id for row in rows)
            Delivery.delete().where(Delivery.id.in_([row.id for row in rows])).execute()
