"""A model of the ledger that Hypothesis drives beside the real one, and the facts that must hold after each step."""

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from peewee import fn

from fastclip import accounts, rules, store
from fastclip.accounts import Account
from fastclip.billing import deposits, ledger, manual, storage
from fastclip.billing.deposits import ENDED, OPEN, Deposit, Seen
from fastclip.billing.ledger import Hold, LedgerEntry
from fastclip.errors import Conflict, InsufficientBalance

CENTS = st.integers(0, 60)
PAID_CENTS = st.sampled_from([500, 501, 4999, 5000, 5005, 50_000])


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
    """Two accounts, one of them covered; money is asked for, comes in, is held, kept, given back, in any order."""

    holds = Bundle("holds")
    credits = Bundle("credits")
    attempts = Bundle("attempts")

    @initialize()
    def open_accounts(self) -> None:
        self.accounts = {False: new_account(), True: new_account(is_covered=True)}
        self.balance = {False: 0, True: 0}
        self.paid = {False: 0, True: 0}
        self.has_deposit = {False: False, True: False}
        self.credited: set[str] = set()
        self.returned: dict[str, tuple[int, int, int, int]] = {}
        """Attempt -> what was paid, its bonus, what went back, what was taken of it."""
        self.open: dict[str, tuple[bool, int]] = {}

    @rule(target=credits, who=st.booleans(), cents=CENTS)
    def credit(self, who: bool, cents: int) -> tuple[bool, int, str]:
        key = store.new_id("dep:")
        with store.write():
            ledger.credit(self.accounts[who].id, "promo", cents, key=key)
        self.balance[who] += cents
        return who, cents, key

    @rule(told=credits)
    def credit_again(self, told: tuple[bool, int, str]) -> None:
        who, cents, key = told
        try:
            with store.write():
                ledger.credit(self.accounts[who].id, "promo", cents, key=key)
        except Conflict:
            return
        raise AssertionError("the same code was credited twice")

    # -- Deposits --------------------------------------------------------------------------------------------

    @rule(target=attempts, who=st.booleans(), cents=PAID_CENTS)
    def ask_to_pay_by_hand(self, who: bool, cents: int) -> tuple[bool, int, str]:
        return who, cents, manual.begin(self.accounts[who], cents).id

    @rule(target=attempts, who=st.booleans(), cents=PAID_CENTS, provider=st.sampled_from(["stripe", "btcpay"]))
    def begin_to_pay(self, who: bool, cents: int, provider: str) -> tuple[bool, int, str]:
        return who, cents, deposits.add(self.accounts[who].id, provider, cents, kept_s=60).id

    @rule(told=attempts, status=st.sampled_from([*OPEN, *ENDED]))
    def hear_from_the_provider(self, told: tuple[bool, int, str], status: str) -> None:
        """Anything, in any order, also again: a credit happens once, and what was credited stays."""
        _, cents, attempt_id = told
        noted = deposits.note(deposits.get(attempt_id), Seen(status))
        if attempt_id in self.credited:
            assert noted.status == "succeeded"
        elif noted.status == "succeeded":
            self._credited(told, cents, as_="paid")

    @rule(told=attempts, as_=st.sampled_from(["paid", "grant"]))
    def approve(self, told: tuple[bool, int, str], as_: str) -> None:
        is_waiting = Deposit.get_by_id(told[2]).status == "awaiting_approval"
        try:
            manual.approve(told[2], as_=as_, decided_by="usr_owner")
        except Conflict:
            assert not is_waiting
            return
        assert is_waiting and told[2] not in self.credited
        self._credited(told, told[1], as_=as_)

    @rule(told=attempts)
    def reject(self, told: tuple[bool, int, str]) -> None:
        is_waiting = Deposit.get_by_id(told[2]).status == "awaiting_approval"
        try:
            manual.reject(told[2], reason="", decided_by="usr_owner")
        except Conflict:
            assert not is_waiting

    @rule(who=st.booleans(), cents=CENTS)
    def spend(self, who: bool, cents: int) -> None:
        try:
            with store.write():
                ledger.spend(self.accounts[who], "storage", cents, store.new_id("sto_"))
        except InsufficientBalance:
            assert not who and cents > self.balance[who]
            return
        self.balance[who] = max(0, self.balance[who] - cents)

    @rule(told=attempts, share=st.floats(0, 1.2))
    def goes_back(self, told: tuple[bool, int, str], share: float) -> None:
        """A refund, a dispute, or the end of one: also again, more, less, and of what was spent."""
        who, cents, attempt_id = told
        paid, bonus, gone, taken = self.returned.get(attempt_id, (0, 0, 0, 0))
        now_gone = min(int(cents * share), paid)
        owed = 0 if now_gone == gone else min(now_gone + bonus * now_gone // (paid or 1) - taken, self.balance[who])
        assert deposits.went_back(Deposit.get_by_id(attempt_id), int(cents * share)) == owed
        if paid:
            self.returned[attempt_id] = paid, bonus, now_gone, taken + owed
            self.balance[who] -= owed
            self.paid[who] -= now_gone - gone

    @rule(who=st.booleans(), gb=st.sampled_from([5, 51]))
    def buy_storage(self, who: bool, gb: int) -> None:
        price = rules.storage_cents(gb) or 0
        try:
            storage.purchase(self.accounts[who], gb)
        except InsufficientBalance:
            assert not who and price > self.balance[who]
            return
        self.balance[who] = max(0, self.balance[who] - price)

    def _credited(self, told: tuple[bool, int, str], cents: int, *, as_: str) -> None:
        who, _, attempt_id = told
        self.credited.add(attempt_id)
        self.balance[who] += cents
        if as_ == "paid":
            bonus = rules.bonus_cents(cents, is_first=not self.has_deposit[who])
            self.returned[attempt_id] = cents, bonus, 0, 0
            self.balance[who] += bonus
            self.paid[who] += cents
            self.has_deposit[who] = True

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
            assert accounts.by_id(account.id).paid_total_cents == self.paid[who]
