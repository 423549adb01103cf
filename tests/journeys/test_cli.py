"""The command line as it is typed: beside a running server, on a terminal, interrupted."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import av
import httpx

from fastclip import accounts
from tests.conftest import BUNNY, PASSWORD
from tests.journeys.conftest import FASTCLIP, Person, Running, cli, ffmpegs_of, until


def test_people_and_keys_are_added_beside_a_running_server(studio: Running, tiny: Path) -> None:
    words = ("--email", "beside@example.org", "--data-dir", str(studio.folder))
    added = cli("user", "add", *words, given=f"{PASSWORD}\n")
    assert added.returncode == 0 and added.stdout.startswith("Added member beside@example.org"), added.stderr
    key = cli("key", "add", *words, "--name", "typed").stdout
    assert key.startswith("sk_live_") and key.count("\n") == 1
    with studio.rows():
        account = accounts.by_email("beside@example.org")
    person = Person(studio, account, key.strip())
    assert person.get("/v1/account")["auth"] == "api_key"
    assert person.cut(person.send(tiny)["file_id"], 0, 1)["status"] == "complete"


def test_a_new_password_signs_out_everywhere_beside_a_running_server(studio: Running) -> None:
    person = studio.person("forgetful")
    asked = {"email": person.account.email, "password": PASSWORD}
    browser = httpx.Client(base_url=studio.url)
    assert browser.post("/v1/auth/sign-in", json=asked).status_code == 200
    assert browser.get("/v1/auth/session").status_code == 200
    words = ("user", "password", "--email", person.account.email, "--data-dir", str(studio.folder))
    assert cli(*words, given="a better password\n").returncode == 0
    assert browser.get("/v1/auth/session").status_code == 401
    assert browser.post("/v1/auth/sign-in", json=asked).status_code == 401
    asked["password"] = "a better password"
    assert browser.post("/v1/auth/sign-in", json=asked).status_code == 200


def test_a_clip_is_cut_on_a_machine_without_any_installation(tmp_path: Path) -> None:
    target = tmp_path / "clip.mp4"
    words = ("clip", str(BUNNY), "--start", "7.30", "--end", "19.85", "-o", str(target), "--json")
    done = cli(*words, FASTCLIP_DATA=str(tmp_path / "nowhere"))
    assert done.returncode == 0 and json.loads(done.stdout)["frames"] == 301
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4"]
    with av.open(str(target)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 301


def test_on_a_terminal_a_bar_shows_the_progress(tmp_path: Path) -> None:
    shown, terminal = pty.openpty()
    words = ["clip", str(BUNNY), "--start", "0", "--end", "20", "--plan", "encode", "-o", str(tmp_path / "clip.mp4")]
    process = subprocess.Popen(
        [*FASTCLIP, *words],
        stdout=subprocess.PIPE,
        stderr=terminal,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
    )
    os.close(terminal)
    seen = b""
    try:
        while block := os.read(shown, 4096):
            seen += block
    except OSError:  # Linux says so when the other end closes
        pass
    assert process.stdout
    said = process.stdout.read()
    assert process.wait(30) == 0 and said.count(b"\n") == 1 and b"480 frames" in said
    assert "━".encode() in seen and b"%" in seen


def test_an_interrupted_cut_leaves_nothing_behind(tmp_path: Path) -> None:
    words = ["clip", str(BUNNY), "--start", "0", "--end", "30", "--plan", "encode", "-o", str(tmp_path / "clip.mp4")]
    # What a shell starts in the background, perhaps these tests, ignores Ctrl-C, and so would all that it starts.
    hears = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    listening = [sys.executable, "-c", hears, *FASTCLIP]
    process = subprocess.Popen([*listening, *words], stderr=subprocess.PIPE, text=True)
    until(lambda: any("ffmpeg" in one.name() for one in ffmpegs_of(tmp_path)))
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert process.stderr and process.stderr.read().strip() == "Stopped."
    assert list(tmp_path.iterdir()) == [] and ffmpegs_of(tmp_path) == []
