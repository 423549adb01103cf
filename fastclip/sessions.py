"""Where an account is signed in: by its password, known by a cookie from then on, looked at and ended.

A session is known outside by the beginning of its digest, which says nothing about the cookie. Sources: API reference,
"Authentication"; backend-spec 5.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any

from peewee import CharField, DateTimeField

from fastclip import accounts, credentials, store
from fastclip.accounts import Account
from fastclip.errors import NotAllowed, NotFound, Unauthorized
from fastclip.guesses import Guesses
from fastclip.store import Row

IDLE = timedelta(days=14)
LIFE = timedelta(days=90)
_ID_CHARS = 16
_guesses = Guesses()


class Session(Row):
    """Signed in by cookie. Only the digest of the cookie is kept."""

    digest = CharField(primary_key=True)
    account_id = CharField(index=True)
    ip = CharField(default="")
    user_agent = CharField(default="")
    created_at = DateTimeField(default=store.now)
    seen_at = DateTimeField(default=store.now)


# -- Signing in --------------------------------------------------------------------------------------------


def sign_in(email: str, password: str, *, ip: str = "", user_agent: str = "") -> tuple[Account, str]:
    """The account and a new session's cookie value. Raises Unauthorized, RateLimited after five wrong tries.

    An unknown address takes as long and is slowed down as well: nobody learns who has an account.
    """
    email = email.strip().lower()
    account = Account.get_or_none(Account.email == email)
    _guesses.take((email, ip))
    if (
        not credentials.is_right(account.password_hash if account else credentials.nobodys_hash(), password)
        or account is None
    ):
        raise Unauthorized("The address or the password is not right.")
    _guesses.was_right((email, ip))
    if credentials.is_outdated(account.password_hash):
        rehashed = credentials.hashed(password)
        with store.write():
            Account.update(password_hash=rehashed).where(Account.id == account.id).execute()
    return account, begin(account.id, ip=ip, user_agent=user_agent)


def confirm(account: Account, password: str, *, param: str = "password") -> None:
    """Let nobody go on who only found a signed-in browser. Raises NotAllowed, RateLimited after five wrong tries."""
    _guesses.take(account.id)
    if not credentials.is_right(account.password_hash, password):
        raise NotAllowed("The password is not right.", param=param)
    _guesses.was_right(account.id)


def set_password(account_id: str, password: str) -> None:
    """A new password; every session of the account ends. Raises InvalidRequest."""
    credentials.check(password)
    hashed = credentials.hashed(password)
    with store.write():
        Account.update(password_hash=hashed).where(Account.id == account_id).execute()
        Session.delete().where(Session.account_id == account_id).execute()


# -- The cookie --------------------------------------------------------------------------------------------


def begin(account_id: str, *, ip: str = "", user_agent: str = "") -> str:
    """A new session's cookie value; it is kept only as its digest."""
    token = secrets.token_urlsafe(32)
    with store.write():
        Session.create(digest=credentials.digest(token), account_id=account_id, ip=ip, user_agent=user_agent[:200])
    return token


def by_token(token: str) -> tuple[Account, Session]:
    """Who holds this cookie. Raises Unauthorized when it is unknown, idle for 14 days or 90 days old."""
    session, moment = Session.get_or_none(Session.digest == credentials.digest(token)), store.now()
    if session is None or session.seen_at < moment - IDLE or session.created_at < moment - LIFE:
        raise Unauthorized("You are signed out; sign in again.")
    if session.seen_at < moment - credentials.TOUCH_EVERY:
        with store.write():
            Session.update(seen_at=moment).where(Session.digest == session.digest).execute()
    return accounts.by_id(session.account_id), session


def sign_out(token: str) -> None:
    with store.write():
        Session.delete().where(Session.digest == credentials.digest(token)).execute()


def csrf_token(session_token: str) -> str:
    """What the page of this session sends back in X-CSRF-Token."""
    return hmac.new(session_token.encode(), b"csrf", hashlib.sha256).hexdigest()


def forget_old() -> None:
    """Delete sessions that can no longer be used."""
    moment = store.now()
    with store.write():
        Session.delete().where((Session.seen_at < moment - IDLE) | (Session.created_at < moment - LIFE)).execute()


# -- Looking at them and ending them -----------------------------------------------------------------------


def of_account(account_id: str) -> list[Session]:
    """The sessions that still count, the latest used first."""
    moment = store.now()
    alive = Session.seen_at > moment - IDLE, Session.created_at > moment - LIFE
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
