import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import keyring.backend
import pytest

from fastclip import settings
from fastclip.errors import InvalidRequest


def said(folder: Path, text: str) -> None:
    (folder / "settings.toml").write_text(text)


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.load(tmp_path).port == 8787
    said(tmp_path, "port = 1001")
    assert settings.load(tmp_path).port == 1001
    monkeypatch.setenv("FASTCLIP_PORT", "1002")
    assert settings.load(tmp_path).port == 1002
    assert settings.load(tmp_path, port=1003).port == 1003


def test_a_flag_that_was_not_given_overrides_nothing(tmp_path: Path) -> None:
    said(tmp_path, "port = 1001")
    assert settings.load(tmp_path, port=None).port == 1001


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("HOST", "0.0.0.0", "0.0.0.0"),
        ("FFMPEG_WORKERS", "4", 4),
        ("NEW_MEMBERS_COVERED", "off", False),
        ("NEW_MEMBERS_COVERED", "TRUE", True),
        ("ALLOWED_HOSTS", "studio.lan, clips.lan", ("studio.lan", "clips.lan")),
        ("ALLOWED_HOSTS", "", ()),
    ],
)
def test_the_environment_is_read_as_the_settings_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, text: str, value: object
) -> None:
    monkeypatch.setenv(f"FASTCLIP_{variable}", text)
    assert getattr(settings.load(tmp_path), variable.lower()) == value


def test_the_file_speaks_toml(tmp_path: Path) -> None:
    said(tmp_path, 'allowed_hosts = ["a.lan", "b.lan"]\nnew_members_covered = false\n')
    loaded = settings.load(tmp_path)
    assert (loaded.allowed_hosts, loaded.new_members_covered) == (("a.lan", "b.lan"), False)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prot = 1", "settings.toml names `prot`, which is no setting. Did you mean `port`?"),
        ("zzz = 1", "settings.toml names `zzz`, which is no setting."),
        ("data_dir = '/x'", "settings.toml names `data_dir`, which is no setting."),
        ('port = "many"', "Setting `port` is 'many'; it needs a whole number."),
        ("port = true", "Setting `port` is True; it needs a whole number."),
        ("port = 80.5", "Setting `port` is 80.5; it needs a whole number."),
        ("host = 1", "Setting `host` is 1; it needs text."),
        ('new_members_covered = "perhaps"', "Setting `new_members_covered` is 'perhaps'; it needs true or false."),
        ("allowed_hosts = 3", "Setting `allowed_hosts` is 3; it needs a list of names."),
        ('secrets = "cellar"', "Setting `secrets` is 'cellar'; use auto, keyring or file."),
    ],
)
def test_a_wrong_setting_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sentence: str
) -> None:
    monkeypatch.delenv("FASTCLIP_SECRETS")
    said(tmp_path, text)
    with pytest.raises(InvalidRequest) as refusal:
        settings.load(tmp_path)
    assert refusal.value.message == sentence


def test_a_broken_file_is_refused_with_its_line(tmp_path: Path) -> None:
    said(tmp_path, "port = \n")
    with pytest.raises(InvalidRequest, match=r"settings.toml cannot be read: .*line 1"):
        settings.load(tmp_path)


def test_the_data_folder_comes_from_flag_then_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTCLIP_DATA", str(tmp_path / "from-environment"))
    assert settings.load().data_dir == tmp_path / "from-environment"
    assert settings.load(tmp_path / "from-flag").data_dir == tmp_path / "from-flag"


def test_the_data_folder_is_private(tmp_path: Path) -> None:
    folder = settings.load(tmp_path / "new" / "deep").data_dir
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_three_ports_live_in_the_data_folder_unless_said_otherwise(tmp_path: Path) -> None:
    embedded = settings.load(tmp_path)
    assert embedded.database_url == f"sqlite://{tmp_path}/fastclip.db"
    assert (embedded.blobs_url, embedded.queue_url) == (f"file://{tmp_path}/blobs", f"sqlite://{tmp_path}/queue.db")
    scaled_out = settings.load(tmp_path, database="postgresql://h/d", blobs="s3://b", queue="redis://h")
    assert (scaled_out.database_url, scaled_out.blobs_url, scaled_out.queue_url) == (
        "postgresql://h/d",
        "s3://b",
        "redis://h",
    )


def test_every_setting_is_described() -> None:
    for name, default, meaning in settings.describe():
        assert json.loads(default) is not None and meaning and not meaning.endswith("."), name


def test_a_secret_is_the_same_in_every_process(tmp_path: Path) -> None:
    program = "import sys; from fastclip import settings as s; print(s.secret(s.load(sys.argv[1]), 'links').hex())"
    asked = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    answers = {process.communicate()[0].strip() for process in asked}
    assert answers == {settings.secret(settings.load(tmp_path), "links").hex()}
    assert len(settings.secret(settings.load(tmp_path), "links")) == 32


def test_secrets_differ_by_name(tmp_path: Path) -> None:
    loaded = settings.load(tmp_path)
    assert settings.secret(loaded, "links") != settings.secret(loaded, "views")


def test_the_secrets_file_is_private_and_says_so(tmp_path: Path) -> None:
    loaded = settings.load(tmp_path)
    settings.secret(loaded, "links")
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert settings.secrets_kept_in(loaded) == "secrets.json, mode 0600"


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
    made = settings.secret(loaded, "links")
    assert list(chest.kept) == [(f"fastclip:{tmp_path}", "links")]
    assert settings.secret(loaded, "links") == made
    assert settings.secrets_kept_in(loaded).startswith("keyring (")
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
    settings.secret(loaded, "links")
    assert (tmp_path / "secrets.json").exists()
    with pytest.raises(InvalidRequest, match="has none that works"):
        settings.secret(settings.load(tmp_path, secrets="keyring"), "links")


def test_a_keyring_that_cannot_be_reached_leaves_secrets_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Locked(Chest):
        def get_password(self, service: str, username: str) -> str | None:
            raise keyring.errors.KeyringLocked("no prompt here")

    use(monkeypatch, Locked())
    loaded = settings.load(tmp_path, secrets="auto")
    assert settings.secret(loaded, "links") == settings.secret(loaded, "links")
    assert settings.secrets_kept_in(loaded) == "secrets.json, mode 0600"


def test_secrets_that_were_kept_in_the_file_stay_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = settings.secret(settings.load(tmp_path, secrets="file"), "links")
    use(monkeypatch, Chest())
    assert settings.secret(settings.load(tmp_path, secrets="auto"), "links") == made


def test_no_secret_stands_in_the_environment_of_a_child(tmp_path: Path) -> None:
    made = settings.secret(settings.load(tmp_path), "links")
    assert made.hex() not in json.dumps(dict(os.environ))
