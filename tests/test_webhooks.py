"""Webhooks: what is told, to whom, and in which words. How it is sent: `test_deliveries.py`."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fastclip import jobs, library, rules, store, targets, uploads, webhooks, worker
from fastclip.accounts import Account
from fastclip.clips import cancel, trim
from fastclip.errors import Unprocessable
from fastclip.webhooks import Delivery, Webhook
from tests.conftest import Send
from tests.receiver import Receiver, receiving

BODY = '{"data":{"file_id":"upl_a1b2c3d4e5f6","filename":"source.mp4"},"event":"upload.ready"}'


@pytest.fixture
def receiver(data: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that the owner's webhooks may reach."""
    with receiving() as opened:
        monkeypatch.setattr(targets, "loopback_ports", frozenset({str(opened.port)}))
        yield opened


@pytest.fixture
def webhook(owner: Account, receiver: Receiver) -> Webhook:
    """The owner's, which listens for everything."""
    return webhooks.add(owner, receiver.url, list(rules.EVENTS))


def told(receiver: Receiver) -> list[tuple[str, dict[str, Any]]]:
    return [(body["event"], body["data"]) for body in (json.loads(one.body) for one in receiver.came)]


# -- Signing -----------------------------------------------------------------------------------------------


def test_the_signature_is_that_of_the_test_vector() -> None:
    body = {"event": "upload.ready", "data": {"filename": "source.mp4", "file_id": "upl_a1b2c3d4e5f6"}}
    assert webhooks.canonical(body) == BODY
    said = "sha256=37a00cace0e530b778f510843cb4e759a4a35c08a621c207165981448bf0a90a"
    assert webhooks.sign("whsec_test", BODY) == said


def test_a_receiver_may_verify_the_bytes_or_write_them_anew() -> None:
    body = {"event": "clip.expired", "data": {"title": 'Grüße \U0001f600 "q" <b>', "n": 1.0, "z": None, "a": [1, {}]}}
    sent = webhooks.canonical(body)
    assert sent.isascii() and webhooks.canonical(json.loads(sent)) == sent


# -- Announcing --------------------------------------------------------------------------------------------


def test_who_listens_is_told_and_nobody_else(owner: Account, member: Account, receiver: Receiver) -> None:
    webhooks.add(owner, receiver.url, ["upload.ready"])
    webhooks.add(owner, receiver.url, ["clip.expired"])
    webhooks.add(owner, receiver.url, ["upload.ready"], enabled=False)
    webhooks.announce(owner.id, "upload.ready", {"file_id": "upl_1"})
    webhooks.announce(member.id, "upload.ready", {"file_id": "upl_2"})
    assert told(receiver) == [("upload.ready", {"file_id": "upl_1"})]


def test_what_is_announced_in_a_transaction_goes_out_when_it_is_kept(webhook: Webhook, receiver: Receiver) -> None:
    with store.write():
        webhooks.announce(webhook.account_id, "upload.ready", {"file_id": "upl_1"})
        assert receiver.came == []
    assert [event for event, _ in told(receiver)] == ["upload.ready"]


def test_what_is_announced_in_a_transaction_goes_with_it(webhook: Webhook, receiver: Receiver) -> None:
    with pytest.raises(RuntimeError), store.write():
        webhooks.announce(webhook.account_id, "upload.ready", {"file_id": "upl_1"})
        raise RuntimeError("half way")
    assert receiver.came == [] and Delivery.select().count() == 0


def test_an_event_that_is_none_is_a_mistake_of_ours(owner: Account) -> None:
    with pytest.raises(KeyError):
        webhooks.announce(owner.id, "clip.done", {})


# -- What happens to media ---------------------------------------------------------------------------------


def test_a_ready_upload_is_told_with_the_references_fields(
    owner: Account, webhook: Webhook, receiver: Receiver, tiny: Path, send: Send
) -> None:
    upload = send(owner, tiny)
    (event, said) = told(receiver)[0]
    assert event == "upload.ready" and set(said) == set(webhooks.SAMPLES["upload.ready"])
    shown = uploads.describe(upload)
    assert said == {name: shown[name] for name in said} | {"clip_job_id": ""}


def test_a_file_that_is_no_media_is_told_with_its_reason(
    owner: Account, webhook: Webhook, receiver: Receiver, tmp_path: Path, send: Send
) -> None:
    (tmp_path / "notes.mp4").write_text("no media at all")
    upload = send(owner, tmp_path / "notes.mp4")
    assert told(receiver) == [
        (
            "upload.failed",
            {
                "file_id": upload.id,
                "filename": "notes.mp4",
                "error": upload.error,
                "code": "unsupported_media",
                "clip_requested": False,
                "clip_job_id": "",
            },
        )
    ]


def test_a_clip_is_told_once_it_is_in_the_library(
    owner: Account, webhook: Webhook, receiver: Receiver, tiny: Path, send: Send
) -> None:
    upload = send(owner, tiny)
    del receiver.came[:]
    (job,) = trim.request(owner, upload.id, [(1, 2)], via="session", format="mp3")
    (clip,) = library.of_job(job.id)
    ((event, said),) = told(receiver)
    assert event == "clip.complete" and set(said) == set(webhooks.SAMPLES["clip.complete"])
    assert said | {"download_url": ""} == {
        "job_id": job.id,
        "clip_id": clip.id,
        "format": "mp3",
        "quality": "",
        "duration": round(clip.duration_s, 3),
        "download_url": "",
        "cost": 0.02,
        "source": "trim",
        "captioned": False,
    }
    assert clip.key in said["download_url"]


def test_a_clip_that_will_not_come_is_told_with_what_went_back(
    owner: Account, webhook: Webhook, receiver: Receiver, tiny: Path, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(job: Any, tell: Any) -> Any:
        raise Unprocessable("No such moment.")

    upload = send(owner, tiny)
    monkeypatch.setitem(worker.BODIES, "trim", refuse)
    del receiver.came[:]
    (job,) = trim.request(owner, upload.id, [(1, 2)], via="session", quality="720p")
    said = {"job_id": job.id, "error": "No such moment.", "code": "validation_failed", "format": "mp4"}
    assert told(receiver) == [("clip.failed", said | {"quality": "720p", "refunded": 0.02})]


def test_a_clip_that_was_canceled_before_it_began_is_told(
    owner: Account, webhook: Webhook, tiny: Path, send: Send
) -> None:
    upload = send(owner, tiny)
    rung: list[str] = []
    store.queue.serve(rung.append, {})
    (job,) = trim.request(owner, upload.id, [(1, 2)], via="session")
    cancel.cancel(owner.id, job.id)
    told = Delivery.get(Delivery.event == "clip.failed")
    assert json.loads(told.payload)["data"]["code"] == "canceled" and rung == [job.id, told.job_id]


def test_a_clip_whose_time_is_over_is_told(
    owner: Account, webhook: Webhook, receiver: Receiver, tiny: Path, send: Send
) -> None:
    upload = send(owner, tiny)
    (job,) = trim.request(owner, upload.id, [(1, 2)], via="session")
    library.Clip.update(expires_at=store.now() - timedelta(seconds=1)).execute()
    del receiver.came[:]
    worker.expire()
    clip = library.Clip.get(library.Clip.job_id == job.id)
    said = {"clip_id": clip.id, "title": "tiny", "expired_at": store.rfc3339(clip.expires_at)}
    assert told(receiver) == [("clip.expired", said)]


def test_every_event_has_a_sample_of_which_json_can_speak() -> None:
    assert set(webhooks.SAMPLES) == set(rules.EVENTS)
    assert all(webhooks.canonical(sample) for sample in webhooks.SAMPLES.values())


def test_jobs_that_tell_are_not_shown_in_the_panel(owner: Account, webhook: Webhook) -> None:
    webhooks.announce(owner.id, "upload.ready", {})
    assert {job.kind for job in jobs.Job.select()} == {"deliver"}
