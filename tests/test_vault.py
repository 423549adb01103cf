import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import keyring.backend
import pytest

from fastclip import settings, vault
from fastclip.errors import InvalidRequest


def test_a_secret_is_the_same_in_every_process(tmp_path: Path) -> None:
    program = (
        "import sys; from fastclip import settings as s, vault; print(vault.secret(s.load(sys.argv[1]), 'links').hex())"
    )
    asked = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    answers = {process.communicate()[0].strip() for process in asked}
    assert answers == {vault.secret(settings.load(tmp_path), "links").hex()}
    assert len(vault.secret(settings.load(tmp_path), "links")) == 32


def test_secrets_differ_by_name(tmp_path: Path) -> None:
    loaded = settings.load(tmp_path)
    assert vault.secret(loaded, "links") != vault.secret(loaded, "views")


def test_the_secrets_file_is_private_and_says_so(tmp_path: Path) -> None:
    loaded = settings.load(tmp_path)
    vault.secret(loaded, "links")
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert vault.kept_in(loaded) == "secrets.json, mode 0600"


class Chest(keyring.backend.KeyringBackend):
    """A keyring in memory: what a desktop's would be."""

    priority = 5.0

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


class PlainTextChest(Chest):
    """keyrings.alt: a "keyring" that is a readable file."""

    __module__ = "keyrings.alt.file"


def use(monkeypatch: pytest.MonkeyPatch, backend: object) -> None:
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)


def test_a_secret_goes_to_the_keyring_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chest = Chest()
    use(monkeypatch, chest)
    loaded = settings.load(tmp_path, secrets="auto")
    made = vault.secret(loaded, "links")
    assert list(chest.kept) == [(f"fastclip:{tmp_path}", "links")]
    assert vault.secret(loaded, "links") == made
    assert vault.kept_in(loaded).startswith("keyring (")
    assert not (tmp_path / "secrets.json").exists()


@pytest.mark.parametrize("backend", ["fail", "null", "plain text"])
def test_what_only_passes_for_a_keyring_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    import keyring.backends.fail
    import keyring.backends.null

    made = {
        "fail": keyring.backends.fail.Keyring,
        "null": keyring.backends.null.Keyring,
        "plain text": PlainTextChest,
    }
    use(monkeypatch, made[backend]())
    loaded = settings.load(tmp_path, secrets="auto")
    vault.secret(loaded, "links")
    assert (tmp_path / "secrets.json").exists()
    with pytest.raises(InvalidRequest, match="has none that works"):
        vault.secret(settings.load(tmp_path, secrets="keyring"), "links")


def test_a_keyring_that_cannot_be_reached_leaves_secrets_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Locked(Chest):
        def get_password(self, service: str, username: str) -> str | None:
            raise keyring.errors.KeyringLocked("no prompt here")

    use(monkeypatch, Locked())
    loaded = settings.load(tmp_path, secrets="auto")
    assert vault.secret(loaded, "links") == vault.secret(loaded, "links")
    assert vault.kept_in(loaded) == "secrets.json, mode 0600"


def test_secrets_that_were_kept_in_the_file_stay_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = vault.secret(settings.load(tmp_path, secrets="file"), "links")
    use(monkeypatch, Chest())
    assert vault.secret(settings.load(tmp_path, secrets="auto"), "links") == made


def test_no_secret_stands_in_the_environment_of_a_child(tmp_path: Path) -> None:
    made = vault.secret(settings.load(tmp_path), "links")
    assert made.hex() not in json.dumps(dict(os.environ))
