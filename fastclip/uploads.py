"""Media on its way in: from a place for its bytes to a source that is ready, failed or expired.

The life of an upload (backend-spec 3): pending -> processing -> ready | failed; ready -> expired after 24 h unless
work on it is waiting or running. It is asked for in `intake.py`; what arrived is checked in `sources.py`. Source: API
reference, "Upload-First Flow".
"""

import json
import time
from pathlib import Path
from typing import Any

from peewee import BigIntegerField, CharField, DateTimeField, DoubleField, IntegerField, TextField, fn

from fastclip import cursors, jobs, rules, store, webhooks
from fastclip.billing import ledger
from fastclip.errors import Canceled, Conflict, FastClipError, Gone, NotFound
from fastclip.media.facts import Facts
from fastclip.store import Row


class Upload(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    api_key_id = CharField(default="")
    filename = CharField()
    content_type = CharField()
    file_size = BigIntegerField()
    status = CharField(default="pending", index=True)
    multipart_id = CharField(default="")
    """The `upload_id` of a multipart upload, empty for a simple one."""
    part_size = BigIntegerField(default=0)
    part_count = IntegerField(default=0)
    completed_parts = TextField(default="")  # JSON list of ETags, once complete
    clip = TextField(default="")  # JSON of the one-shot clip
    clip_job_id = CharField(default="")
    facts = TextField(default="")  # JSON of media.probe.Facts
    preview = TextField(default="")  # JSON of sources.prepare
    error = TextField(default="")
    error_code = CharField(default="")
    created_at = DateTimeField(default=store.now)
    expires_at = DateTimeField(index=True)
    changed = DoubleField(default=time.time, index=True)

    @property
    def key(self) -> str:
        return f"uploads/{self.id[4:6]}/{self.id}"

    @property
    def media(self) -> Facts:
        """What validation found. Only a ready upload has it."""
        return Facts.from_json(json.loads(self.facts))

    @property
    def one_shot(self) -> dict[str, Any] | None:
        return json.loads(self.clip) if self.clip else None

    @property
    def stem(self) -> str:
        return Path(self.filename).stem or "clip"


# -- Bytes arrive ------------------------------------------------------------------------------------------


def may_receive(key: str) -> None:
    """Whether bytes are awaited under this key. Raises NotFound, Conflict."""
    upload = _by_key(key)
    if upload is None:
        raise NotFound("This upload does not exist any more.")
    must_be_pending(upload)


def received(key: str) -> None:
    """All bytes of a simple upload are there: check them in the background."""
    upload = _by_key(key)
    if upload is not None:
        queue_validation(upload)


def queue_validation(upload: Upload, **facts: Any) -> None:
    """All its bytes are there: from pending to processing, once."""
    with store.write():
        moved = (
            Upload.update(status="processing", changed=time.time(), **facts)
            .where(Upload.id == upload.id, Upload.status == "pending")
            .execute()
        )
        if not moved:
            return
        job = jobs.add(upload.account_id, "validate", {"file_id": upload.id}, lane="light", file_id=upload.id)
    jobs.push_or_wait(job)


# -- Stopping ----------------------------------------------------------------------------------------------


def abort(account_id: str, file_id: str) -> Upload:
    """Give up a simple upload. Again is the same answer. Raises NotFound, Conflict (multipart, or ready)."""
    upload = get(account_id, file_id)
    if upload.multipart_id:
        raise Conflict("This is a multipart upload; end it with POST /v1/upload/multipart/abort.")
    return give_up(upload)


def give_up(upload: Upload) -> Upload:
    """Raises Conflict (ready)."""
    if upload.status == "ready":
        raise Conflict("This upload is ready; it cannot be aborted any more.")
    fail(upload, Canceled("You aborted this upload."))
    return Upload.get_by_id(upload.id)


def fail(upload: Upload, refusal: FastClipError) -> bool:
    """End an upload that came to nothing: refund its one-shot, delete its bytes. False when it had ended before."""
    with store.write():
        ended = (
            Upload.update(status="failed", error=refusal.message, error_code=refusal.code, changed=time.time())
            .where(Upload.id == upload.id, Upload.status.in_(("pending", "processing")))
            .execute()
        )
        if ended and upload.one_shot:
            ledger.settle(upload.id, 0)
        if ended:
            webhooks.announce(upload.account_id, "upload.failed", _failure(upload, refusal))
    if ended:
        drop_bytes(upload)
    return bool(ended)


def _failure(upload: Upload, refusal: FastClipError) -> dict[str, Any]:
    return {
        "file_id": upload.id,
        "filename": upload.filename,
        "error": refusal.message,
        "code": refusal.code,
        "clip_requested": bool(upload.clip),
        "clip_job_id": upload.clip_job_id,
    }


def drop_bytes(upload: Upload) -> None:
    if upload.multipart_id:
        store.blobs.abort_parts(upload.key, upload.multipart_id)
    store.blobs.delete(upload.key)
    store.blobs.delete_prefix(f"previews/{upload.id}/")


def drop_orphans() -> None:
    """Delete bytes that no living upload points at, such as those that came after an abort. For the daily sweep."""
    for kind, position in (("uploads/", 2), ("previews/", 1)):
        for key in store.blobs.keys(kind, older_than_s=rules.DAY):
            alive = Upload.id == key.split("/")[position], Upload.status.in_(("pending", "processing", "ready"))
            if not Upload.select().where(*alive).exists():
                store.blobs.delete(key)


# -- Reading -----------------------------------------------------------------------------------------------


def get(account_id: str, file_id: str) -> Upload:
    """Raises NotFound, Gone (expired)."""
    upload = Upload.get_or_none(Upload.id == file_id, Upload.account_id == account_id)
    if upload is None:
        raise NotFound(f"There is no upload {file_id} on this account.")
    if upload.status == "expired":
        raise Gone("This source expired (uploads are kept 24 hours); upload it again.")
    return upload


def get_ready(account_id: str, file_id: str) -> Upload:
    """An upload that work can start on. Raises as `get`, and Conflict while it is not ready."""
    upload = get(account_id, file_id)
    if upload.status != "ready":
        raise Conflict(f"Upload {file_id} is {upload.status}; wait until its status is ready.", code="upload_not_ready")
    return upload


def must_be_pending(upload: Upload) -> None:
    """Raises Conflict."""
    if upload.status != "pending":
        raise Conflict(f"This upload is {upload.status}; it takes no more bytes.")


def _by_key(key: str) -> Upload | None:
    return Upload.get_or_none(Upload.id == key.rsplit("/", 1)[-1])


def recent(account_id: str, *, limit: int, before: str | None) -> list[Upload]:
    """Uploads that are not over, newest first. before: id of the last one seen."""
    query = Upload.select().where(Upload.account_id == account_id, Upload.status != "expired")
    last = Upload.get_or_none(Upload.id == before, Upload.account_id == account_id) if before else None
    return cursors.newest(query, last, limit)


def latest_named(account_id: str, filename: str) -> Upload | None:
    """The account's newest upload of this name that is on its way or ready."""
    alive = Upload.select().where(
        Upload.account_id == account_id,
        Upload.filename == filename,
        Upload.status.in_(("pending", "processing", "ready")),
    )
    return alive.order_by(Upload.created_at.desc()).first()


def names(file_ids: set[str]) -> dict[str, str]:
    """The file names of these uploads, by id; also of those that are over."""
    rows = Upload.select(Upload.id, Upload.filename).where(Upload.id.in_(list(file_ids)))
    return {row.id: row.filename for row in rows}


def temporary_bytes(account_id: str) -> int:
    """What uploads take until they expire."""
    kept = Upload.select(fn.SUM(Upload.file_size)).where(
        Upload.account_id == account_id, Upload.status.in_(("processing", "ready"))
    )
    return int(kept.scalar() or 0)


def changed_since(account_id: str, moment: float) -> list[Upload]:
    return list(
        Upload.select().where(Upload.account_id == account_id, Upload.changed > moment).order_by(Upload.changed)
    )


def announce_ready(upload: Upload) -> None:
    """Tell webhooks, with the fields of the API reference, "Example payload: `upload.ready`"."""
    left_out = ("status", "error", "created_at", "expires_at")
    said = {name: value for name, value in describe(upload).items() if name not in left_out}
    said["clip_job_id"] = upload.clip_job_id  # "", not null (A20)
    webhooks.announce(upload.account_id, "upload.ready", said)


def describe(upload: Upload) -> dict[str, Any]:
    """The upload as the API shows it. Source: API reference, "Poll upload status"."""
    facts = upload.media if upload.facts else None
    return {
        "file_id": upload.id,
        "status": upload.status,
        "filename": upload.filename,
        "content_type": upload.content_type,
        "file_size": upload.file_size,
        "duration": facts and round(facts.duration_s, 3),
        "duration_seconds": facts and round(facts.duration_s, 3),
        "max_height": facts and (facts.height_px or 0),
        "format_detected": facts and facts.format_detected,
        "media_kind": facts and facts.media_kind,
        "has_video": facts and facts.has_video,
        "has_audio": facts and facts.has_audio,
        "error": upload.error or None,
        "created_at": store.rfc3339(upload.created_at),
        "expires_at": store.rfc3339(upload.expires_at),
        "clip_requested": bool(upload.clip),
        "clip_job_id": upload.clip_job_id or None,
    }
