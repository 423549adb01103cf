"""Shared clips over HTTP: what the public sees, views counted once, and what only the clip's owner decides."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from fastclip import accounts, retention, share, store
from fastclip.library import Clip
from tests.api.conftest import Site
from tests.conftest import keep_clip

PUBLIC = (
    "clip_id title format media_kind duration aspect_ratio stream_url download_url embed_url thumbnail_url views "
    "view_count_visible created_at expires_at"
)
NOBODYS = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def clip(site: Site) -> Clip:
    return keep_clip(accounts.by_id(site.owner_id), title="Launch")


@pytest.fixture
def visitor(site: Site) -> Iterator[httpx.Client]:
    with site.client(**{"User-Agent": store.new_id("Browser ")}) as opened:
        yield opened


def expire(clip: Clip) -> None:
    Clip.update(expires_at=store.now() - timedelta(seconds=1)).where(Clip.id == clip.id).execute()


def test_anybody_sees_the_public_fields_and_no_more(clip: Clip, visitor: httpx.Client) -> None:
    said = visitor.get(f"/v1/share/{clip.id}").raise_for_status().json()
    assert set(said) == set(PUBLIC.split())
    assert (said["title"], said["format"], said["views"], said["embed_url"]) == (
        "Launch",
        "mp4",
        0,
        f"/embed/{clip.id}",
    )
    assert clip.account_id not in str(said) and clip.source_file_id not in str(said)
    part = visitor.get(said["stream_url"], headers={"Range": "bytes=1-2"})
    assert (part.status_code, part.content, part.headers["content-disposition"][:6]) == (206, b"il", "inline")
    assert visitor.get(said["download_url"]).headers["content-disposition"].startswith("attachment")


def test_a_clip_that_is_over_is_not_there_for_anybody(site: Site, clip: Clip, visitor: httpx.Client) -> None:
    expire(clip)
    with site.with_key() as owner:
        answers = [
            visitor.get(f"/v1/share/{clip.id}"),
            visitor.post(f"/v1/share/{clip.id}/view", json={}),
            owner.get(f"/v1/share/{clip.id}/viewer-state"),
            owner.patch(f"/v1/share/{clip.id}/view-count-visibility", json={"visible": False}),
            visitor.get(f"/v1/share/{NOBODYS}"),
        ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "not_found")}


def test_a_view_is_counted_once_a_visitor(site: Site, clip: Clip, visitor: httpx.Client) -> None:
    path = f"/v1/share/{clip.id}/view"
    views = [visitor.post(path, json={"visitor_id": who}).json() for who in ("visitor-1", "visitor-1", "visitor-2")]
    assert views == [
        {"counted": True, "views": 1},
        {"counted": False, "views": 1},
        {"counted": True, "views": 2},
    ]
    unnamed = [visitor.post(path).json()["counted"], visitor.post(path, json={}).json()["counted"]]
    assert unnamed == [True, False], "without a name it is the address and the browser"
    with site.client(**{"User-Agent": "Another browser"}) as other:
        assert other.post(path).json() == {"counted": True, "views": 4}
    kept = [row.visitor for row in share.ClipView.select().where(share.ClipView.clip_id == clip.id)]
    assert len(kept) == 4 and not [row for row in kept if "visitor" in row or "127.0.0.1" in row]


def test_the_owner_of_a_clip_is_no_viewer_but_other_members_are(site: Site, clip: Clip) -> None:
    path = f"/v1/share/{clip.id}/view"
    with site.signed_in() as owner, site.with_key() as script, site.signed_in("member@example.org") as member:
        assert owner.post(path, json={"visitor_id": "the-owner"}).json() == {"counted": False, "views": 0}
        assert script.post(path).json()["counted"] is False
        assert member.post(path).json() == {"counted": True, "views": 1}


@pytest.mark.parametrize("visitor_id", ["short", "x" * 65, "with space", "<script>1", 12345678])
def test_a_visitors_name_of_another_shape_is_refused(clip: Clip, visitor: httpx.Client, visitor_id) -> None:
    answer = visitor.post(f"/v1/share/{clip.id}/view", json={"visitor_id": visitor_id})
    assert (answer.status_code, answer.json()["param"]) == (400, "visitor_id")


def test_the_owner_hides_how_many_watched(site: Site, clip: Clip, visitor: httpx.Client) -> None:
    visitor.post(f"/v1/share/{clip.id}/view").raise_for_status()
    path = f"/v1/share/{clip.id}/view-count-visibility"
    with site.signed_in() as owner, site.signed_in("member@example.org") as member:
        assert member.patch(path, json={"visible": False}).status_code == 404
        assert owner.patch(path, json={"visible": "no"}).status_code == 400
        hidden = owner.patch(path, json={"visible": False})
        assert hidden.json() == {"clip_id": clip.id, "view_count_visible": False}
        assert visitor.get(f"/v1/share/{clip.id}").json()["views"] is None
        assert visitor.post(f"/v1/share/{clip.id}/view").json() == {"counted": False, "views": None}
        assert owner.get(f"/v1/share/{clip.id}/viewer-state").json()["views"] == 1
        assert member.get(f"/v1/share/{clip.id}/viewer-state").json()["views"] is None


def test_viewer_state_tells_others_than_the_owner_nothing_more_than_the_public_sees(site: Site, clip: Clip) -> None:
    retention.pin(clip.account_id, clip.id)
    path = f"/v1/share/{clip.id}/viewer-state"
    with site.with_key() as owner, site.signed_in("member@example.org") as member, site.client() as nobody:
        assert owner.get(path).json() == {
            "is_owner": True,
            "can_edit": True,
            "pinned": True,
            "view_count_visible": True,
            "views": 0,
            "expires_at": None,
        }
        seen = member.get(path).json()
        assert (seen["is_owner"], seen["can_edit"], seen["pinned"]) == (False, False, None)
        assert nobody.get(path).status_code == 401


def test_visitors_of_clips_that_are_gone_are_forgotten(site: Site, clip: Clip, visitor: httpx.Client) -> None:
    other = keep_clip(accounts.by_id(site.owner_id))
    for one in (clip, other):
        visitor.post(f"/v1/share/{one.id}/view").raise_for_status()
    retention.delete(clip.account_id, clip.id)
    share.forget()
    left = {row.clip_id for row in share.ClipView.select()}
    assert other.id in left and clip.id not in left
