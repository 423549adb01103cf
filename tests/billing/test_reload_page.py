"""Reloads over HTTP: by script, and by the page that a mail leads to, in a real browser."""

import re
import shutil
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import sync_playwright

from fastclip import accounts
from fastclip.billing import ledger, payments, reload
from fastclip.mail import Mail
from tests.api.conftest import Site, open_site
from tests.billing.providers import GOOD, STRIPE_HOOK_SECRET, STRIPE_KEY, LocalStripe, local_stripe
from tests.conftest import PASSWORD
from tests.serving import until

MEMBER = "member@example.org"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStripe]:
    with local_stripe(tmp_path_factory.mktemp("localstripe")) as running:
        yield running


@pytest.fixture(scope="module")
def site(stripe: LocalStripe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A member with a saved card, who reloads by mail."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTCLIP_STRIPE_SECRET_KEY", STRIPE_KEY)
        patch.setenv("FASTCLIP_STRIPE_WEBHOOK_SECRET", STRIPE_HOOK_SECRET)
        given = {"stripe_publishable_key": "pk_test_fastclip", "stripe_api": stripe.url}
        with open_site(tmp_path_factory.mktemp("site"), **given) as opened:
            account = accounts.by_email(MEMBER)
            stripe.card(GOOD, customer=payments.cards_provider()._customer(account))
            yield opened
    payments.open(opened.settings)


@pytest.fixture
def script(site: Site) -> Iterator[httpx.Client]:
    reload._tries.clear()
    with site.client(Authorization=f"Bearer {site.member_key}") as opened:
        yield opened


def switch(site: Site, **asked: object) -> httpx.Response:
    with site.signed_in(MEMBER) as browser:
        return browser.post("/v1/account/reload-settings", json=asked | {"current_password": PASSWORD})


def balance(site: Site) -> int:
    return ledger.balance(accounts.by_email(MEMBER).id)[0]


def link() -> str:
    mail = Mail.select().order_by(Mail.created_at.desc(), Mail.id.desc()).get()
    return re.search(r"http://\S+", mail.text)[0]


def test_settings_are_read_by_a_key_and_changed_by_a_person(site: Site, script: httpx.Client) -> None:
    said = switch(site, enabled=True, email_confirmation=True).json()
    assert script.get("/v1/account/reload-settings").json() == said and said["enabled"]
    refused = script.post("/v1/account/reload-settings", json={"email_confirmation": False})
    assert (refused.status_code, refused.json()["code"]) == (403, "session_required")


@pytest.mark.parametrize("header", ["Idempotency-Key", "X-Idempotency-Key", None])
def test_a_direct_reload_takes_its_key_from_body_or_header(
    site: Site, script: httpx.Client, header: str | None
) -> None:
    switch(site, enabled=True, email_confirmation=False).raise_for_status()
    before, key = balance(site), f"reload-{header}-1"
    headers, body = ({header: key}, {}) if header else ({}, {"attempt_key": key})
    answers = [script.post("/v1/reload", json={"amount": 500} | body, headers=headers).json() for _ in range(2)]
    assert answers[0] == answers[1] and answers[0]["attempt_key"] == key
    assert answers[0]["card"] == {"brand": "visa", "last4": "4242"}
    assert balance(site) == before + 500 + round(answers[0]["bonus"] * 100)


def test_two_keys_that_differ_are_refused(site: Site, script: httpx.Client) -> None:
    switch(site, enabled=True, email_confirmation=False).raise_for_status()
    for header in ("Idempotency-Key", "X-Idempotency-Key"):
        ask = {"amount": 500, "attempt_key": "reload-here"}
        answer = script.post("/v1/reload", json=ask, headers={header: "reload-there"})
        assert (answer.status_code, answer.json()["param"]) == (400, "attempt_key")
    assert script.post("/v1/reload", json={"amount": 500}).status_code == 400


def test_a_script_can_approve_too_and_the_link_works_once(site: Site, script: httpx.Client) -> None:
    switch(site, enabled=True, email_confirmation=True).raise_for_status()
    before = balance(site)
    said = script.post("/v1/reload", json={"amount": 500}).json()
    assert said["pending"] is True and said["amount"] == 5.0
    address = link()
    assert address.startswith(f"{site.address}/v1/reload/approve?token=")
    for _ in range(3):
        page = httpx.get(address)
        assert page.status_code == 200 and "$5.00" in page.text and MEMBER in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"] and "<script" not in page.text
    token = address.split("=")[1]
    approved = httpx.post(f"{site.address}/v1/reload/approve", json={"token": token}).json()
    assert approved["ok"] and approved["amount"] == 5.0 and balance(site) > before
    again = httpx.post(f"{site.address}/v1/reload/approve", json={"token": token})
    assert (again.status_code, again.json()["code"]) == (410, "link_expired")
    looked = httpx.get(address)
    assert looked.status_code == 410 and "used already" in looked.text


def test_a_token_is_never_markup(site: Site) -> None:
    page = httpx.get(f"{site.address}/v1/reload/approve", params={"token": "<script>alert(1)</script>"})
    assert page.status_code == 410 and "<script" not in page.text
    form = httpx.post(f"{site.address}/v1/reload/approve", data={"token": "<img src=x>"})
    assert form.status_code == 410 and "<img" not in form.text


def test_another_site_cannot_press_the_button(site: Site) -> None:
    for origin in ("https://evil.example", "null"):
        answer = httpx.post(f"{site.address}/v1/reload/approve", data={"token": "x"}, headers={"Origin": origin})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_pressing_the_button_in_a_browser_reloads(site: Site, script: httpx.Client) -> None:
    switch(site, enabled=True, email_confirmation=True).raise_for_status()
    before = balance(site)
    script.post("/v1/reload", json={"amount": 500}).raise_for_status()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": 390, "height": 700})
            page.goto(link())
            page.get_by_role("button", name="Approve and charge $5.00").click()
            page.get_by_role("heading", name="Reloaded").wait_for()
            assert "The balance is" in page.content()
        finally:
            browser.close()
    assert balance(site) > before


def test_stripe_itself_tells_of_a_payment(site: Site, script: httpx.Client, stripe: LocalStripe) -> None:
    """localstripe signs and sends, as Stripe does; the attempt is credited without anybody finalizing it."""
    stripe.send_events_to(f"{site.address}/v1/hooks/stripe")
    before = balance(site)
    asked = script.post("/v1/deposit", json={"amount": 500, "provider": "stripe"}).raise_for_status().json()
    stripe.pay(asked["client_secret"].split("_secret_")[0], stripe.card(GOOD))
    assert until(lambda: balance(site) > before, 60)
    stripe.send_events_to("http://127.0.0.1:9/")
