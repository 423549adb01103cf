"""A job says what it is doing, ends soon after it is canceled in any stage, and leaves nothing behind."""

import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from fastclip import jobs, leases, library
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.clips import cancel, trim
from fastclip.jobs import Job
from fastclip.settings import Settings
from fastclip.uploads import Upload
from fastclip.worker import Worker
from tests.billing.machine import check_books
from tests.conftest import Send, everything_kept

ENCODED = {"format": "mp4", "quality": "720p"}
GIF = {"format": "gif", "quality": "720p"}
STAGES = [
    (ENCODED, "Encoding"),
    (ENCODED, "Checking"),
    (ENCODED, "Drawing its poster"),
    ({"format": "mp4"}, "Cutting"),
    ({"format": "mp4"}, "Checking"),
    (GIF, "Choosing colours"),
    (GIF, "Drawing"),
    ({"format": "mp3"}, "Checking"),
    ({"format": "m4a"}, "Copying"),
    ({"format": "m4a"}, "Checking"),
]


@pytest.fixture
def source(owner: Account, send: Send, bunny: Path, data: Settings, rung: list[str]) -> Upload:
    """Thirty seconds of 480p, H.264 and AAC, checked; what a player needs of it is left to wait."""
    upload = send(owner, bunny)
    Worker(data).perform(rung.pop())
    return Upload.get_by_id(upload.id)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float, str]]:
    """(status, fraction, sentence) of all that jobs say."""
    heard: list[tuple[str, float, str]] = []
    plain = leases.tell

    def tell(job: Job, status: str, fraction: float, message: str) -> None:
        plain(job, status, fraction, message)
        heard.append((status, fraction, message))

    monkeypatch.setattr(leases, "tell", tell)
    return heard


Start = Callable[[dict[str, str]], tuple[Worker, Job]]


@pytest.fixture
def start(owner: Account, source: Upload, data: Settings, monkeypatch: pytest.MonkeyPatch) -> Start:
    """A worker and its waiting job; its first frame is no keyframe. With a quality it is encoded, and short."""

    def ask(options: dict[str, str]) -> tuple[Worker, Job]:
        running = Worker(data)
        if "quality" in options:
            monkeypatch.setattr(trim, "codecs", ())
        span = (3.3, 11.3) if "quality" in options else (0.5, 29.5)
        return running, trim.request(owner, source.id, [span], via="session", **options)[0]

    return ask


@pytest.mark.parametrize(("options", "stage"), STAGES)
def test_a_job_that_is_canceled_in_this_stage_ends_there(
    options, stage, owner: Account, start: Start, data: Settings, told, monkeypatch
) -> None:
    before, (running, job), plain = everything_kept(data), start(options), leases.tell

    def tell(job: Job, status: str, fraction: float, message: str) -> None:
        plain(job, status, fraction, message)
        if message.startswith(stage):
            jobs.ask_to_cancel(job)

    monkeypatch.setattr(leases, "tell", tell)
    running.perform(job.id)
    ended = jobs.get(owner.id, job.id)
    assert (ended.status, ended.error_code) == ("failed", "canceled"), (ended.error, told)
    assert told[-1][2].startswith(stage)
    assert everything_kept(data) == before and not library.of_job(job.id)
    assert ledger.balance(owner.id)[1] == 0
    assert not [child for child in psutil.Process().children(recursive=True) if "ffmpeg" in child.name()]
    check_books(owner.id)


@pytest.mark.parametrize(
    ("options", "stages"),
    [
        (ENCODED, ["Encoding", "Checking", "Drawing its poster", "Saving the result"]),
        (GIF, ["Choosing colours", "Drawing", "Checking", "Drawing its poster", "Saving the result"]),
        ({"format": "m4a"}, ["Copying", "Checking", "Saving the result"]),
    ],
)
def test_a_job_names_its_stages_in_order_and_its_progress_only_rises(
    options, stages, owner: Account, start: Start, told
) -> None:
    running, job = start(options)
    running.perform(job.id)
    assert jobs.get(owner.id, job.id).status == "complete"
    said = [message for _, _, message in told]
    places = [next(i for i, message in enumerate(said) if message.startswith(stage)) for stage in stages]
    assert places == sorted(places)
    fractions = [fraction for _, fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[-1] < 0.99
    assert {status for status, _, _ in told} == {"processing", "uploading"}


def test_a_cancel_from_outside_is_answered_with_the_ended_job(owner: Account, start: Start, monkeypatch) -> None:
    (running, job), began, plain = start(ENCODED), threading.Event(), leases.tell

    def tell(job: Job, status: str, fraction: float, message: str) -> None:
        plain(job, status, fraction, message)
        if message == "Encoding":
            began.set()

    monkeypatch.setattr(leases, "tell", tell)
    thread = threading.Thread(target=running.perform, args=(job.id,))
    thread.start()
    assert began.wait(60)
    ended = cancel.cancel(owner.id, job.id)
    thread.join()
    assert (ended.status, ended.error_code) == ("failed", "canceled")
