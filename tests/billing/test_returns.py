"""Money that goes back to who paid it, by a refund or a dispute: it leaves the balance, where it is there."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from fastclip import accounts
from fastclip.billing import ledger, payments
from fastclip.mail import Mail
from fastclip.settings import Settings
from tests.billing.conftest import News, Open
from tests.billing.machine import check_books, new_account
from tests.billing.providers import BTCPayServer, LocalStripe
from tests.billing.scene import Scene, begin, one_folder

WHOLE = 750  # five dollars, and half of it for the first


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with one_folder(tmp_path_factory.mktemp("returns")) as opened:
        yield opened


@pytest.fixture
def scene(told: News, provide: Open, stripe_server: LocalStripe, btcpay_server: BTCPayServer) -> Scene:
    return begin(provide, stripe_server, btcpay_server)


RETURNS = {
    # steps -> (cents left, paid in all, 4K is open)
    "refunded and told": ("refund, refund hook, refund hook, poll", 0, 0),
    "refunded and found": ("refund, poll, poll, refund hook", 0, 0),
    "refunded twice": ("refund, poll, refund, poll", 0, 0),
    "refunded in part": ("refund a dollar, refund hook, poll", 600, 400),
    "refunded bit by bit": ("refund a dollar, poll, refund a dollar, poll, refund hook", 450, 300),
    "contested": ("contest, dispute hook, poll", 0, 0),
    "contested and lost": ("contest, poll, lose, dispute hook", 0, 0),
    "contested and won": ("contest, poll, win, dispute hook, poll", WHOLE, 500),
    "won before it was seen": ("contest, win, poll", WHOLE, 500),
    "only asked about": ("ask about it, dispute hook, poll", WHOLE, 500),
    "refunded, and contested all the same": ("refund, poll, contest, poll", 0, 0),
    "spent before": ("spend, refund, poll, refund hook", 0, 0),
    "spent before, and won": ("spend, contest, poll, win, poll", 50, 500),
    "held by a job": ("hold, refund, poll", 0, 0),
    "Stripe is down": ("refund, down, poll, up, poll", 0, 0),
}


@pytest.mark.parametrize(("steps", "left", "paid"), RETURNS.values(), ids=RETURNS)
def test_what_goes_back_to_a_card_leaves_the_balance_and_no_more(
    scene: Scene, told: News, steps: str, left: int, paid: int
) -> None:
    scene.play(f"card, pay, finalize, {steps}")
    assert scene.attempt.status == "succeeded" and ledger.balance(scene.account.id)[0] == left
    account = accounts.by_id(scene.account.id)
    assert (account.paid_total_cents, account.has_4k) == (paid, paid > 0)
    assert scene.attempt.refunded_cents == 500 - paid
    assert [event for event, _ in told].count("balance.reloaded") == 1
    check_books(scene.account.id)


COINS = {
    # steps -> (cents left, paid in all)
    "sent and told": ("offer back, claim, send, payout hook, payout hook, poll", 0, 0),
    "sent and found": ("offer back, claim, send, poll, poll, payout hook", 0, 0),
    "offered, not claimed": ("offer back, poll", WHOLE, 500),
    "claimed, not sent": ("offer back, claim, payout hook, poll", WHOLE, 500),
    "claimed, and refused by the owner": ("offer back, claim, give up sending, payout hook, poll", WHOLE, 500),
    "on its way, and lost": ("offer back, send a dollar, poll, give up sending, payout hook, poll", WHOLE, 500),
    "bit by bit": ("offer back, send a dollar, poll, send a dollar, payout hook, poll", 450, 300),
    "in coins, at the rate of the invoice": ("offer back in coins, send half in coins, poll, payout hook", 375, 250),
    "two refunds": ("offer back, send a dollar, offer back in coins, send half in coins, poll", 225, 150),
    "another payout of the store": ("pay out something else, payout hook, poll", WHOLE, 500),
    "spent before": ("spend, offer back, claim, send, poll, payout hook", 0, 0),
    "BTCPay is down": ("offer back, claim, send, down, poll, up, poll", 0, 0),
    "hidden from our key": ("offer back, claim, send, refunds are hidden, btc hook, poll", WHOLE, 500),
    "hidden after they were seen": ("offer back, send a dollar, poll, refunds are hidden, poll", 600, 400),
}


@pytest.mark.parametrize(("steps", "left", "paid"), COINS.values(), ids=COINS)
def test_what_a_bitcoin_refund_sends_leaves_the_balance_and_no_more(
    scene: Scene, steps: str, left: int, paid: int
) -> None:
    scene.play(f"bitcoin, settled, btc hook, {steps}")
    assert scene.attempt.status == "succeeded" and ledger.balance(scene.account.id)[0] == left
    assert accounts.by_id(scene.account.id).paid_total_cents == paid == 500 - scene.attempt.refunded_cents
    check_books(scene.account.id)


def test_a_key_that_may_not_see_refunds_is_told_which_permission_it_needs(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.play("bitcoin, settled, poll, refunds are hidden, poll")
    assert "btcpay.store.canmanagepullpayments" in caplog.text


def test_who_gets_coins_back_is_told_by_mail(scene: Scene) -> None:
    scene.play("bitcoin, settled, poll, offer back, claim, send, poll, poll")
    (told,) = Mail.select().where(Mail.account_id == scene.account.id)
    assert told.subject == "A payment went back to you" and "$5.00 of your payment of $5.00" in told.text
    assert scene.attempt.reason == "$5.00 of this payment went back to who paid it."


def test_a_refund_is_found_behind_a_hundred_others(scene: Scene, stripe_server: LocalStripe) -> None:
    other = replace(scene, account=new_account(), said={})
    other.play("card, pay, finalize")
    for _ in range(101):
        stripe_server.refund(other.attempt.provider_ref, 1)
    scene.play("card, pay, finalize, refund, poll")
    assert other.attempt.refunded_cents == 101
    assert ledger.balance(scene.account.id)[0] == 0 and scene.attempt.refunded_cents == 500


def test_a_refund_that_was_followed_is_not_asked_about_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.play("card, pay, finalize, refund, poll")
    monkeypatch.setattr(payments, "_look_back", lambda deposit: pytest.fail("nothing changed"))
    scene.play("poll")


def test_who_gets_a_payment_back_is_told_by_mail(scene: Scene) -> None:
    scene.play("card, pay, finalize, spend, contest, poll, poll")
    (first,) = Mail.select().where(Mail.account_id == scene.account.id)
    assert "$5.00 of your payment of $5.00" in first.text and "$0.50 left your balance" in first.text
    scene.play("win, poll, poll")
    assert Mail.select().where(Mail.account_id == scene.account.id).count() == 2


def test_what_was_refunded_before_it_was_credited_is_taken_back(scene: Scene) -> None:
    scene.play("card, pay, refund, refund hook, poll")
    assert ledger.balance(scene.account.id)[0] == 0 and scene.attempt.refunded_cents == 500


def test_a_first_deposit_is_not_first_again_because_it_went_back(scene: Scene) -> None:
    scene.play("card, pay, finalize, refund, poll")
    assert not ledger.is_first_deposit(scene.account.id)
