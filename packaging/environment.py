"""Makes `.venv` what the lock files say, then hands over to it. Standard library only; one set-up at a time.

Every step is done again when what it came from changed, and leaves its mark only when it is through: an
interrupted set-up goes on where it was, a finished one costs a few milliseconds.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, NoReturn

import llama
import pages
import typefaces

ROOT = pages.ROOT
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
MARKS = VENV / "fastclip-setup.json"


class CannotSetUp(Exception):
    """What is missing on this system, and what to do about it."""


def become(*args: str, for_tests: bool = False, with_llama: bool = False, to_freeze: bool = False) -> NoReturn:
    """Set up, then turn this process into the environment's Python with `args`."""
    try:
        ready(for_tests=for_tests, with_llama=with_llama, to_freeze=to_freeze)
    except (CannotSetUp, OSError) as error:
        sys.exit(f"FastClip cannot be set up here: {error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next start goes on from here.")
    command = [str(PYTHON), *args]
    if sys.platform == "win32":  # no exec there: the shell would not wait for it
        sys.exit(subprocess.run(command).returncode)
    sys.stdout.flush()
    os.execv(PYTHON, command)


def ready(*, for_tests: bool = False, with_llama: bool = False, to_freeze: bool = False) -> None:
    """Bring the environment up to date. Raises CannotSetUp with a sentence for the person at the keyboard.

    with_llama: llama.cpp too, which is compiled. What once had it keeps it up to date. to_freeze: what builds the
    packaged app, and llama.cpp, which that has.
    """
    started = time.monotonic()
    with _alone():
        if not (MARKS.exists() and PYTHON.exists()) and not _is_usable():
            _say("first start; setting up takes a minute at most on a fast line")
            _make_venv()
        has_llama = with_llama or for_tests or to_freeze or _MARK in _marks()
        if any([_done_now(step) for step in _steps(for_tests, has_llama, to_freeze)]):
            _say(f"set up in {time.monotonic() - started:.0f} s")


def lock_of(group: str) -> Path:
    """The pins of one dependency group of pyproject.toml."""
    return ROOT / "packaging" / "locks" / f"{group}.lock"


def surroundings() -> dict[str, str]:
    """The environment for installers: certificates from the machine's own store, as a company's proxy needs."""
    return dict(os.environ, UV_SYSTEM_CERTS="1", UV_NATIVE_TLS="1", PIP_DISABLE_PIP_VERSION_CHECK="1")


def apt_install(*packages: str, purpose: str) -> None:
    """Install Debian packages where root may; elsewhere raise CannotSetUp with the line to type."""
    line = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if not shutil.which("apt-get"):
        raise CannotSetUp(f"{purpose} needs what Debian calls {', '.join(packages)}. Install that, then start again.")
    if sys.platform == "win32" or os.geteuid() != 0:
        raise CannotSetUp(f"{purpose} needs system packages. Type `sudo {' '.join(line)}`, then start again.")
    _say(f"{purpose} needs system packages; installing {' '.join(packages)}")
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["apt-get", "update"], line):
        ran = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if ran.returncode:
            raise CannotSetUp(f"`{' '.join(command)}` failed:\n{ran.stderr.strip() or ran.stdout.strip()}")


class _Step(NamedTuple):
    name: str
    action: Callable[[], None]
    came_from: tuple[Path, ...]
    is_due: bool = False


_MARK = "llama.cpp"


def _steps(for_tests: bool, with_llama: bool, to_freeze: bool = False) -> Iterator[_Step]:
    """What there is to do, in order; a later step is worked out after the earlier ones are done."""
    builder, runtime, project = lock_of("builder"), ROOT / "requirements.lock", ROOT / "pyproject.toml"
    yield _Step("installer", _install_uv, (lock_of("installer"),))
    yield _Step("libraries", lambda: _install_locked(builder, runtime), (builder, runtime))
    if for_tests:
        yield _Step("test tools", lambda: _install_locked(lock_of("dev")), (lock_of("dev"),))
    if (for_tests or not pages.is_built() or not typefaces.is_built()) and not pages.node_on_path():
        yield _Step("Node", lambda: _install_locked(lock_of("node")), (lock_of("node"),))
    if not pages.is_built():
        yield _Step("pages", lambda: _run(str(PYTHON), pages.__file__), (), is_due=True)
    if not typefaces.is_built():
        yield _Step("caption fonts", lambda: _run(str(PYTHON), typefaces.__file__), (), is_due=True)
    yield _Step("program", _install_fastclip, (project,))
    if with_llama:
        locks = lock_of("llm-builder"), lock_of("llm"), llama.HOOK
        yield _Step(_MARK, _install_llama, locks)
    if to_freeze:
        yield _Step("packager", lambda: _install_locked(lock_of("release")), (lock_of("release"),))


def _done_now(step: _Step) -> bool:
    """Do the step unless its mark says that it was done from the same files; whether it was done now."""
    marks = _marks()
    mark = hashlib.sha256(b"".join(path.read_bytes() for path in step.came_from)).hexdigest()
    if marks.get(step.name) == mark and not step.is_due:
        return False
    started = time.monotonic()
    try:
        step.action()
    except subprocess.CalledProcessError as error:
        raise CannotSetUp(f"the step `{step.name}` failed; what it said stands above.") from error
    part = MARKS.with_suffix(".part")
    part.write_text(json.dumps(marks | {step.name: mark}, indent=1))
    part.replace(MARKS)
    _say(f"{step.name}: {time.monotonic() - started:.1f} s")
    return True


def _marks() -> dict[str, str]:
    return json.loads(MARKS.read_text()) if MARKS.exists() else {}


def _is_usable() -> bool:
    """Whether `.venv` runs, on a Python new enough, with something to install into it with."""
    is_new_enough = "import sys; sys.exit(sys.version_info < (3, 11))"
    return PYTHON.exists() and _succeeds(str(PYTHON), "-c", is_new_enough) and bool(_installers())


def _make_venv() -> None:
    """Make `.venv` from nothing; a broken one goes first."""
    if VENV.exists() and not (VENV / "pyvenv.cfg").exists() and any(path.is_file() for path in VENV.rglob("*")):
        raise CannotSetUp(f"{VENV} is there and is no virtual environment. Move it away, then start again.")
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        _run(*_venv_command(), str(VENV))
    except subprocess.CalledProcessError as error:
        raise CannotSetUp(f"{sys.executable} made no virtual environment; what it said stands above.") from error


def _venv_command() -> list[str]:
    """How this system makes a virtual environment. Debian ships Python without ensurepip."""
    if not importlib.util.find_spec("ensurepip"):
        if uv := shutil.which("uv"):
            return [uv, "venv", "--quiet", "--python", sys.executable]
        if importlib.util.find_spec("pip") and importlib.util.find_spec("venv"):
            return [sys.executable, "-m", "venv", "--without-pip"]
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        apt_install(f"python{version}-venv", purpose=f"Python {version} here cannot make virtual environments; it")
    return [sys.executable, "-m", "venv"]


def _installers() -> list[list[str]]:
    """Commands that install into `.venv`, the fastest first."""
    uv = shutil.which("uv", path=str(BIN)) or shutil.which("uv")
    found = [[uv, "pip", "install", "--quiet", "--python", str(PYTHON)]] if uv else []
    if _succeeds(str(PYTHON), "-c", "import pip"):
        found.append([str(PYTHON), "-m", "pip", "install", "--quiet"])
    elif importlib.util.find_spec("pip"):
        found.append([sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet"])
    return found


def _install_uv() -> None:
    """uv, pinned. It has no build for every system: pip then does all of its work, slower."""
    try:
        _install_locked(lock_of("installer"))
    except subprocess.CalledProcessError:
        _say("uv cannot be had here; pip goes on without it")


def _install_locked(*locks: Path) -> None:
    _install("--require-hashes", "--no-deps", *(arg for lock in locks for arg in ("-r", str(lock))))


def _install_fastclip() -> None:
    _install("--no-deps", "--no-build-isolation", "-e", str(ROOT))


def _install_llama() -> None:
    """llama.cpp for this kind of processor; once compiled, it comes out of the installer's cache, in any checkout."""
    if not llama.has_compiler():
        apt_install(*llama.COMPILER, purpose="Compiling llama.cpp")
    _install_locked(lock_of("llm-builder"))
    _say("compiling llama.cpp for language models, unless that was done before; it takes some minutes")
    lock = ("--require-hashes", "--no-deps", "--no-build-isolation", "-r", str(lock_of("llm")))
    _install(*lock, *llama.options(), env=surroundings() | llama.surroundings(BIN))


def _install(*args: str, env: dict[str, str] | None = None) -> None:
    """Install with the first installer that can. Raises the last one's CalledProcessError."""
    *others, last = _installers()
    for installer in others:
        with contextlib.suppress(subprocess.CalledProcessError):
            return _run(*installer, *args, env=env)
    _run(*last, *args, env=env)


def _run(*command: str, env: dict[str, str] | None = None) -> None:
    subprocess.run(command, env=env or surroundings(), check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def _say(line: str) -> None:
    print(f"FastClip: {line}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold the set-up's lock, which the system lets go of however this process ends."""
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / "setup.lock").open("a") as file:
        if not _locks(file):
            _say("another set-up is running; waiting for it")
            while not _locks(file):
                time.sleep(0.1)
        yield


def _locks(file: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
