"""Joining, passwords, sessions, changing and closing an account, over HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from fastclip import accounts, credentials, invites, jobs, sessions, store, tickets
from fastclip.billing import ledger
from fastclip.guesses import Guesses
from tests.api.conftest import PASSWORD, Site, open_site

NEW = "staple wagon lantern"


@pytest.fixture
def email(site: Site) -> str:
    """A member of their own for a test that changes who they are."""
    name = store.new_id("m", chars=8)
    return accounts.add(f"{name}@example.org", PASSWORD, role="member", is_covered=False).email


@pytest.fixture
def browser(site: Site, email: str) -> Iterator[httpx.Client]:
    with site.signed_in(email) as opened:
        yield opened


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    return answer.status_code, answer.json()["code"], answer.json()["param"]


def sign_in(client: httpx.Client, email: str, password: str) -> httpx.Response:
    return client.post("/v1/auth/sign-in", json={"email": email, "password": password})


# -- Joining -----------------------------------------------------------------------------------------------


def test_who_holds_an_invite_sees_what_it_is_for_and_joins_signed_in(site: Site) -> None:
    invite, token = invites.add(accounts.by_id(site.owner_id), email="ben@example.org", is_covered=True)
    with site.client() as client:
        seen = client.post("/v1/auth/invite", json={"token": token})
        assert seen.json()["email"] == "ben@example.org" and seen.json()["invited_by"] == "owner"
        ask = {"token": token, "email": "ben@example.org", "password": PASSWORD, "name": "Ben"}
        assert refusal(client.post("/v1/auth/sign-up", json=ask | {"password": "short"}))[::2] == (400, "password")
        joined = client.post("/v1/auth/sign-up", json=ask).raise_for_status().json()
        assert (joined["account"]["role"], joined["account"]["is_covered"]) == ("member", True)
        client.headers.update({"X-CSRF-Token": joined["csrf_token"], "Origin": site.address})
        assert client.post("/v1/keys", json={"name": "mine"}).status_code == 200
        for path in ("/v1/auth/sign-up", "/v1/auth/invite"):
            again = client.post(path, json=ask if path.endswith("up") else {"token": token})
            assert refusal(again)[:2] == (403, "link_invalid")


def test_without_an_invite_nobody_joins_unless_the_owner_lets_anybody_in(site: Site) -> None:
    ask = {"email": "carl@example.org", "password": PASSWORD, "name": "Carl"}
    with site.client() as client:
        assert client.get("/v1/auth/sign-up").json() == {"is_open": False}
        refused = client.post("/v1/auth/sign-up", json=ask)
        assert refusal(refused)[:2] == (403, "forbidden") and "ask the owner for one" in refused.json()["error"]
        with site.signed_in() as desk:
            change = {"open_sign_up": True, "new_members_covered": False}
            desk.patch("/v1/admin/settings", json={"settings": change}).raise_for_status()
            assert client.get("/v1/auth/sign-up").json() == {"is_open": True}
            joined = client.post("/v1/auth/sign-up", json=ask).raise_for_status().json()["account"]
            assert (joined["role"], joined["is_covered"], joined["name"]) == ("member", False, "Carl")
            assert refusal(client.post("/v1/auth/sign-up", json=ask))[:2] == (409, "conflict")
            change = dict.fromkeys(change)
            desk.patch("/v1/admin/settings", json={"settings": change}).raise_for_status()


@pytest.mark.parametrize("path", ["/v1/auth/sign-up", "/v1/auth/invite", "/v1/auth/reset"])
def test_a_link_is_not_used_by_a_page_of_another_site(site: Site, path: str) -> None:
    with site.client(Origin="https://evil.example") as client:
        ask = {"token": "x", "email": "a@example.org", "password": PASSWORD}
        assert refusal(client.post(path, json=ask))[:2] == (403, "csrf_failed")


# -- Passwords ---------------------------------------------------------------------------------------------


def test_a_new_password_ends_every_session_and_begins_another_here(
    site: Site, browser: httpx.Client, email: str
) -> None:
    planted = browser.cookies["fc_session"]
    with site.signed_in(email) as phone:
        wrong = browser.post("/v1/auth/password", json={"current_password": "wrong password", "password": NEW})
        assert refusal(wrong) == (403, "forbidden", "current_password")
        weak = browser.post("/v1/auth/password", json={"current_password": PASSWORD, "password": "1111111111"})
        assert refusal(weak) == (400, "invalid_request", "password")
        assert phone.get("/v1/account").status_code == 200
        changed = browser.post("/v1/auth/password", json={"current_password": PASSWORD, "password": NEW})
        browser.headers["X-CSRF-Token"] = changed.raise_for_status().json()["csrf_token"]
        assert phone.get("/v1/account").status_code == 401
    assert browser.cookies["fc_session"] != planted, "a session that was planted is worth nothing"
    assert browser.post("/v1/keys", json={"name": "after"}).status_code == 200
    with site.client() as client:
        assert client.get("/v1/account", headers={"Cookie": f"fc_session={planted}"}).status_code == 401
        assert sign_in(client, email, PASSWORD).status_code == 401
        assert sign_in(client, email, NEW).status_code == 200


def test_a_reset_link_sets_a_password_signs_in_and_works_once(site: Site, email: str) -> None:
    token = tickets.reset_token(accounts.by_email(email).id)
    with site.signed_in(email) as old, site.client() as client:
        answer = client.post("/v1/auth/reset", json={"token": token, "password": NEW})
        assert answer.json()["account"]["email"] == email and "fc_session" in client.cookies
        assert old.get("/v1/account").status_code == 401
        again = client.post("/v1/auth/reset", json={"token": token, "password": PASSWORD})
        assert refusal(again)[:2] == (403, "link_invalid")


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has guessed yet, and no wait is over before the next try comes, however busy the machine is."""
    monkeypatch.setattr(sessions, "_guesses", Guesses(clock=lambda: 0.0))


@pytest.mark.usefixtures("stopped_clock")
def test_after_five_wrong_passwords_even_the_right_one_waits_for_known_and_unknown_alike(
    site: Site, client: httpx.Client, email: str
) -> None:
    for who in (email, "nobody@example.org"):
        assert [sign_in(client, who, "wrong password").status_code for _ in range(5)] == [401] * 5
        slowed = sign_in(client, who, PASSWORD)
        assert slowed.status_code == 429 and int(slowed.headers["retry-after"]) >= 1
        assert slowed.json()["code"] == "rate_limited" and "set-cookie" not in slowed.headers
    assert sign_in(client, "owner@example.org", PASSWORD).status_code == 200, "others are not slowed down"


def test_an_unknown_address_costs_as_much_work_as_a_wrong_password(
    monkeypatch: pytest.MonkeyPatch, client: httpx.Client, email: str
) -> None:
    hashes: list[str] = []
    is_right = credentials.is_right
    monkeypatch.setattr(credentials, "is_right", lambda hashed, given: hashes.append(hashed) or is_right(hashed, given))
    answers = [sign_in(client, who, "wrong password") for who in (email, "unknown@example.org")]
    assert answers[0].json()["error"] == answers[1].json()["error"]
    known, unknown = (hashed.split("$")[1:4] for hashed in hashes)
    assert known == unknown and "m=19456" in known[2], "the same hash with the same parameters"


@pytest.mark.usefixtures("stopped_clock")
def test_a_guesser_who_found_a_signed_in_browser_is_slowed_down_too(browser: httpx.Client) -> None:
    for _ in range(5):
        browser.request("DELETE", "/v1/account", json={"password": "wrong password", "confirm": "DELETE"})
    slowed = browser.request("DELETE", "/v1/account", json={"password": PASSWORD, "confirm": "DELETE"})
    assert slowed.status_code == 429


# -- Sessions ----------------------------------------------------------------------------------------------


def test_sessions_are_listed_with_where_they_are_and_ended_one_by_one(
    site: Site, browser: httpx.Client, email: str
) -> None:
    with site.client(Origin=site.address, **{"User-Agent": "Phone " + "x" * 500}) as phone:
        phone.headers["X-CSRF-Token"] = sign_in(phone, email, PASSWORD).json()["csrf_token"]
        rows = browser.get("/v1/auth/sessions").raise_for_status().json()["data"]
        mine, other = sorted(rows, key=lambda row: not row["is_current"])
        assert (mine["is_current"], other["is_current"], other["ip"]) == (True, False, "127.0.0.1")
        assert other["user_agent"].startswith("Phone x") and len(other["user_agent"]) == 200
        assert phone.cookies["fc_session"] not in str(rows)
        assert browser.delete(f"/v1/auth/sessions/{other['session_id']}").json() == {"ok": True}
        assert phone.get("/v1/account").status_code == 401
        assert browser.delete(f"/v1/auth/sessions/{other['session_id']}").status_code == 404
    assert "fc_session" in browser.cookies
    browser.delete(f"/v1/auth/sessions/{mine['session_id']}").raise_for_status()
    assert "fc_session" not in browser.cookies and browser.get("/v1/account").status_code == 401


def test_everywhere_else_is_signed_out_at_once_and_nobody_elses_session_is_touched(
    site: Site, browser: httpx.Client, email: str
) -> None:
    with site.signed_in(email) as phone, site.signed_in() as owner:
        theirs = owner.get("/v1/auth/sessions").json()["data"][0]["session_id"]
        assert browser.delete(f"/v1/auth/sessions/{theirs}").status_code == 404
        assert browser.delete("/v1/auth/sessions").json() == {"ended": 1}
        assert phone.get("/v1/account").status_code == 401
        assert owner.get("/v1/account").status_code == browser.get("/v1/account").status_code == 200


# -- The account -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "status", "param"),
    [
        ({}, 400, None),
        ({"name": " "}, 400, "name"),
        ({"name": "x" * 101}, 400, "name"),
        ({"email": "nobody", "current_password": PASSWORD}, 400, "email"),
        ({"email": "new@example.org"}, 403, None),
        ({"email": "new@example.org", "current_password": "wrong password"}, 403, "current_password"),
        ({"email": "owner@example.org", "current_password": PASSWORD}, 409, None),
        ({"role": "owner"}, 400, "role"),
    ],
)
def test_a_change_of_the_account_that_cannot_be_is_refused(browser: httpx.Client, ask, status, param) -> None:
    assert refusal(browser.patch("/v1/account", json=ask))[::2] == (status, param)


def test_a_name_and_an_address_are_changed(browser: httpx.Client, email: str) -> None:
    assert browser.patch("/v1/account", json={"name": "  Ben  Ode "}).json()["name"] == "Ben Ode"
    ask = {"email": f"New-{email}", "current_password": PASSWORD}
    assert browser.patch("/v1/account", json=ask).json()["email"] == f"new-{email}"
    with pytest.raises(Exception, match="no account"):
        accounts.by_email(email)


@pytest.mark.parametrize(
    ("ask", "status", "param"),
    [
        ({"password": PASSWORD}, 400, "confirm"),
        ({"confirm": "DELETE"}, 400, "password"),
        ({"password": PASSWORD, "confirm": "delete"}, 400, "confirm"),
        ({"password": "wrong password", "confirm": "DELETE"}, 403, "password"),
    ],
)
def test_an_account_is_not_closed_without_the_password_and_the_word(browser: httpx.Client, ask, status, param) -> None:
    assert refusal(browser.request("DELETE", "/v1/account", json=ask))[::2] == (status, param)
    assert browser.get("/v1/account").status_code == 200


def test_an_account_is_closed_by_its_holder(site: Site, browser: httpx.Client, email: str) -> None:
    account = accounts.by_email(email)
    with store.write():
        ledger.credit(account.id, "grant", 10, key=f"grant:{email}")
        ledger.reserve(account, 4, "job_waits")
        jobs.add(account.id, "trim", {"start": 0}, lane="ffmpeg", hold_ref="job_waits", reserved_cents=4)
    closed = browser.request("DELETE", "/v1/account", json={"password": PASSWORD, "confirm": "DELETE"})
    assert closed.json() == {"ok": True} and "fc_session" not in browser.cookies
    assert ledger.balance(account.id) == (10, 0)
    with site.client() as client:
        assert sign_in(client, email, PASSWORD).status_code == 401


def test_the_owner_stays_until_the_installation_is_handed_over(tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_site(tmp_path_factory.mktemp("site")) as site, site.signed_in() as desk:
        close = {"password": PASSWORD, "confirm": "DELETE"}
        assert refusal(desk.request("DELETE", "/v1/account", json=close))[:2] == (409, "conflict")
        heir = accounts.by_email("member@example.org").id
        for password, member, status in (("wrong password", heir, 403), (PASSWORD, "usr_x", 404)):
            ask = {"member_id": member, "password": password}
            assert desk.post("/v1/admin/hand-over", json=ask).status_code == status
        before = desk.cookies["fc_session"]
        handed = desk.post("/v1/admin/hand-over", json={"member_id": heir, "password": PASSWORD})
        assert handed.json()["account"]["role"] == "member" and desk.cookies["fc_session"] != before
        desk.headers["X-CSRF-Token"] = handed.json()["csrf_token"]
        assert desk.get("/v1/admin/members").status_code == 403
        assert desk.request("DELETE", "/v1/account", json=close).status_code == 200
        with site.signed_in("member@example.org") as owner:
            (row,) = owner.get("/v1/admin/members").json()["data"]
            assert (row["role"], row["is_covered"]) == ("owner", True)
