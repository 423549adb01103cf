"""Bringing the tables of an older FastClip up to date: numbered files, run in order before anything listens.

Forward only for the people who use it: a data folder written by a newer version is refused with a sentence.
Before anything changes, SQLite's file is copied beside itself (`VACUUM INTO`: one compact file, writers go on).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from playhouse.migrations import Runner

from fastclip.errors import InvalidRequest
from fastclip.settings import Settings
from fastclip.store.db import db, now

_FOLDER = Path(__file__).parent
_KEPT_COPIES = 3
_ADVISORY_LOCK = 0x46617374  # "Fast"; any number that nothing else of this database takes


def up(settings: Settings) -> list[str]:
    """Run what is pending, under a lock so that two processes never migrate at once; returns the names."""
    runner = Runner(db.obj, str(_FOLDER))
    if _is_sqlite(settings) and not _pending(runner):
        return []
    with _turn(settings):
        if not _pending(runner):
            return []
        if runner.applied():
            _copy(settings)
        return runner.up()


@contextmanager
def _turn(settings: Settings) -> Iterator[None]:
    """One process at a time; on PostgreSQL also those of other machines and data folders."""
    with FileLock(settings.data_dir / "migrate.lock"):
        if _is_sqlite(settings):
            yield
            return
        db.execute_sql("SELECT pg_advisory_lock(%s)", (_ADVISORY_LOCK,))
        try:
            yield
        finally:
            db.execute_sql("SELECT pg_advisory_unlock(%s)", (_ADVISORY_LOCK,))


def _is_sqlite(settings: Settings) -> bool:
    return settings.database_url.startswith("sqlite:")


def _pending(runner: Runner) -> list[str]:
    """Names not yet applied. Raises InvalidRequest when the data is newer than this program."""
    rows = runner.status()
    newer = [row.name for row in rows if row.path is None]
    if newer:
        raise InvalidRequest(
            f"This data folder was written by a newer FastClip (it has {newer[-1]}); update FastClip to open it."
        )
    return [row.name for row in rows if not row.applied]


def _copy(settings: Settings) -> None:
    if not _is_sqlite(settings):
        return  # the owner of a PostgreSQL server backs it up
    folder = settings.data_dir / "copies"
    folder.mkdir(mode=0o700, exist_ok=True)
    db.execute_sql("VACUUM INTO ?", (str(folder / f"before-{now():%Y%m%dT%H%M%S%f}.db"),))
    for old in sorted(folder.glob("before-*.db"))[:-_KEPT_COPIES]:
        old.unlink()
