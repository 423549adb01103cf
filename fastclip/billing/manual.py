"""Deposits by hand: a member says what they will pay, the owner says when it came.

Approved as "paid" it is a paid deposit, with its bonuses; as "grant" it is a gift, without. Source: backend-spec 5.
"""

from fastclip import rules, store
from fastclip.accounts import Account
from fastclip.billing import deposits, ledger, news
from fastclip.billing.deposits import Deposit
from fastclip.errors import Conflict, InvalidRequest

NAME = "manual"
WAYS = ("paid", "grant")


def begin(account: Account, cents: int) -> Deposit:
    """A deposit that waits for the owner. Raises InvalidRequest."""
    return deposits.add(account.id, NAME, cents, kept_s=rules.MANUAL_DEPOSIT_KEPT_S, status="awaiting_approval")


def approve(attempt_id: str, *, as_: str, decided_by: str) -> Deposit:
    """Credit what came. Of a payment that came in part, that part. Raises NotFound, InvalidRequest, Conflict."""
    if as_ not in WAYS:
        raise InvalidRequest(f"as is {as_!r}; use {' or '.join(WAYS)}.", param="as")
    deposit = deposits.get(attempt_id)
    _check_waits(deposit)
    cents = deposit.paid_cents if deposit.is_for_owner and deposit.paid_cents else None
    if not deposits.credit(deposit, as_=as_, cents=cents, decided_by=decided_by):
        raise Conflict("This deposit was decided before.")
    return deposits.get(attempt_id)


def reject(attempt_id: str, *, reason: str, decided_by: str) -> Deposit:
    """Nothing came, or it goes back. Raises NotFound, Conflict."""
    deposit = deposits.get(attempt_id)
    _check_waits(deposit)
    if not deposits.reject(deposit, reason=reason or "The owner did not find this payment.", decided_by=decided_by):
        raise Conflict("This deposit was decided before.")
    return deposits.get(attempt_id)


def _check_waits(deposit: Deposit) -> None:
    if deposit.status != "awaiting_approval" and not deposit.is_for_owner:
        raise Conflict(f"This deposit is {deposit.status}; there is nothing to decide.")


def grant(account_id: str, cents: int, *, key: str) -> None:
    """A gift of the owner's: it spends like money, and opens nothing. Raises InvalidRequest, Conflict."""
    if not 1 <= cents <= rules.MAX_DEPOSIT_CENTS:
        raise InvalidRequest(f"amount is {cents} cents; grant 1 to {rules.MAX_DEPOSIT_CENTS}.", param="amount")
    with store.write():
        ledger.credit(account_id, "grant", cents, key=f"grant:{key}")
        news.tell(
            account_id,
            "balance.reloaded",
            {
                "balance": ledger.usd(ledger.balance(account_id)[0]),
                "amount": ledger.usd(cents),
                "bonus": 0.0,
                "method": "grant",
                "attempt_id": key,
            },
        )
