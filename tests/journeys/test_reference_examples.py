"""Every JSON example of the API reference, sent as it is printed, and its answer held against the one printed there.

Only ids are replaced, and the size of a file that is really sent. The files are made so that what the examples say of
them comes true: 1200.5 s at 1080p, a podcast of 1810.2 s, balances that leave what is printed.
"""

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fastclip import store
from fastclip.accounts import Account, by_id
from fastclip.billing import ledger
from fastclip.errors import Unavailable
from fastclip.worker import Worker
from tests.api.conftest import open_site
from tests.billing.machine import check_books
from tests.conftest import PASSWORD, make, send_file
from tests.journeys.conftest import Person, Running, put, until
from tests.journeys.examples import (
    ANY,
    AUTO,
    CAPTIONS,
    CLIP,
    EXAMPLES,
    LINK,
    MOMENT,
    REPLAYED,
    TRIM,
    UPLOAD,
    hold,
    replays,
)
from tests.receiver import Receiver

DATA = Path(__file__).parents[1] / "data"
SPOKEN = """1
00:00:00,000 --> 00:00:02,700
Welcome everyone

2
00:00:42,000 --> 00:01:11,000
Customers left us last year and we saw churn rise after onboarding changes, and the risk of churn is still there

3
00:02:00,000 --> 00:02:20,000
Today we launch the strongest product that we have ever made
"""


@pytest.fixture(scope="module")
def studio(telling_studio: Running) -> Running:
    return telling_studio


@pytest.fixture(scope="module")
def script(studio: Running, receiver: Receiver) -> Person:
    """The owner, whose webhooks may reach this machine, but paying from a balance like everybody else."""
    person = studio.person("script", role="owner", cents=100)
    with studio.rows():
        Account.update(is_covered=False).where(Account.id == person.account.id).execute()
    person.post("/v1/webhooks", url=receiver.url, events=["upload.ready", "clip.complete"]).raise_for_status()
    return person


@pytest.fixture(scope="module")
def browser_of(studio: Running, script: Person) -> Iterator[httpx.Client]:
    """The same one, signed in."""
    with httpx.Client(base_url=studio.url, headers={"Origin": studio.url}, timeout=30) as client:
        asked = {"email": script.account.email, "password": PASSWORD}
        answer = client.post("/v1/auth/sign-in", json=asked).raise_for_status()
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        yield client


# What answers say beyond the reference. A field that is not here is a mistake, and so is one that has gone.
_PLAN = frozenset({"plan", "plan_reason"})
_CAPTIONS_JOB = _PLAN | {"aspect_ratio", "file_name", "format", "quality", "saved_to_library", "status_message"}
_ANALYZE = frozenset("engine is_cached is_weak note query understood".split()) | {
    f"segments.{name}" for name in ("moment_id", "reasons", "title")
}
_TRANSCRIPT = frozenset(
    "covered device engine file_id is_cached is_edited job_id language language_probability model note progress "
    "segments.words status".split()
)
_STYLE = frozenset(
    "animation animation_ms box_color box_opacity box_padding box_radius effect font_id font_source glow_size "
    "highlight_scale hold_gap_ms inactive_opacity letter_spacing line_height linger_ms max_lines max_width shadow_blur "
    "shadow_color shadow_enabled shadow_opacity shadow_x shadow_y stroke_color stroke_enabled stroke_width text_color "
    "text_transform".split()
)


def has(person: Person, cents: int) -> None:
    """Bring the balance to what an example begins with."""
    with person.server.rows(), store.write():
        have, ref = ledger.balance(person.account.id)[0], store.new_id("adj_")
        if have > cents:
            ledger.spend(by_id(person.account.id), "adjustment", have - cents, ref)
        elif have < cents:
            ledger.credit(person.account.id, "adjustment", cents - have, key=ref)


def said(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


# -- Media that is as the examples say ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`source.mp4`: 1200.5 s of a still picture in 1080p, with a sentence at its beginning."""
    folder = tmp_path_factory.mktemp("reference")
    picture = ("-f", "lavfi", "-i", "color=navy:s=1920x1080:r=2:d=1")
    make(*picture, "-c:v", "libx264", "-preset", "ultrafast", "-g", "1", "-pix_fmt", "yuv420p", str(folder / "one.mp4"))
    make("-t", "3", "-i", str(DATA / "jfk.flac"), "-c:a", "aac", str(folder / "words.m4a"))
    looped = ("-stream_loop", "-1", "-i", str(folder / "one.mp4"), "-i", str(folder / "words.m4a"))
    make(*looped, "-t", "1200.5", "-c", "copy", str(folder / "source.mp4"))
    return folder / "source.mp4"


def shorter(film: Path, name: str, seconds: float) -> Path:
    make("-i", str(film), "-c", "copy", "-t", str(seconds), str(film.parent / name))
    return film.parent / name


def spoken(person: Person, file_id: str) -> str:
    """Give a source its words, so that nothing has to be heard."""
    headers = {"Content-Type": "application/x-subrip"}
    person.http.put(f"/v1/transcript/{file_id}.srt", content=SPOKEN.encode(), headers=headers).raise_for_status()
    return file_id


@pytest.fixture(scope="module")
def source(script: Person, film: Path) -> str:
    """The file_id of `source.mp4`, sent in two parts."""
    size = film.stat().st_size
    part = size // 2 + 1
    asked = {"filename": film.name, "content_type": "video/mp4", "file_size": size, "part_size": part, "part_count": 2}
    begun = said(script.post("/v1/upload/multipart/initiate", **asked))
    content = film.read_bytes()
    etags = [put(one["url"], content[n * part :][:part]).headers["etag"] for n, one in enumerate(begun["parts"])]
    example = json.loads(json.dumps(EXAMPLES[7]))
    example |= {"file_id": begun["file_id"], "upload_id": begun["upload_id"]}
    for one, etag in zip(example["parts"], etags, strict=True):
        one["etag"] = etag
    answer = said(script.post("/v1/upload/multipart/complete", **example))
    hold(answer, EXAMPLES[8], free={"file_id": UPLOAD})
    assert answer["file_id"] == begun["file_id"]
    script.checked(begun["file_id"])
    return spoken(script, begun["file_id"])


@pytest.fixture(scope="module")
def talk(script: Person, film: Path) -> str:
    """A minute and two seconds, with words."""
    return spoken(script, script.send(shorter(film, "talk.mp4", 62))["file_id"])


# -- Uploads -----------------------------------------------------------------------------------------------

ASKED = {"file_id": UPLOAD, "upload_url": LINK}
PARTS = {"file_id": UPLOAD, "upload_id": ANY, "parts": ANY, "parts.part_number": ANY, "parts.url": LINK}


@replays(1, 2, 3)
def test_a_simple_upload_is_asked_for(script: Person, example_1: Any, example_2: Any, example_3: Any) -> None:
    has(script, 100)
    hold(said(script.post("/v1/upload/request", **example_1)), example_2, free=ASKED)
    with_clip = said(script.post("/v1/upload/request", **example_3))
    hold(with_clip, example_2 | {"clip_requested": True}, free=ASKED)
    assert script.balance() == (98, 2)
    script.post("/v1/upload/abort", file_id=with_clip["file_id"]).raise_for_status()
    assert script.balance() == (100, 0)


@replays(4)
def test_a_ready_upload_is_described(script: Person, source: str, film: Path, example_4: Any) -> None:
    answer = script.get(f"/v1/upload/{source}")
    hold(answer, example_4, free={"file_id": UPLOAD, "file_size": ANY, "created_at": MOMENT, "expires_at": MOMENT})
    assert (answer["file_id"], answer["file_size"]) == (source, film.stat().st_size)


@replays(5, 6, 7, 10, 11)
def test_a_multipart_upload_is_asked_for_refreshed_and_aborted(
    script: Person, example_5: Any, example_6: Any, example_7: Any, example_10: Any, example_11: Any
) -> None:
    has(script, 100)
    begun = said(script.post("/v1/upload/multipart/initiate", **example_5))
    hold(begun, example_6, free=PARTS)
    assert [one["part_number"] for one in begun["parts"]] == list(range(1, 65))
    with_clip = said(script.post("/v1/upload/multipart/initiate", **example_7))
    hold(with_clip, example_6 | {"clip_requested": True}, free=PARTS)
    assert script.balance() == (98, 2)

    ids = {"file_id": begun["file_id"], "upload_id": begun["upload_id"]}
    fresh = said(script.post("/v1/upload/multipart/refresh", **example_10 | ids))
    assert [one["part_number"] for one in fresh["parts"]] == [8, 9, 10]
    for one in (begun, with_clip):
        ids = {"file_id": one["file_id"], "upload_id": one["upload_id"]}
        aborted = said(script.post("/v1/upload/multipart/abort", **example_11 | ids))
        assert aborted == {"ok": True, "file_id": one["file_id"], "status": "failed"}
    assert script.balance() == (100, 0)


@replays(8, 9)
def test_a_multipart_upload_is_completed_with_the_etags_of_its_parts(
    script: Person, source: str, example_8: Any, example_9: Any
) -> None:
    # `source` sent the one and held its answer against the other.
    assert set(example_8) == {"file_id", "upload_id", "parts"} and len(example_8["parts"]) == 2
    assert example_9["queued_validation"] is True and script.get(f"/v1/upload/{source}")["status"] == "ready"


# -- Clips -------------------------------------------------------------------------------------------------


@replays(12, 15, 18)
def test_a_segment_is_cut(script: Person, source: str, example_12: Any, example_15: Any, example_18: Any) -> None:
    has(script, 100)
    queued = said(script.post("/v1/clip", **example_12 | {"file_id": source}))
    hold(queued, example_15, free={"job_id": TRIM})
    job = script.ended(queued["job_id"])
    links = {"share_url": f"/c/{CLIP}", "embed_url": f"/embed/{CLIP}", "download_url": LINK}
    hold(job, example_18, free=links | {"job_id": TRIM, "clip_id": CLIP}, more=_PLAN)
    assert job["share_url"] == f"/c/{job['clip_id']}" and job["embed_url"] == f"/embed/{job['clip_id']}"


@replays(13)
def test_a_segment_is_cut_and_captioned(script: Person, talk: str, example_13: Any) -> None:
    has(script, 100)
    queued = said(script.post("/v1/clip", **example_13 | {"file_id": talk}))
    hold(queued, EXAMPLES[14], free={"job_id": TRIM})
    job = script.ended(queued["job_id"])
    assert (job["status"], job["cost"], script.balance()) == ("complete", 0.04, (96, 0))


@replays(14, 16)
def test_segments_become_a_job_each_and_4k_needs_a_deposit(
    script: Person, source: str, example_14: Any, example_16: Any
) -> None:
    has(script, 100)
    refused = script.post("/v1/clip", **example_14 | {"file_id": source})
    assert (refused.status_code, refused.json().get("code")) == (403, "paid_deposit_required"), refused.text
    with script.server.rows(), store.write():
        ledger.deposit(script.account.id, 500, key="dep:reference")
    queued = said(script.post("/v1/clip", **example_14 | {"file_id": source}))
    hold(queued, example_16, free={"job_ids": TRIM})
    jobs = [script.ended(job_id) for job_id in queued["job_ids"]]
    assert [(job["status"], job["quality"], job["cost"]) for job in jobs] == [("complete", "1080p", 0.02)] * 2


@replays(17)
def test_segments_that_were_not_queued_are_told_and_not_reserved(
    tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch, example_17: Any
) -> None:
    """A queue that goes away between two segments (backend-spec A7): the one journey where the outage is acted."""
    with open_site(tmp_path) as site, site.client(Authorization=f"Bearer {site.member_key}") as client:
        member_id = client.get("/v1/account").json()["id"]
        with store.write():
            ledger.credit(member_id, "grant", 10, key="grant:1")
        store.queue.serve(Worker(site.settings).perform, {})
        upload = send_file(by_id(member_id), tiny)
        pushed: list[str] = []

        def push(job_id: str, *, lane: str, **_: object) -> None:
            if pushed:
                raise Unavailable("The job queue is temporarily unavailable; try again in a moment.")
            pushed.append(job_id)

        monkeypatch.setattr(store.queue, "push", push)
        spans = [{"start": n, "end": n + 1} for n in range(3)]
        answer = said(client.post("/v1/clip", json={"file_id": upload.id, "segments": spans}))
        hold(answer, example_17, free={"job_ids": TRIM})
        assert answer["job_ids"] == pushed
        assert client.get("/v1/balance").json()["reserved"] == 0.02
        assert ledger.balance(member_id) == (8, 2)
        check_books(member_id)


# -- Words and moments -------------------------------------------------------------------------------------


@replays(19, 20)
def test_moments_are_clipped(script: Person, film: Path, example_19: Any, example_20: Any) -> None:
    """$0.10, and five started minutes of captions: the $0.20 of the example."""
    file_id = spoken(script, script.send(shorter(film, "launch.mp4", 270))["file_id"])
    has(script, 100)
    queued = said(script.post("/v1/clip/auto", **example_19 | {"file_id": file_id}))
    hold(queued, example_20, free={"job_id": AUTO})
    assert script.balance() == (80, 20)
    assert "clips" in script.get(f"/v1/clip/{queued['job_id']}")
    script.post(f"/v1/clip/{queued['job_id']}/cancel")
    script.ended(queued["job_id"])


@replays(21, 22)
def test_moments_are_suggested(script: Person, source: str, example_21: Any, example_22: Any) -> None:
    has(script, 120)
    answer = said(script.post("/v1/clip/analyze", **example_21 | {"file_id": source}))
    places = dict.fromkeys(
        ("segments", "segments.start", "segments.end", "segments.excerpt", "segments.confidence"), ANY
    )
    hold(answer, example_22, free=places, more=_ANALYZE)
    best = answer["segments"][0]
    assert "churn" in best["excerpt"] and 0 < best["confidence"] <= 1 and best["end"] > best["start"]


@replays(23, 24)
def test_a_source_is_written_down(script: Person, film: Path, example_23: Any, example_24: Any) -> None:
    file_id = script.send(film)["file_id"]
    has(script, 100)
    answer = said(script.http.post("/v1/transcript", json=example_23 | {"file_id": file_id}, timeout=120))
    heard = {"text": r"(?s)\[0:00:\d\d\] \S.*", "segments": ANY, "segments.text": r"\S.*"}
    hold(answer, example_24, free=heard | {"segments.start": ANY, "segments.end": ANY}, more=_TRANSCRIPT)


# -- Captions ----------------------------------------------------------------------------------------------


@replays(25, 27, 28)
def test_an_upload_is_captioned(script: Person, talk: str, example_25: Any, example_27: Any, example_28: Any) -> None:
    has(script, 100)
    queued = said(script.post("/v1/captions", **example_25 | {"file_id": talk}))
    hold(queued, example_27, free={"job_id": CAPTIONS})
    path = f"/v1/captions/{queued['job_id']}"
    job = until(lambda: one if (one := script.get(path))["status"] in ("complete", "failed") else None)
    links = {"share_url": f"/c/{CLIP}", "embed_url": f"/embed/{CLIP}", "download_url": LINK}
    hold(job, example_28, free=links | {"job_id": CAPTIONS, "clip_id": CLIP}, more=_CAPTIONS_JOB)


@replays(26, 29, 30)
def test_a_clip_is_captioned_in_a_style_of_ones_own(
    script: Person, browser_of: httpx.Client, talk: str, example_26: Any, example_29: Any, example_30: Any
) -> None:
    listed = said(browser_of.get("/v1/caption-presets", params={"scope": "built_in"}))
    (karaoke,) = [one for one in listed if one["slug"] == "short-form-karaoke"]
    hold([karaoke], example_29, more=_STYLE)
    assert len(listed) == 16 and all(set(karaoke) == set(one) for one in listed)
    preset = said(browser_of.post("/v1/caption-presets", json=example_30))
    assert {name: preset[name] for name in example_30 if name != "clone_from_preset_ref"} == {
        name: value for name, value in example_30.items() if name != "clone_from_preset_ref"
    }
    assert preset["editable"] is True and preset["scope"] == "custom"

    clip_id = script.cut(talk, 0, 61)["clip_id"]
    has(script, 100)
    queued = said(script.post("/v1/captions", **example_26 | {"clip_id": clip_id, "preset_ref": preset["preset_ref"]}))
    hold(queued, EXAMPLES[26], free={"job_id": CAPTIONS})
    path = f"/v1/captions/{queued['job_id']}"
    job = until(lambda: one if (one := script.get(path))["status"] in ("complete", "failed") else None)
    assert (job["status"], job["quality"], job["cost"]) == ("complete", "720p", 0.04)


# -- Webhooks ----------------------------------------------------------------------------------------------


def delivered(receiver: Receiver, event: str, **like: Any) -> dict[str, Any]:
    """The event of that name whose data is so, once it has come."""

    def found() -> dict[str, Any] | None:
        bodies = [json.loads(one.body) for one in receiver.came if one.headers["x-fastclip-event"] == event]
        return next((body for body in bodies if like.items() <= body["data"].items()), None)

    return until(found)


@replays(31, 32, 33)
def test_events_are_told(
    script: Person,
    receiver: Receiver,
    source: str,
    tmp_path: Path,
    example_31: Any,
    example_32: Any,
    example_33: Any,
) -> None:
    beyond = frozenset(f"data.{name}" for name in example_32["data"].keys() - example_31["data"].keys())
    hold(delivered(receiver, "upload.ready", file_id=source), example_31, free={"data.file_id": UPLOAD}, more=beyond)

    with wave.open(str(tmp_path / "podcast.wav"), "wb") as sound:
        sound.setparams((1, 1, 8000, 0, "NONE", ""))
        sound.writeframes(bytes([128, 130]) * int(1810.2 * 4000))
    file_id = script.send(tmp_path / "podcast.wav", "audio/wav")["file_id"]
    ready = delivered(receiver, "upload.ready", file_id=file_id)
    hold(ready, example_32, free={"data.file_id": UPLOAD, "data.file_size": ANY})
    assert ready["data"]["file_size"] == (tmp_path / "podcast.wav").stat().st_size

    job = script.cut(file_id, 10, 42.4, format="mp3")
    links = {"data.job_id": TRIM, "data.clip_id": CLIP, "data.download_url": LINK}
    complete = delivered(receiver, "clip.complete", job_id=job["job_id"])
    hold(complete, example_33, free=links, more=frozenset({"data.source", "data.captioned"}))


def test_no_example_of_the_reference_is_left_out() -> None:
    assert set(range(1, len(EXAMPLES) + 1)) == REPLAYED and len(EXAMPLES) == 33
