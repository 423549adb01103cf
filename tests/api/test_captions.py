"""Captions over HTTP, from the ask to the clip."""

from pathlib import Path

import pytest

from fastclip import store, transcripts
from fastclip.accounts import Account
from fastclip.media.words import Word
from fastclip.worker import Worker
from tests.api.conftest import Site
from tests.conftest import send_file

WORDS = [Word("Hello", 0.2, 0.6), Word("big", 0.7, 1.0), Word("world.", 1.1, 1.5)]


@pytest.fixture(scope="module", autouse=True)
def _working(site: Site) -> None:
    """A pushed job runs at once."""
    store.queue.serve(Worker(site.settings).perform, {})


def source(site: Site, tiny: Path) -> str:
    upload = send_file(Account.get_by_id(site.owner_id), tiny)
    transcripts.replace(site.owner_id, upload.id, WORDS, duration_s=3.0)
    return upload.id


def test_an_upload_is_captioned_and_the_job_tells_the_references_fields(site: Site, tiny: Path) -> None:
    with site.with_key() as client:
        ask = {"file_id": source(site, tiny), "preset_ref": "builtin:short-form-karaoke"}
        answer = client.post("/v1/captions", json=ask).raise_for_status().json()
        assert answer == {"job_id": answer["job_id"], "status": "pending", "reserved": 0.02}
        job = client.get(f"/v1/captions/{answer['job_id']}").raise_for_status().json()
        assert (job["status"], job["progress"], job["captioned"], job["cost"]) == ("complete", 100, True, 0.02), job
        assert job["share_url"] == f"/c/{job['clip_id']}" and job["embed_url"] == f"/embed/{job['clip_id']}"
        assert client.get(job["download_url"]).content[4:8] == b"ftyp"
        assert client.get(f"/v1/clip/{answer['job_id']}").status_code == 404
        listed = client.get("/v1/jobs?state=all").json()["data"]
        assert answer["job_id"] in [one["job_id"] for one in listed]
        assert client.get("/v1/clips?captioned=true").json()["total"] >= 1


def test_a_trim_takes_captions_and_serves_only_trims_as_clips(site: Site, tiny: Path) -> None:
    with site.with_key() as client:
        ask = {"file_id": source(site, tiny), "start": 0, "end": 2, "format": "mp4"}
        captions = {"captions": {"preset_ref": "builtin:bold-hook"}}
        answer = client.post("/v1/clip", json=ask | captions).raise_for_status().json()
        job = client.get(f"/v1/clip/{answer['job_id']}").raise_for_status().json()
        assert (job["status"], job["cost"]) == ("complete", 0.04), job
        assert client.get(f"/v1/captions/{answer['job_id']}").status_code == 404
        assert client.post("/v1/clip", json=ask | {"captions": {}}).status_code == 400
        assert client.post("/v1/clip", json=ask | {"captions": {"preset_ref": "builtin:none"}}).status_code == 404


def test_captions_take_exactly_one_source(site: Site) -> None:
    with site.with_key() as client:
        answer = client.post("/v1/captions", json={"preset_ref": "builtin:bold-hook"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
