"""Mail, handed over to a real mail server (aiosmtpd) with STARTTLS and a password, or left in the outbox."""

import pytest

from fastclip import mail, store
from fastclip.accounts import Account
from fastclip.errors import InvalidRequest
from fastclip.mail import Mail


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
