"""Paying money in: deposits by hand, card and Bitcoin, saved cards, and what providers tell us.

Source: API reference, "Billing, Storage, and Account"; backend-spec 2.6.
"""

from typing import Annotated, Any, Literal

from litestar import Request, delete, get, post
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from fastclip.api.auth import Caller, session_only
from fastclip.api.strict import Ask, whole
from fastclip.billing import deposits, payments

Id = Annotated[str, Meta(min_length=1, max_length=255)]
_LISTED = 50


class DepositAsk(Ask):
    example = {"amount": 500, "provider": "manual"}
    amount: int
    provider: Literal["manual", "stripe"] | None = None
    save_card: bool = False


class FinalizeAsk(Ask):
    example = {"attempt_id": "dep_a2b3c4d5e6f7a2b3"}
    attempt_id: Id | None = None
    payment_intent_id: Id | None = None


class BitcoinAsk(Ask):
    example = {"amount": 2500}
    amount: int


@get("/v1/deposit/providers", sync_to_thread=True)
def get_providers(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """Which ways of paying work here."""
    return payments.providers()


@get("/v1/deposits", sync_to_thread=True)
def list_deposits(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """The account's last deposits, newest first."""
    return {"data": [deposits.describe(one) for one in deposits.listed(account_id=caller.account_id, limit=_LISTED)]}


@post("/v1/deposit", status_code=200, sync_to_thread=True, opt={"once": True})
def create_deposit(caller: NamedDependency[Caller], data: JSONBody[DepositAsk]) -> dict[str, Any]:
    """Begin a deposit; amount in cents. By card it is finished on the page, by hand it waits for the owner."""
    return payments.request(caller.account, data.amount, provider=data.provider, save_card=data.save_card)


@post("/v1/deposit/finalize", status_code=200, sync_to_thread=True, opt={"once": True})
def finalize_deposit(caller: NamedDependency[Caller], data: JSONBody[FinalizeAsk]) -> dict[str, Any]:
    """Ask the provider what became of a payment, and credit it when the money is there."""
    return payments.finalize(caller.account_id, attempt_id=data.attempt_id, payment_intent_id=data.payment_intent_id)


@post("/v1/deposit/btcpay", status_code=200, sync_to_thread=True, opt={"once": True})
def create_btcpay_deposit(caller: NamedDependency[Caller], data: JSONBody[BitcoinAsk]) -> dict[str, Any]:
    """An invoice to pay in Bitcoin; amount in cents."""
    return payments.request_btcpay(caller.account, data.amount)


@get("/v1/deposit/btcpay/status/{attempt_id:str}", sync_to_thread=True)
def get_btcpay_status(caller: NamedDependency[Caller], attempt_id: FromPath[str]) -> dict[str, Any]:
    """How an invoice stands."""
    return payments.btcpay_status(caller.account_id, attempt_id)


# -- Cards -------------------------------------------------------------------------------------------------


@get("/v1/cards", sync_to_thread=True, guards=[session_only])
def list_cards(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """Cards that were saved for reloads."""
    return {"data": payments.cards(caller.account_id)}


@delete("/v1/cards/{payment_method_id:str}", status_code=200, sync_to_thread=True, guards=[session_only])
def remove_card(caller: NamedDependency[Caller], payment_method_id: FromPath[str]) -> dict[str, Any]:
    """Forget a saved card."""
    payments.remove_card(caller.account_id, payment_method_id)
    return {"ok": True}


# -- Events of providers -----------------------------------------------------------------------------------


@post("/v1/hooks/stripe", status_code=200, opt={"rate": "share"})
async def stripe_hook(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """For Stripe: a signed event. What it says is asked of Stripe before anything is credited."""
    signature = request.headers.get("stripe-signature", "")
    await sync_to_thread(payments.on_stripe_event, await whole(request), signature)
    return {"ok": True}


@post("/v1/hooks/btcpay", status_code=200, opt={"rate": "share"})
async def btcpay_hook(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """For BTCPay: a signed event. What it says is asked of the server before anything is credited."""
    signature = request.headers.get("btcpay-sig", "")
    await sync_to_thread(payments.on_btcpay_event, await whole(request), signature)
    return {"ok": True}


routes = [
    get_providers,
    list_deposits,
    create_deposit,
    finalize_deposit,
    create_btcpay_deposit,
    get_btcpay_status,
    list_cards,
    remove_card,
    stripe_hook,
    btcpay_hook,
]
