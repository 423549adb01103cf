"""Who is asking: an API key or a session, and what protects a session from other sites' pages (backend-spec 5).

A handler that takes `caller: Caller` is for accounts only, one that does not is public: `gate` sees to it before the
handler's body is read. Source: API reference, "Authentication".
"""

import hmac
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.response import Response
from litestar.types import ASGIApp, HTTPScope, Middleware, Receive, Scope, Send

from fastclip import api_keys, sessions
from fastclip.accounts import Account
from fastclip.api.hosts import Hosts
from fastclip.api.rates import Rates
from fastclip.errors import NotAllowed, Unauthorized

COOKIE = "fc_session"
_SAFE = ("GET", "HEAD", "OPTIONS")
_CSRF_HINT = "Reload the page and try again."


@dataclass(frozen=True)
class Caller:
    """Who asks, and how they showed it."""

    account: Account
    via: Literal["api_key", "session"]
    api_key_id: str = ""
    session_token: str = field(default="", repr=False)

    @property
    def account_id(self) -> str:
        return self.account.id


def caller(scope: Scope) -> Caller:
    """Dependency of handlers: whom `gate` let in."""
    return scope["state"]["caller"]


def session_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: an API key does not do. Raises NotAllowed (session_required)."""
    if caller(connection.scope).via != "session":
        raise NotAllowed("This needs you signed in to the site; an API key does not do.", code="session_required")


def owner_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: the installation's owner, signed in."""
    session_only(connection, _)
    if caller(connection.scope).account.role != "owner":
        raise NotAllowed("Only the owner of this installation may do this.")


def needs_caller(handler: BaseRouteHandler) -> bool:
    """Whether a handler is for accounts only: it takes the caller, or looks at who it is."""
    guards = {session_only, owner_only} & set(handler.guards or ())
    return "caller" in handler.parsed_fn_signature.parameters or bool(guards)


def gate(hosts: Hosts, rates: Rates) -> Middleware:
    """Middleware of all routes: let the caller in, refuse forged requests, count the request."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def run(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await _let_in(cast(HTTPScope, scope), hosts, rates)
            await app(scope, receive, send)

        return run

    return wrap


async def _let_in(scope: HTTPScope, hosts: Hosts, rates: Rates) -> None:
    connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
    handler, state = scope["route_handler"], scope["state"]
    found = None
    try:
        if needs_caller(handler):
            found = state["caller"] = await sync_to_thread(identify, connection)
    finally:
        rate = handler.opt.get("rate", "read" if scope["method"] in _SAFE else "write")
        if rate:
            whose = found.account_id if found else None
            rates.count(rate, account_id=whose, ip=address(scope), headers=state["headers"])
    if scope["method"] not in _SAFE:
        check_origin(connection, hosts, found)


def identify(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    """Who sent this. A Bearer key counts before a cookie, even when it is wrong. Raises Unauthorized."""
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        account, key_id = api_keys.by_key(key.strip(), ip=address(connection.scope))
        return Caller(account, "api_key", api_key_id=key_id)
    token = connection.cookies.get(COOKIE)
    if not token:
        raise Unauthorized("Sign in, or send an API key as `Authorization: Bearer sk_live_...`.")
    account, _session = sessions.by_token(token)
    return Caller(account, "session", session_token=token)


def check_origin(connection: ASGIConnection[Any, Any, Any, Any], hosts: Hosts, found: Caller | None) -> None:
    """Refuse what a page of another site made a browser send.

    With a session: a page of ours must have sent it, and it must know the session's CSRF token. Without (sign-in,
    set-up): an Origin that is named must be ours. An API key is never sent by a browser on its own.
    """
    if found and found.via == "api_key":
        return
    origin, server = connection.headers.get("origin"), connection.scope.get("server")
    is_ours = hosts.has_origin(origin, local_ip=server[0] if server else None) if origin else None
    if is_ours is False or (found and not is_ours and connection.headers.get("sec-fetch-site") != "same-origin"):
        raise NotAllowed(f"This request does not come from a page of this site. {_CSRF_HINT}", code="csrf_failed")
    if found:
        sent = connection.headers.get("x-csrf-token", "")
        if not hmac.compare_digest(sent.encode(), sessions.csrf_token(found.session_token).encode()):
            raise NotAllowed(f"X-CSRF-Token is missing or not this session's. {_CSRF_HINT}", code="csrf_failed")


def address(scope: Scope) -> str:
    """The other end's IP address."""
    client = scope.get("client")
    return client[0] if client else ""


def set_session_cookie(response: Response[Any], token: str, *, secure: bool) -> None:
    """Keep the browser signed in. secure: the page was fetched by https."""
    life_s = int(sessions.LIFE.total_seconds())
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", path="/", secure=secure, max_age=life_s)


def clear_session_cookie(response: Response[Any]) -> None:
    response.delete_cookie(COOKIE, path="/")
