"""The Transcript tab, search over all recordings, and the owner's models, in Chromium through the real path: a small
Whisper, VAD, word times, worker, live events.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from fastclip import api_keys, sessions
from fastclip.accounts import Account
from fastclip.ai import models
from tests.ai import ggufs
from tests.ai.conftest import DATA, TINY
from tests.ai.hub import Hub, serving
from tests.conftest import BUNNY, make
from tests.journeys.browsing import NARROW, PATIENCE_MS, complaints, fits
from tests.journeys.conftest import Person, Running, Start, until

DEMO = TINY / "demos" / "demo45.wav"
BRIEFLY = """(word, moved) => {
  const { x, y } = word.getBoundingClientRect();
  const touches = (by) => [new Touch({ identifier: 1, target: word, clientX: x, clientY: y + by })];
  const given = { bubbles: true, cancelable: true };
  word.dispatchEvent(new PointerEvent('pointerdown', { ...given, pointerType: 'touch' }));
  word.dispatchEvent(new TouchEvent('touchstart', { ...given, touches: touches(0) }));
  if (moved) word.dispatchEvent(new TouchEvent('touchmove', { ...given, touches: touches(moved) }));
  const goesOn = word.dispatchEvent(new TouchEvent('touchend', given));
  if (!moved && goesOn) word.click();
}"""
"""A tap, or a flick of so many pixels. At once: on a busy machine a tap from outside lasts as long as a hold."""
SRT = "1\n00:00:01,000 --> 00:00:03,000\nQuite other words\n\n2\n00:00:04,000 --> 00:00:06,000\nthan were said.\n"


@pytest.fixture(scope="module")
def editors(studio: Running, editor: Account) -> Person:
    """What the person on the page can also do by the API."""
    with studio.rows():
        return Person(studio, editor, api_keys.add(editor.id, "beside the page")[1])


@pytest.fixture(scope="module", autouse=True)
def _whisper(studio: Running) -> None:
    models.add(studio.folder / "models", TINY, name="tiny-espeak")


@pytest.fixture(scope="module")
def talk(editors: Person, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """45 s of speech over a picture, and its transcript."""
    film = tmp_path_factory.mktemp("talk") / "interview.mp4"
    kept = ["-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-shortest"]
    make("-stream_loop", "1", "-i", str(BUNNY), "-i", str(DEMO), *kept, str(film))
    file_id = editors.send(film)["file_id"]
    return editors.post("/v1/transcript", file_id=file_id).raise_for_status().json()


@pytest.fixture
def reading(page: Page, talk: dict[str, Any]) -> Page:
    """The transcript beside its picture."""
    page.goto(f"/studio?file={talk['file_id']}&tab=transcript")
    expect(word(page, 0)).to_be_visible()
    return page


def word(page: Page, position: int) -> Any:
    return page.locator(f'[data-word="{position}"]')


def words_of(talk: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for segment in talk["segments"] for one in segment["words"]]


def playhead_s(page: Page) -> float:
    return page.evaluate("document.querySelector('video, audio').currentTime")


def test_a_recording_is_written_down_while_its_first_words_are_read(page: Page, editors: Person, tmp_path: Path):
    talk = tmp_path / "talk.flac"
    make("-stream_loop", "2", "-i", str(TINY / "demos" / "demo120.wav"), "-ar", "16000", str(talk))
    file_id = editors.send(talk, "audio/flac")["file_id"]
    page.goto(f"/studio?file={file_id}")
    page.get_by_role("tab", name="Transcript").click()
    expect(page.get_by_text("Whisper tiny-espeak")).to_be_visible()
    page.get_by_role("button", name="Write it down · $0.02").click()
    expect(word(page, 5)).to_be_visible()
    expect(page.get_by_text(re.compile(r"of 6:05 · .* left"))).to_be_visible()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text("Stopped.")).to_be_visible()
    expect(word(page, 5)).to_be_visible()
    page.get_by_role("button", name="Go on · $0.02").click()
    expect(page.get_by_text("CPU because").or_(page.get_by_text("GPU, tried"))).to_be_visible(timeout=90_000)
    said = editors.get(f"/v1/transcript/{file_id}.json")
    assert said["status"] == "ready" and said["segments"][-1]["end"] > 360
    shown = page.locator("[data-index]").count()
    assert 0 < shown < 45 < len(said["segments"]), "only what is in sight is drawn"


def test_a_word_is_gone_to_and_the_word_being_said_is_followed(reading: Page, talk: dict[str, Any]):
    wanted = words_of(talk)[9]
    word(reading, 9).click()
    until(lambda: abs(playhead_s(reading) - wanted["start"]) < 0.06)
    expect(word(reading, 9)).to_have_class(re.compile(r"\bnow\b"))
    reading.keyboard.press("Space")
    until(lambda: reading.evaluate("document.querySelector('.word.now')?.dataset.word > 11"))
    reading.keyboard.press("Space")
    spoken = int(reading.locator(".word.now").get_attribute("data-word") or -1)
    heard = [one["position"] for one in words_of(talk) if one["start"] <= playhead_s(reading) + 0.1]
    assert abs(spoken - heard[-1]) <= 1


def test_marked_words_become_a_segment_from_their_first_frame_to_their_last(reading: Page, talk: dict[str, Any]):
    word(reading, 3).hover()
    reading.mouse.down()
    word(reading, 8).hover()
    reading.mouse.up()
    expect(reading.get_by_text(re.compile(r"^6 words · "))).to_be_visible()
    reading.get_by_role("button", name="Add segment").click()
    first, last = words_of(talk)[3], words_of(talk)[8]
    reading.get_by_role("tab", name="Trim").click()
    start, end = (
        sum(float(part) * 60**n for n, part in enumerate(reversed(field.input_value().split(":"))))
        for field in (reading.get_by_label("In point of Segment 1"), reading.get_by_label("Out point of Segment 1"))
    )
    frame_s = 1 / 24
    assert first["start"] - frame_s <= start <= first["start"] + 0.001
    assert last["end"] - 0.001 <= end <= last["end"] + frame_s + 0.001


def test_a_word_is_corrected_in_its_place_and_that_is_undone(reading: Page, editors: Person, talk: dict[str, Any]):
    old = words_of(talk)[4]

    def kept() -> dict[str, Any]:
        return words_of(editors.get(f"/v1/transcript/{talk['file_id']}.json"))[4]

    word(reading, 4).dblclick()
    reading.keyboard.type("Björk's")
    reading.keyboard.press("Enter")
    expect(word(reading, 4)).to_have_text("Björk's")
    until(lambda: kept() == old | {"word": "Björk's"})
    reading.keyboard.press("Control+z")
    expect(word(reading, 4)).to_have_text(old["word"])
    until(lambda: kept() == old)
    word(reading, 4).press("F2")
    reading.keyboard.type("Nobody")
    reading.keyboard.press("Escape")
    expect(word(reading, 4)).to_have_text(old["word"])


def test_words_are_looked_for_in_a_transcript(reading: Page, talk: dict[str, Any]):
    wanted = words_of(talk)[30:32]
    reading.keyboard.press("Control+f")
    reading.keyboard.type(" ".join(re.sub(r"\W", "", one["word"]).upper() for one in wanted))
    expect(reading.get_by_text(re.compile(r"^\d+ of \d+$"))).to_be_visible()
    expect(word(reading, 30)).to_have_class(re.compile(r"\bhit\b"))
    reading.get_by_role("searchbox", name="Search this transcript").fill("xylophone")
    expect(reading.get_by_text("Not found")).to_be_visible()


def test_what_was_said_is_found_from_anywhere_and_gone_to(page: Page, talk: dict[str, Any]):
    wanted = words_of(talk)[12:15]
    asked = " ".join(one["word"] for one in wanted)
    page.goto(f"/library?q={asked}")
    expect(page.get_by_role("region", name="Said in recordings").get_by_role("link").first).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type(f'"{asked}"')
    found = page.get_by_role("option").filter(has_text="interview.mp4").first
    expect(found.locator("mark")).to_have_count(3)
    found.click()
    expect(page.get_by_role("tab", name="Transcript")).to_have_attribute("data-state", "active")
    until(lambda: abs(playhead_s(page) - wanted[0]["start"]) < 0.06)


def test_the_words_are_downloaded_and_replaced_by_a_subtitle_file(page: Page, editors: Person, tmp_path: Path):
    file_id = editors.send(DEMO, "audio/wav")["file_id"]
    editors.post("/v1/transcript", file_id=file_id).raise_for_status()
    page.goto(f"/studio?file={file_id}&tab=transcript")
    for form, begins in (("SRT", "1\n00:"), ("WebVTT", "WEBVTT"), ("Text", "[0:00:"), ("JSON", "{")):
        page.get_by_role("button", name="Download, replace").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=re.compile(form)).click()
        assert Path(download.value.path()).read_text().startswith(begins)
        assert download.value.suggested_filename.startswith("demo45.")
    (tmp_path / "mine.srt").write_text(SRT)
    page.get_by_role("button", name="Download, replace").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Replace by a subtitle file").click()
    chooser.value.set_files(tmp_path / "mine.srt")
    page.get_by_role("button", name="Replace", exact=True).click()
    expect(word(page, 1)).to_have_text("other")
    expect(page.get_by_text("Words from a subtitle file")).to_be_visible()


def test_the_basic_recogniser_says_what_it_is_and_a_better_model_is_one_press_away(
    page: Page, studio: Running, editors: Person
):
    file_id = editors.send(DATA / "jfk.flac", "audio/flac")["file_id"]
    here, away = studio.folder / "models" / "tiny-espeak", studio.folder / "away"
    here.rename(away)
    try:
        page.goto(f"/studio?file={file_id}&tab=transcript")
        expect(page.get_by_text("Basic", exact=True)).to_be_visible()
        expect(page.get_by_text("about one word in three is wrong")).to_be_visible()
        expect(page.get_by_role("button", name="Fetch Whisper small · 486 MB")).to_be_visible()
        page.get_by_role("button", name="Write it down · $0.02").click()
        expect(page.locator(".word").filter(has_text=re.compile("^country$")).first).to_be_visible(timeout=120_000)
        expect(page.get_by_text("Basic", exact=True)).to_be_visible()
    finally:
        away.rename(here)
    page.reload()
    page.get_by_role("tab", name="Transcript").click()
    page.get_by_role("button", name="Write again with tiny-espeak · $0.02").click()
    expect(page.get_by_text("Whisper tiny-espeak")).to_be_visible()


@pytest.mark.parametrize(("has_sound", "said"), [(False, "This recording has no sound"), (True, "No speech was found")])
def test_where_nothing_is_said_the_page_says_so(
    page: Page, editors: Person, tmp_path: Path, has_sound: bool, said: str
):
    film = tmp_path / "film.mp4"
    sound = ["-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-shortest"] if has_sound else ["-an"]
    make("-t", "3", "-i", str(BUNNY), *sound, "-map", "0:v", *(["-map", "1:a"] if has_sound else []), str(film))
    page.goto(f"/studio?file={editors.send(film)['file_id']}&tab=transcript")
    if has_sound:
        page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_text(said, exact=True)).to_be_visible()


def test_the_glossary_is_written_on_its_page(page: Page, editors: Person):
    page.goto("/settings/glossary")
    page.get_by_label("One name or term a line").fill("FastClip\nMaria Ølgaard\n\nFastClip")
    page.get_by_role("button", name="Save the glossary").click()
    expect(page.get_by_text("The glossary is saved.")).to_be_visible()
    assert editors.get("/v1/glossary")["words"] == ["FastClip", "Maria Ølgaard"]


def test_axe_finds_nothing_wrong_beside_a_transcript_nor_with_the_models(reading: Page):
    word(reading, 2).click()
    assert complaints(reading) == []
    for address in ("/owner/models", "/settings/glossary"):
        reading.goto(address)
        expect(reading.locator("h2").first).to_be_visible()
        assert complaints(reading) == []


def test_a_phone_shows_it_in_one_column(reading: Page, talk: dict[str, Any]):
    reading.set_viewport_size(NARROW)
    word(reading, 1).click()
    expect(reading.get_by_role("button", name="Add segment")).to_be_visible()
    assert fits(reading)


def test_a_finger_held_on_a_word_marks_it_and_a_tap_reaches_to_another(
    browser: Browser, studio: Running, editor: Account, talk: dict[str, Any]
):
    phone = browser.new_context(viewport=NARROW, has_touch=True, is_mobile=True, base_url=studio.url)
    phone.set_default_timeout(PATIENCE_MS)
    with studio.rows():
        token = sessions.begin(editor.id)
    phone.add_cookies([{"name": "fc_session", "value": token, "url": studio.url}])
    page = phone.new_page()
    finger = phone.new_cdp_session(page)
    page.goto(f"/studio?file={talk['file_id']}&tab=transcript")
    expect(word(page, 0)).to_be_visible()

    def at(position: int) -> dict[str, float]:
        word(page, position).scroll_into_view_if_needed()
        box = word(page, position).bounding_box()
        assert box
        return {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}

    def touch(what: str, *places: dict[str, float]) -> None:
        finger.send("Input.dispatchTouchEvent", {"type": what, "touchPoints": places})

    touch("touchStart", at(3))
    expect(word(page, 3)).to_have_class(re.compile(r"\bselected\b"))
    touch("touchMove", at(5))
    touch("touchEnd")
    expect(page.get_by_text(re.compile(r"^3 words · "))).to_be_visible()
    expect(page.get_by_text("Tap another word to mark up to there.")).to_be_visible()
    assert playhead_s(page) < words_of(talk)[3]["start"]
    word(page, 8).evaluate(BRIEFLY, 0)
    expect(page.get_by_text(re.compile(r"^6 words · "))).to_be_visible()
    word(page, 6).evaluate(BRIEFLY, 60)
    expect(page.get_by_text(re.compile(r"^6 words · "))).to_be_visible()
    page.get_by_role("button", name="Clear the selection").click()
    word(page, 9).evaluate(BRIEFLY, 0)
    until(lambda: abs(playhead_s(page) - words_of(talk)[9]["start"]) < 0.06)
    phone.close()


# -- The owner's models --------------------------------------------------------------------------------------


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(TINY) as running:
        yield running


def test_a_model_is_fetched_stopped_gone_on_with_removed_and_added_from_a_folder(
    start: Start, hub: Hub, context: BrowserContext, tmp_path: Path
):
    server = start(HF_ENDPOINT=hub.url)
    owner = server.person("owner", role="owner").account
    with server.rows():
        token = sessions.begin(owner.id)
    context.add_cookies([{"name": "fc_session", "value": token, "url": server.url}])
    page = context.new_page()
    hub.may_end.clear()
    page.goto(f"{server.url}/owner/models")
    page.get_by_role("button", name="Fetch tiny, about 78 MB").click()
    expect(page.get_by_text(re.compile(r"^Fetching: 1 of \d MB$"))).to_be_visible()
    page.get_by_role("button", name="Cancel tiny").click()
    expect(page.get_by_text(re.compile(r"came already and are kept\."))).to_be_visible()
    hub.may_end.set()  # not sooner: the rest would come before the cancel is heard
    page.get_by_role("button", name="Fetch tiny, about 78 MB").click()
    expect(page.get_by_text("tiny is here and works.")).to_be_visible()
    assert [given for name, given in hub.asked if name == "model.bin"][1].startswith("bytes=")
    sha256 = json.loads((server.folder / "models" / "tiny" / "fastclip.json").read_text())["sha256"]
    expect(page.get_by_text(sha256)).to_be_visible()
    page.get_by_role("button", name="Remove tiny").click()
    page.get_by_role("button", name="Remove", exact=True).last.click()
    expect(page.get_by_text(sha256)).to_be_hidden()
    page.get_by_label("Where it lies").fill("/nowhere/at/all")
    page.get_by_role("button", name="Add the model").click()
    expect(page.get_by_text(re.compile("There is nothing at /nowhere"))).to_be_visible()
    page.get_by_label("Where it lies").fill(str(TINY))
    page.get_by_role("button", name="Add the model").click()
    expect(page.get_by_text(sha256)).to_be_visible()
    page.get_by_label("Where it lies").fill(str(ggufs.write(tmp_path / "Random.gguf")))
    page.get_by_role("button", name="Add the model").click()
    expect(page.get_by_text(re.compile(r"^The model random answers \d of 3 simple questions"))).to_be_visible()
    page.get_by_role("button", name="Remove random").click()
    page.get_by_role("button", name="Remove", exact=True).last.click()
    expect(page.get_by_role("button", name="Remove random")).to_be_hidden()
