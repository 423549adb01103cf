"""A file that is sent in parts: one link for each, joined when all are there.

What an upload is stands in `uploads.py`. Source: API reference, "Upload-First Flow".
"""

import json
from math import ceil
from typing import Any

from fastclip import intake, rules, store, uploads
from fastclip.accounts import Account
from fastclip.errors import Conflict, FastClipError, InvalidRequest, NotFound
from fastclip.store.blobs import PartMismatch
from fastclip.uploads import Upload

# -- Asking for links --------------------------------------------------------------------------------------


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
    """A place for a file sent in parts, and one link per part. Raises as `intake.request` does.

    Source: API reference, "POST /v1/upload/multipart/initiate".
    """
    upload = intake.new(account, filename, content_type, file_size, clip, api_key_id)
    _check_parts(file_size, part_size, part_count)
    upload.part_size, upload.part_count = part_size, part_count
    upload.multipart_id = store.blobs.begin_parts(upload.key, size_bytes=file_size, part_bytes=part_size)
    try:
        intake.keep(account, upload)
    except FastClipError:
        store.blobs.abort_parts(upload.key, upload.multipart_id)
        raise
    return upload, links_of(upload)


def links_of(upload: Upload) -> list[dict[str, Any]]:
    """Where each part is PUT to."""
    return [_part_link(upload, n) for n in range(1, upload.part_count + 1)]


def refresh(account_id: str, file_id: str, multipart_id: str, part_numbers: list[int]) -> list[dict[str, Any]]:
    """New links for parts whose links ran out. Raises NotFound, Conflict (no longer pending), InvalidRequest."""
    upload = _get(account_id, file_id, multipart_id)
    uploads.must_be_pending(upload)
    for i, number in enumerate(part_numbers):
        if not 1 <= number <= upload.part_count:
            raise InvalidRequest(
                f"Part {number} does not exist; this upload has 1 to {upload.part_count}.", param=f"part_numbers[{i}]"
            )
    return [_part_link(upload, number) for number in part_numbers]


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


# -- Joining -----------------------------------------------------------------------------------------------


def complete(account_id: str, file_id: str, multipart_id: str, parts: list[tuple[int, str]]) -> Upload:
    """Join the parts and check the file in the background. The same list again is the same answer.

    parts: (part_number, etag). Raises NotFound, Conflict, InvalidRequest (missing, unordered, wrong ETag; the upload
    stays open then). Source: API reference, "POST /v1/upload/multipart/complete".
    """
    upload = _get(account_id, file_id, multipart_id)
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
    uploads.queue_validation(upload, completed_parts=json.dumps(etags))
    return upload


def _check_numbers(upload: Upload, numbers: list[int]) -> None:
    for i, number in enumerate(numbers):
        if number != i + 1:
            raise InvalidRequest(
                f"Parts must be numbered 1 to {upload.part_count} in order; here is {number}.", param=f"parts[{i}]"
            )
    if len(numbers) != upload.part_count:
        raise InvalidRequest(f"{len(numbers)} parts were named; this upload has {upload.part_count}.", param="parts")


def abort(account_id: str, file_id: str, multipart_id: str) -> Upload:
    """Give up a multipart upload. Again is the same answer. Raises NotFound, Conflict (ready)."""
    return uploads.give_up(_get(account_id, file_id, multipart_id))


def _get(account_id: str, file_id: str, multipart_id: str) -> Upload:
    upload = uploads.get(account_id, file_id)
    if not upload.multipart_id or upload.multipart_id != multipart_id:
        raise NotFound(f"There is no multipart upload {multipart_id} for {file_id}.")
    return upload
