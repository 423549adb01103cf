"""A queue that goes away between two segments (backend-spec A7): the one journey where the queue's outage is acted."""

from pathlib import Path

import pytest

from fastclip import store
from fastclip.accounts import by_id
from fastclip.billing import ledger
from fastclip.errors import Unavailable
from fastclip.worker import Worker
from tests.api.conftest import open_site
from tests.billing.machine import check_books
from tests.conftest import send_file


def test_segments_that_were_not_queued_are_told_and_not_reserved(
    tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
        answer = client.post("/v1/clip", json={"file_id": upload.id, "segments": spans})
        assert (answer.status_code, answer.json()) == (
            200,
            {"job_ids": pushed, "status": "partial", "error": "Clip queue is temporarily unavailable"},
        )
        assert client.get("/v1/balance").json()["reserved"] == 0.02
        assert ledger.balance(member_id) == (8, 2)
        check_books(member_id)
