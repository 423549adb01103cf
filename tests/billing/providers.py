"""The two payment servers that tests pay at: localstripe (a process of its own) and a stand-in for BTCPay.

localstripe is GPLv3 and only ever run beside the suite. The stand-in's answers and events are held against the OpenAPI
that BTCPay publishes (tests/data/btcpay; what it says of pull payments and payouts is written down there in short).
"""

import hashlib
import hmac
import json
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jsonschema

from tests.billing import disputes
from tests.billing.disputes import Disputes

SPECS = Path(__file__).parent.parent / "data" / "btcpay"
STRIPE_KEY, STRIPE_HOOK_SECRET = "sk_test_fastclip", "whsec_fastclip"
BTCPAY_KEY, BTCPAY_HOOK_SECRET, STORE = "btcpay-key", "btcpay-hook-secret", "fastclip-store"
BTC_USD = "50000"
"""The rate at which every invoice is paid."""

GOOD, DECLINED, ASKS_3DS, DECLINED_AFTER_3DS = (
    "4242424242424242",
    "4000000000000341",
    "4000002500003155",
    "4000008260003178",
)


# -- Stripe ------------------------------------------------------------------------------------------------


class LocalStripe:
    """Stripe's API, and what the holder of a card does in Stripe's own form."""

    def __init__(self, url: str, disputes: Disputes) -> None:
        self.url, self._disputes = url, disputes
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {STRIPE_KEY}"}, timeout=30)

    def get(self, path: str) -> dict[str, Any]:
        return self._http.get(path).raise_for_status().json()

    def card(self, number: str, *, customer: str = "") -> str:
        """A payment method; attached when it is saved for a customer."""
        card = {"number": number, "exp_month": "12", "exp_year": "2040", "cvc": "123"}
        form = {"type": "card"} | {f"card[{name}]": value for name, value in card.items()}
        method = self._http.post("/v1/payment_methods", data=form).raise_for_status().json()["id"]
        if customer:
            self._http.post(f"/v1/payment_methods/{method}/attach", data={"customer": customer}).raise_for_status()
        return method

    def pay(self, intent: str, method: str) -> dict[str, Any]:
        """Confirm with a card; a decline is an answer too."""
        self._http.post(f"/v1/payment_intents/{intent}", data={"payment_method": method}).raise_for_status()
        self._http.post(f"/v1/payment_intents/{intent}/confirm")
        return self.get(f"/v1/payment_intents/{intent}")

    def authenticate(self, intent: str, *, succeeds: bool) -> None:
        """Answer the bank's question (3-D Secure)."""
        secret = self.get(f"/v1/payment_intents/{intent}")["client_secret"]
        form = {"client_secret": secret, "success": str(succeeds).lower()}
        self._http.post(f"/v1/payment_intents/{intent}/_authenticate", data=form)

    def cancel(self, intent: str) -> None:
        self._http.post(f"/v1/payment_intents/{intent}/cancel").raise_for_status()

    def refund(self, intent: str, cents: int | None = None) -> None:
        form = {"payment_intent": intent} | ({"amount": str(cents)} if cents else {})
        self._http.post("/v1/refunds", data=form).raise_for_status()

    def dispute(self, intent: str, status: str) -> None:
        """The card's holder contests the payment; the bank's word on it."""
        self._disputes.become(intent, status, amount=self.get(f"/v1/payment_intents/{intent}")["amount"])

    def send_events_to(self, url: str) -> None:
        form = {"url": url, "secret": STRIPE_HOOK_SECRET}
        self._http.post("/_config/webhooks/tests", data=form).raise_for_status()

    def payments_of(self, attempt_id: str) -> list[dict[str, Any]]:
        listed = self.get("/v1/payment_intents?limit=100")["data"]
        return [one for one in listed if one["metadata"].get("attempt_id") == attempt_id]


@contextmanager
def local_stripe(folder: Path) -> Iterator[LocalStripe]:
    with socket.socket(socket.AF_INET6) as free:
        free.bind(("::", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"]
    with open(folder / "localstripe.log", "w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        contested, address = Disputes(), f"http://127.0.0.1:{port}"
        end = time.monotonic() + 60
        while not _answers(address):
            assert process.poll() is None and time.monotonic() < end, (folder / "localstripe.log").read_text()
            time.sleep(0.05)
        with disputes.before(address, contested) as url:
            yield LocalStripe(url, contested)
    finally:
        process.terminate()
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/v1/customers", auth=(STRIPE_KEY, "")).is_success
    except httpx.TransportError:
        return False


def signed_stripe(event: dict[str, Any], *, secret: str = STRIPE_HOOK_SECRET, age_s: int = 0) -> tuple[bytes, str]:
    """(body, Stripe-Signature) of an event."""
    body, moment = json.dumps(event).encode(), int(time.time()) - age_s
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return body, f"t={moment},v1={digest}"


def stripe_event(kind: str, intent: str) -> dict[str, Any]:
    about = {"id": intent, "object": "payment_intent", "status": "succeeded", "amount": 1_000_000}
    if not kind.startswith("payment_intent."):
        about |= {"id": "of_a_charge", "object": kind.split(".")[0], "payment_intent": intent}
    return {"id": "evt_1", "object": "event", "type": kind, "data": {"object": about}}


# -- BTCPay ------------------------------------------------------------------------------------------------


class BTCPayServer:
    """One store: invoices that tests bring from state to state."""

    def __init__(self) -> None:
        self.invoices: dict[str, dict[str, Any]] = {}
        self.pull_payments: list[dict[str, Any]] = []
        self.payouts: list[dict[str, Any]] = []
        self.is_down = False
        self.shows_refunds = True
        """Whether the API key has the permission for them."""
        self.loses_answers = False
        """Makes an invoice that is asked for, and breaks off before it answers."""
        self.asked: list[str] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"store": self}))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> "BTCPayServer":
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def made(self, asked: dict[str, Any]) -> dict[str, Any]:
        check("CreateInvoiceRequest", asked)
        now, ref = int(time.time()), secrets.token_hex(11)
        self.invoices[ref] = {
            "id": ref,
            "storeId": STORE,
            "amount": asked["amount"],
            "paidAmount": "0",
            "currency": asked["currency"],
            "type": "Standard",
            "checkoutLink": f"{self.url}/i/{ref}",
            "createdTime": now,
            "expirationTime": now + 60 * asked["checkout"]["expirationMinutes"],
            "monitoringExpiration": now + 86400,
            "status": "New",
            "additionalStatus": "None",
            "availableStatusesForManualMarking": ["Settled", "Invalid"],
            "archived": False,
            "metadata": asked["metadata"],
            "checkout": {},
            "receipt": {},
        }
        return self.invoices[ref]

    def becomes(self, ref: str, status: str, *, additional: str = "None", paid: str | None = None) -> None:
        invoice = self.invoices[ref]
        whole = invoice["amount"] if status in ("Settled", "Processing") else invoice["paidAmount"]
        invoice |= {"status": status, "additionalStatus": additional, "paidAmount": paid or whole}
        check("InvoiceData", invoice)

    def offer_back(self, ref: str, amount: str, currency: str = "USD", *, name: str | None = None) -> str:
        """Issue a refund of an invoice: a pull payment that its payer may claim."""
        made = {"id": secrets.token_hex(8), "name": name or f"Refund {ref}", "currency": currency}
        made |= {"amount": amount, "archived": False, "viewLink": f"{self.url}/pull-payments/1"}
        self.pull_payments.append(made)
        return made["id"]

    def claim(self, pull_payment: str, amount: str, state: str) -> None:
        """The payer claims from a pull payment, and the owner lets it come so far."""
        (offer,) = (one for one in self.pull_payments if one["id"] == pull_payment)
        in_btc = amount if offer["currency"] == "BTC" else f"{float(amount) / 60000:.8f}"  # the rate has moved since
        made = {"id": secrets.token_hex(8), "revision": 0, "pullPaymentId": pull_payment, "date": int(time.time())}
        made |= {"originalCurrency": offer["currency"], "originalAmount": amount, "payoutCurrency": "BTC"}
        made |= {"payoutAmount": None if state == "AwaitingApproval" else in_btc, "payoutMethodId": "BTC-CHAIN"}
        self.payouts.append(made | {"destination": "bc1q", "state": state, "metadata": {}})

    def rates(self, ref: str) -> list[dict[str, Any]]:
        paid = {"rate": BTC_USD, "amount": "0.0001", "due": "0", "paymentMethodPaid": "0.0001", "totalPaid": "0.0001"}
        method = {"paymentMethodId": "BTC-CHAIN", "currency": "BTC", "destination": "bc1q", "paymentLink": None}
        return [method | paid | {"paymentMethodFee": "0", "payments": [], "activated": True, "additionalData": {}}]

    def event(self, ref: str, kind: str, **more: Any) -> tuple[bytes, str]:
        """(body, BTCPay-Sig) of an event about an invoice."""
        about = {"storeId": STORE, "invoiceId": ref, "metadata": self.invoices[ref]["metadata"]}
        return self._event(f"Webhook{kind}Event", kind, about | more)

    def payout_event(self) -> tuple[bytes, str]:
        """The same about the latest payout."""
        payout = self.payouts[-1]
        about = {"payoutId": payout["id"], "pullPaymentId": payout["pullPaymentId"], "payoutState": payout["state"]}
        return self._event("WebhookPayoutEvent", "PayoutUpdated", about)

    def _event(self, schema: str, kind: str, about: dict[str, Any]) -> tuple[bytes, str]:
        body = {"deliveryId": secrets.token_hex(8), "webhookId": "hook", "originalDeliveryId": "first"}
        body |= {"isRedelivery": False, "type": kind, "timestamp": int(time.time())} | about
        check(schema, body)
        return signed_btcpay(json.dumps(body).encode())


def signed_btcpay(body: bytes, *, secret: str = BTCPAY_HOOK_SECRET) -> tuple[bytes, str]:
    return body, "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    store: BTCPayServer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(lambda: self.store.made(asked))

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        *_, before, last = parts.path.split("/")
        if last in ("pull-payments", "payouts"):
            if not self.store.shows_refunds:
                return self._say(403, {"code": "missing-permission", "message": "btcpay.store.canmanagepullpayments"})
            listed = self.store.payouts if last == "payouts" else self.store.pull_payments
            return self._answer(lambda: listed, "PayoutDataList" if last == "payouts" else "PullPaymentDataList")
        if last == "payment-methods":
            return self._answer(lambda: self.store.rates(before), "InvoicePaymentMethodDataModelList")
        if last != "invoices":
            return self._answer(lambda: self.store.invoices[last])
        orders, every = parse_qs(parts.query)["orderId"], self.store.invoices.values()
        self._answer(lambda: [one for one in every if one["metadata"]["orderId"] in orders], "InvoiceDataList")

    def _answer(self, made: Any, schema: str = "InvoiceData") -> None:
        self.store.asked.append(f"{self.command} {self.path.split('/stores/')[-1]}")
        if self.store.is_down:
            return self._say(503, {"code": "down", "message": "down"})
        if self.headers["Authorization"] != f"token {BTCPAY_KEY}" or f"/stores/{STORE}/" not in self.path:
            return self._say(401, {"code": "unauthenticated", "message": "no"})
        said = made()
        check(schema, said)
        if self.store.loses_answers and self.command == "POST":
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        self._say(200, said)

    def _say(self, status: int, said: Any) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


# -- BTCPay's own contract ---------------------------------------------------------------------------------


def check(name: str, said: Any) -> None:
    """Hold an object against BTCPay's published schema. Raises jsonschema.ValidationError."""
    _validator(name).validate(said)


@cache
def _validator(name: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(_plain({"$ref": f"#/{name}"}))


@cache
def _schemas() -> dict[str, Any]:
    read = (json.loads(path.read_text("utf-8-sig")) for path in SPECS.glob("*.json"))
    return {name: schema for one in read for name, schema in one.get("components", {}).get("schemas", {}).items()}


def _plain(node: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: references followed, `nullable` and `allOf` merged.

    An `allOf` whose parts forbid further properties would otherwise refuse everything.
    """
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        return _plain(_schemas()[name]) if name in _schemas() else {}
    plain = {
        key: _plain(value)
        for key, value in node.items()
        if key not in ("example", "x-enumNames", "description", "discriminator")
    }
    if plain.pop("nullable", False) and "type" in plain:
        plain["type"] = [plain["type"], "null"]
    if "allOf" in plain:
        plain = _merged(plain.pop("allOf"), plain)
    return plain


def _merged(parts: list[dict[str, Any]], rest: dict[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for part in [*parts, rest]:
        properties |= part.get("properties", {})
        merged |= {key: value for key, value in part.items() if key != "properties"}
    return merged | ({"properties": properties} if properties else {})
