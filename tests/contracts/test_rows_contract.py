"""What every database behind `store.write` promises: the tables, the money in them and the claims on work."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test
from peewee import DatabaseError, IntegrityError
from playhouse.schema_diff import diff_models

from fastclip import intake, jobs, leases, library, settings, store, uploads, worker
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.billing.ledger import LedgerEntry
from fastclip.errors import Conflict, InsufficientBalance, InvalidRequest
from fastclip.jobs import Made
from fastclip.settings import Settings
from fastclip.store import Row, migrations
from tests.billing.machine import LedgerMachine, check_books, new_account


def at_once(threads: int, act: Callable[[int], Any]) -> list[Any]:
    """What `act(n)` answered in each thread, or the refusal it raised; all begin together."""
    start, answers = threading.Barrier(threads), [None] * threads

    def run(n: int) -> None:
        start.wait()
        try:
            answers[n] = act(n)
        except (Conflict, InsufficientBalance) as refusal:
            answers[n] = refusal
        finally:
            store.db.close()

    started = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return answers


class WhatEveryDatabasePromises:
    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def opened(self, url: str, tmp_path: Path) -> Iterator[Settings]:
        loaded = settings.load(tmp_path / "data", database=url, queue="memory://")
        store.open(loaded)
        yield loaded
        store.close()

    @pytest.fixture
    def account(self, opened: Settings) -> Account:
        account = new_account()
        ledger.grant_signup_credit(account.id)
        return account

    def test_the_migrated_tables_are_those_of_the_models(self, opened: Settings) -> None:
        assert not diff_models(store.db.obj, Row.__subclasses__())

    def test_a_migration_that_fails_leaves_the_tables_as_they_were(
        self, opened: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for path in Path(migrations.__file__).parent.glob("[0-9]*.py"):
            (tmp_path / path.name).write_text(path.read_text("utf-8"))
        (tmp_path / "0099_breaks.py").write_text(
            "from peewee import CharField\n\n"
            "def up(migrator, db):\n"
            "    migrator.migrate(migrator.add_column('account', 'colour', CharField(default='blue')))\n"
            "    raise RuntimeError('half way')\n"
        )
        monkeypatch.setattr(migrations, "_FOLDER", tmp_path)
        with pytest.raises(RuntimeError, match="half way"):
            migrations.up(opened)
        assert not diff_models(store.db.obj, Row.__subclasses__())

    def test_data_of_a_newer_version_is_refused(
        self, opened: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(migrations, "_FOLDER", tmp_path / "none")
        with pytest.raises(InvalidRequest, match="written by a newer FastClip"):
            migrations.up(opened)

    def test_a_write_that_raises_changes_nothing(self, account: Account) -> None:
        with pytest.raises(ZeroDivisionError), store.write():
            with store.write():
                ledger.reserve(account, 2, "job_1")
            raise ZeroDivisionError
        assert ledger.balance(account.id) == (100, 0)

    def test_fifty_requests_at_once_on_ten_trims_worth_get_exactly_ten(self, opened: Settings) -> None:
        account = new_account()
        with store.write():
            ledger.credit(account.id, "grant", 20, key="grant:1")

        def reserve(n: int) -> None:
            with store.write():
                ledger.reserve(account, 2, f"job_{n}")

        refusals = [answer for answer in at_once(50, reserve) if answer]
        assert [type(refusal) for refusal in refusals] == [InsufficientBalance] * 40
        assert ledger.balance(account.id) == (0, 20)
        check_books(account.id)

    def test_a_hold_that_many_settle_at_once_settles_once(self, account: Account) -> None:
        with store.write():
            ledger.reserve(account, 10, "job_1")

        def settle(n: int) -> bool:
            with store.write():
                return ledger.settle("job_1", n)

        assert sum(at_once(8, settle)) == 1
        check_books(account.id)

    def test_the_house_pays_each_shortfall_once_when_many_ask_at_once(self, opened: Settings) -> None:
        account = new_account(is_covered=True)

        def reserve(n: int) -> None:
            with store.write():
                ledger.reserve(account, 3, f"job_{n}")

        assert at_once(8, reserve) == [None] * 8
        assert ledger.balance(account.id) == (0, 24)
        check_books(account.id)

    def test_a_credit_that_many_ask_for_at_once_is_given_once(self, opened: Settings) -> None:
        account = new_account()
        answers = at_once(8, lambda n: ledger.grant_signup_credit(account.id))
        assert sorted(map(type, answers), key=str) == sorted([int] + [Conflict] * 7, key=str)
        assert ledger.balance(account.id) == (100, 0)
        check_books(account.id)

    def test_the_books_add_up_whatever_happens(self, opened: Settings) -> None:
        run_state_machine_as_test(
            LedgerMachine, settings=hypothesis_settings(max_examples=8, stateful_step_count=20, deadline=None)
        )

    @pytest.mark.slow
    def test_the_books_add_up_over_25000_steps(self, opened: Settings) -> None:
        run_state_machine_as_test(
            LedgerMachine, settings=hypothesis_settings(max_examples=500, stateful_step_count=50, deadline=None)
        )

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE ledger_entry SET d_balance_cents = 9",
            "DELETE FROM ledger_entry",
            "UPDATE account SET balance_cents = -1",
            "UPDATE account SET reserved_cents = -1",
            "UPDATE hold SET amount_cents = -1",
        ],
    )
    def test_the_books_cannot_be_falsified(self, account: Account, change: str) -> None:
        with store.write():
            ledger.reserve(account, 2, "job_1")
        with pytest.raises(DatabaseError), store.write():
            store.db.execute_sql(change)
        check_books(account.id)

    def test_a_ledger_key_counts_once(self, account: Account) -> None:
        row = LedgerEntry.get(LedgerEntry.account_id == account.id)
        with pytest.raises(IntegrityError), store.write():
            LedgerEntry.create(account_id=account.id, kind="grant", d_balance_cents=1, ref="x", key=row.key)

    def test_a_job_is_claimed_by_one_of_many(self, account: Account) -> None:
        job = jobs.add(account.id, "trim", {}, lane="ffmpeg")
        answers = at_once(8, lambda n: leases.claim(job.id, f"host/{n}/x"))
        (claimed,) = [answer for answer in answers if answer]
        assert (claimed.attempt, claimed.status) == (1, "downloading")
        assert jobs.Job.get_by_id(job.id).owner == claimed.owner

    def test_a_worker_is_seen_again_and_again(self, opened: Settings) -> None:
        for _ in range(2):
            leases.extend("host/1/x", [])
        assert leases.has_worker() and leases.WorkerSeen.select().count() == 1

    def test_the_longest_texts_that_are_allowed_fit(self, account: Account, tmp_path: Path) -> None:
        name = "ü" * 251 + ".mp4"
        upload, _ = intake.request(
            account, name, "video/" + "x" * 94, 5, clip={"start": 0, "end": 1, "source_title": "ß" * 200}
        )
        assert uploads.get(account.id, upload.id).filename == name
        job = jobs.add(account.id, "trim", {}, lane="ffmpeg", file_id=upload.id)
        claimed = leases.claim(job.id, leases.owner_name())
        assert claimed
        (tmp_path / "clip.mp4").write_bytes(b"clip")
        worker.finish(claimed, jobs.Outcome(made=[made(tmp_path / "clip.mp4", "ö" * 251)]))
        (clip,) = library.of_job(job.id)
        assert clip.title == "ö" * 200
        failed = leases.claim(jobs.add(account.id, "trim", {}, lane="ffmpeg").id, leases.owner_name())
        assert failed
        worker.fail(failed, InvalidRequest("A sentence that goes on. " * 40))
        assert jobs.get(account.id, failed.id).error == "A sentence that goes on. " * 40

    def test_times_and_large_numbers_come_back_as_they_went_in(self, account: Account) -> None:
        upload, _ = intake.request(account, "a.mp4", "video/mp4", 1)
        moment = store.now()
        uploads.Upload.update(file_size=5_000_000_000, created_at=moment, changed=1_800_000_000.123456).execute()
        kept = uploads.Upload.get_by_id(upload.id)
        assert (kept.file_size, kept.created_at, kept.changed) == (5_000_000_000, moment, 1_800_000_000.123456)

    def test_a_library_is_searched_without_regard_to_case(self, account: Account, tmp_path: Path) -> None:
        for title in ("Opening", "The end", "100% done"):
            job = leases.claim(jobs.add(account.id, "trim", {}, lane="ffmpeg").id, leases.owner_name())
            assert job
            (tmp_path / "clip.mp4").write_bytes(b"clip")
            worker.finish(job, jobs.Outcome(made=[made(tmp_path / "clip.mp4", title)]))
        found = {q: [clip.title for clip in library.listed(account.id, limit=9, q=q)[0]] for q in ("END", "0%", "%")}
        assert found == {"END": ["The end"], "0%": ["100% done"], "%": ["100% done"]}
        assert [clip.title for clip in library.listed(account.id, limit=9, sort="name")[0]] == [
            "100% done",
            "Opening",
            "The end",
        ]


def made(path: Path, title: str) -> Made:
    return Made(
        path=path,
        poster=None,
        title=title,
        file_name=f"{title}_0-00-0-01.mp4",
        format="mp4",
        quality="480p",
        aspect_ratio="16:9",
        duration_s=1.0,
        start_s=0.0,
        end_s=1.0,
        media_kind="video",
    )


class TestSqlite(WhatEveryDatabasePromises):
    @pytest.fixture
    def url(self) -> str:
        return ""


class TestPostgres(WhatEveryDatabasePromises):
    @pytest.fixture
    def url(self, postgres: str) -> str:
        return postgres

    def test_processes_that_open_an_empty_database_together_migrate_it_once(self, url: str, tmp_path: Path) -> None:
        program = "import sys; from fastclip import settings, store; store.open(settings.load(*sys.argv[1:], "
        program += f"database={url!r})); print('open')"
        command = [sys.executable, "-c", program]
        started = [
            subprocess.Popen([*command, tmp_path / folder], stdout=subprocess.PIPE, text=True) for folder in "aab"
        ]
        assert [process.communicate()[0] for process in started] == ["open\n"] * 3
