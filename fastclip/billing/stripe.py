"""Cards, by Stripe's PaymentIntents. The page gives the card to Stripe itself; no card number passes through here.

Stripe cannot reach most machines on a LAN, so it is asked (`look`): after the page says it is done, and every minute
while a payment is open. Its signed events are only a short cut to asking. Source: backend-spec 5 and 5.1.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from fastclip import vault
from fastclip.accounts import Account
from fastclip.billing import wallet
from fastclip.billing.deposits import Deposit, Seen
from fastclip.errors import NotFound, Unauthorized, Unavailable
from fastclip.settings import Settings

NAME = "stripe"
CURRENCY = "usd"
_STATES = {
    "requires_payment_method": "requires_payment",
    "requires_confirmation": "requires_payment",
    "requires_action": "requires_payment",
    "processing": "processing",
    "requires_capture": "processing",
    "succeeded": "succeeded",
    "canceled": "canceled",
}
_LISTED = 100
_HELD = ("needs_response", "under_review", "lost")
"""Disputes whose money Stripe has taken from the owner; one that is won comes back, and an inquiry takes nothing."""


@dataclass(frozen=True)
class Keys:
    """The owner's Stripe account, and where it is reached. js: the script of Stripe's card form."""

    publishable_key: str
    js: str
    api: str
    secret_key: str = field(repr=False)
    hook_secret: str = field(repr=False)


def keys_of(said: Settings) -> Keys | None:
    """The keys that are set, None where no cards are taken."""
    if not said.stripe_publishable_key or not (secret := vault.kept(said, "stripe_secret_key")):
        return None
    hook_secret = vault.kept(said, "stripe_webhook_secret") or ""
    return Keys(said.stripe_publishable_key, said.stripe_js, said.stripe_api, secret, hook_secret)


class Stripe:
    """One Stripe account, by its keys."""

    def __init__(self, keys: Keys) -> None:
        import stripe  # half a second that only those pay who take cards

        self.keys, self._errors = keys, stripe
        # One retry with Stripe's own idempotency key; a request of ours waits for no more than two answers.
        http = stripe.RequestsClient(timeout=10)
        self._api = stripe.StripeClient(
            keys.secret_key, base_addresses={"api": keys.api}, http_client=http, max_network_retries=1
        ).v1

    # -- Paying ------------------------------------------------------------------------------------------------

    def begin(self, deposit: Deposit, account: Account) -> tuple[str, str]:
        """(PaymentIntent, client secret) of a payment that the page finishes with Stripe. Raises Unavailable."""
        with self._answering():
            intent = self._api.payment_intents.create(
                {
                    "amount": deposit.amount_cents,
                    "currency": CURRENCY,
                    "customer": self._customer(account),
                    "metadata": _named(deposit),
                },
                {"idempotency_key": deposit.id},
            )
        return intent.id, intent.client_secret or ""

    def charge(self, deposit: Deposit, account: Account, card_id: str) -> Seen:
        """Charge a saved card at once, its holder being away. Raises Unavailable when Stripe did not answer."""
        try:
            with self._answering():
                intent = self._api.payment_intents.create(
                    {
                        "amount": deposit.amount_cents,
                        "currency": CURRENCY,
                        "customer": self._customer(account),
                        "payment_method": card_id,
                        "off_session": True,
                        "confirm": True,
                        "metadata": _named(deposit),
                    },
                    {"idempotency_key": deposit.id},
                )
        except self._errors.CardError as declined:
            said = declined.user_message or "The card was declined."
            return Seen("failed", said, declined.code or "card_declined", _ref_of(declined))
        return self._charged(intent)

    def look(self, deposit: Deposit) -> Seen:
        """Ask Stripe how a payment stands; one whose answer was lost is found by its attempt. Raises Unavailable."""
        with self._answering():
            if deposit.provider_ref:
                intent: Any = self._api.payment_intents.retrieve(deposit.provider_ref)
            else:
                intent = self._found(deposit)
        if intent is None:
            return Seen("created")
        return self._charged(intent) if deposit.method == "reload" else self._seen(deposit, intent)

    def give_up(self, deposit: Deposit) -> Seen:
        """Cancel a payment that nobody finished; when it was paid after all, that is what was seen."""
        with self._answering(), contextlib.suppress(self._errors.InvalidRequestError):
            self._api.payment_intents.cancel(deposit.provider_ref)
        seen = self.look(deposit)
        return Seen("expired", "Nobody finished this payment.") if seen.status == "canceled" else seen

    # -- Going back --------------------------------------------------------------------------------------------

    def returned(self, since: datetime) -> dict[str, int]:
        """Cents that went back by refunds and disputes begun since then, by PaymentIntent. Raises Unavailable."""
        found: dict[str, int] = {}
        for intent, cents in self._returns({}, since.replace(tzinfo=UTC).timestamp()):
            found[intent] = found.get(intent, 0) + cents
        return found

    def gone_back(self, deposit: Deposit) -> int:
        """Cents of a payment that its payer has got back, or that a dispute holds. Raises Unavailable."""
        return sum(cents for _, cents in self._returns({"payment_intent": deposit.provider_ref}))

    def _returns(self, about: Any, oldest: float = 0.0) -> list[tuple[str, int]]:
        """(PaymentIntent, cents) of each refund and dispute begun since, 0 cents for one that came to nothing."""
        about |= {"limit": _LISTED}
        with self._answering():
            # Stripe lists the newest first, a page at a time.
            refunds = list(takewhile(lambda one: one.created >= oldest, self._refunds(about)))
            disputes = list(takewhile(lambda one: one.created >= oldest, self._disputes(about)))
        counted = [(one, one.status not in ("failed", "canceled")) for one in refunds]
        counted += [(one, one.status in _HELD) for one in disputes]
        return [(_intent_of(one), int(one.amount) * counts) for one, counts in counted if _intent_of(one)]

    def _refunds(self, about: Any) -> Iterator[Any]:
        return self._api.refunds.list(about).auto_paging_iter()

    def _disputes(self, about: Any) -> Iterator[Any]:
        return self._api.disputes.list(about).auto_paging_iter()

    # -- Reading -----------------------------------------------------------------------------------------------

    def _seen(self, deposit: Deposit, intent: Any) -> Seen:
        facts = {"provider_ref": intent.id} | _card_of(intent)
        if intent.status == "succeeded":
            is_ours = intent.currency == CURRENCY and _received(intent) == deposit.amount_cents
            return Seen(
                "succeeded" if is_ours else "processing",
                facts=facts | ({} if is_ours else {"is_for_owner": True, "paid_cents": _received(intent)}),
            )
        said, code = _error_of(intent)
        return Seen(_STATES.get(intent.status, "processing"), said, code, facts)

    def _charged(self, intent: Any) -> Seen:
        """A charge that nobody sits before: what would need its holder has failed."""
        facts = {"provider_ref": intent.id} | _card_of(intent)
        status = _STATES.get(intent.status, "processing")
        if intent.status == "requires_action":
            with contextlib.suppress(self._errors.StripeError):
                self._api.payment_intents.cancel(intent.id)
            said = "The bank wants the card's holder to confirm this payment; add money on the Billing page instead."
            return Seen("failed", said, "authentication_required", facts)
        if status == "requires_payment":
            said, code = _error_of(intent)
            return Seen("failed", said or "The card was declined.", code or "card_declined", facts)
        return Seen(status, facts=facts)

    def _found(self, deposit: Deposit) -> Any:
        recent = self._api.payment_intents.list({"limit": _LISTED})
        return next((one for one in recent.data if getattr(one.metadata, "attempt_id", "") == deposit.id), None)

    # -- Cards -------------------------------------------------------------------------------------------------

    def cards(self, account_id: str) -> list[dict[str, Any]]:
        """Saved cards, newest first. Raises Unavailable."""
        kept = wallet.of(account_id)
        if not kept.customer_id:
            return []
        with self._answering():
            found = self._api.payment_methods.list({"customer": kept.customer_id, "type": "card"}).data
        ids = [one.id for one in found]
        default = kept.default_card if kept.default_card in ids else next(iter(ids), "")
        return [_described(one, is_default=one.id == default) for one in found]

    def remove_card(self, account_id: str, card_id: str) -> None:
        """Raises NotFound, Unavailable."""
        if card_id not in [card["payment_method_id"] for card in self.cards(account_id)]:
            raise NotFound(f"There is no card {card_id} on this account.")
        with self._answering():
            self._api.payment_methods.detach(card_id)

    def forget(self, customer_id: str) -> None:
        """Take off every card and delete who they were saved for. Again does no harm. Raises Unavailable."""
        with contextlib.suppress(NotFound), self._answering():
            for method in self._api.payment_methods.list({"customer": customer_id, "type": "card"}).data:
                self._api.payment_methods.detach(method.id)
        with contextlib.suppress(NotFound), self._answering():
            self._api.customers.delete(customer_id)

    def _customer(self, account: Account) -> str:
        kept = wallet.of(account.id)
        if kept.customer_id:
            return kept.customer_id
        made = self._api.customers.create(
            {"email": account.email, "metadata": {"account_id": account.id}},
            {"idempotency_key": f"customer:{account.id}"},
        )
        wallet.change(account.id, customer_id=made.id)
        return made.id

    # -- Events ------------------------------------------------------------------------------------------------

    def told(self, body: bytes, signature: str) -> str:
        """The PaymentIntent that a signed event is about, "" for another matter. Raises Unauthorized (forged, old).

        Refunds and disputes name theirs.
        """
        try:
            event = self._errors.Webhook.construct_event(body, signature, self.keys.hook_secret or "none")
        except (self._errors.SignatureVerificationError, ValueError) as forged:
            raise Unauthorized("This event's signature is not Stripe's, or it is too old.") from forged
        about = event.data.object
        if event.type.startswith("payment_intent."):
            return str(about["id"])
        return _intent_of(about) if event.type.startswith(("charge.", "refund.")) else ""

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        """Whatever keeps Stripe from answering is one refusal; a declined card is an answer."""
        try:
            yield
        except self._errors.CardError:
            raise
        except self._errors.InvalidRequestError as wrong:
            if wrong.code == "resource_missing" or wrong.http_status == 404:
                raise NotFound("Stripe does not know this payment or card.") from wrong
            raise
        except self._errors.StripeError as lost:
            raise Unavailable(
                "Stripe did not answer. Nothing is lost: this is looked at again every minute.",
                code="provider_unavailable",
            ) from lost


def _named(deposit: Deposit) -> dict[str, str]:
    return {"attempt_id": deposit.id, "account_id": deposit.account_id}


def _intent_of(about: Any) -> str:
    """The PaymentIntent of a charge, a refund or a dispute."""
    intent = getattr(about, "payment_intent", None) or ""
    return intent if isinstance(intent, str) else str(intent.id)


def _received(intent: Any) -> int:
    """Cents that came. Stripe's own field; the amount where it is not told."""
    received = getattr(intent, "amount_received", None)
    return int(intent.amount if received is None else received)


def _error_of(intent: Any) -> tuple[str, str]:
    error = getattr(intent, "last_payment_error", None)
    if not error:
        return "", ""
    return getattr(error, "message", None) or "The payment failed.", getattr(error, "code", None) or "payment_failed"


def _card_of(intent: Any) -> dict[str, str]:
    method = intent.payment_method
    return {"card": method if isinstance(method, str) else method.id} if method else {}


def _ref_of(declined: Any) -> dict[str, str]:
    intent = (declined.json_body or {}).get("error", {}).get("payment_intent") or {}
    return {"provider_ref": intent["id"]} if intent.get("id") else {}


def _described(method: Any, *, is_default: bool) -> dict[str, Any]:
    card = method.card
    return {
        "payment_method_id": method.id,
        "brand": card.brand,
        "last4": card.last4,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "is_default": is_default,
    }
