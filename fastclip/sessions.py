"""Where an account is signed in: looking at its sessions and ending them. Signing in itself is in `accounts.py`.

A session is known outside by the beginning of its digest, which says nothing about the cookie. Source: backend-spec 5.
"""

from typing import Any

from fastclip import accounts, store
from fastclip.accounts import Session
from fastclip.errors import NotFound

_ID_CHARS = 16


def of_account(account_id: str) -> list[Session]:
    """The sessions that still count, the latest used first."""
    moment = store.now()
    alive = Session.seen_at > moment - accounts.SESSION_IDLE, Session.created_at > moment - accounts.SESSION_LIFE
    return list(Session.select().where(Session.account_id == account_id, *alive).order_by(Session.seen_at.desc()))


def describe(session: Session, *, current: str) -> dict[str, Any]:
    """current: the session that asks."""
    return {
        "session_id": _id(session),
        "is_current": session.digest == current,
        "ip": session.ip or None,
        "user_agent": session.user_agent or None,
        "created_at": store.rfc3339(session.created_at),
        "last_seen_at": store.rfc3339(session.seen_at),
    }


def end(account_id: str, session_id: str) -> Session:
    """End one session; it is out at once. Raises NotFound."""
    session = next((one for one in of_account(account_id) if _id(one) == session_id), None)
    if session is None:
        raise NotFound("There is no such session on this account; it may have ended.")
    with store.write():
        Session.delete().where(Session.digest == session.digest).execute()
    return session


def end_others(account_id: str, *, current: str) -> int:
    """End every session of the account but the one that asks; how many there were."""
    with store.write():
        others = Session.account_id == account_id, Session.digest != current
        return Session.delete().where(*others).execute()


def _id(session: Session) -> str:
    return f"ses_{session.digest[:_ID_CHARS]}"
