import json
import stat
from pathlib import Path

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
