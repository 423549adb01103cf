"""The owner's desk: invites, members and reset links over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fastclip import accounts, mail, store
from tests.api.conftest import PASSWORD, Site, open_site


@pytest.fixture(scope="module")
def desk(site: Site) -> Iterator[httpx.Client]:
    with site.signed_in() as opened:
        yield opened


def test_an_invite_is_shown_once_listed_and_taken_back(site: Site, desk: httpx.Client) -> None:
    made = desk.post("/v1/admin/invites", json={}).raise_for_status().json()
    assert made["url"].startswith(f"{site.address}/join#") and len(made["url"].split("#")[1]) == 43
    assert (made["email"], made["is_covered"], made["mailed"]) == (None, True, False)
    (listed,) = desk.get("/v1/admin/invites").json()["data"]
    assert listed == {key: value for key, value in made.items() if key not in ("url", "mailed")}
    with site.client() as client:
        token = {"token": made["url"].split("#")[1]}
        assert client.post("/v1/auth/invite", json=token).status_code == 200
        assert desk.delete(f"/v1/admin/invites/{made['invite_id']}").json() == {"ok": True}
        assert client.post("/v1/auth/invite", json=token).status_code == 403
    assert desk.delete(f"/v1/admin/invites/{made['invite_id']}").status_code == 404


@pytest.mark.parametrize(
    ("ask", "status", "param"),
    [
        ({"email": "nobody"}, 400, "email"),
        ({"email": "member@example.org"}, 409, None),
        ({"is_covered": "yes"}, 400, "is_covered"),
        ({"role": "owner"}, 400, "role"),
    ],
)
def test_an_invite_that_cannot_be_is_refused(desk: httpx.Client, ask, status, param) -> None:
    answer = desk.post("/v1/admin/invites", json=ask)
    assert (answer.status_code, answer.json()["param"]) == (status, param)


def test_a_member_is_metered_renamed_and_removed(site: Site, desk: httpx.Client) -> None:
    ben = accounts.add("ben@example.org", PASSWORD, role="member")
    path = f"/v1/admin/members/{ben.id}"
    assert desk.patch(path, json={"is_covered": False, "name": "Ben"}).json()["is_covered"] is False
    with site.signed_in("ben@example.org") as browser:
        assert browser.get("/v1/account").json()["name"] == "Ben"
        assert desk.delete(path).json() == {"ok": True}
        assert browser.get("/v1/account").status_code == 401
    assert ben.id not in [row["id"] for row in desk.get("/v1/admin/members").json()["data"]]
    for answer in (desk.delete(path), desk.patch(path, json={"name": "B"}), desk.post(f"{path}/reset-link")):
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "ask", "status"), [("PATCH", {}, 400), ("PATCH", {"is_covered": False}, 409), ("DELETE", None, 409)]
)
def test_the_owner_is_neither_metered_nor_removed(site: Site, desk: httpx.Client, method, ask, status) -> None:
    assert desk.request(method, f"/v1/admin/members/{site.owner_id}", json=ask).status_code == status


def test_a_reset_link_is_given_out_once_and_replaces_the_one_before(site: Site, desk: httpx.Client) -> None:
    member_id = accounts.by_email("member@example.org").id
    links = [desk.post(f"/v1/admin/members/{member_id}/reset-link").json() for _ in range(2)]
    assert links[1]["url"].startswith(f"{site.address}/reset#") and links[1]["expires_in"] == 86400
    with site.client() as client:
        for link, status in zip(links, (403, 200), strict=True):
            ask = {"token": link["url"].split("#")[1], "password": PASSWORD}
            assert client.post("/v1/auth/reset", json=ask).status_code == status


def test_links_are_mailed_where_there_is_a_mail_server_and_lead_to_the_public_address(tmp_path: Path) -> None:
    public = "https://clips.example.org"
    with open_site(tmp_path, smtp_host="127.0.0.1", smtp_user="", public_url=public) as site, site.signed_in() as desk:
        store.queue.serve(lambda job_id: None, {})
        invite = desk.post("/v1/admin/invites", json={"email": "ben@example.org"}).json()
        unnamed = desk.post("/v1/admin/invites", json={}).json()
        member = accounts.by_email("member@example.org")
        link = desk.post(f"/v1/admin/members/{member.id}/reset-link").json()
        assert (invite["mailed"], unnamed["mailed"], link["mailed"]) == (True, False, True)
        mails = {row.recipient: row.text for row in mail.Mail.select()}
        assert set(mails) == {"ben@example.org", "member@example.org"}
        assert invite["url"].startswith(f"{public}/join#") and invite["url"] in mails["ben@example.org"]
        assert link["url"].startswith(f"{public}/reset#") and link["url"] in mails["member@example.org"]
