"""What `POST /v1/clip` takes and answers, beside what its jobs do."""

from pathlib import Path

import pytest

from fastclip import accounts, jobs
from tests.api.conftest import Site
from tests.conftest import send_file


@pytest.fixture(scope="module")
def file_id(site: Site, tiny: Path) -> str:
    """A ready upload of the owner; jobs run at once."""
    from fastclip import store
    from fastclip.worker import Worker

    store.queue.serve(Worker(site.settings).perform, {})
    return send_file(accounts.Account.get_by_id(site.owner_id), tiny).id


SEGMENTS = [{"start": 1, "end": 2}, {"start": 0, "end": 0.5}]


def test_merged_segments_are_answered_with_one_job_and_others_with_one_each(site: Site, file_id: str) -> None:
    with site.with_key() as client:
        merged = client.post("/v1/clip", json={"file_id": file_id, "segments": SEGMENTS, "merge": True})
        assert merged.status_code == 200 and set(merged.json()) == {"job_id", "status"}
        done = client.get(f"/v1/clip/{merged.json()['job_id']}").json()
        assert (done["status"], done["cost"], done["file_name"]) == ("complete", 0.04, "tiny_merged.mp4")
        single = client.post("/v1/clip", json={"file_id": file_id, "segments": SEGMENTS, "merge": False})
        assert len(single.json()["job_ids"]) == 2


@pytest.mark.parametrize(
    ("ask", "param"),
    [
        ({"start": 0, "end": 1, "merge": True}, "merge"),
        ({"segments": SEGMENTS, "merge": True, "captions": {"preset_ref": "builtin:classic"}}, "captions"),
        ({"segments": SEGMENTS, "merge": True, "format": "gif"}, "format"),
        ({"segments": SEGMENTS, "merge": "yes"}, "merge"),
    ],
)
def test_a_merge_that_makes_no_sense_is_refused_and_names_the_field(site: Site, file_id: str, ask, param) -> None:
    before = jobs.Job.select().count()
    with site.signed_in() as client:
        answer = client.post("/v1/clip", json={"file_id": file_id} | ask)
    assert (answer.status_code, answer.json()["param"]) == (400, param)
    assert jobs.Job.select().count() == before


def test_the_api_describes_merge(site: Site) -> None:
    with site.client() as client:
        schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["TrimAsk"]["properties"]["merge"] == {"type": "boolean", "default": False}


def test_an_unfinished_multipart_upload_is_aborted_as_often_as_it_is_asked(site: Site) -> None:
    ask = {"filename": "a.mp4", "content_type": "video/mp4", "file_size": 9 << 20, "part_size": 5 << 20}
    with site.with_key() as client:
        begun = client.post("/v1/upload/multipart/initiate", json=ask | {"part_count": 2}).raise_for_status().json()
        ids = {name: begun[name] for name in ("file_id", "upload_id")}
        for _ in range(2):
            answer = client.post("/v1/upload/multipart/abort", json=ids)
            assert answer.json() == {"ok": True, "file_id": begun["file_id"], "status": "failed"}
