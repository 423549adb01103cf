"""The owner's settings by API: who may, what counts at once, and the mail that tries them."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from aiosmtpd.controller import Controller

from fastclip import store, worker
from fastclip.mail import Mail
from fastclip.standing import Standing
from fastclip.worker import Worker
from tests.api.conftest import Site, open_site
from tests.contracts.conftest import free_port
from tests.test_mail import Post


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        yield opened


@pytest.fixture
def desk(site: Site) -> Iterator[httpx.Client]:
    with site.signed_in() as opened:
        yield opened
    (site.settings.data_dir / "settings.toml").unlink(missing_ok=True)
    site.standing.follow()


def change(desk: httpx.Client, **values: object) -> httpx.Response:
    return desk.patch("/v1/admin/settings", json={"settings": values})


def test_the_owner_sees_every_setting_and_no_secret(desk: httpx.Client) -> None:
    change(desk, smtp_host="mail.example.org").raise_for_status()
    body = {"secrets": {"smtp_password": "correct horse"}}
    said = desk.patch("/v1/admin/settings", json=body).raise_for_status()
    assert "correct horse" not in said.text and said.json() == desk.get("/v1/admin/settings").json()
    rows = {row["name"]: row for row in said.json()["data"]}
    assert rows["smtp_host"]["value"] == "mail.example.org" and rows["smtp_host"]["origin"] == "file"
    assert (rows["queue"]["origin"], rows["queue"]["is_changed_here"]) == ("flag", False)
    secrets = {row["name"]: row["is_set"] for row in said.json()["secrets"]}
    assert secrets["smtp_password"] is True and secrets["stripe_secret_key"] is False
    desk.patch("/v1/admin/settings", json={"secrets": {"smtp_password": None}}).raise_for_status()


def test_nobody_else_sees_or_changes_settings(site: Site) -> None:
    with site.with_key() as script:
        assert script.get("/v1/admin/settings").json()["code"] == "session_required"
    with site.signed_in("member@example.org") as member:
        assert member.get("/v1/admin/settings").status_code == 403
        assert change(member, smtp_host="evil.example").status_code == 403
        assert member.post("/v1/admin/settings/test-mail", json={}).status_code == 403
    assert site.settings.smtp_host == ""


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, None),
        ({"settings": {"port": "many"}}, 400, "settings.port"),
        ({"settings": {"queue": "redis://x"}}, 409, "settings.queue"),
        ({"settings": {"port": {"a": 1}}}, 400, "settings[...]"),
        ({"secrets": {"links": "x"}}, 400, "secrets.links"),
        ({"more": 1}, 400, "more"),
    ],
)
def test_a_wrong_change_is_refused_with_the_field(
    desk: httpx.Client, body: dict[str, object], status: int, param: str | None
) -> None:
    answer = desk.patch("/v1/admin/settings", json=body)
    assert (answer.status_code, answer.json()["param"]) == (status, param)


def test_what_can_counts_at_once(site: Site, desk: httpx.Client) -> None:
    host = {"Host": "clips.example.org"}
    assert desk.get("/healthz", headers=host).status_code == 421
    change(desk, public_url="https://clips.example.org/", new_members_covered=False).raise_for_status()
    assert desk.get("/healthz", headers=host).status_code == 200
    invite = desk.post("/v1/admin/invites", json={}).raise_for_status().json()
    assert invite["url"].startswith("https://clips.example.org/join#") and invite["is_covered"] is False
    assert desk.get("/v1/account").json()["links_begin"] == "https://clips.example.org"
    change(desk, deposit_instructions="IBAN DE00").raise_for_status()
    assert desk.get("/v1/deposit/providers").json()["instructions"] == "IBAN DE00"


# -- Mail --------------------------------------------------------------------------------------------------


@pytest.fixture
def office() -> Iterator[Controller]:
    """A mail server of this machine, without TLS."""
    controller = Controller(Post(), hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


def name(desk: httpx.Client, office: Controller) -> None:
    here = {"smtp_host": "127.0.0.1", "smtp_port": office.port, "smtp_security": "none", "mail_from": "fc@example.org"}
    change(desk, **here).raise_for_status()


def test_a_test_mail_goes_out_now_or_says_why_not(desk: httpx.Client, office: Controller) -> None:
    none = desk.post("/v1/admin/settings/test-mail", json={})
    assert none.status_code == 400 and "set smtp_host first" in none.json()["error"]
    name(desk, office)
    assert desk.post("/v1/admin/settings/test-mail", json={}).json() == {"ok": True, "to": "owner@example.org"}
    ((sender, to, message, _),) = office.handler.took
    assert (sender, to, message["Subject"]) == ("fc@example.org", ["owner@example.org"], "A test mail of FastClip")
    refused = desk.post("/v1/admin/settings/test-mail", json={"to": "nobody@example.org"})
    assert (refused.status_code, refused.json()["code"]) == (503, "provider_unavailable")
    assert refused.json()["error"] == "The mail server answered 550 no such person"
    assert desk.post("/v1/admin/settings/test-mail", json={"to": "a@b.c, d@e.f"}).status_code == 400
    assert Mail.select().where(Mail.subject == message["Subject"]).count() == 0
    change(desk, smtp_port=free_port()).raise_for_status()
    assert "could not be reached" in desk.post("/v1/admin/settings/test-mail", json={}).json()["error"]


def test_mails_that_wait_are_sent_once_a_server_is_named(site: Site, desk: httpx.Client, office: Controller) -> None:
    at_work = Worker(site.settings, follows := Standing(site.settings))
    store.queue.serve(at_work.perform, {})
    ask = {"subject": "It waits", "message": "for a mail server"}
    with site.client(Authorization=f"Bearer {site.member_key}") as script:
        script.post("/v1/support", json=ask).raise_for_status()
    (letter,) = desk.get("/v1/admin/outbox").json()["data"]
    assert letter["status"] == "outbox"
    early = desk.post(f"/v1/admin/outbox/{letter['id']}/send", json={})
    assert early.status_code == 409 and "no mail server yet" in early.json()["error"]
    name(desk, office)
    follows.follow()
    assert desk.get("/v1/admin/outbox").json()["data"][0]["status"] == "sent"
    assert [message["Subject"] for _, _, message, _ in office.handler.took] == ["Support: It waits"]
    again = desk.post(f"/v1/admin/outbox/{letter['id']}/send", json={})
    assert again.status_code == 409 and again.json()["error"] == "This mail was sent."
    assert desk.post("/v1/admin/outbox/mail_none/send", json={}).status_code == 404
    worker.take(dataclasses.replace(site.settings, smtp_host=""))


def test_a_secret_that_was_set_by_command_reaches_a_running_server(site: Site, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from fastclip import cli, vault

    here = ["secret", "set", "smtp_password", "--data-dir", str(site.settings.data_dir)]
    heard = list[bool]()
    site.standing.tell(lambda said: heard.append(vault.kept(said, "smtp_password") is not None))
    assert CliRunner().invoke(cli.fastclip, here, input="correct\n", standalone_mode=False).exit_code == 0
    site.standing.follow()
    assert heard == [False, True]
    assert CliRunner().invoke(cli.fastclip, here, input="\n", standalone_mode=False).exit_code == 0
