"""A payment, told step by step: what the account does, what happens at the provider, and around."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fastclip import settings, store
from fastclip.accounts import Account
from fastclip.billing import ledger, manual, payments
from fastclip.billing.deposits import Deposit
from fastclip.errors import FastClipError
from fastclip.settings import Settings
from fastclip.worker import Worker
from tests.billing.conftest import NOWHERE, Open
from tests.billing.machine import new_account
from tests.billing.providers import (
    ASKS_3DS,
    DECLINED,
    DECLINED_AFTER_3DS,
    GOOD,
    BTCPayServer,
    LocalStripe,
    signed_btcpay,
    signed_stripe,
    stripe_event,
)


@contextmanager
def one_folder(folder: Path) -> Iterator[Settings]:
    """One data folder for all the cases of a file; each has an account of its own and finds no deposit of another."""
    loaded = settings.load(folder / "data", queue="memory://")
    store.open(loaded)
    store.queue.serve(Worker(loaded).perform, {})
    yield loaded
    store.close()


def begin(provide: Open, stripe: LocalStripe, btcpay: BTCPayServer) -> "Scene":
    Deposit.delete().execute()
    btcpay.shows_refunds = True
    return Scene(new_account(), stripe, btcpay, provide)


@dataclass
class Scene:
    """One account, one attempt, and the words in which a case tells what happens to it."""

    account: Account
    stripe: LocalStripe
    btcpay: BTCPayServer
    provide: Open
    said: dict[str, Any] = field(default_factory=dict)

    def play(self, steps: str) -> None:
        for step in filter(None, (one.strip() for one in steps.split(","))):
            name, _, refused = step.partition(" refused ")
            words = name.split()
            act: Callable[[], None] = getattr(self, "_".join(words))
            if not refused:
                act()
                continue
            with pytest.raises(FastClipError) as refusal:
                act()
            assert f"{refusal.value.status} {refusal.value.code}" == refused, refusal.value.message

    @property
    def attempt(self) -> Deposit:
        return Deposit.get(Deposit.account_id == self.account.id)

    # -- What the account does -----------------------------------------------------------------------------

    def card(self) -> None:
        self.said = payments.request(self.account, 500, provider="stripe")

    def bitcoin(self) -> None:
        self.said = payments.request_btcpay(self.account, 500)

    def finalize(self) -> None:
        payments.finalize(self.account.id, attempt_id=self.attempt.id, payment_intent_id=None)

    def finalize_by_intent(self) -> None:
        payments.finalize(self.account.id, attempt_id=None, payment_intent_id=self.attempt.provider_ref)

    def stranger_finalizes(self) -> None:
        payments.finalize(new_account().id, attempt_id=self.attempt.id, payment_intent_id=None)

    def status(self) -> None:
        payments.btcpay_status(self.account.id, self.attempt.id)

    # -- What happens at Stripe ----------------------------------------------------------------------------

    def pay(self) -> None:
        self.stripe.pay(self.attempt.provider_ref, self.stripe.card(GOOD))

    def decline(self) -> None:
        self.stripe.pay(self.attempt.provider_ref, self.stripe.card(DECLINED))

    def ask(self) -> None:
        self.stripe.pay(self.attempt.provider_ref, self.stripe.card(ASKS_3DS))

    def ask_then_decline(self) -> None:
        self.stripe.pay(self.attempt.provider_ref, self.stripe.card(DECLINED_AFTER_3DS))

    def confirm(self) -> None:
        self.stripe.authenticate(self.attempt.provider_ref, succeeds=True)

    def deny(self) -> None:
        self.stripe.authenticate(self.attempt.provider_ref, succeeds=False)

    def cancel(self) -> None:
        self.stripe.cancel(self.attempt.provider_ref)

    def hook(self) -> None:
        payments.on_stripe_event(*signed_stripe(stripe_event("payment_intent.succeeded", self.attempt.provider_ref)))

    def forged_hook(self) -> None:
        event = stripe_event("payment_intent.succeeded", self.attempt.provider_ref)
        payments.on_stripe_event(*signed_stripe(event, secret="whsec_guessed"))

    def old_hook(self) -> None:
        event = stripe_event("payment_intent.succeeded", self.attempt.provider_ref)
        payments.on_stripe_event(*signed_stripe(event, age_s=301))

    def strange_hook(self) -> None:
        payments.on_stripe_event(*signed_stripe(stripe_event("payment_intent.succeeded", "pi_nobodys")))
        payments.on_stripe_event(*signed_stripe(stripe_event("charge.refunded", "pi_nobodys")))
        payments.on_stripe_event(*signed_stripe(stripe_event("customer.updated", self.attempt.provider_ref)))

    def refund(self) -> None:
        self.stripe.refund(self.attempt.provider_ref)

    def refund_a_dollar(self) -> None:
        self.stripe.refund(self.attempt.provider_ref, 100)

    def contest(self) -> None:
        self.stripe.dispute(self.attempt.provider_ref, "needs_response")

    def ask_about_it(self) -> None:
        self.stripe.dispute(self.attempt.provider_ref, "warning_needs_response")

    def win(self) -> None:
        self.stripe.dispute(self.attempt.provider_ref, "won")

    def lose(self) -> None:
        self.stripe.dispute(self.attempt.provider_ref, "lost")

    def refund_hook(self) -> None:
        payments.on_stripe_event(*signed_stripe(stripe_event("charge.refunded", self.attempt.provider_ref)))

    def dispute_hook(self) -> None:
        payments.on_stripe_event(*signed_stripe(stripe_event("charge.dispute.updated", self.attempt.provider_ref)))

    # -- What happens at BTCPay ----------------------------------------------------------------------------

    def becomes(self, status: str, **more: Any) -> None:
        self.btcpay.becomes(self.attempt.provider_ref, status, **more)

    def new(self) -> None:
        self.becomes("New")

    def processing(self) -> None:
        self.becomes("Processing")

    def settled(self) -> None:
        self.becomes("Settled")

    def expired(self) -> None:
        self.becomes("Expired")

    def invalid(self) -> None:
        self.becomes("Invalid")

    def partly(self) -> None:
        self.becomes("Expired", additional="PaidPartial", paid="3.20")

    def paid_late(self) -> None:
        self.becomes("Expired", additional="PaidLate", paid="5.00")

    def overpaid(self) -> None:
        self.becomes("Settled", additional="PaidOver", paid="7.509")

    def marked(self) -> None:
        self.btcpay.becomes(self.attempt.provider_ref, "Settled", additional="Marked", paid="0")

    def of_another_amount(self) -> None:
        self.btcpay.invoices[self.attempt.provider_ref]["amount"] = "1.00"
        self.becomes("Settled")

    def btc_hook(self) -> None:
        event = self.btcpay.event(self.attempt.provider_ref, "InvoiceSettled", manuallyMarked=False, overPaid=False)
        payments.on_btcpay_event(*event)

    def processing_hook(self) -> None:
        payments.on_btcpay_event(*self.btcpay.event(self.attempt.provider_ref, "InvoiceProcessing", overPaid=False))

    def offer_back(self) -> None:
        self.said["offer"] = self.btcpay.offer_back(self.attempt.provider_ref, "5.00")

    def offer_back_in_coins(self) -> None:
        self.said["offer"] = self.btcpay.offer_back(self.attempt.provider_ref, "0.0001", "BTC")

    def pay_out_something_else(self) -> None:
        other = self.btcpay.offer_back(self.attempt.provider_ref, "5.00", name="Wages")
        self.btcpay.claim(other, "5.00", "Completed")

    def claim(self) -> None:
        self.btcpay.claim(self.said["offer"], "5.00", "AwaitingApproval")

    def send(self) -> None:
        self.btcpay.payouts[-1] |= {"state": "Completed", "payoutAmount": "0.00008333"}

    def give_up_sending(self) -> None:
        self.btcpay.payouts[-1]["state"] = "Cancelled"

    def send_a_dollar(self) -> None:
        self.btcpay.claim(self.said["offer"], "1.00", "InProgress")

    def send_half_in_coins(self) -> None:
        self.btcpay.claim(self.said["offer"], "0.00005", "Completed")

    def payout_hook(self) -> None:
        payments.on_btcpay_event(*self.btcpay.payout_event())

    def refunds_are_hidden(self) -> None:
        self.btcpay.shows_refunds = False

    def forged_btc_hook(self) -> None:
        body, _ = self.btcpay.event(self.attempt.provider_ref, "InvoiceSettled", manuallyMarked=False, overPaid=False)
        payments.on_btcpay_event(*signed_btcpay(body, secret="guessed"))

    # -- What happens around -------------------------------------------------------------------------------

    def poll(self) -> None:
        payments.poll(every_s=-1)

    def down(self) -> None:
        self.provide(stripe_api=NOWHERE)
        self.btcpay.is_down = True

    def up(self) -> None:
        self.provide()
        self.btcpay.is_down = self.btcpay.loses_answers = False
        self.btcpay.shows_refunds = True

    def answers_lost(self) -> None:
        self.btcpay.loses_answers = True

    def day_passes(self) -> None:
        Deposit.update(expires_at=store.now() - timedelta(seconds=1)).execute()

    def everything_at_once(self) -> None:
        ways = [self.finalize, self.hook, self.poll] if self.attempt.provider == "stripe" else [self.status, self.poll]
        threads = [threading.Thread(target=_quietly, args=(way,)) for way in ways * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def spend(self) -> None:
        with store.write():
            ledger.spend(self.account, "storage", 700, store.new_id("sto_"))

    def hold(self) -> None:
        with store.write():
            ledger.reserve(self.account, 700, store.new_id("job_"))

    def approve(self) -> None:
        manual.approve(self.attempt.id, as_="paid", decided_by="usr_owner")

    def reject(self) -> None:
        manual.reject(self.attempt.id, reason="", decided_by="usr_owner")


def _quietly(way: Callable[[], None]) -> None:
    try:
        way()
    finally:
        store.db.close()
