"""Mail: every one is a row first, then a job that hands it to the owner's mail server, or leaves it in the outbox.

Without a mail server nothing is lost: the owner reads the outbox and passes on what matters (an approval, an invite).
How it is handed over stands in `smtp.py`. Source: backend-spec 5, "Mail".
"""

import contextlib
import random
import smtplib
from datetime import timedelta
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid
from typing import Any

from peewee import CharField, DateTimeField, IntegerField, TextField

from fastclip import cursors, jobs, rules, smtp, store
from fastclip.errors import Conflict, FastClipError, InvalidRequest, NotFound, Unavailable
from fastclip.jobs import Again, Job, Outcome, Tell
from fastclip.settings import Settings
from fastclip.smtp import Server
from fastclip.store import Row

STATUSES = ("pending", "sent", "outbox", "failed")
WAITS_S = (60.0, 300.0, 1800.0, 7200.0, 21600.0)
"""Before the second try, the third, and so on; after the last one a mail is given up."""
FRESH_S = rules.DAY
"""How long a mail that waits is sent by itself when a mail server is named."""
_SUBJECT_CHARS = 200


class Mail(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)  # whom it is about
    job_id = CharField(default="")
    recipient = CharField()
    reply_to = CharField(default="")
    subject = CharField()
    text = TextField()  # emptied once it was sent: links in it sign people in and move money
    status = CharField(default="pending")
    attempt = IntegerField(default=0)
    error = TextField(default="")
    created_at = DateTimeField(default=store.now, index=True)
    next_attempt_at = DateTimeField(null=True)
    sent_at = DateTimeField(null=True)


server: Server | None = None
"""Where mails go; a worker takes it from its settings (`begin`, `take`)."""


def begin(said: Settings) -> None:
    """A worker starts: what waits in the outbox goes on its way; what is between two tries keeps its time."""
    global server
    server = smtp.server_of(said)
    if server:
        send_waiting(between_tries=False)


def take(said: Settings) -> None:
    """Hand mails to the server that these settings name. To another one than before all go that wait."""
    global server
    if (found := smtp.server_of(said)) != server:
        server = found
        if found:
            send_waiting()


# -- Asking ------------------------------------------------------------------------------------------------


def send(to: str, subject: str, text: str, *, account_id: str = "", reply_to: str = "") -> Mail:
    """Queue one mail, in plain text. Inside a transaction it is kept, or not, with everything else.

    account_id: whom it is about. Raises InvalidRequest for an address or a subject that no mail can have.
    """
    mail_id = store.new_id("mail_")
    mail = Mail(
        id=mail_id,
        account_id=account_id,
        recipient=to.strip(),
        reply_to=reply_to.strip(),
        subject=subject[:_SUBJECT_CHARS],
        text=text,
    )
    _message(mail, "fastclip@localhost")
    with store.write():
        mail.job_id = jobs.add_and_push(account_id, "mail", {"mail_id": mail_id}, lane="light").id
        mail.save(force_insert=True)
    return mail


def try_out(to_server: Server | None, recipient: str) -> None:
    """Hand over one mail at once, past the outbox, so that the owner sees whether the settings are right.

    Raises InvalidRequest (no server, no address), Unavailable (what the server said, or why it cannot be reached).
    """
    if to_server is None:
        raise InvalidRequest("There is no mail server yet; set smtp_host first.")
    text = "This FastClip can send mail. Nothing else is to be done.\n"
    mail = Mail(id=store.new_id("mail_"), recipient=recipient.strip(), subject="A test mail of FastClip", text=text)
    try:
        smtp.hand_over(to_server, _message(mail, to_server.sender))
    except (smtp.Refused, smtplib.SMTPException, OSError) as trouble:
        raise Unavailable(smtp.said_of(trouble), code="provider_unavailable") from trouble


# -- Sending -----------------------------------------------------------------------------------------------


def run(job: Job, tell: Tell) -> Outcome:
    """The `mail` job: one try. Raises Again after what may pass."""
    mail = Mail.get_or_none(Mail.id == job.asked["mail_id"], Mail.status == "pending")
    if mail is None:
        return Outcome()
    if server is None:
        _end(mail, "outbox")
        return Outcome()
    attempt = mail.attempt + 1
    try:
        smtp.hand_over(server, _message(mail, server.sender))
    except smtp.Refused as refused:
        _end(mail, "failed", attempt=attempt, error=smtp.said_of(refused))
    except (smtplib.SMTPException, OSError) as trouble:
        _try_later(mail, attempt, smtp.said_of(trouble))
    else:
        _end(mail, "sent", attempt=attempt, error="", text="", sent_at=store.now())
    return Outcome()


def give_up(job: Job, refusal: FastClipError) -> None:
    """A job that broke leaves its mail in the outbox, with the reason."""
    mail = Mail.get_or_none(Mail.id == job.asked["mail_id"], Mail.status == "pending")
    if mail is not None:
        _end(mail, "failed", error=refusal.message)


def _message(mail: Mail, sender: str) -> EmailMessage:
    """Raises InvalidRequest for line breaks in a header and addresses that are none."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = formataddr(("FastClip", sender)) if "<" not in sender else sender
    _put_address(message, "To", mail.recipient)
    if mail.reply_to:
        _put_address(message, "Reply-To", mail.reply_to)
    try:
        message["Subject"] = mail.subject
    except ValueError as error:
        raise InvalidRequest("A subject is one line.", param="subject") from error
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(mail.id, domain=sender.rsplit("@", 1)[-1].strip("> ") or "localhost")
    message.set_content(mail.text)
    return message


def _put_address(message: EmailMessage, header: str, address: str) -> None:
    try:
        message[header] = address
        (one,) = message[header].addresses
        is_one = bool(one.username and one.domain)
    except (ValueError, IndexError, MessageError):
        is_one = False
    if not is_one:
        raise InvalidRequest("email does not look like one address (name@example.org).", param="email")


def _try_later(mail: Mail, attempt: int, said: str) -> None:
    if attempt > len(WAITS_S):
        return _end(mail, "failed", attempt=attempt, error=said)
    wait_s = WAITS_S[attempt - 1] * random.uniform(0.9, 1.1)
    due = store.now() + timedelta(seconds=wait_s)
    _end(mail, "pending", attempt=attempt, error=said, next_attempt_at=due)
    raise Again(wait_s, said)


def _end(mail: Mail, status: str, **facts: Any) -> None:
    with store.write():
        Mail.update(**{"next_attempt_at": None, "status": status} | facts).where(Mail.id == mail.id).execute()


# -- The outbox --------------------------------------------------------------------------------------------


def listed(*, limit: int, before: str | None = None, status: str | None = None) -> list[Mail]:
    """All mails of this installation, newest first. before: id of the last one seen."""
    query = Mail.select()
    if status is not None:
        query = query.where(Mail.status == status)
    return cursors.newest(query, Mail.get_or_none(Mail.id == before) if before else None, limit)


def describe(mail: Mail) -> dict[str, Any]:
    """A mail as the owner sees it. Source: backend-spec 2.7, "GET /v1/admin/outbox"."""
    return {
        "id": mail.id,
        "to": mail.recipient,
        "reply_to": mail.reply_to or None,
        "subject": mail.subject,
        "text": mail.text,
        "status": mail.status,
        "attempt": mail.attempt,
        "error": mail.error or None,
        "created_at": store.rfc3339(mail.created_at),
        "next_attempt_at": store.rfc3339(mail.next_attempt_at),
        "sent_at": store.rfc3339(mail.sent_at),
    }


def send_again(mail_id: str) -> Mail:
    """Put a mail that waits, here or for its next try, or was given up, on its way anew.

    Raises NotFound, Conflict (sent, on its way).
    """
    mail = Mail.get_or_none(Mail.id == mail_id)
    if mail is None:
        raise NotFound(f"There is no mail {mail_id}.")
    with store.write():
        is_taken = Mail.update(status="pending", attempt=0, error="", next_attempt_at=None).where(
            Mail.id == mail_id, _waits()
        )
        if not is_taken.execute():
            raise Conflict("This mail was sent." if mail.sent_at else "This mail is on its way already.")
        jobs.forget([mail.job_id])
        job = jobs.add_and_push(mail.account_id, "mail", {"mail_id": mail_id}, lane="light")
        Mail.update(job_id=job.id).where(Mail.id == mail_id).execute()
    return Mail.get_by_id(mail_id)


def _waits() -> Any:
    is_between_tries = (Mail.status == "pending") & (Mail.next_attempt_at > store.now())
    return Mail.status.in_(("outbox", "failed")) | is_between_tries


def send_waiting(*, between_tries: bool = True) -> None:
    """Put every mail of the last day on its way that waits here and, unless they keep their time, between two tries.

    Links in older ones have run out: the owner chooses among them.
    """
    which = _waits() if between_tries else Mail.status == "outbox"
    fresh = Mail.created_at > store.now() - timedelta(seconds=FRESH_S)
    for mail in list(Mail.select(Mail.id).where(which, Mail.status != "failed", fresh).order_by(Mail.created_at)):
        with contextlib.suppress(Conflict, NotFound):  # another worker was quicker
            send_again(mail.id)


def forget() -> None:
    """Delete mails that are older than a month. For the sweep."""
    old = list(Mail.select(Mail.id, Mail.job_id).where(Mail.created_at < store.now() - timedelta(seconds=KEPT_S)))
    if old:
        with store.write():
            jobs.forget(mail.job_id for mail in old)
            Mail.delete().where(Mail.id.in_([mail.id for mail in old])).execute()


KEPT_S = 30 * rules.DAY
