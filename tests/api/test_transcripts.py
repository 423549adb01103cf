"""Transcripts over HTTP: the reference's answer, waiting and not waiting, files, corrections, search, models."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fastclip import engines, jobs, store, uploads
from fastclip.ai import models, speech
from fastclip.api import transcripts as routes
from fastclip.jobs import Job
from fastclip.worker import Worker
from tests.ai import ggufs
from tests.ai.conftest import DATA, TINY
from tests.ai.scoring import word_error_rate
from tests.api.conftest import Site, open_site
from tests.conftest import make
from tests.serving import until

DEMO = TINY / "demos" / "demo45.wav"
SHORT = TINY / "demos" / "demo10.wav"
TRUTH = json.loads((TINY / "demos" / "demo45.json").read_text())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for this file; what is pushed is done at once, in the thread that asked."""
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        models.add(opened.settings.models_dir, TINY, name="tiny-espeak")
        store.queue.serve(Worker(opened.settings).perform, {})
        yield opened


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """The owner's scripts."""
    with site.with_key() as opened:
        yield opened


@pytest.fixture(scope="module")
def file_id(site: Site) -> str:
    with site.with_key() as client:
        return sent(client, DEMO)


@pytest.fixture(scope="module")
def heard(site: Site, file_id: str) -> dict:
    with site.with_key() as client:
        return client.post("/v1/transcript", json={"file_id": file_id}).raise_for_status().json()


def sent(client: httpx.Client, path: Path, kind: str = "audio/wav", status: str = "ready") -> str:
    body = path.read_bytes()
    asked = {"filename": path.name, "content_type": kind, "file_size": len(body)}
    said = client.post("/v1/upload/request", json=asked).raise_for_status().json()
    client.put(said["upload_url"], content=body, headers={"Content-Type": kind}).raise_for_status()
    assert client.get(f"/v1/upload/{said['file_id']}").json()["status"] == status
    return said["file_id"]


def test_the_answer_is_the_references_with_words_added(heard, file_id):
    assert heard["duration"] == pytest.approx(45.722, abs=0.01) and heard["cost"] == 0.02
    assert isinstance(heard["balance"], float) and heard["is_cached"] is False
    assert word_error_rate(TRUTH["text"], " ".join(s["text"] for s in heard["segments"])) <= 0.037
    lines = heard["text"].splitlines()
    assert len(lines) == len(heard["segments"]) and lines[0] == f"[0:00:00] {heard['segments'][0]['text']}"
    first = heard["segments"][0]
    assert set(first) == {"start", "end", "text", "words"}
    assert set(first["words"][0]) == {"position", "start", "end", "word", "probability"}
    assert (heard["engine"], heard["language"], heard["file_id"]) == ("faster-whisper", "en", file_id)


def test_again_it_comes_from_the_store_and_is_not_charged(client, heard, file_id):
    before = client.get("/v1/balance").json()
    again = client.post("/v1/transcript", json={"file_id": file_id}).json()
    assert again["is_cached"] is True and again["cost"] == 0.02 and again["segments"] == heard["segments"]
    assert client.get("/v1/balance").json() == before


def test_who_does_not_want_to_wait_gets_the_job_and_polls_it(client, site):
    file_id = sent(client, SHORT)
    answer = client.post("/v1/transcript", json={"file_id": file_id}, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202 and answer.headers["Preference-Applied"] == "respond-async"
    said = answer.json()
    assert set(said) == {"job_id", "status"} and said["job_id"].startswith("job_txt_")
    polled = client.get(f"/v1/clip/{said['job_id']}").json()
    assert polled["status"] == "complete" and polled["cost"] == 0.02
    assert polled["segments"] and polled["text"] and polled["duration"] == pytest.approx(9.451, abs=0.01)


def test_a_waiting_answer_does_not_hold_up_others(site, client, monkeypatch):
    """Forty threads serve requests; sixty wait here, and a plain question is answered meanwhile."""
    file_id = sent(client, SHORT)
    store.queue.serve(lambda _: None, {})  # nobody works
    answers: list[int] = []

    def ask() -> None:
        with site.with_key() as other:
            answers.append(other.post("/v1/transcript", json={"file_id": file_id}, timeout=60).status_code)

    waiting = [threading.Thread(target=ask) for _ in range(60)]
    for thread in waiting:
        thread.start()
    assert until(lambda: Job.select().where(Job.kind == "transcript", Job.status == "pending").count() == 1)
    assert client.get("/v1/balance").status_code == 200
    worker = Worker(site.settings)
    store.queue.serve(worker.perform, {})
    worker.perform(Job.get(Job.status == "pending", Job.kind == "transcript").id)
    for thread in waiting:
        thread.join()
    assert answers == [200] * 60


def test_a_canceled_job_ends_the_waiting_answer_with_its_code(site, client):
    file_id = sent(client, SHORT)
    store.queue.serve(lambda _: None, {})
    answers: list[httpx.Response] = []

    def ask() -> None:
        with site.with_key() as other:
            answers.append(other.post("/v1/transcript", json={"file_id": file_id}, timeout=60))

    thread = threading.Thread(target=ask)
    thread.start()
    pending = Job.select().where(Job.kind == "transcript", Job.status == "pending")
    assert until(lambda: pending.count() == 1)
    client.post(f"/v1/clip/{pending.get().id}/cancel").raise_for_status()
    thread.join()
    store.queue.serve(Worker(site.settings).perform, {})
    assert answers[0].status_code == 409 and answers[0].json()["code"] == "canceled"


@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        ({}, 400, "invalid_request"),
        ({"file_id": "upl_none"}, 404, "not_found"),
        ({"file_id": "FILE", "language": "xx"}, 422, "validation_failed"),
        ({"file_id": "FILE", "language": "de"}, 422, "validation_failed"),
        ({"file_id": "FILE", "model": "large-v3"}, 404, "not_found"),
        ({"file_id": "FILE", "speed": 2}, 400, "invalid_request"),
        ({"file_id": 5}, 400, "invalid_request"),
    ],
)
def test_what_cannot_be_asked_is_refused(client, file_id, ask, status, code):
    answer = client.post("/v1/transcript", json={k: file_id if v == "FILE" else v for k, v in ask.items()})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_video_without_sound_is_refused(client, tmp_path):
    path = tmp_path / "mute.mp4"
    make("-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", str(path))
    answer = client.post("/v1/transcript", json={"file_id": sent(client, path, "video/mp4")})
    assert (answer.status_code, answer.json()["code"]) == (422, "unsupported_media")


@pytest.mark.parametrize(
    ("name", "kind", "made"),
    [
        ("silent.mp4", "video/mp4", "-f lavfi -i color=s=64x64:d=3 -f lavfi -i anullsrc=d=3 -shortest"),
        ("short.wav", "audio/wav", f"-i {SHORT} -t 0.2"),
    ],
)
def test_where_nobody_speaks_the_transcript_is_empty_and_says_so(client, tmp_path, name, kind, made):
    make(*made.split(), str(tmp_path / name))
    said = (
        client.post("/v1/transcript", json={"file_id": sent(client, tmp_path / name, kind)}).raise_for_status().json()
    )
    assert (said["text"], said["segments"], said["note"], said["cost"]) == ("", [], speech.NO_SPEECH, 0.02)
    assert said["status"] == "ready" and said["duration"] in (pytest.approx(3, abs=0.1), pytest.approx(0.2, abs=0.01))


@pytest.mark.parametrize(
    ("layout", "made", "most_wrong"),
    [
        ("8 kHz, one channel", "-ar 8000 -ac 1", 0.5),  # the small model never heard a telephone
        ("7.1", "-ac 8 -ar 48000", 0.1),
    ],
)
def test_other_kinds_of_sound_are_written_down_too(client, tmp_path, layout, made, most_wrong):
    make("-i", str(SHORT), *made.split(), str(tmp_path / "sound.wav"))
    said = client.post("/v1/transcript", json={"file_id": sent(client, tmp_path / "sound.wav")}).json()
    truth = json.loads(SHORT.with_suffix(".json").read_text())["text"]
    assert word_error_rate(truth, " ".join(segment["text"] for segment in said["segments"])) <= most_wrong


def test_a_recording_of_three_hours_and_a_second_is_refused_when_it_is_checked(client, tmp_path):
    path = tmp_path / "long.wav"
    make("-f", "lavfi", "-i", "anullsrc=r=1000:cl=mono", "-t", "10801", "-c:a", "pcm_u8", str(path))
    file_id = sent(client, path, status="failed")
    said = client.get(f"/v1/upload/{file_id}").json()
    assert "3 h" in said["error"] or "three hours" in said["error"], said["error"]
    assert client.post("/v1/transcript", json={"file_id": file_id}).json()["code"] == "upload_not_ready"


@pytest.mark.parametrize(
    ("form", "kind", "begins"),
    [
        ("srt", "application/x-subrip; charset=utf-8", "1\n00:00:0"),
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n"),
        ("txt", "text/plain; charset=utf-8", "[0:00:00] Hello"),
        ("json", "application/json", "{"),
    ],
)
def test_the_words_are_read_as_a_file_of_each_kind(client, heard, file_id, form, kind, begins):
    answer = client.get(f"/v1/transcript/{file_id}.{form}")
    assert answer.status_code == 200 and answer.headers["content-type"] == kind
    assert answer.text.startswith(begins)
    if form != "json":
        assert answer.headers["content-disposition"] == f'attachment; filename="demo45.{form}"'


def test_a_clips_words_begin_at_the_clips_beginning(client, heard, file_id):
    cut = {"file_id": file_id, "start": 15.0, "end": 22.0}
    job_id = client.post("/v1/clip", json=cut).json()["job_id"]
    clip_id = client.get(f"/v1/clip/{job_id}").json()["clip_id"]
    said = client.get(f"/v1/clips/{clip_id}/transcript.json").json()
    assert said["clip_id"] == clip_id and said["segments"][0]["start"] < 1.0 and said["segments"][-1]["end"] <= 7.0
    assert client.get(f"/v1/clips/{clip_id}/transcript.srt").text.startswith("1\n00:00:00,")
    assert client.get(f"/v1/clips/{clip_id}/transcript.pdf").status_code == 404
    assert client.get(f"/v1/clips/{clip_id}/words.srt").status_code == 404


def test_a_transcript_that_is_on_its_way_is_told_beside_the_one_that_is_here(site, client):
    file_id = sent(client, SHORT)
    assert client.get("/v1/speech", params={"file_id": file_id}).json()["transcript"] is None
    client.post("/v1/transcript", json={"file_id": file_id}).raise_for_status()
    store.queue.serve(lambda _: None, {})
    ask = {"file_id": file_id, "model": "pocketsphinx"}
    job_id = client.post("/v1/transcript", json=ask, headers={"Prefer": "respond-async"}).json()["job_id"]
    said = client.get(f"/v1/transcript/{file_id}.json").json()
    assert (said["status"], said["engine"]) == ("ready", "faster-whisper") and said["segments"]
    assert (said["renewal"]["status"], said["renewal"]["job_id"]) == ("pending", job_id)
    assert client.get("/v1/speech", params={"file_id": file_id}).json()["transcript"] == "ready"
    client.post(f"/v1/clip/{job_id}/cancel").raise_for_status()
    store.queue.serve(Worker(site.settings).perform, {})
    assert client.get(f"/v1/transcript/{file_id}.json").json()["renewal"] is None
    with site.client(Authorization=f"Bearer {site.member_key}") as stranger:
        assert stranger.get("/v1/speech", params={"file_id": file_id}).json()["transcript"] is None


def test_strangers_find_no_transcript(site, heard, file_id):
    with site.client(Authorization=f"Bearer {site.member_key}") as stranger:
        for path in (f"/v1/transcript/{file_id}.srt", f"/v1/transcript/{file_id}.json", "/v1/transcript/upl_x.txt"):
            assert stranger.get(path).status_code == 404
        assert stranger.patch(f"/v1/transcript/{file_id}/words/0", json={"word": "x"}).status_code == 404
        assert stranger.get("/v1/search", params={"q": "hello"}).json()["data"] == []


def test_a_word_is_written_differently_and_keeps_its_times(client, heard, file_id):
    word = heard["segments"][1]["words"][0]
    said = client.patch(f"/v1/transcript/{file_id}/words/{word['position']}", json={"word": "Tomorrow"}).json()
    assert said == word | {"word": "Tomorrow"}
    now = client.get(f"/v1/transcript/{file_id}.json").json()
    assert now["segments"][1]["words"][0] == said and now["is_edited"] is True
    found = client.get("/v1/search", params={"q": "tomorrow"}).json()["data"]
    assert [(one["file_id"], one["start"]) for one in found] == [(file_id, word["start"])]
    for ask, status in (({"word": ""}, 400), ({"word": "x" * 101}, 400), ({"word": "  "}, 400), ({}, 400)):
        assert client.patch(f"/v1/transcript/{file_id}/words/0", json=ask).status_code == status
    assert client.patch(f"/v1/transcript/{file_id}/words/9999", json={"word": "x"}).status_code == 404


def test_a_subtitle_file_replaces_the_words(client, site):
    file_id = sent(client, SHORT)
    file = "1\n00:00:01,000 --> 00:00:03,000\nOne two\nthree.\n"
    said = client.put(f"/v1/transcript/{file_id}.srt", content=file.encode("utf-8-sig")).json()
    assert [word["word"] for word in said["segments"][0]["words"]] == ["One", "two", "three."]
    assert said["engine"] == "upload" and said["status"] == "ready"
    again = client.post("/v1/transcript", json={"file_id": file_id}).json()
    assert again["cost"] == 0.0 and again["is_cached"] and again["segments"] == said["segments"]
    assert client.get(f"/v1/transcript/{file_id}.vtt").text.startswith("WEBVTT\n\n1\n00:00:01.000")
    for name, body, status in (
        (f"{file_id}.srt", b"nothing", 422),
        (f"{file_id}.txt", file.encode(), 400),
        (f"{file_id}.srt", b"\xff\xfe\x00", 400),
        ("upl_none.srt", file.encode(), 404),
        (f"{file_id}.srt", b"x" * 1_100_000, 413),
    ):
        assert client.put(f"/v1/transcript/{name}", content=body).status_code == status, name


def test_while_it_is_heard_the_first_segments_are_read_and_told(site, client, monkeypatch):
    file_id = sent(client, DEMO)
    seen: list[dict] = []
    events: list[dict] = []
    stop = threading.Event()

    def listen() -> None:
        with site.with_key() as other, other.stream("GET", "/v1/events", timeout=30) as lines:
            kind = ""
            for line in lines.iter_lines():
                kind = line[7:] if line.startswith("event: ") else kind
                if line.startswith("data: ") and kind == "transcript":
                    events.append(json.loads(line[6:]))
                if stop.is_set():
                    return

    listener = threading.Thread(target=listen)
    listener.start()
    append = routes.transcription.append

    def look_too(row: object, heard: object) -> None:
        append(row, heard)
        if not seen:
            with site.with_key() as other:
                seen.append(other.get(f"/v1/transcript/{file_id}.json").json())
            until(lambda: any(event["segments"] for event in events if event["file_id"] == file_id))

    monkeypatch.setattr(routes.transcription, "append", look_too)
    client.post("/v1/transcript", json={"file_id": file_id}, timeout=60).raise_for_status()
    assert until(lambda: any(event["status"] == "ready" for event in events if event["file_id"] == file_id))
    stop.set()
    client.post("/v1/uploads/sample", json={})  # wakes the listener
    listener.join(20)
    assert seen[0]["status"] == "processing" and 0 < seen[0]["covered"] < 45 and seen[0]["segments"]
    told = next(event for event in events if event["segments"])
    assert told["segments"][0]["words"][0]["position"] == 0 and told["status"] == "processing"


def test_the_glossary_is_read_and_written(client):
    assert client.put("/v1/glossary", json={"words": ["FastClip", " FastClip"]}).json() == {"words": ["FastClip"]}
    assert client.get("/v1/glossary").json() == {"words": ["FastClip"]}
    assert client.put("/v1/glossary", json={"words": ["x" * 61]}).json()["param"] == "words[0]"
    assert client.put("/v1/glossary", json={"words": [str(n) for n in range(201)]}).status_code == 400
    client.put("/v1/glossary", json={"words": []})


def test_what_would_be_used_now_is_said_to_everybody(client):
    said = client.get("/v1/speech").json()
    assert (said["engine"], said["model"], said["note"]) == ("faster-whisper", "tiny-espeak", None)
    assert said["models"] == [{"name": "tiny-espeak", "is_multilingual": False}] and said["languages"] == ["en"]


# -- The owner's models --------------------------------------------------------------------------------------


def test_the_owner_sees_adds_and_removes_models(site, client, tmp_path):
    with site.signed_in() as owner:
        said = owner.get("/v1/admin/models").json()
        rows = {row["name"]: row for row in said["data"]}
        assert said["in_use"] == "tiny-espeak" and said["device"].startswith(("CPU because", "GPU"))
        assert said["built_in"]["note"] == speech.NOTES["pocketsphinx"]
        assert rows["tiny-espeak"]["state"] == "installed" and len(rows["tiny-espeak"]["sha256"]) == 64
        assert rows["small"]["state"] == "available" and rows["small"]["licence"] == "MIT"
        answer = owner.post("/v1/admin/models", json={"path": str(TINY), "name": "another"})
        assert answer.status_code == 202 and jobs.Job.get_by_id(answer.json()["job_id"]).status == "complete"
        assert "another" in {row["name"] for row in owner.get("/v1/admin/models").json()["data"]}
        assert owner.delete("/v1/admin/models/another").json() == {"ok": True}
        assert owner.delete("/v1/admin/models/another").status_code == 404
        for ask, status in (
            ({}, 400),
            ({"name": "nix"}, 404),
            ({"name": "tiny-espeak"}, 404),
            ({"path": "relative"}, 400),
        ):
            assert owner.post("/v1/admin/models", json=ask).status_code == status


def test_the_owner_sees_adds_and_removes_chat_models(site, tmp_path, monkeypatch):
    with site.signed_in() as owner:
        chat = owner.get("/v1/admin/models").json()["chat"]
        assert (chat["in_use"], chat["setting"], chat["questions"]) == (None, "auto", 3)
        rows = {row["name"]: row for row in chat["data"]}
        assert (rows["qwen3-4b"]["state"], rows["qwen3-4b"]["licence"]) == ("available", "Apache-2.0")
        assert rows["qwen3-4b"]["size_bytes"] == 2_497_000_000 and not rows["qwen3-4b"]["is_exact_size"]
        path = str(ggufs.write(tmp_path / "Random.gguf"))
        owner.post("/v1/admin/models", json={"path": path}).raise_for_status()
        said = owner.get("/v1/admin/models").json()
        row = next(row for row in said["chat"]["data"] if row["name"] == "random")
        assert (row["state"], row["kind"], row["licence"], row["source"]) == ("installed", "chat", "CC0-1.0", path)
        assert row["right"] < 2 and "too few to be used" in row["obstacle"] and len(row["sha256"]) == 64
        assert "random" not in {row["name"] for row in said["data"]} and said["chat"]["in_use"] is None
        monkeypatch.setattr(engines.llm, "is_installed", lambda: False)
        for ask in ({"path": path}, {"name": "qwen3-4b"}):
            answer = owner.post("/v1/admin/models", json=ask)
            assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
        assert "setup-llm" in owner.get("/v1/admin/models").json()["chat"]["how"]
        assert owner.delete("/v1/admin/models/random").json() == {"ok": True}


def test_a_download_shows_its_state_and_is_canceled(site):
    store.queue.serve(lambda _: None, {})
    with site.signed_in() as owner:
        job_id = owner.post("/v1/admin/models", json={"name": "tiny"}).json()["job_id"]
        assert owner.post("/v1/admin/models", json={"name": "tiny"}).json()["job_id"] == job_id
        row = next(row for row in owner.get("/v1/admin/models").json()["data"] if row["name"] == "tiny")
        assert (row["state"], row["job_id"], row["progress"]) == ("fetching", job_id, 0)
        assert owner.delete("/v1/admin/models/tiny").status_code == 409
        assert owner.post("/v1/admin/models/tiny/cancel").json() == {"job_id": job_id, "status": "failed"}
        assert owner.post("/v1/admin/models/tiny/cancel").status_code == 404
    store.queue.serve(Worker(site.settings).perform, {})


def test_only_the_owner_sees_models(site, client):
    assert client.get("/v1/admin/models").json()["code"] == "session_required"
    with site.signed_in("member@example.org") as member:
        assert member.get("/v1/admin/models").json()["code"] == "forbidden"
        assert member.post("/v1/admin/models", json={"name": "tiny"}).status_code == 403


def test_the_sample_data_is_the_one_that_the_readme_describes():
    assert (DATA / "whisper-tiny-espeak" / "README.md").read_text().startswith("# A very small Whisper")
    assert uploads.Upload.select().count() > 0
