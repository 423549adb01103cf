"""Storage of an account: what is included, what was bought for good, what it costs.

Source: API reference, "Billing, Storage, and Account"; backend-spec A22, A23.
"""

from typing import Any

from peewee import CharField, DateTimeField, IntegerField, fn

from fastclip import rules, store
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.errors import InvalidRequest
from fastclip.store import Row


class StoragePurchase(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    gb = IntegerField()
    cents = IntegerField()
    created_at = DateTimeField(default=store.now)


def purchased_gb(account_id: str) -> int:
    bought = StoragePurchase.select(fn.SUM(StoragePurchase.gb)).where(StoragePurchase.account_id == account_id)
    return int(bought.scalar() or 0)


def quota_bytes(account_id: str) -> int:
    """What pinned clips and fonts may take together."""
    return (rules.INCLUDED_STORAGE_GB + purchased_gb(account_id)) * rules.GB


def purchase(account: Account, gb: int) -> dict[str, Any]:
    """More storage, for good, paid from the balance. Raises InvalidRequest, InsufficientBalance."""
    cents = rules.storage_cents(gb)
    if cents is None:
        packages, (low, high) = ", ".join(map(str, rules.STORAGE_PACKAGE_CENTS)), rules.STORAGE_CUSTOM_GB
        raise InvalidRequest(f"gb is {gb}; buy {packages}, or {low} to {high}.", param="gb")
    with store.write():
        bought = StoragePurchase.create(id=store.new_id("sto_"), account_id=account.id, gb=gb, cents=cents)
        ledger.spend(account, "storage", cents, bought.id)
    return purchased(bought)


def purchased(bought: StoragePurchase) -> dict[str, Any]:
    return {
        "gb": bought.gb,
        "price": ledger.usd(bought.cents),
        "quota_bytes": quota_bytes(bought.account_id),
        "balance": ledger.usd(ledger.balance(bought.account_id)[0]),
    }


def describe(account_id: str, *, used_bytes: int, temporary_bytes: int) -> dict[str, Any]:
    return {
        "quota_bytes": quota_bytes(account_id),
        "used_bytes": used_bytes,
        "temporary_bytes": temporary_bytes,
        "purchased_gb": purchased_gb(account_id),
        "included_gb": rules.INCLUDED_STORAGE_GB,
        "packages": [{"gb": gb, "price": ledger.usd(cents)} for gb, cents in rules.STORAGE_PACKAGE_CENTS.items()],
        "custom_price_per_gb": ledger.usd(rules.STORAGE_CUSTOM_CENTS_PER_GB),
    }
