import threading
from datetime import datetime

import pytest
from peewee import OperationalError

from fastclip import accounts, store
from fastclip.accounts import Account
from fastclip.errors import InvalidRequest, Unavailable
from fastclip.settings import Settings
from fastclip.store.db import DISK_FULL, connect
from tests.billing.machine import new_account


def names() -> set[str]:
    return {account.name for account in Account.select()}


def rename(account: Account, name: str) -> None:
    Account.update(name=name).where(Account.id == account.id).execute()


def test_a_write_that_raises_changes_nothing(data: Settings) -> None:
    account = new_account()
    with pytest.raises(ZeroDivisionError), store.write():
        rename(account, "changed")
        raise ZeroDivisionError
    assert names() == {""}


def test_an_inner_write_belongs_to_the_outer_one(data: Settings) -> None:
    account = new_account()
    with pytest.raises(ZeroDivisionError), store.write():
        with store.write():
            rename(account, "changed")
        raise ZeroDivisionError
    assert names() == {""}


def test_writing_goes_on_after_a_write_that_raised(data: Settings) -> None:
    account = new_account()
    with pytest.raises(ZeroDivisionError), store.write():
        raise ZeroDivisionError
    with store.write():
        rename(account, "changed")
    assert names() == {"changed"}


def test_a_reader_sees_nothing_of_an_unfinished_write(data: Settings) -> None:
    account = new_account()
    seen: list[set[str]] = []
    with store.write():
        rename(account, "changed")
        reader = threading.Thread(target=lambda: seen.append(names()))
        reader.start()
        reader.join()
    assert (seen, names()) == ([{""}], {"changed"})


def test_one_writer_at_a_time(data: Settings) -> None:
    account = new_account()

    def count_up() -> None:
        for _ in range(25):
            with store.write():
                rename(account, str(int(Account.get_by_id(account.id).name or 0) + 1))

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names() == {"200"}


def test_a_full_disk_is_said_and_does_no_harm(data: Settings) -> None:
    account = new_account()
    (pages,) = store.db.execute_sql("PRAGMA page_count").fetchone()
    store.db.execute_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unavailable) as refusal, store.write():
        rename(account, "x" * 500_000)
    assert (refusal.value.code, refusal.value.message) == ("insufficient_storage", DISK_FULL)
    store.db.execute_sql("PRAGMA max_page_count = 1000000")
    with store.write():
        rename(account, "room again")
    assert names() == {"room again"}
    assert store.db.execute_sql("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_error_that_is_not_a_full_disk_stays_what_it_is(data: Settings) -> None:
    with pytest.raises(OperationalError, match="no such table"), store.write():
        store.db.execute_sql("SELECT * FROM nowhere")


def test_a_commit_is_on_the_disk_before_it_is_told(data: Settings) -> None:
    assert store.db.execute_sql("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store.db.execute_sql("PRAGMA synchronous").fetchone() == (2,)


def test_nobody_else_may_read_the_rows(data: Settings) -> None:
    new_account()
    assert [path.name for path in data.data_dir.glob("fastclip.db*") if path.stat().st_mode & 0o077] in (
        [],
        ["fastclip.db.lock"],
    )


def test_a_database_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"begins mysql://; use sqlite:// or postgresql://"):
        connect("mysql://localhost/fastclip")


def test_bytes_that_are_not_kept_in_a_folder_are_refused(data: Settings) -> None:
    with pytest.raises(InvalidRequest, match="begins s3://; this version stores bytes in a folder only"):
        store.open(Settings(data_dir=data.data_dir, blobs="s3://bucket", queue="memory://"))


def test_the_data_folder_may_have_any_name(tmp_path) -> None:
    folder = tmp_path / "Müllers 50% Ecke #1 ?"
    folder.mkdir()
    store.open(Settings(data_dir=folder, secrets="file"))
    account = accounts.add("owner@example.org", "correct horse battery", role="owner")
    store.close()
    assert (folder / "fastclip.db").stat().st_size > 0 and (folder / "queue.db").exists()
    assert account.role == "owner" and (folder / "blobs").is_dir()


def test_ids_are_long_and_never_the_same() -> None:
    made = {store.new_id("job_") for _ in range(1000)}
    assert len(made) == 1000
    assert {len(one) for one in made} == {20}
    assert store.new_id("upl_", chars=12, alphabet=store.HEX)[4:].strip("0123456789abcdef") == ""


def test_moments_are_shown_in_utc_without_fractions() -> None:
    assert store.rfc3339(datetime(2026, 4, 19, 10, 0, 0, 999_999)) == "2026-04-19T10:00:00Z"
    assert store.rfc3339(None) is None
    assert store.now().tzinfo is None
