"""The page in a real browser: set-up, drop, mark, cut, watch, download; resume after a reload; every width; axe.

Debian's Chromium, driven by Playwright, against `fastclip serve` with its worker and the built pages.
"""

import re
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, Route, expect

from fastclip import sessions
from fastclip.accounts import Account
from fastclip.media import probe
from tests.conftest import BUNNY, PASSWORD
from tests.journeys.browsing import NARROW, WIDE, complaints
from tests.journeys.conftest import FASTCLIP, Running, until


def choose(page: Page, path: Path, button: str = "Choose a file") -> None:
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name=button).click()
    asked.value.set_files(path)


def open_recording(page: Page, path: Path) -> None:
    """Upload a file and wait for its picture."""
    choose(page, path)
    expect(page.get_by_role("toolbar", name="Playback")).to_be_visible()
    until(lambda: page.evaluate("document.querySelector('video')?.readyState >= 2"))


def test_the_first_owner_comes_by_the_printed_link(browser: Browser, tmp_path: Path):
    with subprocess.Popen(
        [*FASTCLIP, "serve", "--port", "0", "--data-dir", str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        link = until(lambda: re.search(r"http://\S+/setup#\S+", server.stdout.readline()))[0]
        with browser.new_context() as window:
            page = window.new_page()
            page.goto(link)
            page.get_by_label("Name").fill("Ana")
            page.get_by_label("Email").fill("ana@example.org")
            page.get_by_label("Password", exact=True).fill(PASSWORD)
            page.get_by_role("button", name="Create").click()
            expect(page.get_by_role("button", name="Try the sample")).to_be_visible()
            page.get_by_role("button", name="Try the sample").click()
            expect(page.get_by_role("toolbar", name="Playback")).to_be_visible()
        server.terminate()


def test_a_wrong_password_is_said_and_the_right_one_opens_the_studio(context: BrowserContext, editor: Account):
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Email").fill(editor.email)
    for password in ("not the password", PASSWORD):
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()
        if password != PASSWORD:
            expect(page.get_by_text("The address or the password is not right.")).to_be_visible()
    expect(page.get_by_role("button", name="Choose a file")).to_be_visible()


def test_a_recording_is_dropped_marked_cut_watched_and_downloaded(page: Page, tmp_path: Path):
    open_recording(page, BUNNY)
    playhead = page.get_by_label("Time of the playhead")
    for time, key in (("7.3", "i"), ("19.85", "o")):
        playhead.fill(time)
        playhead.press("Enter")
        page.get_by_role("region", name="Timeline").press(key)
    page.get_by_role("button", name=re.compile(r"Start \d+ frames (earlier|later): instant, lossless")).click()
    expect(page.get_by_text("Starts on a keyframe: instant, lossless")).to_be_visible()
    page.get_by_role("textbox", name="In point of Segment 1").fill("7.3")
    page.get_by_role("textbox", name="In point of Segment 1").press("Enter")
    page.get_by_role("textbox", name="Out point of Segment 1").fill("19.85")
    page.get_by_role("textbox", name="Out point of Segment 1").press("Enter")
    page.get_by_role("button", name="Cut 1 segment · $0.02").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").or_(page.get_by_role("button", name="Download")).click()
    download.value.save_as(tmp_path / "clip.mp4")
    assert download.value.suggested_filename == "big-buck-bunny-480p-30s_0-07-0-19.mp4"
    assert probe.read(tmp_path / "clip.mp4").frames == 301
    until(lambda: page.evaluate("[...document.querySelectorAll('video')].every(video => video.readyState >= 1)"))
    page.get_by_role("link", name="Library").first.click()
    expect(page.get_by_text("big-buck-bunny-480p-30s").first).to_be_visible()


def test_a_step_is_exactly_one_frame(page: Page):
    open_recording(page, BUNNY)
    timeline = page.get_by_role("region", name="Timeline")
    timeline.focus()
    shown = []
    for key in ("", ".", ".", ".", ",", ","):
        if key:
            page.keyboard.press(key)
        until(lambda: not page.evaluate("document.querySelector('video').seeking"))
        shown.append(page.evaluate("Math.floor(document.querySelector('video').currentTime * 24 + 1e-3)"))
    assert shown == [0, 1, 2, 3, 2, 1]


def test_an_upload_goes_on_after_a_reload_with_the_missing_parts_only(page: Page, tmp_path: Path):
    large = tmp_path / "large.mp4"
    padded(large, 80 * 2**20)  # 16 parts of the smallest size
    refusals = iter([True, True])
    is_first_page = True
    sent_before: set[str] = set()
    kept: set[str] = set()  # the parts that the server took
    sent_again: list[str] = []

    def answer(route: Route) -> None:
        if next(refusals, False):
            return route.fulfill(status=503)
        if is_first_page and len(kept) >= 3:
            return None  # never answered: the page is reloaded meanwhile
        (sent_before.add if is_first_page else sent_again.append)(part_of(route.request.url))
        return route.continue_()

    def heard(said: Response) -> None:
        if said.request.method == "PUT" and said.ok:
            kept.add(part_of(said.url))

    page.route("**/_s/uploads/**", lambda route: answer(route) if route.request.method == "PUT" else route.continue_())
    begun: list[dict] = []
    page.on("response", heard)
    page.on("request", lambda sent: begun.append(sent.post_data_json) if sent.url.endswith("/initiate") else None)
    choose(page, large)
    until(lambda: page.wait_for_timeout(100) or len(kept) >= 3)
    page.wait_for_timeout(500)  # the page writes down what was acknowledged
    before = set(kept)
    page.reload()
    expect(page.get_by_text(re.compile(r"Resume large\.mp4"))).to_be_visible()
    is_first_page = False  # not sooner: what the old page asked for is told late on a busy machine
    choose(page, large, "Choose the file")
    expect(page.get_by_role("toolbar", name="Playback")).to_be_visible()
    assert len(begun) == 1
    # What was on its way when the page went is known to the server alone, and may come once more.
    never_sent = {str(number + 1) for number in range(begun[0]["part_count"])} - sent_before
    assert len(before) >= 3 and never_sent <= set(sent_again) and not before & set(sent_again)
    assert len(sent_again) == len(set(sent_again))


def part_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["part"][0]


def padded(target: Path, size_bytes: int) -> None:
    """The sample with a `free` box behind it: a real recording as large as wished."""
    pad = size_bytes - BUNNY.stat().st_size
    target.write_bytes(BUNNY.read_bytes() + pad.to_bytes(4, "big") + b"free" + bytes(pad - 8))


@pytest.mark.parametrize("address", ["/", "/captions", "/library", "/settings", "/settings/keys"])
def test_axe_finds_nothing_wrong(page: Page, address: str):
    page.goto(address)
    page.wait_for_timeout(800)
    assert complaints(page) == []


def test_axe_finds_nothing_wrong_in_the_studio(page: Page):
    open_recording(page, BUNNY)
    page.get_by_role("region", name="Timeline").press("i")
    assert complaints(page) == []


@pytest.mark.parametrize("size", [WIDE, {"width": 1024, "height": 700}, NARROW], ids=["1440", "1024", "390"])
def test_no_page_is_wider_than_its_window(page: Page, size: dict[str, int]):
    page.set_viewport_size(size)
    open_recording(page, BUNNY)
    widths = [page.evaluate("document.documentElement.scrollWidth")]
    for address in ("/", "/captions", "/library", "/settings"):
        page.goto(address)
        page.wait_for_timeout(400)
        widths.append(page.evaluate("document.documentElement.scrollWidth"))
    assert max(widths) <= size["width"]


def test_a_person_can_work_with_the_keyboard_alone(page: Page):
    open_recording(page, BUNNY)
    page.get_by_role("region", name="Timeline").focus()
    for key in ("i", "Shift+ArrowRight", "o", "e"):
        page.keyboard.press(key)
    expect(page.get_by_text("Download").first).to_be_visible()
    page.keyboard.press("Shift+?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_stranger_of_another_account_sees_nothing_of_it(studio: Running, context: BrowserContext, page: Page):
    open_recording(page, BUNNY)
    file_id = re.search(r"upl_[0-9a-f]{12}", page.url)
    assert file_id
    other = studio.person("stranger")
    with studio.rows():
        token = sessions.begin(other.account.id)
    context.clear_cookies()
    context.add_cookies([{"name": "fc_session", "value": token, "url": studio.url}])
    page.reload()
    expect(page.get_by_text(re.compile("no upload|cannot be opened")).first).to_be_visible()
