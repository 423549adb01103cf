"""Settings that the owner changes while everything runs: the file, who may say what, and who takes it up."""

import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from fastclip import desk, settings, vault
from fastclip.errors import Conflict, FastClipError, InvalidRequest
from fastclip.standing import Standing

FILE = """# how we reach it
public_url = "https://clips.example.org"  # behind nginx

port = 9000
"""


@pytest.fixture
def standing(tmp_path: Path) -> Standing:
    (tmp_path / "settings.toml").write_text(FILE)
    return Standing(settings.load(tmp_path))


def row(standing: Standing, name: str) -> dict[str, Any]:
    return next(one for one in desk.describe(standing)["data"] if one["name"] == name)


def written(standing: Standing) -> str:
    return (standing.now.data_dir / "settings.toml").read_text()


def test_a_change_is_in_force_at_once_and_leaves_the_rest_of_the_file_as_it_was(standing: Standing) -> None:
    desk.change(standing, {"smtp_host": "mail.example.org", "public_url": "https://a.example"}, {})
    assert (standing.now.smtp_host, standing.now.public_url) == ("mail.example.org", "https://a.example")
    changed = FILE.replace("clips.example.org", "a.example")
    assert written(standing) == changed + 'smtp_host = "mail.example.org"\n'


def test_a_setting_of_null_goes_back_to_its_default(standing: Standing) -> None:
    desk.change(standing, {"public_url": None}, {})
    assert standing.now.public_url == "" and row(standing, "public_url")["origin"] == "default"
    assert written(standing).startswith("# how we reach it\n") and "port = 9000" in written(standing)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("allowed_hosts", ["studio.lan", "clips.lan"], ("studio.lan", "clips.lan")),
        ("new_members_covered", False, False),
        ("language_model_s", 60, 60),
        ("deposit_instructions", 'Zwei Zeilen:\n"IBAN" DE00 #1', 'Zwei Zeilen:\n"IBAN" DE00 #1'),
        ("cut_codecs", ["h264", "av1"], ("h264", "av1")),
        ("mail_from", "Studio <studio@example.org>", "Studio <studio@example.org>"),
    ],
)
def test_every_kind_of_value_comes_back_from_the_file(standing: Standing, name: str, value: Any, kept: Any) -> None:
    desk.change(standing, {name: value}, {})
    assert getattr(standing.now, name) == kept == getattr(settings.load(standing.now.data_dir), name)
    assert row(standing, name)["value"] == value and row(standing, name)["origin"] == "file"


def test_what_needs_a_restart_is_kept_and_not_in_force(standing: Standing) -> None:
    desk.change(standing, {"port": 9100, "ffmpeg_workers": 4}, {})
    assert (standing.now.port, standing.now.ffmpeg_workers) == (9000, 2)
    said = row(standing, "ffmpeg_workers")
    assert (said["value"], said["in_force"], said["takes_effect"]) == (4, 2, "restart")
    assert Standing(settings.load(standing.now.data_dir)).now.ffmpeg_workers == 4


@pytest.mark.parametrize(
    ("values", "secrets", "refusal", "param", "sentence"),
    [
        ({"prot": 1}, {}, InvalidRequest, "settings.prot", "There is no setting `prot`"),
        ({"smtp_port": "587"}, {}, InvalidRequest, "settings.smtp_port", "needs a whole number"),
        ({"smtp_port": True}, {}, InvalidRequest, "settings.smtp_port", "needs a whole number"),
        ({"smtp_port": 0}, {}, InvalidRequest, "settings.smtp_port", "use 1 to 65535"),
        ({"port": 70000}, {}, InvalidRequest, "settings.port", "use 0 to 65535"),
        ({"ffmpeg_workers": 0}, {}, InvalidRequest, "settings.ffmpeg_workers", "use 1 to 64"),
        ({"public_url": "clips.example.org"}, {}, InvalidRequest, "settings.public_url", "begins with http://"),
        ({"smtp_host": "https://mail.example.org"}, {}, InvalidRequest, "settings.smtp_host", "without http://"),
        ({"smtp_security": "tls"}, {}, InvalidRequest, "settings.smtp_security", "use starttls, ssl or none"),
        ({"cut_codecs": ["divx"]}, {}, InvalidRequest, "settings.cut_codecs", "h264, hevc, vp9, av1"),
        ({"mail_from": "nobody"}, {}, InvalidRequest, "settings.mail_from", "an address such as"),
        ({"smtp_user": "a\r\nb"}, {}, InvalidRequest, "settings.smtp_user", "one line"),
        ({"webhook_loopback_ports": ["x"]}, {}, InvalidRequest, "settings.webhook_loopback_ports", "1 to 65535"),
        ({"allowed_hosts": ["http://x/"]}, {}, InvalidRequest, "settings.allowed_hosts", "without http://"),
        ({"database": "sqlite:///elsewhere"}, {}, Conflict, "settings.database", "moves nothing"),
        ({}, {"links": "x"}, InvalidRequest, "secrets.links", "There is no secret `links`"),
        ({}, {"smtp_password": ""}, InvalidRequest, "secrets.smtp_password", "send null to forget it"),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_nothing_of_it_is_kept(
    standing: Standing,
    values: dict[str, Any],
    secrets: dict[str, str | None],
    refusal: type[FastClipError],
    param: str,
    sentence: str,
) -> None:
    with pytest.raises(refusal, match=sentence) as refused:
        desk.change(standing, {"smtp_user": "ana"} | values, {"stripe_secret_key": "sk"} | secrets)
    assert refused.value.param == param and written(standing) == FILE
    assert vault.kept(standing.now, "stripe_secret_key") is None and standing.now.smtp_user == ""


def test_what_the_environment_or_a_flag_says_is_not_changed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTCLIP_SMTP_HOST", "mail.example.org")
    monkeypatch.setenv("FASTCLIP_SMTP_PASSWORD", "given")
    standing = Standing(settings.load(tmp_path, host="0.0.0.0"))
    assert (row(standing, "smtp_host")["origin"], row(standing, "host")["origin"]) == ("environment", "flag")
    assert not row(standing, "smtp_host")["is_changed_here"] and not row(standing, "host")["is_changed_here"]
    for name, sentence in (("smtp_host", "FASTCLIP_SMTP_HOST"), ("host", "the command that started FastClip")):
        with pytest.raises(Conflict, match=sentence):
            desk.change(standing, {name: "other.example.org"}, {})
    with pytest.raises(Conflict, match="FASTCLIP_SMTP_PASSWORD"):
        desk.change(standing, {}, {"smtp_password": "mine"})
    desk.change(standing, {"smtp_user": "ana"}, {})
    assert (standing.now.host, standing.now.smtp_host, standing.now.smtp_user) == ("0.0.0.0", "mail.example.org", "ana")


def test_a_secret_goes_to_the_vault_and_is_only_said_to_be_there(standing: Standing) -> None:
    desk.change(standing, {}, {"smtp_password": " correct horse "})
    said = desk.describe(standing)
    assert vault.kept(standing.now, "smtp_password") == "correct horse" and "correct horse" not in str(said)
    assert {one["name"]: one["is_set"] for one in said["secrets"]} == dict.fromkeys(vault.GIVEN, False) | {
        "smtp_password": True
    }
    assert written(standing) == FILE, "a secret is no setting"
    desk.change(standing, {}, {"smtp_password": None})
    assert vault.kept(standing.now, "smtp_password") is None


def test_a_password_in_an_address_is_not_shown(tmp_path: Path) -> None:
    standing = Standing(settings.load(tmp_path, database="postgresql://ana:s3cret@db.lan/clips"))
    assert row(standing, "database")["value"] == "postgresql://ana:•••@db.lan/clips"


def test_a_new_file_is_private_and_one_that_is_shared_stays_so(tmp_path: Path) -> None:
    standing = Standing(settings.load(tmp_path))
    desk.change(standing, {"smtp_host": "a.lan"}, {})
    file = tmp_path / "settings.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and file.read_text().startswith("# Settings of this FastClip.")
    file.chmod(0o640)
    desk.change(standing, {"smtp_host": "b.lan"}, {})
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_every_process_takes_up_what_one_of_them_changed(standing: Standing) -> None:
    worker, heard = Standing(settings.load(standing.now.data_dir)), list[str]()
    worker.tell(lambda said: heard.append(said.smtp_host))
    worker.follow()
    desk.change(standing, {"smtp_host": "mail.example.org"}, {})
    worker.follow()
    worker.follow()
    assert heard == ["", "mail.example.org"]
    desk.change(standing, {}, {"smtp_password": "correct"})
    worker.follow()
    assert len(heard) == 3, "a secret that changed is looked at too"


def test_what_cannot_take_up_a_change_keeps_nobody_else_from_it(standing: Standing) -> None:
    broken, heard = [False], list[str]()

    def stumble(said: settings.Settings) -> None:
        if broken[0]:
            raise OSError("the keyring is locked")

    standing.tell(stumble)
    standing.tell(lambda said: heard.append(said.smtp_host))
    broken[0] = True
    desk.change(standing, {"smtp_host": "a.lan"}, {})
    desk.change(standing, {"smtp_host": "b.lan"}, {})
    assert heard == ["", "a.lan", "b.lan"]


def test_a_file_that_was_broken_by_hand_changes_nothing_and_is_said(standing: Standing) -> None:
    (standing.now.data_dir / "settings.toml").write_text("port = \n")
    for ask in (standing.follow, lambda: desk.describe(standing), lambda: desk.change(standing, {"port": 1}, {})):
        with pytest.raises(InvalidRequest, match="settings.toml cannot be read"):
            ask()
    assert (standing.now.port, written(standing)) == (9000, "port = \n")


def test_changes_at_the_same_time_are_all_kept(standing: Standing) -> None:
    changes: list[dict[str, Any]] = [{"smtp_host": "a.lan"}, {"smtp_user": "ana"}, {"smtp_port": 25}]
    threads = [threading.Thread(target=desk.change, args=(standing, change, {})) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    now = settings.load(standing.now.data_dir)
    assert (now.smtp_host, now.smtp_user, now.smtp_port, now.port) == ("a.lan", "ana", 25, 9000)
