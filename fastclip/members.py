"""The people of an installation as its owner keeps them: who pays, reset links, removal, and handing it all over.

An account that is closed stays as a row without a name, so that the ledger still adds up; everything else of it goes.
Sources: API reference, "DELETE /v1/account"; backend-spec 2.7 and 5.
"""

import time
from datetime import timedelta
from typing import Any

from peewee import fn

from fastclip import (
    accounts,
    glossary,
    mail,
    moments,
    presets,
    retention,
    sources,
    store,
    support,
    transcription,
    uploads,
    webhooks,
)
from fastclip.accounts import Account
from fastclip.api_keys import ApiKey
from fastclip.billing import ledger, reload, storage, wallet
from fastclip.clips import analyze, auto, cancel
from fastclip.errors import Conflict, NotFound
from fastclip.library import Clip
from fastclip.sessions import Session
from fastclip.tickets import Ticket

_LOOK_AGAIN = timedelta(days=2)


# -- Looking -----------------------------------------------------------------------------------------------


def listed() -> list[dict[str, Any]]:
    """Everybody, the owner first, then by name."""
    last = Session.account_id, fn.MAX(Session.seen_at).alias("at")
    seen: Any = Session.select(*last).group_by(Session.account_id).dicts()
    seen_at = {row["account_id"]: row["at"] for row in seen}
    sums = Clip.account_id, fn.COUNT(Clip.id).alias("clips"), fn.SUM(Clip.size_bytes).alias("size")
    kept: Any = Clip.select(*sums).where(Clip.status == "available").group_by(Clip.account_id).dicts()
    clips = {row["account_id"]: (row["clips"], int(row["size"] or 0)) for row in kept}
    rows = Account.select().where(Account.deleted_at.is_null()).order_by(fn.LOWER(Account.name), Account.id)
    members = [
        describe(row) | _activity(seen_at.get(row.id), *clips.get(row.id, (0, 0))) | _room(row.id) for row in rows
    ]
    return sorted(members, key=lambda member: member["role"] != "owner")


def get(member_id: str) -> Account:
    """Raises NotFound, also for an account that was closed."""
    account = Account.get_or_none(Account.id == member_id, Account.deleted_at.is_null())
    if account is None:
        raise NotFound(f"There is no member {member_id}.")
    return account


def describe(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "email": account.email,
        "name": account.name,
        "role": account.role,
        "is_covered": account.is_covered,
        "balance": ledger.usd(account.balance_cents),
        "created_at": store.rfc3339(account.created_at),
    }


def _activity(seen_at: Any, clip_count: int, clip_bytes: int) -> dict[str, Any]:
    return {"last_seen_at": store.rfc3339(seen_at), "clip_count": clip_count, "clip_bytes": clip_bytes}


def _room(account_id: str) -> dict[str, int]:
    """What an account keeps for good, what of it goes by itself, and how much it may keep."""
    return {
        "kept_bytes": retention.used_bytes(account_id) + presets.font_bytes(account_id),
        "temporary_bytes": retention.temporary_bytes(account_id) + uploads.temporary_bytes(account_id),
        "quota_bytes": storage.quota_bytes(account_id),
    }


# -- Keeping -----------------------------------------------------------------------------------------------


def change(member_id: str, *, is_covered: bool | None = None, name: str | None = None) -> Account:
    """Raises NotFound, InvalidRequest, Conflict (the owner is always covered)."""
    account = get(member_id)
    if is_covered is False and account.role == "owner":
        raise Conflict("The owner is always covered: it is the house itself.")
    facts: dict[str, Any] = {} if is_covered is None else {"is_covered": is_covered}
    if name is not None:
        facts["name"] = accounts.check_name(name)
    if facts:
        with store.write():
            Account.update(**facts, changed=time.time()).where(Account.id == member_id).execute()
    return get(member_id)


def send_reset_link(account: Account, url: str) -> None:
    """Mail a link that sets a new password."""
    text = (
        f"Somebody who runs this FastClip made a link for you to set a new password.\n\n"
        f"It works once, for 24 hours:\n{url}\n\n"
        "If you did not ask for it, do nothing: your password stays as it is.\n"
    )
    mail.send(account.email, "Set a new password for FastClip", text, account_id=account.id)


def hand_over(owner: Account, member_id: str) -> Account:
    """Make a member the owner, and the owner a member; both sign in anew. Raises NotFound, Conflict (no longer owner).

    There is one owner at every moment: the first UPDATE lets one of two racing hand-overs through, and an index of the
    database holds it.
    """
    if member_id == owner.id:
        raise Conflict("You are the owner already; choose another member.")
    with store.write():
        left = Account.update(role="member", changed=time.time()).where(
            Account.id == owner.id, Account.role == "owner", Account.deleted_at.is_null()
        )
        if not left.execute():
            raise Conflict("You are no longer the owner of this installation.")
        came = Account.update(role="owner", is_covered=True, changed=time.time()).where(
            Account.id == member_id, Account.role == "member", Account.deleted_at.is_null()
        )
        if not came.execute():
            raise NotFound(f"There is no member {member_id}.")
        Session.delete().where(Session.account_id.in_((owner.id, member_id))).execute()
    return get(member_id)


# -- Closing -----------------------------------------------------------------------------------------------


def close(account_id: str) -> None:
    """End an account: nobody gets in, its jobs are canceled and refunded, its media deleted, its ledger kept.

    Raises Conflict for the owner, NotFound the second time.
    """
    with store.write():
        closed = Account.update(
            email=f"{account_id}@closed.invalid",
            name="Closed account",
            password_hash="",
            is_covered=False,
            deleted_at=store.now(),
            changed=time.time(),
        ).where(Account.id == account_id, Account.role != "owner", Account.deleted_at.is_null())
        if not closed.execute():
            get(account_id)
            raise Conflict("The owner cannot leave; hand this installation over to a member first.")
        for table in (Session, ApiKey, Ticket):
            table.delete().where(table.account_id == account_id).execute()
    _clear(account_id)


def finish_closing() -> None:
    """Look again for what a closed account left: a late job, a crash half way. For the sweep."""
    lately = Account.select().where(Account.deleted_at > store.now() - _LOOK_AGAIN)
    for account in lately:
        _clear(account.id)


def _clear(account_id: str) -> None:
    """Everything of an account but its ledger. Again does no harm."""
    cancel.cancel_all(account_id)
    webhooks.forget(account_id)
    support.forget(account_id)
    reload.forget(account_id)
    wallet.forget(account_id)
    sources.forget(account_id)
    retention.forget(account_id)
    transcription.forget(account_id)
    presets.forget(account_id)
    glossary.forget(account_id)
    analyze.forget_account(account_id)
    auto.forget_account(account_id)
    moments.forget(account_id)
