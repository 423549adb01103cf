"""What is announced about money: the balance ran low, is empty, was filled; a payment failed.

Called inside the transaction that moves the money, so that there is never news of what was rolled back.
"""

from typing import Any

from fastclip import rules, webhooks
from fastclip.billing import wallet


def tell(account_id: str, event: str, data: dict[str, Any]) -> None:
    """Announce one of `rules.EVENTS`."""
    webhooks.announce(account_id, event, data)


def balance_fell(account_id: str, before: int, after: int) -> None:
    """Tell of each line that was crossed on the way down; going above it again arms it again."""
    threshold = wallet.of(account_id).low_balance_cents
    if after < threshold <= before:
        tell(account_id, "balance.low", {"balance": after / 100, "threshold": threshold / 100})
    if after < rules.EMPTY_BALANCE_CENTS <= before:
        tell(account_id, "balance.empty", {"balance": after / 100})
