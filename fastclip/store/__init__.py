"""The three things FastClip keeps outside its own memory: rows, bytes and waiting work.

`open()` picks a backend for each from one URL. Code above calls `store.write`, `store.blobs` and `store.queue`
and never learns which backends it got.
"""

from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from fastclip import vault
from fastclip.errors import InvalidRequest
from fastclip.settings import Settings
from fastclip.store import migrations
from fastclip.store.blobs import Blobs, DiskBlobs
from fastclip.store.db import (
    HEX,
    Row,
    after_commit,
    close_thread,
    connect,
    db,
    full_disk_is_said,
    is_embedded,
    new_id,
    now,
    rfc3339,
    write,
)
from fastclip.store.queue import Queue

blobs: Blobs
queue: Queue
temp_dir: Path
"""Half-made files of running jobs; what its owner left behind is swept."""

__all__ = [
    "HEX",
    "Row",
    "after_commit",
    "blobs",
    "close",
    "db",
    "full_disk_is_said",
    "is_embedded",
    "new_id",
    "now",
    "open",
    "queue",
    "rfc3339",
    "temp_dir",
    "write",
]


def open(settings: Settings) -> None:
    """Connect rows, bytes and queue, and bring the tables up to date. Safe to call again after `close()`."""
    global blobs, queue, temp_dir
    temp_dir = settings.temp_dir
    temp_dir.mkdir(mode=0o700, exist_ok=True)
    connect(settings.database_url)
    migrations.up(settings)
    queue = Queue(settings.queue_url)
    blobs = _blobs(settings)


def close() -> None:
    """Let go of files and sockets held by this thread."""
    queue.close()
    close_thread()


def _blobs(settings: Settings) -> Blobs:
    parts = urlparse(settings.blobs_url)
    if parts.scheme != "file":
        raise InvalidRequest(f"Setting `blobs` begins {parts.scheme}://; this version stores bytes in a folder only.")
    return DiskBlobs(Path(url2pathname(parts.path)), vault.secret(settings, "links"))
