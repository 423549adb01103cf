"""Webhooks and support in a real browser, on a running server with its worker and a receiver on this machine."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from fastclip import webhooks
from tests.journeys.browsing import NARROW, complaints
from tests.journeys.conftest import Running, until
from tests.receiver import Receiver


@pytest.fixture(scope="module")
def studio(telling_studio: Running) -> Running:
    return telling_studio


def shot(page: Page, name: str) -> None:
    """A picture to look at, where FASTCLIP_SHOTS (of the shell that runs the test) names a folder."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def test_a_webhook_is_added_tested_looked_into_replayed_and_deleted(page: Page, receiver: Receiver) -> None:
    page.get_by_role("button", name="Account of").or_(page.locator("button.account")).first.click()
    page.get_by_role("menuitem", name="Webhooks").click()
    expect(page.get_by_text("No webhooks yet")).to_be_visible()
    page.get_by_role("button", name="Add webhook").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Address").fill("http://127.0.0.1:9/hook")
    shot(page, "form")
    form.get_by_role("button", name="Add webhook").click()
    expect(form.get_by_role("alert")).to_have_text("Port 9 is not one that webhooks are sent to; use another.")
    form.get_by_label("Address").fill(receiver.url)
    form.get_by_role("button", name="Add webhook").click()
    secret = page.get_by_label("The webhook’s secret").input_value()
    assert secret.startswith("whsec_")
    page.get_by_role("button", name="I have stored it").click()

    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("Delivered", exact=True)).to_be_visible()
    (one,) = receiver.came
    assert one.headers["x-fastclip-signature"] == webhooks.sign(secret, one.body.decode())
    page.locator("summary").click()
    expect(page.get_by_role("region", name="What was sent for clip.complete")).to_contain_text('"test": true')
    shot(page, "deliveries")
    assert not complaints(page)
    page.emulate_media(color_scheme="light")
    shot(page, "deliveries-light")
    page.set_viewport_size(NARROW)
    shot(page, "deliveries-narrow")
    page.get_by_role("button", name="Send again").click()
    until(lambda: len(receiver.came) == 2)
    assert {came.delivery_id for came in receiver.came} == {one.delivery_id}

    receiver.answer = lambda came: 410
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("The receiver answered 410.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Disabled: The receiver answered 410 Gone.")).to_be_visible()
    shot(page, "disabled-narrow")
    page.get_by_role("button", name=re.compile("More for")).click()
    page.get_by_role("menuitem", name="Turn on").click()
    expect(page.get_by_text("On", exact=True)).to_be_visible()
    page.get_by_role("button", name=re.compile("More for")).click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No webhooks yet")).to_be_visible()


def test_a_message_to_support_is_sent_and_may_be_followed_by_another(page: Page) -> None:
    page.goto("/settings/support")
    page.get_by_label("Subject").fill("A clip ends too early")
    page.get_by_label("What happened, and what did you expect?").fill("It ends at 48 s.")
    shot(page, "support")
    assert not complaints(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text(re.compile(r"It is kept as tkt_\w+"))).to_be_visible()
    page.get_by_role("button", name="Write another").click()
    page.get_by_text("An idea").click()
    expect(page.get_by_label("What would you do with it?")).to_be_visible()
