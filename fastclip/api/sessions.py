"""Who may come in, and where they are: joining by invite, passwords, sessions, changing and closing an account.

Sources: API reference, "DELETE /v1/account"; backend-spec 2.7 and 5.
"""

from typing import Annotated, Any, Literal

from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from fastclip import accounts, credentials, invites, members, sessions, tickets
from fastclip.api.account import Short, describe, signed_in
from fastclip.api.auth import Caller, clear_session_cookie, session_only
from fastclip.api.strict import Ask
from fastclip.errors import InvalidRequest, NotAllowed
from fastclip.standing import Standing
from fastclip.store import rfc3339

Token = Annotated[str, Meta(min_length=1, max_length=200)]


class InviteToken(Ask):
    example = {"token": "from the invite link"}
    token: Token


class SignUpAsk(Ask):
    example = {"token": "from the invite link", "email": "ben@example.org", "password": "correct horse battery"}
    email: Short
    password: Short
    name: Short = ""
    token: Token | None = None


class PasswordAsk(Ask):
    example = {"current_password": "correct horse battery", "password": "staple wagon lantern"}
    current_password: Short
    password: Short


class ResetAsk(Ask):
    example = {"token": "from the reset link", "password": "staple wagon lantern"}
    token: Token
    password: Short


class AccountAsk(Ask):
    example = {"name": "Ana"}
    name: Short | UnsetType = UNSET
    email: Short | UnsetType = UNSET
    current_password: Short | UnsetType = UNSET


class CloseAsk(Ask):
    example = {"password": "correct horse battery", "confirm": "DELETE"}
    password: Short
    confirm: Literal["DELETE"]


# -- Coming in ---------------------------------------------------------------------------------------------


@post("/v1/auth/invite", status_code=200, sync_to_thread=True, opt={"rate": "sign_in"})
def show_invite(data: JSONBody[InviteToken]) -> dict[str, Any]:
    """What an invite link is for; it stays open."""
    invite = invites.find(data.token)
    return {
        "email": invite.email or None,
        "invited_by": accounts.by_id(invite.created_by).name,
        "expires_at": rfc3339(invite.expires_at),
    }


def routes_for(standing: Standing) -> list[HTTPRouteHandler]:
    """Handlers over the settings that say whether anybody may join."""

    @get("/v1/auth/sign-up", sync_to_thread=False, opt={"rate": "share"})
    def show_sign_up() -> dict[str, Any]:
        """Whether anybody can make an account here, or it takes an invite."""
        return {"is_open": standing.now.open_sign_up}

    @post("/v1/auth/sign-up", status_code=200, sync_to_thread=True, opt={"rate": "sign_in"})
    def sign_up(request: Request[Any, Any, Any], data: JSONBody[SignUpAsk]) -> Response[dict[str, Any]]:
        """Make a member's account and sign in. It takes an invite's token, unless the owner lets anybody in."""
        if data.token:
            return signed_in(request, invites.join(data.token, data.email, data.password, name=data.name))
        if not standing.now.open_sign_up:
            raise NotAllowed("Joining takes an invite here; ask the owner for one.")
        is_covered = standing.now.new_members_covered
        account = accounts.add(data.email, data.password, role="member", name=data.name, is_covered=is_covered)
        return signed_in(request, account)

    return [show_sign_up, sign_up, *_routes]


@post("/v1/auth/reset", status_code=200, sync_to_thread=True, opt={"rate": "sign_in"})
def reset_password(request: Request[Any, Any, Any], data: JSONBody[ResetAsk]) -> Response[dict[str, Any]]:
    """Set a new password with the token of a reset link, and sign in. Every other session ends."""
    return signed_in(request, tickets.reset_password(data.token, data.password))


@post("/v1/auth/password", status_code=200, sync_to_thread=True, guards=[session_only], opt={"rate": "sign_in"})
def change_password(
    request: Request[Any, Any, Any], caller: NamedDependency[Caller], data: JSONBody[PasswordAsk]
) -> Response[dict[str, Any]]:
    """Another password. Every session ends, and this browser gets a new one."""
    sessions.confirm(caller.account, data.current_password, param="current_password")
    sessions.set_password(caller.account_id, data.password)
    return signed_in(request, caller.account)


# -- Sessions ----------------------------------------------------------------------------------------------


@get("/v1/auth/sessions", sync_to_thread=True, guards=[session_only])
def list_sessions(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """Where this account is signed in."""
    rows = sessions.of_account(caller.account_id)
    return {"data": [sessions.describe(row, current=credentials.digest(caller.session_token)) for row in rows]}


@delete("/v1/auth/sessions", status_code=200, sync_to_thread=True, guards=[session_only])
def end_other_sessions(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """Sign out everywhere but here."""
    return {"ended": sessions.end_others(caller.account_id, current=credentials.digest(caller.session_token))}


@delete("/v1/auth/sessions/{session_id:str}", status_code=200, sync_to_thread=True, guards=[session_only])
def end_session(caller: NamedDependency[Caller], session_id: FromPath[str]) -> Response[dict[str, Any]]:
    """Sign out one browser, which may be this one."""
    ended = sessions.end(caller.account_id, session_id)
    response = Response[dict[str, Any]]({"ok": True})
    if ended.digest == credentials.digest(caller.session_token):
        clear_session_cookie(response)
    return response


# -- The account -------------------------------------------------------------------------------------------


@patch("/v1/account", sync_to_thread=True, guards=[session_only])
def change_account(caller: NamedDependency[Caller], data: JSONBody[AccountAsk]) -> dict[str, Any]:
    """Another name; another address to sign in with, which needs `current_password`."""
    if data.name is UNSET and data.email is UNSET:
        raise InvalidRequest("Send a name or an email to change.")
    if data.email is not UNSET:
        if data.current_password is UNSET:
            raise NotAllowed("Send current_password with a new email: it is what you sign in with.")
        sessions.confirm(caller.account, data.current_password, param="current_password")
    changed = accounts.change(
        caller.account,
        name=None if data.name is UNSET else data.name,
        email=None if data.email is UNSET else data.email,
    )
    return describe(changed, caller.via)


@delete("/v1/account", status_code=200, sync_to_thread=True, guards=[session_only], opt={"rate": "sign_in"})
def close_account(caller: NamedDependency[Caller], data: JSONBody[CloseAsk]) -> Response[dict[str, Any]]:
    """Close this account: jobs are canceled and refunded, media is deleted, nothing brings it back."""
    sessions.confirm(caller.account, data.password)
    members.close(caller.account_id)
    response = Response[dict[str, Any]]({"ok": True})
    clear_session_cookie(response)
    return response


_routes = [
    show_invite,
    reset_password,
    change_password,
    list_sessions,
    end_other_sessions,
    end_session,
    change_account,
    close_account,
]
