"""Webhooks: who wants to be told what, and telling them. A delivery is a row and a job (`deliveries.py` sends it).

Source: API reference, "Webhooks"; backend-spec 2.5.
"""

import difflib
import hashlib
import hmac
import json
import uuid
from typing import Any

from peewee import BooleanField, CharField, DateTimeField, IntegerField, TextField

from fastclip import jobs, rules, store, targets
from fastclip.accounts import Account
from fastclip.errors import Conflict, InvalidRequest, NotFound
from fastclip.store import Row


class Webhook(Row):
    """One receiver of an account."""

    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    url = TextField()
    events = TextField()  # JSON list
    description = CharField(default="")
    enabled = BooleanField(default=True)
    secret = CharField()
    created_at = DateTimeField(default=store.now)
    last_delivery_at = DateTimeField(null=True)
    consecutive_failures = IntegerField(default=0)
    failing_since = DateTimeField(null=True)
    """Of the first try that failed after the last one that did not."""
    disabled_reason = TextField(default="")

    def listens_for(self, event: str) -> bool:
        return event in json.loads(self.events)


class Delivery(Row):
    """One event on its way to one webhook; its id stays the same over all tries."""

    id = CharField(primary_key=True)
    webhook_id = CharField(index=True)
    job_id = CharField(default="")
    event = CharField()
    payload = TextField()  # canonical JSON: the very bytes that are signed and sent
    is_test = BooleanField(default=False)
    status = CharField(default="pending")
    attempt = IntegerField(default=0)
    response_status = IntegerField(null=True)
    error = TextField(default="")
    duration_ms = IntegerField(null=True)
    created_at = DateTimeField(default=store.now, index=True)
    next_attempt_at = DateTimeField(null=True)
    delivered_at = DateTimeField(null=True)


# -- Telling -----------------------------------------------------------------------------------------------


def announce(account_id: str, event: str, data: dict[str, Any]) -> None:
    """Tell every webhook of the account that listens for `event`.

    Call it where the event happens: inside a transaction the deliveries are kept, or not, with everything else, and
    are sent once it is committed. data: what JSON can say; the reference's fields. Raises KeyError for an event that
    is not one of `rules.EVENTS`.
    """
    if event not in rules.EVENTS:
        raise KeyError(event)
    listening = Webhook.select().where(Webhook.account_id == account_id, Webhook.enabled)
    found = [webhook for webhook in listening if webhook.listens_for(event)]
    if found:
        with store.write():
            for webhook in found:
                deliver(webhook, event, data)


def deliver(webhook: Webhook, event: str, data: dict[str, Any], *, is_test: bool = False) -> Delivery:
    """One delivery, kept and queued. Call inside `store.write()`."""
    delivery_id = str(uuid.uuid4())
    job = jobs.add_and_push(webhook.account_id, "deliver", {"delivery_id": delivery_id}, lane="outgoing")
    payload = canonical({"event": event, "data": data})
    return Delivery.create(
        id=delivery_id, webhook_id=webhook.id, job_id=job.id, event=event, payload=payload, is_test=is_test
    )


def canonical(body: dict[str, Any]) -> str:
    """Sorted keys, no spaces, ASCII: what is signed, and byte for byte what is sent (A27)."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sign(secret: str, body: str) -> str:
    """The value of `X-FastClip-Signature`."""
    return "sha256=" + hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()


# -- Keeping -----------------------------------------------------------------------------------------------


def add(account: Account, url: str, events: list[str], *, description: str = "", enabled: bool = True) -> Webhook:
    """A new webhook; its secret is shown once. Raises InvalidRequest (url, events), Conflict (limit_reached)."""
    targets.check(url, is_owner=account.role == "owner")
    with store.write():
        if Webhook.select().where(Webhook.account_id == account.id).count() >= rules.MAX_WEBHOOKS:
            raise Conflict(
                f"An account has at most {rules.MAX_WEBHOOKS} webhooks; delete one first.", code="limit_reached"
            )
        return Webhook.create(
            id=store.new_id("wh_"),
            account_id=account.id,
            url=url,
            events=json.dumps(_events(events)),
            description=description.strip(),
            enabled=enabled,
            secret=_new_secret(),
        )


def of_account(account_id: str) -> list[Webhook]:
    return list(Webhook.select().where(Webhook.account_id == account_id).order_by(Webhook.created_at, Webhook.id))


def get(account_id: str, webhook_id: str) -> Webhook:
    """Raises NotFound."""
    webhook = Webhook.get_or_none(Webhook.id == webhook_id, Webhook.account_id == account_id)
    if webhook is None:
        raise NotFound(f"There is no webhook {webhook_id} on this account.")
    return webhook


def change(
    account: Account,
    webhook_id: str,
    *,
    url: str | None = None,
    events: list[str] | None = None,
    description: str | None = None,
    enabled: bool | None = None,
) -> Webhook:
    """Change what is given. Enabling forgets why it was disabled. Raises NotFound, InvalidRequest."""
    get(account.id, webhook_id)
    facts: dict[str, Any] = {}
    if url is not None:
        targets.check(url, is_owner=account.role == "owner")
        facts["url"] = url
    if events is not None:
        facts["events"] = json.dumps(_events(events))
    if description is not None:
        facts["description"] = description.strip()
    if enabled is not None:
        facts["enabled"] = enabled
    if enabled:
        facts |= {"consecutive_failures": 0, "failing_since": None, "disabled_reason": ""}
    if facts:
        with store.write():
            Webhook.update(**facts).where(Webhook.id == webhook_id, Webhook.account_id == account.id).execute()
    return get(account.id, webhook_id)


def rotate_secret(account_id: str, webhook_id: str) -> str:
    """A new secret, shown once; what is sent from now on is signed with it. Raises NotFound."""
    webhook, secret = get(account_id, webhook_id), _new_secret()
    with store.write():
        Webhook.update(secret=secret).where(Webhook.id == webhook.id).execute()
    return secret


def delete(account_id: str, webhook_id: str) -> None:
    """With its deliveries; those on their way are not sent any more. Raises NotFound."""
    webhook = get(account_id, webhook_id)
    with store.write():
        _delete([webhook])


def forget(account_id: str) -> None:
    """Delete every webhook of an account that ends. Call inside `store.write()`."""
    _delete(of_account(account_id))


def test(account: Account, webhook_id: str, event: str | None = None) -> Delivery:
    """Queue a sample of `event` (the first one it listens for), marked as a test; also to a disabled webhook."""
    webhook = get(account.id, webhook_id)
    told = event or json.loads(webhook.events)[0]
    with store.write():
        return deliver(webhook, _events([told])[0], SAMPLES[told] | {"test": True}, is_test=True)


def describe(webhook: Webhook) -> dict[str, Any]:
    """A webhook as the API shows it, without its secret. Source: backend-spec 2.5."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": json.loads(webhook.events),
        "description": webhook.description,
        "enabled": webhook.enabled,
        "created_at": store.rfc3339(webhook.created_at),
        "last_delivery_at": store.rfc3339(webhook.last_delivery_at),
        "consecutive_failures": webhook.consecutive_failures,
        "disabled_reason": webhook.disabled_reason or None,
    }


def _events(asked: list[str]) -> list[str]:
    """The asked names, in the order of the reference. Raises InvalidRequest."""
    for i, name in enumerate(asked):
        if name not in rules.EVENTS:
            near = difflib.get_close_matches(name, rules.EVENTS, 1)
            hint = f"did you mean {near[0]}?" if near else f"use {', '.join(rules.EVENTS)}."
            raise InvalidRequest(f"{name[:60]} is not an event; {hint}", param=f"events[{i}]")
    if len(set(asked)) < len(asked):
        raise InvalidRequest("events names one twice.", param="events")
    return [name for name in rules.EVENTS if name in asked]


def _new_secret() -> str:
    return "whsec_" + store.new_id("", chars=32)


def _delete(rows: list[Webhook]) -> None:
    ids = [webhook.id for webhook in rows]
    jobs.forget(row.job_id for row in Delivery.select(Delivery.job_id).where(Delivery.webhook_id.in_(ids)))
    Delivery.delete().where(Delivery.webhook_id.in_(ids)).execute()
    Webhook.delete().where(Webhook.id.in_(ids)).execute()


_CLIP_ID = "d9d54c23-7af8-41f8-8f6e-9ce0092f8f2f"
_SEGMENT = {"job_id": "job_auto_123", "index": 1, "total": 2, "start": 42.0, "end": 71.0}
SAMPLES: dict[str, dict[str, Any]] = {
    "clip.complete": {
        "job_id": "job_123",
        "clip_id": _CLIP_ID,
        "format": "mp3",
        "quality": "",
        "duration": 32.4,
        "download_url": "https://...",
        "cost": 0.02,
        "source": "trim",
        "captioned": False,
    },
    "clip.failed": {
        "job_id": "job_123",
        "error": "The clip reaches behind the end of its source.",
        "code": "validation_failed",
        "format": "mp4",
        "quality": "1080p",
        "refunded": 0.02,
    },
    "clip.auto.segment_complete": _SEGMENT
    | {
        "clip_id": _CLIP_ID,
        "duration": 29.0,
        "download_url": "https://...",
        "format": "mp4",
        "quality": "1080p",
        "cost": 0.02,
        "source": "auto",
        "captioned": False,
    },
    "clip.auto.segment_failed": _SEGMENT | {"error": "Something went wrong on our side."},
    "clip.expired": {"clip_id": _CLIP_ID, "title": "source", "expired_at": "2026-04-20T10:00:00Z"},
    "upload.ready": {
        "file_id": "upl_a1b2c3d4e5f6",
        "filename": "podcast.wav",
        "file_size": 52428800,
        "duration": 1810.2,
        "duration_seconds": 1810.2,
        "max_height": 0,
        "format_detected": "wav",
        "content_type": "audio/wav",
        "media_kind": "audio",
        "has_video": False,
        "has_audio": True,
        "clip_requested": False,
        "clip_job_id": "",
    },
    "upload.failed": {
        "file_id": "upl_a1b2c3d4e5f6",
        "filename": "podcast.wav",
        "error": "This file is not media that FastClip can read.",
        "code": "unsupported_media",
        "clip_requested": False,
        "clip_job_id": "",
    },
    "balance.low": {"balance": 0.48, "threshold": 0.5},
    "balance.empty": {"balance": 0.0},
    "balance.reloaded": {
        "balance": 15.0,
        "amount": 10.0,
        "bonus": 5.0,
        "method": "manual",
        "attempt_id": "dep_a2b3c4d5e6f7g2h3",
    },
    "btc.deposit.failed": {"attempt_id": "dep_a2b3c4d5e6f7g2h3", "amount": 10.0, "reason": "The invoice expired."},
    "card.reload.failed": {
        "attempt_key": "nightly-1",
        "amount": 10.0,
        "reason": "Your card was declined.",
        "code": "card_declined",
    },
}
"""What `test` sends for each event: the examples of the API reference and of backend-spec 2.5."""
