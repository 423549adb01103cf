"""Answers of requests that were done and never said, because the server died in between: made again from their rows.

Each takes the turn, whose `refs` say what was moved under the key, and the request's body. A route that is not here may
just be asked again: it finds what it did before (transcripts, finalize, reloads), or moved nothing.
"""

from collections.abc import Callable
from typing import Any

from fastclip import intake, multipart, uploads
from fastclip.api import account, clips, desk_money
from fastclip.api import uploads as uploads_routes
from fastclip.billing import deposits, ledger, storage
from fastclip.billing.answers import Turn
from fastclip.billing.ledger import LedgerEntry
from fastclip.billing.storage import StoragePurchase
from fastclip.errors import Unavailable
from fastclip.jobs import Job


def _trims(turn: Turn, body: dict[str, Any]) -> dict[str, Any]:
    """Jobs that were not rung for are found by the sweep; those that the queue refused were given back."""
    jobs = [Job.get_by_id(ref) for ref in turn.refs]
    queued = [job for job in jobs if job.error_code != Unavailable.code]
    if not queued:
        raise Unavailable("The clip queue is temporarily unavailable; nothing was charged. Try again in a moment.")
    if body.get("segments") is None or body.get("merge"):
        return {"job_id": queued[0].id, "status": "pending"}
    return clips.listed(queued, is_partial=len(queued) < len(jobs))


def _job(turn: Turn, body: dict[str, Any]) -> dict[str, Any]:
    job = Job.get_by_id(turn.refs[0])
    return {"job_id": job.id, "status": "pending", "reserved": ledger.usd(job.reserved_cents)}


def _upload(turn: Turn, body: dict[str, Any]) -> dict[str, Any]:
    upload = uploads.get(turn.account_id, turn.refs[0])
    return uploads_routes.requested(upload, intake.link_of(upload))


def _multipart(turn: Turn, body: dict[str, Any]) -> dict[str, Any]:
    upload = uploads.get(turn.account_id, turn.refs[0])
    return uploads_routes.initiated(upload, multipart.links_of(upload))


def _storage(turn: Turn, body: dict[str, Any]) -> dict[str, Any]:
    return storage.purchased(StoragePurchase.get_by_id(turn.refs[0]))


def _signup_credit(turn: Turn, body: dict[str, Any]) -> dict[str, Any]:
    return account.signup_credit(turn.account_id)


def _grant(turn: Turn, body: dict[str, Any]) -> dict[str, Any]:
    entry = LedgerEntry.get(LedgerEntry.key == turn.refs[0])
    return desk_money.granted(entry.account_id, entry.key.partition(":")[2], entry.d_balance_cents)


def _approval(turn: Turn, body: dict[str, Any]) -> dict[str, Any]:
    return desk_money.described(deposits.get(turn.refs[0].partition(":")[2]))


PATHS: dict[str, Callable[[Turn, Any], dict[str, Any]]] = {
    "/v1/upload/request": _upload,
    "/v1/upload/multipart/initiate": _multipart,
    "/v1/clip": _trims,
    "/v1/clip/auto": _job,
    "/v1/captions": _job,
    "/v1/storage/purchase": _storage,
    "/v1/account/signup-credit": _signup_credit,
    "/v1/admin/grants": _grant,
    "/v1/admin/deposits/{attempt_id:str}/approve": _approval,
}
