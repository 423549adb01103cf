"""What is kept of a secret that lets somebody in: of a password its Argon2 hash, of a token its digest.

Source: backend-spec 5.
"""

import hashlib
import secrets
import threading
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from fastclip import rules
from fastclip.errors import InvalidRequest

TOUCH_EVERY = timedelta(seconds=60)
"""How often it is noted that a session or a key was used."""
# 19 MiB, 2 passes: 73 ms on the reference machine, where the library's default took 658 ms (backend-spec 5).
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_hashing = threading.Semaphore(2)
_COMMON = frozenset(
    "password123 passwort123 1234567890 12345678910 qwertyuiop qwerty12345 iloveyou123 adminadmin".split()
)


def check(password: str) -> None:
    """Raises InvalidRequest for a password of another length, or one that anybody would guess."""
    low, high = rules.PASSWORD_CHARS
    if not low <= len(password) <= high:
        raise InvalidRequest(f"The password has {len(password)} characters; use {low} to {high}.", param="password")
    if password.lower() in _COMMON or len(set(password)) < 4:
        raise InvalidRequest(
            "This password is among the first that anybody would try; use a less common one.", param="password"
        )


def hashed(password: str) -> str:
    """The password as it is kept."""
    with _hashing:
        return _hasher.hash(password)


def is_right(hashed: str, password: str) -> bool:
    """Whether `hashed` was made of this password."""
    try:
        with _hashing:
            return _hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def is_outdated(hashed: str) -> bool:
    """Whether today's parameters would hash it otherwise."""
    return _hasher.check_needs_rehash(hashed)


_dummy: list[str] = []


def nobodys_hash() -> str:
    """A hash that no password fits, so that an unknown address costs the same time."""
    if not _dummy:
        _dummy.append(hashed(secrets.token_urlsafe(32)))
    return _dummy[0]


def digest(token: str) -> str:
    """What is kept of a token: nobody who reads the rows can use it."""
    return hashlib.sha256(token.encode()).hexdigest()
