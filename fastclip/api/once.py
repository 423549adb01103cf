"""`Idempotency-Key` on every route that reserves or moves money (`opt={"once": True}`); see `billing/answers.py`.

Stands behind `gate`, so the caller is known and counted, and before the handler. Source: backend-spec 2.
"""

import asyncio
from typing import Any, cast

import msgspec
from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from fastclip.api import remade
from fastclip.api.strict import whole
from fastclip.billing import answers
from fastclip.billing.answers import KeptAnswer, Turn
from fastclip.errors import FastClipError, Unavailable

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
        body = await whole(request)
        asked = answers.digest(scope["method"], scope["path"], body)
        found = await sync_to_thread(answers.begin, caller.account_id, key, asked)
        if isinstance(found, Turn):
            path = next(iter(scope["route_handler"].paths))
            if not found.refs or path not in remade.PATHS:
                return await _run_once(app, scope, receive, send, found)
            found = await _remade(found, path, body)
        await _send_again(send, found)

    return run


async def _remade(turn: Turn, path: str, body: bytes) -> KeptAnswer:
    """Answer for a process that died between doing it and saying so."""
    try:
        said = await sync_to_thread(remade.PATHS[path], turn, msgspec.json.decode(body or b"{}"))
    except FastClipError:
        await sync_to_thread(answers.free, turn)
        raise
    kind, text = "application/json", msgspec.json.encode(said).decode()
    await sync_to_thread(answers.keep, turn, 200, kind, text)
    return KeptAnswer(status=200, content_type=kind, body=text)


async def _run_once(app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send, turn: Turn) -> None:
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
            await _settle(turn, started[0], bytes(body))
            await send(started[0])
            message = {"type": "http.response.body", "body": bytes(body), "more_body": False}
        await send(message)

    beating = asyncio.create_task(_beat(turn))
    token = answers.current.set(turn)
    try:
        await app(scope, receive, sending)
    except (FastClipError, HTTPException):  # a refusal, told further out
        await sync_to_thread(answers.free, turn)
        raise
    finally:
        answers.current.reset(token)
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


async def _beat(turn: Turn) -> None:
    while True:
        await asyncio.sleep(answers.BEAT_S)
        await sync_to_thread(answers.extend, turn)


async def _settle(turn: Turn, start: Message, body: bytes) -> None:
    status = cast(Any, start)["status"]
    if status >= 500 and status != Unavailable.status:
        await sync_to_thread(answers.let_go, turn)
    elif 200 <= status < 300:
        headers = dict(cast(Any, start)["headers"])
        kind = headers.get(b"content-type", b"application/json").decode()
        await sync_to_thread(answers.keep, turn, status, kind, body.decode())
    else:
        await sync_to_thread(answers.free, turn)


async def _send_again(send: Send, found: KeptAnswer) -> None:
    body = found.body.encode()
    headers = [
        (b"content-type", found.content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        REPLAYED,
    ]
    await send({"type": "http.response.start", "status": found.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
