import re
from collections.abc import Iterator

import httpx
import pytest

from fastclip import accounts
from tests.api.conftest import PASSWORD, SECRET, Site

EVIL = "https://evil.example"


def test_a_key_and_a_session_both_say_who_asks(site: Site) -> None:
    with site.with_key() as client:
        assert client.get("/v1/account").json()["auth"] == "api_key"
    with site.signed_in() as client:
        assert client.get("/v1/account").json()["auth"] == "session"


@pytest.mark.parametrize(
    "header",
    ["Bearer sk_live_wrong", "Bearer", "bearer sk_live_wrong", "Bearer sk_live_ä", "Bearer " + "x" * 5000],
)
def test_a_bad_key_is_refused_even_beside_a_good_cookie(site: Site, header: str) -> None:
    with site.signed_in() as client:
        answer = client.get("/v1/account", headers={"Authorization": header.encode("utf-8")})
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"


def test_a_good_key_counts_before_a_cookie_and_needs_no_token(site: Site) -> None:
    with site.signed_in("member@example.org") as client:
        client.headers.pop("X-CSRF-Token")
        headers = {"Authorization": f"Bearer {site.key}", "Origin": EVIL}
        assert client.get("/v1/account", headers=headers).json()["email"] == "owner@example.org"
        assert client.post("/v1/upload/abort", json={"file_id": "upl_x"}, headers=headers).status_code == 404


@pytest.mark.parametrize("cookie", ["", "x", "0" * 43, "é", "a; fc_session=b"])
def test_a_cookie_that_is_no_session_is_refused(client: httpx.Client, cookie: str) -> None:
    assert client.get("/v1/account", headers={"Cookie": f"fc_session={cookie}".encode()}).status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    with site.client() as client:
        answer = client.post("/v1/auth/sign-in", json={"email": "owner@example.org", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie and "secure" not in cookie


def test_a_cookie_set_over_https_is_only_sent_over_https(site: Site) -> None:
    with site.client() as client:  # what a proxy on this machine says about the other side
        ask = {"email": "owner@example.org", "password": PASSWORD}
        answer = client.post("/v1/auth/sign-in", json=ask, headers={"X-Forwarded-Proto": "https"})
    assert "secure" in answer.headers["set-cookie"].lower()


def test_after_signing_out_the_cookie_says_nothing(site: Site) -> None:
    with site.signed_in() as client:
        token = client.cookies["fc_session"]
        assert client.post("/v1/auth/sign-out").status_code == 200
        assert "fc_session" not in client.cookies
        assert client.get("/v1/account", headers={"Cookie": f"fc_session={token}"}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/keys"), ("POST", "/v1/keys"), ("DELETE", "/v1/keys/key_x"), ("POST", "/v1/account/signup-credit")]
    + [("GET", "/v1/auth/session"), ("POST", "/v1/auth/sign-out")],
)
def test_an_api_key_does_not_do_where_a_session_is_needed(site: Site, method: str, path: str) -> None:
    with site.with_key() as client:
        answer = client.request(method, path)
    assert answer.status_code == 403 and answer.json()["code"] == "session_required"


UNSAFE = [
    ("POST", "/v1/auth/sign-out"),
    ("POST", "/v1/account/signup-credit"),
    ("POST", "/v1/keys"),
    ("DELETE", "/v1/keys/{key_id}"),
    ("POST", "/v1/upload/request"),
    ("POST", "/v1/upload/multipart/initiate"),
    ("POST", "/v1/upload/multipart/complete"),
    ("POST", "/v1/upload/multipart/refresh"),
    ("POST", "/v1/upload/multipart/abort"),
    ("POST", "/v1/upload/abort"),
    ("POST", "/v1/uploads/sample"),
    ("POST", "/v1/upload/{file_id}/proxy"),
    ("POST", "/v1/clip"),
    ("POST", "/v1/clip/{job_id}/cancel"),
    ("DELETE", "/v1/clips/{clip_id}"),
    ("PATCH", "/v1/clips/{clip_id}"),
    ("POST", "/v1/clips/{clip_id}/pin"),
    ("POST", "/v1/clips/{clip_id}/unpin"),
    ("POST", "/v1/clips/bulk-delete"),
    ("POST", "/v1/captions/ass"),
    ("POST", "/v1/captions/frame"),
    ("POST", "/v1/captions"),
    ("POST", "/v1/caption-presets"),
    ("DELETE", "/v1/caption-presets/{preset_id}"),
    ("PATCH", "/v1/caption-presets/{preset_id}"),
    ("POST", "/v1/caption-fonts"),
    ("DELETE", "/v1/caption-fonts/{font_id}"),
    ("POST", "/v1/transcript"),
    ("PUT", "/v1/transcript/{name}"),
    ("PUT", "/v1/glossary"),
    ("PATCH", "/v1/transcript/{file_id}/words/{position}"),
    ("POST", "/v1/admin/models"),
    ("POST", "/v1/admin/models/{name}/cancel"),
    ("DELETE", "/v1/admin/models/{name}"),
]
FORGED = {
    "no token": {"X-CSRF-Token": None},
    "a wrong token": {"X-CSRF-Token": "0" * 64},
    "a page of another site": {"Origin": EVIL},
    "a page without an origin": {"Origin": "null"},
    "no word of where it comes from": {"Origin": None},
    "another site, says the browser": {"Origin": None, "Sec-Fetch-Site": "cross-site"},
    "a neighbour site, says the browser": {"Origin": None, "Sec-Fetch-Site": "same-site"},
    "a form of another site": {"Origin": EVIL, "Content-Type": "text/plain", "X-CSRF-Token": None},
}


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[httpx.Client]:
    with site.signed_in() as opened:
        yield opened


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize(("method", "path"), UNSAFE)
def test_a_forged_request_of_a_signed_in_browser_is_refused(
    site: Site, browser: httpx.Client, method: str, path: str, forged: str
) -> None:
    headers = {
        name: value for name, value in {**browser.headers, **_lower(FORGED[forged])}.items() if value is not None
    }
    url = site.address + re.sub(r"{\w+}", "1", path)
    answer = browser.send(httpx.Request(method, url, headers=headers, cookies=browser.cookies, content=b"{}"))
    assert answer.status_code == 403 and answer.json()["code"] == "csrf_failed", answer.text


def _lower(headers: dict[str, str | None]) -> dict[str, str | None]:
    return {name.lower(): value for name, value in headers.items()}


def test_every_unsafe_route_of_a_session_stands_in_the_table_above(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    unsafe = {
        (method.upper(), path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method in ("post", "patch", "delete", "put") and operation["security"]
    }
    assert unsafe == set(UNSAFE)


def test_the_browsers_own_word_does_where_it_sends_no_origin(site: Site, browser: httpx.Client) -> None:
    headers = {name: value for name, value in browser.headers.items() if name != "origin"} | {
        "sec-fetch-site": "same-origin"
    }
    asked = httpx.Request("POST", f"{site.address}/v1/clips/x/pin", headers=headers, cookies=browser.cookies)
    assert browser.send(asked).status_code == 404


def test_signing_in_from_a_page_of_another_site_is_refused(site: Site) -> None:
    ask = {"email": "owner@example.org", "password": PASSWORD}
    with site.client() as client:
        for origin, status in ((EVIL, 403), ("null", 403), (site.address, 200)):
            assert client.post("/v1/auth/sign-in", json=ask, headers={"Origin": origin}).status_code == status
        assert client.post("/v1/auth/sign-in", json=ask).status_code == 200


def test_a_token_is_good_for_its_own_session_only(site: Site) -> None:
    with site.signed_in() as one, site.signed_in() as other:
        assert one.headers["X-CSRF-Token"] != other.headers["X-CSRF-Token"]
        assert one.post("/v1/clips/x/pin", headers={"X-CSRF-Token": other.headers["X-CSRF-Token"]}).status_code == 403
        assert one.post("/v1/clips/x/pin").status_code == 404


def test_signing_in_never_takes_over_a_cookie_that_was_planted(site: Site) -> None:
    with site.client() as client:
        client.cookies.set("fc_session", "planted-by-somebody-else")
        client.post("/v1/auth/sign-in", json={"email": "owner@example.org", "password": PASSWORD})
    with pytest.raises(Exception, match="signed out"):
        accounts.by_session("planted-by-somebody-else")


def test_the_window_is_let_in_once_by_who_holds_the_secret(site: Site) -> None:
    with site.client() as client:
        assert client.post("/control/ticket").status_code == 401
        path = client.post("/control/ticket", headers={"X-FastClip-Control": SECRET}).json()["path"]
        first = client.get(path)
        assert first.status_code == 303 and first.headers["location"] == "/"
        assert client.get("/v1/account").json()["email"] == "owner@example.org"
    with site.client() as client:
        assert client.get(path).status_code == 401


def test_a_second_start_brings_the_first_forward(site: Site) -> None:
    with site.client() as client:
        assert client.post("/control/focus").status_code == 401
        assert client.post("/control/focus", headers={"X-FastClip-Control": SECRET}).json() == {"ok": True}
    assert site.focused == ["focus"]
