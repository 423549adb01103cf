"""Every check of the suite, the tests last, so that their closing line closes the run.

Runs in the environment that `packaging/test` has set up. Arguments other than `--slow` are pytest's, and then only
the tests run.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import environment
import pages

# What the tests start, by any of its names, and Debian's package of it.
PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "curl": ("curl",),
    "dbus": ("dbus-run-session",),
    "gnome-keyring": ("gnome-keyring-daemon",),
    "nginx-light": ("nginx",),
    "postgresql": ("pg_ctlcluster", "initdb"),
    "redis-server": ("redis-server",),
    "xdotool": ("xdotool",),
    "xvfb": ("Xvfb",),
}
# Each may hold a browser, a server and a model: more of them want more memory than a small machine has.
MOST_PROCESSES = 4
Check = Callable[[], None]


def main(args: Sequence[str]) -> int:
    """Run all there is to check; the exit status is 0 only if nothing failed."""
    os.chdir(environment.ROOT)
    try:
        _install_programs()
    except environment.CannotSetUp as error:
        print(f"The tests cannot run here: {error}", file=sys.stderr)
        return 2
    chosen = [arg for arg in args if arg != "--slow"]
    failed = [] if chosen else [name for name, check in _checks() if not _passes(name, check)]
    print("== pytest", flush=True)
    slow = ["-m", "slow or not slow"] if "--slow" in args else []
    # A file's tests share their servers and so stay in one process; a few chosen ones run where they can be watched.
    together = [] if chosen else ["-n", str(min(os.cpu_count() or 1, MOST_PROCESSES)), "--dist", "loadfile"]
    status = subprocess.run([sys.executable, "-m", "pytest", *together, *slow, *chosen]).returncode
    if failed:
        print(f"Failed before the tests: {', '.join(failed)}.")
    return status or bool(failed)


def _install_programs() -> None:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    missing = [package for package, names in PROGRAMS.items() if not any(shutil.which(n, path=path) for n in names)]
    if missing:
        environment.apt_install(*missing, purpose="The test suite")


def _checks() -> list[tuple[str, Check]]:
    """(name, check) in the order in which a mistake is cheapest to see."""
    return [
        ("ruff", lambda: _python("ruff", "check")),
        ("import rules", lambda: _tool("lint-imports")),
        ("mypy", lambda: _python("mypy")),
        ("node modules", pages.install),
        ("svelte-check", lambda: pages.run_node("svelte-check/bin/svelte-check", "--fail-on-warnings")),
        ("vitest", lambda: pages.run_node("vitest/vitest.mjs", "run")),
    ]


def _passes(name: str, check: Check) -> bool:
    print(f"== {name}", flush=True)
    started = time.monotonic()
    try:
        check()
    except (subprocess.CalledProcessError, OSError) as error:
        why = "" if isinstance(error, subprocess.CalledProcessError) else f": {error}"  # the tool has said it itself
        print(f"== {name} failed after {time.monotonic() - started:.1f} s{why}", flush=True)
        return False
    print(f"== {name}: {time.monotonic() - started:.1f} s", flush=True)
    return True


def _python(module: str, *args: str) -> None:
    subprocess.run([sys.executable, "-m", module, *args], check=True)


def _tool(name: str) -> None:
    subprocess.run([str(environment.BIN / name)], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
