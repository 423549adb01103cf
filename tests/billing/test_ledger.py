import subprocess
import sys
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from peewee import IntegrityError

from fastclip import store
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.billing.ledger import Hold, LedgerEntry
from fastclip.errors import Conflict, InsufficientBalance
from fastclip.settings import Settings
from tests.billing.machine import LedgerMachine, check_books, new_account


@pytest.fixture
def account(data: Settings) -> Account:
    """Metered, with the dollar that comes with signing up."""
    account = new_account()
    ledger.grant_signup_credit(account.id)
    return account


def reserve(account: Account, cents: int, ref: str) -> None:
    with store.write():
        ledger.reserve(account, cents, ref)


def settle(ref: str, cents: int) -> bool:
    with store.write():
        return ledger.settle(ref, cents)


def entries(account: Account) -> list[tuple[str, int, int]]:
    rows = LedgerEntry.select().where(LedgerEntry.account_id == account.id).order_by(LedgerEntry.id)
    return [(row.kind, row.d_balance_cents, row.d_reserved_cents) for row in rows]


def test_a_trim_reserves_two_cents_of_the_signup_dollar(account: Account) -> None:
    reserve(account, 2, "job_1")
    assert ledger.balance(account.id) == (98, 2)


def test_a_settled_job_keeps_what_it_cost(account: Account) -> None:
    reserve(account, 4, "job_cap_1")
    assert settle("job_cap_1", 4)
    assert ledger.balance(account.id) == (96, 0)
    assert entries(account) == [("signup_credit", 100, 0), ("reserve", -4, 4), ("settle", 0, -4)]


def test_a_failed_job_gives_all_back(account: Account) -> None:
    reserve(account, 2, "job_1")
    settle("job_1", 0)
    assert ledger.balance(account.id) == (100, 0)
    assert entries(account)[1:] == [("reserve", -2, 2), ("refund", 2, -2)]


def test_auto_with_captions_gives_back_what_its_clips_did_not_need(account: Account) -> None:
    reserve(account, 52, "job_auto_1")
    settle("job_auto_1", 18)
    assert ledger.balance(account.id) == (82, 0)
    assert entries(account)[1:] == [("reserve", -52, 52), ("settle", 0, -18), ("refund", 34, -34)]


def test_a_hold_settles_once(account: Account) -> None:
    reserve(account, 2, "job_1")
    assert settle("job_1", 2) and not settle("job_1", 0)
    assert ledger.balance(account.id) == (98, 0)
    assert Hold.get_by_id("job_1").captured_cents == 2


def test_a_ref_reserves_once(account: Account) -> None:
    reserve(account, 2, "job_1")
    with pytest.raises(IntegrityError):
        reserve(account, 2, "job_1")
    assert ledger.balance(account.id) == (98, 2)


@pytest.mark.parametrize("cents", [-1, 3])
def test_a_hold_never_settles_at_less_than_nothing_or_more_than_it_holds(account: Account, cents: int) -> None:
    reserve(account, 2, "job_1")
    with pytest.raises(ValueError, match="cannot settle"):
        settle("job_1", cents)
    assert ledger.balance(account.id) == (98, 2)


def test_what_the_balance_does_not_hold_is_refused_and_reserves_nothing(account: Account) -> None:
    reserve(account, 99, "job_1")
    with pytest.raises(InsufficientBalance) as refusal:
        reserve(account, 2, "job_2")
    assert refusal.value.message == "This costs $0.02; the balance is $0.01. Add money first."
    assert ledger.balance(account.id) == (1, 99)
    assert Hold.get_or_none(Hold.ref == "job_2") is None


def test_five_segments_on_seven_cents_reserve_nothing_at_all(data: Settings) -> None:
    account = new_account()
    with store.write():
        ledger.credit(account.id, "grant", 7, key="grant:1")
    with pytest.raises(InsufficientBalance), store.write():
        for n in range(5):
            ledger.reserve(account, 2, f"job_{n}")
    assert ledger.balance(account.id) == (7, 0)
    assert entries(account) == [("grant", 7, 0)]


def test_the_house_pays_exactly_the_shortfall_of_a_covered_account(data: Settings) -> None:
    account = new_account(is_covered=True)
    with store.write():
        ledger.credit(account.id, "grant", 3, key="grant:1")
    reserve(account, 10, "job_1")
    assert ledger.balance(account.id) == (0, 10)
    assert entries(account)[1:] == [("house", 7, 0), ("reserve", -10, 10)]


def test_a_covered_account_with_enough_pays_for_itself(data: Settings) -> None:
    account = new_account(is_covered=True)
    with store.write():
        ledger.credit(account.id, "grant", 10, key="grant:1")
    reserve(account, 10, "job_1")
    assert [kind for kind, _, _ in entries(account)] == ["grant", "reserve"]


def test_the_signup_credit_is_a_dollar_once(account: Account) -> None:
    assert not ledger.is_signup_credit_open(account.id)
    with pytest.raises(Conflict):
        ledger.grant_signup_credit(account.id)
    assert ledger.balance(account.id) == (100, 0)


def test_a_credit_counts_once_for_its_key(account: Account) -> None:
    for _ in range(2):
        try:
            with store.write():
                ledger.credit(account.id, "deposit", 500, key="dep:1")
        except Conflict:
            pass
    assert ledger.balance(account.id) == (600, 0)


def test_a_signup_credit_does_not_open_4k(account: Account) -> None:
    said = ledger.describe_balance(account)
    assert said == {
        "balance": 1.0,
        "reserved": 0.0,
        "currency": "usd",
        "has_paid_deposit": False,
        "first_topup_bonus_available": True,
        "low_balance_threshold": 0.5,
    }


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("UPDATE ledger_entry SET d_balance_cents = 9", "append-only"),
        ("DELETE FROM ledger_entry", "append-only"),
        ("UPDATE account SET balance_cents = -1", "balance_cents"),
        ("UPDATE account SET reserved_cents = -1", "reserved_cents"),
        ("UPDATE account SET paid_total_cents = -1", "paid_total_cents"),
        ("UPDATE hold SET amount_cents = -1", "amount_cents"),
    ],
)
def test_the_database_itself_refuses_to_falsify_the_books(account: Account, change: str, table: str) -> None:
    reserve(account, 2, "job_1")
    with pytest.raises(IntegrityError, match=table), store.write():
        store.db.execute_sql(change)
    check_books(account.id)


def test_money_is_shown_with_two_places() -> None:
    assert [ledger.usd(cents) for cents in (0, 2, 98, 114, 50_000)] == [0.0, 0.02, 0.98, 1.14, 500.0]
    assert ledger.dollars(7) == "$0.07"


def test_the_books_add_up_whatever_happens_in_any_order(data: Settings) -> None:
    run_state_machine_as_test(LedgerMachine, settings=settings(max_examples=12, stateful_step_count=25, deadline=None))


SPENDER = """
import sys
from fastclip import settings, store
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.errors import InsufficientBalance

store.open(settings.load(sys.argv[1]))
account = Account.get_by_id(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
spent = 0
for n in range(20):
    ref = f"job_{sys.argv[3]}_{n}"
    try:
        with store.write():
            ledger.reserve(account, 2, ref)
    except InsufficientBalance:
        continue
    spent += 1
    for _ in range(2):  # a job that is settled twice counts once
        with store.write():
            ledger.settle(ref, 2)
print(spent)
"""


def spend_in_processes(folder: Any, account: Account, processes: int) -> list[int]:
    """How many of its twenty reserves each process was granted, all starting at one word."""
    command = [sys.executable, "-c", SPENDER, str(folder), account.id]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [subprocess.Popen([*command, str(n)], **pipes) for n in range(processes)]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    return [int(process.communicate("go\n")[0]) for process in started]


def test_eight_processes_never_spend_the_same_cent(account: Account, data: Settings) -> None:
    granted = spend_in_processes(data.data_dir, account, 8)
    assert sum(granted) == 50
    assert ledger.balance(account.id) == (0, 0)
    check_books(account.id)
    assert Hold.select().where(Hold.state == "closed").count() == 50
