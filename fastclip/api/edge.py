"""The outermost layer, before any route: request id, Host, clean paths, HEAD, and the headers of every answer."""

import re
from typing import Any, cast

from litestar.serialization import encode_json
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from fastclip.api.hosts import Hosts
from fastclip.api.refusals import envelope
from fastclip.errors import FastClipError, InvalidRequest, Misdirected
from fastclip.store import new_id
from fastclip.store.blobs import base_url

_UNCLEAN = re.compile("[\x00-\x1f\x7f\ufffd]")
_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_FILES = "/_s/"


def edge(app: ASGIApp, hosts: Hosts) -> ASGIApp:
    """`app` behind that layer.

    Litestar runs its own middleware only for paths that have a route; this one sees every request.
    """

    async def run(any_scope: Scope, receive: Receive, send: Send) -> None:
        if any_scope["type"] != "http":
            return await app(any_scope, receive, send)
        scope = cast(HTTPScope, any_scope)
        state: dict[str, Any] = scope.setdefault("state", {})
        state |= {"request_id": new_id("req_", chars=12), "method": scope["method"], "headers": []}
        send = _with_headers(send, state)
        try:
            base_url.set(f"{scope['scheme']}://{_host(scope, hosts)}")
            _check_path(scope["path"])
        except FastClipError as refusal:
            return await _refuse(send, refusal, state["request_id"])
        if scope["path"].startswith(_FILES):
            return await app(scope, receive, send)
        # HEAD is GET whose body the server leaves out. Litestar answers OPTIONS for one handler, not for the path: ask
        # for a method that nobody has, and `refusals.answer` says which ones there are.
        method = {"HEAD": "GET", "OPTIONS": "NONE"}.get(scope["method"], scope["method"])
        await app(cast(HTTPScope, {**scope, "method": method}), receive, send)

    return run


def _host(scope: HTTPScope, hosts: Hosts) -> str:
    """The Host header, when it is there once and names this machine. Raises Misdirected."""
    named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    server = scope.get("server")
    if len(named) != 1 or not hosts.has(named[0], local_ip=server[0] if server else None):
        raise Misdirected(
            f"This machine does not answer to the name {named[0] if named else '(none)'}. Use its own name or address, "
            "or add the name to the setting `allowed_hosts`."
        )
    return named[0].strip().lower()


def _check_path(path: str) -> None:
    if _UNCLEAN.search(path):
        raise InvalidRequest("The path holds characters that no path of ours has.")


def _with_headers(send: Send, state: dict[str, Any]) -> Send:
    """`send`, adding what every answer carries and what inner layers left in `state["headers"]`."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"request-id", state["request_id"].encode()), *_ALWAYS, *state["headers"]]
            if not any(name.lower() == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            message["headers"] = headers
        await send(message)

    return sending


async def _refuse(send: Send, refusal: FastClipError, request_id: str) -> None:
    body = encode_json(envelope(refusal, request_id))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
