"""Merged segments are one job, one price a segment, one clip."""

import json
from pathlib import Path
from typing import Any

import pytest

from fastclip import cli, jobs, leases, library, rules, store
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.clips import cancel, merge, status
from fastclip.errors import FastClipError, Unavailable
from fastclip.jobs import Job
from fastclip.settings import Settings
from fastclip.uploads import Upload
from fastclip.worker import Worker
from tests.billing.machine import check_books
from tests.clips.conftest import Ready, sound, video
from tests.conftest import everything_kept
from tests.media import stamped

SPANS = [(1.0, 2.0), (0.0, 0.6), (2.2, 2.8)]


def credit(account: Account, cents: int) -> Account:
    with store.write():
        ledger.credit(account.id, "grant", cents, key=store.new_id("grant:"))
    return account


def test_three_segments_become_one_clip_that_costs_three_trims(owner: Account, source: Upload, data: Settings) -> None:
    job = merge.request(owner, source.id, SPANS, via="api_key")
    job = jobs.get(owner.id, job.id)
    assert (job.status, job.error, job.cost_cents, job.lane) == ("complete", "", 6, "ffmpeg")
    (clip,) = library.of_job(job.id)
    assert (clip.file_name, clip.format, clip.kind, clip.has_poster) == ("tiny_merged.mp4", "mp4", "merge", True)
    assert (clip.start_s, clip.end_s, clip.duration_s) == (0.0, 2.8, pytest.approx(2.2, abs=0.04))
    assert job.made["frames"] == 55 and job.made["plan"] in ("smart", "encode")
    said = status.describe_fully(job)
    assert said["segments"] == [{"start": start, "end": end} for start, end in SPANS]
    assert status.get(owner.id, job.id)["plan_reason"] == job.made["plan_reason"] != ""
    assert not list(store.temp_dir.iterdir())
    check_books(owner.id)


@pytest.mark.parametrize("format", rules.AUDIO_FORMATS)
def test_sound_alone_is_merged_for_who_is_signed_in(owner: Account, source: Upload, format: str) -> None:
    job = jobs.get(owner.id, merge.request(owner, source.id, SPANS, via="session", format=format).id)
    (clip,) = library.of_job(job.id)
    assert (job.error, clip.format, clip.media_kind, clip.has_poster) == ("", format, "audio", False)
    assert clip.duration_s == pytest.approx(2.2, abs=0.001)


def test_a_title_names_the_merged_file(owner: Account, source: Upload) -> None:
    job = merge.request(owner, source.id, SPANS, via="api_key", source_title="Best of")
    (clip,) = library.of_job(job.id)
    assert (clip.title, clip.file_name) == ("Best of", "Best of_merged.mp4")


@pytest.mark.parametrize(
    ("facts", "change", "status", "code"),
    [
        (video(), {"via": "session", "format": "gif"}, 400, "invalid_request"),
        (video(), {"format": "mp3"}, 400, "invalid_request"),
        (video(), {"quality": "4k"}, 403, "paid_deposit_required"),
        (video(), {"spans": []}, 400, "invalid_request"),
        (video(), {"spans": [(0, 1), (700, 701)]}, 422, "validation_failed"),
        (sound(10_000), {"spans": [(0, 600)] * 19}, 422, "validation_failed"),
        (video(), {"spans": [(n, n + 1) for n in range(50)]}, 402, "insufficient_balance"),
    ],
)
def test_a_refused_merge_costs_nothing(
    member: Account,
    ready: Ready,
    rung: list[str],
    facts: Any,
    change: dict[str, Any],
    status: int,
    code: str,
) -> None:
    asked = {"file_id": ready(credit(member, 90), facts).id, "spans": [(0, 1), (2, 3)], "via": "api_key"} | change
    with pytest.raises(FastClipError) as refusal:
        merge.request(member, **asked)
    assert (refusal.value.status, refusal.value.code) == (status, code), refusal.value.message
    assert ledger.balance(member.id) == (90, 0) and (Job.select().count(), rung) == (0, [])


def test_a_merged_clip_is_no_longer_than_a_source_may_be(member: Account, ready: Ready, rung: list[str]) -> None:
    upload = ready(credit(member, 100), sound(10_000))
    with pytest.raises(FastClipError, match="11400 s together; a merged clip has at most 10800 s"):
        merge.request(member, upload.id, [(0, 600)] * 19, via="api_key")
    assert merge.request(member, upload.id, [(0, 600)] * 18, via="api_key").reserved_cents == 36


def test_a_merge_that_the_queue_does_not_take_is_given_back(
    member: Account, ready: Ready, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def push(job_id: str, **_: object) -> None:
        raise Unavailable("The job queue is temporarily unavailable; try again in a moment.")

    monkeypatch.setattr(store.queue, "push", push)
    with pytest.raises(Unavailable, match="nothing was charged"):
        merge.request(credit(member, 10), ready(member, video()).id, [(0, 1), (2, 3)], via="api_key")
    assert ledger.balance(member.id) == (10, 0)
    check_books(member.id)


def test_a_canceled_merge_gives_all_back_and_leaves_nothing(
    owner: Account, source: Upload, data: Settings, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, running, plain = everything_kept(data), Worker(data), leases.tell
    job = merge.request(owner, source.id, SPANS, via="api_key")

    def tell(job: Job, status: str, fraction: float, message: str) -> None:
        plain(job, status, fraction, message)
        if message.startswith("Joining"):
            jobs.ask_to_cancel(job)

    monkeypatch.setattr(leases, "tell", tell)
    running.perform(job.id)
    ended = jobs.get(owner.id, job.id)
    assert (ended.status, ended.error_code) == ("failed", "canceled")
    assert everything_kept(data) == before and ledger.balance(owner.id)[1] == 0
    check_books(owner.id)


def test_a_waiting_merge_is_canceled_at_once(member: Account, ready: Ready, rung: list[str]) -> None:
    job = merge.request(credit(member, 4), ready(member, video()).id, [(0, 1), (2, 3)], via="api_key")
    assert ledger.balance(member.id) == (0, 4)
    assert cancel.cancel(member.id, job.id).error_code == "canceled"
    assert ledger.balance(member.id) == (4, 0)


def test_the_command_line_merges_a_list_of_segments(tmp_path: Path, bunny: Path, capsys: Any) -> None:
    (tmp_path / "cuts.csv").write_text("7.30,9.5\n1,2\n")
    command = ["clip", str(bunny), "--segments", str(tmp_path / "cuts.csv"), "--merge", "-o", str(tmp_path / "out.mp4")]
    assert not cli.fastclip.main(args=[*command, "--json"], prog_name="fastclip")
    said = json.loads(capsys.readouterr().out)
    assert said["frames"] == len(stamped.shown(tmp_path / "out.mp4"))
    assert said["duration"] == pytest.approx(3.2, abs=0.09) and said["plan"] in ("smart", "encode")
    assert cli.fastclip.main(args=[*command[:-1], str(tmp_path / "out.gif")], prog_name="fastclip") == 1
    assert "Segments are not merged to gif" in capsys.readouterr().err
