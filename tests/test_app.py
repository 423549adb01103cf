import dataclasses
import json
import os
import re
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from fastclip import accounts, app, settings, store, tickets
from fastclip.errors import Conflict
from fastclip.settings import Settings
from tests.conftest import PASSWORD
from tests.contracts.conftest import free_port
from tests.journeys.conftest import until


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return settings.load(tmp_path, port=free_port())


def taken(stack: ExitStack, port: int) -> None:
    sock = stack.enter_context(socket.socket())
    sock.bind(("127.0.0.1", port))
    sock.listen()


def test_the_port_that_was_asked_for_is_taken_else_the_next_free_one(here: Settings) -> None:
    with app._listening(here) as first, app._listening(here) as second:
        assert first.getsockname()[1] == here.port
        assert here.port < second.getsockname()[1] < here.port + 20


def test_who_comes_before_the_server_is_ready_waits(here: Settings) -> None:
    with app._listening(here) as sock, socket.create_connection(sock.getsockname(), timeout=5) as caller:
        assert caller.getpeername() == sock.getsockname()


def test_when_all_ports_are_in_use_that_is_said(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_PORTS_TRIED", 2)
    with ExitStack() as stack:
        taken(stack, here.port)
        taken(stack, here.port + 1)
        with pytest.raises(Conflict) as refusal, app._listening(here):
            pass
    assert refusal.value.message == (
        f"Ports {here.port} to {here.port + 1} are all in use; choose another with --port."
    )


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]")]
)
def test_the_address_that_is_told_is_one_that_this_machine_reaches(tmp_path: Path, host: str, shown: str) -> None:
    loaded = settings.load(tmp_path, host=host, port=0)
    try:
        with app._listening(loaded) as sock:
            port = sock.getsockname()[1]
            assert app._url(loaded, sock) == f"http://{shown}:{port}"
    except OSError:
        pytest.skip("this machine has no IPv6")


def test_a_folder_is_served_once_and_who_serves_it_is_said(here: Settings) -> None:
    with app._alone(here), app._announced(here, "http://127.0.0.1:1", "http://10.0.0.5:1", "secret"):
        told = json.loads((here.data_dir / "run.json").read_text())
        urls = {"url": "http://127.0.0.1:1", "home": "http://10.0.0.5:1"}
        assert told == urls | {"pid": os.getpid(), "control": "secret"}
        assert (here.data_dir / "run.json").stat().st_mode & 0o077 == 0
        with pytest.raises(Conflict, match="running already on this data folder: http://127.0.0.1:1"):
            app.serve(here)
    assert not (here.data_dir / "run.json").exists()
    with app._alone(here):
        pass


def test_a_folder_whose_server_died_can_be_served_again(here: Settings) -> None:
    (here.data_dir / "run.json").write_text("{half")
    with app._alone(here), pytest.raises(Conflict, match="on this data folder."):
        app.serve(here)
    with app._announced(here, "http://127.0.0.1:1", "http://127.0.0.1:1", "secret"):
        assert "secret" in (here.data_dir / "run.json").read_text()


def test_links_that_are_sent_away_lead_to_this_machine(here: Settings) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        assert app._home(here, sock) == f"http://127.0.0.1:{port}"
        lan = dataclasses.replace(here, host="0.0.0.0")
        assert re.fullmatch(rf"http://[0-9.]+:{port}", app._home(lan, sock)) and "0.0.0.0" not in app._home(lan, sock)


def test_an_owner_is_told_the_address_and_nobody_is_told_a_link(data: Settings, capsys) -> None:
    accounts.add("owner@example.org", PASSWORD, role="owner")
    app._tell_ready(data, "http://127.0.0.1:1", "secret", as_json=False, open_browser=False)
    assert capsys.readouterr().out == "FastClip is at http://127.0.0.1:1\n"


def test_without_an_owner_the_browser_is_opened_at_the_setup_page(
    data: Settings, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    visited: list[str] = []
    monkeypatch.setattr(app.webbrowser, "open", visited.append)
    app._tell_ready(data, "http://127.0.0.1:1", "secret", as_json=False, open_browser=True)
    link = until(lambda: visited)[0]
    assert link in capsys.readouterr().out and link.startswith("http://127.0.0.1:1/setup#")
    tickets.set_up(link.split("#")[1], "owner@example.org", PASSWORD, name="")


def test_a_window_that_is_gone_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", gone)
    app._say({"event": "focus"})


def test_the_program_starts_itself_from_source_or_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert app.own_command("worker") == [sys.executable, "-m", "fastclip", "worker"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert app.own_command("worker") == [sys.executable, "worker"]


# -- Supervising -------------------------------------------------------------------------------------------

CHILD = "import os, pathlib, sys; p = pathlib.Path('starts'); p.write_text(p.read_text() + f'{os.getpid()} ')"
LIVES = f"{CHILD}; sys.stdin.read()"


@pytest.fixture
def starts(tmp_path: Path) -> Path:
    (tmp_path / "starts").write_text("")
    return tmp_path / "starts"


def pids(starts: Path) -> list[int]:
    return [int(word) for word in starts.read_text().split()]


def test_a_child_that_dies_is_started_again(starts: Path) -> None:
    supervisor = app._Supervisor([sys.executable, "-c", CHILD], starts.parent)
    supervisor.start()
    until(lambda: len(pids(starts)) >= 3)
    supervisor.stop()
    after = pids(starts)
    time.sleep(0.3)
    assert pids(starts) == after and not any(map(psutil.pid_exists, after))


def test_a_child_is_asked_to_stop_by_closing_its_standard_input(starts: Path) -> None:
    supervisor = app._Supervisor([sys.executable, "-c", LIVES], starts.parent)
    supervisor.start()
    (pid,) = until(lambda: pids(starts))
    supervisor.stop()
    assert not psutil.pid_exists(pid) and len(pids(starts)) == 1


def test_a_child_that_does_not_stop_is_killed(starts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "STOP_S", -1.9)
    supervisor = app._Supervisor([sys.executable, "-c", f"{CHILD}; import time; time.sleep(60)"], starts.parent)
    supervisor.start()
    (pid,) = until(lambda: pids(starts))
    supervisor.stop()
    assert not psutil.pid_exists(pid)


def test_opening_and_closing_a_folder_leaves_no_connection(here: Settings) -> None:
    with app._opened(here):
        assert not store.db.is_closed() or store.db.connect()
    assert store.db.is_closed()
