"""Presets and fonts over HTTP: who may, what is kept, what is refused."""

import json
import random
from pathlib import Path
from typing import Any

import httpx
import pytest

from fastclip import rules
from fastclip.media import fonts
from tests.api.conftest import Site

SEED = (
    '{"preset_ref":"builtin:short-form-karaoke","scope":"built_in","slug":"short-form-karaoke",'
    '"name":"Short-Form Karaoke","editable":false,"font_name":"Bangers","font_size":77,"words_per_caption":3,'
    '"highlight_mode":true,"highlight_color":"#fcea2a","position_x":0.5,"position_y":0.92'
)
FONT = fonts.catalogue()["Bebas Neue"].path


@pytest.fixture
def browser(site: Site) -> Any:
    with site.signed_in() as client:
        yield client


@pytest.fixture
def other(site: Site) -> Any:
    with site.signed_in("member@example.org") as client:
        yield client


def made(browser: httpx.Client, **fields: Any) -> dict[str, Any]:
    ask = {"name": f"Mine {random.random()}", "clone_from_preset_ref": "builtin:short-form-karaoke"} | fields
    return browser.post("/v1/caption-presets", json=ask).raise_for_status().json()


def sent(browser: httpx.Client, content: bytes, name: str = "MyFont.ttf") -> httpx.Response:
    return browser.post(f"/v1/caption-fonts?filename={name}", files={"file": (name, content, "font/ttf")})


# -- Presets -----------------------------------------------------------------------------------------------


def test_there_are_sixteen_built_in_styles_and_the_first_is_the_references_to_the_byte(browser: httpx.Client) -> None:
    answer = browser.get("/v1/caption-presets?scope=built_in")
    assert answer.text.startswith(f"[{SEED}")
    assert len(answer.json()) == 16
    assert {row["editable"] for row in answer.json()} == {False}


def test_a_preset_begins_as_its_clone_and_keeps_what_was_changed(browser: httpx.Client) -> None:
    preset = made(browser, highlight_color="#35FF4D", effect="word-box", box_color=None, position_y=0.4)
    assert preset["preset_ref"] == f"preset:{preset['slug']}" and preset["editable"] is True
    assert (preset["highlight_color"], preset["font_name"], preset["position_y"]) == ("#35ff4d", "Bangers", 0.4)
    changed = browser.patch(f"/v1/caption-presets/{preset['slug']}", json={"name": "Renamed", "font_size": 90}).json()
    assert (changed["name"], changed["font_size"], changed["effect"]) == ("Renamed", 90, "word-box")
    assert changed in browser.get("/v1/caption-presets?scope=custom").json()
    assert len(browser.get("/v1/caption-presets").json()) >= 17
    assert browser.delete(f"/v1/caption-presets/{preset['slug']}").json() == {"ok": True}
    assert browser.delete(f"/v1/caption-presets/{preset['slug']}").status_code == 404


@pytest.mark.parametrize(("asked", "kept"), [(1, 2), (9, 4)])
def test_highlighting_clamps_the_words_of_a_caption(browser: httpx.Client, asked: int, kept: int) -> None:
    assert made(browser, words_per_caption=asked)["words_per_caption"] == kept


def test_highlighting_that_is_turned_on_later_clamps_too(browser: httpx.Client) -> None:
    preset = made(browser, highlight_mode=False, words_per_caption=9)
    assert preset["words_per_caption"] == 9
    changed = browser.patch(f"/v1/caption-presets/{preset['slug']}", json={"highlight_mode": True}).json()
    assert (changed["highlight_mode"], changed["words_per_caption"]) == (True, 4)


def test_a_scope_shows_its_own_and_another_word_is_refused(browser: httpx.Client) -> None:
    preset = made(browser)
    for scope, kinds in (("all", {"built_in", "custom"}), ("built_in", {"built_in"}), ("custom", {"custom"})):
        listed = browser.get(f"/v1/caption-presets?scope={scope}").json()
        assert {one["scope"] for one in listed} == kinds
        assert (preset in listed) is (scope != "built_in")
    answer = browser.get("/v1/caption-presets?scope=mine")
    assert (answer.status_code, answer.json()["param"]) == (400, "scope")


def test_a_built_in_font_leaves_no_uploaded_one_behind(browser: httpx.Client) -> None:
    preset = made(browser, font_source="builtin", font_name="Anton", font_id="font_of_nobody")
    assert (preset["font_name"], preset["font_id"]) == ("Anton", None)


def test_another_accounts_presets_and_fonts_are_not_there(browser: httpx.Client, other: httpx.Client) -> None:
    preset, font = made(browser), sent(browser, FONT.read_bytes()).json()
    assert other.get("/v1/caption-presets?scope=custom").json() == []
    for answer in (
        other.patch(f"/v1/caption-presets/{preset['slug']}", json={"font_size": 50}),
        other.delete(f"/v1/caption-presets/{preset['slug']}"),
        other.post("/v1/caption-presets", json={"name": "x", "clone_from_preset_ref": preset["preset_ref"]}),
        other.delete(f"/v1/caption-fonts/{font['font_id']}"),
        other.post(
            "/v1/caption-presets",
            json={"name": "x", "clone_from_preset_ref": "builtin:bold-hook"}
            | {"font_source": "upload", "font_id": font["font_id"]},
        ),
    ):
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"font_size": 241}, 422, "font_size"),
        ({"font_size": "77"}, 400, "font_size"),
        ({"text_color": "white"}, 422, "text_color"),
        ({"effect": "sparkle"}, 400, "effect"),
        ({"font_name": "Comic Sans"}, 422, "font_name"),
        ({"font_source": "upload"}, 422, "font_id"),
        ({"clone_from_preset_ref": "builtin:none"}, 404, "preset_ref"),
        ({"name": ""}, 400, "name"),
        ({"name": "x" * 81}, 400, "name"),
        ({"name": "   "}, 400, "name"),
        ({"font_size": 77.5}, 400, "font_size"),
        ({"text_color": None}, 400, "text_color"),
        ({"font_source": "web"}, 400, "font_source"),
        ({"font_source": "upload", "font_id": "font_of_nobody"}, 404, "font_id"),
        ({"sparkle": 1}, 400, "sparkle"),
    ],
)
def test_a_preset_that_cannot_be_is_refused_by_its_field(
    browser: httpx.Client, fields: dict, status: int, param: str
) -> None:
    ask = {"name": "Refused", "clone_from_preset_ref": "builtin:bold-hook"} | fields
    answer = browser.post("/v1/caption-presets", json=ask)
    assert (answer.status_code, answer.json()["param"]) == (status, param), answer.text


def test_built_in_styles_cannot_be_changed_and_names_are_taken_once(browser: httpx.Client) -> None:
    assert browser.patch("/v1/caption-presets/bold-hook", json={"font_size": 50}).status_code == 403
    assert browser.delete("/v1/caption-presets/bold-hook").status_code == 403
    assert browser.patch("/v1/caption-presets/cap_preset_none", json={"font_size": 50}).status_code == 404
    made(browser, name="Twice")
    again = {"name": "Twice", "clone_from_preset_ref": "builtin:bold-hook"}
    assert browser.post("/v1/caption-presets", json=again).status_code == 409


def test_a_key_is_not_let_in(site: Site) -> None:
    with site.with_key() as client:
        for answer in (
            client.get("/v1/caption-presets"),
            client.get("/v1/caption-fonts"),
            client.post("/v1/caption-presets", json={"name": "x", "clone_from_preset_ref": "builtin:bold-hook"}),
            client.patch("/v1/caption-presets/cap_preset_x", json={"font_size": 50}),
            client.delete("/v1/caption-presets/cap_preset_x"),
            client.delete("/v1/caption-fonts/font_x"),
            client.get("/v1/caption-fonts/files/bangers.ttf"),
            sent(client, FONT.read_bytes()),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "session_required")


# -- Fonts -------------------------------------------------------------------------------------------------


def test_a_font_is_kept_as_a_safe_copy_under_a_name_of_ours_and_draws_a_preset(browser: httpx.Client) -> None:
    font = sent(browser, FONT.read_bytes()).raise_for_status().json()
    assert font["format"] == "ttf" and font["font_name"] == "FC Bebas Neue" and font["size_bytes"] > 10_000
    assert font in browser.get("/v1/caption-fonts").json()["data"]
    preset = made(browser, font_source="upload", font_id=font["font_id"])
    assert (preset["font_source"], preset["font_name"]) == ("upload", "FC Bebas Neue")
    assert browser.delete(f"/v1/caption-fonts/{font['font_id']}").status_code == 409
    browser.delete(f"/v1/caption-presets/{preset['slug']}").raise_for_status()
    assert browser.delete(f"/v1/caption-fonts/{font['font_id']}").json() == {"ok": True}


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "picture.ttf", 422),
        (b"ttcf" + b"\0" * 100, "collection.ttf", 422),
        (b"wOF2" + b"\0" * 100, "web.ttf", 422),
        (b"\x00\x01\x00\x00" + b"\xff" * 200, "noise.ttf", 422),
        (b"\x00\x01\x00\x00" + b"\0" * (rules.MAX_FONT_BYTES - 3), "large.ttf", 413),
        (b"\x00\x01\x00\x00" + b"\0" * (rules.MAX_FONT_BYTES + 100_000), "larger.ttf", 413),
        (b"", "nothing.ttf", 422),
        (b"\x00\x01\x00\x00", "font.woff", 422),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_font_is_refused_with_a_reason(
    browser: httpx.Client, content: bytes, name: str, status: int
) -> None:
    answer = sent(browser, content, name)
    assert answer.status_code == status and answer.json()["error"], answer.text


def test_a_font_must_come_as_a_form(browser: httpx.Client) -> None:
    assert browser.post("/v1/caption-fonts?filename=a.ttf", json={}).status_code == 415
    assert browser.post("/v1/caption-fonts?filename=a.ttf", files={"other": b"x"}).status_code == 400


def test_the_browser_gets_the_file_of_a_built_in_font_and_of_no_other(browser: httpx.Client) -> None:
    answer = browser.get("/v1/caption-fonts/files/bangers.ttf")
    assert answer.content == fonts.catalogue()["Bangers"].path.read_bytes()
    assert answer.headers["content-type"] == "font/ttf"
    for name in ("fonts.json", "..%2Fcaptions%2Fstyles.json", "nothing.ttf"):
        assert browser.get(f"/v1/caption-fonts/files/{name}").status_code == 404


def test_the_reference_example_of_a_preset_works(browser: httpx.Client) -> None:
    from fastclip.api.presets import PresetAsk

    answer = browser.post("/v1/caption-presets", json=PresetAsk.example | {"name": "From the reference"})
    shown = answer.raise_for_status().json()
    asked = {key: value for key, value in PresetAsk.example.items() if key not in ("name", "clone_from_preset_ref")}
    assert {key: shown[key] for key in asked} == json.loads(json.dumps(asked))


def test_the_folder_of_fonts_has_every_font_that_is_named() -> None:
    assert all(Path(font.path).is_file() for font in fonts.catalogue().values())
