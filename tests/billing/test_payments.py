"""Every way a payment can go, at Stripe and at BTCPay: what is credited, once, and what the attempt says afterwards."""

from collections.abc import Iterator

import httpx
import pytest

from fastclip import members, webhooks
from fastclip.billing import deposits, ledger, payments, wallet
from fastclip.billing.deposits import Deposit
from fastclip.billing.wallet import Wallet
from fastclip.errors import FastClipError
from fastclip.settings import Settings
from tests.billing.conftest import NOWHERE, News, Open
from tests.billing.machine import check_books, new_account
from tests.billing.providers import GOOD, BTCPayServer, LocalStripe
from tests.billing.scene import Scene, begin, one_folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with one_folder(tmp_path_factory.mktemp("payments")) as opened:
        yield opened


@pytest.fixture
def scene(told: News, provide: Open, stripe_server: LocalStripe, btcpay_server: BTCPayServer) -> Scene:
    return begin(provide, stripe_server, btcpay_server)


FAILED, WAITS, FORGED, DOWN = "402 payment_failed", "409 conflict", "401 unauthorized", "503 provider_unavailable"
WHOLE = 750  # five dollars, and half of it for the first

CASES = {
    # Stripe: steps -> (status, cents credited)
    "paid and finalized": ("card, pay, finalize", "succeeded", WHOLE),
    "finalized by its intent": ("card, pay, finalize by intent", "succeeded", WHOLE),
    "finalized again and again": ("card, pay, finalize, finalize, finalize", "succeeded", WHOLE),
    "told by Stripe": ("card, pay, hook", "succeeded", WHOLE),
    "told by Stripe three times": ("card, pay, hook, hook, hook", "succeeded", WHOLE),
    "finalized, then told": ("card, pay, finalize, hook, poll", "succeeded", WHOLE),
    "told, then finalized": ("card, pay, hook, finalize", "succeeded", WHOLE),
    "found by the poll": ("card, pay, poll, poll", "succeeded", WHOLE),
    "everything at once": ("card, pay, everything at once", "succeeded", WHOLE),
    "told before it is paid": ("card, hook, pay, finalize", "succeeded", WHOLE),
    "told before it is paid, and never again": ("card, hook, poll", "requires_payment", 0),
    "not paid yet": (f"card, finalize refused {WAITS}", "requires_payment", 0),
    "declined": (f"card, decline, finalize refused {FAILED}", "requires_payment", 0),
    "the bank asks": (f"card, ask, finalize refused {WAITS}", "requires_payment", 0),
    "the bank asks and hears yes": ("card, ask, confirm, finalize", "succeeded", WHOLE),
    "the bank asks and hears no": (f"card, ask, deny, finalize refused {FAILED}", "requires_payment", 0),
    "the bank declines after all": (
        f"card, ask then decline, confirm, finalize refused {FAILED}",
        "requires_payment",
        0,
    ),
    "denied, then another card": ("card, ask, deny, pay, finalize", "succeeded", WHOLE),
    "nobody finishes it": ("card, day passes, poll", "expired", 0),
    "nobody finishes it, and asks": (f"card, day passes, poll, finalize refused {FAILED}", "expired", 0),
    "paid, and nobody comes back": ("card, pay, day passes, poll", "succeeded", WHOLE),
    "canceled at Stripe": (f"card, cancel, finalize refused {FAILED}", "canceled", 0),
    "forged": (f"card, pay, forged hook refused {FORGED}", "requires_payment", 0),
    "an old event again": (f"card, pay, old hook refused {FORGED}", "requires_payment", 0),
    "events about other matters": ("card, pay, strange hook", "requires_payment", 0),
    "finalized by a stranger": ("card, pay, stranger finalizes refused 404 not_found", "requires_payment", 0),
    "Stripe is down at the beginning": (f"down, card refused {DOWN}, up, poll, day passes, poll", "expired", 0),
    "Stripe is down at the end": (f"card, pay, down, finalize refused {DOWN}, up, finalize", "succeeded", WHOLE),
    "Stripe is down when it is polled": ("card, pay, down, poll, up, poll", "succeeded", WHOLE),
    # BTCPay
    "settled": ("bitcoin, settled, status", "succeeded", WHOLE),
    "settled, and asked again": ("bitcoin, settled, status, status, poll, btc hook", "succeeded", WHOLE),
    "told by BTCPay three times": ("bitcoin, settled, btc hook, btc hook, btc hook", "succeeded", WHOLE),
    "processing, then settled": ("bitcoin, processing, status, settled, poll", "succeeded", WHOLE),
    "told in the wrong order": ("bitcoin, settled, btc hook, processing hook", "succeeded", WHOLE),
    "told what is not so yet": ("bitcoin, btc hook, status", "pending", 0),
    "invoices at once": ("bitcoin, settled, everything at once", "succeeded", WHOLE),
    "paid more than was asked": ("bitcoin, overpaid, status, poll, btc hook", "succeeded", 1125),
    "settled by the owner's mark": ("bitcoin, marked, poll", "succeeded", WHOLE),
    "expired": ("bitcoin, expired, status, poll", "expired", 0),
    "invalid": ("bitcoin, processing, poll, invalid, poll", "failed", 0),
    "settled late": ("bitcoin, expired, poll, day passes, settled, poll", "succeeded", WHOLE),
    "confirmed late": ("bitcoin, expired, poll, processing, poll, settled, poll", "succeeded", WHOLE),
    "paid in part": ("bitcoin, partly, poll, poll", "expired", 0),
    "paid in part and approved": ("bitcoin, partly, poll, approve, poll", "succeeded", 480),
    "paid in part and rejected": (f"bitcoin, partly, poll, reject, poll, approve refused {WAITS}", "expired", 0),
    "paid late and approved": ("bitcoin, paid late, poll, approve", "succeeded", WHOLE),
    "settled for another amount": ("bitcoin, of another amount, poll", "failed", 0),
    "BTCPay forged": (f"bitcoin, settled, forged btc hook refused {FORGED}", "pending", 0),
    "BTCPay is down at the beginning": (f"down, bitcoin refused {DOWN}, up, poll, day passes, poll", "expired", 0),
    "BTCPay is down when it is asked": ("bitcoin, settled, down, status, up, status", "succeeded", WHOLE),
    "the invoice's answer is lost": (
        f"answers lost, bitcoin refused {DOWN}, up, poll, settled, poll",
        "succeeded",
        WHOLE,
    ),
}


@pytest.mark.parametrize(("steps", "status", "cents"), CASES.values(), ids=CASES)
def test_a_payment_is_credited_once_at_most(scene: Scene, told: News, steps: str, status: str, cents: int) -> None:
    scene.play(steps)
    assert (scene.attempt.status, ledger.balance(scene.account.id)[0]) == (status, cents)
    assert [event for event, _ in told].count("balance.reloaded") == (1 if cents else 0)
    check_books(scene.account.id)


def test_there_are_more_than_forty_ways() -> None:
    assert len(CASES) > 40


@pytest.mark.parametrize("end", ["expired", "invalid", "partly"])
def test_a_bitcoin_deposit_that_fails_is_announced_once(scene: Scene, told: News, end: str) -> None:
    scene.play(f"bitcoin, {end}, poll, status, poll")
    ((event, said),) = told
    assert event == "btc.deposit.failed" and set(said) == set(webhooks.SAMPLES[event])
    assert (said["attempt_id"], said["amount"]) == (scene.attempt.id, 5.0) and said["reason"]


def test_a_lost_answer_makes_no_second_invoice(scene: Scene) -> None:
    scene.play(f"answers lost, bitcoin refused {DOWN}, up, poll")
    assert len(scene.btcpay.invoices) == 1
    assert scene.attempt.provider_ref in scene.btcpay.invoices


def test_an_invoice_is_searched_for_before_it_is_made(scene: Scene) -> None:
    scene.play("bitcoin")
    assert scene.btcpay.asked == [
        f"GET fastclip-store/invoices?orderId={scene.attempt.id}",
        "POST fastclip-store/invoices",
    ]


def test_an_unfinished_card_payment_is_canceled_at_stripe_too(scene: Scene, stripe_server: LocalStripe) -> None:
    scene.play("card, day passes, poll")
    assert stripe_server.get(f"/v1/payment_intents/{scene.attempt.provider_ref}")["status"] == "canceled"


def test_the_answer_to_a_card_deposit_is_what_the_form_needs(scene: Scene) -> None:
    scene.card()
    assert scene.said["provider"] == "stripe" and scene.said["status"] == "requires_payment"
    assert (scene.said["amount"], scene.said["bonus"]) == (5.0, 2.5)
    assert scene.said["client_secret"].startswith(f"{scene.attempt.provider_ref}_secret_")
    assert scene.said["publishable_key"] == "pk_test_fastclip"


def test_the_owner_is_shown_what_came_in_part(scene: Scene) -> None:
    scene.play("bitcoin, partly, poll")
    (waiting,) = deposits.listed(for_owner=True, limit=10)
    assert (waiting.id, waiting.paid_cents) == (scene.attempt.id, 320)
    assert "$3.20 of $5.00" in waiting.reason


def test_saved_cards_are_listed_and_forgotten(scene: Scene, stripe_server: LocalStripe) -> None:
    scene.said = payments.request(scene.account, 500, provider="stripe", save_card=True)
    customer = stripe_server.get(f"/v1/payment_intents/{scene.attempt.provider_ref}")["customer"]
    stripe_server.pay(scene.attempt.provider_ref, method := stripe_server.card(GOOD, customer=customer))
    scene.finalize()
    (card,) = payments.cards(scene.account.id)
    expected = {"payment_method_id": method, "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2040}
    assert card == expected | {"is_default": True}
    with pytest.raises(FastClipError) as refusal:
        payments.remove_card(new_account().id, method)
    assert refusal.value.status == 404
    payments.remove_card(scene.account.id, method)
    assert payments.cards(scene.account.id) == []


def test_the_cards_of_a_closed_account_leave_stripe_once_it_answers(
    scene: Scene, stripe_server: LocalStripe, provide: Open
) -> None:
    customer = payments.cards_provider()._customer(scene.account)
    method = stripe_server.card(GOOD, customer=customer)
    provide(stripe_api=NOWHERE)
    members.close(scene.account.id)
    payments.forget_ended()
    assert wallet.of(scene.account.id).customer_id == customer, "it is tried again"
    provide()
    payments.forget_ended()
    assert Wallet.get_or_none(Wallet.account_id == scene.account.id) is None
    assert stripe_server.get(f"/v1/payment_methods/{method}")["customer"] is None
    with pytest.raises(httpx.HTTPStatusError):
        stripe_server.get(f"/v1/payment_methods?customer={customer}&type=card")
    payments.forget_ended()


def test_without_keys_only_the_owner_takes_money(told: News) -> None:
    account = new_account()
    assert payments.providers()["providers"] == ["manual"]
    assert payments.request(account, 500, provider=None)["provider"] == "manual"
    for ask in (
        lambda: payments.request(account, 500, provider="stripe"),
        lambda: payments.request_btcpay(account, 500),
    ):
        with pytest.raises(FastClipError) as refusal:
            ask()
        assert (refusal.value.status, refusal.value.code) == (503, "provider_unavailable")
    assert Deposit.select().where(Deposit.account_id == account.id).count() == 1


def test_only_changed_keys_open_a_provider_anew(provide: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    before = payments._stripe, payments._btcpay
    provide(deposit_instructions="In cash.")
    assert (payments._stripe, payments._btcpay) == before and None not in before
    assert payments.providers()["instructions"] == "In cash."
    monkeypatch.setenv("FASTCLIP_BTCPAY_WEBHOOK_SECRET", "another")
    provide()
    assert payments._stripe is before[0] and payments._btcpay is not before[1]
    provide(stripe_publishable_key="")
    assert payments._stripe is None and payments.providers()["providers"] == ["manual", "btcpay"]
