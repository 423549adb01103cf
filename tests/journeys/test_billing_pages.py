"""Money in a real browser: a deposit by hand, by card and in Bitcoin, storage, usage, and the owner's desk."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from fastclip import accounts, jobs, library, mail, sessions, store
from fastclip.accounts import Account
from fastclip.billing import ledger, manual
from tests.billing.providers import (
    BTCPAY_KEY,
    DECLINED,
    GOOD,
    STORE,
    STRIPE_KEY,
    BTCPayServer,
    LocalStripe,
    local_stripe,
)
from tests.conftest import PASSWORD
from tests.journeys.browsing import NARROW, PATIENCE_MS, WIDE, complaints, fits
from tests.journeys.conftest import Running, _end

JS = "https://js.stripe.test/v3/"
FORM = """
window.Stripe = key => ({
  elements: () => ({create: () => ({
    mount: place => { place.innerHTML = '<input aria-label="Card number">'; },
    destroy() {},
  })}),
  confirmCardPayment: async (secret, data) => {
    const error = await window.payAtStripe(secret, document.querySelector('[aria-label="Card number"]').value);
    return error ? {error: {message: error}} : {};
  },
});
"""
"""Stripe's form is Stripe's: this one takes a number and pays at localstripe what a real one would pay at Stripe."""


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStripe]:
    with local_stripe(tmp_path_factory.mktemp("localstripe")) as running:
        yield running


@pytest.fixture(scope="module")
def btcpay() -> Iterator[BTCPayServer]:
    with BTCPayServer() as running:
        yield running


@pytest.fixture(scope="module")
def shop(stripe: LocalStripe, btcpay: BTCPayServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that takes cards and Bitcoin."""
    environment = {
        "FASTCLIP_STRIPE_SECRET_KEY": STRIPE_KEY,
        "FASTCLIP_STRIPE_PUBLISHABLE_KEY": "pk_test_fastclip",
        "FASTCLIP_STRIPE_API": stripe.url,
        "FASTCLIP_STRIPE_JS": JS,
        "FASTCLIP_BTCPAY_API_KEY": BTCPAY_KEY,
        "FASTCLIP_BTCPAY_URL": btcpay.url,
        "FASTCLIP_BTCPAY_STORE": STORE,
        "FASTCLIP_DEPOSIT_INSTRUCTIONS": "Put it into the jar in the kitchen.",
    }
    running = Running(tmp_path_factory.mktemp("shop") / "data", environment=environment)
    running.folder.mkdir()
    running.start()
    yield running
    _end([running])


@pytest.fixture(scope="module")
def ana(shop: Running) -> Account:
    """A member who pays for herself, with a past: charges on several days, two pinned clips."""
    account = shop.person("ana", cents=700).account
    with shop.rows():
        for days, cents in ((20, 14), (9, 40), (2, 6), (1, 22), (0, 10)):
            charge(account, cents, days)
        for name, size in (("Keynote, the whole of it", 1_900_000_000), ("Q&A", 240_000_000)):
            pin(account, name, size)
    return account


def owner_of(shop: Running) -> Account:
    with shop.rows():
        found = accounts.owner()
    return found or shop.person("owner", role="owner").account


def charge(account: Account, cents: int, days_ago: int) -> None:
    """A job of the past, as the books have it."""
    ask, moment = {"start": 0, "end": 12.5}, store.now() - timedelta(days=days_ago)
    with store.write():
        job = jobs.add(account.id, "trim" if cents < 20 else "transcript", ask, lane="light", reserved_cents=cents)
        jobs.end_waiting(job)
        for kind, d_balance, d_reserved in (("reserve", -cents, cents), ("settle", 0, -cents)):
            ledger.LedgerEntry.create(
                account_id=account.id, kind=kind, d_balance_cents=d_balance, d_reserved_cents=d_reserved, ref=job.id,
                key=f"{kind}:{job.id}", created_at=moment,
            )  # fmt: skip
        Account.update(balance_cents=Account.balance_cents - cents).where(Account.id == account.id).execute()


def pin(account: Account, title: str, size_bytes: int) -> None:
    clip_id = f"0000{size_bytes:08d}"[-8:] + "-0000-4000-8000-000000000000"
    moment = store.now()
    with store.write():
        library.Clip.create(
            id=clip_id, account_id=account.id, job_id="job_1", kind="trim", title=title, file_name=f"{title}.mp4",
            format="mp4", quality="1080p", aspect_ratio="16:9", media_kind="video", duration_s=61.0, start_s=0.0,
            end_s=61.0, size_bytes=size_bytes, has_poster=False, captioned=False, pinned=True, expires_at=moment,
        )  # fmt: skip


@pytest.fixture
def window(browser: Browser, shop: Running, stripe: LocalStripe) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport=WIDE, color_scheme="dark", base_url=shop.url)
    opened.set_default_timeout(PATIENCE_MS)
    problems: list[str] = []
    opened.on("weberror", lambda error: problems.append(str(error.error)))
    opened.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
    opened.route(JS, lambda route: route.fulfill(body=FORM, content_type="text/javascript"))
    opened.expose_function("payAtStripe", lambda secret, number: paid(stripe, secret, number))
    yield opened
    opened.close()
    assert not problems


def paid(stripe: LocalStripe, secret: str, number: str) -> str:
    seen = stripe.pay(secret.split("_secret_")[0], stripe.card(number))
    return (seen.get("last_payment_error") or {}).get("message", "")


def signed_in(window: BrowserContext, shop: Running, account: Account) -> Page:
    with shop.rows():
        token = sessions.begin(account.id)
    window.add_cookies([{"name": "fc_session", "value": token, "url": shop.url}])
    return window.new_page()


def look(page: Page, name: str, folder: Path) -> None:
    """The page as it is seen, dark and light and small, for whoever looks; and what axe says of it."""
    assert complaints(page) == []
    for kind, size, scheme in (("dark", WIDE, "dark"), ("light", WIDE, "light"), ("small", NARROW, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        assert fits(page), f"{name} is wider than {kind}"
        page.screenshot(path=folder / f"{name}-{kind}.png", full_page=True)
    page.set_viewport_size(WIDE)


def balance(shop: Running, account: Account) -> int:
    with shop.rows():
        return ledger.balance(account.id)[0]


def test_a_card_is_declined_then_a_fresh_try_is_paid(
    window: BrowserContext, shop: Running, ana: Account, tmp_path: Path
) -> None:
    before = balance(shop, ana)
    page = signed_in(window, shop, ana)
    page.goto("/")
    page.get_by_role("button", name="Account of ana").or_(page.get_by_role("button", name="ana")).first.click()
    page.get_by_role("menuitem", name="Billing").click()
    expect(page.get_by_text("$50.00 + $30.00 bonus = $80.00 to spend")).to_have_count(0)
    page.get_by_role("button", name="$50.00", exact=True).click()
    expect(page.get_by_text("$50.00 + $30.00 bonus = $80.00 to spend")).to_be_visible()
    look(page, "billing", tmp_path)
    page.get_by_role("button", name="Continue with $50.00").click()
    page.get_by_label("Card number").fill(DECLINED)
    page.get_by_role("button", name="Pay $50.00").click()
    expect(page.get_by_role("alert")).to_contain_text("declined")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Continue with $50.00").click()
    page.get_by_label("Card number").fill(GOOD)
    page.get_by_role("button", name="Pay $50.00").click()
    expect(page.get_by_text("$80.00 added to your balance")).to_be_visible()
    assert balance(shop, ana) == before + 8000
    expect(page.get_by_text("Added", exact=True)).to_be_visible()


def test_a_deposit_by_hand_meets_the_owner(window: BrowserContext, shop: Running, ana: Account, tmp_path: Path) -> None:
    page = signed_in(window, shop, ana)
    page.goto("/settings/billing")
    page.get_by_text("By hand", exact=True).first.click()
    page.get_by_label("Amount in dollars").fill("4.99")
    expect(page.get_by_role("button", name="Add …")).to_be_disabled()
    page.get_by_label("Amount in dollars").fill("12.50")
    page.get_by_role("button", name="Add $12.50").click()
    expect(page.get_by_text("Put it into the jar in the kitchen.")).to_be_visible()
    expect(page.get_by_text("Waits for the owner", exact=True)).to_be_visible()
    owner = owner_of(shop)
    before = balance(shop, ana)
    desk = signed_in(window, shop, owner)
    desk.goto("/owner/deposits")
    expect(desk.get_by_text("ana@example.org")).to_be_visible()
    look(desk, "desk", tmp_path)
    desk.get_by_role("button", name="Approve as paid").click()
    expect(desk.get_by_text("Nothing waits for you")).to_be_visible()
    assert balance(shop, ana) >= before + 1250
    desk.get_by_label("Email of the person").fill("ana@example.org")
    desk.get_by_label("Dollars").fill("1")
    desk.get_by_role("button", name="Give $1.00").click()
    expect(desk.get_by_text("$1.00 given to ana@example.org")).to_be_visible()


def test_an_invoice_is_paid_in_bitcoin_and_more_than_asked(
    window: BrowserContext, shop: Running, btcpay: BTCPayServer, tmp_path: Path
) -> None:
    page = signed_in(window, shop, shop.person(cents=100).account)
    page.goto("/settings/billing")
    page.get_by_text("Bitcoin", exact=True).first.click()
    page.get_by_role("button", name="$10.00", exact=True).click()
    page.get_by_role("button", name="Continue with $10.00").click()
    dialog = page.get_by_role("dialog", name="Pay $10.00 in Bitcoin")
    expect(dialog.get_by_text("Waiting for your payment", exact=True)).to_be_visible()
    (ref,) = btcpay.invoices
    expect(dialog.get_by_role("link", name="Open the invoice")).to_have_attribute("href", f"{btcpay.url}/i/{ref}")
    look(page, "bitcoin", tmp_path)
    btcpay.becomes(ref, "Processing")
    expect(dialog.get_by_text("Paid; waiting for the network to confirm it").first).to_be_visible()
    look(page, "bitcoin-processing", tmp_path)
    btcpay.becomes(ref, "Settled", additional="PaidOver", paid="12.00")
    expect(page.get_by_text("$18.00 added to your balance")).to_be_visible()
    expect(dialog).to_have_count(0)


def test_usage_is_a_chart_a_table_and_a_file(
    window: BrowserContext, shop: Running, ana: Account, tmp_path: Path
) -> None:
    page = signed_in(window, shop, ana)
    page.goto("/settings/usage")
    expect(page.get_by_role("table", name="By operation")).to_contain_text("Transcript")
    expect(page.locator("canvas")).to_be_visible()
    look(page, "usage", tmp_path)
    with page.expect_download() as got:
        page.get_by_role("link", name="Download CSV").click()
    lines = Path(got.value.path()).read_text().splitlines()
    assert lines[0].startswith("date,time,operation") and len(lines) == 6
    page.get_by_text("7 days", exact=True).click()
    expect(page.get_by_text("3 charges")).to_be_visible()


def test_the_owner_reads_what_everybody_used_and_the_mails_that_wait(
    window: BrowserContext, shop: Running, ana: Account, tmp_path: Path
) -> None:
    with shop.rows():
        mail.send("ben@example.org", "Join FastClip", "Open this link: http://box.local/join#abc")
    page = signed_in(window, shop, owner_of(shop))
    page.goto("/owner/usage")
    expect(page.get_by_role("row", name="ana@example.org")).to_contain_text("metered")
    look(page, "usage-of-all", tmp_path)
    page.goto("/owner/outbox")
    page.get_by_text("Join FastClip").click()
    expect(page.get_by_text("Open this link: http://box.local/join#abc")).to_be_visible()
    look(page, "outbox", tmp_path)
    page.get_by_text("Not sent", exact=True).click()
    expect(page.get_by_text("None of these")).to_be_visible()


def test_storage_shows_what_can_go_and_sells_more(
    window: BrowserContext, shop: Running, ana: Account, tmp_path: Path
) -> None:
    with shop.rows():
        manual.grant(ana.id, 2000, key="storage")
    page = signed_in(window, shop, ana)
    page.goto("/settings/storage")
    expect(page.get_by_text("2.14 GB of 10 GB")).to_be_visible()
    look(page, "storage", tmp_path)
    page.get_by_role("button", name="Unpin Keynote, the whole of it").click()
    expect(page.get_by_text("240 MB of 10 GB")).to_be_visible()
    page.get_by_role("button", name="5 GB · $9.00", exact=True).click()
    page.get_by_role("button", name="Buy for $9.00").click()
    expect(page.get_by_text("10 GB included, 5 GB bought")).to_be_visible()
    page.get_by_label("Another amount").fill("100")
    expect(page.get_by_role("button", name="Buy for $99.00")).to_be_enabled()


def test_a_guard_of_the_card_is_taken_away_with_the_password(
    window: BrowserContext, shop: Running, ana: Account
) -> None:
    page = signed_in(window, shop, ana)
    page.goto("/settings/billing")
    page.get_by_role("checkbox", name="Programs may reload the balance").check()
    mail = page.get_by_role("checkbox", name="Ask me by mail each time")
    mail.click()
    page.get_by_role("textbox", name="Your password").fill("not it, surely")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("alert")).to_contain_text("The password is not right.")
    expect(mail).to_be_checked()
    page.get_by_role("textbox", name="Your password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Off: the card is charged at once.")).to_be_visible()
