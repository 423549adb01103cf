"""Idempotency-Key: a request that reserves or moves money is answered once, and again only with the same answer.

Kept for 24 hours per account with a digest of method, path and body (backend-spec 2). A refusal moved nothing and
frees its key. Whoever runs under a key holds a lease on it and extends it; what it moves is noted in the transaction
that moves it (`moved`), and only while it holds the key. So when a process dies before it answered, the next request
with the key takes over: it learns what was moved, and nothing moves twice.
"""

import hashlib
import re
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from peewee import CharField, DateTimeField, Expression, IntegerField, TextField

from fastclip import rules, store
from fastclip.errors import Conflict, InvalidRequest
from fastclip.store import Row

LEASE_S, BEAT_S = 15.0, 5.0
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
    owner = CharField(default="")
    lease_until = DateTimeField(default=store.now)
    refs = TextField(default="")

    class Meta:
        indexes = ((("account_id", "key"), True),)


@dataclass(frozen=True)
class Turn:
    """The right to run under a key. refs: what a request that died before had moved, as the ledger calls it."""

    account_id: str
    key: str
    owner: str
    refs: tuple[str, ...] = ()


current: ContextVar[Turn | None] = ContextVar("current", default=None)
"""Under which key this request runs."""


def digest(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()


def begin(account_id: str, key: str, asked: str) -> Turn | KeptAnswer:
    """Take `key` for one request; the answer when one was given.

    asked: the request's digest. Raises InvalidRequest (the key), Conflict (another request, or still running).
    """
    if not _KEY.fullmatch(key):
        raise InvalidRequest("Idempotency-Key must be 1 to 255 printable ASCII characters.", param="Idempotency-Key")
    owner, until = store.new_id("run_"), _lease_end()
    with store.write():
        _forget(account_id, key)
        taken = KeptAnswer.insert(
            account_id=account_id, key=key, digest=asked, owner=owner, lease_until=until
        ).on_conflict_ignore()
        if taken.as_rowcount().execute():
            return Turn(account_id, key, owner)
        found = KeptAnswer.get_or_none(_is_of(account_id, key))
        if found and found.digest != asked:
            raise Conflict(
                "This Idempotency-Key was used for another request; use a new key for each.",
                code="idempotency_conflict",
            )
        if found and found.status != _RUNNING:
            return found
        over = KeptAnswer.update(owner=owner, lease_until=until).where(
            _is_of(account_id, key), KeptAnswer.status == _RUNNING, KeptAnswer.lease_until < store.now()
        )
        if found is None or not over.execute():
            raise _running()
    return Turn(account_id, key, owner, tuple(found.refs.split()))


def extend(turn: Turn) -> None:
    """The request still runs."""
    with store.write():
        KeptAnswer.update(lease_until=_lease_end()).where(_is_held(turn)).execute()


def moved(ref: str) -> None:
    """Note, inside the transaction that moves it, what this request moved. Raises Conflict when its key was taken over.

    ref: what the ledger calls it. Outside of a request with a key there is nothing to note.
    """
    turn = current.get()
    if turn is None:
        return
    noted = KeptAnswer.update(refs=KeptAnswer.refs.concat(f"{ref} ")).where(_is_held(turn))
    if not noted.execute():
        raise _running()


def keep(turn: Turn, status: int, content_type: str, body: str) -> None:
    """Keep the answer under the key that `begin` took."""
    with store.write():
        KeptAnswer.update(status=status, content_type=content_type, body=body).where(_is_held(turn)).execute()


def free(turn: Turn) -> None:
    """The request was refused and moved nothing: the key may be used again."""
    with store.write():
        KeptAnswer.delete().where(_is_held(turn)).execute()


def let_go(turn: Turn) -> None:
    """An accident of ours ended the request: the next one with the key may take over at once."""
    with store.write():
        KeptAnswer.update(lease_until=store.now() - timedelta(seconds=1)).where(_is_held(turn)).execute()


def forget_old() -> None:
    """For the sweep."""
    with store.write():
        KeptAnswer.delete().where(KeptAnswer.created_at < _oldest()).execute()


def _forget(account_id: str, key: str) -> None:
    KeptAnswer.delete().where(_is_of(account_id, key), KeptAnswer.created_at < _oldest()).execute()


def _is_of(account_id: str, key: str) -> Expression:
    return (KeptAnswer.account_id == account_id) & (KeptAnswer.key == key)


def _is_held(turn: Turn) -> Expression:
    return _is_of(turn.account_id, turn.key) & (KeptAnswer.owner == turn.owner) & (KeptAnswer.status == _RUNNING)


def _running() -> Conflict:
    return Conflict(
        "A request with this Idempotency-Key is still running, or was cut off. Ask again with the same key in a "
        f"moment; after {LEASE_S:.0f} s at most, one that was cut off is taken up where it stopped.",
        code="idempotency_in_progress",
    )


def _lease_end() -> datetime:
    return store.now() + timedelta(seconds=LEASE_S)


def _oldest() -> datetime:
    return store.now() - timedelta(seconds=rules.ANSWER_KEPT_S)
