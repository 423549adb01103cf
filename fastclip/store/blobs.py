"""Bytes: uploads, clips, posters, under keys that we make, in a folder by default.

Clients send and fetch bytes through signed links (`links.py`); on disk those lead back to `api/files.py`. An ETag is
the SHA-256 of what came, and is only given out for bytes that are on the disk: neither `kill -9` nor a power cut
takes an acknowledged part back.
"""

import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from fastclip.errors import NotFound
from fastclip.store.arrivals import NOFOLLOW, Arrival, WholeArrival, full_disk_is_said, sync_folder
from fastclip.store.links import Signer
from fastclip.store.parts import Part, PartMismatch, PartTable

__all__ = ["Blobs", "DiskBlobs", "Part", "PartMismatch", "address_for_others", "base_url"]

base_url: ContextVar[str] = ContextVar("base_url", default="")
"""What stands before links to this machine (`http://studio.local:8787`). The web edge sets it for each request."""
_home: list[str] = [""]
_public: list[str] = [""]
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
_KEY = re.compile(rf"{_SEGMENT}(/{_SEGMENT}){{1,5}}")
_PREFIX = re.compile(rf"({_SEGMENT}/){{1,5}}")
_LEFT_BEHIND_S = 48 * 3600
_NOT_STORED = "This file is no longer stored."


def stand_at(url: str) -> None:
    """What stands before links that are made while no request is answered, as in a webhook; a process says it once."""
    _home[0] = url


def be_known_at(public_url: str) -> None:
    """Under which address the owner says that others reach this site; empty when nothing is said."""
    _public[0] = public_url.rstrip("/")


def address_for_others() -> str:
    """What stands before a link that is passed on: what the owner says, else the address that this request came to,
    but not this machine's own, which leads nobody else here, where another is known."""
    came_to = base_url.get()
    if _public[0] or (came_to and urlsplit(came_to).hostname not in _LOOPBACK):
        return _public[0] or came_to
    return _home[0] or came_to


class Blobs(Protocol):
    """The port. A key is `kind/…/name`, made by us and never from what a user typed."""

    def put_url(self, key: str, *, size_bytes: int, content_type: str, ttl_s: int) -> str:
        """A link that takes exactly these bytes in one PUT."""

    def get_url(self, key: str, *, filename: str, content_type: str, ttl_s: int, inline: bool = False) -> str:
        """A link that reads; saved as `filename`, or shown in place when `inline`."""

    def save(self, key: str, path: Path) -> int:
        """Move the file at `path` in; its size. There is never half a file under `key`."""

    def lease(self, key: str) -> AbstractContextManager[Path]:
        """A local file with these bytes, for reading. Raises NotFound."""

    def size(self, key: str) -> int | None:
        """Bytes under `key`, None when there is nothing."""

    def delete(self, key: str) -> None:
        """Nothing is there afterwards, whether or not something was."""

    def delete_prefix(self, prefix: str) -> None:
        """Delete every key that begins with `prefix`, which ends in `/`."""

    def keys(self, prefix: str, *, older_than_s: float) -> Iterator[str]:
        """Every key that begins with `prefix`, which ends in `/`, and was written at least so long ago."""

    def begin_parts(self, key: str, *, size_bytes: int, part_bytes: int) -> str:
        """Open a file of many parts; its upload_id."""

    def part_url(self, key: str, upload_id: str, part_number: int, *, size_bytes: int, ttl_s: int) -> str:
        """A link that takes part `part_number` (from 1). Sending it again overwrites."""

    def parts(self, key: str, upload_id: str) -> dict[int, Part]:
        """The parts that are wholly there. Empty when the upload is unknown, finished or aborted."""

    def finish_parts(self, key: str, upload_id: str, etags: list[str]) -> None:
        """Make the parts one file. Doing it again with the same list does nothing.

        Raises PartMismatch (nothing changed, parts can still be sent), NotFound (aborted or unknown).
        """

    def abort_parts(self, key: str, upload_id: str) -> None:
        """Forget the upload and its parts; a file finished from it stays."""

    def tidy(self) -> None:
        """Remove what writers that died left behind two days ago or earlier."""


class DiskBlobs:
    """The port on a folder. The first of `link_secrets` signs; the others, from before a rotation, only verify."""

    def __init__(self, root: Path, *link_secrets: bytes) -> None:
        self._root, self._arriving, self._parts = root, root / ".arriving", PartTable(root / ".parts")
        for folder in (root, self._arriving, self._parts.root):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.links = Signer(*link_secrets)

    # -- Links ---------------------------------------------------------------------------------------------

    def put_url(self, key: str, *, size_bytes: int, content_type: str, ttl_s: int) -> str:
        link = self.links.put(_checked(key), size_bytes=size_bytes, content_type=content_type, ttl_s=ttl_s)
        return (base_url.get() or _home[0]) + link

    def get_url(self, key: str, *, filename: str, content_type: str, ttl_s: int, inline: bool = False) -> str:
        link = self.links.get(_checked(key), filename=filename, content_type=content_type, ttl_s=ttl_s, inline=inline)
        return (base_url.get() or _home[0]) + link

    def part_url(self, key: str, upload_id: str, part_number: int, *, size_bytes: int, ttl_s: int) -> str:
        link = self.links.put(_checked(key), size_bytes=size_bytes, ttl_s=ttl_s, upload_id=upload_id, part=part_number)
        return (base_url.get() or _home[0]) + link

    # -- Whole files ---------------------------------------------------------------------------------------

    def save(self, key: str, path: Path) -> int:
        target = self._make_room(key)
        with full_disk_is_said(), open(path, "rb") as source:
            os.fsync(source.fileno())
            size_bytes = os.fstat(source.fileno()).st_size
        try:
            os.replace(path, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy_in(path, target)
        sync_folder(target.parent)
        return size_bytes

    def _copy_in(self, path: Path, target: Path) -> None:
        """`save` from another file system: copy beside it, then rename."""
        beside = self._arriving / secrets.token_hex(16)
        try:
            with full_disk_is_said(), open(path, "rb") as source, open(beside, "xb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
            os.replace(beside, target)
        finally:
            beside.unlink(missing_ok=True)
        path.unlink()

    @contextmanager
    def lease(self, key: str) -> Iterator[Path]:
        path = self._path(key)
        if not path.is_file():
            raise NotFound(_NOT_STORED)
        yield path

    def size(self, key: str) -> int | None:
        try:
            found = os.lstat(self._path(key))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def delete_prefix(self, prefix: str) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self._below(prefix))

    def keys(self, prefix: str, *, older_than_s: float) -> Iterator[str]:
        newest = time.time() - older_than_s
        for path in self._below(prefix).rglob("*"):
            with suppress(FileNotFoundError):
                found = path.lstat()
                if stat.S_ISREG(found.st_mode) and found.st_mtime <= newest:
                    yield path.relative_to(self._root).as_posix()

    # -- Files of many parts -------------------------------------------------------------------------------

    def begin_parts(self, key: str, *, size_bytes: int, part_bytes: int) -> str:
        return self._parts.begin(_checked(key), size_bytes=size_bytes, part_bytes=part_bytes)

    def parts(self, key: str, upload_id: str) -> dict[int, Part]:
        return self._parts.rows(_checked(key), upload_id)

    def finish_parts(self, key: str, upload_id: str, etags: list[str]) -> None:
        self._parts.finish(key, upload_id, etags, self._make_room(key))

    def abort_parts(self, key: str, upload_id: str) -> None:
        self._parts.abort(_checked(key), upload_id)

    def tidy(self) -> None:
        oldest = time.time() - _LEFT_BEHIND_S
        for path in [*self._arriving.iterdir(), *self._parts.root.iterdir()]:
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    # -- For the server of the links (api/files.py) --------------------------------------------------------

    def open(self, key: str) -> int:
        """A descriptor for reading; the caller closes it. Raises NotFound."""
        try:
            fd = os.open(self._path(key), os.O_RDONLY | NOFOLLOW)
        except OSError as error:
            raise NotFound(_NOT_STORED) from error
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise NotFound(_NOT_STORED)
        return fd

    def arrive(self, key: str, *, size_bytes: int) -> Arrival:
        """Begin to take a whole file."""
        return WholeArrival(self._arriving / secrets.token_hex(16), self._make_room(key), size_bytes)

    def arrive_part(self, key: str, upload_id: str, part_number: int, *, size_bytes: int) -> Arrival:
        """Begin to take one part. Raises NotFound after finish and abort."""
        return self._parts.arrive(_checked(key), upload_id, part_number, size_bytes=size_bytes)

    # -- Paths ---------------------------------------------------------------------------------------------

    def _path(self, key: str) -> Path:
        return self._inside(self._root / _checked(key))

    def _below(self, prefix: str) -> Path:
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"not a prefix of ours: {prefix!r}")
        return self._inside(self._root / prefix)

    def _make_room(self, key: str) -> Path:
        path = self._path(key)
        with full_disk_is_said():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def _inside(self, path: Path) -> Path:
        """`path`, unless a symbolic link leads it out of the store: that is a bug or an attack."""
        if not path.parent.resolve().is_relative_to(self._root.resolve()):
            raise ValueError(f"{path} leads out of the store")
        return path


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key of ours: {key!r}")
    return key
