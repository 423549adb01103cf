"""A deposit: one attempt to pay money in, from asked to credited. Providers are asked what became of it.

created -> requires_payment | pending | awaiting_approval -> processing -> succeeded | failed | expired | canceled
(backend-spec 3). It is credited once: by one conditional UPDATE, and under the ledger's key `dep:<attempt_id>`. Money
that comes late is credited late; money that is less than was asked waits for the owner (`is_for_owner`). Money that
goes back to who paid it is followed (`went_back`), and stays a succeeded deposit.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from peewee import BooleanField, CharField, DateTimeField, IntegerField, TextField

from fastclip import accounts, mail, rules, store
from fastclip.billing import ledger, news
from fastclip.errors import InvalidRequest, NotFound
from fastclip.store import Row

OPEN = ("created", "requires_payment", "pending", "processing", "awaiting_approval")
ENDED = ("succeeded", "failed", "expired", "canceled")
_FROM = {
    "requires_payment": ("created", "processing"),
    "pending": ("created",),
    "awaiting_approval": ("created",),
    "processing": ("created", "requires_payment", "pending", "failed", "expired"),
    "succeeded": (*OPEN, "failed", "expired", "canceled"),
    "failed": OPEN,
    "expired": ("created", "requires_payment", "pending", "awaiting_approval"),
    "canceled": ("created", "requires_payment", "processing"),
}
LATE_S = 2 * rules.DAY
"""How long after its end a Bitcoin invoice is still looked at: payments need confirmations."""
CARD_KEPT_S = rules.DAY
"""A card payment that nobody finished is given up after this."""
GOES_BACK_S = 180 * rules.DAY
"""So long refunds and disputes of a payment are looked for."""


class Deposit(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    provider = CharField()  # manual, stripe, btcpay
    method = CharField(default="deposit")  # deposit, reload
    status = CharField(default="created", index=True)
    amount_cents = IntegerField()
    bonus_cents = IntegerField(default=0)
    paid_cents = IntegerField(default=0)
    refunded_cents = IntegerField(default=0)
    taken_cents = IntegerField(default=0)
    provider_ref = CharField(default="", index=True)
    link = TextField(default="")
    card = TextField(default="")
    reason = TextField(default="")
    reason_code = CharField(default="")
    is_for_owner = BooleanField(default=False)
    saves_card = BooleanField(default=False)
    decided_by = CharField(default="")
    decided_as = CharField(default="")
    created_at = DateTimeField(default=store.now, index=True)
    expires_at = DateTimeField()
    looked_at = DateTimeField(default=store.now)
    ended_at = DateTimeField(null=True)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


@dataclass(frozen=True)
class Seen:
    """What a provider says of a deposit. status: one of the states above. facts: further columns to keep.

    cents: what came, where it is not what was asked.
    """

    status: str
    reason: str = ""
    reason_code: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    cents: int | None = None


def check_amount(cents: int) -> None:
    """Raises InvalidRequest."""
    low, high = rules.MIN_DEPOSIT_CENTS, rules.MAX_DEPOSIT_CENTS
    if not low <= cents <= high:
        raise InvalidRequest(
            f"amount is {cents} cents; pay {low} to {high} ({ledger.dollars(low)} to {ledger.dollars(high)}).",
            param="amount",
        )


def add(account_id: str, provider: str, cents: int, *, kept_s: int, **facts: Any) -> Deposit:
    """A new attempt. Raises InvalidRequest (amount)."""
    check_amount(cents)
    with store.write():
        return Deposit.create(
            id=store.new_id("dep_"),
            account_id=account_id,
            provider=provider,
            amount_cents=cents,
            expires_at=store.now() + timedelta(seconds=kept_s),
            **facts,
        )


def get(attempt_id: str, account_id: str | None = None) -> Deposit:
    """Raises NotFound; account_id None is for the owner."""
    found = Deposit.get_or_none(Deposit.id == attempt_id)
    if found is None or (account_id is not None and found.account_id != account_id):
        raise NotFound(f"There is no deposit {attempt_id}.")
    return found


def by_ref(provider: str, ref: str) -> Deposit | None:
    return Deposit.get_or_none(Deposit.provider == provider, Deposit.provider_ref == ref) if ref else None


def may_go_back(provider: str) -> bool:
    """Whether there is a credited deposit so young that its payer can still take it back."""
    oldest = store.now() - timedelta(seconds=GOES_BACK_S)
    young = Deposit.select().where(
        Deposit.provider == provider, Deposit.status == "succeeded", Deposit.ended_at > oldest
    )
    return young.exists()


def listed(*, account_id: str | None = None, for_owner: bool = False, limit: int, offset: int = 0) -> list[Deposit]:
    """Newest first. for_owner: only those that wait for a decision."""
    query = Deposit.select()
    if account_id is not None:
        query = query.where(Deposit.account_id == account_id)
    if for_owner:
        query = query.where((Deposit.status == "awaiting_approval") | Deposit.is_for_owner)
    return list(query.order_by(Deposit.created_at.desc(), Deposit.id).limit(limit).offset(offset))


def due(*, every_s: float) -> list[Deposit]:
    """Those that a provider should be asked about again."""
    moment = store.now()
    is_late = (
        (Deposit.provider == "btcpay")
        & Deposit.status.in_(("failed", "expired"))
        & (Deposit.expires_at > moment - timedelta(seconds=LATE_S))
    )
    query = Deposit.select().where(
        Deposit.provider != "manual",
        Deposit.status.in_(OPEN) | is_late,
        Deposit.looked_at < moment - timedelta(seconds=every_s),
    )
    return list(query.order_by(Deposit.looked_at))


def note(deposit: Deposit, seen: Seen) -> Deposit:
    """Bring the row in line with what was seen: credit it, end it, or move it on."""
    if seen.status == "succeeded":
        credit(deposit, as_="paid", cents=seen.cents, **seen.facts)
        return Deposit.get_by_id(deposit.id)
    facts = seen.facts | {"reason": seen.reason, "reason_code": seen.reason_code, "looked_at": store.now()}
    with store.write():
        ended = {"ended_at": store.now()} if seen.status in ENDED else {}
        if _move(deposit, seen.status, **facts, **ended):
            _tell_of_failure(deposit, seen)
        elif not deposit.decided_by and deposit.status == seen.status:
            Deposit.update(**facts).where(Deposit.id == deposit.id, Deposit.status == seen.status).execute()
        else:
            Deposit.update(looked_at=store.now()).where(Deposit.id == deposit.id).execute()
    return Deposit.get_by_id(deposit.id)


def credit(deposit: Deposit, *, as_: str, cents: int | None = None, decided_by: str = "", **facts: Any) -> bool:
    """Credit an attempt, once; False when it was credited before.

    as_: "paid" (counts as a paid deposit, with bonuses) or "grant". cents: when it is not what was asked.
    """
    amount = deposit.amount_cents if cents is None else cents
    with store.write():
        facts |= {"decided_as": as_, "decided_by": decided_by, "is_for_owner": False, "ended_at": store.now()}
        if not _move(deposit, "succeeded", **facts):
            return False
        bonus = 0
        if as_ == "paid":
            bonus = ledger.deposit(deposit.account_id, amount, key=f"dep:{deposit.id}")
        else:
            ledger.credit(deposit.account_id, "grant", amount, key=f"dep:{deposit.id}")
        Deposit.update(bonus_cents=bonus, paid_cents=amount).where(Deposit.id == deposit.id).execute()
        _tell_of_credit(deposit, amount, bonus)
    return True


def went_back(deposit: Deposit, cents: int) -> int:
    """Take a refund, or a dispute, out of the balance: what went back of `cents` in all, and its share of the bonus.

    Never more than is there: what was spent stays spent, and no balance falls below zero. Less than before (a dispute
    was won) gives back what was taken. Each state is applied once. Returns the cents that left the balance.
    """
    with store.write():
        row = Deposit.get_by_id(deposit.id)
        gone = min(cents, row.paid_cents)
        seen = Deposit.update(refunded_cents=gone).where(
            Deposit.id == row.id, Deposit.refunded_cents == row.refunded_cents, Deposit.status == "succeeded"
        )
        if gone == row.refunded_cents or row.decided_as != "paid" or not seen.execute():
            return 0
        owed = gone + row.bonus_cents * gone // row.paid_cents
        key = f"back:{row.id}:{store.new_id('', chars=6)}"
        taken = ledger.take_back(row.account_id, owed - row.taken_cents, gone - row.refunded_cents, key=key)
        said = f"{ledger.dollars(gone)} of this payment went back to {_payer(row)}." if gone else ""
        Deposit.update(taken_cents=row.taken_cents + taken, reason=said).where(Deposit.id == row.id).execute()
        _tell_of_return(row, gone, taken)
        return taken


def reject(deposit: Deposit, *, reason: str, decided_by: str) -> bool:
    """The owner says no. False when it was decided before."""
    with store.write():
        said = {"reason": reason, "reason_code": "rejected", "decided_by": decided_by, "decided_as": "rejected"}
        moved = _move(deposit, "failed", ended_at=store.now(), is_for_owner=False, **said)
        if not moved and deposit.is_for_owner:  # less came than was asked, and the owner gives it back
            rest = Deposit.update(is_for_owner=False, **said).where(Deposit.id == deposit.id, Deposit.is_for_owner)
            moved = bool(rest.execute())
        return moved


def describe(deposit: Deposit) -> dict[str, Any]:
    """What every answer about a deposit says. Money as decimal dollars."""
    return {
        "attempt_id": deposit.id,
        "provider": deposit.provider,
        "method": deposit.method,
        "status": deposit.status,
        "amount": ledger.usd(deposit.paid_cents if deposit.status == "succeeded" else deposit.amount_cents),
        "bonus": ledger.usd(bonus_of(deposit)),
        "refunded": ledger.usd(deposit.refunded_cents),
        "error": deposit.reason or None,
        "created_at": store.rfc3339(deposit.created_at),
    }


def bonus_of(deposit: Deposit) -> int:
    """The bonus that was credited, or that would be now."""
    if deposit.status == "succeeded":
        return deposit.bonus_cents
    return rules.bonus_cents(deposit.amount_cents, is_first=ledger.is_first_deposit(deposit.account_id))


def _move(deposit: Deposit, status: str, **facts: Any) -> bool:
    """One conditional UPDATE: only from the states that lead there."""
    moved = Deposit.update(status=status, **facts).where(
        Deposit.id == deposit.id, Deposit.status.in_(_FROM.get(status, ()))
    )
    return bool(moved.execute())


def _tell_of_credit(deposit: Deposit, cents: int, bonus: int) -> None:
    news.tell(
        deposit.account_id,
        "balance.reloaded",
        {
            "balance": ledger.usd(ledger.balance(deposit.account_id)[0]),
            "amount": ledger.usd(cents),
            "bonus": ledger.usd(bonus),
            "method": "card_reload" if deposit.method == "reload" else deposit.provider,
            "attempt_id": deposit.id,
        },
    )


def _payer(deposit: Deposit) -> str:
    return "who paid it" if deposit.provider == "btcpay" else "its card"


def _tell_of_return(deposit: Deposit, gone: int, taken: int) -> None:
    account = accounts.by_id(deposit.account_id)
    paid = f"your payment of {ledger.dollars(deposit.paid_cents)} from {deposit.created_at:%d %B %Y}"
    if taken < 0:
        subject = "A payment was returned to you"
        said = f"A dispute about {paid} ended; {ledger.dollars(-taken)} are on your balance again."
    else:
        to = "you" if deposit.provider == "btcpay" else "your card"
        subject = f"A payment went back to {to}"
        said = (
            f"{ledger.dollars(gone)} of {paid} went back to {to}, by a refund or a dispute. "
            f"{ledger.dollars(taken)} left your balance, with the share of its bonus; what was spent stays spent."
        )
    left = ledger.dollars(ledger.balance(account.id)[0])
    mail.send(account.email, subject, f"{said}\n\nYour balance is {left}.\n", account_id=account.id)


def _tell_of_failure(deposit: Deposit, seen: Seen) -> None:
    if deposit.provider == "btcpay" and seen.status in ("failed", "expired"):
        said = {"attempt_id": deposit.id, "amount": ledger.usd(deposit.amount_cents), "reason": seen.reason}
        news.tell(deposit.account_id, "btc.deposit.failed", said)
