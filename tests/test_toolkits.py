"""Which windows can be had is found without opening one."""

import subprocess
import sys
from pathlib import Path

import pytest

from fastclip import doctor, toolkits
from fastclip.toolkits import Toolkit

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems bring their own window")


def test_no_display_means_no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert toolkits.find() == []


def test_a_display_that_does_not_answer_is_none(monkeypatch: pytest.MonkeyPatch, display: str) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    assert toolkits.find() != []
    monkeypatch.setenv("DISPLAY", ":54321")
    assert toolkits.find() == []


def test_the_best_comes_first_and_each_says_why(monkeypatch: pytest.MonkeyPatch, display: str) -> None:
    monkeypatch.setenv("DISPLAY", display)
    found = toolkits.find()
    assert [kit.name for kit in found] == ["gtk", "qt", "chromium", "browser"]
    assert all(kit.why for kit in found)
    assert next(kit for kit in found if kit.name == "chromium").is_usable


def test_nothing_of_a_window_is_imported_to_find_one() -> None:
    code = (
        "import sys; from fastclip import toolkits; toolkits.find();"
        "print([name for name in ('gi', 'PySide6', 'qtpy', 'webview') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_qt_without_its_system_libraries_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("PySide6", "qtpy"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "PySide6" / "QtWebEngineWidgets.abi3.so").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(toolkits, "QT_LIBRARIES", {"libc6": "libc.so.6", "libnone1": "libnone.so.1"})
    qt = toolkits._qt()
    assert (qt.is_usable, qt.fix) == (False, "sudo apt-get install libnone1")


@pytest.mark.parametrize(
    ("usable", "state", "cause"),
    [
        ({"gtk", "chromium"}, "ok", "gtk: g"),
        ({"qt", "chromium"}, "ok", "qt: q (no gtk: g)"),
        ({"chromium"}, "warn", "chromium: c (no gtk: g; no qt: q)"),
        (set(), "fail", "no gtk: g; no qt: q; no chromium: c."),
    ],
)
def test_doctor_says_which_window_opens_and_why_no_better_one(
    monkeypatch: pytest.MonkeyPatch, usable: set[str], state: str, cause: str
) -> None:
    kits = [Toolkit(name, name in usable, name[0], "fix" if name == "qt" else "") for name in ("gtk", "qt", "chromium")]
    monkeypatch.setattr(toolkits, "find", lambda: kits)
    row = doctor.window()
    assert (row.state, row.cause) == (state, cause)
    assert row.fix == ("" if state == "ok" else "fix")
