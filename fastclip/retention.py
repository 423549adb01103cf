"""How long a clip stays: pinned against a quota, deleted, expired, its bytes swept.

The life of a clip (backend-spec 3): available for 24 hours <-> pinned; available -> expired, its row kept 30 days
without bytes; any -> deleted. Source: API reference, "Clip Library and Share".
"""

from datetime import timedelta

from peewee import fn

from fastclip import library, moments, rules, store, webhooks
from fastclip.billing import storage
from fastclip.errors import NotAllowed, NotFound
from fastclip.library import Clip

# -- Keeping -----------------------------------------------------------------------------------------------


def pin(account_id: str, clip_id: str, *, beside_bytes: int = 0) -> Clip:
    """Keep a clip until it is unpinned. Raises NotFound, NotAllowed (storage_quota_exceeded).

    beside_bytes: what else counts against the account's storage (its fonts).
    """
    with store.write():
        clip = library.get(account_id, clip_id)
        if clip.pinned:
            return clip
        used, quota = used_bytes(account_id) + beside_bytes, storage.quota_bytes(account_id)
        if used + clip.size_bytes > quota:
            raise NotAllowed(
                f"Pinning this needs {(used + clip.size_bytes) / rules.GB:.2f} GB of your {quota / rules.GB:.0f} GB; "
                "unpin or delete a clip, or buy more storage.",
                code="storage_quota_exceeded",
            )
        moments.note_of_clip(clip.id, "pinned")
        return library.change(clip, pinned=True)


def unpin(account_id: str, clip_id: str) -> Clip:
    """Let a clip expire 24 hours from now. Raises NotFound."""
    clip = library.get(account_id, clip_id)
    return (
        library.change(clip, pinned=False, expires_at=store.now() + timedelta(seconds=rules.CLIP_KEPT_S))
        if clip.pinned
        else clip
    )


def used_bytes(account_id: str) -> int:
    """What counts against the storage quota: pinned clips (A23)."""
    pinned = Clip.select(fn.SUM(Clip.size_bytes)).where(
        Clip.account_id == account_id, Clip.pinned, Clip.status == "available"
    )
    return int(pinned.scalar() or 0)


def temporary_bytes(account_id: str) -> int:
    """What clips take that expire by themselves."""
    unpinned = Clip.select(fn.SUM(Clip.size_bytes)).where(
        Clip.account_id == account_id, ~Clip.pinned, Clip.status == "available"
    )
    return int(unpinned.scalar() or 0)


# -- Ending ------------------------------------------------------------------------------------------------


def delete(account_id: str, clip_id: str) -> None:
    """Raises NotFound, also the second time."""
    clip = library.get(account_id, clip_id)
    with store.write():
        moments.note_of_clip(clip.id, "deleted")
        library.change(clip, status="deleted", pinned=False)
    library.drop(clip)


def delete_many(account_id: str, clip_ids: list[str]) -> tuple[list[str], list[str]]:
    """(deleted, not found)."""
    deleted, missing = [], []
    for clip_id in clip_ids:
        try:
            delete(account_id, clip_id)
            deleted.append(clip_id)
        except NotFound:
            missing.append(clip_id)
    return deleted, missing


def forget(account_id: str) -> None:
    """Delete every clip of an account that is closed, and forget what they were called."""
    for clip in list(Clip.select().where(Clip.account_id == account_id, Clip.status == "available")):
        library.change(clip, status="deleted", pinned=False)
        library.drop(clip)
    with store.write():
        Clip.update(title="", file_name="").where(Clip.account_id == account_id).execute()


def expire() -> list[Clip]:
    """End clips whose time is over, and forget those that ended a month ago. For the sweep."""
    due = list(Clip.select().where(Clip.status == "available", ~Clip.pinned, Clip.expires_at < store.now()))
    for clip in due:
        with store.write():
            ended = library.change(clip, status="expired")
            said = {"clip_id": clip.id, "title": clip.title, "expired_at": store.rfc3339(ended.expires_at)}
            webhooks.announce(clip.account_id, "clip.expired", said)
        library.drop(clip)
    long_ago = store.now() - timedelta(seconds=rules.CLIP_TOMBSTONE_S)
    with store.write():
        Clip.delete().where(Clip.status.in_(("expired", "deleted")), Clip.expires_at < long_ago).execute()
    return due


def drop_orphans() -> None:
    """Delete bytes that no clip points at: their writer died before the row was there. For the daily sweep."""
    for key in store.blobs.keys("clips/", older_than_s=rules.DAY):
        clip_id = key.rsplit("/", 1)[-1].split(".")[0]
        if not Clip.select().where(Clip.id == clip_id, Clip.status == "available").exists():
            store.blobs.delete(key)
