from datetime import timedelta
from pathlib import Path

import pytest

from fastclip import library, retention, rules, store
from fastclip.accounts import Account
from fastclip.errors import InvalidRequest, NotAllowed, NotFound
from fastclip.library import Clip
from fastclip.settings import Settings
from tests.conftest import everything_kept
from tests.conftest import keep_clip as keep


@pytest.fixture(autouse=True)
def _opened(data: Settings) -> None: ...


def titles(account: Account, **filters: object) -> list[str]:
    return [clip.title for clip in library.listed(account.id, **{"limit": 50} | filters)[0]]


def age(clip: Clip, hours: float) -> None:
    Clip.update(expires_at=clip.expires_at - timedelta(hours=hours)).where(Clip.id == clip.id).execute()


# -- Keeping and showing -----------------------------------------------------------------------------------


def test_a_kept_clip_is_shown_with_every_field(owner: Account) -> None:
    clip = keep(owner)
    said = library.describe(library.get(owner.id, clip.id))
    assert set(said) >= set(
        "clip_id job_id title file_name format quality aspect_ratio duration size_bytes source_file_id start end "
        "captioned pinned views view_count_visible download_url thumbnail_url share_url embed_url created_at "
        "expires_at kind".split()
    )
    assert (said["duration"], said["size_bytes"], said["kind"], said["views"]) == (1.234, 4, "trim", 0)
    assert said["download_url"].startswith(f"/_s/{clip.key}?") and said["thumbnail_url"].startswith("/_s/")
    assert clip.expires_at - clip.created_at == pytest.approx(timedelta(hours=24), abs=timedelta(seconds=5))


def test_keeping_moves_the_bytes_out_of_the_temporary_folder(owner: Account, data: Settings) -> None:
    clip = keep(owner)
    assert everything_kept(data) == [f"blobs/{clip.poster_key}", f"blobs/{clip.key}"]


def test_the_clip_of_another_account_is_not_there(owner: Account, member: Account) -> None:
    clip = keep(owner)
    for act in (
        lambda: library.get(member.id, clip.id),
        lambda: library.rename(member.id, clip.id, "mine"),
        lambda: retention.pin(member.id, clip.id),
        lambda: retention.unpin(member.id, clip.id),
        lambda: retention.delete(member.id, clip.id),
    ):
        with pytest.raises(NotFound):
            act()
    assert titles(member) == [] and titles(owner) == ["Opening"]


# -- Listing -----------------------------------------------------------------------------------------------


def test_pages_hold_every_clip_once(owner: Account) -> None:
    made = [keep(owner, f"clip {n}").title for n in range(7)]
    seen, cursor = [], None
    while True:
        page, cursor, total = library.listed(owner.id, limit=3, cursor=cursor)
        assert total == 7
        seen += [clip.title for clip in page]
        if cursor is None:
            break
    assert seen == made[::-1]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["Zebra song", "animals", "Loop", "Opening"]),
        ({"sort": "created_asc"}, ["Opening", "Loop", "animals", "Zebra song"]),
        ({"sort": "name"}, ["animals", "Loop", "Opening", "Zebra song"]),
        ({"q": "o"}, ["Zebra song", "Loop", "Opening"]),
        ({"q": "ZEBRA"}, ["Zebra song"]),
        ({"q": ".gif"}, ["Loop"]),
        ({"q": "nothing"}, []),
        ({"media": "video"}, ["animals", "Opening"]),
        ({"media": "audio"}, ["Zebra song"]),
        ({"media": "gif"}, ["Loop"]),
        ({"pinned": True}, ["animals"]),
        ({"pinned": False, "media": "video"}, ["Opening"]),
        ({"captioned": True}, []),
    ],
)
def test_a_library_is_filtered_and_sorted(owner: Account, filters: dict[str, object], found: list[str]) -> None:
    keep(owner, "Opening")
    keep(owner, "Loop", "gif")
    retention.pin(owner.id, keep(owner, "animals").id)
    keep(owner, "Zebra song", "mp3")
    assert titles(owner, **filters) == found
    assert library.listed(owner.id, limit=1, **filters)[2] == len(found)


@pytest.mark.parametrize("cursor", ["-1", "x", "1.5", "9" * 10, "²"])
def test_a_cursor_that_no_list_gave_out_is_refused(owner: Account, cursor: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        library.listed(owner.id, limit=1, cursor=cursor)
    assert refusal.value.param == "cursor"


# -- Changing ----------------------------------------------------------------------------------------------


def test_a_clip_is_renamed_without_spaces_around(owner: Account) -> None:
    clip = keep(owner)
    assert library.rename(owner.id, clip.id, "  The end  ").title == "The end"
    assert library.rename(owner.id, clip.id, "ü" * 200).title == "ü" * 200


@pytest.mark.parametrize("title", ["", "   ", "n" * 201])
def test_a_title_has_1_to_200_characters(owner: Account, title: str) -> None:
    clip = keep(owner)
    with pytest.raises(InvalidRequest) as refusal:
        library.rename(owner.id, clip.id, title)
    assert refusal.value.param == "title" and titles(owner) == ["Opening"]


def test_a_pinned_clip_does_not_expire_and_an_unpinned_one_has_24_hours_again(owner: Account) -> None:
    clip = keep(owner)
    for _ in range(2):
        assert library.describe(retention.pin(owner.id, clip.id))["expires_at"] is None
    age(clip, 48)
    assert retention.expire() == [] and library.get(owner.id, clip.id)
    for _ in range(2):
        unpinned = retention.unpin(owner.id, clip.id)
        assert not unpinned.pinned and unpinned.expires_at > store.now() + timedelta(hours=23)


def test_pinning_counts_against_the_quota_of_its_account_alone(
    owner: Account, member: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "GB", 1)  # 10 bytes are included
    fits, too_much, others = keep(owner), keep(owner), keep(member)
    Clip.update(size_bytes=6).execute()
    retention.pin(owner.id, fits.id)
    assert retention.used_bytes(owner.id) == 6
    with pytest.raises(NotAllowed) as refusal:
        retention.pin(owner.id, too_much.id)
    assert refusal.value.code == "storage_quota_exceeded" and retention.used_bytes(owner.id) == 6
    retention.pin(member.id, others.id)
    retention.unpin(owner.id, fits.id)
    retention.pin(owner.id, too_much.id)


def test_a_deleted_clip_is_gone_with_its_bytes(owner: Account, data: Settings) -> None:
    clip = keep(owner)
    retention.pin(owner.id, clip.id)
    retention.delete(owner.id, clip.id)
    assert titles(owner) == [] and everything_kept(data) == [] and retention.used_bytes(owner.id) == 0
    with pytest.raises(NotFound):
        retention.delete(owner.id, clip.id)


def test_many_are_deleted_and_those_that_are_not_there_are_named(owner: Account, member: Account) -> None:
    mine, also_mine, others = keep(owner, "a"), keep(owner, "b"), keep(member, "c")
    deleted, missing = retention.delete_many(owner.id, [mine.id, others.id, "none", also_mine.id])
    assert (deleted, missing) == ([mine.id, also_mine.id], [others.id, "none"])
    assert titles(member) == ["c"]


# -- Expiring ----------------------------------------------------------------------------------------------


def test_a_clip_is_not_there_from_its_last_second_on_and_its_bytes_go_with_the_sweep(
    owner: Account, data: Settings
) -> None:
    clip = keep(owner)
    age(clip, 23.99)
    assert titles(owner) == ["Opening"]
    age(clip, 24.01)
    assert titles(owner) == []
    with pytest.raises(NotFound):
        library.get(owner.id, clip.id)
    assert [one.id for one in retention.expire()] == [clip.id]
    assert everything_kept(data) == [] and retention.expire() == []
    assert Clip.get_by_id(clip.id).status == "expired"


def test_an_expired_clip_is_remembered_for_a_month(owner: Account) -> None:
    clip = keep(owner)
    age(clip, 24 * 29)
    retention.expire()
    assert Clip.select().count() == 1
    age(clip, 24 * 32)
    retention.expire()
    assert Clip.select().count() == 0


def test_what_changed_is_told_to_its_account_only(owner: Account, member: Account) -> None:
    clip = keep(owner)
    moment = Clip.get_by_id(clip.id).changed
    library.rename(owner.id, clip.id, "The end")
    assert [one.id for one in library.changed_since(owner.id, moment)] == [clip.id]
    assert library.changed_since(member.id, 0) == []


def test_a_clip_that_will_not_be_listed_leaves_no_bytes(owner: Account, data: Settings, tmp_path: Path) -> None:
    library.drop(keep(owner))
    assert everything_kept(data) == []
