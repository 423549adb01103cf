"""Invites: a link lets one person make an account of their own, once, within 72 hours.

Only the digest of the link's token is kept. Source: backend-spec 2.7 and 5, "Teammates".
"""

import secrets
from datetime import timedelta
from typing import Any

from peewee import BooleanField, CharField, DateTimeField

from fastclip import accounts, credentials, mail, store
from fastclip.accounts import Account
from fastclip.errors import Conflict, InvalidRequest, NotAllowed, NotFound
from fastclip.store import Row

LIFE = timedelta(hours=72)
MOST_OPEN = 100
_OVER = "This invite was used, taken back or is too old; ask for a new one."


class Invite(Row):
    id = CharField(primary_key=True)
    digest = CharField(unique=True)
    email = CharField(default="")  # whom it is for; empty for whoever holds the link
    is_covered = BooleanField()
    created_by = CharField()
    created_at = DateTimeField(default=store.now)
    expires_at = DateTimeField(index=True)
    used_at = DateTimeField(null=True)
    used_by = CharField(default="")


def add(owner: Account, *, email: str = "", is_covered: bool) -> tuple[Invite, str]:
    """A new invite, and the token of its link, which is returned only here.

    Raises InvalidRequest (address), Conflict (has an account already; limit_reached).
    """
    email, token = email.strip().lower(), secrets.token_urlsafe(32)
    if email:
        accounts.check_email(email)
        if accounts.is_taken(email):
            raise Conflict(f"There is already an account for {email}.")
    with store.write():
        if len(pending()) >= MOST_OPEN:
            raise Conflict(f"{MOST_OPEN} invites are open; take some back first.", code="limit_reached")
        invite = Invite.create(
            id=store.new_id("inv_"),
            digest=credentials.digest(token),
            email=email,
            is_covered=is_covered,
            created_by=owner.id,
            expires_at=store.now() + LIFE,
        )
    return invite, token


def send(invite: Invite, owner: Account, url: str) -> None:
    """Mail the link to whom the invite is for."""
    text = (
        f"{owner.name} invites you to FastClip, a studio for cutting exact clips out of long recordings.\n\n"
        f"Make your account here; the link works once, for 72 hours:\n{url}\n\n"
        "If you did not expect this, do nothing: without the link there is no account.\n"
    )
    mail.send(invite.email, f"{owner.name} invites you to FastClip", text, account_id=owner.id)


def pending() -> list[Invite]:
    """The invites that can still be used, newest first."""
    open_ones = Invite.select().where(Invite.used_at.is_null(), Invite.expires_at > store.now())
    return list(open_ones.order_by(Invite.created_at.desc(), Invite.id))


def withdraw(invite_id: str) -> None:
    """Make an open invite worthless. Raises NotFound."""
    with store.write():
        gone = Invite.delete().where(Invite.id == invite_id, Invite.used_at.is_null()).execute()
    if not gone:
        raise NotFound("There is no such open invite; it may have been used.")


def find(token: str) -> Invite:
    """The open invite of a link. Raises NotAllowed (link_invalid)."""
    invite = Invite.get_or_none(Invite.digest == credentials.digest(token), Invite.used_at.is_null())
    if invite is None or invite.expires_at < store.now():
        raise NotAllowed(_OVER, code="link_invalid")
    return invite


def join(token: str, email: str, password: str, *, name: str) -> Account:
    """A member's account for who holds the link; the invite is spent in the same transaction.

    Raises NotAllowed (link_invalid), InvalidRequest (another address, password), Conflict (address taken).
    """
    invite, email = find(token), email.strip().lower()
    if invite.email and email != invite.email:
        raise InvalidRequest(f"This invite is for {invite.email}; use that address.", param="email")

    def spend(account: Account) -> None:
        still_open = Invite.id == invite.id, Invite.used_at.is_null(), Invite.expires_at > store.now()
        if not Invite.update(used_at=store.now(), used_by=account.id).where(*still_open).execute():
            raise NotAllowed(_OVER, code="link_invalid")

    return accounts.add(email, password, role="member", name=name, is_covered=invite.is_covered, then=spend)


def forget() -> None:
    """Delete invites that are long over. For the sweep."""
    with store.write():
        Invite.delete().where(Invite.expires_at < store.now() - timedelta(days=30)).execute()


def describe(invite: Invite) -> dict[str, Any]:
    return {
        "invite_id": invite.id,
        "email": invite.email or None,
        "is_covered": invite.is_covered,
        "created_at": store.rfc3339(invite.created_at),
        "expires_at": store.rfc3339(invite.expires_at),
    }
