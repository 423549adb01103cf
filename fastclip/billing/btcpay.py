"""Bitcoin, by the owner's BTCPay server (Greenfield API): an invoice for each deposit.

Creating knows no idempotency, so the server is searched for the attempt's id first. It often cannot reach this machine,
so it is asked like Stripe; its signed events only say when. Amounts are decimal texts. Source: backend-spec 5 and 5.1.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fastclip import vault
from fastclip.billing import ledger
from fastclip.billing.deposits import Deposit, Seen
from fastclip.errors import Unauthorized, Unavailable
from fastclip.settings import Settings

NAME = "btcpay"
INVOICE_MINUTES = 15
_TIMEOUT_S = 10.0
_STATES = {
    "New": "pending",
    "Processing": "processing",
    "Settled": "succeeded",
    "Expired": "expired",
    "Invalid": "failed",
}
_SENT = ("InProgress", "Completed")
"""Payouts whose coins are on their way; what waits for the owner's yes, or was canceled, is still here."""
_REFUND = "Refund "
"""What the name of an invoice's refund begins with, before the invoice's id."""
_MAY_NOT = (
    "The BTCPay server does not let our API key do this. It needs the permissions btcpay.store.cancreateinvoice, "
    "btcpay.store.canviewinvoices and, to follow refunds, btcpay.store.canmanagepullpayments."
)
_WHY = {
    "expired": "Nobody paid this invoice before it expired.",
    "failed": "The payment was not confirmed by the network in time.",
}


@dataclass(frozen=True)
class Keys:
    """The owner's store on their server."""

    url: str
    store: str
    api_key: str = field(repr=False)
    hook_secret: str = field(repr=False)


def keys_of(said: Settings) -> Keys | None:
    """The keys that are set, None where no Bitcoin is taken."""
    if not said.btcpay_url or not said.btcpay_store or not (api_key := vault.kept(said, "btcpay_api_key")):
        return None
    return Keys(said.btcpay_url, said.btcpay_store, api_key, vault.kept(said, "btcpay_webhook_secret") or "")


@dataclass(frozen=True)
class Told:
    """The invoice that an event is about, "" for another matter, and whether it tells of its refund."""

    invoice: str
    is_refund: bool = False


class BTCPay:
    """One store on one server."""

    def __init__(self, keys: Keys) -> None:
        import httpx  # a fifth of a second, which no start should wait for where nobody pays so

        self.keys = keys
        self._http = httpx.Client(
            base_url=f"{keys.url.rstrip('/')}/api/v1/stores/{keys.store}",
            headers={"Authorization": f"token {keys.api_key}"},
            timeout=_TIMEOUT_S,
        )

    def begin(self, deposit: Deposit) -> dict[str, Any]:
        """The facts of this attempt's invoice: found, else made. Raises Unavailable."""
        invoice = self._found(deposit) or self._made(deposit)
        return {
            "provider_ref": invoice["id"],
            "link": invoice["checkoutLink"],
            "expires_at": datetime.fromtimestamp(invoice["expirationTime"], UTC).replace(tzinfo=None),
        }

    def look(self, deposit: Deposit) -> Seen:
        """Ask how an invoice stands. Raises Unavailable."""
        if not deposit.provider_ref:
            if (invoice := self._found(deposit)) is None:
                return Seen("created")
        else:
            invoice = self._ask("GET", f"/invoices/{deposit.provider_ref}")
        return _seen(deposit, invoice)

    # -- Going back --------------------------------------------------------------------------------------------

    def returned(self, since: datetime) -> dict[str, int]:
        """Cents that went back by refunds, by invoice. Raises Unavailable.

        BTCPay refunds by a pull payment that is called after its invoice; what its payouts sent has gone back.
        BTCPay lists all there are, so `since` leaves none out.
        """
        refunds = {one["id"]: _invoice_of(one) for one in self._ask("GET", "/pull-payments?includeArchived=true")}
        found = {invoice: 0 for invoice in refunds.values() if invoice}
        for payout in self._ask("GET", "/payouts") if found else []:
            if invoice := refunds.get(payout["pullPaymentId"]):
                found[invoice] += self._worth(invoice, payout) if payout["state"] in _SENT else 0
        return found

    def gone_back(self, deposit: Deposit) -> int:
        """Cents of a payment that its payer has got back. Raises Unavailable."""
        return self.returned(deposit.created_at).get(deposit.provider_ref, 0)

    def _worth(self, invoice: str, payout: dict[str, Any]) -> int:
        """Cents: as they are in a refund of dollars, else at the rate at which the invoice was paid."""
        if payout["originalCurrency"] == "USD":
            return _cents(payout["originalAmount"])
        methods = self._ask("GET", f"/invoices/{invoice}/payment-methods")
        rates = [Decimal(one["rate"]) for one in methods if one["currency"] == payout["payoutCurrency"]]
        return int(Decimal(payout["payoutAmount"] or "0") * rates[0] * 100) if rates else 0

    # -- Events ------------------------------------------------------------------------------------------------

    def told(self, body: bytes, signature: str) -> Told:
        """What a signed event is about. Raises Unauthorized, Unavailable."""
        wanted = "sha256=" + hmac.new(self.keys.hook_secret.encode(), body, hashlib.sha256).hexdigest()
        if not self.keys.hook_secret or not hmac.compare_digest(signature.encode(), wanted.encode()):
            raise Unauthorized("This event's signature is not that of our BTCPay server.")
        try:
            event = json.loads(body)
            invoice, refund = str(event.get("invoiceId") or ""), str(event.get("pullPaymentId") or "")
        except (ValueError, AttributeError) as broken:
            raise Unauthorized("This event is not one of BTCPay's.") from broken
        if not refund:
            return Told(invoice)
        listed = self._ask("GET", "/pull-payments?includeArchived=true")
        return Told(next((_invoice_of(one) for one in listed if one["id"] == refund), ""), is_refund=True)

    # -- Asking ------------------------------------------------------------------------------------------------

    def _found(self, deposit: Deposit) -> dict[str, Any] | None:
        found = self._ask("GET", "/invoices", params={"orderId": deposit.id})
        return next((one for one in found if one["metadata"].get("orderId") == deposit.id), None)

    def _made(self, deposit: Deposit) -> dict[str, Any]:
        asked = {
            "amount": f"{deposit.amount_cents / 100:.2f}",
            "currency": "USD",
            "metadata": {"orderId": deposit.id, "itemDesc": "FastClip balance"},
            "checkout": {"expirationMinutes": INVOICE_MINUTES},
        }
        return self._ask("POST", "/invoices", json=asked)

    def _ask(self, method: str, path: str, **asked: Any) -> Any:
        import httpx

        try:
            answer = self._http.request(method, path, **asked)
            if answer.status_code == httpx.codes.FORBIDDEN:
                raise Unavailable(_MAY_NOT, code="provider_unavailable")
            return answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as lost:
            raise Unavailable(
                "The BTCPay server did not answer. Nothing is lost: this is looked at again every minute.",
                code="provider_unavailable",
            ) from lost


def _seen(deposit: Deposit, invoice: dict[str, Any]) -> Seen:
    """A whole payment in our currency is credited by itself, with what came above it; a part waits for the owner."""
    status = _STATES.get(invoice["status"], "processing")
    paid = _cents(invoice.get("paidAmount"))
    facts: dict[str, Any] = {"provider_ref": invoice["id"], "link": invoice["checkoutLink"]}
    is_ours = invoice["currency"] == "USD" and _cents(invoice["amount"]) == deposit.amount_cents
    if status == "succeeded" and is_ours:
        return Seen("succeeded", facts=facts, cents=max(paid, deposit.amount_cents))
    if status == "succeeded" or (status in _WHY and paid > 0):
        waits = {"paid_cents": paid, "is_for_owner": not deposit.decided_by}
        said = f"{ledger.dollars(paid)} of {ledger.dollars(deposit.amount_cents)} came; the owner decides about it."
        return Seen("failed" if status == "succeeded" else status, said, "paid_in_part", facts | waits)
    return Seen(status, _WHY.get(status, ""), status if status in _WHY else "", facts)


def _invoice_of(pull_payment: dict[str, Any]) -> str:
    """The invoice that a pull payment refunds, "" for one of another kind."""
    name = pull_payment["name"] or ""
    return name.removeprefix(_REFUND) if name.startswith(_REFUND) else ""


def _cents(amount: str | None) -> int:
    return int(Decimal(amount or "0") * 100)
