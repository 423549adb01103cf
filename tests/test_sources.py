import json
from datetime import timedelta
from pathlib import Path

import pytest

from fastclip import intake, jobs, leases, multipart, rules, sources, store, uploads, worker
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.errors import FastClipError, Gone, NotFound
from fastclip.jobs import Job
from fastclip.media.mp4 import index as mp4_index
from fastclip.settings import Settings
from fastclip.uploads import Upload
from tests.conftest import Send, everything_kept

ONE_SHOT = {"start": 0, "end": 1}


@pytest.fixture
def paying(member: Account) -> Account:
    """The member with five cents."""
    with store.write():
        ledger.credit(member.id, "grant", 5, key="grant:1")
    return member


def bytes_under(key: str) -> bytes:
    with store.blobs.lease(key) as path:
        return path.read_bytes()


def late(upload: Upload, hours: float) -> None:
    Upload.update(expires_at=upload.expires_at - timedelta(hours=hours)).where(Upload.id == upload.id).execute()


# -- Checking ----------------------------------------------------------------------------------------------


def test_a_film_becomes_a_ready_source_with_its_facts(owner: Account, bunny: Path, send: Send) -> None:
    upload = send(owner, bunny)
    said = uploads.describe(upload)
    assert {name: said[name] for name in list(said)[:12] + ["error", "clip_requested", "clip_job_id"]} == {
        "file_id": upload.id,
        "status": "ready",
        "filename": "big-buck-bunny-480p-30s.mp4",
        "content_type": "video/mp4",
        "file_size": bunny.stat().st_size,
        "duration": 30.0,
        "duration_seconds": 30.0,
        "max_height": 480,
        "format_detected": said["format_detected"],
        "media_kind": "video",
        "has_video": True,
        "has_audio": True,
        "error": None,
        "clip_requested": False,
        "clip_job_id": None,
    }
    assert "mp4" in said["format_detected"].split(",")


def test_a_sound_is_a_source_without_height(owner: Account, tiny_sound: Path, send: Send) -> None:
    said = uploads.describe(send(owner, tiny_sound))
    assert (said["status"], said["media_kind"], said["max_height"], said["has_video"]) == ("ready", "audio", 0, False)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.mp4", b"this is not a film\n" * 50),
        ("empty-ish.mp4", b"\0"),
        ("playlist.mp4", b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n"),
        ("named-wrongly.mp3", None),
        ("cut-off.mp4", "half"),
    ],
)
def test_what_is_no_media_fails_with_a_sentence_and_is_deleted_and_refunded(
    paying: Account, tiny: Path, tmp_path: Path, send: Send, data: Settings, name: str, content: bytes | str | None
) -> None:
    film = tiny.read_bytes()
    made = film if content is None else film[: len(film) // 2] if content == "half" else content
    (tmp_path / name).write_bytes(made)
    upload = send(paying, tmp_path / name, clip=ONE_SHOT)
    assert (upload.status, upload.error_code) == ("failed", "unsupported_media")
    assert upload.error.endswith(".") and "ffmpeg" not in upload.error
    assert everything_kept(data) == []
    assert ledger.balance(paying.id) == (5, 0)
    assert uploads.describe(upload)["clip_job_id"] is None


def test_bytes_that_are_not_as_many_as_announced_fail(
    owner: Account, tiny: Path, tmp_path: Path, data: Settings
) -> None:
    upload, _ = intake.request(owner, "a.mp4", "video/mp4", tiny.stat().st_size + 1)
    (tmp_path / "copy").write_bytes(tiny.read_bytes())
    store.blobs.save(upload.key, tmp_path / "copy")
    uploads.received(upload.key)
    failed = uploads.get(owner.id, upload.id)
    assert (failed.status, failed.error_code) == ("failed", "validation_failed")
    assert "bytes arrived where" in failed.error and everything_kept(data) == []


def test_an_upload_that_is_aborted_while_it_is_checked_stays_aborted(
    paying: Account, tiny: Path, send: Send, rung: list[str], data: Settings
) -> None:
    upload = send(paying, tiny, clip=ONE_SHOT)
    uploads.abort(paying.id, upload.id)
    worker.Worker(data).perform(rung[0])
    assert uploads.get(paying.id, upload.id).error_code == "canceled"
    assert jobs.get(paying.id, rung[0]).status == "complete" and Job.select().count() == 1
    assert everything_kept(data) == [] and ledger.balance(paying.id) == (5, 0)


def test_a_check_that_breaks_takes_its_upload_along(
    paying: Account, tiny: Path, send: Send, data: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(sources.probe, "read", breaks)
    upload = send(paying, tiny, clip=ONE_SHOT)
    assert (upload.status, upload.error_code, upload.error) == (
        "failed",
        "internal",
        "Something went wrong on our side.",
    )
    assert everything_kept(data) == [] and ledger.balance(paying.id) == (5, 0)


def test_a_source_is_checked_once_also_when_its_job_runs_twice(
    paying: Account, tiny: Path, send: Send, rung: list[str], data: Settings
) -> None:
    upload = send(paying, tiny, clip=ONE_SHOT)
    validate = leases.claim(rung[0], leases.owner_name())
    assert validate
    sources.validate(validate, lambda fraction, message: None)
    kinds = sorted(job.kind for job in Job.select())
    assert kinds == ["prepare", "trim", "validate"]
    sources.validate(validate, lambda fraction, message: None)
    assert sorted(job.kind for job in Job.select()) == kinds
    assert uploads.get(paying.id, upload.id).status == "ready"


# -- Showing -----------------------------------------------------------------------------------------------


def test_a_player_gets_all_it_needs_of_a_film(owner: Account, bunny: Path, send: Send) -> None:
    upload = send(owner, bunny)
    said = sources.preview(upload)
    assert (said["status"], said["progress"], said["media_kind"]) == ("ready", 100, "video")
    assert (said["width"], said["height"], said["rotation"], said["fps"]) == (854, 480, 0, {"num": 24, "den": 1})
    assert (said["is_vfr"], said["duration"], said["proxy"]) == (False, 30.0, None)
    assert said["keyframes"][0] == 0.0 and said["keyframes"] == sorted(said["keyframes"])
    assert said["has_instant_starts"] is True
    assert (said["peaks"]["per_second"], said["peaks"]["count"]) == (50, 1500)
    assert len(bytes_under(f"previews/{upload.id}/peaks.u8")) == 1500
    assert (said["frame_times"]["count"], said["frame_times"]["unit_s"]) == (720, 1e-5)
    assert len(bytes_under(f"previews/{upload.id}/frames.u32")) == 4 * 720
    strip = said["filmstrip"]
    assert strip["columns"] * strip["rows"] >= strip["count"] > 0 and strip["interval"] * strip["count"] >= 29
    assert bytes_under(f"previews/{upload.id}/filmstrip.jpg").startswith(b"\xff\xd8")
    assert bytes_under(f"previews/{upload.id}/poster.jpg").startswith(b"\xff\xd8")
    assert said["source"]["codecs"] == "avc1.64001E, mp4a.40.2"


@pytest.mark.parametrize(
    ("kind", "spared", "missing"),
    [("audio", 0, {"peaks"}), ("video", 24, set())],
    ids=["sound", "picture after a second"],
)
def test_damage_costs_only_the_parts_that_meet_it(
    kind: str, spared: int, missing: set[str], owner: Account, bunny: Path, send: Send, tmp_path: Path
) -> None:
    damaged = bytearray(bunny.read_bytes())
    track = next(one for one in mp4_index.read(bunny).tracks if one and one.kind == kind)
    for offset, size in zip(track.offset.tolist()[spared:], track.size.tolist()[spared:], strict=True):
        damaged[offset : offset + size] = b"\xff" * size
    path = tmp_path / "damaged.mp4"
    path.write_bytes(damaged)
    said = sources.preview(send(owner, path))
    parts = {"poster_url", "filmstrip", "peaks", "frame_times"}
    assert (said["status"], {part for part in parts if said[part] is None}) == ("ready", missing)
    assert said["keyframes"][0] == 0.0


def test_a_player_gets_no_picture_of_a_sound(owner: Account, tiny_sound: Path, send: Send) -> None:
    said = sources.preview(send(owner, tiny_sound))
    assert (said["status"], said["media_kind"], said["fps"]) == ("ready", "audio", None)
    assert (said["poster_url"], said["filmstrip"], said["frame_times"], said["keyframes"]) == (None, None, None, [])
    assert said["has_instant_starts"] is False
    assert said["peaks"]["count"] == pytest.approx(150, abs=3)


def test_a_preview_that_is_being_made_says_how_far_it_is(
    owner: Account, tiny: Path, send: Send, rung: list[str], data: Settings
) -> None:
    upload = send(owner, tiny)
    worker.Worker(data).perform(rung[0])
    said = sources.preview(uploads.get(owner.id, upload.id))
    assert (said["status"], said["progress"], said["peaks"], said["poster_url"]) == ("preparing", 0, None, None)
    prepare = leases.claim(rung[1], leases.owner_name())
    assert prepare
    leases.tell(prepare, "processing", 0.4, "Drawing the filmstrip")
    assert sources.preview(uploads.get(owner.id, upload.id))["progress"] == 40
    worker.fail(prepare, RuntimeError("broken"))
    assert sources.preview(uploads.get(owner.id, upload.id))["status"] == "failed"
    assert uploads.get(owner.id, upload.id).status == "ready"


def test_a_proxy_is_made_once_however_often_it_is_asked_for(owner: Account, tiny: Path, send: Send) -> None:
    upload = send(owner, tiny)
    for _ in range(2):
        sources.ask_for_proxy(owner, upload.id)
    said = sources.preview(uploads.get(owner.id, upload.id))["proxy"]
    assert (said["status"], said["progress"], said["error"]) == ("ready", 100, None)
    assert bytes_under(f"previews/{upload.id}/proxy.webm").startswith(b"\x1a\x45\xdf\xa3")
    assert Job.select().where(Job.kind == "proxy").count() == 1


def test_a_proxy_that_failed_can_be_asked_for_again(owner: Account, tiny: Path, send: Send, rung: list[str]) -> None:
    upload = send(owner, tiny)
    Upload.update(status="ready", facts=json.dumps({})).execute()
    sources.ask_for_proxy(owner, upload.id)
    Job.update(status="failed").where(Job.kind == "proxy").execute()
    sources.ask_for_proxy(owner, upload.id)
    assert Job.select().where(Job.kind == "proxy").count() == 2


def test_nobody_gets_a_proxy_of_another_accounts_source(
    owner: Account, member: Account, tiny: Path, send: Send
) -> None:
    with pytest.raises(NotFound):
        sources.ask_for_proxy(member, send(owner, tiny).id)


def test_nothing_half_made_is_left_behind(owner: Account, tiny: Path, send: Send, data: Settings) -> None:
    sources.ask_for_proxy(owner, send(owner, tiny).id)
    assert list(data.temp_dir.iterdir()) == []


# -- The sample --------------------------------------------------------------------------------------------


def test_the_sample_is_a_ready_source_and_again_the_same_one(owner: Account, bunny: Path) -> None:
    upload = sources.add_sample(owner)
    assert (upload.status, upload.filename) == ("ready", "big-buck-bunny-480p-30s.mp4")
    assert bytes_under(upload.key) == bunny.read_bytes()
    assert sources.add_sample(owner).id == upload.id
    assert ledger.balance(owner.id) == (0, 0)


# -- Expiring ----------------------------------------------------------------------------------------------


def test_a_source_is_gone_after_24_hours_with_its_bytes(owner: Account, tiny: Path, send: Send, data: Settings) -> None:
    upload = send(owner, tiny)
    late(upload, 23.99)
    assert sources.expire() == [] and uploads.get(owner.id, upload.id)
    late(upload, 24.01)
    assert [one.id for one in sources.expire()] == [upload.id]
    with pytest.raises(Gone) as refusal:
        uploads.get(owner.id, upload.id)
    assert (refusal.value.status, refusal.value.code) == (410, "source_expired")
    assert everything_kept(data) == [] and uploads.recent(owner.id, limit=9, before=None) == []


def test_a_source_at_work_is_kept_until_the_work_ends(owner: Account, tiny: Path, send: Send, data: Settings) -> None:
    upload = send(owner, tiny)
    job = jobs.add(owner.id, "trim", {}, lane="ffmpeg", file_id=upload.id)
    late(upload, 25)
    assert sources.expire() == [] and uploads.get_ready(owner.id, upload.id)
    Job.update(status="complete").where(Job.id == job.id).execute()
    assert len(sources.expire()) == 1 and everything_kept(data) == []


def test_an_upload_that_was_never_finished_fails_and_is_refunded(paying: Account, data: Settings) -> None:
    upload, _ = multipart.initiate(
        paying,
        "a.mp4",
        "video/mp4",
        rules.MIN_PART_BYTES * 2,
        part_size=rules.MIN_PART_BYTES,
        part_count=2,
        clip=ONE_SHOT,
    )
    assert ledger.balance(paying.id) == (3, 2)
    late(upload, 25)
    sources.expire()
    failed = uploads.get(paying.id, upload.id)
    assert (failed.status, failed.error_code) == ("failed", "source_expired")
    assert ledger.balance(paying.id) == (5, 0) and everything_kept(data) == []


def test_an_upload_whose_check_was_lost_does_not_hold_its_money_for_ever(
    paying: Account, tiny: Path, send: Send, rung: list[str], data: Settings
) -> None:
    upload = send(paying, tiny, clip=ONE_SHOT)
    Job.update(status="failed").execute()
    late(upload, 25)
    sources.expire()
    assert ledger.balance(paying.id) == (5, 0) and everything_kept(data) == []


@pytest.mark.parametrize("refused", ["expired", "failed"])
def test_what_is_over_is_not_expired_again(owner: Account, tiny: Path, send: Send, refused: str) -> None:
    upload = send(owner, tiny)
    Upload.update(status=refused).execute()
    late(upload, 25)
    assert sources.expire() == []
    with pytest.raises(FastClipError):
        uploads.get_ready(owner.id, upload.id)
