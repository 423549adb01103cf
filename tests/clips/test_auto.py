"""Auto-clip: each moment its own clip and its own fate; what is reserved, kept and given back, to the cent."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fastclip import jobs, leases, library, moments, retention, rules, store, targets, transcription, webhooks, worker
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.clips import auto, cancel, drawing, status, trim
from fastclip.errors import Canceled, InsufficientBalance, InvalidRequest, NotAllowed, Unavailable, Unprocessable
from fastclip.jobs import Job
from fastclip.media import ffmpeg, probe
from fastclip.media.facts import Facts
from fastclip.uploads import Upload
from tests.ai.talk import Talk, talk
from tests.clips.conftest import Ready, sound, video
from tests.conftest import make
from tests.receiver import receiving

PART_S = 240.0
QUERY = "two 15-second clips about baking sourdough bread"
PRESET = "builtin:short-form-karaoke"


@pytest.fixture(scope="module")
def part() -> Talk:
    whole = talk()
    said = [word for word in whole.words if word.end_s < PART_S - 1]
    return replace(whole, words=said, duration_s=PART_S)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four minutes of very small picture."""
    path = tmp_path_factory.mktemp("tape") / "tape.mp4"
    picture, tone = f"testsrc2=s=64x36:r=5:d={PART_S:.0f}", f"sine=d={PART_S:.0f}:r=8000"
    make("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-g", "25", "-preset", "ultrafast", str(path))
    return path


@pytest.fixture(scope="module")
def facts(tape: Path) -> Facts:
    return probe.read(tape)


@pytest.fixture
def spoken(owner: Account, ready: Ready, tape: Path, facts: Facts, part: Talk, tmp_path: Path) -> Upload:
    """The tape as it is once it was checked, without what only a player needs."""
    upload = ready(owner, facts)
    store.blobs.save(upload.key, Path(shutil.copy(tape, tmp_path / "tape.mp4")))
    return with_words(owner, upload, part)


def with_words(account: Account, upload: Upload, part: Talk) -> Upload:
    transcription.replace(account.id, upload.id, part.words, duration_s=upload.media.duration_s)
    return upload


def asked(account: Account, upload: Upload, query: str = QUERY, **options: object) -> Job:
    return auto.request(account, upload.id, query, **{"via": "session"} | options)


def test_each_moment_becomes_a_clip_of_its_own(owner, spoken):
    job = asked(owner, spoken)
    said = status.get(owner.id, job.id)
    assert (said["status"], said["status_message"], said["cost"]) == ("complete", "Done!", 0.10)
    assert (said["query"], said["engine"], len(said["clips"])) == (QUERY, "embeddings", 2)
    kept = {clip.id: clip for clip in library.listed(owner.id, limit=9)[0]}
    for one in said["clips"]:
        clip = kept.pop(one["clip_id"])
        assert one["status"] == "complete" and one["excerpt"] and one["confidence"] >= 0.15
        assert one["duration"] == pytest.approx(one["end"] - one["start"], abs=0.25)
        assert (clip.kind, clip.start_s, clip.source_file_id) == ("auto", one["start"], spoken.id)
        assert one["download_url"] and one["file_name"].endswith(".mp4") and one["cost"] == 0
        assert (one["format"], one["captioned"], one["error"]) == ("mp4", False, None)
    assert not kept and said["clip_id"] in [one["clip_id"] for one in said["clips"]]
    assert moments.describe(owner.id)["deeds"]["rendered"] == 2
    assert not list(store.temp_dir.iterdir())


def test_captions_are_drawn_into_each_clip_and_paid_by_its_minutes(owner, spoken):
    job = asked(owner, spoken, preset_ref=PRESET)
    assert job.reserved_cents == 10 + 4 * 2
    said = status.get(owner.id, job.id)
    assert [(one["captioned"], one["cost"]) for one in said["clips"]] == [(True, 0.02), (True, 0.02)]
    assert said["cost"] == 0.14 and ledger.balance(owner.id)[1] == 0


def test_nothing_found_is_no_failure_and_costs_nothing(owner, spoken):
    job = asked(owner, spoken, "the offside rule in ice hockey")
    said = status.get(owner.id, job.id)
    assert (said["status"], said["status_message"], said["clips"], said["cost"]) == (
        "complete", "No matching moments", [], 0,
    )  # fmt: skip
    assert ledger.balance(owner.id)[1] == 0


def test_the_words_go_when_the_source_and_its_clips_are_gone(owner, spoken):
    job = asked(owner, spoken)
    with store.write():
        Upload.update(expires_at=store.now() - timedelta(seconds=1)).where(Upload.id == spoken.id).execute()
    worker.expire()
    assert all(one["excerpt"] and one["reasons"] for one in status.get(owner.id, job.id)["clips"])  # clips are left
    for clip in library.listed(owner.id, limit=9)[0]:
        retention.delete(owner.id, clip.id)
    worker.expire()
    worker.expire()
    said = status.get(owner.id, job.id)["clips"]
    assert [(one["excerpt"], one["title"], one["reasons"]) for one in said] == [("", None, [])] * 2
    assert all(one["end"] > one["start"] and one["status"] == "complete" for one in said)


# -- Money (A13) ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration_s", "is_captioned", "cents"),
    [(1200.5, True, 52), (1200.5, False, 10), (120, True, 14), (1800.001, False, 20), (7200, False, 35), (7201, 0, 50)],
)
def test_the_tier_and_the_captions_of_the_whole_source_are_reserved(
    owner, ready: Ready, rung, duration_s, is_captioned, cents
):
    upload = ready(owner, video(duration_s=duration_s))
    job = asked(owner, upload, preset_ref=PRESET if is_captioned else None)
    assert job.reserved_cents == cents == ledger.balance(owner.id)[1]


def made(job: Job, *lengths_s: float, captioned: bool = True) -> None:
    """As if the job had made clips of these lengths."""
    with store.write():
        for n, length_s in enumerate(lengths_s):
            clip = library.Clip(
                id=f"{n}", account_id=job.account_id, job_id=job.id, kind="auto", title="", file_name="", format="mp4",
                quality="", aspect_ratio="", media_kind="video", duration_s=length_s, start_s=0, end_s=length_s,
                size_bytes=1, has_poster=False, captioned=captioned, expires_at=store.now(),
            )  # fmt: skip
            row = auto.AutoSegment.create(
                job_id=job.id, position=n, moment_id="mom_x", start_s=0.0, end_s=length_s, shown="{}"
            )
            auto._list(job, row, clip, len(lengths_s))


@pytest.mark.parametrize(
    ("duration_s", "lengths_s", "cost", "refund"),
    [(1200.5, (20, 61, 30), 18, 34), (120, (30, 30, 30, 30), 14, 0), (1200.5, (), 0, 52)],
)
def test_what_was_not_used_of_the_captions_goes_back(owner, ready: Ready, rung, duration_s, lengths_s, cost, refund):
    job = asked(owner, ready(owner, video(duration_s=duration_s)), preset_ref=PRESET)
    held = leases.claim(job.id, leases.owner_name())
    assert held
    made(held, *lengths_s)
    assert auto.owed(held) == cost
    worker.fail(held, Canceled("You canceled this job."))
    entries = {entry.kind: entry.d_balance_cents for entry in ledger.LedgerEntry.select()}
    assert entries.get("refund", 0) == refund and ledger.balance(owner.id)[1] == 0
    assert jobs.get(owner.id, job.id).cost_cents == cost


def test_captions_where_nobody_speaks_are_not_charged(owner, ready: Ready, rung):
    job = asked(owner, ready(owner, video(duration_s=120)), preset_ref=PRESET)
    held = leases.claim(job.id, leases.owner_name())
    assert held
    made(held, 30, captioned=False)
    assert auto.owed(held) == 10


@pytest.mark.parametrize(
    ("facts", "options", "refusal"),
    [
        (video(has_audio=False), {}, Unprocessable),
        (video(), {"query": "   "}, InvalidRequest),
        (video(), {"query": "x" * 501}, InvalidRequest),
        (video(), {"format": "gif"}, InvalidRequest),
        (video(), {"format": "mp3", "preset_ref": PRESET}, InvalidRequest),
        (sound(), {"preset_ref": PRESET}, Unprocessable),
        (video(), {"quality": "8k"}, InvalidRequest),
    ],
)
def test_what_cannot_be_made_is_refused_and_costs_nothing(owner, ready: Ready, facts, options, refusal):
    with pytest.raises(refusal):
        asked(owner, ready(owner, facts), **options)
    assert ledger.balance(owner.id) == (0, 0) and Job.select().count() == 0


def test_4k_needs_a_paid_deposit_and_no_balance_buys_nothing(member, ready: Ready, rung):
    upload = ready(member, video(3840, 2160))
    with pytest.raises(NotAllowed):
        asked(member, upload, quality="4k")
    with pytest.raises(InsufficientBalance):
        asked(member, upload)
    assert Job.select().count() == 0


def test_a_queue_that_is_down_gives_the_money_back(owner, ready: Ready, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise Unavailable("The job queue is temporarily unavailable.")

    upload = ready(owner, video())
    monkeypatch.setattr(store.queue, "push", refuse)
    with pytest.raises(Unavailable):
        asked(owner, upload)
    assert ledger.balance(owner.id)[1] == 0


# -- Events --------------------------------------------------------------------------------------------------


@pytest.fixture
def told(owner: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[tuple[str, dict[str, Any]]]]]:
    """What a webhook of the owner that listens for everything was told."""
    with receiving() as receiver:
        monkeypatch.setattr(targets, "loopback_ports", frozenset({str(receiver.port)}))
        webhooks.add(owner, receiver.url, [event for event in rules.EVENTS if event.startswith("clip.")])
        yield lambda: [(body["event"], body["data"]) for body in (json.loads(one.body) for one in receiver.came)]


def test_each_clip_is_announced_and_the_job_once_at_its_end(owner, spoken, told):
    job = asked(owner, spoken)
    clips = status.get(owner.id, job.id)["clips"]
    events = told()
    assert [event for event, _ in events] == ["clip.auto.segment_complete"] * 2 + ["clip.complete"]
    for n, (_, data) in enumerate(events[:2]):
        assert {name: data[name] for name in ("job_id", "clip_id", "index", "total", "start", "end")} == {
            "job_id": job.id, "clip_id": clips[n]["clip_id"], "index": n + 1, "total": 2,
            "start": clips[n]["start"], "end": clips[n]["end"],
        }  # fmt: skip
        assert data["download_url"] and (data["format"], data["cost"]) == ("mp4", 0.0) and data["duration"] > 8
        assert set(data) == set(webhooks.SAMPLES["clip.auto.segment_complete"])
    done = events[-1][1]
    assert set(done) == {*webhooks.SAMPLES["clip.complete"], "clips"}
    assert done["source"] == "auto" and done["cost"] == 0.1 and done["clip_id"] in done["clips"]
    assert sorted(done["clips"]) == sorted(one["clip_id"] for one in clips)


def test_a_clip_that_fails_is_announced_too(owner, spoken, told, monkeypatch):
    breaking(monkeypatch, 0, Unavailable("The disk is full."))
    job = asked(owner, spoken)
    first, second, done = told()
    assert first[0] == "clip.auto.segment_failed" and second[0] == "clip.auto.segment_complete"
    assert (first[1]["index"], first[1]["total"], first[1]["error"]) == (1, 2, "The disk is full.")
    assert set(first[1]) == set(webhooks.SAMPLES["clip.auto.segment_failed"])
    assert done[0] == "clip.complete" and len(done[1]["clips"]) == 1 and done[1]["job_id"] == job.id


def test_a_job_that_fails_says_what_went_back_and_one_without_moments_says_nothing(owner, spoken, told, monkeypatch):
    asked(owner, spoken, "the offside rule in ice hockey")
    assert told() == []
    monkeypatch.setattr(trim, "piece", lambda *_, **__: (_ for _ in ()).throw(Unprocessable("It cannot be cut.")))
    asked(owner, spoken)
    event, data = told()[-1]
    assert (event, data["refunded"]) == ("clip.failed", 0.1)


# -- When something goes wrong -------------------------------------------------------------------------------


def breaking(monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException) -> list[float]:
    """The piece number `at` breaks; the beginnings of all that were begun."""
    begun: list[float] = []
    real = trim.piece

    def piece(*args: object, **options: object) -> object:
        begun.append(options["start_s"])
        if len(begun) - 1 == at:
            raise error
        return real(*args, **options)

    monkeypatch.setattr(trim, "piece", piece)
    return begun


@pytest.mark.parametrize("error", [ffmpeg.Failed("ffmpeg ended with 1"), Unavailable("The disk is full.")])
def test_a_clip_that_fails_does_not_stop_the_others(owner, spoken, monkeypatch, error):
    breaking(monkeypatch, 0, error)
    said = status.get(owner.id, asked(owner, spoken).id)
    assert (said["status"], said["status_message"]) == ("complete", "Done, 1 of 2 clips failed")
    assert [one["status"] for one in said["clips"]] == ["failed", "complete"]
    assert said["clips"][0]["error"] and said["clips"][0]["download_url"] is None and said["cost"] == 0.10


def test_when_every_clip_fails_the_job_fails_and_costs_nothing(owner, spoken, monkeypatch):
    monkeypatch.setattr(trim, "piece", lambda *_, **__: (_ for _ in ()).throw(Unprocessable("It cannot be cut.")))
    said = status.get(owner.id, asked(owner, spoken).id)
    assert said["status"] == "failed" and "It cannot be cut." in said["error"] and said["cost"] is None
    assert ledger.balance(owner.id)[1] == 0


def test_canceled_in_the_middle_it_keeps_what_is_done_and_charges_that(owner, spoken, monkeypatch):
    real = trim.piece
    begun: list[object] = []

    def piece(job: Job, *args: object, **options: object) -> object:
        begun.append(options["start_s"])
        if len(begun) == 2:
            jobs.ask_to_cancel(job)
        return real(job, *args, **options)

    monkeypatch.setattr(trim, "piece", piece)
    said = status.get(owner.id, asked(owner, spoken, preset_ref=PRESET).id)
    assert (said["status"], said["code"], said["cost"]) == ("failed", "canceled", 0.12)
    assert [bool(one["clip_id"]) for one in said["clips"]] == [True, False]
    assert len(library.listed(owner.id, limit=9)[0]) == 1 and ledger.balance(owner.id)[1] == 0


def test_taken_up_again_it_goes_on_with_what_was_found_and_made(owner, spoken, rung, monkeypatch):
    job = asked(owner, spoken)
    held = rendering(job)
    begun = breaking(monkeypatch, 1, SystemExit())
    with pytest.raises(SystemExit):
        auto.run(held, lambda fraction, said: None)
    assert [one["status"] for one in auto.describe(held)["clips"]] == ["complete", "processing"]
    worker.finish(held, auto.run(held, lambda fraction, said: None))
    said = status.get(owner.id, job.id)
    assert [one["status"] for one in said["clips"]] == ["complete", "complete"] and said["cost"] == 0.10
    assert len(begun) == 3 and begun[1] == begun[2] and moments.OfferedMoment.select().count() == 2
    assert len(library.listed(owner.id, limit=9)[0]) == 2


def looked(job: Job) -> tuple[Job, jobs.Onward]:
    """The job held by a worker that found its moments, and where it wants to go on."""
    held = leases.claim(job.id, leases.owner_name())
    assert held
    with pytest.raises(jobs.Onward) as onward:
        auto.run(held, lambda fraction, said: None)
    return held, onward.value


def rendering(job: Job) -> Job:
    """The job with its moments found, held by a worker that may make clips of them."""
    assert leases.pass_on(*looked(job))
    held = leases.claim(job.id, leases.owner_name())
    assert held
    return held


def test_it_looks_among_the_heavy_jobs_and_renders_among_the_encodes(owner, spoken, rung, monkeypatch, data):
    job = asked(owner, spoken)
    worker.Worker(data).perform(job.id)
    waiting = jobs.get(owner.id, job.id)
    assert (waiting.lane, waiting.status, waiting.status_message) == ("ffmpeg", "pending", "2 moments found")
    assert (waiting.attempt, waiting.progress) == (0, 40) and rung == [job.id] * 2
    assert ledger.balance(owner.id)[1] == 10 and library.listed(owner.id, limit=9)[0] == []
    worker.Worker(data).perform(job.id)
    assert jobs.get(owner.id, job.id).status == "complete" and ledger.balance(owner.id)[1] == 0


def test_canceled_when_the_moments_were_just_found_it_ends_and_costs_nothing(owner, spoken, rung, monkeypatch, data):
    job, real = asked(owner, spoken), auto._look
    monkeypatch.setattr(auto, "_look", lambda *given: (real(*given), jobs.ask_to_cancel(job))[0])
    worker.Worker(data).perform(job.id)
    said = status.get(owner.id, job.id)
    assert (said["status"], said["code"], len(rung)) == ("failed", "canceled", 1) and ledger.balance(owner.id)[1] == 0


def test_canceled_in_the_moment_in_which_it_changes_lanes_the_sweep_ends_it(owner, spoken, rung):
    job = asked(owner, spoken)
    assert leases.pass_on(*looked(job))
    jobs.ask_to_cancel(job)
    worker.sweep()
    said = status.get(owner.id, job.id)
    assert (said["status"], said["code"]) == ("failed", "canceled") and ledger.balance(owner.id)[1] == 0
    assert leases.claim(job.id, "x") is None


def test_a_job_given_back_with_a_clip_made_and_then_canceled_charges_for_it(owner, ready: Ready, rung):
    job = asked(owner, ready(owner, video(duration_s=120)), preset_ref=PRESET)
    held = leases.claim(job.id, leases.owner_name())
    assert held
    made(held, 30)
    leases.give_back(held)
    cancel.cancel(owner.id, job.id)
    entries = {entry.kind: entry for entry in ledger.LedgerEntry.select()}
    assert entries["settle"].d_reserved_cents == -12 and ledger.balance(owner.id)[1] == 0


def test_a_worker_that_lost_the_job_lists_nothing(owner, ready: Ready, rung):
    job = asked(owner, ready(owner, video(duration_s=120)))
    held = leases.claim(job.id, leases.owner_name())
    assert held
    jobs.ask_to_cancel(held)
    with pytest.raises(Canceled):
        made(held, 30)
    assert library.Clip.select().count() == 0


@pytest.mark.parametrize(("duration_s", "count"), [(1800, 5), (1801, 8), (3600, 8), (10800, 10)])
def test_longer_sources_give_more_clips(duration_s, count):
    assert auto.usual_count(duration_s) == count


def test_the_status_of_a_waiting_job_is_listed_with_the_others(owner, ready: Ready, rung):
    job = asked(owner, ready(owner, video(duration_s=120)))
    (listed,) = status.listed(owner.id, only_live=True, limit=5)
    assert (listed["job_id"], listed["kind"], listed["clips"], listed["reserved"]) == (job.id, "auto", [], 0.10)
    assert job.id.startswith("job_auto_") and json.loads(job.ask)["query"] == QUERY
    assert drawing.folder_for(Path("x.mp4")).name == "x.captions"
