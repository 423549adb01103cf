"""`packaging/run` and `packaging/test`: what they say, what they pass on, and that they set up from nothing."""

import ast
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import entry
import environment
import llama
import pytest

import fastclip

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "packaging" / "run"


WITHOUT_PAGES = os.environ | {"FASTCLIP_SKIP_UI": "1"}  # whether those are fresh is no matter here


def run(*command: str | Path, env=WITHOUT_PAGES, **keywords) -> subprocess.CompletedProcess[str]:
    words = [str(part) for part in command]
    return subprocess.run(words, capture_output=True, text=True, timeout=540, env=env, **keywords)


@pytest.fixture(scope="module", autouse=True)
def set_up() -> None:
    """Whoever runs the tests without `packaging/test` may have to set up first."""
    run(RUN, "--version", check=True)


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of marks of its own for `_done_now`."""
    monkeypatch.setattr(environment, "MARKS", tmp_path / "marks.json")
    return tmp_path / "marks.json"


def test_run_passes_its_arguments_to_fastclip_and_says_nothing_of_its_own(tmp_path: Path) -> None:
    done = run(RUN, "--version", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert fastclip.__version__ in done.stdout


def test_run_returns_fastclips_exit_code(tmp_path: Path) -> None:
    assert run(RUN, "clip", tmp_path / "missing.mp4", "-o", "out.mp4").returncode == 2


def test_a_folder_called_fastclip_where_the_user_stands_is_not_the_program(tmp_path: Path) -> None:
    (tmp_path / "fastclip").mkdir()
    (tmp_path / "fastclip" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    assert fastclip.__version__ in run(RUN, "--version", cwd=tmp_path).stdout


@pytest.mark.parametrize("name", ["freeze", "run", "test"])
def test_an_old_python_can_read_the_line_that_refuses_it(name: str) -> None:
    path = ROOT / "packaging" / name
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 6))
    imports = [node.names[0].name for node in tree.body if isinstance(node, ast.Import)]
    assert imports == ["sys", "environment"]  # the check stands between the two
    assert os.access(path, os.X_OK)


def test_ci_is_the_one_command() -> None:
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    code = [line for line in lines if line and not line.startswith("#")]
    assert code == ['exec "$(dirname "$0")/../packaging/test"']


def test_a_step_is_done_once_and_again_when_its_file_changed(tmp_path: Path, marks: Path) -> None:
    source, done = tmp_path / "a.lock", []
    step = environment._Step("a", lambda: done.append(source.read_text()), (source,))
    source.write_text("one")
    assert environment._done_now(step) and not environment._done_now(step)
    source.write_text("two")
    assert environment._done_now(step)
    assert done == ["one", "two"]


def test_a_step_that_fails_is_tried_again(tmp_path: Path, marks: Path) -> None:
    fails = environment._Step("a", lambda: subprocess.run(["false"], check=True) and None, ())
    with pytest.raises(environment.CannotSetUp, match="the step `a` failed"):
        environment._done_now(fails)
    assert not marks.exists()
    assert environment._done_now(environment._Step("a", lambda: None, ()))


def test_two_set_ups_wait_for_each_other() -> None:
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / "setup.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        second = subprocess.Popen([RUN, "--version"], env=WITHOUT_PAGES, **pipes)
        assert second.stderr and "another set-up is running; waiting for it" in second.stderr.readline()
        assert second.poll() is None
    assert fastclip.__version__ in second.communicate(timeout=60)[0]
    assert second.returncode == 0


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / ".venv" / "letters.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    with pytest.raises(environment.CannotSetUp, match="is no virtual environment"):
        environment._make_venv()
    assert kept.read_text() == "mine"


def test_a_system_that_is_not_debian_is_told_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(environment.CannotSetUp) as said:
        environment.apt_install("xvfb", "chromium", purpose="The test suite")
    assert str(said.value) == ("The test suite needs what Debian calls xvfb, chromium. Install that, then start again.")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_who_may_not_install_is_told_the_line_to_type() -> None:
    code = "import os, environment; os.setuid(65534); environment.apt_install('xvfb', purpose='It')"
    with tempfile.TemporaryDirectory() as folder:  # pytest's own can be entered by nobody else
        Path(folder).chmod(0o755)
        Path(folder, "apt-get").write_text("#!/bin/sh\nexit 9\n")
        Path(folder, "apt-get").chmod(0o755)
        done = run(sys.executable, "-c", code, env={"PATH": folder, "PYTHONPATH": str(ROOT / "packaging")})
    assert "Type `sudo apt-get install -y --no-install-recommends xvfb`, then start again." in done.stderr


def test_the_frozen_app_knows_every_child_that_media_starts() -> None:
    for room in ("media", "ai"):
        sources = "".join(path.read_text("utf-8") for path in (ROOT / "fastclip" / room).rglob("*.py"))
        roles = {child for child, its_room in entry.CHILDREN.items() if its_room == room}
        assert set(re.findall(r'ffmpeg\.child\(\s*"(\w+)"', sources)) == roles


@pytest.mark.slow
def test_a_clone_is_set_up_with_nothing_but_python_on_path(tmp_path: Path) -> None:
    """Also: the second start sets nothing up, a killed set-up goes on, and git sees nothing of any of it."""
    clone, path = tmp_path / "clone", tmp_path / "bin"
    run("git", "clone", "-q", ROOT, clone, check=True)
    path.mkdir()
    (path / "env").symlink_to(shutil.which("env") or "")
    (path / "python3").symlink_to(Path(sys.executable).resolve())
    kept = {name: value for name, value in os.environ.items() if name.endswith(("_CERTS", "_CERT_FILE", "_CERT_DIR"))}
    env = kept | {"PATH": str(path), "HOME": str(tmp_path), "FASTCLIP_DATA": str(tmp_path / "data")}

    begun = subprocess.Popen([clone / "packaging" / "run", "--version"], env=env, stderr=subprocess.PIPE, text=True)
    assert begun.stderr
    for line in begun.stderr:
        if "installer" in line:
            begun.kill()
    begun.wait()

    first = run(clone / "packaging" / "run", "doctor", "--json", env=env)
    assert first.returncode == 0, first.stderr
    assert {row["name"]: row["state"] for row in json.loads(first.stdout)}["interface"] == "ok"
    assert "installer" not in first.stderr and "libraries" in first.stderr

    second = run(clone / "packaging" / "run", "doctor", "--json", env=env)
    assert (second.returncode, second.stderr) == (0, "")
    assert run("git", "status", "--porcelain", cwd=clone).stdout == ""


def test_no_start_waits_for_llama_unless_it_was_asked_for() -> None:
    plain = [step.name for step in environment._steps(for_tests=False, with_llama=False)]
    asked = [step.name for step in environment._steps(for_tests=False, with_llama=True)]
    assert "llama.cpp" not in plain and asked == [*plain, "llama.cpp"]
    frozen = [step.name for step in environment._steps(for_tests=False, with_llama=True, to_freeze=True)]
    assert frozen == [*asked, "packager"]


def test_llama_is_compiled_for_any_processor_of_this_kind_and_its_cache_key_names_no_folder() -> None:
    options = llama.options()
    assert "cmake.define.GGML_NATIVE=OFF" in options and not [word for word in options if "/" in word]
    assert llama.HOOK.is_file() and str(llama.HOOK) in llama.surroundings(Path("bin"))["CMAKE_ARGS"]
