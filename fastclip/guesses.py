"""How often a secret may be guessed: five times, then after a wait that doubles from a second to 15 minutes.

Counted in memory per key (such as an account and an address), for an hour after the last try. A try counts before it
is looked at, so that many at once are not more than many in a row. Source: backend-spec 7.2, "Brute force".
"""

import math
import threading
import time
from collections.abc import Callable, Hashable

from fastclip.errors import RateLimited

FREE = 5
LONGEST_S = 900.0
_FORGET_S = 3600.0
_MOST_KEYS = 10_000


class Guesses:
    """Tries of one kind of secret. clock: seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._tries: dict[Hashable, tuple[int, float]] = {}  # how many, and when the last one was

    def take(self, key: Hashable) -> None:
        """Count one try. Raises RateLimited while the key has to wait; such a try is not counted."""
        with self._lock:
            now = self._clock()
            count, last = self._tries.pop(key, (0, now))
            wait_s = last + wait_after_s(count) - now
            if wait_s > 0:
                self._tries[key] = count, last
                left_s = math.ceil(wait_s)
                raise RateLimited(f"Too many wrong tries; the next one is open in {left_s} s.", retry_after_s=left_s)
            self._tries[key] = (count if now - last < _FORGET_S else 0) + 1, now
            self._forget(now)

    def was_right(self, key: Hashable) -> None:
        """The last try was no guess: forget the wrong ones before it."""
        with self._lock:
            self._tries.pop(key, None)

    def _forget(self, now: float) -> None:
        """Drop the oldest keys (the dict is in order of their last try) that are over or too many."""
        while self._tries:
            oldest = next(iter(self._tries))
            if len(self._tries) <= _MOST_KEYS and now - self._tries[oldest][1] < _FORGET_S:
                return
            del self._tries[oldest]


def wait_after_s(count: int) -> float:
    """Seconds to wait after so many wrong tries: 0 up to the fourth, then 1, 2, 4 ... 900."""
    return min(2.0 ** (count - FREE), LONGEST_S) if count >= FREE else 0.0
