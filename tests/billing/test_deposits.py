"""Deposits by hand and what they earn: every vector of backend-spec 4 about money coming in, in cents."""

import contextlib
from datetime import timedelta

import pytest

from fastclip import accounts, rules, store, webhooks
from fastclip.accounts import Account
from fastclip.billing import deposits, ledger, manual, payments
from fastclip.billing.deposits import Deposit, Seen
from fastclip.errors import Conflict, InvalidRequest
from fastclip.settings import Settings
from tests.billing.conftest import News
from tests.billing.machine import check_books, new_account


@pytest.fixture
def account(told: News) -> Account:
    return new_account()


def paid(account: Account, cents: int, *, as_: str = "paid") -> Deposit:
    return manual.approve(manual.begin(account, cents).id, as_=as_, decided_by="usr_owner")


@pytest.mark.parametrize(("cents", "bonus"), [(500, 250), (501, 250), (4999, 2499), (5000, 3000), (50000, 30000)])
def test_the_first_deposit_earns_half_and_a_large_one_a_tenth_more(account: Account, cents: int, bonus: int) -> None:
    assert paid(account, cents).bonus_cents == bonus
    assert ledger.balance(account.id) == (cents + bonus, 0)
    check_books(account.id)


@pytest.mark.parametrize(("cents", "bonus"), [(500, 0), (4999, 0), (5000, 500), (5005, 500)])
def test_a_later_deposit_earns_a_tenth_from_fifty_dollars(account: Account, cents: int, bonus: int) -> None:
    paid(account, 500)
    assert paid(account, cents).bonus_cents == bonus
    assert ledger.balance(account.id)[0] == 750 + cents + bonus


@pytest.mark.parametrize("cents", [-500, 0, 499, 50001])
def test_an_amount_outside_the_bounds_is_refused(account: Account, cents: int) -> None:
    for ask in (lambda: manual.begin(account, cents), lambda: payments.request(account, cents, provider=None)):
        with pytest.raises(InvalidRequest, match="pay 500 to 50000"):
            ask()
    assert Deposit.select().count() == 0


def test_a_deposit_by_hand_waits_for_the_owner_and_tells_how_to_pay(account: Account, told: News) -> None:
    said = payments.request(account, 500, provider="manual")
    assert said["status"] == "awaiting_approval" and said["instructions"]
    assert ledger.balance(account.id) == (0, 0) and told == []


def test_an_approved_deposit_opens_4k_and_a_grant_does_not(account: Account) -> None:
    granted = paid(account, 500, as_="grant")
    assert granted.bonus_cents == 0 and ledger.balance(account.id)[0] == 500
    assert not accounts.by_id(account.id).has_4k and ledger.is_first_deposit(account.id)
    paid(account, 500)
    assert accounts.by_id(account.id).has_4k and accounts.by_id(account.id).paid_total_cents == 500
    assert ledger.balance(account.id)[0] == 500 + 750


def test_signup_credit_and_gifts_open_no_4k(account: Account) -> None:
    ledger.grant_signup_credit(account.id)
    manual.grant(account.id, 5000, key="grant_1")
    assert not accounts.by_id(account.id).has_4k
    assert ledger.describe_balance(account)["first_topup_bonus_available"]


def test_a_decision_is_made_once(account: Account) -> None:
    deposit = paid(account, 500)
    for decide in (
        lambda: manual.approve(deposit.id, as_="paid", decided_by="usr_owner"),
        lambda: manual.reject(deposit.id, reason="", decided_by="usr_owner"),
    ):
        with pytest.raises(Conflict, match="nothing to decide"):
            decide()
    assert ledger.balance(account.id)[0] == 750


def test_a_rejected_deposit_gives_nothing_and_says_why(account: Account) -> None:
    deposit = manual.reject(manual.begin(account, 500).id, reason="Not here yet.", decided_by="usr_owner")
    assert (deposit.status, deposit.reason, ledger.balance(account.id)[0]) == ("failed", "Not here yet.", 0)


def test_a_deposit_that_nobody_decides_ends_after_two_weeks(account: Account) -> None:
    deposit = manual.begin(account, 500)
    assert deposit.expires_at - deposit.created_at > timedelta(days=13, hours=23)
    Deposit.update(expires_at=store.now()).execute()
    payments.poll()
    assert deposits.get(deposit.id).status == "expired"


def test_a_credited_deposit_is_announced(account: Account, told: News) -> None:
    deposit = paid(account, 500)
    said = {"balance": 7.5, "amount": 5.0, "bonus": 2.5, "method": "manual", "attempt_id": deposit.id}
    assert told == [("balance.reloaded", said)]


def test_what_was_credited_moves_nowhere_else(account: Account) -> None:
    deposit = paid(account, 500)
    for status in ("requires_payment", "processing", "failed", "expired", "canceled", "succeeded"):
        assert deposits.note(deposit, Seen(status)).status == "succeeded"
    assert ledger.balance(account.id)[0] == 750


# -- The balance runs low ----------------------------------------------------------------------------------


def spend(account: Account, cents: int, ref: str) -> None:
    with store.write():
        ledger.reserve(account, cents, ref)


def test_each_line_is_told_when_it_is_crossed_and_again_after_going_above(account: Account, told: News) -> None:
    with store.write():
        ledger.credit(account.id, "grant", 60, key="grant:1")
    spend(account, 10, "job_1")  # 50: not below
    assert told == []
    spend(account, 1, "job_2")  # 49
    spend(account, 9, "job_3")  # 40: told before
    assert told == [("balance.low", {"balance": 0.49, "threshold": 0.5})]
    spend(account, 39, "job_4")  # 1
    assert told[1:] == [("balance.empty", {"balance": 0.01})]
    with store.write():
        ledger.settle("job_4", 0)  # back at 40: empty is armed again, low is not
        ledger.credit(account.id, "grant", 60, key="grant:2")
    spend(account, 99, "job_5")
    assert [event for event, _ in told[2:]] == ["balance.low", "balance.empty"]


def test_a_covered_account_is_not_warned(told: News) -> None:
    account = new_account(is_covered=True)
    with store.write():
        ledger.credit(account.id, "grant", 60, key="grant:1")
    spend(account, 59, "job_1")
    assert told == []


def test_news_of_what_is_rolled_back_reaches_nobody(data: Settings) -> None:
    account = new_account()
    with store.write():
        ledger.credit(account.id, "grant", 60, key="grant:1")
        webhooks.add(account, "https://example.org/hook", ["balance.low"])
    for reason in (None, ZeroDivisionError):
        with contextlib.suppress(ZeroDivisionError), store.write():
            ledger.reserve(account, 20, f"job_{reason}")
            if reason:
                raise reason
    assert [row.event for row in webhooks.Delivery.select()] == ["balance.low"]


# -- Prices ------------------------------------------------------------------------------------------------


def test_bonuses_add_their_percentages_before_they_are_floored() -> None:
    assert [rules.bonus_cents(c, is_first=True) for c in (500, 501, 4999, 5000)] == [250, 250, 2499, 3000]
    assert [rules.bonus_cents(c, is_first=False) for c in (4999, 5000, 5009)] == [0, 500, 500]


@pytest.mark.parametrize(
    ("gb", "cents"), [(5, 900), (10, 1500), (25, 2900), (50, 4900), (51, 5049), (100, 9900), (1000, 99000)]
)
def test_storage_costs_what_its_package_costs(gb: int, cents: int) -> None:
    assert rules.storage_cents(gb) == cents


@pytest.mark.parametrize("gb", [-1, 0, 1, 7, 49, 1001])
def test_no_other_amount_of_storage_is_sold(gb: int) -> None:
    assert rules.storage_cents(gb) is None
