"""`kill -9` amid an auto-clip: it goes on where it was, makes each clip once, and is paid once, to the cent."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fastclip import settings
from fastclip.ai import models
from fastclip.billing.ledger import Hold, LedgerEntry
from fastclip.clips.auto import AutoSegment
from fastclip.jobs import Job
from fastclip.library import Clip
from fastclip.media import subtitles
from fastclip.moments import OfferedMoment
from tests.ai.conftest import TINY
from tests.ai.talk import talk
from tests.billing.machine import check_books
from tests.conftest import everything_kept, make
from tests.journeys.conftest import Person, Running, Start, until

TAPE_S = 240
PATIENCE_S = 150


@pytest.fixture
def server(start: Start, tmp_path: Path) -> Running:
    models.add(tmp_path / "data" / "models", TINY, name="tiny-espeak")
    return start()


def taped(person: Person, folder: Path) -> str:
    """Four minutes of picture whose words were sent as subtitles."""
    path = folder / "tape.mp4"
    picture, tone = f"testsrc2=s=320x180:r=15:d={TAPE_S}", f"sine=d={TAPE_S}:r=8000"
    make("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-g", "75", "-preset", "ultrafast", str(path))
    file_id = person.send(path)["file_id"]
    words = [word for word in talk().words if word.end_s < TAPE_S - 1]
    srt = subtitles.write(subtitles.cues(words, end_s=TAPE_S), "srt")
    person.http.put(f"/v1/transcript/{file_id}.srt", content=srt.encode()).raise_for_status()
    return file_id


def kill_when(server: Running, is_time: Callable[[], bool]) -> None:
    worker = server.worker()
    with server.rows():
        until(is_time, PATIENCE_S)
        worker.kill()
    until(lambda: server.worker().pid != worker.pid)


def check_that_each_clip_was_made_and_paid_once(server: Running, person: Person, job_id: str, *, cents: int) -> None:
    with server.rows():
        check_books(person.account.id)
        job = Job.get_by_id(job_id)
        rows = list(AutoSegment.select().where(AutoSegment.job_id == job_id))
        clips = {clip.id: clip for clip in Clip.select()}
        assert job.status == "complete" and job.cost_cents == cents
        assert {row.clip_id for row in rows} == set(clips) and len(rows) == len(clips)
        assert {row.status for row in rows} == {"complete"}
        assert OfferedMoment.select().where(OfferedMoment.job_id == job_id).count() >= len(rows)
        assert [entry.kind for entry in LedgerEntry.select().where(LedgerEntry.ref == job_id)].count("settle") == 1
        (hold,) = Hold.select().where(Hold.ref == job_id)
        assert (hold.state != "open", hold.captured_cents) == (True, cents)
    assert person.balance() == (100 - cents, 0)
    wanted = {f"blobs/{key}" for clip in clips.values() for key in (clip.key, clip.poster_key) if key}
    kept = everything_kept(settings.load(server.folder))
    made = {path for path in kept if path.startswith("blobs/clips/")}
    assert made <= wanted and {f"blobs/{clip.key}" for clip in clips.values()} <= made
    assert [path for path in kept if path.startswith(f"temp/{job_id}")] == []


@pytest.mark.slow
def test_killed_while_it_listens_it_starts_again_and_is_paid_once(server: Running, tmp_path: Path) -> None:
    person = server.person(cents=100)
    path = tmp_path / "talk.flac"
    make("-i", str(TINY / "demos" / "demo120.wav"), str(path))
    file_id = person.send(path, "audio/flac")["file_id"]
    job_id = person.post("/v1/clip/auto", file_id=file_id, query="one clip about the music").json()["job_id"]
    kill_when(server, lambda: Job.get_by_id(job_id).progress >= 5)
    assert until(lambda: person.ended(job_id), PATIENCE_S)["status"] == "complete"
    check_that_each_clip_was_made_and_paid_once(server, person, job_id, cents=10)


def test_killed_in_the_second_of_three_clips_it_keeps_the_first_and_makes_the_rest(
    server: Running, tmp_path: Path
) -> None:
    person = server.person(cents=100)
    file_id = taped(person, tmp_path)
    ask = {"query": "three 20-second highlights", "captions": {"preset_ref": "builtin:short-form-karaoke"}}
    job_id = person.post("/v1/clip/auto", file_id=file_id, **ask).raise_for_status().json()["job_id"]
    assert person.balance() == (82, 18)

    def second() -> bool:
        rows = AutoSegment.select().where(AutoSegment.job_id == job_id).order_by(AutoSegment.position)
        return [row.status for row in rows] == ["complete", "processing", "pending"]

    kill_when(server, second)
    first = person.get(f"/v1/clip/{job_id}")["clips"][0]["clip_id"]
    said = until(lambda: person.ended(job_id), PATIENCE_S)
    assert said["clips"][0]["clip_id"] == first and [one["captioned"] for one in said["clips"]] == [True] * 3
    with server.rows():
        assert Job.get_by_id(job_id).attempt == 2  # of the encodes: the killed one, and the one that ended it
    check_that_each_clip_was_made_and_paid_once(server, person, job_id, cents=10 + 3 * 2)
