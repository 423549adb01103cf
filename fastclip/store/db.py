"""Rows: SQLite in the data folder by default, PostgreSQL by URL, both through Peewee.

Reads run as they are. Every write runs inside `write()`: one transaction, and on SQLite one writer at a time in
a fair order (a thread lock, then a file lock), because SQLite's own busy handler starves writers: measured in
backend-spec 6.1, worst write 4.2 s without the lock and 0.16 s with it.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

from filelock import FileLock
from peewee import Database, DatabaseProxy, Model, OperationalError, PostgresqlDatabase, SqliteDatabase

from fastclip.errors import InvalidRequest, Unavailable

db = DatabaseProxy()

DISK_FULL = "The disk is full; free some space and try again."

_SQLITE_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": 1,
    "cache_size": -8000,
    "temp_store": "memory",
}
_thread_lock = threading.RLock()
_file_lock: FileLock | None = None
_depth = threading.local()


class Row(Model):
    """Base of every table. A table lives beside the rules about it, not here."""

    class Meta:
        database = db
        legacy_table_names = False


def connect(url: str) -> Database:
    """Point every table at the database named by `url` (`sqlite:///path`, `postgresql://…`)."""
    global _file_lock
    parts = urlparse(url)
    if parts.scheme == "sqlite":
        path = url2pathname(parts.path)
        Path(path).touch(mode=0o600)  # also in a folder that others may enter
        _file_lock = FileLock(f"{path}.lock", thread_local=False)
        database: Database = SqliteDatabase(path, timeout=15, pragmas=_SQLITE_PRAGMAS)
    elif parts.scheme in ("postgresql", "postgres"):
        _file_lock = None
        database = PostgresqlDatabase(url, prefer_psycopg3=True)
    else:
        raise InvalidRequest(f"Setting `database` begins {parts.scheme}://; use sqlite:// or postgresql://.")
    db.initialize(database)
    return database


def close_thread() -> None:
    """Close this thread's connection."""
    if not db.is_closed():
        db.close()


@contextmanager
def write() -> Iterator[None]:
    """One transaction; nested calls join the outer one. Keep everything slow outside.

    Raises Unavailable (insufficient_storage) when the disk is full; nothing was changed then.
    """
    if getattr(_depth, "n", 0):
        yield
        return
    _depth.n, _depth.after = 1, []
    try:
        with _writer_turn(), full_disk_is_said(), _transaction():
            yield
    finally:
        _depth.n = 0
    for task in _depth.after:
        task()


def after_commit(task: Callable[[], object]) -> None:
    """Do `task` once the transaction around this call is kept, at once where there is none. It goes with a rollback."""
    if getattr(_depth, "n", 0):
        _depth.after.append(task)
    else:
        task()


@contextmanager
def _writer_turn() -> Iterator[None]:
    if _file_lock is None:
        yield
        return
    with _thread_lock, _file_lock.acquire(poll_interval=0.002):
        yield


def is_embedded() -> bool:
    """Whether rows are in SQLite, in a file of this machine."""
    return _file_lock is not None


def _transaction() -> Any:
    return db.atomic("IMMEDIATE") if _file_lock is not None else db.atomic()


@contextmanager
def full_disk_is_said() -> Iterator[None]:
    """Peewee hides a full disk behind "cannot rollback": look for it along the context."""
    try:
        yield
    except OperationalError as error:
        cause: BaseException | None = error
        while cause is not None:
            if "disk is full" in str(cause) or "disk I/O error" in str(cause):
                raise Unavailable(DISK_FULL, code="insufficient_storage") from error
            cause = cause.__context__
        raise


BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
HEX = "0123456789abcdef"


def new_id(prefix: str, *, chars: int = 16, alphabet: str = BASE32) -> str:
    """A fresh public id such as `job_` + 16 base32 characters."""
    return prefix + "".join(secrets.choice(alphabet) for _ in range(chars))


def now() -> datetime:
    """The present in UTC, without tzinfo, as the database keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def rfc3339(moment: datetime | None) -> str | None:
    """A stored moment as the API shows it: `2026-04-19T10:00:00Z`."""
    return None if moment is None else moment.replace(microsecond=0).isoformat() + "Z"
