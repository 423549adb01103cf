"""What was offered, and what the person did with it: kept so that a later version can learn from it.

Of each moment its times, its confidence and the numbers it was judged by are kept, never its words; of each deed what
was done and to which times. All of it stays on this machine, and `forget` deletes it. Source: moments.md, "Beyond" 1.
"""

import json
from collections.abc import Sequence
from typing import Any

from peewee import AutoField, CharField, DateTimeField, DoubleField, IntegerField, TextField, fn

from fastclip import store
from fastclip.ai.moments import Moment
from fastclip.errors import NotFound
from fastclip.store import Row

DEEDS = ("rendered", "kept", "trimmed", "pinned", "downloaded", "deleted", "liked", "dismissed")
"""rendered: by auto-clip. kept: cut with the bounds that were offered. trimmed: cut with other bounds."""
_SAME_S = 0.25
_OVERLAP = 0.3
_LOOK_BACK = 200


class OfferedMoment(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    file_id = CharField(index=True)
    job_id = CharField(index=True)
    kind = CharField()  # of the intent: topic, highlights, ...
    engine = CharField()
    rank = IntegerField()
    start_s = DoubleField()
    end_s = DoubleField()
    confidence = DoubleField()
    features = TextField()  # JSON
    created_at = DateTimeField(default=store.now)


class MomentDeed(Row):
    id = AutoField()
    account_id = CharField(index=True)
    moment_id = CharField(index=True)
    what = CharField()
    clip_id = CharField(default="", index=True)
    start_s = DoubleField(null=True)
    end_s = DoubleField(null=True)
    created_at = DateTimeField(default=store.now)

    class Meta:
        indexes = ((("moment_id", "clip_id", "what"), True),)


def offer(
    account_id: str, file_id: str, job_id: str, moments: Sequence[Moment], *, kind: str, engine: str
) -> list[str]:
    """Note that these were offered, the first one first; their ids. Call inside `store.write()`."""
    ids = [store.new_id("mom_") for _ in moments]
    for rank, (moment_id, one) in enumerate(zip(ids, moments, strict=True), start=1):
        OfferedMoment.create(
            id=moment_id,
            account_id=account_id,
            file_id=file_id,
            job_id=job_id,
            kind=kind,
            engine=engine,
            rank=rank,
            start_s=one.start_s,
            end_s=one.end_s,
            confidence=one.confidence,
            features=json.dumps(one.features, sort_keys=True),
        )
    return ids


# -- What was done ---------------------------------------------------------------------------------------


def note(account_id: str, moment_id: str, what: str) -> None:
    """The person liked or dismissed it. Raises NotFound."""
    if not OfferedMoment.select().where(OfferedMoment.id == moment_id, OfferedMoment.account_id == account_id).exists():
        raise NotFound(f"There is no moment {moment_id} on this account.")
    with store.write():
        _keep(account_id, moment_id, what)


def note_clip(account_id: str, moment_id: str, what: str, *, clip_id: str, start_s: float, end_s: float) -> None:
    """A clip was made of it. Call inside `store.write()`."""
    _keep(account_id, moment_id, what, clip_id=clip_id, start_s=start_s, end_s=end_s)


def note_cut(account_id: str, file_id: str, *, clip_id: str, start_s: float, end_s: float) -> None:
    """The person cut a clip: if it is about where a moment was offered, that is what they made of the offer.

    Call inside `store.write()`.
    """
    offered = OfferedMoment.select().where(OfferedMoment.file_id == file_id, OfferedMoment.account_id == account_id)
    near = [
        (_overlap(one.start_s, one.end_s, start_s, end_s), one)
        for one in offered.order_by(OfferedMoment.created_at.desc(), OfferedMoment.rank).limit(_LOOK_BACK)
    ]
    best = max(near, key=lambda pair: pair[0], default=None)
    if best is None or best[0] < _OVERLAP:
        return
    moment = best[1]
    is_same = abs(moment.start_s - start_s) <= _SAME_S and abs(moment.end_s - end_s) <= _SAME_S
    what = "kept" if is_same else "trimmed"
    _keep(account_id, moment.id, what, clip_id=clip_id, start_s=start_s, end_s=end_s)


def note_of_clip(clip_id: str, what: str) -> None:
    """Something was done with a clip; only what came of an offer is noted. Call inside `store.write()`."""
    for deed in MomentDeed.select().where(MomentDeed.clip_id == clip_id, MomentDeed.start_s.is_null(False)):
        _keep(deed.account_id, deed.moment_id, what, clip_id=clip_id)


def has_deeds(clip_id: str) -> bool:
    return MomentDeed.select().where(MomentDeed.clip_id == clip_id).exists()


def _keep(account_id: str, moment_id: str, what: str, **facts: Any) -> None:
    row = {"account_id": account_id, "moment_id": moment_id, "what": what} | facts
    MomentDeed.insert(**row, created_at=store.now()).on_conflict_ignore().execute()


def _overlap(start_s: float, end_s: float, other_start_s: float, other_end_s: float) -> float:
    shared_s = min(end_s, other_end_s) - max(start_s, other_start_s)
    return max(0.0, shared_s) / max(1e-9, max(end_s, other_end_s) - min(start_s, other_start_s))


# -- Looking and forgetting --------------------------------------------------------------------------------


def describe(account_id: str) -> dict[str, Any]:
    """How much of the account is kept, and since when."""
    mine = OfferedMoment.account_id == account_id
    counted = MomentDeed.select(MomentDeed.what, fn.COUNT(MomentDeed.id)).where(MomentDeed.account_id == account_id)
    first = OfferedMoment.select(fn.MIN(OfferedMoment.created_at)).where(mine).scalar()
    done: Any = counted.group_by(MomentDeed.what).tuples()
    return {
        "offered": OfferedMoment.select().where(mine).count(),
        "deeds": dict.fromkeys(DEEDS, 0) | dict(done),
        "since": store.rfc3339(first) if first else None,
    }


def forget(account_id: str) -> int:
    """Delete all of it; how many offers that were."""
    with store.write():
        MomentDeed.delete().where(MomentDeed.account_id == account_id).execute()
        return int(OfferedMoment.delete().where(OfferedMoment.account_id == account_id).execute())
