import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastclip import rules
from fastclip.api.rates import BY_ADDRESS, Rates, address_block
from fastclip.errors import RateLimited
from tests.api.conftest import Site, open_site
from tests.serving import until


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which stands still at the beginning of a window, until a test moves it."""
    now = [time.time() // 3600 * 3600 + 1]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


@pytest.mark.parametrize("name", rules.RATES_PER_MINUTE)
def test_each_class_allows_its_number_and_no_more(name: str, clock: list[float]) -> None:
    rates, n = Rates(), rules.RATES_PER_MINUTE[name]
    for _ in range(n):
        rates.count(name, account_id="usr_a", ip="192.168.0.2", headers=[])
    headers: list[tuple[bytes, bytes]] = []
    with pytest.raises(RateLimited) as refused:
        rates.count(name, account_id="usr_a", ip="192.168.0.2", headers=headers)
    assert 1 <= refused.value.retry_after_s <= 60
    assert dict(headers)[b"ratelimit-limit"] == str(n).encode() and dict(headers)[b"ratelimit-remaining"] == b"0"


def test_classes_accounts_and_addresses_are_counted_apart() -> None:
    rates = Rates({"read": 1, "write": 1, "sign_in": 1})
    rates.count("read", account_id="usr_a", ip="192.168.0.2", headers=[])
    rates.count("write", account_id="usr_a", ip="192.168.0.2", headers=[])
    rates.count("read", account_id="usr_b", ip="192.168.0.2", headers=[])
    rates.count("read", account_id=None, ip="192.168.0.2", headers=[])
    rates.count("sign_in", account_id="usr_a", ip="192.168.0.2", headers=[])
    with pytest.raises(RateLimited):
        rates.count("sign_in", account_id="usr_b", ip="192.168.0.2", headers=[])
    assert "sign_in" in BY_ADDRESS


def test_after_the_window_it_goes_on() -> None:
    rates = Rates({"read": 2}, window_s=1)

    def is_allowed() -> bool:
        try:
            rates.count("read", account_id="usr_a", ip="", headers=[])
        except RateLimited:
            return False
        return True

    assert is_allowed() and is_allowed()
    assert until(lambda: not is_allowed())
    assert until(is_allowed)


@pytest.mark.parametrize("name", [*rules.RATES_PER_MINUTE, *rules.RATES_PER_HOUR])
def test_a_class_is_closed_as_long_as_it_says_and_no_longer(name: str, clock: list[float]) -> None:
    rates, n = Rates(), (rules.RATES_PER_MINUTE | rules.RATES_PER_HOUR)[name]

    def count() -> int:
        """Seconds to wait; 0 when it was allowed."""
        try:
            rates.count(name, account_id="usr_a", ip="192.168.0.2", headers=[])
        except RateLimited as refused:
            return refused.retry_after_s
        return 0

    assert [count() for _ in range(n)] == [0] * n
    wait_s, window_s = count(), 3600 if name in rules.RATES_PER_HOUR else 60
    assert 1 <= wait_s <= window_s
    clock[0] += wait_s
    assert count() == 0
    clock[0] += 2 * window_s
    assert [count() for _ in range(n)] == [0] * n and count()


def test_what_was_counted_is_forgotten() -> None:
    rates = Rates({"read": 1000}, window_s=1)
    for n in range(2000):
        rates.count("read", account_id=f"usr_{n}", ip="", headers=[])

    def kept() -> int:
        rates.count("read", account_id="usr_last", ip="", headers=[])
        time.sleep(0.05)
        return len(rates._limiter.storage.storage)  # type: ignore[attr-defined]

    assert until(lambda: kept() < 10)


def test_a_machine_with_many_ipv6_addresses_is_one_machine() -> None:
    assert address_block("2001:db8::1") == address_block("2001:db8::ffff") == "2001:db8::/64"
    assert address_block("10.0.0.1") == "10.0.0.1"


@pytest.fixture(scope="module")
def strict_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    limits = dict.fromkeys(rules.RATES_PER_MINUTE, 1000) | {"upload": 3, "sign_in": 2}
    with open_site(tmp_path_factory.mktemp("site"), rates=Rates(limits)) as opened:
        yield opened


def test_a_client_is_told_what_is_left_and_when_to_come_back(strict_site: Site) -> None:
    ask = {"file_id": "upl_x"}
    with strict_site.with_key() as client:
        left = [client.post("/v1/upload/abort", json=ask).headers["ratelimit-remaining"] for _ in range(3)]
        refused = client.post("/v1/upload/abort", json=ask)
        assert client.get("/v1/account").status_code == 200
    assert left == ["2", "1", "0"]
    assert refused.status_code == 429 and refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    with strict_site.client(Authorization=f"Bearer {strict_site.member_key}") as client:
        assert client.post("/v1/upload/abort", json=ask).status_code == 404


ASKS = {
    "read": ("GET", "/v1/account"),
    "write": ("POST", "/v1/deposit"),
    "jobs": ("POST", "/v1/clip"),
    "upload": ("POST", "/v1/upload/request"),
    "ai": ("POST", "/v1/transcript"),
    "keys": ("POST", "/v1/keys"),
    "look": ("POST", "/v1/captions/ass"),
    "frame": ("POST", "/v1/captions/frame"),
    "share": ("GET", "/v1/share/d9d54c23-7af8-41f8-8f6e-9ce0092f8f2f"),
    "view": ("POST", "/v1/share/d9d54c23-7af8-41f8-8f6e-9ce0092f8f2f/view"),
    "support": ("POST", "/v1/support"),
    "sign_in": ("POST", "/v1/auth/sign-in"),
}


def test_each_class_refuses_over_http_with_when_to_come_back(tmp_path: Path, clock: list[float]) -> None:
    limits = dict.fromkeys(rules.RATES_PER_MINUTE, 1)
    rates = Rates(limits | {"sign_in": 2}, hourly=dict.fromkeys(rules.RATES_PER_HOUR, 1))
    assert set(ASKS) == set(rules.RATES_PER_MINUTE) | set(rules.RATES_PER_HOUR)
    with open_site(tmp_path, rates=rates) as site, site.signed_in() as browser:
        for name, (method, path) in ASKS.items():
            first, second = (browser.request(method, path, json=None if method == "GET" else {}) for _ in range(2))
            assert first.status_code != 429 and first.headers["ratelimit-remaining"] == "0", name
            assert (second.status_code, second.json()["code"]) == (429, "rate_limited"), name
            assert second.headers["ratelimit-limit"] == first.headers["ratelimit-limit"], name
            assert second.headers["retry-after"] == second.headers["ratelimit-reset"], name


def test_guessing_a_password_is_slow(strict_site: Site) -> None:
    ask = {"email": "owner@example.org", "password": "a wrong guess"}
    with strict_site.client() as client:
        assert [client.post("/v1/auth/sign-in", json=ask).status_code for _ in range(3)] == [401, 401, 429]


def test_bytes_pages_and_health_are_not_counted(strict_site: Site) -> None:
    with strict_site.client() as client:
        for path in ("/_s/a/b", "/healthz", "/readyz", "/"):
            assert "ratelimit-limit" not in client.get(path).headers
