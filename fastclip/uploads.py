"""Media on its way in: ask for a link, send bytes, hand the file over to be checked (`sources.py`).

The life of an upload (backend-spec 3): pending -> processing -> ready | failed; ready -> expired after 24 h unless
work on it is waiting or running. Source: API reference, "Upload-First Flow".
"""

import json
import re
import shutil
import time
import unicodedata
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any

from peewee import BigIntegerField, CharField, DateTimeField, DoubleField, IntegerField, TextField, fn

from fastclip import jobs, rules, store, webhooks
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.errors import (
    Canceled,
    Conflict,
    FastClipError,
    Gone,
    InvalidRequest,
    NotFound,
    Unavailable,
    Unprocessable,
)
from fastclip.media.facts import Facts
from fastclip.store import Row
from fastclip.store.blobs import PartMismatch


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


# -- Asking for links --------------------------------------------------------------------------------------


def request(
    account: Account,
    filename: str,
    content_type: str,
    file_size: int,
    *,
    clip: dict[str, Any] | None = None,
    api_key_id: str = "",
) -> tuple[Upload, str]:
    """A place for a file and a link to PUT it to, in one piece.

    clip: one-shot {start, end, source_title?}; reserves its price. Raises InvalidRequest, Unprocessable (extension),
    InsufficientBalance, Unavailable (disk). Source: API reference, "POST /v1/upload/request".
    """
    upload = _new(account, filename, content_type, file_size, clip, api_key_id)
    _keep_new(account, upload)
    return upload, link_of(upload)


def link_of(upload: Upload) -> str:
    """Where the whole file is PUT to."""
    size, kind = upload.file_size, upload.content_type
    return store.blobs.put_url(upload.key, size_bytes=size, content_type=kind, ttl_s=rules.UPLOAD_LINK_S)


def initiate(
    account: Account,
    filename: str,
    content_type: str,
    file_size: int,
    *,
    part_size: int,
    part_count: int,
    clip: dict[str, Any] | None = None,
    api_key_id: str = "",
) -> tuple[Upload, list[dict[str, Any]]]:
    """A place for a file sent in parts, and one link per part. Raises as `request` does.

    Source: API reference, "POST /v1/upload/multipart/initiate".
    """
    upload = _new(account, filename, content_type, file_size, clip, api_key_id)
    _check_parts(file_size, part_size, part_count)
    upload.part_size, upload.part_count = part_size, part_count
    upload.multipart_id = store.blobs.begin_parts(upload.key, size_bytes=file_size, part_bytes=part_size)
    try:
        _keep_new(account, upload)
    except FastClipError:
        store.blobs.abort_parts(upload.key, upload.multipart_id)
        raise
    return upload, links_of(upload)


def links_of(upload: Upload) -> list[dict[str, Any]]:
    """Where each part is PUT to."""
    return [_part_link(upload, n) for n in range(1, upload.part_count + 1)]


def refresh(account_id: str, file_id: str, multipart_id: str, part_numbers: list[int]) -> list[dict[str, Any]]:
    """New links for parts whose links ran out. Raises NotFound, Conflict (no longer pending), InvalidRequest."""
    upload = _multipart(account_id, file_id, multipart_id)
    _must_be_pending(upload)
    for i, number in enumerate(part_numbers):
        if not 1 <= number <= upload.part_count:
            raise InvalidRequest(
                f"Part {number} does not exist; this upload has 1 to {upload.part_count}.", param=f"part_numbers[{i}]"
            )
    return [_part_link(upload, number) for number in part_numbers]


def _new(
    account: Account, filename: str, content_type: str, file_size: int, clip: dict[str, Any] | None, api_key_id: str
) -> Upload:
    name = shown_name(filename)
    if not name:
        raise InvalidRequest("filename holds no usable characters.", param="filename")
    _check_extension(name)
    if not re.fullmatch(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( *;.*)?", content_type):
        raise InvalidRequest("content_type must look like type/subtype, for example video/mp4.", param="content_type")
    _check_room(file_size)
    if clip is not None:
        check_one_shot(clip)
    moment = store.now()
    return Upload(
        id=store.new_id("upl_", chars=12, alphabet=store.HEX),
        account_id=account.id,
        api_key_id=api_key_id,
        filename=name,
        content_type=content_type,
        file_size=file_size,
        clip=json.dumps(clip) if clip else "",
        created_at=moment,
        expires_at=moment + timedelta(seconds=rules.UPLOAD_KEPT_S),
    )


def _keep_new(account: Account, upload: Upload) -> None:
    with store.write():
        upload.save(force_insert=True)
        if upload.one_shot:
            ledger.reserve(account, rules.TRIM_CENTS, upload.id)


def shown_name(filename: str) -> str:
    """The last piece of a path, in NFC, without control and direction characters: for showing only."""
    base = re.split(r"[\\/]", unicodedata.normalize("NFC", filename))[-1]
    kept = "".join(c for c in base if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs"))
    return kept.strip().rstrip(". ")


def check_one_shot(clip: dict[str, Any]) -> None:
    """Raises InvalidRequest for times that no source could have."""
    if clip["end"] <= clip["start"]:
        raise InvalidRequest("clip.end must be later than clip.start.", param="clip.end")
    if clip["end"] - clip["start"] > rules.MAX_SEGMENT_S:
        raise InvalidRequest(
            f"The clip is longer than {rules.MAX_SEGMENT_S} s, the most for one segment.", param="clip.end"
        )


def _check_extension(filename: str) -> None:
    extension = Path(filename).suffix.lower().lstrip(".")
    if extension not in rules.EXTENSIONS:
        raise Unprocessable(
            f"Files named .{extension or '?'} are not supported; use one of {', '.join(rules.EXTENSIONS)}.",
            code="unsupported_media",
            param="filename",
        )


def _check_room(file_size: int) -> None:
    free = shutil.disk_usage(store.temp_dir).free
    if free < file_size + rules.FREE_DISK_MARGIN_BYTES:
        raise Unavailable(
            "There is not enough free disk space for this upload; delete something first.", code="insufficient_storage"
        )


def _check_parts(file_size: int, part_size: int, part_count: int) -> None:
    if part_count > 1 and not rules.MIN_PART_BYTES <= part_size <= rules.MAX_PART_BYTES:
        raise InvalidRequest(
            f"part_size is {part_size}; use {rules.MIN_PART_BYTES} to {rules.MAX_PART_BYTES} bytes.", param="part_size"
        )
    if part_count != ceil(file_size / part_size):
        raise InvalidRequest(
            f"part_count is {part_count}; {file_size} bytes in parts of {part_size} are {ceil(file_size / part_size)}.",
            param="part_count",
        )


def _part_link(upload: Upload, number: int) -> dict[str, Any]:
    size = min(upload.part_size, upload.file_size - (number - 1) * upload.part_size)
    url = store.blobs.part_url(upload.key, upload.multipart_id, number, size_bytes=size, ttl_s=rules.UPLOAD_LINK_S)
    return {"part_number": number, "url": url}


# -- Bytes arrive ------------------------------------------------------------------------------------------


def may_receive(key: str) -> None:
    """Whether bytes are awaited under this key. Raises NotFound, Conflict."""
    upload = _by_key(key)
    if upload is None:
        raise NotFound("This upload does not exist any more.")
    _must_be_pending(upload)


def received(key: str) -> None:
    """All bytes of a simple upload are there: check them in the background."""
    upload = _by_key(key)
    if upload is not None:
        _queue_validation(upload)


def complete(account_id: str, file_id: str, multipart_id: str, parts: list[tuple[int, str]]) -> Upload:
    """Join the parts and check the file in the background. The same list again is the same answer.

    parts: (part_number, etag). Raises NotFound, Conflict, InvalidRequest (missing, unordered, wrong ETag; the upload
    stays open then). Source: API reference, "POST /v1/upload/multipart/complete".
    """
    upload = _multipart(account_id, file_id, multipart_id)
    etags = [etag.strip().strip('"') for _, etag in parts]
    if upload.status != "pending":
        if upload.completed_parts and json.loads(upload.completed_parts) == etags:
            return upload
        raise Conflict(f"This upload is {upload.status} already.")
    _check_numbers(upload, [number for number, _ in parts])
    try:
        store.blobs.finish_parts(upload.key, multipart_id, etags)
    except PartMismatch as wrong:
        raise InvalidRequest(
            f"Part {wrong.index + 1}: {wrong}. Send that part again.", param=f"parts[{wrong.index}]"
        ) from wrong
    _queue_validation(upload, completed_parts=json.dumps(etags))
    return upload


def _check_numbers(upload: Upload, numbers: list[int]) -> None:
    for i, number in enumerate(numbers):
        if number != i + 1:
            raise InvalidRequest(
                f"Parts must be numbered 1 to {upload.part_count} in order; here is {number}.", param=f"parts[{i}]"
            )
    if len(numbers) != upload.part_count:
        raise InvalidRequest(f"{len(numbers)} parts were named; this upload has {upload.part_count}.", param="parts")


def _queue_validation(upload: Upload, **facts: Any) -> None:
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


# -- Stopping ---------------------------------------------------------------------------------


def abort(account_id: str, file_id: str) -> Upload:
    """Give up a simple upload. Again is the same answer. Raises NotFound, Conflict (multipart, or ready)."""
    upload = get(account_id, file_id)
    if upload.multipart_id:
        raise Conflict("This is a multipart upload; end it with POST /v1/upload/multipart/abort.")
    return _abort(upload)


def abort_multipart(account_id: str, file_id: str, multipart_id: str) -> Upload:
    """Give up a multipart upload. Again is the same answer. Raises NotFound, Conflict (ready)."""
    return _abort(_multipart(account_id, file_id, multipart_id))


def _abort(upload: Upload) -> Upload:
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


def _multipart(account_id: str, file_id: str, multipart_id: str) -> Upload:
    upload = get(account_id, file_id)
    if not upload.multipart_id or upload.multipart_id != multipart_id:
        raise NotFound(f"There is no multipart upload {multipart_id} for {file_id}.")
    return upload


def _must_be_pending(upload: Upload) -> None:
    if upload.status != "pending":
        raise Conflict(f"This upload is {upload.status}; it takes no more bytes.")


def _by_key(key: str) -> Upload | None:
    return Upload.get_or_none(Upload.id == key.rsplit("/", 1)[-1])


def recent(account_id: str, *, limit: int, before: str | None) -> list[Upload]:
    """Uploads that are not over, newest first. before: id of the last one seen."""
    query = Upload.select().where(Upload.account_id == account_id, Upload.status != "expired")
    if before and (last := Upload.get_or_none(Upload.id == before, Upload.account_id == account_id)):
        is_same_moment = Upload.created_at == last.created_at
        query = query.where((Upload.created_at < last.created_at) | (is_same_moment & (Upload.id < last.id)))
    return list(query.order_by(Upload.created_at.desc(), Upload.id.desc()).limit(limit))


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
