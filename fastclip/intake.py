"""Asking to upload: what may come in, and the link that its bytes are PUT to.

Source: API reference, "Upload-First Flow".
"""

import json
import re
import shutil
import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastclip import rules, store
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.errors import InvalidRequest, Unavailable, Unprocessable
from fastclip.uploads import Upload


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
    upload = new(account, filename, content_type, file_size, clip, api_key_id)
    keep(account, upload)
    return upload, link_of(upload)


def link_of(upload: Upload) -> str:
    """Where the whole file is PUT to."""
    size, kind = upload.file_size, upload.content_type
    return store.blobs.put_url(upload.key, size_bytes=size, content_type=kind, ttl_s=rules.UPLOAD_LINK_S)


def new(
    account: Account, filename: str, content_type: str, file_size: int, clip: dict[str, Any] | None, api_key_id: str
) -> Upload:
    """A pending upload that is not kept yet. Raises InvalidRequest, Unprocessable (extension), Unavailable (disk)."""
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


def keep(account: Account, upload: Upload) -> None:
    """Keep it, and reserve the price of its one-shot. Raises InsufficientBalance."""
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
