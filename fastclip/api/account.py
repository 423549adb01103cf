"""Who I am: set-up, signing in and out, the account, its keys and its balance.

Sources: API reference, "Authentication", "API Keys", "Billing, Storage, and Account"; backend-spec 2.7 and 5.
"""

from ipaddress import ip_address
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect
from msgspec import Meta

from fastclip import accounts, api_keys, rules, sessions, tickets
from fastclip.accounts import Account
from fastclip.api.auth import Caller, address, clear_session_cookie, session_only, set_session_cookie
from fastclip.api.strict import Ask
from fastclip.billing import ledger, storage
from fastclip.errors import NotFound
from fastclip.store import rfc3339
from fastclip.store.blobs import address_for_others

Short = Annotated[str, Meta(max_length=500)]


class SignInAsk(Ask):
    example = {"email": "ana@example.org", "password": "correct horse battery"}
    email: Short
    password: Short


class SetUpAsk(SignInAsk):
    example = SignInAsk.example | {"token": "from the set-up link", "name": "Ana"}
    token: Short
    name: Short = ""


class KeyAsk(Ask):
    example = {"name": "nightly clips"}
    name: str


# -- Set-up and sessions -----------------------------------------------------------------------------------


@get("/v1/setup", sync_to_thread=True)
def get_setup(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Whether this installation still needs its owner. Seen from this machine only."""
    _must_be_local(request)
    return {"needs_owner": not accounts.has_owner()}


@post("/v1/setup", status_code=200, sync_to_thread=True, opt={"rate": "sign_in"})
def set_up(request: Request[Any, Any, Any], data: JSONBody[SetUpAsk]) -> Response[dict[str, Any]]:
    """Create the owner's account with the token of the set-up link, and sign in."""
    _must_be_local(request)
    account = tickets.set_up(data.token, data.email, data.password, name=data.name)
    return signed_in(request, account)


@post("/v1/auth/sign-in", status_code=200, sync_to_thread=True, opt={"rate": "sign_in"})
def sign_in(request: Request[Any, Any, Any], data: JSONBody[SignInAsk]) -> Response[dict[str, Any]]:
    """Sign in with address and password; sets the session cookie."""
    account, token = sessions.sign_in(data.email, data.password, **whence(request))
    return signed_in(request, account, token)


@post("/v1/auth/sign-out", status_code=200, sync_to_thread=True, guards=[session_only])
def sign_out(caller: NamedDependency[Caller]) -> Response[dict[str, Any]]:
    """End this session."""
    sessions.sign_out(caller.session_token)
    response = Response[dict[str, Any]]({"ok": True})
    clear_session_cookie(response)
    return response


@get("/v1/auth/session", sync_to_thread=True, guards=[session_only])
def get_session(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """The account that is signed in, and the token that its unsafe requests carry."""
    return {"account": describe(caller.account, caller.via), "csrf_token": sessions.csrf_token(caller.session_token)}


@get("/auth/window", sync_to_thread=True, include_in_schema=False)
def sign_window_in(request: Request[Any, Any, Any], t: FromQuery[str]) -> Redirect:
    """Where the native window begins: a one-time ticket becomes its session."""
    response = Redirect("/", status_code=303)
    token = tickets.use_window_ticket(t, **whence(request))
    set_session_cookie(response, token, secure=request.url.scheme == "https")
    return response


def signed_in(request: Request[Any, Any, Any], account: Account, token: str = "") -> Response[dict[str, Any]]:
    """The answer that begins a session; token: of one that has begun."""
    token = token or sessions.begin(account.id, **whence(request))
    response = Response({"account": describe(account, "session"), "csrf_token": sessions.csrf_token(token)})
    set_session_cookie(response, token, secure=request.url.scheme == "https")
    return response


def whence(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Where a session begins, for the list of them."""
    return {"ip": address(request.scope), "user_agent": request.headers.get("user-agent", "")}


def _must_be_local(request: Request[Any, Any, Any]) -> None:
    """Set-up does not exist for anybody else on the network. Raises NotFound."""
    caller_address = address(request.scope)
    if not caller_address or not ip_address(caller_address.split("%")[0]).is_loopback:
        raise NotFound("There is nothing at this address.")


# -- The account -------------------------------------------------------------------------------------------


@get("/v1/account", sync_to_thread=True)
def get_account(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """The account behind this key or session."""
    return describe(caller.account, caller.via)


@get("/v1/balance", sync_to_thread=True)
def get_balance(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """What can be spent, and what running jobs hold."""
    return ledger.describe_balance(caller.account)


@post("/v1/account/signup-credit", status_code=200, sync_to_thread=True, guards=[session_only], opt={"once": True})
def take_signup_credit(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """The welcome credit, once."""
    ledger.grant_signup_credit(caller.account_id)
    return signup_credit(caller.account_id)


def signup_credit(account_id: str) -> dict[str, Any]:
    balance = ledger.usd(ledger.balance(account_id)[0])
    return {"granted": ledger.usd(rules.SIGNUP_CREDIT_CENTS), "balance": balance}


def describe(account: Account, via: str) -> dict[str, Any]:
    """The account as its holder sees it."""
    return {
        "id": account.id,
        "email": account.email,
        "name": account.name,
        "role": account.role,
        "created_at": rfc3339(account.created_at),
        "balance": ledger.usd(ledger.balance(account.id)[0]),
        "is_covered": account.is_covered,
        "has_paid_deposit": account.paid_total_cents > 0,
        "signup_credit_available": ledger.is_signup_credit_open(account.id),
        "auth": via,
        "links_begin": address_for_others(),
        "limits": {
            "max_upload_bytes": rules.MAX_UPLOAD_BYTES,
            "max_api_keys": rules.MAX_API_KEYS,
            "storage_bytes": storage.quota_bytes(account.id),
            "has_4k": account.has_4k,
        },
    }


# -- API keys ----------------------------------------------------------------------------------------------


@post("/v1/keys", status_code=200, sync_to_thread=True, guards=[session_only], opt={"rate": "keys"})
def create_key(caller: NamedDependency[Caller], data: JSONBody[KeyAsk]) -> dict[str, Any]:
    """A new API key. The full key is in this answer and never again."""
    row, key = api_keys.add(caller.account_id, data.name)
    return {"key_id": row.id, "name": row.name, "key": key, "prefix": row.prefix, "created_at": rfc3339(row.created_at)}


@get("/v1/keys", sync_to_thread=True, guards=[session_only])
def list_keys(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """The account's API keys, without their text."""
    return {"data": [api_keys.describe(key) for key in api_keys.of_account(caller.account_id)]}


@delete("/v1/keys/{key_id:str}", status_code=200, sync_to_thread=True, guards=[session_only], opt={"rate": "keys"})
def revoke_key(caller: NamedDependency[Caller], key_id: FromPath[str]) -> dict[str, Any]:
    """Revoke a key; it stops working at once."""
    api_keys.revoke(caller.account_id, key_id)
    return {"ok": True}


routes = [
    get_setup,
    set_up,
    sign_in,
    sign_out,
    get_session,
    sign_window_in,
    get_account,
    get_balance,
    take_signup_credit,
    create_key,
    list_keys,
    revoke_key,
]
