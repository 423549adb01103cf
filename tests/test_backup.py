"""Copies of an installation: taken while others write, and opened again somewhere else."""

import sqlite3
import threading
from pathlib import Path

import pytest

from fastclip import accounts, backup, library, retention, sessions, settings, store, worker
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.errors import Conflict, InvalidRequest
from fastclip.library import Clip
from fastclip.settings import Settings
from tests.conftest import PASSWORD, keep_clip


def gift(account: Account, n: int) -> None:
    with store.write():
        ledger.credit(account.id, "grant", 1, key=f"grant:{n}")


def test_a_backup_under_load_opens_elsewhere_with_its_books_in_order(
    data: Settings, owner: Account, member: Account, tmp_path: Path
) -> None:
    clip, stopping = keep_clip(member), threading.Event()
    (data.data_dir / "settings.toml").write_text("language_model_s = 60\n")

    def spend() -> None:
        for n in range(100_000):
            if stopping.is_set():
                break
            gift(member, n)
        store.db.close()

    busy = threading.Thread(target=spend)
    busy.start()
    try:
        saved = backup.save(data, tmp_path / "copy")
    finally:
        stopping.set()
        busy.join()
    assert saved.files == 2 and saved.files_bytes == len(b"film") + len(b"poster") and saved.with_secrets
    store.close()
    copy = settings.load(tmp_path / "copy", queue="memory://")
    assert copy.language_model_s == 60
    store.open(copy)
    assert store.db.execute_sql("PRAGMA integrity_check").fetchone() == ("ok",)
    booked = sum(entry.d_balance_cents for entry in ledger.LedgerEntry.select())
    assert accounts.by_id(member.id).balance_cents == booked
    with store.blobs.lease(Clip.get_by_id(clip.id).key) as path:
        assert path.read_bytes() == b"film"
    assert sessions.sign_in("member@example.org", PASSWORD)
    assert library.links(Clip.get_by_id(clip.id))["download_url"]


def test_a_second_backup_follows_the_first(data: Settings, member: Account, tmp_path: Path) -> None:
    first, second = keep_clip(member, "one"), None
    backup.save(data, tmp_path / "copy")
    second = keep_clip(member, "two")
    retention.delete(member.id, first.id)
    backup.save(data, tmp_path / "copy")
    names = {path.name for path in (tmp_path / "copy" / "blobs").rglob("*") if path.is_file()}
    assert names == {f"{second.id}.mp4", f"{second.id}.jpg"}


def test_a_backup_overwrites_nothing_else(data: Settings, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    for folder in (tmp_path / "mine", data.data_dir / "copy", data.data_dir):
        with pytest.raises(InvalidRequest):
            backup.save(data, folder)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "keep me"


def test_rows_are_copied_every_day_and_fourteen_copies_are_kept(data: Settings, owner: Account) -> None:
    worker.tidy()
    worker.tidy()
    assert len(backup.describe(data.data_dir)["data"]) == 1
    for _ in range(backup.KEPT + 1):
        newest = backup.make(data.data_dir)
    copies = backup.describe(data.data_dir)["data"]
    assert len(copies) == backup.KEPT and copies[0]["file"] == str(newest)
    assert newest.stat().st_mode & 0o777 == 0o600
    rows = sqlite3.connect(newest)
    assert rows.execute("select email from account").fetchall() == [("owner@example.org",)]
    rows.close()


def test_rows_on_a_database_server_are_not_copied_here(
    data: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(store, "is_embedded", lambda: False)
    backup.make_daily(data.data_dir)
    assert backup.describe(data.data_dir)["is_possible"] is False
    with pytest.raises(Conflict, match="pg_dump"):
        backup.save(data, tmp_path / "copy")
