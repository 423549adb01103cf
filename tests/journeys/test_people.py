"""People in a real browser: the owner invites, a teammate joins, doors are closed; a shared clip is watched."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from fastclip import accounts, retention, sessions
from tests.conftest import PASSWORD
from tests.journeys.browsing import NARROW, PATIENCE_MS, WIDE, complaints, fits
from tests.journeys.conftest import Person, Running


@pytest.fixture(scope="module")
def owner(studio: Running) -> Person:
    return studio.person("ana", role="owner")


@pytest.fixture
def desk(browser: Browser, studio: Running, owner: Person) -> Iterator[Page]:
    with signed_in(browser, studio, owner) as context:
        yield context.new_page()


def signed_in(browser: Browser, studio: Running, person: Person) -> BrowserContext:
    context = window(browser, studio)
    with studio.rows():
        token = sessions.begin(person.account.id)
    context.add_cookies([{"name": "fc_session", "value": token, "url": studio.url}])
    return context


def window(browser: Browser, studio: Running) -> BrowserContext:
    context = browser.new_context(viewport=WIDE, color_scheme="dark", base_url=studio.url)
    context.set_default_timeout(PATIENCE_MS)
    return context


def test_the_owner_invites_and_the_teammate_who_opens_the_link_is_in(
    browser: Browser, studio: Running, desk: Page
) -> None:
    desk.goto("/owner")
    pays = desk.get_by_role("radiogroup", name="Who pays", exact=True)
    pays.get_by_text("Metered").click()
    expect(pays.get_by_label("Metered")).to_be_checked()
    desk.get_by_role("button", name="Create invite").click()
    link = desk.get_by_role("textbox", name="Link").input_value()
    desk.get_by_role("button", name="Done").click()
    expect(desk.get_by_text("Whoever has the link")).to_be_visible()
    with window(browser, studio) as theirs:
        page = theirs.new_page()
        page.goto(link)
        expect(page.get_by_text("ana invites you")).to_be_visible()
        assert complaints(page) == []
        page.get_by_label("Your name").fill("Dora")
        page.get_by_label("Email").fill("dora@example.org")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Create account").click()
        expect(page.get_by_role("button", name="Try the sample")).to_be_visible()
    desk.reload()
    expect(desk.get_by_text("dora@example.org")).to_be_visible()
    expect(desk.get_by_role("radiogroup", name="Who pays for Dora").get_by_label("Metered")).to_be_checked()
    assert complaints(desk) == []
    desk.set_viewport_size(NARROW)
    assert fits(desk)


def test_who_pays_stays_as_it_was_chosen_when_the_list_comes_late(desk: Page) -> None:
    with desk.expect_request("**/v1/admin/invites") as asked:
        held: list[Route] = []
        desk.route("**/v1/admin/invites", lambda route: held.append(route) if not held else route.continue_())
        desk.goto("/owner")
        pays = desk.get_by_role("radiogroup", name="Who pays", exact=True)
        pays.get_by_text("Metered").click()
    assert asked.value.method == "GET"
    held[0].continue_()
    expect(desk.get_by_text("No open invites").or_(desk.get_by_text("Whoever has the link")).first).to_be_visible()
    expect(pays.get_by_label("Metered")).to_be_checked()


def test_a_password_link_and_removal_are_made_on_the_desk(browser: Browser, studio: Running, desk: Page) -> None:
    member = studio.person("elif")
    desk.goto("/owner/members")
    desk.get_by_role("button", name="Actions for elif").click()
    desk.get_by_role("menuitem", name="Make a password link").click()
    link = desk.get_by_role("textbox", name="Link").input_value()
    desk.get_by_role("button", name="Done").click()
    with window(browser, studio) as theirs:
        page = theirs.new_page()
        page.goto(link)
        page.get_by_label("New password", exact=True).fill("staple wagon lantern")
        page.get_by_role("button", name="Set password and sign in").click()
        expect(page.get_by_role("button", name="Try the sample")).to_be_visible()
    desk.get_by_role("button", name="Actions for elif").click()
    desk.get_by_role("menuitem", name="Remove").click()
    desk.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(desk.get_by_text(member.account.email)).to_have_count(0)


def test_a_browser_that_calls_its_language_c_shows_the_pages(browser: Browser, studio: Running, owner: Person) -> None:
    with signed_in(browser, studio, owner) as context:  # WebKitGTK does, where the system has no locale
        context.add_init_script("Object.defineProperty(Navigator.prototype, 'language', { get: () => 'C' })")
        page = context.new_page()
        page.goto("/settings/usage")
        expect(page.get_by_role("heading", name="Usage", level=2)).to_be_visible()


def test_a_name_and_an_address_are_changed_in_the_settings(browser: Browser, studio: Running) -> None:
    member = studio.person("gus")
    with signed_in(browser, studio, member) as context:
        page = context.new_page()
        page.goto("/settings")
        page.get_by_label("Name").fill("Gustav")
        page.get_by_role("textbox", name="Email").fill("gustav@example.org")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Enter your password.")).to_be_visible()
        page.get_by_label("Current password").fill("not the password")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("The password is not right.")).to_be_visible()
        page.get_by_label("Current password").fill(PASSWORD)
        assert complaints(page) == []
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Your account was changed")).to_be_visible()
        expect(page.get_by_role("button", name="Save")).to_have_count(0)
        page.reload()
        expect(page.get_by_role("textbox", name="Email")).to_have_value("gustav@example.org")
    with studio.rows():
        changed = accounts.by_id(member.account.id)
        assert (changed.name, changed.email) == ("Gustav", "gustav@example.org")


def test_sessions_are_seen_and_ended_in_the_settings(browser: Browser, studio: Running, owner: Person) -> None:
    with signed_in(browser, studio, owner) as other, signed_in(browser, studio, owner) as mine:
        page, gone = mine.new_page(), other.new_page()
        gone.goto("/library")
        page.goto("/settings/security")
        expect(page.get_by_text("This browser")).to_be_visible()
        assert complaints(page) == []
        page.get_by_role("button", name="Sign out everywhere else").click()
        expect(page.get_by_role("button", name="Sign out everywhere else")).to_have_count(0)
        gone.reload()
        expect(gone.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_shared_clip_is_watched_counted_once_and_framed_only_as_an_embed(
    browser: Browser, studio: Running, owner: Person, tiny: Path
) -> None:
    job = owner.cut(owner.send(tiny)["file_id"], 0, 2)
    with window(browser, studio) as theirs:
        page = theirs.new_page()
        for _ in range(2):
            page.goto(job["share_url"])
            page.evaluate("document.querySelector('video').muted = true")
            with page.expect_response(re.compile("/view$")) as counted:
                page.evaluate("document.querySelector('video').play()")
            assert counted.value.json()["views"] == 1
            expect(page.get_by_text("1 view")).to_be_visible()
        assert complaints(page) == []
        framed = [f"<iframe src='{studio.url}{job[kind]}'></iframe>" for kind in ("embed_url", "share_url")]
        page.goto("/healthz")  # a page that may frame, of a site
        page.set_content("".join(framed))
        expect(page.frame_locator("iframe >> nth=0").locator("video")).to_be_visible()
        expect(page.frame_locator("iframe >> nth=1").locator("video")).to_have_count(0)
        with signed_in(browser, studio, owner) as context:
            mine = context.new_page()
            mine.goto(f"/library/{job['clip_id']}")
            expect(mine.get_by_text("Views", exact=True)).to_be_visible()
            mine.get_by_role("dialog").get_by_role("button", name=re.compile("^Actions for")).click()
            mine.get_by_role("menuitem", name="Hide the view count").click()
            expect(mine.get_by_text("1, hidden from visitors")).to_be_visible()
        page.goto(job["share_url"])
        expect(page.get_by_role("link", name="Download")).to_be_visible()
        expect(page.get_by_text("1 view")).to_have_count(0)
        with studio.rows():
            retention.delete(owner.account.id, job["clip_id"])
        page.goto(job["share_url"])
        expect(page.get_by_role("heading", name="This clip is no longer here")).to_be_visible()
