"""A full disk is said in a sentence, gives the money back, and leaves the disk as it was. On a real one: a tmpfs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fastclip import jobs, library, store
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.clips import trim
from fastclip.settings import Settings
from fastclip.uploads import Upload
from fastclip.worker import Worker
from tests.billing.machine import check_books
from tests.conftest import Send, everything_kept

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux can mount a small disk"
)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A disk of `size` in the place of `folder`."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def paying(member: Account) -> Account:
    with store.write():
        ledger.credit(member.id, "grant", 10, key="grant:1")
    return member


@pytest.mark.parametrize(
    ("options", "codecs", "stage"),
    [
        ({"format": "mp4"}, ("h264",), "smart"),
        ({"format": "mp4"}, (), "encode"),
        ({"format": "gif", "quality": "1080p"}, (), "gif"),
        ({"format": "wav"}, (), "sound"),
        ({"format": "m4a"}, (), "copy"),
    ],
)
def test_a_job_that_fills_the_disk_says_so_and_is_refunded(
    options, codecs, stage, paying: Account, send: Send, bunny: Path, data: Settings, rung: list[str], monkeypatch
) -> None:
    source = send(paying, bunny)
    Worker(data).perform(rung.pop())
    source = Upload.get_by_id(source.id)
    before, running = everything_kept(data), Worker(data)
    monkeypatch.setattr(trim, "codecs", codecs)
    (job,) = trim.request(paying, source.id, [(0.5, 29.5)], via="session", **options)
    with small_disk(store.temp_dir, "200k"):
        running.perform(job.id)
        ended = jobs.get(paying.id, job.id)
        assert (ended.status, ended.error_code) == ("failed", "insufficient_storage"), ended.error
        assert ended.error.startswith("The disk is full. Free some space")
        assert not list(store.temp_dir.iterdir())
    assert everything_kept(data) == before
    assert ledger.balance(paying.id) == (10, 0)
    check_books(paying.id)


def test_a_result_that_does_not_fit_beside_the_source_is_refunded_and_a_smaller_one_is_kept(
    paying: Account, send: Send, bunny: Path, data: Settings, rung: list[str]
) -> None:
    with small_disk(data.data_dir / "blobs", f"{bunny.stat().st_size // 1024 + 1500}k"):
        store.open(data)
        store.queue.serve(rung.append, {})
        source, running = send(paying, bunny), Worker(data)
        running.perform(rung.pop())
        for form, ended_as in (("wav", ("failed", "insufficient_storage")), ("m4a", ("complete", ""))):
            (job,) = trim.request(paying, source.id, [(0.5, 20.5)], via="session", format=form)
            running.perform(job.id)
            ended = jobs.get(paying.id, job.id)
            assert (ended.status, ended.error_code) == ended_as, ended.error
            assert len(library.of_job(job.id)) == (form == "m4a") and not list(store.temp_dir.iterdir())
    assert ledger.balance(paying.id) == (8, 0)
    check_books(paying.id)
