"""The owner's desk: invites, members, links for a new password, and handing the installation over.

Source: backend-spec 2.7 and 5.
"""

from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from fastclip import accounts, invites, members, sessions, smtp, tickets
from fastclip.api.account import Short, signed_in
from fastclip.api.auth import Caller, owner_only
from fastclip.api.strict import Ask
from fastclip.errors import InvalidRequest
from fastclip.standing import Standing
from fastclip.store.blobs import address_for_others


class InviteAsk(Ask):
    example = {"email": "ben@example.org", "is_covered": True}
    email: Short | None = None
    is_covered: bool | UnsetType = UNSET


class MemberAsk(Ask):
    example = {"is_covered": False}
    is_covered: bool | UnsetType = UNSET
    name: Short | UnsetType = UNSET


class HandOverAsk(Ask):
    example = {"member_id": "usr_a1b2c3d4e5f6g7h2", "password": "correct horse battery"}
    member_id: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Short


def routes_for(standing: Standing) -> list[HTTPRouteHandler]:
    """Handlers over the settings that say who pays for new members, and whether mails are sent."""

    @get("/v1/admin/invites", sync_to_thread=True, guards=[owner_only])
    def list_invites(caller: NamedDependency[Caller]) -> dict[str, Any]:
        """Invites that can still be used, and whether a new one covers when nothing is said."""
        shown = [invites.describe(invite) for invite in invites.pending()]
        return {"data": shown, "covered_by_default": standing.now.new_members_covered}

    @post("/v1/admin/invites", status_code=200, sync_to_thread=True, guards=[owner_only], opt={"rate": "keys"})
    def create_invite(caller: NamedDependency[Caller], data: JSONBody[InviteAsk]) -> dict[str, Any]:
        """A link that lets one person join, within 72 hours. It is in this answer and never again."""
        is_covered = standing.now.new_members_covered if data.is_covered is UNSET else data.is_covered
        invite, token = invites.add(caller.account, email=data.email or "", is_covered=is_covered)
        url = _link(f"/join#{token}")
        if is_mailed := bool(invite.email and smtp.server_of(standing.now)):
            invites.send(invite, caller.account, url)
        return invites.describe(invite) | {"url": url, "mailed": is_mailed}

    @post(
        "/v1/admin/members/{member_id:str}/reset-link",
        status_code=200,
        sync_to_thread=True,
        guards=[owner_only],
        opt={"rate": "keys"},
    )
    def create_reset_link(caller: NamedDependency[Caller], member_id: FromPath[str]) -> dict[str, Any]:
        """A link that sets a new password once, within 24 hours. It is in this answer and never again."""
        account = members.get(member_id)
        url = _link(f"/reset#{tickets.reset_token(account.id)}")
        if is_mailed := bool(smtp.server_of(standing.now)):
            members.send_reset_link(account, url)
        return {"url": url, "mailed": is_mailed, "expires_in": int(tickets.RESET_LINK_LIFE.total_seconds())}

    return [list_invites, create_invite, create_reset_link, *_routes]


@delete("/v1/admin/invites/{invite_id:str}", status_code=200, sync_to_thread=True, guards=[owner_only])
def withdraw_invite(caller: NamedDependency[Caller], invite_id: FromPath[str]) -> dict[str, Any]:
    """Take an invite back; its link is worthless at once."""
    invites.withdraw(invite_id)
    return {"ok": True}


@get("/v1/admin/members", sync_to_thread=True, guards=[owner_only])
def list_members(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """Everybody who has an account, the owner first."""
    return {"data": members.listed()}


@patch("/v1/admin/members/{member_id:str}", sync_to_thread=True, guards=[owner_only])
def change_member(
    caller: NamedDependency[Caller], member_id: FromPath[str], data: JSONBody[MemberAsk]
) -> dict[str, Any]:
    """Who pays for a member, and what they are called."""
    if data.is_covered is UNSET and data.name is UNSET:
        raise InvalidRequest("Send is_covered or name to change.")
    changed = members.change(
        member_id,
        is_covered=None if data.is_covered is UNSET else data.is_covered,
        name=None if data.name is UNSET else data.name,
    )
    return members.describe(changed)


@delete("/v1/admin/members/{member_id:str}", status_code=200, sync_to_thread=True, guards=[owner_only])
def remove_member(caller: NamedDependency[Caller], member_id: FromPath[str]) -> dict[str, Any]:
    """Close a member's account: jobs are canceled and refunded, media is deleted, nothing brings it back."""
    members.close(member_id)
    return {"ok": True}


@post("/v1/admin/hand-over", status_code=200, sync_to_thread=True, guards=[owner_only], opt={"rate": "sign_in"})
def hand_over(
    request: Request[Any, Any, Any], caller: NamedDependency[Caller], data: JSONBody[HandOverAsk]
) -> Response[dict[str, Any]]:
    """Make a member the owner and the owner a member. The sessions of both end; this browser gets a new one."""
    sessions.confirm(caller.account, data.password)
    members.hand_over(caller.account, data.member_id)
    return signed_in(request, accounts.by_id(caller.account_id))


def _link(path: str) -> str:
    return address_for_others() + path


_routes = [withdraw_invite, list_members, change_member, remove_member, hand_over]
