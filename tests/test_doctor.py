"""Each row of `fastclip doctor` says what it saw, and what it says when something is wrong."""

import os
import socket
from pathlib import Path

import pytest

from fastclip import doctor, settings
from fastclip.ai import models
from fastclip.doctor import Check
from fastclip.media import ffmpeg
from tests.ai.conftest import TINY


@pytest.fixture
def home(tmp_path: Path) -> settings.Settings:
    return settings.load(tmp_path / "data", secrets="file")


@pytest.fixture
def fresh_tools():
    """Lets `ffmpeg.tools` look again, before and after."""
    ffmpeg.tools.cache_clear()
    yield
    ffmpeg.tools.cache_clear()


def stand_in(folder: Path, script: str) -> Path:
    """A program called ffmpeg that does what `script` says."""
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_a_machine_that_was_set_up_fails_in_nothing(home: settings.Settings) -> None:
    rows = doctor.checks(home)
    assert [row for row in rows if row.state == "fail"] == []
    names = "python, data folder, disk, sqlite, ffmpeg, hardware, ffprobe, speech, language, secrets, port, interface"
    assert [row.name for row in rows] == [*names.split(", "), "window"]


def test_every_row_that_is_not_ok_says_what_to_do(home: settings.Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PAGES", home.data_dir / "missing.html")
    rows = [row for row in doctor.checks(home) if row.state != "ok"]
    assert "interface" in [row.name for row in rows]
    assert [row.name for row in rows if not row.fix] == []


def test_a_check_leaves_nothing_in_the_data_folder(home: settings.Settings) -> None:
    doctor.data_folder(home.data_dir)
    doctor.encoders()
    assert list(home.data_dir.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps other users out by its own lists")
def test_a_data_folder_that_others_can_read_is_warned_of(home: settings.Settings) -> None:
    home.data_dir.chmod(0o755)
    row = doctor.data_folder(home.data_dir)
    assert (row.state, row.fix) == ("warn", f"chmod 700 '{home.data_dir}'")
    home.data_dir.chmod(0o700)
    assert doctor.data_folder(home.data_dir) == Check("data folder", "ok", str(home.data_dir))


def test_a_data_folder_that_takes_no_files_fails(tmp_path: Path) -> None:
    row = doctor.data_folder(tmp_path / "missing")
    assert row.state == "fail" and "No such file" in row.cause


@pytest.mark.parametrize(("free_gb", "state"), [(50, "ok"), (5, "warn"), (0.5, "fail")])
def test_a_full_disk_is_told_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_gb: float, state: str
) -> None:
    usage = doctor.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage._replace(free=int(free_gb * 2**30)))
    row = doctor.disk(tmp_path)
    assert (row.state, bool(row.fix)) == (state, state != "ok")


def test_ffmpeg_is_tried_and_not_only_found() -> None:
    row = doctor.encoders()
    assert row.state == "ok"
    assert ffmpeg.tools().version in row.cause


@pytest.mark.parametrize(
    ("lacks", "said"),
    [("libx264", "libx264 (mp4)"), ("libmp3lame", "libmp3lame (mp3)"), ("ass=", "libass (captions)")],
)
def test_an_ffmpeg_that_lacks_something_is_told_by_what_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_tools: None, lacks: str, said: str
) -> None:
    program = stand_in(tmp_path, f'case "$*" in *-version*) echo "ffmpeg version 1.0";; *{lacks}*) exit 1;; esac')
    monkeypatch.setenv("FASTCLIP_FFMPEG", str(program))
    row = doctor.encoders()
    assert (row.state, row.cause) == ("fail", f"1.0 at {program} cannot use: {said}.")


def test_an_ffmpeg_that_is_not_there_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_tools: None) -> None:
    monkeypatch.setenv("FASTCLIP_FFMPEG", str(tmp_path / "missing"))
    row = doctor.encoders()
    assert row.state == "fail" and "FASTCLIP_FFMPEG" in row.fix


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        row = doctor.port("127.0.0.1", number)
        assert (row.state, f"127.0.0.1:{number}" in row.cause) == ("warn", True)
    assert doctor.port("127.0.0.1", number).state == "ok"


def test_it_says_where_secrets_are_kept(home: settings.Settings) -> None:
    assert doctor.secrets(home).cause == "secrets.json, mode 0600"


def test_a_check_that_breaks_is_a_row_and_not_the_end(home: settings.Settings) -> None:
    home.data_dir.rmdir()
    rows = {row.name: row for row in doctor.checks(home)}
    assert rows["disk"].state == "fail" and "This check broke" in rows["disk"].cause
    assert rows["python"].state == "ok"


def test_a_machine_without_a_display_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert doctor.window().state == "ok"


def test_the_speech_row_names_the_model_or_how_to_get_one(home: settings.Settings) -> None:
    row = doctor.hearing(home.models_dir)
    assert (row.state, row.fix) == ("warn", "fastclip models pull small") and "one word in three" in row.cause
    models.add(home.models_dir, TINY, name="tiny-espeak")
    row = doctor.hearing(home.models_dir)
    assert row.state == "ok" and row.cause.startswith("tiny-espeak; ")
