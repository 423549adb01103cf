"""Settings in, a running FastClip out: opens the stores, supervises the worker process, serves the web application.

`fastclip serve` is this process and its child `fastclip worker`, so that a cut never slows a click and a worker that
dies is started again. A child's standard input is a pipe from its parent: when that closes, it stops (desktop.md 0).
"""

import errno
import json
import logging
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from fastclip import accounts, engines, signals, store, tickets
from fastclip.errors import Conflict
from fastclip.settings import Settings
from fastclip.standing import Standing
from fastclip.store.blobs import stand_at
from fastclip.worker import STOP_S, Worker

_log = logging.getLogger(__name__)
_PORTS_TRIED = 20
_LOOK_S = 0.5
_RESTART_S = (0.2, 1.0, 5.0)
_SOUND_S = 30.0  # a worker that lived so long did not die of its start


def serve(
    settings: Settings, *, watch_stdin: bool = False, with_worker: bool = True, open_browser: bool = False
) -> None:
    """Serve until SIGTERM, SIGINT, or (watch_stdin) the end of standard input.

    Prints where it listens, and while there is no owner a one-time link to the setup page; with watch_stdin one line
    of JSON instead: {"event": "ready", "url", "control"}. Raises Conflict when this data folder is being served.
    """
    from fastclip.api import app as web  # here, for a worker needs none of it
    from fastclip.api import server

    should_stop = threading.Event()
    with _alone(settings), _opened(settings), _listening(settings) as sock:
        url = _url(settings, sock)
        control = secrets.token_urlsafe(32)
        home, standing = _home(settings, sock), Standing(settings)
        standing.tell(lambda said: stand_at(said.public_url.rstrip("/") or home))
        standing.tell(engines.take)
        with _announced(settings, url, home, control), _supervised(settings, with_worker):
            if watch_stdin:
                threading.Thread(target=_wait_for_end_of_stdin, args=(should_stop,), daemon=True).start()
            application = web.build(
                standing, stopping=should_stop, secret=control, on_focus=lambda: _say({"event": "focus"})
            )
            threading.Thread(target=standing.keep_following, args=(should_stop,), daemon=True).start()
            _tell_ready(settings, url, control, as_json=watch_stdin, open_browser=open_browser)
            server.serve(application, [sock], should_stop)


def work(settings: Settings, *, watch_stdin: bool = False) -> None:
    """Be a worker until SIGTERM, SIGINT, or (watch_stdin) the end of standard input."""
    should_stop = threading.Event()
    signals.stop(should_stop)
    with _opened(settings):
        home, standing = _run_file(settings).get("home", ""), Standing(settings)
        standing.tell(lambda said: stand_at(said.public_url.rstrip("/") or home))
        worker = Worker(settings, standing)
        worker.start()
        if watch_stdin:
            threading.Thread(target=_wait_for_end_of_stdin, args=(should_stop,), daemon=True).start()
        while not should_stop.wait(_LOOK_S):
            pass  # a signal that another thread received is only seen here when this one wakes
        worker.stop()


def own_command(*arguments: str) -> list[str]:
    """How this program starts itself in another role: frozen, or from its source."""
    head = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "fastclip"]
    return [*head, *arguments]


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    try:
        with FileLock(settings.data_dir / "serve.lock", blocking=False):
            yield
    except Timeout as busy:
        raise Conflict(f"FastClip is running already on this data folder{_where(settings)}.") from busy


def _where(settings: Settings) -> str:
    url = _run_file(settings).get("url")
    return f": {url}" if url else ""


def _run_file(settings: Settings) -> dict[str, str]:
    """What the server on this data folder says of itself, {} when none runs here."""
    try:
        return json.loads((settings.data_dir / "run.json").read_text())
    except (OSError, ValueError):
        return {}


@contextmanager
def _opened(settings: Settings) -> Iterator[None]:
    store.open(settings)
    try:
        yield
    finally:
        store.close()


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """The port that was asked for, else the next free one: the browser keeps unfinished uploads by origin."""
    for port in range(settings.port, settings.port + _PORTS_TRIED) if settings.port else [0]:
        sock = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
        if os.name != "nt":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((settings.host, port))
            sock.listen(socket.SOMAXCONN)  # from here on who comes waits, and nobody else gets the port
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        with sock:
            yield sock
        return
    raise Conflict(
        f"Ports {settings.port} to {settings.port + _PORTS_TRIED - 1} are all in use; choose another with --port."
    )


def _url(settings: Settings, sock: socket.socket) -> str:
    """Where this machine itself reaches the server."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{sock.getsockname()[1]}"


def _home(settings: Settings, sock: socket.socket) -> str:
    """This machine's address in its network, for links that are sent away where the owner says no other.

    It is the one by which this machine would reach another network; asking for it sends nothing.
    """
    if settings.host not in ("0.0.0.0", ""):
        return _url(settings, sock)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return _url(settings, sock)  # no network
        return f"http://{probe.getsockname()[0]}:{sock.getsockname()[1]}"


@contextmanager
def _announced(settings: Settings, url: str, home: str, control: str) -> Iterator[None]:
    """`run.json`, mode 0600: how a second start and the window find this one."""
    path = settings.data_dir / "run.json"
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump({"pid": os.getpid(), "url": url, "home": home, "control": control}, out)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _tell_ready(settings: Settings, url: str, control: str, *, as_json: bool, open_browser: bool) -> None:
    if as_json:
        return _say({"event": "ready", "url": url, "control": control})
    target = url
    if accounts.has_owner():
        print(f"FastClip is at {url}", flush=True)
    else:
        target = f"{url}/setup#{tickets.setup_token()}"
        print(
            f"FastClip is at {url}\nCreate your account (a link for this machine, good for 30 minutes):\n  {target}",
            flush=True,
        )
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(target,), daemon=True).start()


def _say(line: dict[str, Any]) -> None:
    """One line for the window that started this process; it may be gone by now."""
    try:
        print(json.dumps(line), flush=True)
    except BrokenPipeError:
        _log.info("nobody listens for %s any more", line["event"])


def _wait_for_end_of_stdin(should_stop: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    should_stop.set()


@contextmanager
def _supervised(settings: Settings, with_worker: bool) -> Iterator[None]:
    if not with_worker:
        yield
        return
    supervisor = _Supervisor(
        own_command("worker", "--data-dir", str(settings.data_dir), "--watch-stdin"), settings.data_dir
    )
    supervisor.start()
    try:
        yield
    finally:
        supervisor.stop()


class _Supervisor:
    """Keeps one child process alive, and takes it along when it goes."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._command, self._folder = command, folder
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_alive, name="supervisor")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._end_child()
        self._thread.join()

    def _keep_alive(self) -> None:
        died = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            self._child = subprocess.Popen(self._command, stdin=subprocess.PIPE, cwd=self._folder)
            if self._stopping.is_set():  # `stop` may have looked before there was a child
                return self._end_child()
            code = self._child.wait()
            died = died + 1 if time.monotonic() - began < _SOUND_S else 1
            if not self._stopping.is_set():
                _log.warning("the worker ended with code %s; starting it again", code)
                self._stopping.wait(_RESTART_S[min(died, len(_RESTART_S)) - 1])

    def _end_child(self) -> None:
        """Close its standard input, which asks it to stop; kill it when it does not."""
        child = self._child
        if child is None:
            return
        if child.stdin:
            child.stdin.close()
        try:
            child.wait(STOP_S + 2)
        except subprocess.TimeoutExpired:
            child.kill()
