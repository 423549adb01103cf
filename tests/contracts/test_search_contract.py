"""Words and their search: what SQLite's FTS5 and PostgreSQL's text search both promise."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fastclip import search, settings, store, transcription, transcripts
from fastclip.clips import transcript
from fastclip.errors import InvalidRequest
from fastclip.media.words import Word
from fastclip.settings import Settings
from fastclip.uploads import Upload
from tests.billing.machine import new_account
from tests.contracts.test_rows_contract import at_once

SAID = (
    "Welcome back to the show. Last month we raised the price from twenty dollars. "
    "The Café Ångström opened on Friday. Our customers don't like the price."
)


def add_upload(account_id: str, **facts: object) -> Upload:
    with store.write():
        return Upload.create(
            id=store.new_id("upl_", chars=12, alphabet=store.HEX),
            account_id=account_id,
            filename="talk.mp4",
            content_type="video/mp4",
            file_size=1,
            status="ready",
            expires_at=store.now() + timedelta(hours=24),
            **facts,
        )


def spoken(text: str) -> list[Word]:
    return [Word(word, n * 0.5, n * 0.5 + 0.4, 0.9) for n, word in enumerate(text.split())]


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
    def account_id(self, opened: Settings) -> str:
        return new_account().id

    @pytest.fixture
    def file_id(self, account_id: str) -> str:
        upload = add_upload(account_id)
        transcription.replace(account_id, upload.id, spoken(SAID), duration_s=60.0)
        return upload.id

    @pytest.mark.parametrize(
        ("q", "at"),
        [
            ("price", [10, 25]),
            ("PRICE twenty", [10]),
            ("cafe", [15]),
            ("angstrom", [16]),
            ("don't", [22]),
            ('"raised the price"', [8]),
            ('"price the"', []),
            ("custom", [21]),
            ('"custom"', []),
            ("custom price", []),
            ("price custom", [21]),
            ("nothing", []),
        ],
    )
    def test_a_moment_is_found_by_its_words(self, account_id: str, file_id: str, q: str, at: list[int]) -> None:
        found, following = search.find(account_id, q, limit=10)
        assert sorted(one["position"] for one in found) == sorted(at) and following is None
        for one in found:
            assert one["start"] == one["position"] * 0.5
            assert one["file_id"] == file_id and one["source_name"] == "talk.mp4" and one["is_playable"]
            assert one["url"] == f"/studio?file={file_id}&t={one['start']:.3f}"
            assert one["matches"] and all(one["excerpt"][a:b].strip() for a, b in one["matches"])

    def test_the_words_that_match_are_marked_in_the_excerpt(self, account_id: str, file_id: str) -> None:
        ((one,), _) = search.find(account_id, "twenty doll", limit=10)
        assert [one["excerpt"][a:b] for a, b in one["matches"]] == ["twenty", "dollars."]

    def test_nobody_finds_the_words_of_another_account(self, account_id: str, file_id: str) -> None:
        assert search.find(new_account().id, "price", limit=10) == ([], None)

    def test_pages_follow_each_other_without_gap_or_repetition(self, account_id: str) -> None:
        for n in range(5):
            upload = add_upload(account_id)
            transcription.replace(account_id, upload.id, spoken(f"Hello number{n} again."), duration_s=9.0)
        seen, cursor = [], None
        while True:
            found, cursor = search.find(account_id, "hello", limit=2, cursor=cursor)
            seen += [one["file_id"] for one in found]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 5

    @pytest.mark.parametrize("q", ["", "  ", "?!", "x" * 201])
    def test_a_search_without_a_word_is_refused(self, account_id: str, q: str) -> None:
        with pytest.raises(InvalidRequest):
            search.find(account_id, q, limit=10)

    @pytest.mark.parametrize(
        "q", ["a' OR 1=1 --", 'x" NOT (y', "price:*", "folded:price", "pr*ce & !x", "NEAR(a b)", "\\"]
    )
    def test_what_a_query_language_would_read_is_only_words_here(self, account_id: str, file_id: str, q: str) -> None:
        try:
            search.find(account_id, q, limit=10)
        except InvalidRequest:
            assert q == "\\"

    def test_an_edited_word_is_found_by_its_new_text_only(self, account_id: str, file_id: str) -> None:
        said = transcription.edit(account_id, file_id, 12, "thirty")
        assert said == {"position": 12, "start": 6.0, "end": 6.4, "word": "thirty", "probability": 0.9}
        assert [one["position"] for one in search.find(account_id, "thirty", limit=10)[0]] == [12]
        assert search.find(account_id, "twenty", limit=10)[0] == []

    def test_replaced_words_are_found_and_the_old_ones_are_not(self, account_id: str, file_id: str) -> None:
        transcription.replace(account_id, file_id, spoken("Something else entirely."), duration_s=60.0)
        assert search.find(account_id, "price", limit=10)[0] == []
        assert len(search.find(account_id, "entirely", limit=10)[0]) == 1

    def test_the_words_of_a_source_that_is_gone_are_forgotten(self, account_id: str, file_id: str) -> None:
        transcript.forget()
        assert search.find(account_id, "price", limit=10)[0] != []
        with store.write():
            Upload.update(status="expired").where(Upload.id == file_id).execute()
        transcript.forget()
        assert search.find(account_id, "price", limit=10)[0] == []
        assert transcripts.TimedWord.select().count() == transcripts.Passage.select().count() == 0

    def test_many_who_begin_the_same_transcript_at_once_share_one(self, account_id: str) -> None:
        upload, seen, lock = add_upload(account_id), set[str](), threading.Lock()

        def begin(n: int) -> None:
            with store.write():
                row = transcription.begin(account_id, upload.id, model="", language="")
            with lock:
                seen.add(row.id)

        assert at_once(8, begin) == [None] * 8
        assert len(seen) == 1


class TestSqlite(WhatEveryDatabasePromises):
    @pytest.fixture
    def url(self) -> str:
        return ""


class TestPostgresql(WhatEveryDatabasePromises):
    @pytest.fixture
    def url(self, postgres: str) -> str:
        return postgres
