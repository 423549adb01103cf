"""A site: opened stores, an owner and a member, and the web application on a real socket."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from fastclip import accounts, api_keys, rules, settings, store
from fastclip.api import app as web
from fastclip.api.rates import Rates
from fastclip.settings import Settings
from fastclip.standing import Standing
from tests.serving import running

PASSWORD = "correct horse battery"
SECRET = "the secret of run.json"


@dataclass
class Site:
    address: str
    standing: Standing
    owner_id: str
    key: str
    member_key: str
    stopping: threading.Event
    focused: list[str]

    @property
    def settings(self) -> Settings:
        return self.standing.now

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.address, headers=headers, timeout=30)

    def with_key(self) -> httpx.Client:
        return self.client(Authorization=f"Bearer {self.key}")

    @contextmanager
    def signed_in(self, email: str = "owner@example.org") -> Iterator[httpx.Client]:
        """A browser: it has the cookie, and its page sends Origin and the CSRF token."""
        with self.client(Origin=self.address) as client:
            answer = client.post("/v1/auth/sign-in", json={"email": email, "password": PASSWORD}).raise_for_status()
            client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
            yield client


@contextmanager
def open_site(
    folder: Path, *, pages_folder: Path | None = None, rates: Rates | None = None, **flags: Any
) -> Iterator[Site]:
    loaded = settings.load(folder / "data", queue="memory://", **flags)
    store.open(loaded)
    owner = accounts.add("owner@example.org", PASSWORD, role="owner")
    member = accounts.add("member@example.org", PASSWORD, role="member", is_covered=False)
    stopping, focused = threading.Event(), list[str]()
    standing = Standing(loaded)
    app = web.build(
        standing,
        stopping=stopping,
        secret=SECRET,
        on_focus=lambda: focused.append("focus"),
        pages_folder=pages_folder or folder / "no pages",
        rates=rates or _no_end(),
    )
    with running(app) as address:
        keys = [api_keys.add(who.id, "tests")[1] for who in (owner, member)]
        yield Site(address, standing, owner.id, keys[0], keys[1], stopping, focused)
        stopping.set()
    store.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for the tests of a file."""
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    """Nobody in particular."""
    with site.client() as opened:
        yield opened


def _no_end() -> Rates:
    """As many requests as a test likes."""
    per_minute, per_hour = (dict.fromkeys(names, 100_000) for names in (rules.RATES_PER_MINUTE, rules.RATES_PER_HOUR))
    return Rates(per_minute, hourly=per_hour)
