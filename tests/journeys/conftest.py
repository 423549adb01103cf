"""FastClip as people run it: real processes, real HTTP, real files, on a data folder of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import fastclip
from fastclip import accounts, api_keys, sessions, settings, store
from fastclip.accounts import Account
from fastclip.billing import ledger
from tests.conftest import PASSWORD
from tests.journeys.browsing import PATIENCE_MS, QUIET, WIDE
from tests.receiver import Receiver, receiving

FASTCLIP = [sys.executable, "-m", "fastclip"]
PATIENCE_S = 60.0
Start = Callable[..., "Running"]


@dataclass
class Running:
    """`fastclip serve` on `folder`; `queue` as its URL, empty for the embedded one."""

    folder: Path
    flags: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    url: str = ""
    process: subprocess.Popen[str] = field(init=False)

    def start(self) -> "Running":
        command = [*FASTCLIP, "serve", "--port", "0", "--data-dir", str(self.folder), "--watch-stdin", *self.flags]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with open(self.folder.parent / f"{self.folder.name}.log", "a") as log:
            env = os.environ | self.environment
            self.process = subprocess.Popen(command, text=True, stderr=log, env=env, **pipes)
        assert self.process.stdout
        said = json.loads(self.process.stdout.readline())
        self.url = said["url"]
        return self

    def stop(self) -> int:
        """As a service manager does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def kill(self) -> None:
        self.process.kill()
        self._ended()

    def worker(self) -> psutil.Process:
        """The worker process that the server keeps alive."""
        server = psutil.Process(self.process.pid)
        return until(lambda: next(iter(server.children()), None))

    def log(self) -> str:
        return (self.folder.parent / f"{self.folder.name}.log").read_text()

    def _ended(self) -> int:
        code = self.process.wait(30)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        return code

    # -- People --------------------------------------------------------------------------------------------

    @contextmanager
    def rows(self) -> Iterator[None]:
        """The data folder, open in this process too."""
        store.open(settings.load(self.folder, **{"queue": "memory://"}))
        try:
            yield
        finally:
            store.close()

    def person(self, name: str = "", *, role: str = "member", cents: int | None = None) -> "Person":
        """Somebody new with an API key; `cents` on a metered balance, None for covered."""
        name = name or store.new_id("p", chars=8)
        with self.rows():
            account = accounts.add(f"{name}@example.org", PASSWORD, role=role, is_covered=cents is None)
            key = api_keys.add(account.id, "journeys")[1]
            if cents:
                with store.write():
                    ledger.credit(account.id, "grant", cents, key=store.new_id("grant:"))
        return Person(self, account, key)

    def key_of(self, account: Account) -> str:
        """Another API key of somebody who is there."""
        with self.rows():
            return api_keys.add(account.id, store.new_id("key"))[1]


@dataclass
class Person:
    """An API client with a key."""

    server: Running
    account: Account
    key: str

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.key}"}
        self.http = httpx.Client(base_url=self.server.url, headers=headers, timeout=30)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self.http.post(path, json=body)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self.http.get(path, params=query).raise_for_status().json()

    def send(self, path: Path, content_type: str = "video/mp4", **options: Any) -> dict[str, Any]:
        """Upload a file in one PUT and wait until it was checked."""
        asked = {"filename": path.name, "content_type": content_type, "file_size": path.stat().st_size}
        answer = self.post("/v1/upload/request", **asked, **options).raise_for_status().json()
        put(answer["upload_url"], path.read_bytes(), content_type).raise_for_status()
        return self.checked(answer["file_id"])

    def checked(self, file_id: str) -> dict[str, Any]:
        return until(
            lambda: one if (one := self.get(f"/v1/upload/{file_id}"))["status"] in ("ready", "failed") else None
        )

    def cut(self, file_id: str, start: float, end: float, **options: Any) -> dict[str, Any]:
        """Cut one clip and wait for its end."""
        answer = self.post("/v1/clip", file_id=file_id, start=start, end=end, **options).raise_for_status().json()
        return self.ended(answer["job_id"])

    def ended(self, job_id: str) -> dict[str, Any]:
        return until(
            lambda: job if (job := self.get(f"/v1/clip/{job_id}"))["status"] in ("complete", "failed") else None
        )

    def balance(self) -> tuple[int, int]:
        said = self.get("/v1/balance")
        return round(said["balance"] * 100), round(said["reserved"] * 100)


def put(url: str, content: bytes, content_type: str = "") -> httpx.Response:
    headers = {"Content-Type": content_type} if content_type else {}
    return httpx.put(url, content=content, headers=headers, timeout=60)


def until(look: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """What `look` answers once that is something; asked ever more seldom, for a person may ask so often a minute."""
    end, pause_s = time.monotonic() + patience_s, 0.03
    while not (found := look()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(pause_s)
        pause_s = min(0.25, pause_s * 1.15)
    return found


def ffmpegs_of(folder: Path) -> list[psutil.Process]:
    """Every process of ffmpeg, or of a child that probes, that works on this data folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(str(folder) in word for word in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def cli(*words: str, given: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `fastclip …` to its end. given: what stands on its standard input."""
    return subprocess.run(
        [*FASTCLIP, *words], input=given, text=True, capture_output=True, timeout=120, env=os.environ | environment
    )


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers; when the test is over they are stopped, and nothing of theirs may run on."""
    started: list[Running] = []

    def begin(folder: str = "data", *flags: str, **environment: str) -> Running:
        (tmp_path / folder).mkdir(exist_ok=True)
        running = Running(tmp_path / folder, flags, environment)
        started.append(running)
        return running.start()

    yield begin
    _end(started)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for the journeys of a file that do it no harm, with its owner."""
    running = Running(tmp_path_factory.mktemp("studio") / "data")
    running.folder.mkdir()
    running.start()
    yield running
    _end([running])


@pytest.fixture
def person(studio: Running) -> Person:
    """A covered member of the studio."""
    return studio.person()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture(scope="module")
def telling_studio(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Running]:
    """A server whose owner lets webhooks reach the receiver."""
    allowed = {"FASTCLIP_WEBHOOK_LOOPBACK_PORTS": str(receiver.port)}
    running = Running(tmp_path_factory.mktemp("studio") / "data", environment=allowed)
    running.folder.mkdir()
    running.start()
    yield running
    _end([running])


def _end(started: list[Running]) -> None:
    for running in started:
        if running.process.poll() is None:
            assert running.stop() == 0, running.log()
        until(lambda folder=running.folder: not ffmpegs_of(folder), 10)


# -- The browser -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert (Path(fastclip.__file__).parent / "ui" / "index.html").is_file(), "packaging/test builds the pages"
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def editor(studio: Running) -> Account:
    """The owner, who edits."""
    return studio.person("editor", role="owner").account


@pytest.fixture
def context(browser: Browser, studio: Running) -> Iterator[BrowserContext]:
    """A browser window; when the test is over, nothing but this machine was asked and no script had failed."""
    opened = browser.new_context(viewport=WIDE, color_scheme="dark", base_url=studio.url)
    opened.set_default_timeout(PATIENCE_MS)
    problems: list[str] = []
    opened.on("request", lambda asked: problems.append(asked.url) if _is_elsewhere(asked.url) else None)
    opened.on("weberror", lambda error: problems.append(str(error.error)))
    yield opened
    opened.close()
    assert not problems


def _is_elsewhere(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and parts.hostname != "127.0.0.1"


@pytest.fixture
def page(context: BrowserContext, studio: Running, editor: Account) -> Page:
    """The studio, signed in."""
    with studio.rows():
        token = sessions.begin(editor.id)
    context.add_cookies([{"name": "fc_session", "value": token, "url": studio.url}])
    opened = context.new_page()
    opened.goto("/")
    expect(opened.get_by_role("button", name="Choose a file")).to_be_visible()
    return opened
