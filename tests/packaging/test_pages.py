"""The pages are built when their sources changed, with a Node that can, and only then."""

import json
import os
from pathlib import Path

import pages
import pytest


@pytest.fixture
def ui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of sources that have been built, as far as anybody can tell."""
    source, built = tmp_path / "ui", tmp_path / "built"
    (source / "src").mkdir(parents=True)
    built.mkdir()
    (source / "package.json").write_text("{}")
    (source / "src" / "main.ts").write_text("export {};")
    monkeypatch.delenv("FASTCLIP_SKIP_UI", raising=False)
    monkeypatch.setattr(pages, "SOURCE", source)
    monkeypatch.setattr(pages, "STAMP", built / ".stamp")
    pages.STAMP.write_text(pages._fingerprint())
    return source


def test_built_pages_are_not_built_again(ui: Path) -> None:
    assert pages.is_built()


@pytest.mark.parametrize(
    "change",
    [
        lambda ui: (ui / "src" / "main.ts").write_text("export { };"),
        lambda ui: (ui / "src" / "new.ts").touch(),
        lambda ui: (ui / "src" / "main.ts").rename(ui / "src" / "other.ts"),
        lambda ui: (ui / "package.json").write_text('{"private": true}'),
    ],
    ids=["a line", "a new file", "a new name", "the package"],
)
def test_a_changed_source_makes_the_pages_stale(ui: Path, change) -> None:
    change(ui)
    assert not pages.is_built()


def test_what_npm_installs_is_no_source(ui: Path) -> None:
    (ui / "node_modules" / "vite").mkdir(parents=True)
    (ui / "node_modules" / "vite" / "index.js").write_text("1")
    assert pages.is_built()


def test_an_interrupted_build_is_done_again(ui: Path) -> None:
    pages.STAMP.unlink()
    assert not pages.is_built()


def test_a_server_without_pages_can_be_asked_for(ui: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages.STAMP.unlink()
    monkeypatch.setenv("FASTCLIP_SKIP_UI", "1")
    assert pages.is_built()


LOCK = {
    "": {"name": "ui"},
    "node_modules/vite": {"version": "8.3.8"},
    "node_modules/for-mac": {"version": "1.0.0", "optional": True},
}


@pytest.mark.parametrize(
    ("there", "is_installed"),
    [
        ({"node_modules/vite": {"version": "8.3.8"}}, True),
        ({"node_modules/vite": {"version": "8.3.8"}, "node_modules/for-mac": {"version": "1.0.0"}}, True),
        ({"node_modules/vite": {"version": "8.3.7"}}, False),
        ({"node_modules/for-mac": {"version": "1.0.0"}}, False),
        (None, False),
    ],
    ids=["all but the optional", "all", "an older one", "one missing", "none"],
)
def test_npm_runs_only_where_something_is_missing(ui: Path, there: dict | None, is_installed: bool) -> None:
    (ui / "package-lock.json").write_text(json.dumps({"packages": LOCK}))
    if there is not None:
        (ui / "node_modules").mkdir()
        (ui / "node_modules" / ".package-lock.json").write_text(json.dumps({"packages": there}))
    assert pages._is_installed() is is_installed


@pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
@pytest.mark.parametrize(
    ("version", "is_taken"),
    [
        ("v18.20.1", False),
        ("v20.18.3", False),
        ("v20.19.0", True),
        ("v21.7.0", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.1.0", True),
        ("", False),
    ],
)
def test_node_is_taken_from_path_when_vite_runs_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, is_taken: bool
) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    expected = (str(tmp_path / "node"), [str(tmp_path / "npm")])
    assert pages.node_on_path() == (expected if is_taken else None)


def test_node_without_npm_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "node").write_text("#!/bin/sh\necho v24.1.0\n")
    (tmp_path / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pages.node_on_path() is None
