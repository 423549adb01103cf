"""Copies of an installation: its rows every day, in the data folder; all of it, in a folder of the owner's choice.

A folder that `save` wrote is a data folder: `fastclip serve --data-dir FOLDER` opens it. Rows are copied first, while
everybody goes on working, then the bytes they point at, which never change. Source: backend-spec 6.3; desktop.md 14.
"""

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fastclip import rules, settings, store, vault
from fastclip.errors import Conflict, InvalidRequest
from fastclip.settings import Settings
from fastclip.store.blobs import DiskBlobs

KEPT = 14
_EVERY_S = 23 * rules.HOUR
_ROWS = "fastclip.db"
_HALF_MADE = (".arriving", ".parts")


@dataclass(frozen=True)
class Saved:
    """What a whole backup holds. with_secrets: whether signing keys and providers' secrets are in it."""

    folder: Path
    rows_bytes: int
    files: int
    files_bytes: int
    with_secrets: bool


# -- Rows, every day ---------------------------------------------------------------------------------------


def make(data_dir: Path) -> Path:
    """Copy the rows now, beside the earlier copies; the oldest of more than 14 goes. Raises Conflict (PostgreSQL)."""
    folder = data_dir / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    made = folder / f"rows-{store.now():%Y%m%dT%H%M%S%f}.db"
    _copy_rows(made)
    for old in _made(data_dir)[:-KEPT]:
        old.unlink(missing_ok=True)
    return made


def make_daily(data_dir: Path) -> None:
    """Copy the rows when the last copy is of yesterday. For the daily sweep."""
    last = _made(data_dir)[-1:]
    if store.is_embedded() and not (last and last[0].stat().st_mtime > time.time() - _EVERY_S):
        make(data_dir)


def describe(data_dir: Path) -> dict[str, Any]:
    """The copies that are there, newest first."""
    rows = [
        {"file": str(one), "size_bytes": one.stat().st_size, "created_at": store.rfc3339(_moment(one))}
        for one in reversed(_made(data_dir))
    ]
    return {"data": rows, "kept": KEPT, "folder": str(data_dir / "backups"), "is_possible": store.is_embedded()}


def _moment(copy: Path) -> datetime:
    return datetime.strptime(copy.stem, "rows-%Y%m%dT%H%M%S%f")


def _made(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "backups").glob("rows-*.db"))


def _copy_rows(target: Path) -> None:
    if not store.is_embedded():
        raise Conflict("Rows are on a PostgreSQL server here; back them up with pg_dump.")
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with store.full_disk_is_said():
            store.db.execute_sql("VACUUM INTO ?", (str(part),))
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


# -- Everything, when the owner asks -----------------------------------------------------------------------


def save(loaded: Settings, folder: Path) -> Saved:
    """Copy rows, bytes, settings and secrets to `folder`; into an earlier backup only what is new.

    Secrets in a keyring stay there. Raises InvalidRequest (a folder with other things in it), Conflict (PostgreSQL).
    """
    _check(loaded, folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _copy_rows(folder / _ROWS)
    files = size = 0
    if isinstance(store.blobs, DiskBlobs):
        kept = _copy_bytes(loaded.data_dir / "blobs", folder / "blobs")
        files, size = len(kept), sum(kept.values())
    for name in (settings.FILE, vault.FILE):
        if (loaded.data_dir / name).exists():
            shutil.copy2(loaded.data_dir / name, folder / name)
    return Saved(folder, (folder / _ROWS).stat().st_size, files, size, (folder / vault.FILE).exists())


def _check(loaded: Settings, folder: Path) -> None:
    if folder.resolve().is_relative_to(loaded.data_dir):
        raise InvalidRequest("A backup inside the data folder goes with it; choose a folder elsewhere.")
    if folder.exists() and any(folder.iterdir()) and not (folder / _ROWS).is_file():
        raise InvalidRequest(f"{folder} holds other things; choose an empty folder, or an earlier backup.")
    if (folder / "serve.lock").exists():
        raise InvalidRequest(f"{folder} is a data folder that has been served; choose another for the backup.")


def _copy_bytes(source: Path, target: Path) -> dict[str, int]:
    """Make `target` what `source` is; sizes by name. A file that goes meanwhile was deleted, and its row with it."""
    kept: dict[str, int] = {}
    for path in source.rglob("*"):
        name = path.relative_to(source)
        if name.parts[0] in _HALF_MADE:
            continue
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                kept[str(name)] = path.stat().st_size
                _copy_file(path, target / name)
    for path in list(target.rglob("*")):
        if path.is_file() and str(path.relative_to(target)) not in kept:
            path.unlink()
    return kept


def _copy_file(path: Path, target: Path) -> None:
    if target.exists() and target.stat().st_size == path.stat().st_size:
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_name(f".{target.name}.part")
    shutil.copy2(path, part)
    os.replace(part, target)
