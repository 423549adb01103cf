"""What happens to work and to processes between start and stop: cancel, expiry, signals, a second server."""

import json
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from fastclip import settings
from fastclip.jobs import Job
from fastclip.library import Clip
from fastclip.uploads import Upload
from fastclip.worker import expire
from tests.billing.machine import check_books
from tests.conftest import BUNNY, everything_kept
from tests.journeys.conftest import FASTCLIP, Person, Running, Start, cli, ffmpegs_of, put, until


def test_a_running_cut_that_is_canceled_stops_and_is_refunded(studio: Running) -> None:
    person = studio.person(cents=2)
    file_id = person.send(BUNNY)["file_id"]
    until(lambda: person.get(f"/v1/upload/{file_id}/preview")["status"] == "ready")
    job_id = person.post("/v1/clip", file_id=file_id, start=0, end=30).json()["job_id"]
    until(lambda: person.get(f"/v1/clip/{job_id}")["progress"] > 5)
    canceled = person.post(f"/v1/clip/{job_id}/cancel").json()
    assert (canceled["status"], canceled["code"], canceled["error"]) == (
        "failed",
        "canceled",
        "You canceled this job.",
    )
    assert person.balance() == (2, 0)
    assert person.get("/v1/clips")["total"] == 0
    until(lambda: not [one for one in ffmpegs_of(studio.folder) if job_id in " ".join(one.cmdline())], 2)
    again = person.post(f"/v1/clip/{job_id}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_sources_and_clips_are_gone_after_their_24_hours(start: Start, tiny: Path) -> None:
    server = start()
    person = server.person()
    file_id = person.send(tiny)["file_id"]
    job = person.cut(file_id, 0, 1)
    until(lambda: person.get(f"/v1/upload/{file_id}/preview")["status"] == "ready")
    with server.rows():
        yesterday = timedelta(hours=25)
        Upload.update(expires_at=Upload.get().expires_at - yesterday).execute()
        Clip.update(expires_at=Clip.get().expires_at - yesterday).execute()
        expire()
    for path in (f"/v1/upload/{file_id}", f"/v1/upload/{file_id}/preview"):
        gone = person.http.get(path)
        assert (gone.status_code, gone.json()["code"]) == (410, "source_expired")
    refused = person.post("/v1/clip", file_id=file_id, start=0, end=1)
    assert (refused.status_code, refused.json()["code"]) == (410, "source_expired")
    assert person.http.patch(f"/v1/clips/{job['clip_id']}", json={"title": "x"}).status_code == 404
    assert httpx.get(job["download_url"]).status_code == 404
    assert person.get("/v1/clips")["total"] == 0 and person.get("/v1/uploads")["data"] == []
    assert everything_kept(settings.load(server.folder)) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_with_0_and_leaves_no_child(start: Start, number: signal.Signals) -> None:
    server = start()
    person = server.person()
    file_id = person.send(BUNNY)["file_id"]
    job_id = person.post("/v1/clip", file_id=file_id, start=0, end=30).json()["job_id"]
    until(lambda: person.get(f"/v1/clip/{job_id}")["progress"] > 5)
    server.process.send_signal(number)
    assert server.process.wait(20) == 0
    assert ffmpegs_of(server.folder) == []
    assert not (server.folder / "run.json").exists()
    server.start()
    again = Person(server, person.account, person.key)
    assert again.ended(job_id)["status"] == "complete"


def test_a_server_whose_standard_input_closes_ends_with_0(start: Start) -> None:
    server = start()
    server.worker()
    assert server.process.stdin
    server.process.stdin.close()
    assert server.process.wait(20) == 0
    assert ffmpegs_of(server.folder) == []


def test_a_download_that_is_under_way_does_not_hold_up_the_stop(start: Start) -> None:
    server = start()
    person = server.person()
    source = person.get(f"/v1/upload/{person.send(BUNNY)['file_id']}/preview")["source"]["url"]
    with httpx.stream("GET", httpx.URL(server.url).join(source)) as answer:
        next(answer.iter_raw(1000))
        assert server.stop() == 0


def test_a_second_server_on_the_same_folder_is_refused(start: Start) -> None:
    server = start()
    second = cli("serve", "--port", "0", "--data-dir", str(server.folder))
    assert second.returncode == 1 and second.stdout == ""
    assert f"FastClip is running already on this data folder: {server.url}." in second.stderr
    assert httpx.get(server.url + "/healthz").status_code == 200


def test_two_servers_on_two_folders_do_not_meet(start: Start, tiny: Path) -> None:
    one, other = start("one"), start("other")
    person = one.person()
    file_id = person.send(tiny)["file_id"]
    stranger = Person(other, person.account, person.key)
    assert stranger.http.get(f"/v1/upload/{file_id}").status_code == 401


def test_without_an_owner_the_setup_link_stands_on_standard_output(tmp_path: Path) -> None:
    command = [*FASTCLIP, "serve", "--port", "0", "--data-dir", str(tmp_path / "data"), "--no-worker"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3)]
        link = lines[2].strip()
        address, token = link.split("/setup#")
        assert lines[0] == f"FastClip is at {address}\n" and address.startswith("http://127.0.0.1:")
        assert httpx.get(f"{address}/v1/setup").json() == {"needs_owner": True}
        asked = {"token": token, "email": "owner@example.org", "name": "Olga", "password": "correct horse battery"}
        made = httpx.post(f"{address}/v1/setup", json=asked)
        assert made.status_code == 200 and made.json()["account"]["role"] == "owner"
        assert "fc_session" in made.cookies
        assert httpx.get(f"{address}/v1/setup").json() == {"needs_owner": False}
        assert httpx.post(f"{address}/v1/setup", json=asked).status_code == 401
        process.terminate()
        assert process.wait(20) == 0


def test_readiness_is_told_only_while_a_worker_lives(start: Start) -> None:
    server = start("data", "--no-worker")
    assert httpx.get(server.url + "/healthz").status_code == 200
    assert httpx.get(server.url + "/readyz").status_code == 503
    server.stop()
    server.flags = ()
    server.start()
    until(lambda: httpx.get(server.url + "/readyz").status_code == 200)


def test_the_control_secret_is_private(start: Start) -> None:
    server = start()
    told = json.loads((server.folder / "run.json").read_text())
    assert told["url"] == server.url and (server.folder / "run.json").stat().st_mode & 0o077 == 0
    for process in (server.process.pid, server.worker().pid):
        words = Path(f"/proc/{process}/cmdline").read_bytes()
        assert told["control"].encode() not in words


def test_a_worker_can_run_apart_from_the_server(start: Start, tiny: Path) -> None:
    server = start("data", "--no-worker")
    person = server.person()
    asked = {"filename": tiny.name, "content_type": "video/mp4", "file_size": tiny.stat().st_size}
    answer = person.post("/v1/upload/request", **asked).json()
    put(answer["upload_url"], tiny.read_bytes(), "video/mp4").raise_for_status()
    assert person.get(f"/v1/upload/{answer['file_id']}")["status"] == "processing"
    with subprocess.Popen([*FASTCLIP, "worker", "--data-dir", str(server.folder)]) as worker:
        try:
            assert person.checked(answer["file_id"])["status"] == "ready"
            worker.terminate()
            assert worker.wait(30) == 0
        finally:
            worker.kill()


def test_a_queue_that_is_down_takes_nothing_and_costs_nothing(start: Start, tiny: Path) -> None:
    server = start()
    person = server.person(cents=10)
    file_id = person.send(tiny)["file_id"]
    until(lambda: person.get(f"/v1/upload/{file_id}/preview")["status"] == "ready")
    server.stop()
    server.environment = {"FASTCLIP_QUEUE": "redis://127.0.0.1:9/0"}
    server.flags = ("--no-worker",)
    server.start()
    person = Person(server, person.account, person.key)
    spans = [{"start": 0, "end": 1}, {"start": 1, "end": 2}]
    refused = person.post("/v1/clip", file_id=file_id, segments=spans)
    assert (refused.status_code, refused.json()["code"]) == (503, "queue_unavailable")
    assert "nothing was charged" in refused.json()["error"]
    assert person.balance() == (10, 0)
    with server.rows():
        check_books(person.account.id)


def test_what_waits_is_done_when_the_queue_forgot_it(start: Start, tiny: Path) -> None:
    server = start("data", "--no-worker")
    person = server.person()
    asked = {"filename": tiny.name, "content_type": "video/mp4", "file_size": tiny.stat().st_size}
    answer = person.post("/v1/upload/request", **asked).json()
    put(answer["upload_url"], tiny.read_bytes(), "video/mp4").raise_for_status()
    server.stop()
    for path in server.folder.glob("queue.db*"):
        path.unlink()
    with server.rows():
        Job.update(rung_at=0.0).execute()  # as if ten seconds had passed
    server.flags = ()
    server.start()
    person = Person(server, person.account, person.key)
    assert person.checked(answer["file_id"])["status"] == "ready"
