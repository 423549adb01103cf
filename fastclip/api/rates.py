"""How many requests a minute or an hour: a sliding window per class of route and account, or address.

A route names its class (`opt={"rate": "jobs"}`); without one it is `read` or `write` by its method. None: not counted.
Source: backend-spec 7.2, "Rates".
"""

import ipaddress
import math
import time
from collections.abc import Mapping

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from fastclip import rules
from fastclip.errors import RateLimited

BY_ADDRESS = frozenset({"sign_in", "share", "view"})
Headers = list[tuple[bytes, bytes]]


class Rates:
    """Counts in memory, forgotten after two windows.

    limits: class -> requests in `window_s`. hourly: class -> requests in sixty of them.
    """

    def __init__(
        self,
        limits: Mapping[str, int] = rules.RATES_PER_MINUTE,
        *,
        hourly: Mapping[str, int] = rules.RATES_PER_HOUR,
        window_s: int = rules.MINUTE,
    ) -> None:
        self._hourly = frozenset(hourly)
        self._items = {
            name: RateLimitItemPerSecond(n, window_s * (60 if name in hourly else 1), namespace=name)
            for name, n in {**limits, **hourly}.items()
        }
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count(self, name: str, *, account_id: str | None, ip: str, headers: Headers) -> None:
        """Count one request. headers: RateLimit-* are added to it. Raises RateLimited."""
        item = self._items[name]
        whose = account_id if account_id and name not in BY_ADDRESS else address_block(ip)
        is_allowed = self._limiter.hit(item, whose)
        window = self._limiter.get_window_stats(item, whose)
        # At the very end of a window it is still full: whoever waits as long as told must find room.
        reset_s = max(1, math.floor(window.reset_time - time.time()) + 1)
        left = {"limit": item.amount, "remaining": max(0, window.remaining), "reset": reset_s}
        headers += [(f"ratelimit-{key}".encode(), str(value).encode()) for key, value in left.items()]
        if not is_allowed:
            period = "an hour" if name in self._hourly else "a minute"
            said = f"Too many requests; {item.amount} {period} are allowed here. Try again in {reset_s} s."
            raise RateLimited(said, retry_after_s=reset_s)


def address_block(ip: str) -> str:
    """Who is behind an address: itself for IPv4, the /64 for IPv6, since one machine has a whole one."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    return ip if address.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))
