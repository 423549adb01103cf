from datetime import timedelta

import pytest

from fastclip import jobs, leases, library, retention, store, worker
from fastclip.accounts import Account
from fastclip.clips import caption, status, trim
from fastclip.errors import InvalidRequest, NotFound
from fastclip.jobs import Job
from fastclip.uploads import Upload
from tests.clips.conftest import Ready, video

REFERENCE = {
    "job_id",
    "status",
    "progress",
    "status_message",
    "download_url",
    "file_name",
    "format",
    "quality",
    "aspect_ratio",
    "saved_to_library",
    "clip_id",
    "share_url",
    "embed_url",
    "cost",
    "balance",
}
"""The fields of the reference's "GET /v1/clip/{job_id}"."""


@pytest.fixture
def asked(owner: Account, ready: Ready, rung: list[str]) -> Job:
    return trim.request(owner, ready(owner, video()).id, [(1, 2)], via="api_key", quality="720p")[0]


def test_a_waiting_job_shows_what_is_known_and_null_for_the_rest(asked: Job) -> None:
    said = status.get(asked.account_id, asked.id)
    assert REFERENCE <= set(said)
    assert (said["status"], said["progress"], said["format"], said["quality"]) == ("pending", 0, "mp4", "720p")
    assert said["saved_to_library"] is False and said["reserved"] == 0.02
    for name in ("download_url", "file_name", "clip_id", "share_url", "embed_url", "cost", "aspect_ratio"):
        assert said[name] is None


def test_a_complete_job_shows_every_field_of_the_reference(owner: Account, source: Upload) -> None:
    (job,) = trim.request(owner, source.id, [(0, 1)], via="api_key")
    said = status.get(owner.id, job.id)
    assert REFERENCE <= set(said) and not any(said[name] is None for name in REFERENCE)
    assert (said["progress"], said["status_message"], said["cost"]) == (100, "Done!", 0.02)
    assert said["share_url"] == f"/c/{said['clip_id']}" and said["embed_url"] == f"/embed/{said['clip_id']}"
    assert said["saved_to_library"] is True and "reserved" not in said and "error" not in said


def test_a_failed_job_says_why(asked: Job) -> None:
    claimed = leases.claim(asked.id, leases.owner_name())
    assert claimed
    worker.fail(claimed, InvalidRequest("The source cannot be read."))
    said = status.get(asked.account_id, asked.id)
    assert (said["status"], said["error"], said["code"], said["status_message"]) == (
        "failed",
        "The source cannot be read.",
        "invalid_request",
        "The source cannot be read.",
    )
    assert said["cost"] is None and said["clip_id"] is None


def test_a_bug_is_told_as_an_apology_without_its_insides(asked: Job) -> None:
    claimed = leases.claim(asked.id, leases.owner_name())
    assert claimed
    worker.fail(claimed, RuntimeError("/secret/path: ffmpeg exited 1"))
    said = status.get(asked.account_id, asked.id)
    assert (said["error"], said["code"]) == ("Something went wrong on our side.", "internal")


def test_the_links_of_a_clip_that_expired_or_was_deleted_are_gone(owner: Account, source: Upload) -> None:
    expired, deleted = trim.request(owner, source.id, [(0, 1), (1, 2)], via="api_key")
    library.Clip.update(expires_at=store.now() - timedelta(seconds=1)).where(
        library.Clip.job_id == expired.id
    ).execute()
    retention.delete(owner.id, library.of_job(deleted.id)[0].id)
    for job in (expired, deleted):
        said = status.get(owner.id, job.id)
        assert said["status"] == "complete" and said["cost"] == 0.02
        assert [said[name] for name in ("download_url", "share_url", "embed_url")] == [None] * 3


def test_only_clip_jobs_are_shown(asked: Job, owner: Account, member: Account) -> None:
    other = jobs.add(owner.id, "validate", {}, lane="light")
    for account, job_id in ((owner, other.id), (member, asked.id), (owner, "job_none")):
        with pytest.raises(NotFound):
            status.get(account.id, job_id)
    assert [one["job_id"] for one in status.listed(owner.id, only_live=True, limit=9)] == [asked.id]


def test_a_job_tells_all_that_is_needed_to_ask_for_the_same_again(
    owner: Account, ready: Ready, rung: list[str]
) -> None:
    film = ready(owner, video()).id
    (cut,) = trim.request(owner, film, [(1, 2)], via="session", quality="720p", preset_ref="builtin:bold-hook")
    whole = caption.request(owner, file_id=film, clip_id=None, preset_ref="builtin:word-pill")
    said = {one["job_id"]: one for one in status.listed(owner.id, only_live=True, limit=9)}
    assert (said[cut.id]["preset_ref"], said[cut.id]["quality"], said[cut.id]["start"]) == (
        "builtin:bold-hook",
        "720p",
        1,
    )
    assert (said[whole.id]["kind"], said[whole.id]["preset_ref"]) == ("captions", "builtin:word-pill")
    assert [said[job.id]["of_clip_id"] for job in (cut, whole)] == [None, None]


def test_the_jobs_panel_learns_what_is_cut_and_how_long_it_takes(asked: Job) -> None:
    claimed = leases.claim(asked.id, leases.owner_name())
    assert claimed
    (said,) = status.listed(asked.account_id, only_live=True, limit=9)
    assert (said["source_name"], said["start"], said["end"], said["eta_s"]) == ("source.mp4", 1, 2, None)
    leases.tell(claimed, "processing", 0.5, "Cutting")
    Job.update(started_at=store.now() - timedelta(seconds=10)).execute()
    (said,) = status.listed(asked.account_id, only_live=True, limit=9)
    assert said["eta_s"] == pytest.approx(10, abs=2)
    leases.end(claimed, "complete")
    assert status.listed(asked.account_id, only_live=True, limit=9) == []
    assert status.listed(asked.account_id, only_live=False, limit=9)[0]["eta_s"] is None
