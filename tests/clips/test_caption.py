"""Captions on a clip: who may, what it costs, what comes of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fastclip import jobs, library, presets, store, transcription, transcripts
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.clips import caption, drawing, trim
from fastclip.errors import Conflict, FastClipError
from fastclip.jobs import Job
from fastclip.library import Clip
from fastclip.media import probe
from fastclip.media.words import Word, joined
from fastclip.uploads import Upload
from tests.clips.conftest import DEMO, Ready, sound, video
from tests.conftest import Send, make

KARAOKE = "builtin:short-form-karaoke"
WORDS = [Word("Hello", 0.2, 0.6), Word("big", 0.7, 1.0), Word("world.", 1.1, 1.5), Word("Again", 2.2, 2.6)]


def credit(account: Account, cents: int) -> Account:
    with store.write():
        ledger.credit(account.id, "grant", cents, key=f"test:{account.id}:{cents}")
    return Account.get_by_id(account.id)


@pytest.fixture
def said(source: Upload) -> Upload:
    """Three seconds whose words are known."""
    transcription.replace(source.account_id, source.id, WORDS, duration_s=3.0)
    return source


def asked(account: Account, upload: Upload, **other: Any) -> Job:
    return caption.request(account, **{"file_id": upload.id, "clip_id": None, "preset_ref": KARAOKE} | other)


def trimmed(account: Account, upload: Upload, *spans: tuple[float, float], **other: Any) -> list[Job]:
    return trim.request(account, upload.id, list(spans), **{"via": "session", "preset_ref": KARAOKE} | other)


# -- What comes of it --------------------------------------------------------------------------------------


def test_captions_make_a_new_mp4_and_leave_the_source_as_it_was(owner: Account, said: Upload) -> None:
    with store.blobs.lease(said.key) as path:
        before, facts = path.read_bytes(), probe.read(path, filename="tiny.mp4")
    job = jobs.get(owner.id, asked(owner, said).id)
    assert (job.status, job.id[:8]) == ("complete", "job_cap_"), job.error
    (clip,) = library.of_job(job.id)
    assert (clip.captioned, clip.format, clip.kind, clip.has_poster) == (True, "mp4", "captions", True)
    with store.blobs.lease(clip.key) as path:
        made = probe.read(path)
    assert (made.frames, made.upright_px, made.has_audio) == (facts.frames, facts.upright_px, True)
    with store.blobs.lease(said.key) as path:
        assert path.read_bytes() == before
    assert not [path for path in store.temp_dir.iterdir() if path.name.startswith(job.id)]
    (again,) = library.of_job(asked(owner, said).id)
    assert again.id != clip.id and Clip.get_by_id(clip.id).status == "available"


def test_a_trim_with_captions_is_one_encode_that_shows_the_words_of_its_range(
    owner: Account, said: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = []
    lay = drawing.burn.lay
    monkeypatch.setattr(drawing.burn, "lay", lambda folder, script: (laid.append(script.text), lay(folder, script)))
    (job,) = trimmed(owner, said, (0.6, 1.6))
    job = jobs.get(owner.id, job.id)
    (clip,) = library.of_job(job.id)
    assert (job.status, clip.captioned, job.made["plan"]) == ("complete", True, "encode"), job.error
    assert job.made["plan_reason"] == "captions are drawn into every frame"
    assert clip.duration_s == pytest.approx(1.0, abs=0.05)
    (text,) = laid
    assert "big" in text and "world." in text and "Hello" not in text and "Again" not in text
    assert "0:00:00.10" in text  # "big", at 0.7 s of the source


def test_a_clip_that_was_cut_can_be_captioned_once(owner: Account, said: Upload) -> None:
    (cut_job,) = trimmed(owner, said, (0.0, 2.0), preset_ref=None)
    (clip,) = library.of_job(cut_job.id)
    job = jobs.get(owner.id, asked(owner, said, file_id=None, clip_id=clip.id).id)
    assert job.status == "complete", job.error
    (captioned,) = library.of_job(job.id)
    assert (captioned.source_file_id, captioned.start_s, captioned.end_s) == (said.id, 0.0, 2.0)
    with pytest.raises(FastClipError, match="captions already") as refused:
        asked(owner, said, file_id=None, clip_id=captioned.id)
    assert (refused.value.status, refused.value.code) == (422, "unsupported_media")


def test_captions_hear_the_words_where_nobody_has_yet(
    owner: Account, send: Send, tmp_path: Path, tiny_whisper: None
) -> None:
    talk = tmp_path / "talk.mp4"
    make("-f", "lavfi", "-i", "testsrc2=s=128x72:r=10:d=5", "-i", str(DEMO), "-t", "5", "-shortest", str(talk))
    upload = send(owner, talk)
    plain = jobs.get(owner.id, trimmed(owner, upload, (0.0, 5.0), preset_ref=None)[0].id)
    whole = jobs.get(owner.id, asked(owner, upload).id)
    assert (whole.status, library.of_job(whole.id)[0].captioned) == ("complete", True), whole.error
    heard = joined(transcripts.words_of(transcripts.ready(owner.id, upload.id)))
    assert heard.startswith("Hello and welcome"), heard

    transcripts.Transcript.delete().execute()  # as when the source is gone: the clip itself is listened to
    (clip,) = library.of_job(plain.id)
    of_clip = jobs.get(owner.id, asked(owner, upload, file_id=None, clip_id=clip.id).id)
    assert (of_clip.status, library.of_job(of_clip.id)[0].captioned) == ("complete", True), of_clip.error


def test_a_job_draws_with_the_preset_as_it_was_when_asked(owner: Account, said: Upload, rung: list[str]) -> None:
    preset = presets.add(owner.id, "Mine", KARAOKE, {"font_size": 60})
    job = asked(owner, said, preset_ref=f"preset:{preset.id}")
    presets.change(owner.id, preset.id, {"font_size": 200})
    presets.delete(owner.id, preset.id)
    assert presets.thawed(job.asked["captions"]["style"]).font_size == 60


def test_an_uploaded_font_stays_while_a_job_draws_with_it(
    owner: Account, said: Upload, rung: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(presets.fonts.catalogue()["Anton"].path.read_bytes())
    font = presets.add_font(owner.id, "Anton.ttf", path)
    preset = presets.add(owner.id, "Mine", KARAOKE, {"font_source": "upload", "font_id": font.id})
    asked(owner, said, preset_ref=f"preset:{preset.id}")
    presets.delete(owner.id, preset.id)
    with pytest.raises(Conflict):
        presets.delete_font(owner.id, font.id)


def test_captions_in_a_font_of_ones_own_are_drawn(owner: Account, said: Upload, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(presets.fonts.catalogue()["Anton"].path.read_bytes())
    font = presets.add_font(owner.id, "Anton.ttf", path)
    preset = presets.add(owner.id, "Mine", KARAOKE, {"font_source": "upload", "font_id": font.id})
    job = jobs.get(owner.id, asked(owner, said, preset_ref=f"preset:{preset.id}").id)
    assert job.status == "complete", job.error


# -- What it costs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration_s", "height_px", "other", "cents"),
    [
        (0.5, 1080, {}, 2),
        (60.0, 1080, {}, 2),
        (60.001, 1080, {}, 4),
        (61.0, 1080, {}, 4),
        (600.0, 1080, {}, 20),
        (600.0, 1440, {}, 20),
        (600.0, 2160, {}, 20),
        (600.0, 2160, {"quality": "1080p"}, 20),
    ],
)
def test_captions_cost_each_started_minute_of_the_source(
    member: Account, ready: Ready, rung: list[str], duration_s: float, height_px: int, other: dict, cents: int
) -> None:
    upload = ready(credit(member, 100), video(height_px * 16 // 9, height_px, duration_s))
    job = asked(member, upload, **other)
    assert (job.reserved_cents, ledger.balance(member.id)) == (cents, (100 - cents, cents))


def test_true_4k_costs_double_where_it_is_delivered(owner: Account, ready: Ready, rung: list[str]) -> None:
    upload = ready(owner, video(3840, 2160, 600.0))
    assert asked(owner, upload).reserved_cents == 40
    assert asked(owner, upload, quality="1080p").reserved_cents == 20
    (job,) = trimmed(owner, upload, (0.0, 61.0))
    assert job.reserved_cents == 4 + 8


def test_a_trim_and_its_captions_cost_both(member: Account, ready: Ready, rung: list[str]) -> None:
    upload = ready(credit(member, 100), video())
    jobs_asked = trimmed(member, upload, (0.0, 61.0), (100.3, 160.3))
    assert [job.reserved_cents for job in jobs_asked] == [6, 4]
    assert ledger.balance(member.id) == (90, 10)


def test_where_nobody_speaks_the_clip_is_made_and_its_captions_cost_nothing(owner: Account, said: Upload) -> None:
    (job,) = trimmed(owner, said, (1.6, 2.1))
    job = jobs.get(owner.id, job.id)
    (clip,) = library.of_job(job.id)
    assert (job.status, clip.captioned, job.reserved_cents, job.cost_cents) == ("complete", False, 4, 2)


def test_captions_of_a_source_without_words_are_refused_and_refunded(owner: Account, source: Upload) -> None:
    transcription.replace(owner.id, source.id, [], duration_s=3.0)
    job = jobs.get(owner.id, asked(owner, source).id)
    assert (job.status, job.error_code, job.cost_cents) == ("failed", "validation_failed", 0)
    assert "No speech" in job.error


# -- What is refused ---------------------------------------------------------------------------------------


def test_refusals_of_captions(member: Account, owner: Account, ready: Ready, rung: list[str]) -> None:
    credit(member, 100)
    film, tone, theirs = ready(member, video()), ready(member, sound()), ready(owner, video())
    table: list[tuple[dict[str, Any], int, str]] = [
        ({"file_id": film.id, "clip_id": "x"}, 400, "invalid_request"),
        ({"file_id": None}, 400, "invalid_request"),
        ({"file_id": "upl_000000000000"}, 404, "not_found"),
        ({"file_id": theirs.id}, 404, "not_found"),
        ({"file_id": None, "clip_id": "nothing"}, 404, "not_found"),
        ({"file_id": tone.id}, 422, "unsupported_media"),
        ({"file_id": film.id, "preset_ref": "builtin:none"}, 404, "not_found"),
        ({"file_id": film.id, "preset_ref": "preset:cap_preset_x"}, 404, "not_found"),
        ({"file_id": film.id, "quality": "4k"}, 403, "paid_deposit_required"),
        ({"file_id": film.id, "quality": "8k"}, 400, "invalid_request"),
    ]
    for other, status, code in table:
        with pytest.raises(FastClipError) as refused:
            asked(member, film, **other)
        assert (refused.value.status, refused.value.code) == (status, code), other
    for upload, format, status in ((film, "gif", 400), (film, "mp3", 400), (tone, "mp3", 422)):
        with pytest.raises(FastClipError) as refused:
            trimmed(member, upload, (0.0, 5.0), format=format)
        assert refused.value.status == status
    assert ledger.balance(member.id) == (100, 0)


def test_a_source_that_is_over_or_not_there_yet_is_refused_for_what_it_is(owner: Account, ready: Ready) -> None:
    upload = ready(owner, video())
    for state, status, code in (
        ("expired", 410, "source_expired"),
        ("pending", 409, "upload_not_ready"),
        ("processing", 409, "upload_not_ready"),
        ("failed", 409, "upload_not_ready"),
    ):
        Upload.update(status=state).where(Upload.id == upload.id).execute()
        with pytest.raises(FastClipError) as refused:
            asked(owner, upload)
        assert (refused.value.status, refused.value.code) == (status, code), state
    assert not Job.select().exists()


def test_a_clip_must_be_ones_own_still_there_and_mp4(owner: Account, member: Account, said: Upload) -> None:
    (film,) = library.of_job(trimmed(owner, said, (0.0, 1.0), preset_ref=None)[0].id)
    (song,) = library.of_job(trimmed(owner, said, (0.0, 1.0), preset_ref=None, format="mp3")[0].id)
    ask = {"file_id": None, "preset_ref": KARAOKE}
    table = [(owner, song, 422, "unsupported_media"), (credit(member, 100), film, 404, "not_found")]
    for account, clip, status, code in table:
        with pytest.raises(FastClipError) as refused:
            asked(account, said, **ask | {"clip_id": clip.id})
        assert (refused.value.status, refused.value.code) == (status, code)
    Clip.update(expires_at=store.now() - timedelta(seconds=1), pinned=False).where(Clip.id == film.id).execute()
    with pytest.raises(FastClipError, match="may have expired") as refused:
        asked(owner, said, **ask | {"clip_id": film.id})
    assert refused.value.status == 404 and ledger.balance(member.id) == (100, 0)


def test_another_accounts_preset_cannot_be_burned(
    owner: Account, member: Account, ready: Ready, rung: list[str]
) -> None:
    preset = presets.add(owner.id, "Theirs", KARAOKE, {})
    film = ready(credit(member, 100), video())
    for call in (asked, lambda *ask, **other: trimmed(*ask, (0.0, 5.0), **other)):
        with pytest.raises(FastClipError) as refused:
            call(member, film, preset_ref=f"preset:{preset.id}")
        assert (refused.value.status, refused.value.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("quality", "is_paid", "max_px"),
    [
        (None, True, None),
        (None, False, 1080),
        ("4k", True, 2160),
        ("1080p", True, 1080),
        ("high", True, 1080),
        ("720p", False, 720),
        ("medium", False, 720),
    ],
)
def test_quality_caps_the_picture_and_without_a_deposit_1080p_does(
    owner: Account, member: Account, ready: Ready, rung: list[str], quality: str, is_paid: bool, max_px: int | None
) -> None:
    account = owner if is_paid else credit(member, 100)
    job = asked(account, ready(account, video(3840, 2160, 60.0)), quality=quality)
    assert job.asked["max_px"] == max_px
    assert job.reserved_cents == (4 if max_px in (None, 2160) else 2)


def test_a_gif_cannot_be_captioned(owner: Account, source: Upload) -> None:
    (job,) = trimmed(owner, source, (0.0, 1.0), preset_ref=None, format="gif")
    (clip,) = library.of_job(job.id)
    with pytest.raises(FastClipError, match="Captions need MP4"):
        asked(owner, source, file_id=None, clip_id=clip.id)


def test_captions_without_money_reserve_nothing(member: Account, ready: Ready, rung: list[str]) -> None:
    with pytest.raises(FastClipError) as refused:
        asked(credit(member, 3), ready(member, video(duration_s=61.0)))
    assert refused.value.status == 402 and ledger.balance(member.id) == (3, 0)
