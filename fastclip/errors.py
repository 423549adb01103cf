"""Every way a request can be refused, one class per row of the reference's error table ("Common Errors").

Raise these anywhere below the edges: the HTTP edge turns one into its status and the envelope of
`api/app.py`, the worker writes one into the job's `error` and `code`, the command line prints one and exits 1.
Anything else that is raised is a bug: logged with its traceback, shown as `INTERNAL`.
"""

INTERNAL = "Something went wrong on our side."


class FastClipError(Exception):
    """A refusal that is safe to show to the person who asked.

    message: what came, what is allowed, what to do next.
    code: one slug of CODES when the row has several. param: the field at fault, as a path (`clip.start`).
    """

    status = 500
    code = "internal"

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.message, self.param = message, param
        if code is not None:
            self.code = code


class InvalidRequest(FastClipError):
    """Fields that are missing, of the wrong shape, or do not go together."""

    status, code = 400, "invalid_request"


class Unauthorized(FastClipError):
    """No API key or session, or one that is not valid."""

    status, code = 401, "unauthorized"


class InsufficientBalance(FastClipError):
    """The balance does not hold what this costs. Nothing was reserved."""

    status, code = 402, "insufficient_balance"


class PaymentFailed(FastClipError):
    """The bank or the provider did not pay. Nothing was credited."""

    status, code = 402, "payment_failed"


class NotAllowed(FastClipError):
    """Known, but not allowed to do this. Codes: session_required, paid_deposit_required, ..."""

    status, code = 403, "forbidden"


class NotFound(FastClipError):
    """Not there, no longer there, or somebody else's."""

    status, code = 404, "not_found"


class MethodNotAllowed(FastClipError):
    """The path exists, the method does not."""

    status, code = 405, "method_not_allowed"


class Conflict(FastClipError):
    """Right request, wrong moment. Codes: upload_not_ready, limit_reached, ..."""

    status, code = 409, "conflict"


class Gone(FastClipError):
    """The uploaded source expired (24 h), or a link did (link_expired)."""

    status, code = 410, "source_expired"


class TooLarge(FastClipError):
    """More bytes than this route takes."""

    status, code = 413, "too_large"


class UnsupportedContentType(FastClipError):
    """The body is not JSON, or does not say that it is."""

    status, code = 415, "unsupported_content_type"


class Misdirected(FastClipError):
    """The Host header names another machine: the guard against DNS rebinding."""

    status, code = 421, "unknown_host"


class Unprocessable(FastClipError):
    """Understood, but the media or the times do not allow it. Codes: unsupported_media, source_too_long."""

    status, code = 422, "validation_failed"


class RateLimited(FastClipError):
    """Too many requests. retry_after_s: seconds until the next one is allowed."""

    status, code = 429, "rate_limited"

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(FastClipError):
    """Not now: the queue, a provider (provider_unavailable) or the disk (insufficient_storage)."""

    status, code = 503, "queue_unavailable"


class Canceled(FastClipError):
    """A job that its owner stopped. It is never a response, only the end of a job."""

    status, code = 409, "canceled"


CODES: dict[str, int] = {
    "invalid_request": 400,
    "malformed_json": 400,
    "unauthorized": 401,
    "insufficient_balance": 402,
    "payment_failed": 402,
    "forbidden": 403,
    "session_required": 403,
    "paid_deposit_required": 403,
    "storage_quota_exceeded": 403,
    "reload_disabled": 403,
    "reload_password_invalid": 403,
    "csrf_failed": 403,
    "link_invalid": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "idempotency_conflict": 409,
    "idempotency_in_progress": 409,
    "upload_not_ready": 409,
    "limit_reached": 409,
    "canceled": 409,
    "source_expired": 410,
    "link_expired": 410,
    "too_large": 413,
    "unsupported_content_type": 415,
    "unknown_host": 421,
    "validation_failed": 422,
    "unsupported_media": 422,
    "source_too_long": 422,
    "rate_limited": 429,
    "internal": 500,
    "worker_lost": 500,
    "queue_unavailable": 503,
    "provider_unavailable": 503,
    "insufficient_storage": 503,
}
"""Every slug that `code` can hold in an answer or on a failed job, with its HTTP status."""
