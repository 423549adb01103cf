import json
from typing import Any

import pytest

from fastclip import jobs, leases, library, store, uploads
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.clips import trim
from fastclip.errors import FastClipError, InsufficientBalance, NotAllowed, Unavailable
from fastclip.jobs import Job
from fastclip.media.plans import Cut
from fastclip.settings import Settings
from fastclip.uploads import Upload
from tests.billing.machine import check_books
from tests.clips.conftest import Ready, sound, video
from tests.conftest import everything_kept


def credit(account: Account, cents: int) -> Account:
    with store.write():
        ledger.credit(account.id, "grant", cents, key=store.new_id("grant:"))
    return account


def paid(account: Account) -> Account:
    Account.update(paid_total_cents=500).where(Account.id == account.id).execute()
    return Account.get_by_id(account.id)


def ask(account: Account, upload: Upload, *spans: tuple[float, float], **other: Any) -> list[Job]:
    return trim.request(account, upload.id, list(spans or [(0, 1)]), **{"via": "api_key"} | other)


# -- Asking ------------------------------------------------------------------------------------------------


def test_a_trim_of_the_signup_dollar_leaves_98_cents(member: Account, ready: Ready, rung: list[str]) -> None:
    ledger.grant_signup_credit(member.id)
    (job,) = ask(member, ready(member, video()), (15, 55), quality="1080p")
    assert ledger.balance(member.id) == (98, 2)
    assert rung == [job.id] and (job.lane, job.status, job.reserved_cents) == ("ffmpeg", "pending", 2)
    assert job.asked == {
        "start": 15,
        "end": 55,
        "format": "mp4",
        "quality": "1080p",
        "max_px": 1080,
        "source_title": "",
    }


@pytest.mark.parametrize(
    ("quality", "has_paid", "cents"), [("4k", True, 8), ("1080p", True, 4), (None, True, 8), (None, False, 4)]
)
def test_two_segments_of_a_true_4k_source_cost_by_what_comes_out(
    member: Account, ready: Ready, rung: list[str], quality: str | None, has_paid: bool, cents: int
) -> None:
    account = paid(credit(member, 100)) if has_paid else credit(member, 100)
    ask(account, ready(member, video(3840, 2160)), (0, 1), (1, 2), quality=quality)
    assert ledger.balance(member.id) == (100 - cents, cents)


def test_4k_without_a_deposit_reserves_nothing(member: Account, ready: Ready, rung: list[str]) -> None:
    with pytest.raises(NotAllowed):
        ask(credit(member, 100), ready(member, video(3840, 2160)), quality="4k")
    assert ledger.balance(member.id) == (100, 0) and rung == []


def test_five_segments_on_seven_cents_reserve_and_queue_nothing(member: Account, ready: Ready, rung: list[str]) -> None:
    with pytest.raises(InsufficientBalance):
        ask(credit(member, 7), ready(member, video()), *[(n, n + 1) for n in range(5)])
    assert ledger.balance(member.id) == (7, 0)
    assert (Job.select().count(), rung) == (0, [])


def test_fifty_segments_are_fifty_jobs_each_paid(member: Account, ready: Ready, rung: list[str]) -> None:
    made = ask(credit(member, 100), ready(member, video()), *[(n, n + 1) for n in range(50)])
    assert len({job.id for job in made}) == 50 and rung == [job.id for job in made]
    assert ledger.balance(member.id) == (0, 100)


def breaks_at(monkeypatch: pytest.MonkeyPatch, calls: set[int]) -> None:
    """The queue does not take the pushes of these numbers."""
    seen = iter(range(100))

    def push(job_id: str, *, lane: str, **_: object) -> None:
        if next(seen) in calls:
            raise Unavailable("The job queue is temporarily unavailable; try again in a moment.")

    monkeypatch.setattr(store.queue, "push", push)


def test_what_the_queue_does_not_take_is_given_back(
    member: Account, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks_at(monkeypatch, {1, 2})
    queued = ask(credit(member, 100), ready(member, video()), (0, 1), (1, 2), (2, 3))
    assert [job.asked["start"] for job in queued] == [0]
    assert ledger.balance(member.id) == (98, 2)
    refused = Job.select().where(Job.status == "failed")
    assert {job.error_code for job in refused} == {"queue_unavailable"} and refused.count() == 2
    check_books(member.id)


def test_a_queue_that_takes_nothing_is_said_and_nothing_is_charged(
    member: Account, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks_at(monkeypatch, {0, 1})
    with pytest.raises(Unavailable, match="nothing was charged"):
        ask(credit(member, 100), ready(member, video()), (0, 1), (1, 2))
    assert ledger.balance(member.id) == (100, 0)
    check_books(member.id)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"format": "gif"}, 403, "session_required"),
        ({"format": "mp3"}, 400, "invalid_request"),
        ({"format": "avi"}, 400, "invalid_request"),
        ({"quality": "8k"}, 400, "invalid_request"),
        ({"spans": [(0, 700)]}, 422, "validation_failed"),
        ({"spans": [(9, 9)]}, 422, "validation_failed"),
        ({"file_id": "upl_000000000000"}, 404, "not_found"),
    ],
)
def test_a_refused_trim_costs_nothing_and_leaves_nothing(
    member: Account, ready: Ready, rung: list[str], data: Settings, change: dict[str, Any], status: int, code: str
) -> None:
    upload = ready(credit(member, 100), video())
    asked = {"file_id": upload.id, "spans": [(0, 1)], "via": "api_key"} | change
    with pytest.raises(FastClipError) as refusal:
        trim.request(member, **asked)
    assert (refusal.value.status, refusal.value.code) == (status, code)
    assert ledger.balance(member.id) == (100, 0)
    assert (Job.select().count(), rung, everything_kept(data)) == (0, [], [])


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        ("pending", 409, "upload_not_ready"),
        ("processing", 409, "upload_not_ready"),
        ("failed", 409, "upload_not_ready"),
        ("expired", 410, "source_expired"),
    ],
)
def test_only_a_ready_source_is_cut(
    member: Account, ready: Ready, rung: list[str], state: str, status: int, code: str
) -> None:
    upload = ready(credit(member, 100), video())
    Upload.update(status=state).execute()
    with pytest.raises(FastClipError) as refusal:
        ask(member, upload)
    assert (refusal.value.status, refusal.value.code) == (status, code)
    assert ledger.balance(member.id) == (100, 0)


def test_the_source_of_another_account_is_not_there(member: Account, owner: Account, ready: Ready) -> None:
    with pytest.raises(FastClipError) as refusal:
        ask(owner, ready(member, video()))
    assert refusal.value.status == 404


# -- Running -----------------------------------------------------------------------------------------------


def test_a_clip_holds_the_frames_that_were_asked_for(owner: Account, source: Upload) -> None:
    (job,) = ask(owner, source, (0.5, 1.5))
    job = jobs.get(owner.id, job.id)
    assert (job.status, job.error, job.progress, job.status_message) == ("complete", "", 100, "Done!")
    assert job.made["frames"] == 25 and job.made["plan"] in ("copy", "smart", "encode")
    (clip,) = library.of_job(job.id)
    assert (clip.format, clip.quality, clip.aspect_ratio, clip.media_kind) == ("mp4", "72p", "16:9", "video")
    assert (clip.duration_s, clip.start_s, clip.end_s, clip.title) == (pytest.approx(1.0), 0.5, 1.5, "tiny")
    assert clip.size_bytes == store.blobs.size(clip.key) and clip.has_poster and store.blobs.size(clip.poster_key)
    assert job.cost_cents == 2 and ledger.balance(owner.id) == (0, 0)
    check_books(owner.id)


@pytest.mark.parametrize("format", ["gif", "mp3", "wav", "m4a", "flac"])
def test_a_video_becomes_every_other_format_for_who_is_signed_in(owner: Account, source: Upload, format: str) -> None:
    (job,) = ask(owner, source, (0.5, 1.5), via="session", format=format)
    assert jobs.get(owner.id, job.id).error == ""
    (clip,) = library.of_job(job.id)
    assert (clip.format, clip.media_kind) == (format, "video" if format == "gif" else "audio")
    assert clip.has_poster is (format == "gif")
    assert (clip.quality, clip.aspect_ratio) == (("72p", "16:9") if format == "gif" else ("", ""))


def test_a_sound_becomes_an_mp3(owner: Account, send: Any, tiny_sound: Any) -> None:
    (job,) = ask(owner, send(owner, tiny_sound), (0.5, 1.5))
    (clip,) = library.of_job(job.id)
    assert (clip.file_name, clip.media_kind, clip.quality) == ("tiny_0-00-0-01.mp3", "audio", "")


def test_a_title_names_the_clip_and_its_file(owner: Account, source: Upload) -> None:
    (job,) = ask(owner, source, source_title="My / Source")
    (clip,) = library.of_job(job.id)
    assert clip.title == "My / Source"
    assert clip.file_name.endswith("_0-00-0-01.mp4")


def test_a_source_that_went_meanwhile_fails_the_job_and_gives_back(
    member: Account, owner: Account, source: Upload, rung: list[str]
) -> None:
    Upload.update(account_id=member.id).execute()
    (job,) = ask(credit(member, 2), source)
    store.blobs.delete(source.key)
    from fastclip import worker

    claimed = leases.claim(job.id, leases.owner_name())
    assert claimed
    try:
        trim.run(claimed, lambda fraction, message: None)
    except FastClipError as error:
        worker.fail(claimed, error)
    ended = jobs.get(member.id, job.id)
    assert (ended.status, ended.error_code, ended.error) == ("failed", "not_found", "This file is no longer stored.")
    assert ledger.balance(member.id) == (2, 0)


# -- One-shot ----------------------------------------------------------------------------------------------


def test_a_one_shot_clip_is_made_when_its_upload_is_ready(member: Account, send: Any, tiny: Any) -> None:
    upload = send(credit(member, 5), tiny, clip={"start": 0.5, "end": 1.5, "source_title": "My Source"})
    said = uploads.describe(upload)
    assert said["clip_requested"] and said["clip_job_id"].startswith("job_")
    job = jobs.get(member.id, said["clip_job_id"])
    (clip,) = library.of_job(job.id)
    assert (job.status, clip.title, clip.format) == ("complete", "My Source", "mp4")
    assert ledger.balance(member.id) == (3, 0)
    check_books(member.id)


def test_a_one_shot_clip_outside_its_source_is_refunded_and_the_upload_stays(
    member: Account, send: Any, tiny: Any
) -> None:
    upload = send(credit(member, 5), tiny, clip={"start": 100, "end": 101})
    job = jobs.get(member.id, upload.clip_job_id)
    assert upload.status == "ready"
    assert (job.status, job.error_code) == ("failed", "validation_failed")
    assert job.error == "Segment 100-101 s is outside the source (0-3 s)."
    assert ledger.balance(member.id) == (5, 0)
    check_books(member.id)


def test_a_one_shot_clip_of_something_that_is_no_media_is_refunded(member: Account, send: Any, tmp_path: Any) -> None:
    (tmp_path / "fake.mp4").write_bytes(b"not a film" * 100)
    upload = send(credit(member, 5), tmp_path / "fake.mp4", clip={"start": 0, "end": 1})
    assert (upload.status, upload.error_code) == ("failed", "unsupported_media")
    assert ledger.balance(member.id) == (5, 0)
    check_books(member.id)


# -- Names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        (15, 55, "source_0-15-0-55.mp4"),
        (7.3, 19.85, "source_0-07-0-19.mp4"),
        (60, 3661, "source_1-00-1-01-01.mp4"),
    ],
)
def test_a_file_is_named_as_the_reference_does(start: float, end: float, name: str) -> None:
    assert trim.file_name("source", start, end, "mp4") == name


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        ((1920, 1080), "16:9"),
        ((854, 480), "16:9"),
        ((1080, 1920), "9:16"),
        ((1080, 1080), "1:1"),
        ((640, 480), "4:3"),
        ((1080, 1350), "4:5"),
        ((2560, 1097), "21:9"),
        ((1920, 800), "12:5"),
        ((0, 0), ""),
    ],
)
def test_an_aspect_ratio_is_the_nearest_usual_one_or_the_reduced_fraction(size: tuple[int, int], ratio: str) -> None:
    assert trim.aspect_ratio(*size) == ratio


@pytest.mark.parametrize(
    ("asked", "size", "told"),
    [
        ("1080p", (1920, 1080), "1080p"),
        ("1080p", (854, 480), "480p"),
        ("4k", (1920, 1080), "1080p"),
        ("4k", (3840, 2160), "4k"),
        ("", (2160, 3840), "4k"),
        ("", (2560, 1440), "1440p"),
        ("720p", (720, 1280), "720p"),
    ],
)
def test_the_quality_told_is_the_one_delivered(asked: str, size: tuple[int, int], told: str) -> None:
    made = Cut("encode", "", 1, 0.0, 1.0, *size, 1, {})
    assert trim.delivered_quality(asked, made) == told


def test_what_was_asked_is_json_that_any_version_reads(member: Account, ready: Ready, rung: list[str]) -> None:
    (job,) = ask(credit(member, 2), ready(member, sound()), format="aac")
    assert json.loads(job.ask)["format"] == "m4a"
