"""Files that come in many parts: written in place into one sparse file, so that finishing copies nothing.

`<upload_id>/` holds `layout` (JSON), `data` (sparse, as large as the whole) and one empty file for each finished part,
named `<number>.<size>.<etag>`. A name is there or it is not, so a crash never leaves half a row; and it is removed
before the first byte of its part is overwritten. A folder without `data` is finished: it remembers the ETags, so that
finishing can be repeated.
"""

import json
import os
import re
import secrets
import shutil
import threading
from pathlib import Path
from typing import NamedTuple

from fastclip.errors import Conflict, NotFound
from fastclip.store.arrivals import NOFOLLOW, Arrival, Counted, full_disk_is_said, sync_folder

_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_GONE = "This multipart upload was finished or aborted; it takes no more parts."


class PartMismatch(Exception):
    """The part at `index` (from 0) of a list of ETags is not the part that is stored."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


class Part(NamedTuple):
    etag: str
    size_bytes: int


class PartTable:
    """All such files of a store, below `root`. One process takes parts; any may finish or abort."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._newest: dict[Path, _PartArrival] = {}

    def begin(self, key: str, *, size_bytes: int, part_bytes: int) -> str:
        upload_id = secrets.token_hex(16)
        folder = self.root / upload_id
        folder.mkdir(mode=0o700)
        with full_disk_is_said():
            with open(folder / "data", "xb") as data:
                data.truncate(size_bytes)
            _write_synced(folder / "layout", {"key": key, "size_bytes": size_bytes, "part_bytes": part_bytes})
            sync_folder(folder)
        return upload_id

    def rows(self, key: str, upload_id: str) -> dict[int, Part]:
        folder = self._folder(key, upload_id)
        return _rows(folder) if folder and (folder / "data").exists() else {}

    def finish(self, key: str, upload_id: str, etags: list[str], target: Path) -> None:
        """Rename the data to `target`, in an existing folder. Raises PartMismatch, NotFound."""
        folder = self._folder(key, upload_id)
        if folder is None:
            raise NotFound(_GONE)
        layout = _layout(folder)
        with self._lock:
            _check(etags, _rows(folder), layout["size_bytes"], layout["part_bytes"])
            try:
                os.replace(folder / "data", target)
            except FileNotFoundError as error:  # finished before
                if not target.is_file():
                    raise NotFound(_GONE) from error
            sync_folder(target.parent)

    def abort(self, key: str, upload_id: str) -> None:
        folder = self._folder(key, upload_id)
        if folder is not None:
            with self._lock:
                shutil.rmtree(folder, ignore_errors=True)

    def arrive(self, key: str, upload_id: str, part_number: int, *, size_bytes: int) -> Arrival:
        """Begin to take a part. From now on it counts as absent, and an older sender of it is cut off."""
        folder = self._folder(key, upload_id)
        if folder is None:
            raise NotFound(_GONE)
        offset = (part_number - 1) * _layout(folder)["part_bytes"]
        with self._lock:
            try:
                fd = os.open(folder / "data", os.O_WRONLY | NOFOLLOW)
            except FileNotFoundError as error:
                raise NotFound(_GONE) from error
            arrival = _PartArrival(self, folder / str(part_number), fd, offset, size_bytes)
            if older := self._newest.get(arrival.row):
                older.cut_off()
            self._newest[arrival.row] = arrival
            _forget_row(arrival.row)
        return arrival

    def acknowledge(self, arrival: "_PartArrival", part: Part) -> None:
        """Write the part's row, unless a newer sender has begun meanwhile."""
        with self._lock:
            arrival.must_be_newest()
            row = arrival.row.with_name(f"{arrival.row.name}.{part.size_bytes}.{part.etag}")
            try:
                os.close(os.open(row, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
                sync_folder(row.parent)
            except FileNotFoundError as error:
                raise NotFound(_GONE) from error

    def release(self, arrival: "_PartArrival") -> None:
        with self._lock:
            if self._newest.get(arrival.row) is arrival:
                del self._newest[arrival.row]

    def _folder(self, key: str, upload_id: str) -> Path | None:
        """The folder of an upload of `key` that is open or finished, None for any other."""
        if not _UPLOAD_ID.fullmatch(upload_id):
            return None
        folder = self.root / upload_id
        try:
            return folder if _layout(folder)["key"] == key else None
        except FileNotFoundError:
            return None


class _PartArrival:
    """One part. row: where its row will stand, without size and ETag."""

    def __init__(self, table: PartTable, row: Path, fd: int, offset: int, size_bytes: int) -> None:
        self.row, self._table, self._fd = row, table, fd
        self._turn, self._is_cut_off = threading.Lock(), False
        os.lseek(fd, offset, os.SEEK_SET)
        self._counted = Counted(fd, size_bytes)

    def write(self, block: bytes) -> None:
        with self._turn:
            self.must_be_newest()
            self._counted.write(block)

    def keep(self) -> str:
        etag = self._counted.flushed()
        self._table.acknowledge(self, Part(etag, self._counted.n))
        self.drop()
        return etag

    def drop(self) -> None:
        self._table.release(self)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def cut_off(self) -> None:
        """Waits for a block that is being written, so that the newer sender's bytes come after it."""
        with self._turn:
            self._is_cut_off = True

    def must_be_newest(self) -> None:
        if self._is_cut_off:
            raise Conflict("This part is being sent again by a newer request.")


def _layout(folder: Path) -> dict:
    return json.loads((folder / "layout").read_text())


def _rows(folder: Path) -> dict[int, Part]:
    named = [path.name.split(".") for path in folder.iterdir() if path.name.count(".") == 2]
    return {int(number): Part(etag, int(size_bytes)) for number, size_bytes, etag in named}


def _forget_row(row: Path) -> None:
    for old in row.parent.glob(f"{row.name}.*.*"):
        old.unlink()
        sync_folder(row.parent)


def _check(etags: list[str], rows: dict[int, Part], size_bytes: int, part_bytes: int) -> None:
    count = -(-size_bytes // part_bytes)
    if len(etags) != count:
        raise PartMismatch(f"{len(etags)} parts were named, but there are {count}", min(len(etags), count))
    for index, etag in enumerate(etags):
        there = rows.get(index + 1)
        if there is None:
            raise PartMismatch("it has not arrived", index)
        if there.etag != etag:
            raise PartMismatch("its ETag is another one", index)
        if there.size_bytes != min(part_bytes, size_bytes - index * part_bytes):
            raise PartMismatch(f"it has {there.size_bytes} bytes", index)


def _write_synced(path: Path, value: dict) -> None:
    with open(path, "x") as out:
        json.dump(value, out)
        out.flush()
        os.fsync(out.fileno())
