"""A model of the ledger that Hypothesis drives beside the real one, and the facts that must hold after each step."""

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from peewee import fn

from fastclip import store
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.billing.ledger import Hold, LedgerEntry
from fastclip.errors import Conflict, InsufficientBalance

CENTS = st.integers(0, 60)


def new_account(*, is_covered: bool = False) -> Account:
    """A row without a password's hash, which would take longer than all that the ledger does."""
    account_id = store.new_id("usr_")
    with store.write():
        return Account.create(
            id=account_id,
            email=f"{account_id}@example.org",
            name="",
            role="member",
            password_hash="",
            is_covered=is_covered,
        )


def check_books(account_id: str) -> None:
    """Balance = sum of entries; reserved = sum of entries = open holds; neither below zero."""
    entries = LedgerEntry.select(
        fn.COALESCE(fn.SUM(LedgerEntry.d_balance_cents), 0), fn.COALESCE(fn.SUM(LedgerEntry.d_reserved_cents), 0)
    ).where(LedgerEntry.account_id == account_id)
    balance, reserved = entries.scalar(as_tuple=True)
    held = Hold.select(fn.COALESCE(fn.SUM(Hold.amount_cents), 0)).where(
        Hold.account_id == account_id, Hold.state == "open"
    )
    assert ledger.balance(account_id) == (balance, reserved)
    assert reserved == held.scalar()
    assert balance >= 0 and reserved >= 0


class LedgerMachine(RuleBasedStateMachine):
    """Two accounts, one of them covered; money comes in, is held, kept and given back, in any order."""

    holds = Bundle("holds")
    credits = Bundle("credits")

    @initialize()
    def open_accounts(self) -> None:
        self.accounts = {False: new_account(), True: new_account(is_covered=True)}
        self.balance = {False: 0, True: 0}
        self.open: dict[str, tuple[bool, int]] = {}

    @rule(target=credits, who=st.booleans(), cents=CENTS)
    def credit(self, who: bool, cents: int) -> tuple[bool, int, str]:
        key = store.new_id("dep:")
        with store.write():
            ledger.credit(self.accounts[who].id, "deposit", cents, key=key)
        self.balance[who] += cents
        return who, cents, key

    @rule(told=credits)
    def credit_again(self, told: tuple[bool, int, str]) -> None:
        who, cents, key = told
        try:
            with store.write():
                ledger.credit(self.accounts[who].id, "deposit", cents, key=key)
        except Conflict:
            return
        raise AssertionError("the same deposit was credited twice")

    @rule(target=holds, who=st.booleans(), cents=CENTS)
    def reserve(self, who: bool, cents: int) -> object:
        ref = store.new_id("job_")
        try:
            with store.write():
                ledger.reserve(self.accounts[who], cents, ref)
        except InsufficientBalance:
            assert not who and cents > self.balance[who]
            return multiple()
        self.balance[who] = max(0, self.balance[who] - cents)
        self.open[ref] = who, cents
        return ref

    @rule(ref=holds, share=st.floats(0, 1))
    def settle(self, ref: str, share: float) -> None:
        """Also again, of a hold that was settled before."""
        who, cents = self.open.pop(ref, (False, -1))
        kept = int(Hold.get_by_id(ref).amount_cents * share)
        with store.write():
            assert ledger.settle(ref, kept) is (cents >= 0)
        if cents >= 0:
            self.balance[who] += cents - kept

    @rule(ref=holds)
    def settle_for_more_than_is_held(self, ref: str) -> None:
        try:
            with store.write():
                ledger.settle(ref, Hold.get_by_id(ref).amount_cents + 1)
        except ValueError:
            return
        raise AssertionError("more was kept than was held")

    @rule(who=st.booleans(), cents=CENTS)
    def break_off_after_reserving(self, who: bool, cents: int) -> None:
        """What raises inside the transaction leaves no trace."""
        try:
            with store.write():
                ledger.credit(self.accounts[who].id, "grant", cents, key=store.new_id("grant:"))
                ledger.reserve(self.accounts[who], cents, store.new_id("job_"))
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass

    @invariant()
    def books_add_up(self) -> None:
        for who, account in getattr(self, "accounts", {}).items():
            check_books(account.id)
            reserved = sum(cents for held_by, cents in self.open.values() if held_by is who)
            assert ledger.balance(account.id) == (self.balance[who], reserved)
