"""The owner's settings in a real browser, beside a real worker and a real mail server."""

from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import BrowserContext, Page, expect

from fastclip.accounts import Account
from tests.contracts.conftest import free_port
from tests.journeys.browsing import NARROW, complaints, fits
from tests.journeys.conftest import Running, until
from tests.test_mail import Post


@pytest.fixture
def office() -> Iterator[Controller]:
    controller = Controller(Post(), hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


def test_the_owner_names_a_mail_server_tries_it_and_waiting_mails_go_out(
    page: Page, studio: Running, office: Controller
) -> None:
    member = studio.person("eve")
    member.post("/v1/support", subject="It waits", message="for a mail server").raise_for_status()
    page.goto("/owner/outbox")
    expect(page.get_by_text("Support: It waits")).to_be_visible()
    page.goto("/owner/settings")
    test = page.get_by_role("button", name="Send a test mail")
    expect(test).to_be_disabled()
    page.get_by_role("textbox", name="Mail server", exact=True).fill("https://127.0.0.1")
    page.get_by_role("textbox", name="Port of the mail server", exact=True).fill("no number")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Type a whole number.")).to_be_visible()
    page.get_by_role("textbox", name="Port of the mail server", exact=True).fill(str(office.port))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("without http:// and without a path")).to_be_visible()
    page.get_by_role("textbox", name="Mail server", exact=True).fill("127.0.0.1")
    page.get_by_role("textbox", name="Sender", exact=True).fill("clips@example.org")
    page.get_by_label("Protection").click()
    page.get_by_role("option", name="None, on this machine").click()
    page.get_by_label("Password", exact=True).fill("correct horse")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. It counts from now on.")).to_be_visible()
    expect(page.get_by_text("One is kept. It is never shown")).to_be_visible()
    assert complaints(page) == []
    test.click()
    expect(page.get_by_text("Handed to the mail server for editor@example.org.")).to_be_visible()
    until(lambda: len(office.handler.took) == 2)
    subjects = {message["Subject"] for _, _, message, _ in office.handler.took}
    assert subjects == {"A test mail of FastClip", "Support: It waits"}
    page.goto("/owner/outbox")
    expect(page.get_by_text("Sent", exact=True).last).to_be_visible()
    assert "correct horse" not in (studio.folder / "settings.toml").read_text()


def test_a_change_can_be_taken_back_and_what_the_command_says_is_not_changed_here(page: Page, studio: Running) -> None:
    page.goto("/owner/settings")
    expect(page.get_by_role("textbox", name="Port", exact=True)).to_be_disabled()  # `studio` is started with --port
    expect(page.get_by_text("Set by the command that started FastClip")).to_be_visible()
    page.get_by_role("textbox", name="Cuts and encodes", exact=True).fill("3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Until FastClip starts again, 2 is in force.")).to_be_visible()
    assert "ffmpeg_workers = 3" in (studio.folder / "settings.toml").read_text()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("textbox", name="Cuts and encodes", exact=True)).to_have_value("2")
    assert "ffmpeg_workers" not in (studio.folder / "settings.toml").read_text()
    page.set_viewport_size(NARROW)
    assert fits(page)


def test_where_the_owner_lets_anybody_in_a_stranger_joins(
    page: Page, context: BrowserContext, studio: Running, editor: Account
) -> None:
    assert context.browser
    with context.browser.new_context(base_url=studio.url) as theirs:
        door = theirs.new_page()
        door.goto("/join")
        expect(door.get_by_text("Joining takes an invite here")).to_be_visible()
        page.goto("/owner/settings")
        page.get_by_label("Anybody can join").check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved. It counts from now on.")).to_be_visible()
        door.goto("/sign-in")
        door.get_by_role("link", name="Create an account").click()
        door.get_by_label("Your name").fill("Frida")
        door.get_by_label("Email").fill("frida@example.org")
        door.get_by_label("Password", exact=True).fill("correct horse battery")
        assert complaints(door) == []
        door.get_by_role("button", name="Create account").click()
        expect(door.get_by_role("button", name="Try the sample")).to_be_visible()
