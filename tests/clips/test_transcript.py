"""The life of a transcript: asked, heard, kept, paid once, gone on with, read; on real recordings."""

import json
import shutil

import pytest

from fastclip import (
    engines,
    glossary,
    jobs,
    leases,
    library,
    retention,
    settings,
    store,
    transcription,
    transcripts,
    uploads,
    worker,
)
from fastclip.accounts import Account
from fastclip.ai import speech
from fastclip.ai.speech import Heard
from fastclip.billing import ledger
from fastclip.clips import cancel, status, transcript, trim
from fastclip.errors import Conflict, InsufficientBalance, NotFound, Unavailable, Unprocessable
from fastclip.jobs import Job
from fastclip.media.words import Word, joined
from fastclip.uploads import Upload
from fastclip.worker import Worker
from tests.ai.conftest import TINY
from tests.ai.scoring import word_error_rate
from tests.clips.conftest import DEMO, SHORT, Ready, sound, video
from tests.conftest import Send, make

TRUTH = json.loads((TINY / "demos" / "demo10.json").read_text())
LONG_TRUTH = json.loads((TINY / "demos" / "demo45.json").read_text())


@pytest.fixture
def talk(owner: Account, send: Send, tiny_whisper: None) -> Upload:
    """Heard in about a second."""
    return send(owner, SHORT)


def text_of(account: Account, file_id: str) -> str:
    return joined(transcripts.words_of(transcripts.ready(account.id, file_id)))


def test_a_transcript_is_heard_kept_and_paid_by_its_tier(owner, talk):
    job = transcript.request(owner, talk.id)
    assert job is not None
    done = jobs.get(owner.id, job.id)
    assert (done.status, done.cost_cents, done.id[:8]) == ("complete", 2, "job_txt_")
    row = transcripts.ready(owner.id, talk.id)
    said = transcripts.describe(row)
    assert word_error_rate(TRUTH["text"], text_of(owner, talk.id)) == 0
    assert (said["engine"], said["model"], said["language"]) == ("faster-whisper", "tiny-espeak", "en")
    assert said["device"].startswith("CPU because") and said["note"] is None and said["status"] == "ready"
    assert said["duration"] == pytest.approx(9.451, abs=0.01)
    assert said["text"].splitlines()[0].startswith("[0:00:00] Welcome back")
    positions = [word["position"] for segment in said["segments"] for word in segment["words"]]
    assert positions == list(range(len(positions)))
    assert not list(store.temp_dir.iterdir())


def test_the_same_ask_again_costs_nothing_while_the_source_lives(owner, talk):
    transcript.request(owner, talk.id)
    before = ledger.balance(owner.id)
    assert transcript.request(owner, talk.id) is None
    assert transcript.request(owner, talk.id, model="tiny-espeak", language="en") is None
    assert ledger.balance(owner.id) == before


def test_an_ask_that_runs_already_is_joined(owner, talk, rung):
    first, second = transcript.request(owner, talk.id), transcript.request(owner, talk.id)
    assert first and second and first.id == second.id and rung == [first.id]
    assert ledger.balance(owner.id)[1] == 2


def test_another_wish_is_another_job_and_its_words_take_the_place(owner, talk, proved):
    transcript.request(owner, talk.id)
    old = transcripts.ready(owner.id, talk.id)
    shutil.copytree(proved, engines.folder() / "another")
    job = transcript.request(owner, talk.id, model="another")
    assert job and jobs.get(owner.id, job.id).status == "complete"
    new = transcripts.ready(owner.id, talk.id)
    assert new.model == "another" and new.id != old.id
    assert transcripts.Transcript.select().count() == 1
    assert transcripts.TimedWord.select().where(transcripts.TimedWord.transcript_id == old.id).count() == 0


def test_without_a_model_the_built_in_recogniser_answers_and_says_what_it_is(owner, send, tmp_path):
    path = tmp_path / "short.wav"
    make("-i", str(SHORT), "-t", "3.2", str(path))
    upload = send(owner, path)
    transcript.request(owner, upload.id)
    said = transcripts.describe(transcripts.ready(owner.id, upload.id))
    assert (said["engine"], said["model"], said["note"]) == ("pocketsphinx", None, speech.NOTES["pocketsphinx"])
    assert said["segments"] and said["segments"][0]["words"][0]["probability"] is None
    assert transcript.request(owner, upload.id, model=speech.BUILT_IN) is None
    transcription.replace(owner.id, upload.id, [Word("Mine.", 0, 1)], duration_s=3.2)
    store.queue.serve(lambda _: None, {})
    assert transcript.request(owner, upload.id, model=speech.BUILT_IN), "asked for by its name, it hears again"


@pytest.mark.parametrize(
    ("facts", "options", "refusal", "code"),
    [
        (video(has_audio=False), {}, Unprocessable, "unsupported_media"),
        (sound(), {"language": "de"}, Unprocessable, "validation_failed"),
        (sound(), {"model": "large"}, NotFound, "not_found"),
    ],
)
def test_what_cannot_be_transcribed_is_refused_and_costs_nothing(owner, ready: Ready, facts, options, refusal, code):
    upload = ready(owner, facts)
    with pytest.raises(refusal) as raised:
        transcript.request(owner, upload.id, **options)
    assert raised.value.code == code
    assert ledger.balance(owner.id) == (0, 0) and Job.select().count() == 0


def test_who_cannot_pay_gets_nothing_queued(member, ready: Ready, rung):
    with pytest.raises(InsufficientBalance):
        transcript.request(member, ready(member, sound()).id)
    assert Job.select().count() == transcripts.Transcript.select().count() == 0


@pytest.mark.parametrize(
    ("duration_s", "cents"), [(600, 2), (600.001, 5), (1200.5, 5), (3600, 10), (7200, 20), (10800, 40)]
)
def test_the_price_is_that_of_the_sources_tier(owner, ready: Ready, rung, duration_s, cents):
    job = transcript.request(owner, ready(owner, sound(duration_s)).id)
    assert job and job.reserved_cents == cents


def test_a_queue_that_is_down_gives_the_money_back(owner, ready: Ready, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise Unavailable("The job queue is temporarily unavailable.")

    upload = ready(owner, sound())
    monkeypatch.setattr(store.queue, "push", refuse)
    with pytest.raises(Unavailable):
        transcript.request(owner, upload.id)
    assert ledger.balance(owner.id)[1] == 0 and Job.get().status == "failed"


# -- Stopping and going on -----------------------------------------------------------------------------------


def claimed(owner: Account, upload: Upload) -> Job:
    job = transcript.request(owner, upload.id)
    assert job
    held = leases.claim(job.id, leases.owner_name())
    assert held
    return held


def test_a_killed_attempt_is_gone_on_with_and_nothing_is_heard_twice(owner, send, tiny_whisper, rung, monkeypatch):
    talk = send(owner, DEMO)
    worker.Worker(settings.load(store.temp_dir.parent)).perform(rung.pop())  # checked
    job = claimed(owner, talk)
    kept: list[Heard] = []
    append = transcription.append

    def keep_two(row: transcripts.Transcript, heard: Heard) -> None:
        if len(kept) == 2:
            raise SystemExit  # as kill -9: nothing after this is written
        append(row, heard)
        kept.append(heard)

    monkeypatch.setattr(transcription, "append", keep_two)
    with pytest.raises(SystemExit):
        transcript.run(job, lambda fraction, said: None)
    row = transcription.of_job(job)
    assert row and not row.is_ready and 0 < row.covered_s == kept[-1].until_s < 45
    assert transcripts.describe(row)["segments"], "the first segments can be read"
    heard: list[Heard] = []
    monkeypatch.setattr(transcription, "append", lambda row, one: (append(row, one), heard.append(one)))
    transcript.run(job, lambda fraction, said: None)
    assert min(word.start_s for one in heard for word in one.words) >= kept[-1].until_s - 0.05
    assert word_error_rate(LONG_TRUTH["text"], text_of(owner, talk.id)) <= 0.06


def test_another_model_does_not_go_on_with_the_words_of_the_first(owner, talk, rung):
    job = claimed(owner, talk)
    row = transcription.of_job(job)
    assert row
    row = transcription.resume(row, engine="pocketsphinx", model="", duration_s=9.4)
    transcription.append(row, Heard([Word("nonsense", 0.1, 0.5)], 5.0, "en", None))
    transcript.run(job, lambda fraction, said: None)
    assert "nonsense" not in text_of(owner, talk.id)


def test_a_canceled_transcript_refunds_and_a_later_one_goes_on(owner, talk, rung):
    job = transcript.request(owner, talk.id)
    assert job
    assert cancel.cancel(owner.id, job.id).status == "failed"
    assert ledger.balance(owner.id)[1] == 0
    again = transcript.request(owner, talk.id)
    assert again and again.id != job.id
    row = transcription.of_job(again)
    assert row and transcription.of_job(job) is None


def test_a_job_that_ran_to_its_end_twice_is_charged_and_heard_once(owner, talk, rung):
    job = claimed(owner, talk)
    worker.finish(job, transcript.run(job, lambda fraction, said: None))
    assert transcript.run(job, lambda fraction, said: None).cents == 2
    assert jobs.get(owner.id, job.id).cost_cents == 2


# -- Reading -------------------------------------------------------------------------------------------------


def test_the_jobs_answer_holds_the_words(owner, talk):
    job = transcript.request(owner, talk.id)
    assert job
    said = status.get(owner.id, job.id)
    assert said["status"] == "complete" and said["cost"] == 0.02 and said["segments"] and said["text"]
    listed = status.listed(owner.id, only_live=False, limit=5)
    assert listed[0]["kind"] == "transcript" and "text" not in listed[0]


def test_a_clip_has_the_words_that_lie_in_it_from_its_own_beginning(owner, talk):
    transcript.request(owner, talk.id)
    trim.request(owner, talk.id, [(2.0, 7.0)], via="session")
    (clip,) = library.listed(owner.id, limit=5)[0]
    of_clip, words = transcript.of_clip(owner.id, clip.id)
    inside = [w["word"] for w in TRUTH["words"] if 2.0 <= w["start"] and w["end"] <= 7.0]
    assert of_clip.id == clip.id
    assert word_error_rate(" ".join(inside), joined(words)) <= 0.25
    assert words[0].start_s >= 0 and words[-1].end_s <= 5.0
    with pytest.raises(NotFound):
        transcript.of_clip("usr_other", clip.id)


def test_words_cannot_be_replaced_while_they_are_heard(owner, talk, rung):
    transcript.request(owner, talk.id)
    with pytest.raises(Conflict):
        transcription.replace(owner.id, talk.id, [Word("a", 0, 1)], duration_s=9.0)


def test_uploaded_words_answer_a_plain_ask_and_are_not_overwritten(owner, talk):
    transcription.replace(owner.id, talk.id, [Word("Mine.", 0, 1)], duration_s=9.0)
    assert transcript.request(owner, talk.id) is None
    assert text_of(owner, talk.id) == "Mine."


def test_the_words_of_an_expired_source_stay_while_a_clip_of_it_lives(owner, talk):
    transcript.request(owner, talk.id)
    trim.request(owner, talk.id, [(1.0, 2.0)], via="session")
    (clip,) = library.listed(owner.id, limit=5)[0]
    with store.write():
        Upload.update(status="expired").where(Upload.id == talk.id).execute()
    transcript.forget()
    assert transcripts.ready(owner.id, talk.id)
    retention.delete(owner.id, clip.id)
    transcript.forget()
    with pytest.raises(NotFound):
        transcripts.ready(owner.id, talk.id)


def test_the_glossary_is_kept_plain_and_told_to_the_recogniser(owner, talk, monkeypatch):
    assert glossary.keep(owner.id, ["  FastClip ", "FastClip", "", "Big  Buck"]) == ["FastClip", "Big Buck"]
    told: dict[str, object] = {}
    monkeypatch.setattr(speech, "transcribe", lambda *_, **named: told.update(named) or speech.Device("cpu", "CPU"))
    transcript.request(owner, talk.id)
    assert told["hotwords"] == "FastClip, Big Buck"


def test_a_worker_does_transcripts_in_the_heavy_lane(owner, talk, rung):
    job = transcript.request(owner, talk.id)
    assert job and job.lane == "heavy" and worker.BODIES[job.kind] is transcript.run
    assert Worker(settings.load(store.temp_dir.parent))._lanes["heavy"] == 1
    assert uploads.get(owner.id, talk.id).status == "ready"
