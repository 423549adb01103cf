"""What was used and what is kept: usage as numbers and as CSV, storage and more of it.

Source: API reference, "Usage" and "Billing, Storage, and Account"; backend-spec 2.6.
"""

import csv
import io
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from fastclip import presets, retention, store, uploads
from fastclip.api.auth import Caller, owner_only, session_only
from fastclip.api.strict import Ask
from fastclip.billing import storage, usage

COLUMNS = ("date", "time", "operation", "job_id", "file_name", "seconds", "cost", "balance_after", "api_key")
First = Annotated[str | None, QueryParameter(name="from")]


class PurchaseAsk(Ask):
    example = {"gb": 10}
    gb: int


@get("/v1/storage", sync_to_thread=True)
def get_storage(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """What is kept for good, what is temporary, and what more storage costs."""
    return storage.describe(
        caller.account_id,
        used_bytes=retention.used_bytes(caller.account_id) + presets.font_bytes(caller.account_id),
        temporary_bytes=retention.temporary_bytes(caller.account_id) + uploads.temporary_bytes(caller.account_id),
    )


@post("/v1/storage/purchase", status_code=200, sync_to_thread=True, opt={"once": True})
def buy_storage(caller: NamedDependency[Caller], data: JSONBody[PurchaseAsk]) -> dict[str, Any]:
    """More storage, for good, paid from the balance."""
    return storage.purchase(caller.account, data.gb)


@get("/v1/usage", sync_to_thread=True, guards=[session_only])
def get_usage(
    caller: NamedDependency[Caller],
    from_: First = None,
    to: FromQuery[str | None] = None,
    group_by: FromQuery[str | None] = None,
) -> dict[str, Any]:
    """What was charged from one day to another (UTC, 366 at most), by operation, day and key."""
    first, last = usage.span(from_, to, today=store.now().date())
    return usage.summary(caller.account_id, first, last, group_by=group_by)


@get("/v1/usage/export.csv", sync_to_thread=True, guards=[session_only])
def export_usage(
    caller: NamedDependency[Caller], from_: First = None, to: FromQuery[str | None] = None
) -> Response[bytes]:
    """The same, charge by charge, as a table for a spreadsheet."""
    first, last = usage.span(from_, to, today=store.now().date())
    rows = usage.charges(caller.account_id, first, last)
    names, keys = uploads.names({one.file_id for one in rows}), usage.key_names(caller.account_id)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in rows:
        writer.writerow(map(_cell, _row(one, names, keys)))
    name = f"fastclip-usage-{first}-{last}.csv"
    return Response(
        out.getvalue().encode(),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@get("/v1/admin/usage", sync_to_thread=True, guards=[owner_only])
def get_usage_of_all(
    caller: NamedDependency[Caller], from_: First = None, to: FromQuery[str | None] = None
) -> dict[str, Any]:
    """What everybody was charged from one day to another (UTC, 366 at most), by account."""
    first, last = usage.span(from_, to, today=store.now().date())
    return usage.of_everybody(first, last)


def _row(one: usage.Charge, names: dict[str, str], keys: dict[str, str]) -> tuple[str, ...]:
    return (
        one.at.date().isoformat(),
        one.at.strftime("%H:%M:%S"),
        one.operation,
        one.job_id,
        names.get(one.file_id, ""),
        f"{one.seconds:g}",
        f"{one.cents / 100:.2f}",
        f"{one.balance_after / 100:.2f}",
        keys.get(one.api_key_id, "Revoked key"),
    )


def _cell(text: str) -> str:
    """A name that a spreadsheet would run as a formula is only a name."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


routes = [get_storage, buy_storage, get_usage, export_usage, get_usage_of_all]
