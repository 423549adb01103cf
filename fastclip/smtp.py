"""The owner's mail server: where it is, handing a message over, and what it says when it does not take it.

Source: backend-spec 5, "Mail"; `smtplib` of the standard library does the talking.
"""

import smtplib
import socket
import ssl
from dataclasses import dataclass
from email.message import EmailMessage

from fastclip import targets, vault
from fastclip.settings import Settings

PASSWORD = "smtp_password"
"""The secret that the mail server asks for."""
PATIENCE_S = 20.0
_NOT_LET_IN = (530, 534, 535, 538)
"""What a server says that wants us protected, or signed in otherwise: for the owner to mend."""


@dataclass(frozen=True)
class Server:
    """The owner's mail server."""

    host: str
    port: int
    security: str
    user: str
    password: str
    sender: str


def server_of(said: Settings) -> Server | None:
    """The mail server that the settings name, None when they name none."""
    if not said.smtp_host:
        return None
    password = (vault.kept(said, PASSWORD) or "") if said.smtp_user else ""
    sender = said.mail_from or f"fastclip@{socket.getfqdn()}"
    return Server(said.smtp_host, said.smtp_port, said.smtp_security, said.smtp_user, password, sender)


class Refused(Exception):
    """The server will not take this mail, now or later."""


def hand_over(to: Server, message: EmailMessage) -> None:
    """Raises Refused, and SMTPException or OSError for what may pass."""
    with _connected(to) as smtp:
        if to.user:
            smtp.login(to.user, to.password)
        try:
            smtp.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise _refusal(code, said) from error
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, error.smtp_error) from error


def _connected(to: Server) -> smtplib.SMTP:
    """A protected connection, its certificate checked against the name that was asked for."""
    context = targets.trust()
    if to.security == "ssl":
        return smtplib.SMTP_SSL(to.host, to.port, timeout=PATIENCE_S, context=context)
    smtp = smtplib.SMTP(to.host, to.port, timeout=PATIENCE_S)
    try:
        if to.security == "starttls":
            smtp.starttls(context=context)
        elif to.user:
            raise smtplib.SMTPException("A password is only sent protected; set smtp_security to starttls or ssl.")
    except BaseException:
        smtp.close()
        raise
    return smtp


def _refusal(code: int, said: bytes | str) -> Exception:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    sentence = f"The mail server answered {code} {text}"[:500]
    is_about_us = code in _NOT_LET_IN
    return Refused(sentence) if code >= 500 and not is_about_us else smtplib.SMTPException(sentence)


def said_of(error: Exception) -> str:
    """What went wrong, for the owner."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The mail server's certificate is not trusted: {error.verify_message}."
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"The mail server does not take this user and password ({error.smtp_code})."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server does not offer what smtp_security or smtp_user asks of it."
    if isinstance(error, TimeoutError):
        return "The mail server did not answer in time."
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "The mail server closed the connection."
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return f"The mail server could not be reached: {error.strerror or error}."
    return str(error)
