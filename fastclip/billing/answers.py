"""Idempotency-Key: a request that reserves or moves money is answered once, and again only with the same answer.

Kept for 24 hours per account with a digest of method, path and body (backend-spec 2). A refusal moved nothing and
frees its key. An accident of ours (500) may have moved something: its answer is kept like a success.
"""

import hashlib
import re
from datetime import datetime, timedelta

from peewee import CharField, DateTimeField, IntegerField, TextField

from fastclip import rules, store
from fastclip.errors import Conflict, InvalidRequest
from fastclip.store import Row

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_RUNNING = 0


class KeptAnswer(Row):
    account_id = CharField()
    key = CharField()
    digest = CharField()
    status = IntegerField(default=_RUNNING)
    content_type = CharField(default="")
    body = TextField(default="")
    created_at = DateTimeField(default=store.now, index=True)

    class Meta:
        indexes = ((("account_id", "key"), True),)


def digest(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()


def begin(account_id: str, key: str, asked: str) -> KeptAnswer | None:
    """Take `key` for one request; None when it is the first, else the answer that was given.

    asked: the request's digest. Raises InvalidRequest (the key), Conflict (another request, or still running).
    """
    if not _KEY.fullmatch(key):
        raise InvalidRequest("Idempotency-Key must be 1 to 255 printable ASCII characters.", param="Idempotency-Key")
    with store.write():
        _forget(account_id, key)
        taken = KeptAnswer.insert(account_id=account_id, key=key, digest=asked).on_conflict_ignore()
        if taken.as_rowcount().execute():
            return None
    found = KeptAnswer.get_or_none(KeptAnswer.account_id == account_id, KeptAnswer.key == key)
    if found is None or (found.digest == asked and found.status == _RUNNING):
        raise Conflict(
            "A request with this Idempotency-Key is still running, or was cut off. Ask again in a moment; before you "
            "use another key, look whether the work was done.",
            code="idempotency_in_progress",
        )
    if found.digest != asked:
        raise Conflict(
            "This Idempotency-Key was used for another request; use a new key for each.", code="idempotency_conflict"
        )
    return found


def keep(account_id: str, key: str, status: int, content_type: str, body: str) -> None:
    """Keep the answer under the key that `begin` took."""
    with store.write():
        KeptAnswer.update(status=status, content_type=content_type, body=body).where(
            KeptAnswer.account_id == account_id, KeptAnswer.key == key
        ).execute()


def free(account_id: str, key: str) -> None:
    """The request was refused and moved nothing: the key may be used again."""
    with store.write():
        KeptAnswer.delete().where(KeptAnswer.account_id == account_id, KeptAnswer.key == key).execute()


def forget_old() -> None:
    """For the sweep."""
    with store.write():
        KeptAnswer.delete().where(KeptAnswer.created_at < _oldest()).execute()


def _forget(account_id: str, key: str) -> None:
    KeptAnswer.delete().where(
        KeptAnswer.account_id == account_id, KeptAnswer.key == key, KeptAnswer.created_at < _oldest()
    ).execute()


def _oldest() -> datetime:
    return store.now() - timedelta(seconds=rules.ANSWER_KEPT_S)
