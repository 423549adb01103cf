"""`kill -9` at any moment: nothing acknowledged is lost, nothing is paid twice, nobody works on as an orphan."""

import contextlib
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from fastclip import settings
from fastclip.billing.ledger import Hold, LedgerEntry
from fastclip.jobs import Job
from fastclip.library import Clip
from fastclip.rules import MIN_PART_BYTES
from tests.billing.machine import check_books
from tests.conftest import BUNNY, everything_kept, make
from tests.journeys.conftest import Person, Running, Start, put, until


def kill_while_it_works(server: Running, pause_s: float) -> None:
    """SIGKILL to the worker while an ffmpeg of its runs; that must be gone within a second."""
    worker = server.worker()
    with contextlib.suppress(psutil.Error):
        until(lambda: not worker.is_running() or worker.children(recursive=True), 30)
        time.sleep(pause_s)
        its_own = worker.children(recursive=True)
        worker.kill()
        until(lambda: not any(map(is_alive, [worker, *its_own])), 1)


def is_alive(process: psutil.Process) -> bool:
    """A zombie is dead; in a container nobody may come to bury it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def cut_under_fire(server: Running, jobs: int, kills: int) -> Person:
    person = server.person(cents=2 * jobs)
    file_id = person.send(BUNNY)["file_id"]
    spans = [{"start": n % 20, "end": n % 20 + 8} for n in range(jobs)]
    answer = person.post("/v1/clip", file_id=file_id, segments=spans).raise_for_status().json()
    moments = random.Random(1)
    for _ in range(kills):
        kill_while_it_works(server, moments.uniform(0.05, 0.6))
    ended = until(lambda: all_ended(person, answer["job_ids"]), 240)
    assert Counter(job["status"] for job in ended)["complete"] > 0
    assert {job["code"] for job in ended if job["status"] == "failed"} <= {"worker_lost"}
    return person


def all_ended(person: Person, ids: list[str]) -> list[dict] | None:
    listed = {job["job_id"]: job for job in person.get("/v1/jobs", state="all", limit=100)["data"]}
    ended = [listed[job_id] for job_id in ids if listed[job_id]["status"] in ("complete", "failed")]
    return ended if len(ended) == len(ids) else None


def check_that_each_job_ended_once(server: Running, person: Person) -> None:
    """Each hold closed once, for what its job came to; each complete job has one clip with its bytes; no other file."""
    with server.rows():
        check_books(person.account.id)
        done = {job.id: job.status == "complete" for job in Job.select().where(Job.kind == "trim")}
        ends = Counter(entry.ref for entry in LedgerEntry.select().where(LedgerEntry.kind.in_(("settle", "refund"))))
        assert ends == dict.fromkeys(done, 1)
        assert {hold.ref: hold.captured_cents for hold in Hold.select()} == {
            job_id: 2 if is_complete else 0 for job_id, is_complete in done.items()
        }
        assert Hold.select().where(Hold.state == "open").count() == 0
        clips = {clip.job_id: clip for clip in Clip.select()}
        assert set(clips) == {job_id for job_id, is_complete in done.items() if is_complete}
        wanted = {key for clip in clips.values() for key in (clip.key, clip.poster_key)}
    kept = everything_kept(settings.load(server.folder))
    assert {path for path in kept if path.startswith("blobs/clips/")} == {f"blobs/{key}" for key in wanted}
    assert [path for path in kept if path.startswith("temp/")] == []


def test_a_worker_that_is_killed_5_times_over_10_jobs_ends_each_once(start: Start) -> None:
    server = start()
    check_that_each_job_ended_once(server, cut_under_fire(server, jobs=10, kills=5))


@pytest.mark.slow
def test_a_worker_that_is_killed_20_times_over_40_jobs_ends_each_once(start: Start) -> None:
    server = start()
    check_that_each_job_ended_once(server, cut_under_fire(server, jobs=40, kills=20))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A recording of five parts."""
    path = tmp_path / "film.mp4"
    make("-stream_loop", "5", "-i", str(BUNNY), "-c", "copy", str(path))
    assert 4 * MIN_PART_BYTES < path.stat().st_size < 5 * MIN_PART_BYTES
    return path


def begin(person: Person, film: Path) -> dict:
    size = film.stat().st_size
    asked = {"filename": "film.mp4", "content_type": "video/mp4", "file_size": size}
    answer = person.post("/v1/upload/multipart/initiate", **asked, part_size=MIN_PART_BYTES, part_count=5)
    return answer.raise_for_status().json()


def part(film: Path, number: int) -> bytes:
    return film.read_bytes()[(number - 1) * MIN_PART_BYTES : number * MIN_PART_BYTES]


def send(film: Path, link: dict) -> dict:
    answer = put(link["url"], part(film, link["part_number"])).raise_for_status()
    return {"part_number": link["part_number"], "etag": answer.headers["etag"]}


def killed_amid(server: Running, film: Path, link: dict) -> None:
    """Begin to send a part, and kill the server when half of it is there."""

    def halting() -> Iterator[bytes]:
        content = part(film, link["part_number"])
        yield content[: len(content) // 2]
        time.sleep(0.3)
        server.kill()
        yield content[len(content) // 2 :]

    headers = {"Content-Length": str(len(part(film, link["part_number"])))}
    with pytest.raises(httpx.TransportError):
        httpx.put(link["url"], content=halting(), headers=headers, timeout=20).raise_for_status()


def again(server: Running, person: Person) -> Person:
    """The same person on the server that was started again."""
    server.start()
    return Person(server, person.account, person.key)


def test_a_server_that_is_killed_amid_a_part_keeps_the_parts_it_acknowledged(start: Start, film: Path) -> None:
    server = start("data", "--no-worker")
    person = server.person()
    begun = begin(person, film)
    sent = [send(film, link) for link in begun["parts"][:2]]
    killed_amid(server, film, begun["parts"][2])
    server.flags = ()
    person = again(server, person)
    upload = {"file_id": begun["file_id"], "upload_id": begun["upload_id"]}
    assert person.get(f"/v1/upload/{begun['file_id']}")["status"] == "pending"
    refused = person.post("/v1/upload/multipart/complete", **upload, parts=[*sent, *missing(3, 4, 5)])
    assert (refused.status_code, refused.json()["param"]) == (400, "parts[2]")
    links = person.post("/v1/upload/multipart/refresh", **upload, part_numbers=[3, 4, 5]).json()["parts"]
    sent += [send(film, link) for link in links]
    assert person.post("/v1/upload/multipart/complete", **upload, parts=sent).json()["ok"] is True
    assert person.checked(begun["file_id"])["status"] == "ready"
    source = person.get(f"/v1/upload/{begun['file_id']}/preview")["source"]["url"]
    assert httpx.get(httpx.URL(server.url).join(source)).content == film.read_bytes()


def missing(*numbers: int) -> list[dict]:
    return [{"part_number": number, "etag": "0" * 64} for number in numbers]


def test_an_upload_whose_completion_was_acknowledged_is_checked_after_a_crash(start: Start, film: Path) -> None:
    server = start("data", "--no-worker")
    person = server.person()
    begun = begin(person, film)
    parts = [send(film, link) for link in begun["parts"]]
    upload = {"file_id": begun["file_id"], "upload_id": begun["upload_id"], "parts": parts}
    assert person.post("/v1/upload/multipart/complete", **upload).status_code == 200
    server.kill()
    server.flags = ()
    person = again(server, person)
    assert person.post("/v1/upload/multipart/complete", **upload).status_code == 200
    assert person.checked(begun["file_id"])["status"] == "ready"


def test_a_server_that_is_killed_takes_its_worker_and_every_ffmpeg_along(start: Start) -> None:
    server = start()
    person = server.person()
    file_id = person.send(BUNNY)["file_id"]
    job_id = person.post("/v1/clip", file_id=file_id, start=0, end=29).json()["job_id"]
    worker = server.worker()
    until(lambda: person.get(f"/v1/clip/{job_id}")["progress"] > 5)
    family = [worker, *worker.children(recursive=True)]
    server.kill()
    until(lambda: not any(map(is_alive, family)), 15)
    person = again(server, person)
    assert person.ended(job_id)["status"] == "complete"
    with server.rows():
        assert Job.get_by_id(job_id).attempt == 1  # its worker had time to give it back
