"""The reference's table of limits, each asked for exactly and for one more (API reference, "Limits").

What a source and a font may be is held in `tests/media/test_probe.py` and `test_presets.py`.
"""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fastclip import accounts, rules, store
from fastclip.uploads import Upload
from fastclip.worker import Worker
from tests.api.conftest import Site
from tests.conftest import send_file

LAST_S = float(rules.MAX_SOURCE_S)


@pytest.fixture(scope="module")
def file_id(site: Site, tiny: Path) -> str:
    """A ready source that says it is as long as a source may be. What is asked of it waits for ever."""
    store.queue.serve(Worker(site.settings).perform, {})
    upload = send_file(accounts.by_id(site.owner_id), tiny)
    store.queue.serve(lambda job_id: None, {})
    Upload.update(facts=json.dumps(upload.media.to_json() | {"duration_s": LAST_S})).execute()
    return upload.id


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[httpx.Client]:
    with site.signed_in() as opened:
        yield opened


def file(size: int) -> dict[str, Any]:
    return {"filename": "source.mp4", "content_type": "video/mp4", "file_size": size}


def cuts(n: int) -> list[dict[str, float]]:
    return [{"start": i, "end": i + 1} for i in range(n)]


def ids(n: int) -> list[str]:
    return [str(uuid.UUID(int=i)) for i in range(n)]


CLIP = {"start": 0}
TABLE = {
    "upload size": ("/v1/upload/request", file(rules.MAX_UPLOAD_BYTES), file(rules.MAX_UPLOAD_BYTES + 1), 400),
    "clip duration": ("/v1/clip", CLIP | {"end": 600}, CLIP | {"end": 600.1}, 422),
    "one-shot duration": (
        "/v1/upload/request",
        file(9) | {"clip": CLIP | {"end": 600}},
        file(9) | {"clip": CLIP | {"end": 601}},
        400,
    ),
    "gif duration": ("/v1/clip", CLIP | {"end": 30, "format": "gif"}, CLIP | {"end": 30.1, "format": "gif"}, 422),
    "end of the source": (
        "/v1/clip",
        {"start": LAST_S - 1, "end": LAST_S},
        {"start": LAST_S - 1, "end": LAST_S + 1},
        422,
    ),
    "segments": ("/v1/clip", {"segments": cuts(50)}, {"segments": cuts(51)}, 400),
    "query": ("/v1/clip/auto", {"query": "x" * 500}, {"query": "x" * 501}, 400),
    "key name": ("/v1/keys", {"name": "x" * 100}, {"name": "x" * 101}, 400),
    "bulk delete": ("/v1/clips/bulk-delete", {"clip_ids": ids(50)}, {"clip_ids": ids(51)}, 400),
}


@pytest.mark.parametrize("what", TABLE)
def test_as_much_as_the_table_says_is_taken_and_one_more_is_refused(
    browser: httpx.Client, file_id: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "FREE_DISK_MARGIN_BYTES", -rules.MAX_UPLOAD_BYTES)  # this disk may be small
    path, most, more, status = TABLE[what]
    source = {"file_id": file_id} if path.startswith("/v1/clip") and "bulk" not in path else {}
    taken, refused = browser.post(path, json=most | source), browser.post(path, json=more | source)
    assert taken.status_code == 200, taken.text
    assert refused.status_code == status and refused.json()["error"].endswith((".", "!")), refused.text


def test_an_account_has_ten_keys_at_most(browser: httpx.Client) -> None:
    answers = [browser.post("/v1/keys", json={"name": f"key {n}"}) for n in range(rules.MAX_API_KEYS + 1)]
    refused = answers[-1]
    assert (refused.status_code, refused.json()["code"]) == (409, "limit_reached")
    assert len(browser.get("/v1/keys").json()["data"]) == rules.MAX_API_KEYS
