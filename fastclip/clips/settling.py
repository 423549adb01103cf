"""What a job reserved: settled at its end, given back when the queue does not take it. Backend-spec 3."""

from fastclip import jobs, store
from fastclip.billing import ledger
from fastclip.errors import Unavailable
from fastclip.jobs import Job


def ring(job: Job) -> None:
    """Ring for a job that was asked for; one that the queue does not take ends here, refunded. Raises Unavailable."""
    try:
        jobs.push(job)
    except Unavailable as refusal:
        said = {"error": refusal.message, "error_code": refusal.code, "status_message": "Not queued"}
        with store.write():
            if jobs.end_waiting(job, **said):
                settle(job, 0)
        raise


def settle(job: Job, cents: int) -> None:
    """Keep so much of what the job reserved, if it did, inside the transaction that ends it."""
    if job.reserved_cents:
        ledger.settle(job.hold_ref or job.id, cents)
