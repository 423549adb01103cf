"""Bytes on their way to the disk: counted, hashed, and acknowledged only when the disk has them."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from fastclip.errors import InvalidRequest, TooLarge, Unavailable

NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_flush = getattr(os, "fdatasync", os.fsync)


class Arrival(Protocol):
    """Bytes of one PUT. Called from pool threads, one call at a time."""

    def write(self, block: bytes) -> None:
        """Take the next bytes. Raises TooLarge, Conflict (a newer PUT of this part took over), Unavailable (disk)."""

    def keep(self) -> str:
        """The ETag, once all bytes are safe on the disk. Raises InvalidRequest when some are missing."""

    def drop(self) -> None:
        """Forget what came. Does nothing after `keep`."""


class WholeArrival:
    """A whole file: written to `beside`, renamed to `target` at the end."""

    def __init__(self, beside: Path, target: Path, size_bytes: int) -> None:
        with full_disk_is_said():
            self._fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW, 0o600)
        self._beside, self._target = beside, target
        self._counted = Counted(self._fd, size_bytes)

    def write(self, block: bytes) -> None:
        self._counted.write(block)

    def keep(self) -> str:
        etag = self._counted.flushed()
        os.replace(self._beside, self._target)
        sync_folder(self._target.parent)
        self.drop()
        return etag

    def drop(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._beside.unlink(missing_ok=True)


class Counted:
    """Writes to `fd` from where it stands. The hash and the write both let other threads run."""

    def __init__(self, fd: int, size_bytes: int) -> None:
        self._fd, self._size_bytes, self._hash, self.n = fd, size_bytes, hashlib.sha256(), 0

    def write(self, block: bytes) -> None:
        self.n += len(block)
        if self.n > self._size_bytes:
            raise TooLarge(f"More bytes came than the {self._size_bytes} that this link is for.")
        self._hash.update(block)
        left = memoryview(block)
        with full_disk_is_said():
            while left:
                left = left[os.write(self._fd, left) :]

    def flushed(self) -> str:
        """The hash of what came, once the disk has it."""
        if self.n != self._size_bytes:
            raise InvalidRequest(f"{self.n} bytes came, but this link is for {self._size_bytes}. Send them again.")
        with full_disk_is_said():
            _flush(self._fd)
        return self._hash.hexdigest()


@contextmanager
def full_disk_is_said() -> Iterator[None]:
    """Raises Unavailable (insufficient_storage) where the system says that the disk or the quota is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        said = "The disk is full; free some space and try again."
        raise Unavailable(said, code="insufficient_storage") from error


def sync_folder(folder: Path) -> None:
    """Make names in `folder` survive a power cut, where the system lets a folder be synced."""
    if os.name == "posix":
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
