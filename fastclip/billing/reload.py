"""Reloads: a script fills the balance from a saved card, with the owner of the account saying yes by mail, or without.

requested -> pending_approval -> charging -> succeeded | failed; pending_approval -> expired | superseded. Without mail
it is charging at once. The charge itself is a deposit of method `reload`: what a crash leaves in `charging` is found
at Stripe by the same attempt. Source: API reference, "Billing, Storage, and Account"; backend-spec 2.6 and 3.
"""

import secrets
import time
from datetime import timedelta
from typing import Any

from peewee import CharField, DateTimeField, IntegerField

from fastclip import accounts, credentials, mail, rules, store
from fastclip.accounts import Account
from fastclip.billing import deposits, ledger, news, payments, stripe, wallet
from fastclip.billing.deposits import Deposit
from fastclip.errors import Conflict, Gone, InvalidRequest, NotAllowed, PaymentFailed, RateLimited, Unavailable
from fastclip.store import Row

KEY_CHARS = (8, 64)
PASSWORD_TRIES, PASSWORD_WINDOW_S = 5, 900.0
_CHARGE_AGAIN_S = 20 * rules.HOUR
"""So long Stripe answers the same attempt with the same charge; after that, one that it never heard of is given up."""
_STALE_S = 60.0


class Reload(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    attempt_key = CharField()
    amount_cents = IntegerField()
    state = CharField(index=True)
    token_digest = CharField(default="", index=True)
    deposit_id = CharField(default="", index=True)
    created_at = DateTimeField(default=store.now)
    expires_at = DateTimeField(null=True)

    class Meta:
        indexes = ((("account_id", "attempt_key"), True),)


# -- Asking ------------------------------------------------------------------------------------------------


def request(
    account: Account, cents: int, *, password: str | None, attempt_key: str | None, address: str
) -> dict[str, Any]:
    """Charge the saved card, or ask for approval by mail first. address: where this site is reached, for the mail.

    Raises InvalidRequest (amount, key, no card), NotAllowed (disabled, password), RateLimited, PaymentFailed,
    Conflict (the key was used for another amount; still charging), Unavailable.
    """
    kept = wallet.of(account.id)
    if not kept.is_reload_on:
        raise NotAllowed("Reloads are off; switch them on in the account's reload settings.", code="reload_disabled")
    _check_password(account, kept, password)
    deposits.check_amount(cents)
    if not kept.needs_mail:
        key = _checked_key(attempt_key)
        if known := _known(account, key, cents):
            return _answer(known)
    card = _card(account)
    if kept.needs_mail:
        return _ask_by_mail(account, cents, address)
    reload = _begin(account, cents, _checked_key(attempt_key))
    return _answer(_charge(reload, card))


def _check_password(account: Account, kept: wallet.Wallet, password: str | None) -> None:
    if not kept.reload_password_hash:
        return
    _count_try(account.id)
    if password is None or not credentials.is_right(kept.reload_password_hash, password):
        raise NotAllowed(
            "reload_password is missing or not right.", code="reload_password_invalid", param="reload_password"
        )
    _tries.pop(account.id, None)


_tries: dict[str, list[float]] = {}


def _count_try(whose: str) -> None:
    """Five wrong passwords in fifteen minutes, and no more. Raises RateLimited."""
    moment = time.monotonic()
    recent = [at for at in _tries.get(whose, []) if at > moment - PASSWORD_WINDOW_S]
    if len(recent) >= PASSWORD_TRIES:
        wait_s = max(1, round(recent[0] + PASSWORD_WINDOW_S - moment))
        raise RateLimited(f"Too many wrong passwords; try again in {wait_s} s.", retry_after_s=wait_s)
    _tries[whose] = [*recent, moment]


def _checked_key(key: str | None) -> str:
    low, high = KEY_CHARS
    if key is None or not low <= len(key) <= high or not key.isascii() or not key.isprintable():
        raise InvalidRequest(
            f"A direct reload needs an idempotency key of {low} to {high} characters: attempt_key, or the header "
            "Idempotency-Key.",
            param="attempt_key",
        )
    return key


def _known(account: Account, key: str, cents: int) -> Reload | None:
    known = Reload.get_or_none(Reload.account_id == account.id, Reload.attempt_key == key)
    if known and known.amount_cents != cents:
        raise Conflict("This key was used for a reload of another amount.", code="idempotency_conflict")
    return known


def _card(account: Account) -> str:
    cards = payments.cards(account.id)
    if not cards:
        raise InvalidRequest("There is no saved card on this account; pay once by card and save it.")
    return next(card["payment_method_id"] for card in cards if card["is_default"])


# -- By mail -----------------------------------------------------------------------------------------------


def _ask_by_mail(account: Account, cents: int, address: str) -> dict[str, Any]:
    token = secrets.token_urlsafe(32)
    minutes = rules.RELOAD_LINK_S // rules.MINUTE
    with store.write():
        Reload.update(state="superseded").where(
            Reload.account_id == account.id, Reload.state == "pending_approval"
        ).execute()
        reload_id = store.new_id("rld_")
        Reload.create(
            id=reload_id,
            account_id=account.id,
            attempt_key=f"mail:{reload_id}",
            amount_cents=cents,
            state="pending_approval",
            token_digest=credentials.digest(token),
            expires_at=store.now() + timedelta(seconds=rules.RELOAD_LINK_S),
        )
        mail.send(
            account.email,
            f"Approve a reload of {ledger.dollars(cents)}",
            f"Somebody with an API key of your FastClip account asks to charge your saved card with "
            f"{ledger.dollars(cents)}.\n\nLook at it and approve it here, within {minutes} minutes:\n\n"
            f"{address}/v1/reload/approve?token={token}\n\nIf this was not you, do nothing, and revoke the key.\n",
            account_id=account.id,
        )
    message = f"Look into your mail ({account.email}) and approve this reload within {minutes} minutes."
    return {"pending": True, "message": message, "amount": ledger.usd(cents)}


def waiting(token: str) -> Reload:
    """The reload that a link is about, which changes nothing. Raises Gone."""
    found = Reload.get_or_none(
        Reload.token_digest == credentials.digest(token),
        Reload.state == "pending_approval",
        Reload.expires_at >= store.now(),
    )
    if found is None:
        raise _gone()
    return found


def approve(token: str) -> dict[str, Any]:
    """Charge what the link is about; a link works once. Raises Gone, InvalidRequest, PaymentFailed, Unavailable."""
    reload = waiting(token)
    card = _card(accounts.by_id(reload.account_id))
    with store.write():
        taken = Reload.update(state="charging").where(
            Reload.id == reload.id, Reload.state == "pending_approval", Reload.expires_at >= store.now()
        )
        if not taken.execute():
            raise _gone()
        _add_deposit(reload)
    said = _answer(_charge(Reload.get_by_id(reload.id), card))
    return {"ok": True, "amount": said["amount"], "bonus": said["bonus"], "balance": said["balance"]}


def _gone() -> Gone:
    return Gone("This link was used already, or is older than 30 minutes; ask for a new one.", code="link_expired")


# -- Charging ----------------------------------------------------------------------------------------------


def _begin(account: Account, cents: int, key: str) -> Reload:
    """The reload that charges under this key. Raises Conflict for the second that came at the same time."""
    with store.write():
        reload_id = store.new_id("rld_")
        made = Reload.insert(
            id=reload_id, account_id=account.id, attempt_key=key, amount_cents=cents, state="charging"
        ).on_conflict_ignore()
        if not made.as_rowcount().execute():
            raise _running()
        reload = Reload.get_by_id(reload_id)
        _add_deposit(reload)
    return Reload.get_by_id(reload.id)


def _running() -> Conflict:
    return Conflict("A reload with this key is being charged; ask again in a moment.", code="idempotency_in_progress")


def _add_deposit(reload: Reload) -> None:
    made = deposits.add(reload.account_id, stripe.NAME, reload.amount_cents, kept_s=_CHARGE_AGAIN_S, method="reload")
    Reload.update(deposit_id=made.id).where(Reload.id == reload.id).execute()


def _charge(reload: Reload, card: str) -> Reload:
    """Raises Unavailable when Stripe did not answer: the reload stays in `charging` and is taken up by `follow`."""
    return _ended(reload, payments.charge(deposits.get(reload.deposit_id), card))


def _ended(reload: Reload, deposit: Deposit) -> Reload:
    """Bring a reload to the end of its charge, once, and tell of a failure."""
    if deposit.is_open:
        return reload
    state = "succeeded" if deposit.status == "succeeded" else "failed"
    with store.write():
        moved = Reload.update(state=state).where(Reload.id == reload.id, Reload.state == "charging").execute()
        if moved and state == "failed":
            said = {
                "attempt_key": reload.attempt_key,
                "amount": ledger.usd(reload.amount_cents),
                "reason": deposit.reason,
                "code": deposit.reason_code,
            }
            news.tell(reload.account_id, "card.reload.failed", said)
    return Reload.get_by_id(reload.id)


def follow() -> None:
    """End reloads whose charge ended elsewhere, charge again what a crash left unasked. For the worker's poll."""
    for reload in Reload.select().where(Reload.state == "charging"):
        deposit = deposits.get(reload.deposit_id)
        if deposit.status == "created" and deposit.created_at + timedelta(seconds=_STALE_S) < store.now():
            deposit = _asked_again(reload, deposit)
        _ended(reload, deposit)
    Reload.update(state="expired").where(Reload.state == "pending_approval", Reload.expires_at < store.now()).execute()


def _asked_again(reload: Reload, deposit: Deposit) -> Deposit:
    """The same attempt: Stripe answers with the charge that it made, or makes it now."""
    try:
        found = payments.look(deposit)
        if found.status != "created" or found.expires_at < store.now():
            return found
        return payments.charge(found, _card(accounts.by_id(reload.account_id)))
    except (Unavailable, InvalidRequest):
        return deposit


def _answer(reload: Reload) -> dict[str, Any]:
    """Raises PaymentFailed, Conflict."""
    deposit = deposits.get(reload.deposit_id)
    if reload.state == "failed":
        raise PaymentFailed(deposit.reason or "The card was not charged.")
    if reload.state != "succeeded":
        raise _running()
    return {
        "pending": False,
        "ok": True,
        "attempt_key": reload.attempt_key,
        "amount": ledger.usd(deposit.paid_cents),
        "bonus": ledger.usd(deposit.bonus_cents),
        "balance": ledger.usd(ledger.balance(reload.account_id)[0]),
        "card": payments.card_of(deposit),
    }


def forget(account_id: str) -> None:
    """Delete the reloads of an account that ends; one that is being charged stays until its end is known."""
    with store.write():
        Reload.delete().where(Reload.account_id == account_id, Reload.state != "charging").execute()
