"""Secrets in a real keyring, gnome-keyring in a D-Bus session of its own, and on a machine without one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DAEMON = shutil.which("gnome-keyring-daemon")
_ASKS = """
import json, sys
from fastclip import settings, vault
loaded = settings.load(sys.argv[1], secrets="auto")
made = vault.secret(loaded, "links").hex()
vault.keep(loaded, "smtp_password", "correct")
print(json.dumps([made, vault.kept(loaded, "smtp_password"), vault.kept_in(loaded)]))
"""


def surroundings(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FASTCLIP_", "DBUS_", "XDG_"))}
    kept |= {"HOME": str(home), "XDG_DATA_HOME": str(home / "share"), "XDG_RUNTIME_DIR": str(home), "PYTHONPATH": ""}
    kept.pop("DISPLAY", None)
    return kept


def asked(folder: Path, home: Path, *before: str, times: int = 1) -> list[Any]:
    """What so many processes answer, one after the other, behind the command `before`."""
    script = " && ".join(['"$0" -c "$1" "$2"'] * times)
    if before:
        script = "printf keyring | gnome-keyring-daemon --unlock --components=secrets >/dev/null && " + script
    command = [*before, "sh", "-c", script, sys.executable, _ASKS, str(folder)]
    said = subprocess.run(command, env=surroundings(home), text=True, capture_output=True, timeout=120, check=True)
    return [json.loads(line) for line in said.stdout.splitlines() if line.startswith("[")]


@pytest.mark.skipif(not (DAEMON and shutil.which("dbus-run-session")), reason="gnome-keyring is not installed here")
def test_secrets_go_to_gnome_keyring_and_come_back_in_another_process(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "data"
    (home / "share" / "keyrings").mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    first, second = asked(folder, home, "dbus-run-session", "--", times=2)
    assert first == second and first[1:] == ["correct", "keyring (SecretService)"]
    assert not (folder / "secrets.json").exists()
    assert all(b"correct" not in path.read_bytes() for path in (home / "share").rglob("*") if path.is_file())


def test_without_a_session_secrets_go_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (said,) = asked(tmp_path / "data", tmp_path / "home")
    assert said[1:] == ["correct", "secrets.json, mode 0600"]
    assert (tmp_path / "data" / "secrets.json").stat().st_mode & 0o777 == 0o600
