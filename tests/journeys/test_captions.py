"""Caption Studio in a real browser: styles, fields, dragging, zones, fonts, a clip of one's own; and that what libass
draws in the browser is what ffmpeg burns (captions.md 8, rows 5, 10 and 12).
"""

import base64
import io
import re
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from fastclip import presets, transcription, transcripts
from fastclip.accounts import Account
from fastclip.media import burn, ffmpeg, fonts, frames, style
from fastclip.media.ass import Script
from fastclip.media.words import Word
from tests.conftest import BUNNY, make
from tests.journeys.browsing import WIDE, complaints, forbid_webassembly
from tests.journeys.conftest import Person, Running, until
from tests.media import likeness

WORDS = [Word("Nobody", 0.4, 0.9), Word("beleived", 1.0, 1.6), Word("it", 1.7, 1.9), Word("works.", 2.0, 2.6)]
AT_S = 0.75
"""Where a still sample stands."""


@pytest.fixture
def captions(page: Page) -> Page:
    """Caption Studio, standing still, drawn by libass."""
    page.emulate_media(reduced_motion="reduce")
    page.goto("/captions")
    painted(page)
    return page


def painted(page: Page) -> None:
    """Wait until the stage and every thumbnail are drawn."""
    expect(page.locator("canvas.captions[data-revision]")).to_be_visible()
    expect(page.locator("[data-drawn]")).to_have_count(page.locator(".card").count())


def revision(page: Page) -> int:
    return int(page.locator("canvas.captions").get_attribute("data-revision") or 0)


def layer(page: Page) -> np.ndarray:
    """What is drawn over the picture, RGBA."""
    url = page.evaluate("document.querySelector('canvas.captions').toDataURL()")
    with av.open(io.BytesIO(base64.b64decode(url.split(",")[1]))) as png:
        return next(png.decode(video=0)).to_ndarray(format="rgba")


def block(page: Page) -> Any:
    return page.get_by_role("button", name=re.compile("^Caption block"))


def test_the_studio_is_no_higher_than_its_window(captions: Page):
    for size in (WIDE, {"width": 1024, "height": 700}):
        captions.set_viewport_size(size)
        assert captions.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_a_style_is_changed_dragged_lifted_saved_and_taken_back(captions: Page, studio: Running, editor: Account):
    page = captions
    assert page.locator(".card").count() >= 16
    page.get_by_role("button", name="Neon Glow").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Neon Glow")
    before, small = revision(page), layer(page)[..., 3].astype(int).sum()
    page.get_by_role("slider", name="Size", exact=True).fill("150")
    until(lambda: revision(page) > before)
    until(lambda: layer(page)[..., 3].astype(int).sum() > 1.5 * small)

    page.get_by_role("button", name="Short-Form Karaoke").click()
    page.get_by_text("9:16", exact=True).click()
    page.get_by_label("Safe zone").click()
    page.get_by_role("option", name="TikTok").click()
    expect(page.get_by_text("Covered by TikTok")).to_be_visible()
    page.get_by_role("button", name="Lift the captions").click()
    expect(page.get_by_text("Nothing to mend")).to_be_visible()
    expect(block(page)).to_have_accessible_name(re.compile("50 % across, 78 % down"))

    box = block(page).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y - 150, steps=6)
    page.mouse.up()
    until(lambda: abs((block(page).bounding_box() or box)["y"] - (box["y"] - 150)) < 3)
    moved = block(page).bounding_box()
    assert abs(moved["x"] - (box["x"] + 60)) < 3
    page.keyboard.press("Control+z")
    expect(block(page)).to_have_accessible_name(re.compile("50 % across, 78 % down"))
    page.keyboard.press("Control+z")
    expect(block(page)).to_have_accessible_name(re.compile("92 % down"))
    page.keyboard.press("Control+y")

    page.keyboard.press("Control+s")
    page.get_by_label("Name of the style").fill("Lifted")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lifted")
    with studio.rows():
        (mine,) = [one for one in presets.listed(editor.id, "custom") if one["name"] == "Lifted"]
    assert (mine["font_name"], mine["position_y"]) == ("Bangers", 0.78)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy preset_ref").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == mine["preset_ref"]

    page.get_by_role("button", name="Duplicate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lifted copy")
    page.get_by_role("button", name="Lifted copy", exact=True).last.click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_text("Deleted “Lifted copy”")).to_be_visible()
    page.get_by_role("region", name="Notifications").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lifted copy")
    assert complaints(page) == []


def test_a_font_is_worn_or_refused_with_its_reason(captions: Page, tmp_path: Path):
    page = captions
    (tmp_path / "photo.ttf").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    (tmp_path / "Mine.ttf").write_bytes(fonts.builtin("Titan One").path.read_bytes())
    sent = page.get_by_label("Upload a font")
    sent.set_input_files(tmp_path / "photo.ttf")
    expect(page.get_by_role("alert")).to_contain_text("This is not a TTF or OTF font")
    before, plain = revision(page), layer(page)
    sent.set_input_files(tmp_path / "Mine.ttf")
    expect(page.get_by_role("combobox", name=re.compile(r"^Font: .*\(yours\)"))).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()
    until(lambda: revision(page) > before)
    until(lambda: not np.array_equal(layer(page), plain))


def test_a_clip_is_tried_corrected_and_captioned(page: Page, studio: Running, editor: Account):
    person = Person(studio, editor, studio.key_of(editor))
    source = person.send(BUNNY)
    with studio.rows():
        transcription.replace(editor.id, source["file_id"], WORDS, duration_s=30.0)
    clip = person.cut(source["file_id"], 0, 3)
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"/library/{clip['clip_id']}")
    page.get_by_role("link", name="Add captions").click()
    page.get_by_role("button", name="Podcast Clean").click()
    page.get_by_role("button", name="Play", exact=True).click()
    until(lambda: float(page.get_by_label("Time of the sample").input_value()) > 1)
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.get_by_role("button", name="Correct “beleived”").click()
    page.get_by_label("Write “beleived” as").fill("believed")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Correct “believed”")).to_be_visible()
    with studio.rows():
        row = transcripts.satisfying(editor.id, source["file_id"], model="", language="")
        assert transcripts.words_of(row)[1].text == "believed"
        assert transcripts.words_of(row)[1].start_s == 1.0
    page.get_by_role("button", name="Add captions · $0.02").click()
    made = until(lambda: [one for one in all_captioned(person) if one["source_file_id"] == source["file_id"]])
    assert made[0]["format"] == "mp4" and made[0]["clip_id"] != clip["clip_id"]


def all_captioned(person: Person) -> list[dict[str, Any]]:
    return person.get("/v1/clips", captioned="true")["data"]


def test_where_webassembly_is_forbidden_the_server_draws_the_frame(page: Page):
    page.emulate_media(reduced_motion="reduce")
    page.route(
        "**/captions", lambda route: forbid_webassembly(route) if route.request.method == "GET" else route.continue_()
    )
    page.goto("/captions")
    expect(page.locator("img[data-frame]")).to_be_visible()
    expect(page.get_by_text("Drawn by the server")).to_be_visible()
    until(lambda: page.evaluate("document.querySelector('img[data-frame]').naturalWidth") > 300)


def test_a_picture_that_the_browser_cannot_play_stands_still_and_the_captions_run(
    page: Page, studio: Running, editor: Account, tmp_path: Path
):
    odd = tmp_path / "odd.mp4"
    make("-f", "lavfi", "-i", "testsrc2=s=128x72:r=10:d=4", "-c:v", "mpeg4", str(odd))
    file_id = Person(studio, editor, studio.key_of(editor)).send(odd)["file_id"]
    page.goto(f"/captions?file={file_id}")
    expect(page.get_by_text("the captions run over a still one")).to_be_visible()
    before = page.get_by_label("Time of the sample").input_value()
    page.get_by_role("button", name="Play", exact=True).click()
    until(lambda: page.get_by_label("Time of the sample").input_value() != before)
    assert complaints(page) == []


# -- The preview is what is burned -------------------------------------------------------------------------

QUICK = ("short-form-karaoke", "one-word-impact", "karaoke-sweep", "neon-glow")
ALL = tuple(style.builtin())


@pytest.mark.parametrize("shape", ["16:9", "9:16"])
@pytest.mark.parametrize("slugs", [QUICK, pytest.param(ALL, marks=pytest.mark.slow)], ids=["quick", "all"])
def test_the_preview_is_what_is_burned(captions: Page, tmp_path: Path, shape: str, slugs: tuple[str, ...]):
    if shape != "16:9":
        answered(captions, captions.get_by_text(shape, exact=True))
    worst = {}
    for slug in slugs:
        script, seen = previewed(captions, slug)
        burned, ground = over_ground(tmp_path, script, seen)
        box = around(burned, ground)
        shown, wanted = flattened(seen, ground)[box], burned[box]
        coded = likeness.ssim(shown, encoded(tmp_path, script, seen)[box])
        worst[slug] = (likeness.ssim(shown, wanted), likeness.off_by(shown, wanted, 16), coded)
    print({slug: tuple(round(one, 5) for one in three) for slug, three in worst.items()})
    assert min(alike for alike, _, _ in worst.values()) >= 0.995, worst
    assert max(off for _, off, _ in worst.values()) <= 0.001, worst
    assert min(coded for _, _, coded in worst.values()) >= 0.98, worst


def test_a_wrong_font_or_two_pixels_would_be_seen(captions: Page, tmp_path: Path):
    script, seen = previewed(captions, "bold-hook")
    burned, ground = over_ground(tmp_path, script, seen)
    box = around(burned, ground)
    shifted = likeness.ssim(flattened(np.roll(seen, 2, axis=1), ground)[box], burned[box])
    other = fonts.builtin("Anton")
    wrong = Script(script.text.replace(script.fonts[0].family, other.family), (other,))
    another = likeness.ssim(flattened(seen, ground)[box], over_ground(tmp_path, wrong, seen)[0][box])
    coded = encoded(tmp_path, script, seen)[box]
    by_one = likeness.ssim(flattened(np.roll(seen, 1, axis=1), ground)[box], coded)
    wrong_coded = likeness.ssim(flattened(seen, ground)[box], encoded(tmp_path, wrong, seen)[box])
    print(shifted, another, by_one, wrong_coded)
    assert shifted < 0.9 and another < 0.9
    assert by_one < 0.98 and wrong_coded < 0.9


def previewed(page: Page, slug: str) -> tuple[Script, np.ndarray]:
    """The script that the page was given for a style, and what it drew of it."""
    name = style.builtin()[slug][0]
    if page.get_by_role("heading", level=1).inner_text() == name:
        answered(page, page.get_by_role("button", name="Comic Burst"))
    said = answered(page, page.get_by_role("button", name=name, exact=True))
    named = {font.family: font for font in map(fonts.builtin, fonts.catalogue())}
    return Script(said["ass"], tuple(named[one["family"]] for one in said["fonts"])), layer(page)


def answered(page: Page, pressed: Locator) -> dict[str, Any]:
    """What the server said when this was pressed, once it is painted; nothing else may be on its way."""
    before = revision(page)
    with page.expect_response("**/v1/captions/ass") as answer:
        pressed.click()
    until(lambda: revision(page) > before)
    return answer.value.json()


def over_ground(folder: Path, script: Script, like: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture of a film as ffmpeg draws the script on it, before an encoder, and the same without."""
    size = (like.shape[1], like.shape[0])
    frames.poster(BUNNY, folder / "behind.jpg", at_s=12.0, height_px=min(size))
    nothing = Script(script.text.split("Dialogue:")[0], script.fonts)
    found = []
    for one in (script, nothing):
        burn.lay(folder / "captions", one)
        burn.frame(folder / "captions", folder / "behind.jpg", folder / "frame.png", size=size, at_s=AT_S)
        with av.open(str(folder / "frame.png")) as png:
            found.append(next(png.decode(video=0)).to_ndarray(format="rgb24"))
    return found[0], found[1]


def encoded(folder: Path, script: Script, like: np.ndarray) -> np.ndarray:
    """The same picture out of an x264 encode (veryfast, CRF 18, 4:2:0), over the ground that `over_ground` left."""
    fps, (height, width) = 20, like.shape[:2]
    burn.lay(folder / "captions", script)
    chain = f"scale={width}:{height}:flags=bicubic:out_color_matrix=bt709:out_range=tv,format=yuv420p,setsar=1"
    chain += ",setparams=colorspace=bt709:range=tv,ass=captions.ass:fontsdir=fonts"
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "coded.mp4"]
    still = ["-loop", "1", "-framerate", str(fps), "-i", "../behind.jpg", "-t", str(AT_S + 0.2)]
    back = f"select=eq(n\\,{round(AT_S * fps)}),scale=in_color_matrix=bt709:in_range=tv:out_range=pc,format=rgb24"
    raw = ["-frames:v", "1", "-f", "rawvideo", "coded.raw"]
    for words in ([*still, "-vf", chain, *x264], ["-i", "coded.mp4", "-vf", back, *raw]):
        command = [ffmpeg.tools().ffmpeg, "-v", "error", "-y", *words]
        subprocess.run(command, cwd=folder / "captions", env={"FONTCONFIG_FILE": "fonts.conf"}, check=True)
    return np.fromfile(folder / "captions" / "coded.raw", "uint8").reshape(height, width, 3)


def flattened(layer: np.ndarray, ground: np.ndarray) -> np.ndarray:
    alpha = layer[..., 3:].astype(float) / 255
    return np.rint(layer[..., :3] * alpha + ground * (1 - alpha)).astype("uint8")


def around(burned: np.ndarray, ground: np.ndarray) -> tuple[slice, slice]:
    """The drawn part and 12 pixels about it."""
    rows, columns = np.nonzero(np.abs(burned.astype(int) - ground).max(axis=-1) > 8)
    assert len(rows), "nothing was drawn"
    return slice(max(0, rows.min() - 12), rows.max() + 13), slice(max(0, columns.min() - 12), columns.max() + 13)
