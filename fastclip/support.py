"""Messages to the owner of this installation: kept, and mailed or left in the outbox.

Source: API reference, "Support"; backend-spec 2.7.
"""

from peewee import CharField, DateTimeField, TextField

from fastclip import accounts, mail, store
from fastclip.accounts import Account
from fastclip.store import Row

KINDS = {"support": "Support", "feature": "Feature request"}
SUBJECT_CHARS, TEXT_CHARS = 200, 5000


class Message(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    kind = CharField()  # support, feature
    subject = CharField()
    text = TextField()
    email = CharField()
    mail_id = CharField()
    created_at = DateTimeField(default=store.now, index=True)


def send(account: Account, kind: str, subject: str, text: str, *, email: str = "") -> Message:
    """Keep a message and mail it to the owner, who answers to `email`, else to the account's own address.

    kind: one of KINDS. Raises InvalidRequest for an address or a subject that no mail can have.
    """
    message_id, back = store.new_id("tkt_"), email or account.email
    owner = accounts.owner()
    with store.write():
        letter = mail.send(
            owner.email if owner else account.email,
            f"{KINDS[kind]}: {subject}",
            f"{account.name} <{account.email}> writes ({message_id}):\n\n{text}\n\nAnswer to {back}.\n",
            account_id=account.id,
            reply_to=back,
        )
        return Message.create(
            id=message_id,
            account_id=account.id,
            kind=kind,
            subject=subject,
            text=text,
            email=back,
            mail_id=letter.id,
        )


def forget(account_id: str) -> None:
    """Delete the messages of an account that ends; mails of them go with the outbox's month."""
    with store.write():
        Message.delete().where(Message.account_id == account_id).execute()
