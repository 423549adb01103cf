"""How an account may be reloaded: whether, whether its holder is asked by mail, with which password, warned below what.

Source: API reference, "Billing, Storage, and Account"; backend-spec 2.6.
"""

from typing import Any

from fastclip import credentials, rules, sessions
from fastclip.accounts import Account
from fastclip.billing import ledger, wallet
from fastclip.errors import InvalidRequest, NotAllowed


def describe(account: Account) -> dict[str, Any]:
    """What is set, as the API shows it; never the password."""
    kept = wallet.of(account.id)
    return {
        "enabled": kept.is_reload_on,
        "email_confirmation": kept.needs_mail,
        "has_reload_password": bool(kept.reload_password_hash),
        "email": account.email,
        "low_balance_threshold": ledger.usd(kept.low_balance_cents),
    }


def change(account: Account, asked: dict[str, Any], *, current_password: str | None) -> dict[str, Any]:
    """Change some of them. Raises InvalidRequest, NotAllowed (what guards the card needs the account's password)."""
    kept, facts = wallet.of(account.id), dict[str, Any]()
    if "enabled" in asked:
        facts["is_reload_on"] = asked["enabled"]
    if "email_confirmation" in asked:
        facts["needs_mail"] = asked["email_confirmation"]
    if "low_balance_threshold" in asked:
        facts["low_balance_cents"] = _threshold(asked["low_balance_threshold"])
    if "reload_password" in asked:
        facts["reload_password_hash"] = _hashed(asked["reload_password"])
    drops_mail = kept.needs_mail and facts.get("needs_mail") is False
    drops_password = bool(kept.reload_password_hash) and "reload_password_hash" in facts
    if drops_mail or drops_password:
        _check_holder(account, current_password)
    wallet.change(account.id, **facts)
    return describe(account)


def _threshold(dollars: float) -> int:
    cents = round(dollars * 100)
    if not 0 <= cents <= rules.MAX_LOW_BALANCE_CENTS or abs(cents - dollars * 100) > 1e-6:
        most = rules.MAX_LOW_BALANCE_CENTS // 100
        raise InvalidRequest(
            f"low_balance_threshold is {dollars}; use 0 to {most} dollars, in whole cents.",
            param="low_balance_threshold",
        )
    return cents


def _hashed(password: str | None) -> str:
    if password is None:
        return ""
    low, high = rules.RELOAD_PASSWORD_CHARS
    if not low <= len(password) <= high:
        raise InvalidRequest(
            f"reload_password has {len(password)} characters; use {low} to {high}.", param="reload_password"
        )
    return credentials.hashed(password)


def _check_holder(account: Account, password: str | None) -> None:
    if password is None:
        raise NotAllowed("Give your own password as current_password to change this.", param="current_password")
    sessions.confirm(account, password, param="current_password")
