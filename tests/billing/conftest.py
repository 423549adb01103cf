"""An open data folder whose providers are the ones of tests, and what is announced there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fastclip import settings, webhooks
from fastclip.billing import payments
from fastclip.settings import Settings
from tests.billing.providers import (
    BTCPAY_HOOK_SECRET,
    BTCPAY_KEY,
    STORE,
    STRIPE_HOOK_SECRET,
    STRIPE_KEY,
    BTCPayServer,
    LocalStripe,
    local_stripe,
)

News = list[tuple[str, dict[str, Any]]]
Open = Callable[..., None]
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def stripe_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStripe]:
    with local_stripe(tmp_path_factory.mktemp("localstripe")) as running:
        yield running


@pytest.fixture
def btcpay_server() -> Iterator[BTCPayServer]:
    with BTCPayServer() as running:
        yield running


@pytest.fixture
def told(data: Settings, monkeypatch: pytest.MonkeyPatch) -> News:
    """What was announced, oldest first; it is announced to webhooks all the same."""
    heard: News = []
    announce = webhooks.announce

    def listening(account_id: str, event: str, said: dict[str, Any]) -> None:
        heard.append((event, said))
        announce(account_id, event, said)

    monkeypatch.setattr(webhooks, "announce", listening)
    return heard


@pytest.fixture
def provide(
    data: Settings, stripe_server: LocalStripe, btcpay_server: BTCPayServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    """Opens the payments with both providers; again with other settings when called."""
    given = {
        "stripe_secret_key": STRIPE_KEY,
        "stripe_webhook_secret": STRIPE_HOOK_SECRET,
        "btcpay_api_key": BTCPAY_KEY,
        "btcpay_webhook_secret": BTCPAY_HOOK_SECRET,
    }
    for name, value in given.items():
        monkeypatch.setenv(f"FASTCLIP_{name.upper()}", value)

    def opened(**changed: str) -> None:
        set_to = {
            "stripe_publishable_key": "pk_test_fastclip",
            "stripe_api": stripe_server.url,
            "btcpay_url": btcpay_server.url,
            "btcpay_store": STORE,
        }
        payments.open(settings.load(data.data_dir, **set_to | changed))

    opened()
    yield opened
    monkeypatch.undo()
    payments.open(data)
