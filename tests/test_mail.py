"""Mail, handed over to a real mail server (aiosmtpd) with STARTTLS and a password, or left in the outbox."""

import dataclasses
import email
import email.policy
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from fastclip import mail, settings, smtp, store, targets, vault, worker
from fastclip.accounts import Account
from fastclip.errors import Conflict, InvalidRequest
from fastclip.jobs import Job
from fastclip.mail import Mail
from fastclip.settings import Settings
from tests.certificates import certificate
from tests.contracts.conftest import free_port


def again(row: Mail) -> Mail:
    return Mail.get_by_id(row.id)


# -- Without a server --------------------------------------------------------------------------------------


def test_without_a_server_a_mail_waits_in_the_outbox_to_be_read(owner: Account) -> None:
    row = mail.send("ana@example.org", "Approve $5.00", "Open http://box.lan/x", account_id=owner.id)
    said = mail.describe(again(row))
    assert (said["status"], said["to"], said["subject"], said["text"]) == (
        "outbox",
        "ana@example.org",
        "Approve $5.00",
        "Open http://box.lan/x",
    )
    assert [one.id for one in mail.listed(limit=10)] == [row.id]


def test_a_mail_goes_with_the_transaction_that_it_belongs_to(owner: Account) -> None:
    with pytest.raises(RuntimeError), store.write():
        mail.send("ana@example.org", "Hello", "text")
        raise RuntimeError("half way")
    assert mail.listed(limit=10) == []


@pytest.mark.parametrize(
    ("to", "subject", "reply_to"),
    [
        ("ana@example.org", "x\r\nBcc: evil@example.org", ""),
        ("ana@example.org\r\nBcc: evil@example.org", "x", ""),
        ("ana@example.org, evil@example.org", "x", ""),
        ("nobody", "x", ""),
        ("", "x", ""),
        ("ana@example.org", "x", "a@b.c\r\nBcc: evil@example.org"),
    ],
)
def test_nobody_smuggles_a_header_or_a_second_address_in(owner: Account, to: str, subject: str, reply_to: str) -> None:
    with pytest.raises(InvalidRequest):
        mail.send(to, subject, "text", reply_to=reply_to)
    assert mail.listed(limit=10) == []


# -- With a server -----------------------------------------------------------------------------------------


class Post:
    """A mail server: what it took, and addresses that it refuses."""

    def __init__(self) -> None:
        self.took: list[tuple[str, list[str], EmailMessage, bool]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such person"
        if address.startswith("later"):
            return "451 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.took.append((envelope.mail_from, envelope.rcpt_tos, message, session.ssl is not None))  # type: ignore[arg-type]
        return "250 OK"


def knows(server: Any, session: Any, envelope: Any, mechanism: str, said: Any) -> AuthResult:
    is_right = isinstance(said, LoginPassword) and (said.login, said.password) == (b"fastclip", b"correct")
    return AuthResult(success=is_right, handled=is_right)


@dataclass
class Office:
    post: Post
    port: int
    trusted: Path


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A mail server that wants STARTTLS and a password."""
    trusted, context = certificate(tmp_path_factory.mktemp("tls"), "localhost")
    post = Post()
    strict = {"authenticator": knows, "auth_required": True, "require_starttls": True, "tls_context": context}
    controller = Controller(post, hostname="127.0.0.1", port=free_port(), **strict)
    controller.start()
    yield Office(post, controller.port, trusted)
    controller.stop()


@pytest.fixture
def server(office: Office, data: Settings, monkeypatch: pytest.MonkeyPatch) -> smtp.Server:
    """The owner's settings for it, in force, and its certificate trusted."""
    vault.keep(data, smtp.PASSWORD, "correct")
    said = dataclasses.replace(data, smtp_host="127.0.0.1", smtp_port=office.port, smtp_user="fastclip")
    found = smtp.server_of(dataclasses.replace(said, mail_from="studio@example.org"))
    assert found is not None
    monkeypatch.setattr(mail, "server", found)
    trust = ssl.create_default_context(cafile=str(office.trusted))
    monkeypatch.setattr(targets, "trust", lambda: trust)
    office.post.took.clear()
    return found


def send(to: str = "ana@example.org") -> Mail:
    row = mail.send(to, "Grüße, Ana: $5.00", "Open http://box.lan/approve?token=abc\n", reply_to="eve@example.org")
    return again(row)


def test_a_mail_is_handed_over_protected_and_signed_in(owner: Account, server: smtp.Server, office: Office) -> None:
    row = send()
    ((sender, recipients, message, is_protected),) = office.post.took
    assert (sender, recipients, is_protected) == ("studio@example.org", ["ana@example.org"], True)
    assert message["Subject"] == "Grüße, Ana: $5.00" and message["From"] == "FastClip <studio@example.org>"
    assert message["Reply-To"] == "eve@example.org" and row.id in message["Message-ID"] and message["Date"]
    assert message.get_content().strip() == "Open http://box.lan/approve?token=abc"
    assert (row.status, row.attempt, row.error) == ("sent", 1, "") and row.sent_at


def test_the_text_of_a_mail_that_was_sent_is_not_kept(owner: Account, server: smtp.Server) -> None:
    assert send().text == ""


def test_a_recipient_that_does_not_exist_ends_it(owner: Account, server: smtp.Server) -> None:
    row = send("nobody@example.org")
    assert (row.status, row.error) == ("failed", "The mail server answered 550 no such person")
    assert "token=abc" in row.text


def test_a_recipient_that_is_busy_is_tried_again(owner: Account, server: smtp.Server, office: Office) -> None:
    row = send("later@example.org")
    assert (row.status, row.attempt, row.error) == ("pending", 1, "The mail server answered 451 try later")
    assert 50 < (row.next_attempt_at - row.created_at).total_seconds() < 90
    for n in range(2, 7):
        Job.update(rung_at=0).execute()
        worker.sweep()
        assert again(row).attempt == n
    assert again(row).status == "failed" and again(row).text and office.post.took == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"password": "wrong"}, "The mail server does not take this user and password (535)."),
        ({"port": 1}, "The mail server could not be reached: Connection refused."),
        ({"host": "mail.invalid"}, "The mail server could not be reached: "),
        ({"security": "ssl"}, "The mail server could not be reached: "),
        ({"security": "none", "user": ""}, "The mail server answered 530 Must issue a STARTTLS command first"),
        ({"user": ""}, "The mail server answered 530 5.7.0 Authentication required"),
    ],
)
def test_a_server_that_cannot_be_used_says_why_and_the_mail_waits(
    owner: Account, server: smtp.Server, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], error: str
) -> None:
    monkeypatch.setattr(mail, "server", dataclasses.replace(server, **change))
    row = send()
    assert row.status == "pending" and row.attempt == 1 and row.error.startswith(error) and row.text


def test_a_password_is_never_sent_in_the_open(
    owner: Account, server: smtp.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "server", dataclasses.replace(server, security="none"))
    assert send().error == "A password is only sent protected; set smtp_security to starttls or ssl."


def test_a_certificate_that_nobody_trusts_is_refused(
    owner: Account, server: smtp.Server, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "trust", ssl.create_default_context)
    row = send()
    assert row.status == "pending" and row.error.startswith("The mail server's certificate is not trusted")
    assert office.post.took == []


def test_a_certificate_of_another_name_is_refused(
    owner: Account, server: smtp.Server, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "server", dataclasses.replace(server, host="127.0.0.2"))
    assert send().error.startswith(("The mail server's certificate is not trusted", "The mail server could not be"))
    assert office.post.took == []


def test_tls_from_the_first_byte(
    owner: Account, server: smtp.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted, context = certificate(tmp_path, "localhost")
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=free_port(), ssl_context=context)
    controller.start()
    try:
        trust = ssl.create_default_context(cafile=str(trusted))
        monkeypatch.setattr(targets, "trust", lambda: trust)
        changed = dataclasses.replace(server, port=controller.port, security="ssl", user="")
        monkeypatch.setattr(mail, "server", changed)
        assert send().status == "sent" and len(post.took) == 1
    finally:
        controller.stop()


def test_a_mail_that_could_not_be_sent_is_sent_again_when_asked(
    owner: Account, server: smtp.Server, office: Office
) -> None:
    row = send("nobody@example.org")
    Mail.update(recipient="ana@example.org").where(Mail.id == row.id).execute()
    first_job = row.job_id
    mail.send_again(row.id)
    assert again(row).status == "sent" and len(office.post.took) == 1
    assert Job.get_or_none(Job.id == first_job) is None
    with pytest.raises(Conflict, match="This mail was sent"):
        mail.send_again(row.id)
    busy = send("later@example.org")
    Mail.update(recipient="ana@example.org").where(Mail.id == busy.id).execute()
    mail.send_waiting()
    assert again(busy).status == "sent", "it need not wait for its next try when the settings were mended"


@pytest.fixture
def said(data: Settings, server: smtp.Server) -> Settings:
    """Settings that name the server."""
    return dataclasses.replace(
        data, smtp_host=server.host, smtp_port=server.port, smtp_user=server.user, mail_from=server.sender
    )


def test_the_wait_before_the_next_try_outlasts_a_restart(owner: Account, office: Office, said: Settings) -> None:
    busy = send("later@example.org")
    mail.server = None
    waiting = send()
    assert (busy.status, busy.attempt, waiting.status) == ("pending", 1, "outbox")
    worker.Worker(said)
    kept = again(busy)
    assert (kept.attempt, kept.next_attempt_at, kept.job_id) == (1, busy.next_attempt_at, busy.job_id)
    assert Job.get_by_id(kept.job_id).status == "pending"
    assert again(waiting).status == "sent" and len(office.post.took) == 1


def test_another_server_is_tried_at_once_by_a_worker_that_runs(owner: Account, office: Office, said: Settings) -> None:
    busy = send("later@example.org")
    Mail.update(recipient="ana@example.org").where(Mail.id == busy.id).execute()
    worker.take(said)
    assert again(busy).status == "pending", "nothing about the server changed"
    worker.take(dataclasses.replace(said, mail_from="Studio <studio@example.org>"))
    assert again(busy).status == "sent" and len(office.post.took) == 1


def test_a_mail_that_is_on_its_way_is_not_sent_twice(owner: Account, server: smtp.Server, rung: list[str]) -> None:
    row = send()
    with pytest.raises(Conflict, match="on its way already"):
        mail.send_again(row.id)
    mail.send_waiting()
    assert len(rung) == 1


def test_old_mails_that_wait_are_left_to_the_owner(
    owner: Account, data: Settings, monkeypatch: pytest.MonkeyPatch, server: smtp.Server, office: Office
) -> None:
    monkeypatch.setattr(mail, "server", None)
    old, fresh = send(), send()
    Mail.update(created_at=store.now() - timedelta(days=1, seconds=1)).where(Mail.id == old.id).execute()
    monkeypatch.setattr(mail, "server", server)
    mail.send_waiting()
    assert (again(old).status, again(fresh).status) == ("outbox", "sent")


def test_mails_are_kept_thirty_days(owner: Account) -> None:
    old, fresh = send(), send()
    Mail.update(created_at=store.now() - timedelta(days=30, seconds=1)).where(Mail.id == old.id).execute()
    worker.expire()
    assert [row.id for row in Mail.select()] == [fresh.id]


def test_the_password_is_a_secret_and_no_setting(data: Settings) -> None:
    vault.keep(data, smtp.PASSWORD, "correct")
    assert vault.kept(data, smtp.PASSWORD) == "correct"
    assert not [name for name, _, _ in settings.describe() if "password" in name]
    assert smtp.server_of(data) is None
    vault.keep(data, smtp.PASSWORD, "")
    assert vault.kept(data, smtp.PASSWORD) is None
