"""Clips that anybody with the link may watch: what the public sees, and views that are counted once a visitor.

Sources: API reference, "Clip Library and Share"; backend-spec 2.3.
"""

import hashlib
import hmac
from typing import Any

from peewee import CharField, DateTimeField

from fastclip import library, store
from fastclip.errors import NotFound
from fastclip.library import Clip
from fastclip.store import Row


class ClipView(Row):
    """One visitor of one clip. Who it was cannot be told from it."""

    clip_id = CharField()
    visitor = CharField()
    created_at = DateTimeField(default=store.now)

    class Meta:
        indexes = ((("clip_id", "visitor"), True),)


def find(clip_id: str) -> Clip:
    """A clip that can be watched. Raises NotFound, also when it expired (A19)."""
    clip = library.available(clip_id)
    if clip is None:
        raise NotFound("This clip is no longer here; it was deleted, or it expired.")
    return clip


def describe(clip: Clip) -> dict[str, Any]:
    """What anybody may know: no owner, no source, no account."""
    return {
        "clip_id": clip.id,
        "title": clip.title,
        "format": clip.format,
        "media_kind": clip.media_kind,
        "duration": round(clip.duration_s, 3),
        "aspect_ratio": clip.aspect_ratio,
        "stream_url": library.stream_url(clip),
        "download_url": library.links(clip)["download_url"],
        "embed_url": f"/embed/{clip.id}",
        "thumbnail_url": library.poster_url(clip),
        "views": shown_views(clip),
        "view_count_visible": clip.view_count_visible,
        "created_at": store.rfc3339(clip.created_at),
        "expires_at": None if clip.pinned else store.rfc3339(clip.expires_at),
    }


def viewer_state(clip: Clip, account_id: str) -> dict[str, Any]:
    """What the account that looks at a clip may do with it; another's tells no more than the public sees."""
    is_owner = clip.account_id == account_id
    return {
        "is_owner": is_owner,
        "can_edit": is_owner,
        "pinned": clip.pinned if is_owner else None,
        "view_count_visible": clip.view_count_visible,
        "views": clip.views if is_owner else shown_views(clip),
        "expires_at": None if clip.pinned else store.rfc3339(clip.expires_at),
    }


def count(
    clip: Clip, *, visitor_id: str | None, ip: str, user_agent: str, viewer_id: str | None, secret: bytes
) -> tuple[bool, Clip]:
    """Count one view, once a visitor for the clip's life: (whether it counted, the clip afterwards).

    visitor_id: what the visitor's browser calls itself; without one it is the address and the browser's name.
    viewer_id: the account that watches, whose own clips do not count.
    """
    if viewer_id == clip.account_id:
        return False, clip
    who = f"id\n{visitor_id}" if visitor_id else f"at\n{ip}\n{user_agent}"
    visitor = hmac.new(secret, f"{clip.id}\n{who}".encode(), hashlib.sha256).hexdigest()
    with store.write():
        seen = ClipView.insert(clip_id=clip.id, visitor=visitor).on_conflict_ignore().as_rowcount().execute()
        return (True, library.add_view(clip)) if seen else (False, Clip.get_by_id(clip.id))


def show_views(account_id: str, clip_id: str, *, is_visible: bool) -> Clip:
    """Whether visitors see how many there were. Raises NotFound, also for another's clip."""
    return library.show_views(account_id, clip_id, is_visible=is_visible)


def forget() -> None:
    """Forget the visitors of clips that are no longer there. For the daily sweep."""
    with store.write():
        alive = Clip.select(Clip.id).where(Clip.status == "available")
        ClipView.delete().where(ClipView.clip_id.not_in(alive)).execute()


def shown_views(clip: Clip) -> int | None:
    return clip.views if clip.view_count_visible else None
