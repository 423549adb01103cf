"""The owner's desk, money: deposits that wait for a decision, gifts. Source: backend-spec 2.7 and 5."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from fastclip import accounts, cursors, rules, store
from fastclip.api.auth import Caller, owner_only
from fastclip.api.strict import Ask
from fastclip.api.uploads import page_size
from fastclip.billing import deposits, ledger, manual
from fastclip.billing.deposits import Deposit


class ApproveAsk(Ask):
    example = {"as": "paid"}
    as_: Literal["paid", "grant"] = msgspec.field(default="paid", name="as")


class RejectAsk(Ask):
    example = {"reason": "No such payment has come."}
    reason: Annotated[str, Meta(max_length=500)] = ""


class GrantAsk(Ask):
    example = {"email": "ana@example.org", "amount": 500}
    email: Annotated[str, Meta(max_length=254)]
    amount: int


@get("/v1/admin/deposits", sync_to_thread=True, guards=[owner_only])
def list_all_deposits(
    caller: NamedDependency[Caller],
    which: Annotated[Literal["waiting", "all"], QueryParameter(name="state")] = "waiting",
    limit: FromQuery[int] = rules.PAGE_DEFAULT,
    cursor: FromQuery[str | None] = None,
) -> dict[str, Any]:
    """Deposits of everybody: those that wait for the owner, or all; newest first."""
    count = page_size(limit)
    found = deposits.listed(for_owner=which == "waiting", limit=count + 1, offset=cursors.offset(cursor))
    shown, more = cursors.page(found, count, cursor)
    return {"data": [described(one) for one in shown], "next_cursor": more}


@post(
    "/v1/admin/deposits/{attempt_id:str}/approve",
    status_code=200,
    sync_to_thread=True,
    guards=[owner_only],
    opt={"once": True},
)
def approve_deposit(
    caller: NamedDependency[Caller], attempt_id: FromPath[str], data: JSONBody[ApproveAsk]
) -> dict[str, Any]:
    """The money came: credit it as paid, with its bonuses, or as a grant."""
    return described(manual.approve(attempt_id, as_=data.as_, decided_by=caller.account_id))


@post("/v1/admin/deposits/{attempt_id:str}/reject", status_code=200, sync_to_thread=True, guards=[owner_only])
def reject_deposit(
    caller: NamedDependency[Caller], attempt_id: FromPath[str], data: JSONBody[RejectAsk]
) -> dict[str, Any]:
    """The money did not come, or was given back."""
    return described(manual.reject(attempt_id, reason=data.reason, decided_by=caller.account_id))


@post("/v1/admin/grants", status_code=200, sync_to_thread=True, guards=[owner_only], opt={"once": True})
def create_grant(caller: NamedDependency[Caller], data: JSONBody[GrantAsk]) -> dict[str, Any]:
    """Give somebody a balance; it opens no 4K and earns no bonus."""
    account = accounts.by_email(data.email)
    grant_id = store.new_id("grant_")
    manual.grant(account.id, data.amount, key=grant_id)
    return granted(account.id, grant_id, data.amount)


def granted(account_id: str, grant_id: str, cents: int) -> dict[str, Any]:
    balance = ledger.usd(ledger.balance(account_id)[0])
    return {"grant_id": grant_id, "account_id": account_id, "granted": ledger.usd(cents), "balance": balance}


def described(deposit: Deposit) -> dict[str, Any]:
    """A deposit as the owner's desk shows it."""
    account = accounts.by_id(deposit.account_id)
    return deposits.describe(deposit) | {
        "account_id": account.id,
        "email": account.email,
        "name": account.name,
        "paid_amount": ledger.usd(deposit.paid_cents),
        "is_waiting": deposit.status == "awaiting_approval" or deposit.is_for_owner,
        "decided_as": deposit.decided_as or None,
    }


routes = [list_all_deposits, approve_deposit, reject_deposit, create_grant]
