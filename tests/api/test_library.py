"""What the library's routes do over HTTP, beside the rules that `test_library.py` tries."""

from fastclip import accounts
from tests.api.conftest import Site
from tests.conftest import keep_clip


def test_a_pinned_clip_is_unpinned_and_clips_are_deleted_together(site: Site) -> None:
    clip = keep_clip(accounts.by_id(site.owner_id))
    with site.with_key() as client:
        assert client.post(f"/v1/clips/{clip.id}/pin").json()["expires_at"] is None
        assert client.post(f"/v1/clips/{clip.id}/unpin").json()["pinned"] is False
        unknown = clip.id[:-1] + ("0" if clip.id[-1] != "0" else "1")
        deleted = client.post("/v1/clips/bulk-delete", json={"clip_ids": [clip.id, unknown]})
        assert deleted.json() == {"deleted": [clip.id], "not_found": [unknown]}
        twice = client.post("/v1/clips/bulk-delete", json={"clip_ids": [unknown, unknown]})
        assert twice.status_code == 400 and twice.json()["param"] == "clip_ids"
