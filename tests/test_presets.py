"""How much an account may keep of presets and fonts, and what is left of them when it is closed."""

import json
from pathlib import Path

import pytest

from fastclip import presets, rules, store
from fastclip.accounts import Account
from fastclip.errors import Conflict, NotAllowed
from fastclip.presets import CaptionFont, CaptionPreset

HOOK = "builtin:bold-hook"


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(presets.fonts.catalogue()["Anton"].path.read_bytes())
    return path


def font(account_id: str, n: int, size_bytes: int = 1) -> None:
    CaptionFont.create(
        id=f"font_{n}", account_id=account_id, name="x", style="", weight=400, format="ttf", size_bytes=size_bytes
    )


def test_one_more_preset_than_an_account_may_have_is_refused(owner: Account, member: Account) -> None:
    style = json.dumps(presets.frozen(owner.id, HOOK))
    rows = [
        {"id": f"cap_preset_{n}", "account_id": owner.id, "name": f"Mine {n}", "style": style}
        for n in range(rules.MAX_PRESETS)
    ]
    with store.write():
        CaptionPreset.insert_many(rows).execute()
    with pytest.raises(Conflict, match="delete one first") as refused:
        presets.add(owner.id, "One more", HOOK, {})
    assert refused.value.code == "limit_reached"
    presets.add(member.id, "One more", HOOK, {})
    presets.delete(owner.id, "cap_preset_0")
    presets.add(owner.id, "One more", HOOK, {})


def test_one_more_font_than_an_account_may_have_is_refused_and_so_is_one_without_room(
    owner: Account, upload: Path
) -> None:
    font(owner.id, 0, size_bytes=rules.INCLUDED_STORAGE_GB * rules.GB)
    with pytest.raises(NotAllowed) as full:
        presets.add_font(owner.id, "Mine.ttf", upload)
    assert full.value.code == "storage_quota_exceeded"
    CaptionFont.update(size_bytes=1).execute()
    for n in range(1, rules.MAX_FONTS):
        font(owner.id, n)
    with pytest.raises(Conflict, match="delete one first") as refused:
        presets.add_font(owner.id, "Mine.ttf", upload)
    assert refused.value.code == "limit_reached"


def test_a_closed_account_leaves_no_preset_and_no_font(owner: Account, member: Account, upload: Path) -> None:
    kept = presets.add(member.id, "Stays", HOOK, {})
    presets.add(owner.id, "Goes", HOOK, {})
    key = presets.add_font(owner.id, "Mine.ttf", upload).key
    presets.forget(owner.id)
    assert presets.listed(owner.id, "custom") == [] and presets.fonts_of(owner.id) == []
    assert key not in list(store.blobs.keys("fonts/", older_than_s=0))
    assert [one["name"] for one in presets.listed(member.id, "custom")] == [kept.name]
