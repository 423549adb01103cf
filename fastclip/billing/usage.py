"""What an account was charged, for what, when and by which key: read from the ledger, which never changes.

Source: API reference, "Usage"; backend-spec 2.6.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from peewee import SQL

from fastclip import api_keys
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.billing.ledger import LedgerEntry
from fastclip.errors import InvalidRequest
from fastclip.jobs import Job

MAX_DAYS = 366
DEFAULT_DAYS = 30
GROUPS = {"day": "daily", "operation": "operations", "key": "api_keys"}
BROWSER = "Signed in"
"""Whose charges have no API key."""
CHARGES = ("settle", "storage")


@dataclass(frozen=True)
class Charge:
    """One thing that was paid. seconds: of media that were worked on."""

    at: datetime
    operation: str
    job_id: str
    file_id: str
    seconds: float
    cents: int
    balance_after: int
    api_key_id: str


def span(from_: str | None, to: str | None, *, today: date) -> tuple[date, date]:
    """First and last day, both included; the last 30 days when nothing is said. Raises InvalidRequest."""
    last = _day(to, "to") if to else today
    first = _day(from_, "from") if from_ else last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise InvalidRequest(f"from ({first}) is later than to ({last}).", param="from")
    if (last - first).days >= MAX_DAYS:
        raise InvalidRequest(f"{first} to {last} is more than {MAX_DAYS} days; ask for less.", param="from")
    return first, last


def _day(text: str, param: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(f"{param} is {text!r}; write a day as 2026-04-19.", param=param) from error


def charges(account_id: str, first: date, last: date) -> list[Charge]:
    """Every charge of these days (UTC), oldest first."""
    begin, end = (datetime(day.year, day.month, day.day) for day in (first, last + timedelta(days=1)))
    query = (
        LedgerEntry.select()
        .where(LedgerEntry.account_id == account_id, LedgerEntry.created_at < end)
        .order_by(SQL("id"))
    )
    balance, found = 0, []
    for entry in query.iterator():
        balance += entry.d_balance_cents
        if entry.kind in CHARGES and entry.created_at >= begin:
            found.append((entry, balance))
    jobs = _jobs_of({entry.ref for entry, _ in found})
    return [_charge(entry, after, jobs.get(entry.ref)) for entry, after in found]


def _jobs_of(refs: set[str]) -> dict[str, Job]:
    """Jobs by what paid for them: their own hold, or that of the upload that asked for them."""
    found: dict[str, Job] = {}
    for some in _in_lots(sorted(refs)):
        for job in Job.select().where(Job.id.in_(some) | Job.hold_ref.in_(some)):
            found[job.hold_ref or job.id] = job
    return found


def _in_lots(refs: list[str], size: int = 400) -> list[list[str]]:
    return [refs[i : i + size] for i in range(0, len(refs), size)]


def _charge(entry: LedgerEntry, balance_after: int, job: Job | None) -> Charge:
    operation = job.kind if job else ("storage" if entry.kind == "storage" else "trim")
    return Charge(
        at=entry.created_at,
        operation=operation,
        job_id=job.id if job else "",
        file_id=job.file_id if job else "",
        seconds=_seconds(json.loads(job.ask)) if job else 0.0,
        cents=-entry.d_reserved_cents,
        balance_after=balance_after,
        api_key_id=job.api_key_id if job else "",
    )


def _seconds(ask: dict[str, Any]) -> float:
    if "seconds" in ask:
        return float(ask["seconds"])
    spans = ask["segments"] if ask.get("segments") else [(ask.get("start") or 0, ask.get("end") or 0)]
    return round(sum(end - start for start, end in spans), 3)


def summary(account_id: str, first: date, last: date, *, group_by: str | None = None) -> dict[str, Any]:
    """The charges of these days, added up by operation, by day and by key; group_by: only by that.

    Raises InvalidRequest.
    """
    if group_by is not None and group_by not in GROUPS:
        raise InvalidRequest(f"group_by is {group_by!r}; use {', '.join(GROUPS)}.", param="group_by")
    rows = charges(account_id, first, last)
    said: dict[str, Any] = {
        "operations": _added(rows, "operation", lambda one: one.operation),
        "daily": _added(rows, "date", lambda one: one.at.date().isoformat()),
        "api_keys": _by_key(account_id, rows),
    }
    if group_by:
        said = {GROUPS[group_by]: said[GROUPS[group_by]]}
    total = ledger.usd(sum(one.cents for one in rows))
    return {"from": first.isoformat(), "to": last.isoformat(), "total_cost": total, "count": len(rows)} | said


def of_everybody(first: date, last: date) -> dict[str, Any]:
    """The charges of these days, added up by account, the dearest first; for the owner.

    Accounts that were closed stay in, without a name: the ledger keeps what they spent.
    """
    spent = LedgerEntry.select(LedgerEntry.account_id).where(LedgerEntry.kind.in_(CHARGES)).distinct()
    lines, cents = [], 0
    for account in Account.select().where(Account.id.in_(spent)).order_by(Account.id):
        if rows := charges(account.id, first, last):
            cents += sum(one.cents for one in rows)
            shown = {"account_id": account.id, "name": account.name, "email": account.email}
            is_closed = account.deleted_at is not None
            lines.append(shown | {"is_closed": is_closed, "is_covered": account.is_covered} | _sums(rows))
    lines.sort(key=lambda line: (-line["cost"], line["name"]))
    days = {"from": first.isoformat(), "to": last.isoformat()}
    return days | {"total_cost": ledger.usd(cents), "accounts": lines}


def _added(rows: list[Charge], name: str, group: Any) -> list[dict[str, Any]]:
    lines: dict[str, list[Charge]] = {}
    for one in rows:
        lines.setdefault(group(one), []).append(one)
    return [{name: key} | _sums(lines[key]) for key in sorted(lines)]


def _sums(rows: list[Charge]) -> dict[str, Any]:
    return {
        "count": len(rows),
        "cost": ledger.usd(sum(one.cents for one in rows)),
        "seconds": round(sum(one.seconds for one in rows), 3),
    }


def _by_key(account_id: str, rows: list[Charge]) -> list[dict[str, Any]]:
    names = key_names(account_id)
    lines = _added(rows, "key_id", lambda one: one.api_key_id)
    return [
        line | {"key_id": line["key_id"] or None, "name": names.get(line["key_id"], "Revoked key")} for line in lines
    ]


def key_names(account_id: str) -> dict[str, str]:
    """API keys by id; "" is the browser."""
    return {"": BROWSER} | {key.id: key.name for key in api_keys.of_account(account_id)}
