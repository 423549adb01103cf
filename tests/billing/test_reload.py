"""Reloads: who may, how it is approved, and what a charge that goes wrong leaves behind."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from fastclip import accounts, store, webhooks
from fastclip.accounts import Account
from fastclip.billing import deposits, ledger, payments, reload, reload_settings, wallet
from fastclip.billing.deposits import Deposit
from fastclip.billing.reload import Reload
from fastclip.errors import FastClipError
from fastclip.mail import Mail
from fastclip.settings import Settings
from tests.billing.conftest import NOWHERE, News, Open
from tests.billing.machine import check_books
from tests.billing.providers import ASKS_3DS, DECLINED, GOOD, LocalStripe
from tests.conftest import PASSWORD

KEY = "reload-0001"
Carded = Callable[[str], None]


@pytest.fixture
def account(told: News, provide: Open, rung: list[str]) -> Account:
    reload._tries.clear()
    return accounts.add("ana@example.org", PASSWORD, role="member", is_covered=False)


@pytest.fixture
def carded(account: Account, stripe_server: LocalStripe) -> Carded:
    """Gives the account a saved card of this number."""

    def save(number: str) -> None:
        customer = payments.cards_provider()._customer(account)
        stripe_server.card(number, customer=customer)

    return save


def switch(account: Account, **asked: Any) -> dict[str, Any]:
    return reload_settings.change(account, asked, current_password=PASSWORD)


def ask(account: Account, cents: int = 2000, *, key: str | None = KEY, password: str | None = None) -> dict[str, Any]:
    return reload.request(account, cents, password=password, attempt_key=key, address="http://fastclip.lan:8787")


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(FastClipError) as refusal:
        act()
    return f"{refusal.value.status} {refusal.value.code}"


def link() -> str:
    """The token in the last mail."""
    mail = Mail.select().order_by(Mail.created_at.desc(), Mail.id.desc()).get()
    return re.search(r"http://fastclip.lan:8787/v1/reload/approve\?token=([\w-]+)", mail.text)[1]


# -- Settings ----------------------------------------------------------------------------------------------


def test_reloads_are_off_and_guarded_by_mail_from_the_start(account: Account) -> None:
    assert reload_settings.describe(account) == {
        "enabled": False,
        "email_confirmation": True,
        "has_reload_password": False,
        "email": "ana@example.org",
        "low_balance_threshold": 0.5,
    }
    assert refused(lambda: ask(account)) == "403 reload_disabled"


def test_what_guards_the_card_is_taken_away_with_the_password_alone(account: Account) -> None:
    switch(account, enabled=True, reload_password="reload me")
    for weaker in ({"email_confirmation": False}, {"reload_password": None}, {"reload_password": "another one"}):
        for password in (None, "wrong"):
            code = refused(lambda w=weaker, p=password: reload_settings.change(account, w, current_password=p))
            assert code in ("403 forbidden", "429 rate_limited")
    kept = wallet.of(account.id)
    assert kept.needs_mail and kept.reload_password_hash
    reload._tries.clear()
    said = switch(account, email_confirmation=False, reload_password=None)
    assert not said["email_confirmation"] and not said["has_reload_password"]


@pytest.mark.parametrize(
    "asked",
    [
        {"reload_password": "short"},
        {"reload_password": "x" * 129},
        {"low_balance_threshold": -0.01},
        {"low_balance_threshold": 100.01},
        {"low_balance_threshold": 0.505},
    ],
)
def test_a_setting_out_of_bounds_is_refused(account: Account, asked: dict[str, Any]) -> None:
    assert refused(lambda: switch(account, **asked)) == "400 invalid_request"


def test_the_threshold_is_the_one_that_is_warned_at(account: Account, told: News) -> None:
    assert switch(account, low_balance_threshold=2.25)["low_balance_threshold"] == 2.25
    with store.write():
        ledger.credit(account.id, "grant", 226, key="grant:1")
        ledger.reserve(account, 2, "job_1")
    assert told == [("balance.low", {"balance": 2.24, "threshold": 2.25})]


# -- At once -----------------------------------------------------------------------------------------------


@pytest.fixture
def direct(account: Account) -> Account:
    switch(account, enabled=True, email_confirmation=False)
    return account


def test_a_direct_reload_charges_the_card_and_counts_as_a_deposit(direct: Account, carded: Carded, told: News) -> None:
    carded(GOOD)
    assert ask(direct) == {
        "pending": False,
        "ok": True,
        "attempt_key": KEY,
        "amount": 20.0,
        "bonus": 10.0,
        "balance": 30.0,
        "card": {"brand": "visa", "last4": "4242"},
    }
    assert accounts.by_id(direct.id).paid_total_cents == 2000
    ((event, said),) = told
    assert (event, said["method"], said["amount"]) == ("balance.reloaded", "card_reload", 20.0)
    check_books(direct.id)


def test_the_same_key_again_charges_nothing(direct: Account, carded: Carded, stripe_server: LocalStripe) -> None:
    carded(GOOD)
    assert ask(direct) == ask(direct)
    assert ledger.balance(direct.id)[0] == 3000
    assert len(stripe_server.payments_of(Deposit.get().id)) == 1
    assert refused(lambda: ask(direct, 2500)) == "409 idempotency_conflict"
    assert ask(direct, key="reload-0002")["balance"] == 50.0


def test_the_same_key_at_once_charges_once(direct: Account, carded: Carded, stripe_server: LocalStripe) -> None:
    carded(GOOD)
    said: list[str] = []

    def one(_: int) -> None:
        try:
            said.append("ok" if ask(direct)["ok"] else "")
        except FastClipError as refusal:
            said.append(refusal.code)
        finally:
            store.db.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, range(8)))
    assert "ok" in said and set(said) <= {"ok", "idempotency_in_progress"}
    assert Deposit.select().count() == 1 and ledger.balance(direct.id)[0] == 3000


@pytest.mark.parametrize(("number", "code"), [(DECLINED, "card_declined"), (ASKS_3DS, "authentication_required")])
def test_a_card_that_is_declined_is_told_and_charged_never(
    direct: Account, carded: Carded, told: News, number: str, code: str
) -> None:
    carded(number)
    assert refused(lambda: ask(direct)) == "402 payment_failed"
    assert refused(lambda: ask(direct)) == "402 payment_failed"
    payments.poll(every_s=-1)
    reload.follow()
    ((event, said),) = told
    assert (event, said["attempt_key"], said["amount"]) == ("card.reload.failed", KEY, 20.0)
    assert set(said) == set(webhooks.SAMPLES["card.reload.failed"])
    assert said["code"] == code and said["reason"] and ledger.balance(direct.id)[0] == 0


@pytest.mark.parametrize("key", [None, "short", "x" * 65, "caf\u00e9 creme", "tab\tinside"])
def test_a_direct_reload_needs_a_key(direct: Account, carded: Carded, key: str | None) -> None:
    carded(GOOD)
    assert refused(lambda: ask(direct, key=key)) == "400 invalid_request"


def test_without_a_card_nothing_begins(direct: Account) -> None:
    assert refused(lambda: ask(direct)) == "400 invalid_request"
    assert Reload.select().count() == Deposit.select().count() == 0


@pytest.mark.parametrize("cents", [0, 499, 50001])
def test_a_reload_has_the_bounds_of_a_deposit(direct: Account, carded: Carded, cents: int) -> None:
    carded(GOOD)
    assert refused(lambda: ask(direct, cents)) == "400 invalid_request"


def test_a_reload_password_is_asked_for_and_cannot_be_guessed(direct: Account, carded: Carded) -> None:
    carded(GOOD)
    switch(direct, reload_password="reload me")
    assert refused(lambda: ask(direct)) == "403 reload_password_invalid"
    assert ask(direct, password="reload me")["ok"]
    for _ in range(5):
        assert refused(lambda: ask(direct, password="guess", key="reload-0002")) == "403 reload_password_invalid"
    assert refused(lambda: ask(direct, password="reload me", key="reload-0002")) == "429 rate_limited"


def test_a_charge_that_stripe_never_heard_of_is_made_once_it_is_back(
    direct: Account, carded: Carded, provide: Open
) -> None:
    """Stripe goes down between the look at the cards and the charge."""
    carded(GOOD)
    (card,) = payments.cards(direct.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reload, "_card", lambda _: card["payment_method_id"])
        provide(stripe_api=NOWHERE)
        assert refused(lambda: ask(direct)) == "503 provider_unavailable"
        assert refused(lambda: ask(direct)) == "409 idempotency_in_progress"
    provide_again(direct, provide)
    assert ledger.balance(direct.id)[0] == 3000 and ask(direct)["ok"]


def provide_again(account: Account, provide: Open) -> None:
    provide()
    Deposit.update(created_at=store.now() - timedelta(minutes=2)).execute()
    for _ in range(2):
        payments.poll(every_s=-1)
        reload.follow()
    check_books(account.id)


def test_a_crash_after_the_charge_finds_it_again(
    direct: Account, carded: Carded, provide: Open, stripe_server: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies when Stripe has charged the card and the answer is on its way."""
    carded(GOOD)
    note = deposits.note
    monkeypatch.setattr(deposits, "note", _dies)
    with pytest.raises(KeyboardInterrupt):
        ask(direct)
    monkeypatch.setattr(deposits, "note", note)
    deposit = Deposit.get()
    assert (deposit.status, ledger.balance(direct.id)[0]) == ("created", 0)
    provide_again(direct, provide)
    assert ledger.balance(direct.id)[0] == 3000 and Reload.get().state == "succeeded"
    assert len(stripe_server.payments_of(deposit.id)) == 1


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


# -- By mail -----------------------------------------------------------------------------------------------


@pytest.fixture
def mailed(account: Account) -> Account:
    switch(account, enabled=True)
    return account


def test_a_reload_by_mail_charges_once_it_is_approved(mailed: Account, carded: Carded) -> None:
    carded(GOOD)
    said = ask(mailed, key=None)
    assert (said["pending"], said["amount"]) == (True, 20.0) and "ana@example.org" in said["message"]
    token = link()
    for _ in range(2):  # mail scanners look, too
        assert reload.waiting(token).amount_cents == 2000
    assert ledger.balance(mailed.id)[0] == 0
    assert reload.approve(token) == {"ok": True, "amount": 20.0, "bonus": 10.0, "balance": 30.0}
    assert refused(lambda: reload.approve(token)) == refused(lambda: reload.waiting(token)) == "410 link_expired"
    assert ledger.balance(mailed.id)[0] == 3000


def test_a_newer_request_ends_the_older_link(mailed: Account, carded: Carded) -> None:
    carded(GOOD)
    ask(mailed, key=None)
    older = link()
    ask(mailed, 500, key=None)
    assert refused(lambda: reload.approve(older)) == "410 link_expired"
    assert {row.state for row in Reload.select()} == {"superseded", "pending_approval"}


def test_a_link_is_good_for_thirty_minutes(mailed: Account, carded: Carded) -> None:
    carded(GOOD)
    ask(mailed, key=None)
    Reload.update(expires_at=Reload.get().expires_at - timedelta(minutes=30, seconds=1)).execute()
    assert refused(lambda: reload.approve(link())) == "410 link_expired"
    reload.follow()
    assert Reload.get().state == "expired"


@pytest.mark.parametrize("token", ["", "x", "x" * 43])
def test_a_made_up_link_is_none(mailed: Account, token: str) -> None:
    assert refused(lambda: reload.approve(token)) == "410 link_expired"


def test_the_link_is_kept_as_its_digest_alone(mailed: Account, carded: Carded, data: Settings) -> None:
    carded(GOOD)
    ask(mailed, key=None)
    assert link() not in str([row.__data__ for row in Reload.select()])


def test_no_mail_goes_out_where_there_is_no_card(mailed: Account) -> None:
    assert refused(lambda: ask(mailed, key=None)) == "400 invalid_request"
    assert Mail.select().count() == 0
