"""The window: Chromium's app mode on a virtual screen, in front of the real server."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.serving import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the screen is Xvfb's")
FASTCLIP = [sys.executable, "-m", "fastclip"]


class Desk:
    """A data folder with an owner, and what was started on it."""

    def __init__(self, folder: Path, display: str) -> None:
        self.folder, self.env = folder, os.environ | {"DISPLAY": display}
        self.env.pop("WAYLAND_DISPLAY", None)
        self.started: list[subprocess.Popen[str]] = []

    def start(self, command: str, *arguments: str, **env: str) -> "subprocess.Popen[str]":
        words = [*FASTCLIP, command, "--data-dir", str(self.folder), "--port", "0", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        process = subprocess.Popen(words, env=self.env | env, text=True, **pipes)
        self.started.append(process)
        return process

    def has_window(self, *then: str) -> bool:
        """Whether the window is to be seen; it then has `then` done to it. While a page loads, it has another name."""
        search = ["xdotool", "search", "--onlyvisible", "--name", "FastClip", *then]
        found = subprocess.run(search, env=self.env, capture_output=True)
        return found.returncode == 0 and bool(then or found.stdout.split())

    def close_window(self) -> None:
        assert until(lambda: self.has_window("windowfocus", "--sync"), 60)
        # A call of its own types into the focus; chained, the key's release goes to a window that its press closed.
        subprocess.run(["xdotool", "key", "ctrl+w"], env=self.env, check=True)

    def processes(self, word: str = "") -> list[psutil.Process]:
        """Whatever runs with this data folder in its arguments, of `word` only."""
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            words = process.info["cmdline"] or []
            if process.info["status"] != psutil.STATUS_ZOMBIE and str(self.folder) in " ".join(words):
                found += [process] if not word or word in words else []
        return found

    def server(self) -> dict[str, str]:
        return json.loads((self.folder / "run.json").read_text())

    def sessions(self) -> int:
        with sqlite3.connect(self.folder / "fastclip.db") as rows:
            return rows.execute("SELECT count(*) FROM session").fetchone()[0]

    def is_signed_in(self) -> bool:
        return self.has_window() and self.sessions() == 1


@pytest.fixture
def desk(tmp_path: Path, display: str) -> Iterator[Desk]:
    desk = Desk(tmp_path / "data", display)
    add = [*FASTCLIP, "user", "add", "--data-dir", str(desk.folder), "--email", "owner@example.org", "--role", "owner"]
    subprocess.run(add, input="correct horse battery\n", text=True, check=True, capture_output=True)
    yield desk
    for process in desk.processes():
        process.kill()
    for started in desk.started:
        print(started.args, started.returncode, *started.communicate(timeout=10))  # for whoever reads a failure


def test_the_window_opens_signed_in_and_takes_everything_along_when_it_closes(desk: Desk) -> None:
    window = desk.start("window")
    assert until(desk.is_signed_in, 60)
    assert len(desk.processes("serve")) == len(desk.processes("worker")) == 1
    desk.close_window()
    assert window.wait(60) == 0
    assert until(lambda: desk.processes() == [], 20)
    assert not (desk.folder / "run.json").exists() and not (desk.folder / "window.html").exists()


def test_no_other_user_of_the_machine_can_read_the_way_in(desk: Desk) -> None:
    desk.start("window")
    assert until(desk.is_signed_in, 60)
    assert [process.cmdline() for process in desk.processes() if "auth/window" in " ".join(process.cmdline())] == []
    for name in ("run.json", "window.html"):
        assert (desk.folder / name).stat().st_mode & 0o777 == 0o600


def test_a_second_start_shows_the_first_ones_window(desk: Desk) -> None:
    desk.start("window")
    assert until(desk.is_signed_in, 60)
    before = desk.server()
    second = desk.start("window")
    assert second.wait(60) == 0
    assert "FastClip is open already" in second.communicate()[0]
    assert desk.server() == before and len(desk.processes("serve")) == 1


def test_a_server_that_runs_already_is_used_and_left_running(desk: Desk) -> None:
    desk.start("serve")
    assert until(lambda: (desk.folder / "run.json").exists(), 60)
    window = desk.start("window")
    assert until(desk.is_signed_in, 60)
    desk.close_window()
    assert window.wait(60) == 0
    assert len(desk.processes("serve")) == 1


def test_a_window_that_is_killed_leaves_no_server_and_no_worker(desk: Desk) -> None:
    window = desk.start("window")
    assert until(desk.is_signed_in, 60)
    window.kill()
    assert until(lambda: desk.processes("serve") == desk.processes("worker") == [], 20)


def test_a_window_that_is_told_to_stop_stops(desk: Desk) -> None:
    window = desk.start("window")
    assert until(desk.is_signed_in, 60)
    window.send_signal(signal.SIGTERM)
    assert window.wait(60) == 0
    assert until(lambda: desk.processes() == [], 20)


def test_a_server_that_dies_closes_its_window(desk: Desk) -> None:
    window = desk.start("window")
    assert until(desk.is_signed_in, 60)
    desk.processes("serve")[0].kill()
    assert window.wait(60) == 1
    assert until(lambda: desk.processes() == [], 20)


def test_a_server_that_cannot_start_is_told_in_a_sentence(desk: Desk) -> None:
    (desk.folder / "settings.toml").write_text("prot = 1")
    window = desk.start("window")
    assert window.wait(60) == 1
    assert "Traceback" not in window.communicate()[1]


def test_without_a_display_the_window_serves_and_says_where(desk: Desk) -> None:
    window = desk.start("window", DISPLAY="")
    assert window.stdout and "There is no display for a window here." in window.stdout.readline()
    window.send_signal(signal.SIGTERM)
    assert window.wait(60) == 0
