"""`Idempotency-Key` on every route that reserves or moves money (`opt={"once": True}`); see `billing/answers.py`.

Stands behind `gate`, so the caller is known and counted, and before the handler. Source: backend-spec 2.
"""

from typing import Any, cast

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from fastclip.api.strict import whole
from fastclip.billing import answers
from fastclip.errors import FastClipError

HEADER = "idempotency-key"
REPLAYED = (b"idempotency-replayed", b"true")


def once(app: ASGIApp) -> ASGIApp:
    """Middleware: the first request with a key runs, the others get its answer."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["route_handler"].opt.get("once"):
            return await app(scope, receive, send)
        scope = cast(HTTPScope, scope)
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        key = request.headers.get(HEADER)
        caller = scope["state"].get("caller")
        if key is None or caller is None:
            return await app(scope, receive, send)
        asked = answers.digest(scope["method"], scope["path"], await whole(request))
        found = await sync_to_thread(answers.begin, caller.account_id, key, asked)
        if found is not None:
            return await _send_again(send, found)
        await _run_once(app, scope, receive, send, caller.account_id, key)

    return run


async def _run_once(app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send, account_id: str, key: str) -> None:
    """Run the handler, and keep what it says before it is said: who got an answer gets the same one ever after."""
    started: list[Message] = []
    body = bytearray()

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.append(message)
            return
        if message["type"] == "http.response.body":
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            await _settle(account_id, key, started[0], bytes(body))
            await send(started[0])
            message = {"type": "http.response.body", "body": bytes(body), "more_body": False}
        await send(message)

    try:
        await app(scope, receive, sending)
    except (FastClipError, HTTPException):  # a refusal that is told further out; after an accident the key stays taken
        await sync_to_thread(answers.free, account_id, key)
        raise


async def _settle(account_id: str, key: str, start: Message, body: bytes) -> None:
    status = cast(Any, start)["status"]
    if 200 <= status < 300 or status == 500:
        headers = dict(cast(Any, start)["headers"])
        kind = headers.get(b"content-type", b"application/json").decode()
        await sync_to_thread(answers.keep, account_id, key, status, kind, body.decode())
    else:
        await sync_to_thread(answers.free, account_id, key)


async def _send_again(send: Send, found: answers.KeptAnswer) -> None:
    body = found.body.encode()
    headers = [
        (b"content-type", found.content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        REPLAYED,
    ]
    await send({"type": "http.response.start", "status": found.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
