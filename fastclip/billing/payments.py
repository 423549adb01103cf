"""Paying money in: which providers there are, asking for a deposit, and finding out what became of it.

Every way here leads to `look`: the page says it is done (`finalize`), a provider's signed event, the poll of each
minute. It asks the provider and believes nobody else. Source: API reference, "Billing, Storage, and Account";
backend-spec 2.6 and 3.
"""

import contextlib
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from fastclip import accounts, rules, store
from fastclip.accounts import Account
from fastclip.billing import btcpay, deposits, ledger, manual, stripe, wallet
from fastclip.billing.btcpay import BTCPay
from fastclip.billing.deposits import Deposit, Seen
from fastclip.billing.stripe import Stripe
from fastclip.errors import Conflict, FastClipError, InvalidRequest, NotFound, PaymentFailed, Unavailable
from fastclip.settings import Settings

_log = logging.getLogger(__name__)
POLL_S, RETURNS_S = 60.0, 600.0
INSTRUCTIONS = "Pay the owner of this FastClip as you agreed; the amount is added when they approve it."

_stripe: Stripe | None = None
_btcpay: BTCPay | None = None
_instructions = INSTRUCTIONS
_returns_at = -RETURNS_S


def open(settings: Settings) -> None:
    """Take the providers whose keys are set: before anything here is called, and again when settings changed.

    One whose keys are the same stays open.
    """
    global _stripe, _btcpay, _instructions
    _instructions = settings.deposit_instructions or INSTRUCTIONS
    if (cards := stripe.keys_of(settings)) != (_stripe and _stripe.keys):
        _stripe = Stripe(cards) if cards else None
    if (bitcoin := btcpay.keys_of(settings)) != (_btcpay and _btcpay.keys):
        _btcpay = BTCPay(bitcoin) if bitcoin else None


def providers() -> dict[str, Any]:
    """What a page offers: every provider that works here, and what Stripe's form needs."""
    names = [manual.NAME] + [stripe.NAME] * (_stripe is not None) + [btcpay.NAME] * (_btcpay is not None)
    shown: dict[str, Any] = {"providers": names, "instructions": _instructions}
    if _stripe:
        shown |= {"stripe_publishable_key": _stripe.keys.publishable_key, "stripe_js": _stripe.keys.js}
    return shown


# -- Asking ------------------------------------------------------------------------------------------------


def request(account: Account, cents: int, *, provider: str | None, save_card: bool = False) -> dict[str, Any]:
    """Begin a deposit by hand or by card. Raises InvalidRequest, Unavailable (provider_unavailable)."""
    name = provider or (stripe.NAME if _stripe else manual.NAME)
    deposits.check_amount(cents)
    if name == manual.NAME:
        return deposits.describe(manual.begin(account, cents)) | {"instructions": _instructions}
    cards = cards_provider()
    deposit = deposits.add(account.id, stripe.NAME, cents, kept_s=deposits.CARD_KEPT_S, saves_card=save_card)
    ref, client_secret = cards.begin(deposit, account)
    deposit = deposits.note(deposit, Seen("requires_payment", facts={"provider_ref": ref}))
    return deposits.describe(deposit) | {
        "client_secret": client_secret,
        "publishable_key": cards.keys.publishable_key,
        "save_card": save_card,
    }


def request_btcpay(account: Account, cents: int) -> dict[str, Any]:
    """Begin a deposit by Bitcoin. Raises InvalidRequest, Unavailable."""
    deposits.check_amount(cents)
    server = _bitcoin()
    deposit = deposits.add(account.id, btcpay.NAME, cents, kept_s=rules.HOUR)
    deposit = deposits.note(deposit, Seen("pending", facts=server.begin(deposit)))
    return {
        "attempt_id": deposit.id,
        "invoice_id": deposit.provider_ref,
        "checkout_link": deposit.link,
        "status": deposit.status,
        "expires_at": store.rfc3339(deposit.expires_at),
        "amount": ledger.usd(cents),
    }


def finalize(account_id: str, *, attempt_id: str | None, payment_intent_id: str | None) -> dict[str, Any]:
    """What became of a card payment, credited when Stripe has the money. Safe to repeat.

    Raises InvalidRequest, NotFound, PaymentFailed, Conflict (still on its way), Unavailable.
    """
    if (attempt_id is None) == (payment_intent_id is None):
        raise InvalidRequest("Send exactly one of attempt_id and payment_intent_id.", param="attempt_id")
    found = deposits.get(attempt_id) if attempt_id else deposits.by_ref(stripe.NAME, payment_intent_id or "")
    if found is None or found.account_id != account_id:
        raise NotFound("There is no such payment on this account.")
    deposit = look(found) if found.status != "succeeded" and found.provider != manual.NAME else found
    if deposit.status == "succeeded":
        return _finalized(deposit)
    if deposit.status in deposits.ENDED or deposit.reason:
        raise PaymentFailed(deposit.reason or f"This payment is {deposit.status}; begin a new one.")
    raise Conflict(_WAITS.get(deposit.status, "This payment is still on its way; ask again in a moment."))


_WAITS = {
    "awaiting_approval": "This deposit waits for the owner's approval.",
    "requires_payment": "This payment is not finished yet; confirm it with the card form first.",
}


def _finalized(deposit: Deposit) -> dict[str, Any]:
    return {
        "attempt_id": deposit.id,
        "status": deposit.status,
        "amount": ledger.usd(deposit.paid_cents),
        "bonus": ledger.usd(deposit.bonus_cents),
        "balance": ledger.usd(ledger.balance(deposit.account_id)[0]),
    }


def btcpay_status(account_id: str, attempt_id: str) -> dict[str, Any]:
    """How an invoice stands; what was last seen when the server does not answer. Raises NotFound."""
    deposit = deposits.get(attempt_id, account_id)
    if deposit.provider != btcpay.NAME:
        raise NotFound(f"There is no Bitcoin deposit {attempt_id}.")
    if deposit.status != "succeeded":
        with contextlib.suppress(Unavailable):
            deposit = look(deposit)
    return _finalized(deposit) | {
        "status": "pending" if deposit.status == "created" else deposit.status,
        "amount": ledger.usd(deposit.amount_cents),
        "bonus": ledger.usd(deposits.bonus_of(deposit)),
        "paid_amount": ledger.usd(deposit.paid_cents),
        "error": deposit.reason or None,
    }


# -- Finding out -------------------------------------------------------------------------------------------


def look(deposit: Deposit) -> Deposit:
    """Ask the provider, and bring the row in line with what it says. Raises Unavailable."""
    if deposit.provider == btcpay.NAME:
        return deposits.note(deposit, _bitcoin().look(deposit))
    seen = cards_provider().look(deposit)
    noted = deposits.note(deposit, seen)
    if noted.status == "succeeded" and noted.saves_card and noted.card:
        wallet.change(noted.account_id, default_card=noted.card)
    return noted


def poll(*, every_s: float = POLL_S) -> None:
    """Look at every open attempt that was not looked at for so long; end those whose time is over. For the worker."""
    for deposit in deposits.due(every_s=every_s):
        if _is_offered(deposit.provider):
            with _logged(deposit):
                _poll_one(deposit)
    expire()
    _look_for_returns(every_s=RETURNS_S if every_s > 0 else 0)


def _look_for_returns(*, every_s: float) -> None:
    """Follow what the providers say went back, where any payment is young enough for that."""
    global _returns_at
    if time.monotonic() < _returns_at + every_s:
        return
    _returns_at = time.monotonic()
    since = store.now() - timedelta(seconds=deposits.GOES_BACK_S)
    for name, provider in ((stripe.NAME, _stripe), (btcpay.NAME, _btcpay)):
        if provider and deposits.may_go_back(name):
            try:
                returned = provider.returned(since)
            except FastClipError as refusal:
                _log.warning("refunds at %s: %s", name, refusal.message)
                continue
            _follow(name, returned)


def _follow(provider: str, returned: dict[str, int]) -> None:
    """returned: cents by the provider's name of a payment. Only what changed is asked about."""
    for ref, cents in returned.items():
        deposit = deposits.by_ref(provider, ref)
        if deposit and deposit.status == "succeeded" and min(cents, deposit.paid_cents) != deposit.refunded_cents:
            with _logged(deposit):
                _look_back(deposit)


def _look_back(deposit: Deposit) -> None:
    provider = _bitcoin() if deposit.provider == btcpay.NAME else cards_provider()
    deposits.went_back(deposit, provider.gone_back(deposit))


def _poll_one(deposit: Deposit) -> None:
    is_over = deposit.expires_at < store.now()
    if deposit.provider == stripe.NAME and deposit.method == "deposit" and deposit.provider_ref and is_over:
        deposits.note(deposit, cards_provider().give_up(deposit))
        return
    noted = look(deposit)
    if noted.status == "created" and is_over:
        deposits.note(noted, Seen("expired", "The provider never heard of this payment."))


def forget_ended() -> None:
    """Have Stripe forget the cards of accounts that were closed; while it does not answer, again at the next poll."""
    for kept in wallet.left_at_stripe():
        if not kept.customer_id:
            wallet.is_gone(kept.account_id)
        elif _stripe:
            try:
                _stripe.forget(kept.customer_id)
            except Unavailable:
                _log.warning("Stripe did not answer; cards of the closed account %s are there still", kept.account_id)
                return
            wallet.is_gone(kept.account_id)


def expire() -> None:
    """End manual deposits that nobody decided for two weeks."""
    for deposit in Deposit.select().where(
        Deposit.status == "awaiting_approval", Deposit.expires_at < store.now(), Deposit.provider == manual.NAME
    ):
        deposits.note(deposit, Seen("expired", "The owner did not decide within 14 days."))


def on_stripe_event(body: bytes, signature: str) -> None:
    """A signed event of Stripe's: ask Stripe about what it names. Raises Unauthorized, NotFound, Unavailable."""
    if _stripe is None:
        raise NotFound("There is nothing at this address.")
    _looked_at(deposits.by_ref(stripe.NAME, _stripe.told(body, signature)), is_return=True)


def on_btcpay_event(body: bytes, signature: str) -> None:
    """The same for BTCPay."""
    if _btcpay is None:
        raise NotFound("There is nothing at this address.")
    told = _btcpay.told(body, signature)
    _looked_at(deposits.by_ref(btcpay.NAME, told.invoice), is_return=told.is_refund)


def _looked_at(deposit: Deposit | None, *, is_return: bool) -> None:
    """is_return: the event may be about money that goes back."""
    if deposit is None:
        return
    if deposit.status != "succeeded":
        look(deposit)
    elif is_return:
        _look_back(deposit)


# -- Cards -------------------------------------------------------------------------------------------------


def cards(account_id: str) -> list[dict[str, Any]]:
    """Saved cards; none where no cards are taken. Raises Unavailable."""
    return _stripe.cards(account_id) if _stripe else []


def remove_card(account_id: str, card_id: str) -> None:
    """Raises NotFound, Unavailable."""
    if _stripe is None:
        raise NotFound(f"There is no card {card_id} on this account.")
    _stripe.remove_card(account_id, card_id)


def card_of(deposit: Deposit) -> dict[str, Any] | None:
    """Brand and last digits of the card that paid; None when it is not known any more."""
    with contextlib.suppress(Unavailable):
        for card in cards(deposit.account_id):
            if card["payment_method_id"] == deposit.card:
                return {"brand": card["brand"], "last4": card["last4"]}
    return None


def charge(deposit: Deposit, card_id: str) -> Deposit:
    """Charge a saved card for this attempt. Raises Unavailable when Stripe did not answer; it is looked at again."""
    account = accounts.by_id(deposit.account_id)
    return deposits.note(deposit, cards_provider().charge(deposit, account, card_id))


def cards_provider() -> Stripe:
    """Raises Unavailable."""
    if _stripe is None:
        raise Unavailable("Cards are not taken here; the owner has set no Stripe keys.", code="provider_unavailable")
    return _stripe


def _bitcoin() -> BTCPay:
    if _btcpay is None:
        raise Unavailable("Bitcoin is not taken here; the owner has set no BTCPay server.", code="provider_unavailable")
    return _btcpay


def _is_offered(provider: str) -> bool:
    return {stripe.NAME: _stripe, btcpay.NAME: _btcpay}.get(provider) is not None


@contextlib.contextmanager
def _logged(deposit: Deposit) -> Iterator[None]:
    """What keeps one attempt from being looked at does not keep the others."""
    try:
        yield
    except FastClipError as refusal:
        Deposit.update(looked_at=store.now()).where(Deposit.id == deposit.id).execute()
        _log.warning("deposit %s: %s", deposit.id, refusal.message)
