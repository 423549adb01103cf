"""What an account set about its money: when to warn, how it reloads, and its name at Stripe."""

from peewee import BooleanField, CharField, IntegerField

from fastclip import rules, store
from fastclip.accounts import Account
from fastclip.store import Row


class Wallet(Row):
    account_id = CharField(primary_key=True)
    is_reload_on = BooleanField(default=False)
    needs_mail = BooleanField(default=True)
    reload_password_hash = CharField(default="")
    low_balance_cents = IntegerField(default=rules.LOW_BALANCE_CENTS)
    customer_id = CharField(default="")
    default_card = CharField(default="")


def of(account_id: str) -> Wallet:
    """The account's wallet, or what one is before anything was set."""
    return Wallet.get_or_none(Wallet.account_id == account_id) or Wallet(account_id=account_id)


def change(account_id: str, **facts: object) -> Wallet:
    """Set some of its fields."""
    with store.write():
        Wallet.insert(account_id=account_id).on_conflict_ignore().execute()
        if facts:
            Wallet.update(**facts).where(Wallet.account_id == account_id).execute()
    return of(account_id)


def forget(account_id: str) -> None:
    """Delete what an account that ends had set. Its name at Stripe stays until it is deleted there too."""
    with store.write():
        kept = of(account_id).customer_id
        Wallet.delete().where(Wallet.account_id == account_id).execute()
        if kept:
            Wallet.insert(account_id=account_id, customer_id=kept).execute()


def left_at_stripe() -> list[Wallet]:
    """Wallets of accounts that have ended whose cards are at Stripe still."""
    ended = Account.select(Account.id).where(Account.deleted_at.is_null(False))
    return list(Wallet.select().where(Wallet.account_id.in_(ended)))


def is_gone(account_id: str) -> None:
    """Stripe has forgotten an account that ended; so does this."""
    with store.write():
        Wallet.delete().where(Wallet.account_id == account_id).execute()
