"""The window on this machine: one a data folder, in front of a server that lives and dies with it.

GTK, then Qt, then Chromium's app mode, then the default browser, as `toolkits` finds them. The server is a child
whose standard input is a pipe from here: however this process ends, the server reads the end of it and stops.
"""

import contextlib
import html
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from fastclip import toolkits
from fastclip.settings import Settings
from fastclip.toolkits import Toolkit

ICON = Path(__file__).parent / "ui" / "mark.svg"
START_S, STOP_S, FIRST_WINDOW_S = 60.0, 12.0, 10.0
_FAILED = "FastClip's server did not start; what it said stands in the terminal, and `fastclip doctor` says more."
_PAGE = """<!doctype html><meta charset="utf-8"><title>FastClip</title>{head}
<meta name="referrer" content="no-referrer"><style>:root{{color-scheme:light dark}}
body{{font:16px system-ui,sans-serif;display:grid;place-items:center;
height:100vh;margin:0;padding:0 2em;text-align:center}}</style><p>{text}</p>"""
_CHROMIUM_ARGS = (
    "--no-first-run",
    "--no-default-browser-check",
    # Without these it looks its maker up on the network at every start.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-pings",
    "--window-size=1280,840",
)


class CannotOpen(Exception):
    """This way to a window did not work; the next one may."""


def show(settings: Settings) -> int:
    """Open the studio in a window and stay until it is closed. Returns the exit code.

    A second start on the same data folder brings the first one's window to the front and ends. A server that already
    runs on the folder is used and left running.
    """
    try:
        with FileLock(settings.data_dir / "window.lock", blocking=False):
            server = _Server(settings)
            try:
                _open(server, settings)
            except KeyboardInterrupt:
                return 0
            except OSError as error:
                print(error, file=sys.stderr)
                return 1
            finally:
                server.stop()
            return 1 if server.has_failed else 0
    except Timeout:
        return _show_first(settings)


def _show_first(settings: Settings) -> int:
    deadline = time.monotonic() + FIRST_WINDOW_S  # the first one may be starting still
    while time.monotonic() < deadline:
        if running := _running(settings):
            with contextlib.suppress(OSError):
                _ask(running, "focus")
                print("FastClip is open already; here is its window.")
                return 0
        time.sleep(0.1)
    print("FastClip is open already, but its window does not answer. Close it, then start again.", file=sys.stderr)
    return 1


def _open(server: "_Server", settings: Settings) -> None:
    """Try each way to a window until one has been opened and closed again."""
    ways: dict[str, Callable[[Toolkit, _Server, Settings], None]] = {"chromium": _in_chromium, "browser": _in_browser}
    for kit in toolkits.find():
        if kit.is_usable:
            try:
                return ways.get(kit.name, _natively)(kit, server, settings)
            except CannotOpen as error:
                print(f"No window by {kit.name}: {error}", file=sys.stderr)
    with _until_told_to_stop():
        print(f"There is no display for a window here. FastClip is at {server.url()}; Ctrl-C stops it.", flush=True)
        server.wait()


def _natively(kit: Toolkit, server: "_Server", settings: Settings) -> None:
    """A window of our own by pywebview. It opens at once and says so while the server starts."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")  # Chromium's refuses to start as root
    logging.getLogger("pywebview").setLevel(logging.CRITICAL)  # a toolkit that is missing is a traceback to it
    import webview

    webview.settings["ALLOW_DOWNLOADS"] = True
    window = webview.create_window(
        "FastClip", html=_page("FastClip is starting…"), width=1280, height=840, min_size=(800, 560)
    )

    assert window is not None  # only a caller of pywebview's other interface gets None

    def enter() -> None:
        try:
            window.load_url(server.entrance())
        except OSError:
            window.load_html(_page(_FAILED))

    def to_front() -> None:
        window.restore()
        window.show()

    server.on_focus, server.on_end = to_front, window.destroy
    # Python's own handlers would wait for the toolkit's loop to end; the server follows us by its pipe.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    gui: Any = kit.name if kit.name in ("gtk", "qt") else None
    icon = str(ICON) if ICON.exists() else None
    try:
        webview.start(enter, gui=gui, icon=icon, private_mode=False, storage_path=str(settings.data_dir / "webview"))
    except webview.errors.WebViewException as error:
        webview.windows.remove(window)
        raise CannotOpen(error) from error


def _in_chromium(kit: Toolkit, server: "_Server", settings: Settings) -> None:
    """Chromium without tabs, with a profile in the data folder. Arguments can be read by every user of the machine,
    so the one-time address stands in a private file and not among them."""
    page = settings.data_dir / "window.html"
    _write_private(page, _page("FastClip is starting…", then=server.entrance()))
    args = [f"--app={page.as_uri()}", f"--user-data-dir={settings.data_dir / 'browser'}", *_CHROMIUM_ARGS]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        args.append("--no-sandbox")
    nothing = subprocess.DEVNULL
    with (
        _until_told_to_stop(),
        subprocess.Popen([kit.why, *args], stdin=nothing, stdout=nothing, stderr=nothing) as chromium,
    ):
        server.on_end = chromium.terminate
        try:
            code = chromium.wait()
        finally:
            chromium.terminate()
            page.unlink(missing_ok=True)
    if code > 0:
        raise CannotOpen(f"{kit.why} ended with {code}")


def _in_browser(kit: Toolkit, server: "_Server", settings: Settings) -> None:
    """The user's own browser, which signs in by itself; the server runs until it is told to stop."""
    with _until_told_to_stop():
        if not webbrowser.open(server.url()):
            raise CannotOpen("the browser did not start")
        print(f"FastClip is at {server.url()}, in {kit.why}; Ctrl-C stops it.", flush=True)
        server.wait()


class _Server:
    """The server behind the window: a child of this process, or one that was running already."""

    def __init__(self, settings: Settings) -> None:
        self.on_focus: Callable[[], None] = lambda: None
        self.on_end: Callable[[], None] = lambda: None
        self.has_failed = False
        self._is_stopping = False
        self._ended = threading.Event()
        self._ready: Future[dict[str, str]] = Future()
        self._child: subprocess.Popen[str] | None = None
        if running := _running(settings):
            self._ready.set_result(running)
        else:
            self._child = _start(settings)
            threading.Thread(target=self._listen, args=(self._child,), daemon=True).start()

    def url(self) -> str:
        """Where it answers. Raises OSError when it did not start."""
        return self._found()["url"]

    def entrance(self) -> str:
        """An address, good once, that signs in whoever opens it. Raises OSError when there is no server to ask."""
        return self.url() + _ask(self._found(), "ticket")["path"]

    def wait(self) -> None:
        self._ended.wait()

    def stop(self) -> None:
        """End the child, if it is one; it has its jobs put back before it goes."""
        self._is_stopping = True
        if self._child and self._child.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._child.stdin.close()
            try:
                self._child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._child.kill()

    def _found(self) -> dict[str, str]:
        try:
            return self._ready.result(START_S)
        except TookTooLong as error:
            raise OSError(_FAILED) from error

    def _listen(self, child: subprocess.Popen[str]) -> None:
        """Read the child's lines of JSON until it ends."""
        assert child.stdout
        for line in child.stdout:
            said = json.loads(line)
            if said["event"] == "ready":
                self._ready.set_result(said)
            elif said["event"] == "focus":
                self.on_focus()
        self.has_failed = not self._is_stopping
        if not self._ready.done():
            self._ready.set_exception(OSError(_FAILED))
        self._ended.set()
        if self.has_failed:
            self.on_end()


def _start(settings: Settings) -> "subprocess.Popen[str]":
    head = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "fastclip"]
    where = ["--data-dir", str(settings.data_dir), "--host", settings.host, "--port", str(settings.port)]
    return subprocess.Popen(
        [*head, "serve", "--watch-stdin", *where],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=settings.data_dir,  # a folder called `fastclip` where the user stands is not this program
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _running(settings: Settings) -> dict[str, str] | None:
    """What `run.json` says of a server on this folder, if that answers."""
    try:
        said = json.loads((settings.data_dir / "run.json").read_text("utf-8"))
        _fetch(urllib.request.Request(said["url"] + "/healthz"))
    except (OSError, ValueError, KeyError):
        return None
    return said


def _ask(server: dict[str, str], verb: str) -> dict[str, Any]:
    """Ask the server on the strength of its secret. Raises OSError when it does not answer, or refuses."""
    headers = {"X-FastClip-Control": server["control"], "Content-Type": "application/json"}
    return json.loads(_fetch(urllib.request.Request(f"{server['url']}/control/{verb}", b"{}", headers, method="POST")))


def _fetch(request: urllib.request.Request) -> bytes:
    # No proxy: this goes to our own machine, whatever the environment says.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
        return answer.read()


def _page(text: str, *, then: str = "") -> str:
    head = f'<meta http-equiv="refresh" content="0;url={html.escape(then)}">' if then else ""
    return _PAGE.format(head=head, text=html.escape(text))


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


@contextlib.contextmanager
def _until_told_to_stop() -> Iterator[None]:
    """SIGTERM ends what is inside as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
