"""The packaged app, built as for others and started where there is no Python: what it says, cuts, finds and serves."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

import fastclip
from tests.ai import ggufs
from tests.ai.conftest import TINY
from tests.conftest import BUNNY
from tests.journeys.browsing import QUIET, complaints
from tests.serving import until

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
JFK = ROOT / "tests" / "data" / "jfk.flac"
MOST_MB = 620


class App:
    """The program, with a home of its own and nothing else of this machine's surroundings."""

    def __init__(self, program: Path, home: Path) -> None:
        self.program, self.home = program, home
        self.env = {"HOME": str(home), "PATH": "", "LANG": "C.UTF-8"}

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        line = [str(self.program), *map(str, words)]
        return subprocess.run(line, env=self.env, cwd=self.home, capture_output=True, text=True, timeout=300)

    def asked(self, *words: object) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frozen")
    line = [ROOT / "packaging" / "freeze", "--distpath", folder, "--workpath", folder / "work", "--log-level", "WARN"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "fastclip"


@pytest.fixture(scope="module")
def app(built: Path, tmp_path_factory: pytest.TempPathFactory) -> App:
    return App(built / "fastclip", tmp_path_factory.mktemp("home"))


def test_it_is_no_larger_than_it_must_be(built: Path):
    size = sum(path.stat().st_size for path in built.rglob("*") if path.is_file() and not path.is_symlink())
    assert size < MOST_MB * 1_000_000


def test_it_says_what_it_is_and_finds_all_that_it_brings(app: App):
    assert fastclip.__version__ in app.asked("--version")
    assert "serve" in app.asked("--help")
    rows = {row["name"]: row for row in json.loads(app.asked("doctor", "--json"))}
    assert [name for name, row in rows.items() if row["state"] == "fail"] == []
    assert rows["interface"]["state"] == "ok" and "llama.cpp is installed" in rows["language"]["cause"]


def test_it_cuts_exactly(app: App):
    said = json.loads(app.asked("clip", BUNNY, "--start", "7.3", "--end", "19.85", "-o", "clip.mp4", "--json"))
    assert (said["frames"], said["plan"]) == (301, "smart")


def test_it_hears_with_both_recognisers_and_finds_a_moment(app: App):
    app.asked("transcribe", JFK, "-o", "basic.srt")
    assert "your country" in (app.home / "basic.srt").read_text()
    app.asked("models", "add", TINY)
    app.asked("auto", TINY / "demos" / "demo45.wav", "--query", "onboarding", "-o", "found")
    assert list((app.home / "found").glob("*.mp3"))


def test_it_burns_captions(app: App):
    said = app.home / "said.srt"
    said.write_text("1\n00:00:00,500 --> 00:00:02,000\nHello there\n")
    app.asked("clip", BUNNY, "--start", "0", "--end", "3", "-o", "short.mp4")
    app.asked("caption", "short.mp4", "--preset", "builtin:bold-hook", "--transcript", said, "-o", "captioned.mp4")
    assert (app.home / "captioned.mp4").stat().st_size > 10_000


def test_a_language_model_is_asked(app: App, tmp_path: Path):
    done = app.run("models", "add", ggufs.write(tmp_path / "random.gguf"))
    assert "0 of 3 simple questions" in done.stdout + done.stderr, done.stderr


@pytest.fixture
def served(app: App) -> Iterator[tuple[str, str]]:
    """(its address, the link to the set-up page)"""
    env = app.env | {"FASTCLIP_DATA": str(app.home / "served")}
    line = [str(app.program), "serve", "--port", "0"]
    process = subprocess.Popen(line, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    said = [process.stdout.readline() for _ in range(3)]
    yield re.findall(r"http://\S+", said[0])[0], said[2].strip()
    process.terminate()
    assert process.wait(30) == 0


def test_it_serves_its_pages_and_an_owner_comes_in(served: tuple[str, str]):
    address, setup = served
    assert until(lambda: httpx.get(f"{address}/readyz").status_code == 200, 60)  # its worker is there too
    program = shutil.which("chromium", path=os.environ.get("PATH"))
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=program, args=QUIET).new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(setup)
        page.get_by_label("Your name").fill("Ana")
        page.get_by_label("Email").fill("ana@example.org")
        page.get_by_label("Password", exact=True).fill("correct horse battery")
        page.get_by_role("button", name="Create account").click()
        page.get_by_role("button", name="Try the sample").click()
        expect(page.get_by_role("tab", name="Trim")).to_be_visible(timeout=60_000)
        assert complaints(page) == []
        page.goto(f"{address}/captions")
        expect(page.locator("canvas.captions[data-revision]")).to_be_visible(timeout=60_000)
        assert errors == []
