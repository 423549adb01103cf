"""Analyze: paid once by its tier, joined while it runs, honest about nothing, and remembered to learn from."""

import json
import os
import time
from dataclasses import replace

import pytest

from fastclip import engines, jobs, library, members, moments, store, transcription, uploads, worker
from fastclip.accounts import Account
from fastclip.ai import embed
from fastclip.ai import moments as engine
from fastclip.billing import ledger, usage
from fastclip.clips import analyze, cancel, status
from fastclip.errors import Conflict, InsufficientBalance, InvalidRequest, NotFound, Unavailable, Unprocessable
from fastclip.jobs import Job
from fastclip.media.words import Word
from fastclip.uploads import Upload
from tests.ai.talk import Talk, iou, talk
from tests.clips.conftest import Ready, sound, video
from tests.conftest import make

PART_S = 400.0
WHALE = "the whale that was stranded in the harbour"


@pytest.fixture(scope="module")
def part() -> Talk:
    """The first minutes of the hour of talk."""
    whole = talk()
    said = [word for word in whole.words if word.end_s < PART_S - 1]
    return replace(whole, words=said, duration_s=PART_S)


def with_words(account: Account, upload: Upload, words: list[Word]) -> Upload:
    transcription.replace(account.id, upload.id, words, duration_s=upload.media.duration_s)
    return upload


@pytest.fixture
def spoken(owner: Account, ready: Ready, part: Talk) -> Upload:
    return with_words(owner, ready(owner, sound(PART_S)), part.words)


def asked(account: Account, upload: Upload, query: str | None = WHALE) -> dict:
    analyze.request(account, upload.id, query)
    return analyze.result(account.id, upload.id, query, is_cached=False)


def test_the_moment_that_was_asked_for_is_answered_with_its_reasons(owner, spoken, part):
    said = asked(owner, spoken)
    best = said["segments"][0]
    assert iou((best["start"], best["end"]), (part.planted[0].start_s, part.planted[0].end_s)) >= 0.5
    assert best["confidence"] >= 0.5 and best["excerpt"] and best["moment_id"].startswith("mom_")
    assert {"words", "meaning", "sentences"} <= {reason["kind"] for reason in best["reasons"]}
    assert (said["engine"], said["cost"], said["is_cached"], said["query"]) == ("embeddings", 0.08, False, WHALE)
    assert said["understood"]["kind"] == "topic" and said["understood"]["topic"] == WHALE


def test_no_query_asks_for_highlights(owner, spoken):
    said = asked(owner, spoken, None)
    assert said["segments"] and said["understood"]["kind"] == "highlights"
    assert "taste" in said["note"] and all(one["confidence"] <= 0.6 for one in said["segments"])


def test_what_is_not_there_is_answered_by_nothing_and_said_so(owner, spoken):
    said = asked(owner, spoken, "the offside rule in ice hockey")
    assert said["segments"] == [] and said["note"].startswith("Nothing in this recording fits that")
    job = jobs.latest(spoken.id, analyze.KIND)
    assert job and (job.status, job.status_message, job.cost_cents) == ("complete", "No matching moments", 8)
    (charge,) = usage.charges(owner.id, store.now().date(), store.now().date())
    assert (charge.operation, charge.seconds) == ("analyze", pytest.approx(spoken.media.duration_s, abs=0.001))


@pytest.mark.parametrize(
    ("duration_s", "cents"), [(1800, 8), (1800.001, 15), (3600.001, 25), (7200.001, 40), (10800, 40)]
)
def test_the_price_is_that_of_the_sources_tier(owner, ready, rung, duration_s, cents):
    job = analyze.request(owner, ready(owner, sound(duration_s)).id, WHALE)
    assert job and job.reserved_cents == cents and ledger.balance(owner.id)[1] == cents


def test_the_same_question_again_is_answered_from_the_store_and_costs_nothing(owner, spoken):
    first = asked(owner, spoken)
    before = ledger.balance(owner.id)
    assert analyze.request(owner, spoken.id, f"  {WHALE.replace(' ', '  ')} ") is None
    again = analyze.result(owner.id, spoken.id, WHALE, is_cached=True)
    assert again["segments"] == first["segments"] and again["cost"] == 0.08
    assert ledger.balance(owner.id) == before


def test_a_question_that_runs_already_is_joined(owner, spoken, rung):
    first, second = analyze.request(owner, spoken.id, WHALE), analyze.request(owner, spoken.id, WHALE)
    other = analyze.request(owner, spoken.id, "bread")
    assert first and second and other and first.id == second.id != other.id
    assert rung == [first.id, other.id] and ledger.balance(owner.id)[1] == 16


def test_corrected_words_are_searched_again_for_nothing(owner, spoken, part):
    asked(owner, spoken)
    with_words(owner, spoken, part.words[: len(part.words) // 8])
    before = ledger.balance(owner.id)
    job = analyze.request(owner, spoken.id, WHALE)
    assert job and job.reserved_cents == 0 and ledger.balance(owner.id) == before
    assert jobs.get(owner.id, job.id).status == "complete"
    assert analyze.result(owner.id, spoken.id, WHALE, is_cached=False)["segments"] == []


@pytest.mark.parametrize(
    ("facts", "query", "refusal"),
    [(video(has_audio=False), WHALE, Unprocessable), (sound(), "x" * 501, InvalidRequest)],
)
def test_what_cannot_be_analyzed_is_refused_and_costs_nothing(owner, ready, facts, query, refusal):
    with pytest.raises(refusal):
        analyze.request(owner, ready(owner, facts).id, query)
    assert ledger.balance(owner.id) == (0, 0) and Job.select().count() == 0


def test_who_cannot_pay_gets_nothing_queued(member, ready, rung):
    with pytest.raises(InsufficientBalance):
        analyze.request(member, ready(member, sound()).id, WHALE)
    assert Job.select().count() == analyze.Analysis.select().count() == 0


def test_anothers_source_is_not_there_and_one_that_is_not_ready_must_wait(owner, member, spoken):
    with pytest.raises(NotFound):
        analyze.request(member, spoken.id, WHALE)
    with store.write():
        uploads.Upload.update(status="processing").where(uploads.Upload.id == spoken.id).execute()
    with pytest.raises(Conflict):
        analyze.request(owner, spoken.id, WHALE)


def test_a_queue_that_is_down_gives_the_money_back(owner, spoken, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise Unavailable("The job queue is temporarily unavailable.")

    monkeypatch.setattr(store.queue, "push", refuse)
    with pytest.raises(Unavailable):
        analyze.request(owner, spoken.id, WHALE)
    assert ledger.balance(owner.id)[1] == 0 and Job.get(Job.kind == "analyze").status == "failed"


def test_without_the_model_the_words_themselves_are_searched(owner, spoken, part, monkeypatch):
    monkeypatch.setattr(embed, "find", lambda: None)
    said = asked(owner, spoken)
    best = said["segments"][0]
    assert said["engine"] == "bm25" and "only the words themselves" in said["note"]
    assert iou((best["start"], best["end"]), (part.planted[0].start_s, part.planted[0].end_s)) >= 0.3


def test_a_recording_in_which_nobody_speaks_has_lively_stretches_but_no_topics(owner, send, tmp_path):
    path = tmp_path / "noise.wav"
    make("-f", "lavfi", "-i", "sine=d=90,volume='if(between(t,40,60),1,0.02)':eval=frame", "-ar", "8000", str(path))
    upload = with_words(owner, send(owner, path), [])
    said = asked(owner, upload, None)
    assert said["engine"] == "audio" and said["segments"][0]["confidence"] <= 0.2
    assert said["segments"][0]["start"] <= 45 <= said["segments"][0]["end"]
    assert asked(owner, upload, WHALE)["segments"] == []


def test_the_jobs_answer_holds_the_moments(owner, spoken):
    job = analyze.request(owner, spoken.id, WHALE)
    assert job
    said = status.get(owner.id, job.id)
    assert said["status"] == "complete" and said["cost"] == 0.08
    assert said["segments"] == analyze.result(owner.id, spoken.id, WHALE, is_cached=True)["segments"]


def test_a_canceled_question_is_refunded_and_can_be_asked_again(owner, spoken, rung):
    job = analyze.request(owner, spoken.id, WHALE)
    assert job and cancel.cancel(owner.id, job.id).error_code == "canceled"
    assert ledger.balance(owner.id)[1] == 0
    again = analyze.request(owner, spoken.id, WHALE)
    assert again and again.id != job.id and again.reserved_cents == 8


def test_the_questions_to_a_source_go_with_it_and_old_indexes_too(owner, spoken):
    asked(owner, spoken)
    analyze.index_folder().mkdir(exist_ok=True)
    index = analyze.index_folder() / "name.npz"
    index.write_bytes(b"vectors")
    analyze.tidy()
    assert index.exists()
    os.utime(index, (time.time() - 8 * 86400,) * 2)
    analyze.tidy()
    assert not index.exists()
    with store.write():
        Upload.update(status="expired").where(Upload.id == spoken.id).execute()
    worker.expire()
    assert analyze.Analysis.select().count() == 0


def test_a_closed_account_leaves_neither_questions_nor_offers(member, ready, part):
    with store.write():
        Account.update(balance_cents=100).where(Account.id == member.id).execute()
    asked(member, with_words(member, ready(member, sound(PART_S)), part.words))
    assert analyze.Analysis.select().count() == 1 and moments.OfferedMoment.select().count() > 0
    members.close(member.id)
    assert analyze.Analysis.select().count() == moments.OfferedMoment.select().count() == 0


# -- Learning ------------------------------------------------------------------------------------------------


def test_what_is_offered_is_noted_with_the_numbers_it_was_judged_by_and_no_words(owner, spoken):
    said = asked(owner, spoken)
    rows = list(moments.OfferedMoment.select().order_by(moments.OfferedMoment.rank))
    assert [row.id for row in rows] == [one["moment_id"] for one in said["segments"]]
    assert (rows[0].kind, rows[0].engine, rows[0].file_id) == ("topic", "embeddings", spoken.id)
    assert json.loads(rows[0].features)["near"] > 0.5
    assert "whale" not in json.dumps([row.__data__ for row in rows], default=str)


def clip_of(account: Account, upload: Upload, start_s: float, end_s: float) -> library.Clip:
    made = dict.fromkeys(("title", "file_name", "quality", "aspect_ratio"), "")
    clip = library.Clip(
        id=f"{start_s}-{end_s}", account_id=account.id, job_id="job_x", kind="trim", source_file_id=upload.id,
        format="mp3", media_kind="audio", duration_s=end_s - start_s, start_s=start_s, end_s=end_s, size_bytes=1,
        has_poster=False, captioned=False, expires_at=store.now(), **made,
    )  # fmt: skip
    with store.write():
        library.add(clip)
    return clip


def test_what_the_person_makes_of_an_offer_is_noted(owner, spoken):
    best = asked(owner, spoken)["segments"][0]
    clip_of(owner, spoken, best["start"] + 0.1, best["end"])
    clip_of(owner, spoken, best["start"] + 6, best["end"] - 4)
    clip_of(owner, spoken, 350.0, 380.0)
    moments.note(owner.id, best["moment_id"], "liked")
    deeds = moments.describe(owner.id)["deeds"]
    assert {what: count for what, count in deeds.items() if count} == {"kept": 1, "trimmed": 1, "liked": 1}
    trimmed = moments.MomentDeed.get(moments.MomentDeed.what == "trimmed")
    assert (trimmed.moment_id, trimmed.start_s) == (best["moment_id"], best["start"] + 6)


def test_everything_kept_to_learn_from_can_be_deleted_and_only_ones_own(owner, member, spoken):
    said = asked(owner, spoken)
    with pytest.raises(NotFound):
        moments.note(member.id, said["segments"][0]["moment_id"], "liked")
    assert moments.forget(member.id) == 0 and moments.describe(owner.id)["offered"] > 0
    assert moments.forget(owner.id) == len(said["segments"])
    assert moments.describe(owner.id) == {"offered": 0, "deeds": dict.fromkeys(moments.DEEDS, 0), "since": None}


def test_a_source_of_few_words_is_one_moment(owner, ready):
    words = [Word(text, n * 0.5, n * 0.5 + 0.4) for n, text in enumerate("We saw a whale in the harbour.".split())]
    upload = with_words(owner, ready(owner, sound(9.0)), words)
    (only,) = asked(owner, upload, "whale")["segments"]
    assert only["end"] - only["start"] >= 8 and engine.EMBEDDINGS == "embeddings"


def test_a_language_model_that_fails_leaves_the_answer_as_it_is_and_a_note(owner, spoken):
    plain = asked(owner, spoken)
    place = engines.folder() / "broken"
    place.mkdir(parents=True)
    (place / "model.gguf").write_bytes(b"GGUF")
    card = {"size_bytes": 4, "licence": "none", "source": "here", "sha256": "", "is_multilingual": True}
    (place / "fastclip.json").write_text(json.dumps(card | {"kind": "chat", "right": 3}))
    assert engines.chat() is not None and engines.describe()["language_model"] == "broken"
    analyze.request(owner, spoken.id, WHALE, reads_all=True)
    given = analyze.result(owner.id, spoken.id, WHALE, reads_all=True, is_cached=False)
    times = [[(one["start"], one["end"], one["confidence"]) for one in said["segments"]] for said in (plain, given)]
    assert times[0] == times[1] and given["engine"] == plain["engine"]
    assert "The language model gave no answer: it failed." in given["note"] and plain["note"] != given["note"]
    assert list(store.temp_dir.iterdir()) == []
