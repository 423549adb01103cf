"""A browser as the journeys use it: Debian's Chromium, driven by Playwright, with what each of them needs of it."""

import time
from pathlib import Path

from playwright.sync_api import Page, Route, expect

AXE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
# Without these Chromium asks the internet for updates, which is not there.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
QUIET += ["--disable-sync", "--no-first-run", "--disable-quic"]
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def fits(page: Page) -> bool:
    """Whether the page is no wider than its window; a page that was just resized is laid out in its own time."""
    until = time.monotonic() + 5
    while not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):  # waiting in the page needs eval
        if time.monotonic() > until:
            return False
        page.wait_for_timeout(50)
    return True


def complaints(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands, in light and in dark."""
    page.evaluate(AXE.read_text())  # not a script tag: the page's policy forbids those
    found = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        said = _said_by_axe(page)
        for _ in range(3):  # on a busy machine colours still fade from one scheme to the other
            said = said and _said_by_axe(page)
        found += [f"{scheme}: {one}" for one in said]
    return found


def _said_by_axe(page: Page) -> list[str]:
    page.wait_for_timeout(300)
    rules = page.evaluate("axe.run().then(found => found.violations)")
    return [f"{rule['id']}: {node['html'][:160]}" for rule in rules for node in rule["nodes"]]


def forbid_webassembly(route: Route) -> None:
    """Lets the page come with a policy under which no WebAssembly runs."""
    answer = route.fetch()
    policy = answer.headers["content-security-policy"].replace(" 'wasm-unsafe-eval'", "")
    route.fulfill(response=answer, headers=answer.headers | {"content-security-policy": policy})
