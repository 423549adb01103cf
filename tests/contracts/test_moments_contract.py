"""Moments, questions to a source and what was done with the answers: what both databases promise."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from peewee import Table

from fastclip import jobs, leases, moments, settings, store, worker
from fastclip.accounts import Account
from fastclip.ai.moments import Moment
from fastclip.billing import ledger
from fastclip.billing.ledger import Hold
from fastclip.clips import analyze, auto
from fastclip.errors import NotFound
from fastclip.jobs import Job
from fastclip.moments import MomentDeed, OfferedMoment
from fastclip.settings import Settings
from fastclip.store import migrations
from fastclip.uploads import Upload
from tests.billing.machine import new_account
from tests.clips.conftest import video
from tests.contracts.test_rows_contract import at_once

FOUND = [
    Moment(10.0, 40.0, "the whale", 0.9, (), 3.0, 0, 4, features={"near": 0.5}, exact=0.9),
    Moment(100.0, 120.0, "the bread", 0.4, (), 1.0, 9, 12, exact=0.4),
]


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
        with store.write():
            ledger.credit(account.id, "grant", 100, key=store.new_id("grant:"))
        return account

    @pytest.fixture
    def file_id(self, account: Account) -> str:
        with store.write():
            return Upload.create(
                id=store.new_id("upl_", chars=12, alphabet=store.HEX),
                account_id=account.id,
                filename="talk.mp4",
                content_type="video/mp4",
                file_size=1,
                status="ready",
                facts=json.dumps(video().to_json()),
                expires_at=store.now() + timedelta(hours=24),
            ).id

    @pytest.fixture
    def offered(self, account: Account, file_id: str) -> list[str]:
        with store.write():
            return moments.offer(account.id, file_id, "job_x", FOUND, kind="topic", engine="embeddings")

    def test_what_was_offered_is_kept_in_its_order_without_its_words(self, account: Account, offered: list[str]):
        first, second = OfferedMoment.select().order_by(OfferedMoment.rank)
        assert [first.id, second.id] == offered
        assert (first.start_s, first.end_s, first.confidence, first.features) == (10.0, 40.0, 0.9, '{"near": 0.5}')
        assert "whale" not in repr(first.__data__)

    def test_a_deed_counts_once_however_often_it_is_noted_at_once(self, account: Account, offered: list[str]):
        assert at_once(8, lambda n: moments.note(account.id, offered[0], "liked")) == [None] * 8
        assert moments.describe(account.id)["deeds"]["liked"] == 1
        with pytest.raises(NotFound):
            moments.note(new_account().id, offered[0], "liked")

    def test_a_cut_is_told_from_a_trimmed_one_and_from_another_place(
        self, account: Account, file_id: str, offered: list[str]
    ):
        with store.write():
            for n, (start_s, end_s) in enumerate([(10.1, 39.9), (15.0, 40.0), (300.0, 320.0)]):
                moments.note_cut(account.id, file_id, clip_id=f"c{n}", start_s=start_s, end_s=end_s)
            moments.note_of_clip("c1", "downloaded")
            moments.note_of_clip("c1", "downloaded")
        deeds = MomentDeed.select().order_by(MomentDeed.clip_id, MomentDeed.what)
        assert [(one.clip_id, one.what) for one in deeds] == [("c0", "kept"), ("c1", "downloaded"), ("c1", "trimmed")]
        assert moments.has_deeds("c1") and not moments.has_deeds("c2")

    def test_who_forgets_forgets_all_of_their_own_and_nothing_else(self, account: Account, offered: list[str]):
        other = new_account()
        with store.write():
            moments.offer(other.id, "upl_y", "job_y", FOUND, kind="topic", engine="bm25")
        moments.note(account.id, offered[0], "dismissed")
        said = moments.describe(account.id)
        assert said["offered"] == 2 and said["since"].endswith("Z")
        assert moments.forget(account.id) == 2 and MomentDeed.select().count() == 0
        assert moments.describe(account.id)["since"] is None and moments.describe(other.id)["offered"] == 2

    def test_many_who_ask_the_same_at_once_share_one_job_and_one_reserve(self, account: Account, file_id: str):
        store.queue.serve(lambda job_id: None, {})
        made = at_once(8, lambda n: analyze.request(account, file_id, "the whale"))
        assert len({job.id for job in made}) == 1
        assert Job.select().count() == analyze.Analysis.select().count() == Hold.select().count() == 1
        assert ledger.balance(account.id)[1] == 8

    def test_a_question_to_a_source_that_is_gone_is_forgotten(self, account: Account, file_id: str):
        store.queue.serve(lambda job_id: None, {})
        analyze.request(account, file_id, "the whale")
        analyze.forget()
        assert analyze.Analysis.select().count() == 1
        with store.write():
            Upload.update(status="expired").where(Upload.id == file_id).execute()
        analyze.forget()
        assert analyze.Analysis.select().count() == 0

    def test_a_job_changes_lanes_once_of_many_and_is_canceled_exactly(self, account: Account, file_id: str):
        store.queue.serve(lambda job_id: None, {})
        job = auto.request(account, file_id, "the whale", via="session")
        held = leases.claim(job.id, "host/1/x")
        assert held
        onward = jobs.Onward("ffmpeg", "2 moments found")
        assert at_once(8, lambda n: leases.pass_on(held, onward)).count(True) == 1
        jobs.ask_to_cancel(job)
        worker.sweep()
        ended = jobs.get(account.id, job.id)
        assert (ended.status, ended.error_code, ended.lane) == ("failed", "canceled", "ffmpeg")
        assert ledger.balance(account.id) == (100, 0)

    def test_the_words_of_auto_clips_go_with_the_source(self, account: Account, file_id: str):
        store.queue.serve(lambda job_id: None, {})
        job = auto.request(account, file_id, "the whale", via="session")
        shown = '{"start": 1, "end": 9, "excerpt": "the whale", "confidence": 0.5, "title": "A whale", "reasons": [1]}'
        with store.write():
            row = auto.AutoSegment.create(job_id=job.id, position=0, moment_id="m", start_s=1.0, end_s=9.0, shown=shown)
            Upload.update(status="expired").where(Upload.id == file_id).execute()
        auto.forget()
        auto.forget()
        kept = auto.AutoSegment.get_by_id(row.id)
        assert "whale" not in kept.shown and '"end": 9' in kept.shown and not kept.has_words

    def test_what_was_dropped_before_there_was_a_column_is_known(
        self, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        for path in Path(migrations.__file__).parent.glob("00*.py"):
            (tmp_path / path.name).write_text(path.read_text("utf-8"))
        (tmp_path / "0011_words_dropped.py").unlink()
        loaded = settings.load(tmp_path / "data", database=url, queue="memory://")
        with monkeypatch.context() as before:
            before.setattr(migrations, "_FOLDER", tmp_path)
            store.open(loaded)
        try:
            old = Table("auto_segment", [name for name in auto.AutoSegment._meta.columns if name != "has_words"])
            row = {"job_id": "job_1", "moment_id": "m", "start_s": 1.0, "end_s": 9.0, "status": "complete"}
            row |= {"clip_id": "", "error": "", "cost_cents": 0}
            for position, shown in enumerate(('{"excerpt": "the whale", "end": 9}', '{"excerpt": "", "end": 9}')):
                old.bind(store.db.obj).insert(row | {"position": position, "shown": shown}).execute()
            assert migrations.up(loaded) == ["0011_words_dropped"]
            kept = auto.AutoSegment.select().order_by(auto.AutoSegment.position)
            assert [one.has_words for one in kept] == [True, False]
        finally:
            store.close()


class TestSqlite(WhatEveryDatabasePromises):
    @pytest.fixture
    def url(self) -> str:
        return ""


class TestPostgresql(WhatEveryDatabasePromises):
    @pytest.fixture
    def url(self, postgres: str) -> str:
        return postgres
