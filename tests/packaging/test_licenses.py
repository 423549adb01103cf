"""What ships is listed with its licence."""

import json
import re
import tomllib
from pathlib import Path

import typefaces

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "packaging" / "LICENSES.md").read_text("utf-8")
LISTED = {name: licence for name, licence in re.findall(r"^\| `([^`]+)` \| (\S.*?) \|$", PAGE, re.M)}


def test_every_python_package_that_is_installed_is_listed() -> None:
    locked = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.lock").read_text("utf-8"), re.M)
    assert len(locked) > 30
    assert sorted(set(locked) - LISTED.keys()) == []


def test_every_package_that_the_pages_ask_for_is_listed() -> None:
    asked = json.loads((ROOT / "ui" / "package.json").read_text("utf-8"))["dependencies"]
    builders = {"vite", "@sveltejs/vite-plugin-svelte"}  # they make the pages and are not in them
    assert sorted(asked.keys() - builders - LISTED.keys()) == []


def test_every_extra_is_listed() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    names = {re.match(r"[\w-]+", line)[0] for lines in extras.values() for line in lines}
    assert sorted(name for name in names if f"`{name}`" not in PAGE) == []


def test_the_media_that_ship_are_listed() -> None:
    assert [path.name for path in (ROOT / "assets" / "sample").iterdir()] == ["big-buck-bunny-480p-30s.mp4"]
    assert "CC-BY-3.0" in PAGE and "Blender Foundation" in PAGE


def test_every_caption_font_is_listed_and_has_its_licence_beside_it() -> None:
    fonts = json.loads((ROOT / "assets" / "captions" / "fonts.json").read_text("utf-8"))
    assert typefaces.is_built()
    for font in fonts:
        (row,) = (line for line in PAGE.splitlines() if line.startswith("| Caption fonts") and font["name"] in line)
        assert f"| {font['licence']} |" in row
        licence = (ROOT / "assets" / "fonts" / f"{font['package']}.LICENSE.txt").read_text("utf-8", "replace")
        assert ("SIL OPEN FONT LICENSE" in licence) == (font["licence"] == "OFL-1.1")
