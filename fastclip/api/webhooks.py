"""Webhooks and their deliveries. Source: API reference, "Webhooks"; backend-spec 2.5."""

from typing import Annotated, Any, Literal

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from fastclip import deliveries, rules, targets, webhooks
from fastclip.api.auth import Caller
from fastclip.api.strict import Ask
from fastclip.api.uploads import page_size

Url = Annotated[str, Meta(min_length=1, max_length=targets.MAX_URL_CHARS)]
Events = Annotated[list[str], Meta(min_length=1, max_length=len(rules.EVENTS))]
Description = Annotated[str, Meta(max_length=200)]
_COUNTED: dict[str, Any] = {"rate": "keys"}


class WebhookAsk(Ask):
    example = {"url": "https://studio.example.org/fastclip", "events": ["upload.ready", "clip.complete"]}
    url: Url
    events: Events
    description: Description = ""
    enabled: bool = True


class WebhookChange(Ask):
    example = {"events": ["clip.complete", "clip.failed"], "enabled": True}
    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    enabled: bool | None = None


class WebhookTestAsk(Ask):
    example = {"event": "clip.complete"}
    event: str | None = None


@post("/v1/webhooks", status_code=200, sync_to_thread=True, opt=_COUNTED)
def create_webhook(caller: NamedDependency[Caller], data: JSONBody[WebhookAsk]) -> dict[str, Any]:
    """Be told of events at a URL. The secret that signs them is in this answer and never again."""
    webhook = webhooks.add(caller.account, data.url, data.events, description=data.description, enabled=data.enabled)
    return webhooks.describe(webhook) | {"secret": webhook.secret}


@get("/v1/webhooks", sync_to_thread=True)
def list_webhooks(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """The account's webhooks, without their secrets."""
    return {"data": [webhooks.describe(webhook) for webhook in webhooks.of_account(caller.account_id)]}


@get("/v1/webhooks/{webhook_id:str}", sync_to_thread=True)
def get_webhook(caller: NamedDependency[Caller], webhook_id: FromPath[str]) -> dict[str, Any]:
    """One webhook: whether it is enabled, and why not."""
    return webhooks.describe(webhooks.get(caller.account_id, webhook_id))


@patch("/v1/webhooks/{webhook_id:str}", sync_to_thread=True, opt=_COUNTED)
def change_webhook(
    caller: NamedDependency[Caller], webhook_id: FromPath[str], data: JSONBody[WebhookChange]
) -> dict[str, Any]:
    """Change a webhook. Enabling it again forgets the failures that disabled it."""
    webhook = webhooks.change(
        caller.account,
        webhook_id,
        url=data.url,
        events=data.events,
        description=data.description,
        enabled=data.enabled,
    )
    return webhooks.describe(webhook)


@delete("/v1/webhooks/{webhook_id:str}", status_code=200, sync_to_thread=True, opt=_COUNTED)
def delete_webhook(caller: NamedDependency[Caller], webhook_id: FromPath[str]) -> dict[str, Any]:
    """Delete a webhook and its deliveries."""
    webhooks.delete(caller.account_id, webhook_id)
    return {"ok": True}


@post("/v1/webhooks/{webhook_id:str}/test", status_code=200, sync_to_thread=True, opt=_COUNTED)
def test_webhook(
    caller: NamedDependency[Caller], webhook_id: FromPath[str], data: JSONBody[WebhookTestAsk | None] = None
) -> dict[str, Any]:
    """Send a sample of an event, marked as a test; also to a webhook that is disabled."""
    delivery = webhooks.test(caller.account, webhook_id, data.event if data else None)
    return {"delivery_id": delivery.id, "status": "pending"}


@post("/v1/webhooks/{webhook_id:str}/rotate-secret", status_code=200, sync_to_thread=True, opt=_COUNTED)
def rotate_secret(caller: NamedDependency[Caller], webhook_id: FromPath[str]) -> dict[str, Any]:
    """A new secret for a webhook, at once; it is in this answer and never again."""
    secret = webhooks.rotate_secret(caller.account_id, webhook_id)
    return webhooks.describe(webhooks.get(caller.account_id, webhook_id)) | {"secret": secret}


@get("/v1/webhooks/{webhook_id:str}/deliveries", sync_to_thread=True)
def list_deliveries(
    caller: NamedDependency[Caller],
    webhook_id: FromPath[str],
    limit: FromQuery[int] = rules.PAGE_DEFAULT,
    cursor: FromQuery[str | None] = None,
    status: FromQuery[Literal["pending", "retrying", "delivered", "failed"] | None] = None,
    event: FromQuery[str | None] = None,
) -> dict[str, Any]:
    """Deliveries of the last 30 days with their payloads, newest first."""
    webhook = webhooks.get(caller.account_id, webhook_id)
    rows = deliveries.listed(webhook, limit=page_size(limit) + 1, before=cursor, status=status, event=event)
    shown, has_more = rows[:limit], len(rows) > limit
    return {
        "data": [deliveries.describe(delivery) for delivery in shown],
        "next_cursor": shown[-1].id if has_more else None,
    }


@post(
    "/v1/webhooks/{webhook_id:str}/deliveries/{delivery_id:str}/replay",
    status_code=200,
    sync_to_thread=True,
    opt=_COUNTED,
)
def replay_delivery(
    caller: NamedDependency[Caller], webhook_id: FromPath[str], delivery_id: FromPath[str]
) -> dict[str, Any]:
    """Send a delivery again, under the same delivery id; one that waits for its next try is sent now."""
    return deliveries.describe(deliveries.replay(webhooks.get(caller.account_id, webhook_id), delivery_id))


routes = [
    create_webhook,
    list_webhooks,
    get_webhook,
    change_webhook,
    delete_webhook,
    test_webhook,
    rotate_secret,
    list_deliveries,
    replay_delivery,
]
