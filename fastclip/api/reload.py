"""Reloads by API: their settings, the reload, and the page that a mail leads to.

Source: API reference, "Billing, Storage, and Account"; backend-spec 2.6.
"""

from html import escape
from typing import Annotated, Any
from urllib.parse import parse_qs

from litestar import Request, Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody
from msgspec import UNSET, Meta, UnsetType

from fastclip import accounts
from fastclip.api import refusals
from fastclip.api.auth import Caller, session_only
from fastclip.api.strict import Ask, read, whole
from fastclip.billing import ledger, reload, reload_settings
from fastclip.errors import FastClipError, InvalidRequest
from fastclip.store.blobs import address_for_others

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
Short = Annotated[str, Meta(max_length=500)]


class ReloadSettingsAsk(Ask):
    example = {"enabled": True, "email_confirmation": True, "low_balance_threshold": 1.5}
    enabled: bool | UnsetType = UNSET
    email_confirmation: bool | UnsetType = UNSET
    reload_password: Short | None | UnsetType = UNSET
    low_balance_threshold: float | UnsetType = UNSET
    current_password: Short | None = None

    def given(self) -> dict[str, Any]:
        fields = ("enabled", "email_confirmation", "reload_password", "low_balance_threshold")
        return {name: getattr(self, name) for name in fields if getattr(self, name) is not UNSET}


class ReloadAsk(Ask):
    example = {"amount": 2000, "attempt_key": "reload-2026-04-19"}
    amount: int
    reload_password: Short | None = None
    attempt_key: Short | None = None


class ApproveReloadAsk(Ask):
    example = {"token": "from the mail"}
    token: Short


@get("/v1/account/reload-settings", sync_to_thread=True)
def get_reload_settings(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """Whether and how this account is reloaded by API."""
    return reload_settings.describe(caller.account)


@post("/v1/account/reload-settings", status_code=200, sync_to_thread=True, guards=[session_only])
def change_reload_settings(caller: NamedDependency[Caller], data: JSONBody[ReloadSettingsAsk]) -> dict[str, Any]:
    """Change some of them. What guards the card is only taken away with the account's own password."""
    return reload_settings.change(caller.account, data.given(), current_password=data.current_password)


@post("/v1/reload", status_code=200, sync_to_thread=True, opt={"once": True})
def reload_balance(
    request: Request[Any, Any, Any], caller: NamedDependency[Caller], data: JSONBody[ReloadAsk]
) -> dict[str, Any]:
    """Fill the balance from the saved card; amount in cents. With mail confirmation it is asked for first."""
    return reload.request(
        caller.account,
        data.amount,
        password=data.reload_password,
        attempt_key=_key(request, data.attempt_key),
        address=address_for_others(),
    )


def _key(request: Request[Any, Any, Any], in_body: str | None) -> str | None:
    """The one idempotency key, from wherever it came. Raises InvalidRequest when there are two."""
    sent = {in_body, request.headers.get("idempotency-key"), request.headers.get("x-idempotency-key")} - {None}
    if len(sent) > 1:
        said = "attempt_key and the Idempotency-Key header differ; send one, or the same in both."
        raise InvalidRequest(said, param="attempt_key")
    return sent.pop() if sent else None


# -- The page that a mail leads to -------------------------------------------------------------------------


@get("/v1/reload/approve", sync_to_thread=True, opt={"rate": "share"})
def show_reload(request: Request[Any, Any, Any], token: FromQuery[str] = "") -> Response[str]:
    """What a mail's link asks for, with one button. Looking changes nothing: mail scanners look too."""
    try:
        asked = reload.waiting(token)
    except FastClipError as refusal:
        return _refused(refusal)
    account = accounts.by_id(asked.account_id)
    moment = f"{asked.created_at:%Y-%m-%d %H:%M} UTC"
    amount = ledger.dollars(asked.amount_cents)
    return _page(
        f"Reload {amount}?",
        f"<dl><dt>Amount</dt><dd>{amount}</dd><dt>Account</dt><dd>{escape(account.email)}</dd>"
        f"<dt>Asked for</dt><dd>{moment}</dd></dl>"
        "<p>Your saved card is charged at once. If this was not you, close this page and revoke the API key.</p>"
        '<form method="post" action="/v1/reload/approve">'
        f'<input type="hidden" name="token" value="{escape(token)}">'
        f"<button>Approve and charge {amount}</button></form>",
    )


@post("/v1/reload/approve", status_code=200, opt={"rate": "share"})
async def approve_reload(request: Request[Any, Any, Any]) -> Response[Any]:
    """Charge it: a form from the page, or JSON with `token`. A link works once, within 30 minutes."""
    body = await whole(request)
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/json":
        asked: ApproveReloadAsk = read(body, ApproveReloadAsk)
        return Response(await sync_to_thread(reload.approve, asked.token))
    token = parse_qs(body.decode("ascii", "replace")).get("token", [""])[0]
    try:
        said = await sync_to_thread(reload.approve, token)
    except FastClipError as refusal:
        return _refused(refusal)
    bonus = f", and ${said['bonus']:.2f} on top" if said["bonus"] else ""
    return _page(
        "Reloaded",
        f"<p>${said['amount']:.2f} came from your card{bonus}. The balance is ${said['balance']:.2f}.</p>",
    )


def _refused(refusal: FastClipError) -> Response[str]:
    return _page("This did not work", f"<p>{escape(refusal.message)}</p>", refusal.status, refusals.headers_of(refusal))


def _page(title: str, content: str, status: int = 200, headers: dict[str, str] | None = None) -> Response[str]:
    # The form must tell where it comes from (`check_origin`), which `no-referrer` would hide; a link out tells nothing.
    return Response(
        _FRAME.replace("TITLE", escape(title)).replace("CONTENT", content),
        status_code=status,
        media_type="text/html",
        headers={"Content-Security-Policy": _POLICY} | (headers or {}),
    )


_FRAME = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="referrer" content="same-origin"><title>TITLE - FastClip</title><style>
:root{color-scheme:light dark;--ink:#1d1c1a;--soft:#605d57;--paper:#f7f6f3;--sheet:#fff;--line:#dcd9d2;--act:#b36b00;
--on:#fff}@media(prefers-color-scheme:dark){:root{--ink:#efedea;--soft:#aaa69f;--paper:#141312;--sheet:#1d1c1a;
--line:#34322f;--act:#f5b32f;--on:#1d1500}}*{box-sizing:border-box}
body{margin:0;min-height:100dvh;display:grid;place-items:center;padding:16px;background:var(--paper);color:var(--ink);
font:16px/1.6 system-ui,sans-serif}
main{width:min(27rem,100%);padding:28px;border:1px solid var(--line);border-radius:10px;background:var(--sheet)}
h1{margin:0 0 12px;font-size:24px;line-height:1.25}p{margin:12px 0;color:var(--soft)}
dl{display:grid;grid-template-columns:auto 1fr;gap:6px 20px;margin:16px 0}
dt{color:var(--soft)}dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
button{width:100%;min-height:44px;margin-top:8px;border:0;border-radius:8px;background:var(--act);color:var(--on);
font:600 16px/1.2 system-ui,sans-serif;cursor:pointer}button:focus-visible{outline:2px solid var(--ink);
outline-offset:3px}</style><main><h1>TITLE</h1>CONTENT</main></html>"""


routes = [get_reload_settings, change_reload_settings, reload_balance, show_reload, approve_reload]
