"""Speech as people use it: a long recording is heard by a worker that dies, words come early, nothing is paid twice."""

import json
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from fastclip.ai import models
from tests.ai.conftest import TINY
from tests.ai.scoring import word_error_rate
from tests.conftest import make
from tests.journeys.conftest import Person, Running, Start, until

DEMO_S = 121.781
LOOK_S = 0.25  # an account may ask 600 times a minute
TRUTH = json.loads((TINY / "demos" / "demo120.json").read_text())


def a_talk(folder: Path, times: int) -> Path:
    """The two-minute demo so many times over."""
    path = folder / "talk.flac"
    demo = str(TINY / "demos" / "demo120.wav")
    make("-stream_loop", str(times - 1), "-i", demo, "-ar", "16000", str(path))
    return path


@pytest.fixture
def server(start: Start, tmp_path: Path) -> Running:
    models.add(tmp_path / "data" / "models", TINY, name="tiny-espeak")
    return start()


def asked(person: Person, path: Path) -> tuple[str, str]:
    """(file_id, job_id) of a transcript that is asked for and not waited for."""
    file_id = person.send(path, "audio/flac")["file_id"]
    prefer = {"Prefer": "respond-async"}
    return file_id, person.http.post("/v1/transcript", json={"file_id": file_id}, headers=prefer).json()["job_id"]


def progress(person: Person, job_id: str) -> int:
    time.sleep(LOOK_S)
    return person.get(f"/v1/clip/{job_id}")["progress"]


def heard_after_a_kill(server: Running, path: Path, seconds: float) -> tuple[Person, str, list[dict[str, Any]]]:
    """The answers seen after the worker was killed at 40 %, until all was heard."""
    person = server.person(cents=100)
    file_id, job_id = asked(person, path)
    until(lambda: progress(person, job_id) >= 40, 60 + seconds)
    worker = server.worker()
    listeners = worker.children(recursive=True)
    worker.kill()
    seen: list[dict[str, Any]] = []

    def is_over() -> bool:
        time.sleep(LOOK_S)
        seen.append(person.get(f"/v1/transcript/{file_id}.json"))
        return seen[-1]["status"] in ("ready", "failed")

    until(is_over, 60 + seconds)
    assert listeners and not [one for one in listeners if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    return person, file_id, seen


def check(person: Person, file_id: str, seen: list[dict[str, Any]], times: int) -> None:
    """Nothing was heard again, nothing is missing, and it was paid once."""
    covered = [one["covered"] for one in seen]
    assert covered[0] >= 0.3 * times * DEMO_S and covered == sorted(covered)
    said = seen[-1]
    assert said["status"] == "ready"
    words = [word for segment in said["segments"] for word in segment["words"]]
    assert [word["position"] for word in words] == list(range(len(words)))
    assert all(a["end"] <= b["start"] + 0.001 for a, b in zip(words, words[1:], strict=False))
    for n in range(times):
        part = [w["word"] for w in words if n * DEMO_S <= (w["start"] + w["end"]) / 2 < (n + 1) * DEMO_S]
        assert word_error_rate(TRUTH["text"], " ".join(part)) <= 0.08, f"in part {n}"
    balance = person.balance()
    again = person.post("/v1/transcript", file_id=file_id).json()
    assert again["is_cached"] and person.balance() == balance == (100 - round(again["cost"] * 100), 0)


def test_a_worker_killed_at_forty_percent_is_gone_on_after(server: Running, tmp_path: Path) -> None:
    person, file_id, seen = heard_after_a_kill(server, a_talk(tmp_path, 3), 3 * DEMO_S)
    check(person, file_id, seen, 3)


@pytest.mark.slow
def test_an_hour_killed_at_forty_percent_is_gone_on_after(server: Running, tmp_path: Path) -> None:
    person, file_id, seen = heard_after_a_kill(server, a_talk(tmp_path, 30), 30 * DEMO_S)
    check(person, file_id, seen, 30)


def test_a_canceled_transcript_leaves_no_process_and_no_charge(server: Running, tmp_path: Path) -> None:
    person = server.person(cents=100)
    file_id, job_id = asked(person, a_talk(tmp_path, 8))
    until(lambda: progress(person, job_id) >= 10)
    listeners = server.worker().children(recursive=True)
    said = person.post(f"/v1/clip/{job_id}/cancel").json()
    assert (said["status"], said["code"]) == ("failed", "canceled") and person.balance() == (100, 0)
    until(lambda: not [one for one in listeners if one.is_running() and one.status() != psutil.STATUS_ZOMBIE], 5)
    assert person.get(f"/v1/transcript/{file_id}.json")["status"] == "failed"
