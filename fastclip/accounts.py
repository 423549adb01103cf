"""People: who has an account here, what they are called, and how the first owner is the only one.

How they show who they are stands in `sessions.py`, `tickets.py` and `api_keys.py`. Sources: API reference,
"Authentication"; backend-spec 2.7 and 5.
"""

import re
import time
from collections.abc import Callable

from peewee import BooleanField, CharField, Check, DateTimeField, DoubleField, IntegerField, IntegrityError

from fastclip import credentials, store
from fastclip.errors import Conflict, InvalidRequest, NotFound
from fastclip.store import Row

ROLES = ("owner", "member")

_HAS_OWNER = "This installation has its owner already; add this person as a member."


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
    credentials.check(password)
    if role not in ROLES:
        raise InvalidRequest(f"role is {role!r}; use {' or '.join(ROLES)}.", param="role")
    hashed = credentials.hashed(password)
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
