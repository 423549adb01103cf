"""Who is asking: accounts, their sessions and API keys, and how the first owner comes to be.

Sources: API reference, "Authentication" and "API Keys"; backend-spec 2.7 and 5.
"""

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from peewee import BooleanField, CharField, Check, DateTimeField, DoubleField, IntegerField, IntegrityError

from fastclip import rules, store
from fastclip.errors import Conflict, InvalidRequest, NotAllowed, NotFound, Unauthorized
from fastclip.guesses import Guesses
from fastclip.store import Row

ROLES = ("owner", "member")
SESSION_IDLE = timedelta(days=14)
SESSION_LIFE = timedelta(days=90)
SETUP_LINK_LIFE = timedelta(minutes=30)
RESET_LINK_LIFE = timedelta(hours=24)
TICKET_LIFE = timedelta(seconds=60)
KEY_PREFIX = "sk_live_"
_TOUCH_EVERY = timedelta(seconds=60)

# 19 MiB, 2 passes: 73 ms on the reference machine, where the library's default took 658 ms (backend-spec 5).
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_hashing = threading.Semaphore(2)
_guesses = Guesses()
_HAS_OWNER = "This installation has its owner already; add this person as a member."
_COMMON = frozenset(
    "password123 passwort123 1234567890 12345678910 qwertyuiop qwerty12345 iloveyou123 adminadmin".split()
)


class Account(Row):
    """A person. Money moves only in `billing/ledger.py`."""

    id = CharField(primary_key=True)
    email = CharField(unique=True)
    name = CharField()
    role = CharField()
    password_hash = CharField()
    is_covered = BooleanField()
    balance_cents = IntegerField(default=0)
    reserved_cents = IntegerField(default=0)
    paid_total_cents = IntegerField(default=0)
    created_at = DateTimeField(default=store.now)
    deleted_at = DateTimeField(null=True)  # closed: its name is gone, its ledger stays
    changed = DoubleField(default=0.0, index=True)

    class Meta:
        constraints = [Check("balance_cents >= 0"), Check("reserved_cents >= 0"), Check("paid_total_cents >= 0")]

    @property
    def has_4k(self) -> bool:
        """Whether 4K output is open: a paid deposit, or the house pays."""
        return bool(self.is_covered or self.paid_total_cents > 0)


# The database itself holds that there is one owner, whoever races.
Account.add_index(Account.role, unique=True, where=(Account.role == "owner"), name="account_one_owner")


class ApiKey(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    name = CharField()
    prefix = CharField()
    digest = CharField(unique=True)
    created_at = DateTimeField(default=store.now)
    last_used_at = DateTimeField(null=True)
    last_used_ip = CharField(default="")


class Session(Row):
    """Signed in by cookie. Only the digest of the cookie is kept."""

    digest = CharField(primary_key=True)
    account_id = CharField(index=True)
    ip = CharField(default="")
    user_agent = CharField(default="")
    created_at = DateTimeField(default=store.now)
    seen_at = DateTimeField(default=store.now)


class Ticket(Row):
    """A link that signs in or sets up once: the setup page, the native window."""

    digest = CharField(primary_key=True)
    purpose = CharField()  # setup, window, reset
    account_id = CharField(default="")
    expires_at = DateTimeField()


# -- People ------------------------------------------------------------------------------------------------


def add(
    email: str,
    password: str,
    *,
    role: str,
    name: str = "",
    is_covered: bool = True,
    then: Callable[[Account], None] = lambda account: None,
) -> Account:
    """A new account. Raises InvalidRequest (address, password), Conflict (address taken, second owner).

    then: what belongs to the same transaction; what it raises leaves no account.
    """
    email, name = check_email(email), name.strip() or email.strip().split("@")[0]
    check_name(name)
    _check_password(password)
    if role not in ROLES:
        raise InvalidRequest(f"role is {role!r}; use {' or '.join(ROLES)}.", param="role")
    hashed = _hash(password)
    try:
        with store.write():
            if is_taken(email):
                raise Conflict(f"There is already an account for {email}.")
            if role == "owner" and has_owner():
                raise Conflict(_HAS_OWNER)
            account = Account.create(
                id=store.new_id("usr_"),
                email=email,
                name=name,
                role=role,
                password_hash=hashed,
                is_covered=is_covered or role == "owner",
            )
            then(account)
            return account
    except IntegrityError as raced:  # on PostgreSQL two writers can be here at once
        raise Conflict(_HAS_OWNER if role == "owner" else f"There is already an account for {email}.") from raced


def has_owner() -> bool:
    return Account.select().where(Account.role == "owner").exists()


def owner() -> Account | None:
    return Account.get_or_none(Account.role == "owner")


def by_id(account_id: str) -> Account:
    return Account.get_by_id(account_id)


def by_email(email: str) -> Account:
    account = Account.get_or_none(Account.email == email.strip().lower())
    if account is None:
        raise NotFound(f"There is no account for {email}.")
    return account


def is_taken(email: str) -> bool:
    return Account.select().where(Account.email == email).exists()


def change(account: Account, *, name: str | None = None, email: str | None = None) -> Account:
    """Another name, another address to sign in with. Raises InvalidRequest, Conflict (address taken)."""
    facts = {} if name is None else {"name": check_name(name)}
    if email is not None and (email := check_email(email)) != account.email:
        facts["email"] = email
    try:
        with store.write():
            if "email" in facts and is_taken(facts["email"]):
                raise Conflict(f"There is already an account for {email}.")
            Account.update(**facts, changed=time.time()).where(Account.id == account.id).execute()
    except IntegrityError as raced:
        raise Conflict(f"There is already an account for {email}.") from raced
    return by_id(account.id)


def set_password(account_id: str, password: str) -> None:
    """A new password; every session of the account ends. Raises InvalidRequest."""
    _check_password(password)
    hashed = _hash(password)
    with store.write():
        Account.update(password_hash=hashed).where(Account.id == account_id).execute()
        Session.delete().where(Session.account_id == account_id).execute()


def check_email(email: str) -> str:
    """The address as it is kept. Raises InvalidRequest."""
    email = email.strip().lower()
    if len(email) > 254 or not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise InvalidRequest("email does not look like an address (name@example.org).", param="email")
    return email


def check_name(name: str) -> str:
    """The name as it is kept. Raises InvalidRequest."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= 100:
        raise InvalidRequest(f"name has {len(name)} characters; use 1 to 100.", param="name")
    return name


def _check_password(password: str) -> None:
    low, high = rules.PASSWORD_CHARS
    if not low <= len(password) <= high:
        raise InvalidRequest(f"The password has {len(password)} characters; use {low} to {high}.", param="password")
    if password.lower() in _COMMON or len(set(password)) < 4:
        raise InvalidRequest(
            "This password is among the first that anybody would try; use a less common one.", param="password"
        )


def _hash(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


# -- Signing in --------------------------------------------------------------------------------------------


def sign_in(email: str, password: str, *, ip: str = "", user_agent: str = "") -> tuple[Account, str]:
    """The account and a new session's cookie value. Raises Unauthorized, RateLimited after five wrong tries.

    An unknown address takes as long and is slowed down as well: nobody learns who has an account.
    """
    email = email.strip().lower()
    account = Account.get_or_none(Account.email == email)
    _guesses.take((email, ip))
    if not _is_right(account.password_hash if account else _nobodys_hash(), password) or account is None:
        raise Unauthorized("The address or the password is not right.")
    _guesses.was_right((email, ip))
    if _hasher.check_needs_rehash(account.password_hash):
        rehashed = _hash(password)
        with store.write():
            Account.update(password_hash=rehashed).where(Account.id == account.id).execute()
    return account, begin_session(account.id, ip=ip, user_agent=user_agent)


def hashed(password: str) -> str:
    """Another password of an account's (for reloads), as it is kept."""
    return _hash(password)


def is_hashed(kept: str, password: str) -> bool:
    """Whether `hashed` made `kept` of this password."""
    return _is_right(kept, password)


def confirm(account: Account, password: str, *, param: str = "password") -> None:
    """Let nobody go on who only found a signed-in browser. Raises NotAllowed, RateLimited after five wrong tries."""
    _guesses.take(account.id)
    if not _is_right(account.password_hash, password):
        raise NotAllowed("The password is not right.", param=param)
    _guesses.was_right(account.id)


def begin_session(account_id: str, *, ip: str = "", user_agent: str = "") -> str:
    """A new session's cookie value; it is kept only as its digest."""
    token = secrets.token_urlsafe(32)
    with store.write():
        Session.create(digest=digest(token), account_id=account_id, ip=ip, user_agent=user_agent[:200])
    return token


def by_session(token: str) -> tuple[Account, Session]:
    """Who holds this cookie. Raises Unauthorized when it is unknown, idle for 14 days or 90 days old."""
    session, moment = Session.get_or_none(Session.digest == digest(token)), store.now()
    if session is None or session.seen_at < moment - SESSION_IDLE or session.created_at < moment - SESSION_LIFE:
        raise Unauthorized("You are signed out; sign in again.")
    if session.seen_at < moment - _TOUCH_EVERY:
        with store.write():
            Session.update(seen_at=moment).where(Session.digest == session.digest).execute()
    return by_id(session.account_id), session


def end_session(token: str) -> None:
    with store.write():
        Session.delete().where(Session.digest == digest(token)).execute()


def csrf_token(session_token: str) -> str:
    """What the page of this session sends back in X-CSRF-Token."""
    return hmac.new(session_token.encode(), b"csrf", hashlib.sha256).hexdigest()


def forget_old_sessions() -> None:
    """Delete sessions and tickets that can no longer be used."""
    moment = store.now()
    with store.write():
        Session.delete().where(
            (Session.seen_at < moment - SESSION_IDLE) | (Session.created_at < moment - SESSION_LIFE)
        ).execute()
        Ticket.delete().where(Ticket.expires_at < moment).execute()


def _is_right(hashed: str, password: str) -> bool:
    try:
        with _hashing:
            return _hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


_dummy: list[str] = []


def _nobodys_hash() -> str:
    """A hash that no password fits, so that an unknown address costs the same time."""
    if not _dummy:
        _dummy.append(_hash(secrets.token_urlsafe(32)))
    return _dummy[0]


# -- One-time links ----------------------------------------------------------------------------------------


def setup_token() -> str:
    """A token for the setup page, valid 30 minutes. Earlier ones stop working."""
    with store.write():
        Ticket.delete().where(Ticket.purpose == "setup").execute()
        return _issue("setup", SETUP_LINK_LIFE)


def set_up(token: str, email: str, password: str, *, name: str) -> Account:
    """The first owner. Raises Unauthorized (token), Conflict (there is one), InvalidRequest."""
    ticket = Ticket.get_or_none(Ticket.digest == digest(token), Ticket.purpose == "setup")
    if ticket is None or ticket.expires_at < store.now():
        raise Unauthorized("This setup link is not valid any more; start FastClip again for a new one.")
    account = add(email, password, role="owner", name=name)
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
        ticket = Ticket.get_or_none(Ticket.digest == digest(token), Ticket.purpose == "window")
        used = Ticket.delete().where(Ticket.digest == digest(token), Ticket.purpose == "window").execute()
    if not used or ticket is None or ticket.expires_at < store.now():
        raise Unauthorized("This link was used already or is too old.")
    return begin_session(ticket.account_id, ip=ip, user_agent=user_agent)


def reset_token(account_id: str) -> str:
    """A token that sets a new password once, within 24 hours. Earlier ones stop working."""
    with store.write():
        Ticket.delete().where(Ticket.purpose == "reset", Ticket.account_id == account_id).execute()
        return _issue("reset", RESET_LINK_LIFE, account_id)


def reset_password(token: str, password: str) -> Account:
    """Set a new password by its link; every session ends. Raises NotAllowed (link_invalid), InvalidRequest."""
    _check_password(password)
    hashed = _hash(password)
    valid = Ticket.digest == digest(token), Ticket.purpose == "reset", Ticket.expires_at > store.now()
    with store.write():
        ticket = Ticket.get_or_none(*valid)
        if ticket is None or not Ticket.delete().where(*valid).execute():
            raise NotAllowed("This link was used or is too old; ask the owner for a new one.", code="link_invalid")
        Account.update(password_hash=hashed).where(Account.id == ticket.account_id).execute()
        Session.delete().where(Session.account_id == ticket.account_id).execute()
    return by_id(ticket.account_id)


def _issue(purpose: str, life: timedelta, account_id: str = "") -> str:
    token = secrets.token_urlsafe(32)
    Ticket.create(digest=digest(token), purpose=purpose, account_id=account_id, expires_at=store.now() + life)
    return token


# -- API keys ----------------------------------------------------------------------------------------------


def add_key(account_id: str, name: str) -> tuple[ApiKey, str]:
    """A new key; its full text is returned only here. Raises InvalidRequest, Conflict (limit_reached)."""
    name = name.strip()
    if not 1 <= len(name) <= rules.MAX_KEY_NAME_CHARS:
        raise InvalidRequest(f"name has {len(name)} characters; use 1 to {rules.MAX_KEY_NAME_CHARS}.", param="name")
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    with store.write():
        if ApiKey.select().where(ApiKey.account_id == account_id).count() >= rules.MAX_API_KEYS:
            raise Conflict(
                f"An account has at most {rules.MAX_API_KEYS} API keys; revoke one first.", code="limit_reached"
            )
        return ApiKey.create(
            id=store.new_id("key_"), account_id=account_id, name=name, prefix=key[:12], digest=digest(key)
        ), key


def by_key(key: str, *, ip: str) -> tuple[Account, str]:
    """The account behind an API key, and the key's id. Raises Unauthorized."""
    row = ApiKey.get_or_none(ApiKey.digest == digest(key))
    if row is None:
        raise Unauthorized("This API key is not valid; it may have been revoked.")
    moment = store.now()
    if row.last_used_at is None or row.last_used_at < moment - _TOUCH_EVERY:
        with store.write():
            ApiKey.update(last_used_at=moment, last_used_ip=ip).where(ApiKey.id == row.id).execute()
    return by_id(row.account_id), row.id


def keys(account_id: str) -> list[ApiKey]:
    return list(ApiKey.select().where(ApiKey.account_id == account_id).order_by(ApiKey.created_at.desc()))


def revoke_key(account_id: str, key_id: str) -> None:
    with store.write():
        gone = ApiKey.delete().where(ApiKey.id == key_id, ApiKey.account_id == account_id).execute()
    if not gone:
        raise NotFound("There is no such API key on this account.")


def describe_key(key: ApiKey) -> dict[str, Any]:
    """A key as the list shows it, never its text."""
    return {
        "key_id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "last_used_at": store.rfc3339(key.last_used_at),
        "last_used_ip": key.last_used_ip or None,
        "created_at": store.rfc3339(key.created_at),
    }


def digest(token: str) -> str:
    """What is kept of a token: nobody who reads the rows can use it."""
    return hashlib.sha256(token.encode()).hexdigest()
