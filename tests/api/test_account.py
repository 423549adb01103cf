"""Set-up, signing in, keys, balance and the signup credit, as a browser and a script meet them."""

import httpx
import pytest

from fastclip import tickets
from tests.api.conftest import PASSWORD, SECRET, Site

SIGN_IN = {"email": "member@example.org", "password": PASSWORD}


def test_signing_in_opens_a_session_that_signing_out_ends(site: Site):
    with site.signed_in("member@example.org") as browser:
        session = browser.get("/v1/auth/session").json()
        assert session["account"]["email"] == "member@example.org" and session["account"]["auth"] == "session"
        assert browser.post("/v1/auth/sign-out").json() == {"ok": True}
        assert browser.get("/v1/auth/session").status_code == 401


def test_the_session_cookie_cannot_be_read_by_a_page(client: httpx.Client):
    cookie = client.post("/v1/auth/sign-in", json=SIGN_IN).headers["set-cookie"]
    assert cookie.startswith("fc_session=") and "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie  # fetched by http: the LAN works without certificates


@pytest.mark.parametrize("wrong", [{"password": "not the password"}, {"email": "nobody@example.org"}])
def test_a_wrong_password_and_an_unknown_address_sound_the_same(client: httpx.Client, wrong: dict[str, str]):
    answer = client.post("/v1/auth/sign-in", json=SIGN_IN | wrong)
    assert (answer.status_code, answer.json()["error"]) == (401, "The address or the password is not right.")


def test_an_api_key_is_shown_once_works_and_stops_working(site: Site):
    with site.signed_in("member@example.org") as browser:
        made = browser.post("/v1/keys", json={"name": "nightly"}).json()
        assert made["key"].startswith("sk_live_") and made["prefix"] == made["key"][:12]
        with site.client(Authorization=f"Bearer {made['key']}") as script:
            assert script.get("/v1/account").json()["auth"] == "api_key"
            listed = browser.get("/v1/keys").json()["data"]
            mine = next(key for key in listed if key["key_id"] == made["key_id"])
            assert made["key"] not in str(listed) and mine["last_used_at"] and mine["last_used_ip"] == "127.0.0.1"
            assert browser.delete(f"/v1/keys/{made['key_id']}").json() == {"ok": True}
            assert script.get("/v1/account").status_code == 401


def test_keys_are_for_people_not_for_keys(site: Site):
    with site.with_key() as script:
        for method, path in (("POST", "/v1/keys"), ("GET", "/v1/keys")):
            answer = script.request(method, path, json={"name": "x"} if method == "POST" else None)
            assert (answer.status_code, answer.json()["code"]) == (403, "session_required")


def test_the_signup_credit_is_granted_once_and_shows_in_the_balance(site: Site):
    with site.signed_in("member@example.org") as browser:
        before = browser.get("/v1/balance").json()
        granted = browser.post("/v1/account/signup-credit")
        assert granted.json() == {"granted": 1.0, "balance": round(before["balance"] + 1, 2)}
        again = browser.post("/v1/account/signup-credit")
        assert (again.status_code, again.json()["code"]) == (409, "conflict")
        after = browser.get("/v1/balance").json()
        assert after["balance"] == round(before["balance"] + 1, 2) and after["currency"] == "usd"
        assert not browser.get("/v1/account").json()["signup_credit_available"]


def test_set_up_is_closed_once_there_is_an_owner(site: Site, client: httpx.Client):
    assert client.get("/v1/setup").json() == {"needs_owner": False}
    token = tickets.setup_token()
    ask = {"token": token, "email": "second@example.org", "password": PASSWORD, "name": "Second"}
    assert client.post("/v1/setup", json=ask).status_code == 409


def test_a_window_ticket_signs_in_once_and_only_for_who_holds_the_secret(site: Site, client: httpx.Client):
    assert client.post("/control/ticket").status_code == 401
    path = client.post("/control/ticket", headers={"X-FastClip-Control": SECRET}).json()["path"]
    with site.client() as window:
        assert window.get(path).status_code == 303
        assert window.get("/v1/auth/session").json()["account"]["role"] == "owner"
    with site.client() as other:
        assert other.get(path).status_code == 401
