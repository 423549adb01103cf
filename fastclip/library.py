"""Clips that were made: keep, list, rename, show. Source: API reference, "Clip Library and Share".

How long one stays, and what becomes of its bytes, stands in `retention.py`.
"""

import shutil
import time
import uuid
from datetime import timedelta
from typing import Any

from peewee import BigIntegerField, BooleanField, CharField, DateTimeField, DoubleField, ModelSelect, TextField, fn

from fastclip import cursors, moments, rules, store
from fastclip.errors import InvalidRequest, NotFound, Unavailable
from fastclip.jobs import Job, Made
from fastclip.store import Row

SORTS = ("created_desc", "created_asc", "name")
MEDIA = ("video", "audio", "gif")


class Clip(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    job_id = CharField(index=True)
    kind = CharField()  # the kind of job that made it
    source_file_id = CharField(default="")
    title = CharField()
    file_name = TextField()
    format = CharField()
    quality = CharField()
    aspect_ratio = CharField()
    media_kind = CharField()
    duration_s = DoubleField()
    start_s = DoubleField()
    end_s = DoubleField()
    size_bytes = BigIntegerField()
    has_poster = BooleanField()
    captioned = BooleanField()
    pinned = BooleanField(default=False)
    status = CharField(default="available")  # available, expired, deleted
    view_count_visible = BooleanField(default=True)
    views = BigIntegerField(default=0)
    created_at = DateTimeField(default=store.now)
    expires_at = DateTimeField(index=True)
    changed = DoubleField(default=time.time, index=True)

    @property
    def key(self) -> str:
        return f"clips/{self.id[:2]}/{self.id}.{self.format}"

    @property
    def poster_key(self) -> str:
        return f"clips/{self.id[:2]}/{self.id}.jpg"


# -- Keeping -----------------------------------------------------------------------------------------------


def keep(job: Job, made: Made) -> Clip:
    """Move a rendered file into storage; returns its row, not saved yet.

    Bytes first, row second: a crash in between leaves a file to sweep, never a row without a file.
    """
    clip = Clip(
        id=str(uuid.uuid4()),
        account_id=job.account_id,
        job_id=job.id,
        kind=job.kind,
        source_file_id=job.file_id,
        title=made.title[: rules.MAX_CLIP_TITLE_CHARS],
        file_name=made.file_name,
        format=made.format,
        quality=made.quality,
        aspect_ratio=made.aspect_ratio,
        media_kind=made.media_kind,
        duration_s=made.duration_s,
        start_s=made.start_s,
        end_s=made.end_s,
        has_poster=made.poster is not None,
        captioned=made.captioned,
        expires_at=store.now() + timedelta(seconds=rules.CLIP_KEPT_S),
    )
    _check_room(made.path.stat().st_size)
    clip.size_bytes = store.blobs.save(clip.key, made.path)
    if made.poster is not None:
        store.blobs.save(clip.poster_key, made.poster)
    return clip


def add(clip: Clip) -> None:
    """List a kept clip in its owner's library."""
    clip.save(force_insert=True)
    if clip.kind == "trim":
        moments.note_cut(clip.account_id, clip.source_file_id, clip_id=clip.id, start_s=clip.start_s, end_s=clip.end_s)


def drop(clip: Clip) -> None:
    """Delete the bytes of a clip that will not be listed, or no longer is."""
    store.blobs.delete(clip.key)
    store.blobs.delete(clip.poster_key)


def _check_room(size_bytes: int) -> None:
    if shutil.disk_usage(store.temp_dir).free < size_bytes // 10:
        raise Unavailable("The disk is full; free some space and try again.", code="insufficient_storage")


# -- Reading -----------------------------------------------------------------------------------------------


def get(account_id: str, clip_id: str) -> Clip:
    """An available clip of the account. Raises NotFound, also for an expired one (A19)."""
    clip = Clip.get_or_none(Clip.id == clip_id, Clip.account_id == account_id, Clip.status == "available")
    if clip is None or _is_over(clip):
        raise NotFound(f"There is no clip {clip_id} in your library; it may have expired.")
    return clip


def available(clip_id: str) -> Clip | None:
    """Anybody's clip, None when there is none any more."""
    clip = Clip.get_or_none(Clip.id == clip_id, Clip.status == "available")
    return None if clip is None or _is_over(clip) else clip


def of_job(job_id: str) -> list[Clip]:
    return list(Clip.select().where(Clip.job_id == job_id).order_by(Clip.start_s))


def listed(
    account_id: str,
    *,
    limit: int,
    cursor: str | None = None,
    q: str | None = None,
    pinned: bool | None = None,
    media: str | None = None,
    captioned: bool | None = None,
    sort: str = "created_desc",
) -> tuple[list[Clip], str | None, int]:
    """One page of the library: (clips, cursor of the next page, how many there are in all)."""
    query = _filtered(account_id, q=q, pinned=pinned, media=media, captioned=captioned)
    total = query.count()
    rows = list(query.order_by(*_order(sort)).limit(limit + 1).offset(cursors.offset(cursor)))
    return *cursors.page(rows, limit, cursor), total


def _filtered(
    account_id: str, *, q: str | None, pinned: bool | None, media: str | None, captioned: bool | None
) -> "ModelSelect[Clip]":
    query = Clip.select().where(
        Clip.account_id == account_id, Clip.status == "available", Clip.pinned | (Clip.expires_at > store.now())
    )
    if q:
        query = query.where(Clip.title.contains(q) | Clip.file_name.contains(q))
    if pinned is not None:
        query = query.where(Clip.pinned == pinned)
    if captioned is not None:
        query = query.where(Clip.captioned == captioned)
    if media == "gif":
        query = query.where(Clip.format == "gif")
    elif media is not None:
        query = query.where(Clip.media_kind == media, Clip.format != "gif")
    return query


def _order(sort: str) -> tuple[Any, ...]:
    if sort == "name":
        return fn.LOWER(Clip.title), Clip.created_at.desc(), Clip.id
    return (Clip.created_at.asc(), Clip.id) if sort == "created_asc" else (Clip.created_at.desc(), Clip.id)


def changed_since(account_id: str, moment: float) -> list[Clip]:
    return list(Clip.select().where(Clip.account_id == account_id, Clip.changed > moment).order_by(Clip.changed))


# -- Changing ----------------------------------------------------------------------------------------------


def rename(account_id: str, clip_id: str, title: str) -> Clip:
    """Raises NotFound, InvalidRequest."""
    title = title.strip()
    if not 1 <= len(title) <= rules.MAX_CLIP_TITLE_CHARS:
        raise InvalidRequest(
            f"title has {len(title)} characters; use 1 to {rules.MAX_CLIP_TITLE_CHARS}.", param="title"
        )
    return change(get(account_id, clip_id), title=title)


def add_view(clip: Clip) -> Clip:
    return change(clip, views=Clip.views + 1)


def show_views(account_id: str, clip_id: str, *, is_visible: bool) -> Clip:
    """Raises NotFound."""
    return change(get(account_id, clip_id), view_count_visible=is_visible)


def note_download(key: str) -> None:
    """The bytes under `key` were downloaded: of a clip that came of an offered moment this is remembered."""
    kind, _, name = key.partition("/")
    clip_id = name.rsplit("/", 1)[-1].split(".")[0]
    if kind == "clips" and moments.has_deeds(clip_id):
        with store.write():
            moments.note_of_clip(clip_id, "downloaded")


def change(clip: Clip, **facts: Any) -> Clip:
    """The clip with other facts, so that who watches the library sees it."""
    with store.write():
        Clip.update(**facts, changed=time.time()).where(Clip.id == clip.id).execute()
    return Clip.get_by_id(clip.id)


def _is_over(clip: Clip) -> bool:
    return not clip.pinned and clip.expires_at < store.now()


# -- Showing -----------------------------------------------------------------------------------------------


def links(clip: Clip) -> dict[str, Any]:
    """Where a clip is reached: the fields that a job's answer shows too. All null once it is gone."""
    if clip.status != "available" or _is_over(clip):
        return dict.fromkeys(("download_url", "share_url", "embed_url"))
    url = store.blobs.get_url(
        clip.key, filename=clip.file_name, content_type=rules.CONTENT_TYPES[clip.format], ttl_s=rules.DOWNLOAD_LINK_S
    )
    return {"download_url": url, "share_url": f"/c/{clip.id}", "embed_url": f"/embed/{clip.id}"}


def stream_url(clip: Clip) -> str:
    """Where a player reads the clip, with ranges."""
    return store.blobs.get_url(
        clip.key,
        filename=clip.file_name,
        content_type=rules.CONTENT_TYPES[clip.format],
        ttl_s=rules.DOWNLOAD_LINK_S,
        inline=True,
    )


def poster_url(clip: Clip) -> str | None:
    if not clip.has_poster:
        return None
    return store.blobs.get_url(
        clip.poster_key, filename="poster.jpg", content_type="image/jpeg", ttl_s=rules.DOWNLOAD_LINK_S, inline=True
    )


def describe(clip: Clip) -> dict[str, Any]:
    """The clip as the library shows it. Source: backend-spec 2.3."""
    return {
        "clip_id": clip.id,
        "job_id": clip.job_id,
        "kind": clip.kind,
        "title": clip.title,
        "file_name": clip.file_name,
        "format": clip.format,
        "quality": clip.quality,
        "aspect_ratio": clip.aspect_ratio,
        "media_kind": clip.media_kind,
        "duration": round(clip.duration_s, 3),
        "size_bytes": clip.size_bytes,
        "source_file_id": clip.source_file_id,
        "start": clip.start_s,
        "end": clip.end_s,
        "captioned": clip.captioned,
        "pinned": clip.pinned,
        "views": clip.views,
        "view_count_visible": clip.view_count_visible,
        "thumbnail_url": poster_url(clip),
        **links(clip),
        "created_at": store.rfc3339(clip.created_at),
        "expires_at": None if clip.pinned else store.rfc3339(clip.expires_at),
    }
