"""The AI tab in a real browser: moments are found in what is said, played, kept, made into clips; pauses go."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from fastclip import sessions
from fastclip.ai import models
from tests.ai.conftest import TINY
from tests.conftest import make
from tests.journeys.browsing import NARROW, WIDE, complaints, fits
from tests.journeys.conftest import Person, Running, until

LONG_MS = 120_000


@pytest.fixture(scope="module")
def finder(studio: Running) -> Person:
    """An owner on a machine with the small Whisper."""
    models.add(studio.folder / "models", TINY, name="tiny-espeak")
    return studio.person("finder", role="owner")


@pytest.fixture(scope="module")
def interview(finder: Person, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two minutes of talk under a small picture, uploaded."""
    path = tmp_path_factory.mktemp("talk") / "interview.mp4"
    picture, sound = "testsrc2=s=128x72:r=5:d=122", str(TINY / "demos" / "demo120.wav")
    options = ("-preset", "ultrafast", "-g", "10", "-shortest", "-c:a", "aac")
    make("-f", "lavfi", "-i", picture, "-i", sound, *options, str(path))
    return finder.send(path)["file_id"]


@pytest.fixture
def page(context: BrowserContext, studio: Running, finder: Person, interview: str) -> Page:
    """The studio with the interview in it, the AI tab open."""
    with studio.rows():
        token = sessions.begin(finder.account.id)
    context.add_cookies([{"name": "fc_session", "value": token, "url": studio.url}])
    opened = context.new_page()
    opened.goto(f"/studio?file={interview}")
    opened.get_by_role("tab", name="AI").click()
    return opened


def test_a_moment_is_found_played_kept_and_adjusted_and_nothing_is_said_honestly(page: Page):
    expect(page.get_by_text("Find the best parts")).to_be_visible()
    asked = page.get_by_label("What are you looking for?")
    asked.fill("the music and the concert")
    page.get_by_role("button", name="Find moments · $0.08").click()
    card = page.get_by_role("region", name="Moments").get_by_role("listitem").filter(has_text="%").first
    expect(card).to_contain_text("concert", timeout=LONG_MS)
    expect(page.get_by_text("Found by meaning and words")).to_be_visible()
    card.get_by_text("Why this one").click()
    expect(card.get_by_text("Starts and ends on a sentence")).to_be_visible()
    card.get_by_role("button", name="Play ").click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    card.get_by_role("button", name="Add as segment").click()
    expect(card.get_by_role("button", name="Added")).to_be_disabled()
    card.get_by_role("button", name="Adjust").click()
    expect(page.get_by_role("list", name="Segments").get_by_role("listitem")).to_have_count(1)
    page.get_by_role("tab", name="AI").click()
    asked.fill("photosynthesis in deep sea volcanoes")
    asked.press("Enter")
    expect(page.get_by_text("Nothing fits", exact=True)).to_be_visible(timeout=LONG_MS)
    page.reload()
    page.get_by_role("tab", name="AI").click()
    expect(page.get_by_text("Nothing fits", exact=True)).to_be_visible()


def test_clips_are_made_of_a_search(page: Page):
    page.get_by_text("Make clips", exact=True).click()
    page.get_by_label("What are you looking for?").fill("one clip about the music")
    page.get_by_role("button", name="Make clips · $0.10").click()
    made = page.get_by_role("region", name="Clips for “one clip about the music”")
    expect(made.get_by_text("1 of 1 clip")).to_be_visible(timeout=LONG_MS)
    with page.expect_download() as downloaded:
        made.get_by_role("link", name="Download ").click()
    assert Path(downloaded.value.path()).stat().st_size > 1000
    page.get_by_role("tab", name="Clips").click()
    listed = page.get_by_role("list", name="Clips").get_by_role("listitem")
    card = listed.filter(has_text="Clips for “one clip about the music”").first
    expect(card).to_contain_text("1 of 1 clip · $0.10")
    expect(card.get_by_role("listitem")).to_contain_text("Ready")
    card.get_by_role("button", name="Play ").click()
    until(lambda: card.locator("video").evaluate("it => it.videoWidth > 0"), 30)


def test_a_recording_is_tightened_and_what_is_left_becomes_segments_or_one_clip(page: Page):
    page.get_by_text("Tighten", exact=True).click()
    page.get_by_role("button", name="Look for pauses, fillers and repeats").click()
    rows = page.get_by_role("list", name="Proposals").get_by_role("listitem")
    expect(rows.first).to_contain_text("Pause")
    shorter = page.get_by_role("status").filter(has_text="shorter")
    before = shorter.inner_text()
    rows.first.get_by_role("checkbox").click()
    expect(shorter).not_to_have_text(before)
    page.get_by_role("button", name="Export as one clip").click()
    expect(page.get_by_role("tab", name="Clips")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=LONG_MS)
    page.get_by_role("tab", name="AI").click()
    page.get_by_role("button", name="Mark ").click()
    assert page.get_by_role("list", name="Segments").get_by_role("listitem").count() > 1


def test_what_was_kept_to_learn_from_is_deleted_in_the_settings(page: Page, finder: Person):
    page.goto("/settings")
    section = page.locator("section").filter(has_text="Moments offered to you").last
    expect(section).to_contain_text("done with them")
    section.get_by_role("button", name="Delete").click()
    assert complaints(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(section.get_by_text("Nothing is kept")).to_be_visible()
    assert finder.get("/v1/moments")["offered"] == 0


def test_axe_finds_nothing_wrong_with_the_tab_and_it_fits_a_phone(page: Page):
    for mode in ("Make clips", "Tighten", "Find"):
        page.get_by_text(mode, exact=True).click()
        assert complaints(page) == []
        page.set_viewport_size(NARROW)
        assert fits(page)
        page.set_viewport_size(WIDE)
