import re
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fastclip import sessions
from fastclip.api import app as web
from fastclip.api.auth import needs_caller
from tests.api.conftest import PASSWORD, SECRET, Site

EVIL = "https://evil.example"
OTHER_BODIES = {"/v1/auth/sign-out"}


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


def described(client: httpx.Client) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """(method, path, who may) of every route that the API tells of; each parameter of a path is `1`."""
    paths = client.get("/openapi.json").raise_for_status().json()["paths"]
    return [
        (method.upper(), re.sub(r"{\w+}", "1", path), operation["security"])
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]


def test_an_api_key_does_not_do_on_any_route_that_needs_a_session(site: Site) -> None:
    with site.with_key() as client:
        routes = [(method, path) for method, path, security in described(client) if security == [{"session": []}]]
        assert {("GET", "/v1/keys"), ("POST", "/v1/auth/sign-out"), ("GET", "/v1/admin/health")} <= set(routes)
        for method, path in routes:
            answer = client.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (403, "session_required"), (method, path)


def test_the_owners_desk_is_closed_to_members(site: Site) -> None:
    with site.signed_in("member@example.org") as client:
        routes = [(method, path) for method, path, _ in described(client) if path.startswith("/v1/admin/")]
        for method, path in routes:
            answer = client.request(method, path, json=None if method == "GET" else {})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, path)


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
def test_a_forged_request_of_a_signed_in_browser_is_refused_on_every_unsafe_route(
    site: Site, browser: httpx.Client, forged: str
) -> None:
    said = {**browser.headers, **_lower(FORGED[forged])}
    headers = {name: value for name, value in said.items() if value is not None}
    routes = [(method, path) for method, path, security in described(browser) if method != "GET" and security]
    assert len(routes) > 30
    for method, path in routes:
        asked = httpx.Request(method, f"{site.address}{path}", headers=headers, cookies=browser.cookies, content=b"{}")
        answer = browser.send(asked)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed"), (method, path, answer.text)


def test_a_body_that_a_form_could_send_is_refused_on_every_unsafe_route(site: Site) -> None:
    """Even with the token: only JSON is read, which a form of another site cannot send."""
    with site.signed_in() as browser:
        routes = [(method, path) for method, path, who in described(browser) if method in ("POST", "PATCH") and who]
        answers = {
            path: browser.request(method, path, content=b"{}", headers={"Content-Type": "text/plain"})
            for method, path in routes
            if path not in OTHER_BODIES
        }
    assert len(answers) > 30
    wrong = {path for path, answer in answers.items() if answer.status_code != 415}
    assert wrong == set()


def test_every_unsafe_route_of_the_application_is_among_those_that_are_tried(site: Site, browser: httpx.Client) -> None:
    app = web.build(site.standing, stopping=threading.Event(), secret="s", on_focus=lambda: None)
    guarded = {
        (method, re.sub(r"{[^}]+}", "1", path))
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        if needs_caller(handler)
        for method in handler.http_methods
        for path in handler.paths
        if method not in ("HEAD", "OPTIONS")
    }
    tried = {(method, path) for method, path, security in described(browser) if security}
    assert {one for one in guarded if one[0] != "GET"} == {one for one in tried if one[0] != "GET"}
    assert guarded == tried


def _lower(headers: dict[str, str | None]) -> dict[str, str | None]:
    return {name.lower(): value for name, value in headers.items()}


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
        sessions.by_token("planted-by-somebody-else")


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
