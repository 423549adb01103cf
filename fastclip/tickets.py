"""Links that work once: the setup page, signing the native window in, a new password. Source: backend-spec 5."""

import secrets
from datetime import timedelta

from peewee import CharField, DateTimeField

from fastclip import accounts, credentials, sessions, store
from fastclip.accounts import Account
from fastclip.errors import NotAllowed, Unauthorized
from fastclip.sessions import Session
from fastclip.store import Row

SETUP_LINK_LIFE = timedelta(minutes=30)
RESET_LINK_LIFE = timedelta(hours=24)
TICKET_LIFE = timedelta(seconds=60)


class Ticket(Row):
    """A link that signs in or sets up once: the setup page, the native window."""

    digest = CharField(primary_key=True)
    purpose = CharField()  # setup, window, reset
    account_id = CharField(default="")
    expires_at = DateTimeField()


def setup_token() -> str:
    """A token for the setup page, valid 30 minutes. Earlier ones stop working."""
    with store.write():
        Ticket.delete().where(Ticket.purpose == "setup").execute()
        return _issue("setup", SETUP_LINK_LIFE)


def set_up(token: str, email: str, password: str, *, name: str) -> Account:
    """The first owner. Raises Unauthorized (token), Conflict (there is one), InvalidRequest."""
    ticket = Ticket.get_or_none(Ticket.digest == credentials.digest(token), Ticket.purpose == "setup")
    if ticket is None or ticket.expires_at < store.now():
        raise Unauthorized("This setup link is not valid any more; start FastClip again for a new one.")
    account = accounts.add(email, password, role="owner", name=name)
    with store.write():
        Ticket.delete().where(Ticket.purpose == "setup").execute()
    return account


def window_ticket(account_id: str) -> str:
    """A one-time token that signs the native window in; 60 seconds."""
    with store.write():
        return _issue("window", TICKET_LIFE, account_id)


def use_window_ticket(token: str, *, ip: str = "", user_agent: str = "") -> str:
    """A new session for the window. Raises Unauthorized; a ticket works once."""
    with store.write():
        ticket = Ticket.get_or_none(Ticket.digest == credentials.digest(token), Ticket.purpose == "window")
        used = Ticket.delete().where(Ticket.digest == credentials.digest(token), Ticket.purpose == "window").execute()
    if not used or ticket is None or ticket.expires_at < store.now():
        raise Unauthorized("This link was used already or is too old.")
    return sessions.begin(ticket.account_id, ip=ip, user_agent=user_agent)


def reset_token(account_id: str) -> str:
    """A token that sets a new password once, within 24 hours. Earlier ones stop working."""
    with store.write():
        Ticket.delete().where(Ticket.purpose == "reset", Ticket.account_id == account_id).execute()
        return _issue("reset", RESET_LINK_LIFE, account_id)


def reset_password(token: str, password: str) -> Account:
    """Set a new password by its link; every session ends. Raises NotAllowed (link_invalid), InvalidRequest."""
    credentials.check(password)
    hashed = credentials.hashed(password)
    valid = Ticket.digest == credentials.digest(token), Ticket.purpose == "reset", Ticket.expires_at > store.now()
    with store.write():
        ticket = Ticket.get_or_none(*valid)
        if ticket is None or not Ticket.delete().where(*valid).execute():
            raise NotAllowed("This link was used or is too old; ask the owner for a new one.", code="link_invalid")
        Account.update(password_hash=hashed).where(Account.id == ticket.account_id).execute()
        Session.delete().where(Session.account_id == ticket.account_id).execute()
    return accounts.by_id(ticket.account_id)


def forget_old() -> None:
    """Delete tickets that can no longer be used."""
    with store.write():
        Ticket.delete().where(Ticket.expires_at < store.now()).execute()


def _issue(purpose: str, life: timedelta, account_id: str = "") -> str:
    token = secrets.token_urlsafe(32)
    Ticket.create(
        digest=credentials.digest(token), purpose=purpose, account_id=account_id, expires_at=store.now() + life
    )
    return token
