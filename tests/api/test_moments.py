"""Analyze and auto-clip over HTTP: the reference's answers, waiting and not waiting, and what is kept to learn from."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fastclip import store
from fastclip.media import subtitles
from fastclip.worker import Worker
from tests.ai.talk import talk
from tests.api.conftest import Site, open_site
from tests.conftest import make

LENGTH_S = 100
WHALE = "the whale that was stranded in the harbour"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for this file; what is pushed is done at once, in the thread that asked."""
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        store.queue.serve(Worker(opened.settings).perform, {})
        yield opened


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    with site.with_key() as opened:
        yield opened


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "tape.mp4"
    picture, tone = (
        f"testsrc2=s=64x36:r=5:d={LENGTH_S}",
        f"sine=d={LENGTH_S}:r=8000,volume='lt(t,{LENGTH_S - 5})':eval=frame",
    )
    make("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-g", "25", "-preset", "ultrafast", str(path))
    return path


@pytest.fixture(scope="module")
def file_id(site: Site, tape: Path) -> str:
    """A talk whose words were sent as a subtitle file; it ends in five seconds of silence."""
    words = [word for word in talk().words if word.end_s < LENGTH_S - 5]
    with site.with_key() as client:
        ask = {"filename": "talk.mp4", "content_type": "video/mp4", "file_size": tape.stat().st_size}
        said = client.post("/v1/upload/request", json=ask).raise_for_status().json()
        sent = client.put(said["upload_url"], content=tape.read_bytes(), headers={"Content-Type": "video/mp4"})
        sent.raise_for_status()
        srt = subtitles.write(subtitles.cues(words, end_s=LENGTH_S), "srt")
        client.put(f"/v1/transcript/{said['file_id']}.srt", content=srt.encode()).raise_for_status()
    return said["file_id"]


def test_analyze_answers_as_the_reference_says_with_reasons_added(client, file_id):
    said = client.post("/v1/clip/analyze", json={"file_id": file_id, "query": WHALE}).raise_for_status().json()
    first = said["segments"][0]
    assert set(first) == {"start", "end", "excerpt", "confidence", "title", "reasons", "moment_id"}
    assert said["cost"] == 0.08 and isinstance(said["balance"], float) and said["is_cached"] is False
    assert 0 <= first["start"] < first["end"] <= LENGTH_S and 0.25 <= first["confidence"] <= 1
    again = client.post("/v1/clip/analyze", json={"file_id": file_id, "query": WHALE}).json()
    assert again["is_cached"] is True and again["segments"] == said["segments"]


def test_analyze_without_a_query_gives_highlights(client, file_id):
    said = client.post("/v1/clip/analyze", json={"file_id": file_id}).raise_for_status().json()
    assert said["query"] is None and said["understood"]["kind"] == "highlights" and said["segments"]


def test_who_does_not_wait_gets_the_job_and_finds_the_same_there(client, file_id):
    headers = {"Prefer": "respond-async"}
    answer = client.post("/v1/clip/analyze", json={"file_id": file_id, "query": "a bench"}, headers=headers)
    assert answer.status_code == 202 and answer.headers["Preference-Applied"] == "respond-async"
    job = client.get(f"/v1/clip/{answer.json()['job_id']}").json()
    assert job["status"] == "complete" and isinstance(job["segments"], list) and job["query"] == "a bench"


@pytest.mark.parametrize(
    ("path", "ask", "status", "param"),
    [
        ("analyze", {"query": "x"}, 400, "file_id"),
        ("analyze", {"file_id": "upl_000000000000"}, 404, None),
        ("analyze", {"file_id": "", "query": "x" * 501}, 400, "query"),
        ("analyze", {"file_id": "", "mood": "x"}, 400, "mood"),
        ("auto", {"file_id": "upl_000000000000"}, 400, "query"),
        ("auto", {"file_id": "upl_000000000000", "query": ""}, 400, "query"),
        ("auto", {"file_id": "upl_000000000000", "query": "whales"}, 404, None),
    ],
)
def test_what_is_asked_wrongly_is_refused(client, path, ask, status, param):
    answer = client.post(f"/v1/clip/{path}", json=ask)
    assert (answer.status_code, answer.json()["param"]) == (status, param)


def test_auto_answers_at_once_and_its_clips_come_with_the_job(client, file_id):
    ask = {"file_id": file_id, "query": f"one 15 second clip about {WHALE}", "format": "mp4", "read_everything": True}
    said = client.post("/v1/clip/auto", json=ask).raise_for_status().json()
    assert set(said) == {"job_id", "status", "reserved"} and (said["status"], said["reserved"]) == ("pending", 0.1)
    job = client.get(f"/v1/clip/{said['job_id']}").json()
    assert job["status"] == "complete" and len(job["clips"]) == 1
    wanted = "clip_id start end excerpt confidence status duration format quality captioned download_url file_name"
    assert {*wanted.split(), "share_url", "embed_url", "cost", "error"} <= set(job["clips"][0])
    assert client.get(job["clips"][0]["download_url"]).status_code == 200
    deeds = client.get("/v1/moments").json()["deeds"]
    assert (deeds["rendered"], deeds["downloaded"]) == (1, 1)


def test_what_is_kept_to_learn_from_can_be_seen_added_to_and_deleted(client, file_id):
    said = client.post("/v1/clip/analyze", json={"file_id": file_id, "query": WHALE}).json()
    moment = said["segments"][0]["moment_id"]
    assert client.post(f"/v1/moments/{moment}", json={"what": "dismissed"}).json() == {"ok": True}
    assert client.post(f"/v1/moments/{moment}", json={"what": "eaten"}).status_code == 400
    assert client.post("/v1/moments/mom_nothing", json={"what": "liked"}).status_code == 404
    kept = client.get("/v1/moments").json()
    assert kept["offered"] > 0 and kept["deeds"]["dismissed"] == 1 and kept["since"]
    assert client.delete("/v1/moments").json() == {"ok": True, "deleted": kept["offered"]}
    assert client.get("/v1/moments").json()["offered"] == 0


def test_tighten_answers_with_segments_that_clip_takes(client, file_id):
    said = client.post("/v1/clip/tighten", json={"file_id": file_id, "silence": 0.5}).raise_for_status().json()
    assert {"proposals", "segments", "seconds_saved", "duration_after", "cost"} <= set(said) and said["cost"] == 0
    one = said["proposals"][0]
    only = client.post("/v1/clip/tighten", json={"file_id": file_id, "silence": 0.5, "accept": [one["id"]]}).json()
    assert [p["id"] for p in only["proposals"] if p["is_chosen"]] == [one["id"]]
    clip = client.post("/v1/clip", json={"file_id": file_id, "segments": only["segments"], "merge": True})
    assert client.get(f"/v1/clip/{clip.json()['job_id']}").json()["status"] == "complete"
    for wrong in ({"silence": 0.1}, {"kinds": []}, {"kinds": ["coughs"]}, {"accept": ["x"]}):
        assert client.post("/v1/clip/tighten", json={"file_id": file_id} | wrong).status_code == 400
