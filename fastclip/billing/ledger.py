"""The ledger: every cent that moves, and the balance that it leaves.

Three facts hold after every transaction (backend-spec 4): an account's balance is the sum of its entries'
`d_balance_cents`; its reserved amount is the sum of `d_reserved_cents` and of its open holds; neither is below zero.
Entries are append-only (triggers refuse UPDATE and DELETE). A hold closes once. Call inside `store.write()`.
"""

import time
from typing import Any

from peewee import CharField, Check, DateTimeField, IntegerField

from fastclip import rules, store
from fastclip.accounts import Account
from fastclip.billing import answers, news, wallet
from fastclip.errors import Conflict, InsufficientBalance
from fastclip.store import Row

KINDS = (
    "signup_credit",
    "promo",
    "grant",
    "deposit",
    "bonus",
    "reserve",
    "settle",
    "refund",
    "storage",
    "adjustment",
    "house",
)


class Hold(Row):
    """Money set aside for one job or one-shot upload; `ref` is its id."""

    ref = CharField(primary_key=True)
    account_id = CharField(index=True)
    amount_cents = IntegerField(constraints=[Check("amount_cents >= 0")])
    captured_cents = IntegerField(default=0)
    state = CharField(default="open")  # open, closed
    created_at = DateTimeField(default=store.now)


class LedgerEntry(Row):
    account_id = CharField(index=True)
    kind = CharField()
    d_balance_cents = IntegerField()
    d_reserved_cents = IntegerField(default=0)
    ref = CharField(index=True)
    key = CharField(unique=True)
    """`kind:ref`, or what else makes this movement happen only once."""
    created_at = DateTimeField(default=store.now, index=True)


def reserve(account: Account, cents: int, ref: str) -> None:
    """Hold `cents` for `ref`. Raises InsufficientBalance, unless the house covers the account's shortfall."""
    if not _take(account.id, cents):
        if not account.is_covered:
            raise InsufficientBalance(
                f"This costs {dollars(cents)}; the balance is {dollars(balance(account.id)[0])}. Add money first."
            )
        _cover(account.id, cents, ref)
    elif not account.is_covered:
        left = balance(account.id)[0]
        news.balance_fell(account.id, left + cents, left)
    Hold.create(ref=ref, account_id=account.id, amount_cents=cents)
    answers.moved(ref)
    _enter(account.id, "reserve", -cents, cents, ref)


def spend(account: Account, kind: str, cents: int, ref: str) -> None:
    """Take `cents` at once, for good. Raises InsufficientBalance, unless the house covers the account's shortfall."""
    reserve(account, cents, ref)
    settle(ref, cents, kind=kind)


def settle(ref: str, cents: int, *, kind: str = "settle") -> bool:
    """Keep `cents` of what `ref` holds and give back the rest. False when it was settled before: nothing moves then."""
    hold = Hold.get_or_none(Hold.ref == ref)
    if hold is None or not 0 <= cents <= hold.amount_cents:
        raise ValueError(f"hold {ref} cannot settle at {cents} cents")
    closed = Hold.update(state="closed", captured_cents=cents).where(Hold.ref == ref, Hold.state == "open").execute()
    if not closed:
        return False
    rest = hold.amount_cents - cents
    Account.update(
        balance_cents=Account.balance_cents + rest,
        reserved_cents=Account.reserved_cents - hold.amount_cents,
        changed=time.time(),
    ).where(Account.id == hold.account_id).execute()
    if cents:
        _enter(hold.account_id, kind, 0, -cents, ref)
    if rest:
        _enter(hold.account_id, "refund", rest, -rest, ref)
    return True


def credit(account_id: str, kind: str, cents: int, *, key: str) -> None:
    """Add `cents` to the balance. Raises Conflict when `key` was credited before."""
    entry = LedgerEntry.insert(account_id=account_id, kind=kind, d_balance_cents=cents, ref=key, key=key)
    if not entry.on_conflict_ignore().as_rowcount().execute():
        raise Conflict("This was credited before.")
    answers.moved(key)
    Account.update(balance_cents=Account.balance_cents + cents, changed=time.time()).where(
        Account.id == account_id
    ).execute()


def deposit(account_id: str, cents: int, *, key: str) -> int:
    """Credit what was paid, once for this `key`, and its bonus; returns the bonus. Raises Conflict the second time."""
    # The row of the account is taken first, so that of two first deposits only one finds none before it.
    Account.update(paid_total_cents=Account.paid_total_cents + cents).where(Account.id == account_id).execute()
    bonus = rules.bonus_cents(cents, is_first=is_first_deposit(account_id))
    credit(account_id, "deposit", cents, key=key)
    if bonus:
        credit(account_id, "bonus", bonus, key=f"bonus:{key}")
    return bonus


def take_back(account_id: str, cents: int, paid_cents: int, *, key: str) -> int:
    """Take up to `cents` of what a deposit brought, as its payer got it back; returns what was there to take.

    paid_cents: so much less was paid, which may close 4K again. Below zero, both give back.
    """
    Account.update(paid_total_cents=Account.paid_total_cents - paid_cents).where(Account.id == account_id).execute()
    while True:
        have = balance(account_id)[0]
        taken = min(cents, have)
        left = Account.update(balance_cents=have - taken, changed=time.time()).where(
            Account.id == account_id, Account.balance_cents == have
        )
        if left.execute():
            break
    if taken:
        LedgerEntry.create(account_id=account_id, kind="adjustment", d_balance_cents=-taken, ref=key, key=key)
    if taken > 0 and not Account.get_by_id(account_id).is_covered:
        news.balance_fell(account_id, have, have - taken)
    return taken


def is_first_deposit(account_id: str) -> bool:
    """Whether the next paid top-up is the first."""
    paid = LedgerEntry.select().where(LedgerEntry.account_id == account_id, LedgerEntry.kind == "deposit")
    return not paid.exists()


def grant_signup_credit(account_id: str) -> int:
    """The welcome credit, once; returns its cents. Source: API reference, "Welcome defaults"."""
    with store.write():
        if not is_signup_credit_open(account_id):
            raise Conflict("The signup credit was granted before; it is given once.")
        credit(account_id, "signup_credit", rules.SIGNUP_CREDIT_CENTS, key=f"signup_credit:{account_id}")
    return rules.SIGNUP_CREDIT_CENTS


def is_signup_credit_open(account_id: str) -> bool:
    return not LedgerEntry.select().where(LedgerEntry.key == f"signup_credit:{account_id}").exists()


def balance(account_id: str) -> tuple[int, int]:
    """(available, reserved) in cents."""
    account = Account.get_by_id(account_id)
    return account.balance_cents, account.reserved_cents


def describe_balance(account: Account) -> dict[str, Any]:
    """Source: API reference, "Billing, Storage, and Account"; backend-spec 2.6."""
    available, reserved = balance(account.id)
    return {
        "balance": usd(available),
        "reserved": usd(reserved),
        "currency": "usd",
        "has_paid_deposit": account.paid_total_cents > 0,
        "first_topup_bonus_available": is_first_deposit(account.id),
        "low_balance_threshold": usd(wallet.of(account.id).low_balance_cents),
    }


def usd(cents: int) -> float:
    """Cents as the API shows money: a decimal number with at most two places."""
    return round(cents / 100, 2)


def dollars(cents: int) -> str:
    return f"${cents / 100:.2f}"


def _take(account_id: str, cents: int) -> bool:
    """One conditional UPDATE, so that two requests never spend the same cent."""
    return bool(
        Account.update(
            balance_cents=Account.balance_cents - cents,
            reserved_cents=Account.reserved_cents + cents,
            changed=time.time(),
        )
        .where(Account.id == account_id, Account.balance_cents >= cents)
        .execute()
    )


def _cover(account_id: str, cents: int, ref: str) -> None:
    """The house pays exactly the shortfall (backend-spec, "Who pays")."""
    while not _take(account_id, cents):
        have = balance(account_id)[0]
        if have >= cents:
            continue  # somebody paid in between
        lent = (
            Account.update(balance_cents=cents, changed=time.time())
            .where(Account.id == account_id, Account.balance_cents == have)
            .execute()
        )
        if lent:
            LedgerEntry.create(
                account_id=account_id, kind="house", d_balance_cents=cents - have, ref=ref, key=f"house:{ref}"
            )


def _enter(account_id: str, kind: str, d_balance: int, d_reserved: int, ref: str) -> None:
    LedgerEntry.create(
        account_id=account_id,
        kind=kind,
        d_balance_cents=d_balance,
        d_reserved_cents=d_reserved,
        ref=ref,
        key=f"{kind}:{ref}",
    )
