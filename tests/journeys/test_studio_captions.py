"""Captions in the Clip Studio, in a real browser: chosen, seen, cut, cut again, and where libass cannot draw them."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from fastclip import jobs, store, transcription
from fastclip.accounts import Account
from fastclip.clips import caption, trim
from fastclip.jobs import Job
from fastclip.media.words import Word
from tests.conftest import BUNNY, make
from tests.journeys.browsing import complaints, forbid_webassembly
from tests.journeys.conftest import Person, Running, until

WORDS = [Word("Nobody", 0.4, 0.9), Word("beleived", 1.0, 1.6), Word("it", 1.7, 1.9), Word("works.", 2.0, 2.6)]


@pytest.fixture(scope="module")
def recording(studio: Running, editor: Account) -> str:
    """Of which the words are known."""
    source = Person(studio, editor, studio.key_of(editor)).send(BUNNY)
    with studio.rows():
        transcription.replace(editor.id, source["file_id"], WORDS, duration_s=30.0)
    return source["file_id"]


@pytest.fixture
def person(studio: Running, editor: Account) -> Person:
    return Person(studio, editor, studio.key_of(editor))


def captioned(person: Person, file_id: str) -> list[dict[str, Any]]:
    """The captioned clips of a source, the newest first."""
    listed = person.get("/v1/clips", captioned="true", limit=50)["data"]
    return [one for one in listed if one["source_file_id"] == file_id]


def one_more(person: Person, file_id: str, than: int) -> list[dict[str, Any]]:
    return until(lambda: clips if len(clips := captioned(person, file_id)) > than else None)


def put_playhead(page: Page, time: str) -> None:
    playhead = page.get_by_label("Time of the playhead")
    playhead.fill(time)
    playhead.press("Enter")


def mark_three_seconds(page: Page, file_id: str) -> None:
    """A segment from 0 to 3 s in Bold Hook, the playhead on its second word."""
    page.goto(f"/studio?file={file_id}")
    for time, key in (("0", "i"), ("3", "o"), ("1.2", "")):
        put_playhead(page, time)
        if key:
            page.get_by_role("region", name="Timeline").press(key)
    page.get_by_role("tab", name="Captions").click()
    page.get_by_role("combobox", name="Captions: No captions").click()
    page.get_by_role("option", name="Bold Hook").click()


def inked(page: Page) -> bool:
    """Whether something is drawn over the picture."""
    return page.evaluate(
        """() => { const c = document.querySelector('canvas.captions');
        return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v, n) => n % 4 === 3 && v > 200) }"""
    )


def test_captions_are_chosen_seen_and_paid_with_the_cut(page: Page, person: Person, recording: str):
    mark_three_seconds(page, recording)
    expect(page.locator("canvas.captions[data-revision]")).to_be_visible()
    until(lambda: inked(page))
    expect(page.get_by_role("button", name="Correct “works.”")).to_be_visible()
    assert complaints(page) == []
    page.get_by_role("tab", name="AI").click()
    page.get_by_text("Make clips", exact=True).first.click()
    expect(page.get_by_role("combobox", name="Captions: Bold Hook")).to_be_visible()
    page.get_by_role("tab", name="Trim").click()
    before = len(captioned(person, recording))
    page.get_by_role("button", name="Cut 1 segment · $0.04").click()
    made = one_more(person, recording, before)
    assert 3 <= made[0]["duration"] < 3.1 and made[0]["format"] == "mp4"


def test_what_failed_is_cut_again_in_the_same_captions(
    page: Page, person: Person, studio: Running, editor: Account, recording: str
):
    before = len(captioned(person, recording))
    with studio.rows():
        account = Account.get_by_id(editor.id)
        (cut,) = trim.request(account, recording, [(0.0, 2.0)], via="session", preset_ref="builtin:word-pill")
        whole = caption.request(account, file_id=recording, clip_id=None, preset_ref="builtin:documentary")
        for job in (cut, whole):
            with store.write():
                assert jobs.end_waiting(job, error="The disk was full.", error_code="internal", status_message="Failed")
    page.goto(f"/studio?file={recording}")
    page.get_by_role("tab", name="Clips").click()
    for _ in (cut, whole):
        card = page.get_by_role("listitem").filter(has_text="The disk was full.").filter(has_text="Cut again").first
        card.get_by_role("button", name="Cut again").click()
        made = one_more(person, recording, before)
        before += 1
        card.evaluate("card => card.remove()")
    with studio.rows():
        refs = {Job.get_by_id(one["job_id"]).asked["captions"]["preset_ref"] for one in made[:2]}
    assert refs == {"builtin:word-pill", "builtin:documentary"}


def test_where_webassembly_is_forbidden_a_paused_picture_shows_the_servers_exact_captions(page: Page, recording: str):
    page.route("**/studio?*", forbid_webassembly)
    mark_three_seconds(page, recording)
    expect(page.locator("img[data-frame]")).to_be_visible()
    expect(page.get_by_text("Captions drawn by the server")).to_be_visible()
    first = page.locator("img[data-frame]").get_attribute("src")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_text("pause to see the captions")).to_be_visible()
    expect(page.locator("img[data-frame]")).to_be_hidden()
    page.get_by_role("button", name="Pause", exact=True).click()
    put_playhead(page, "2.2")
    expect(page.locator("img[data-frame]")).to_be_visible()
    assert page.locator("img[data-frame]").get_attribute("src") != first


def test_a_long_recording_shows_all_its_words_and_what_to_mend_in_any_of_them(
    page: Page, person: Person, studio: Running, editor: Account, tmp_path: Path
):
    film = tmp_path / "long.mp4"
    make("-f", "lavfi", "-i", "testsrc2=s=64x36:r=5:d=400", "-c:v", "libx264", "-preset", "ultrafast", str(film))
    file_id = person.send(film)["file_id"]
    words = [Word(f"word{n}", n * 0.5, n * 0.5 + 0.4) for n in range(700)]
    words += [Word(f"responsibilities{n}", 360 + n * 0.2, 360.1 + n * 0.2) for n in range(6)]
    with studio.rows():
        transcription.replace(editor.id, file_id, words, duration_s=400.0)
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"/captions?file={file_id}&style=builtin:bold-hook")
    expect(page.get_by_role("button", name="Correct “word0”")).to_be_visible()
    expect(page.get_by_role("button", name="Correct “word600”")).to_have_count(0)
    page.get_by_text("characters a second").wait_for()
    page.get_by_role("region", name="Before you burn them").get_by_role("button", name="Show").first.click()
    expect(page.get_by_role("button", name="Correct “responsibilities2”")).to_be_visible()
    expect(page.get_by_role("button", name="Correct “word0”")).to_have_count(0)
    until(lambda: inked(page))
