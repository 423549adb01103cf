"""Headers of a download, read and written: ranges (RFC 9110 section 14), conditions (13), file names (RFC 6266)."""

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import quote

MAX_NAME_BYTES = 120
_SAFE_TYPES = re.compile(r"(video|audio)/[a-z0-9.+-]+|image/(gif|jpeg|png|webp)|application/octet-stream|text/vtt")
_WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_ONE_RANGE = re.compile(r"bytes=\s*([0-9]*)\s*-\s*([0-9]*)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Served:
    """What one GET sends: `length` bytes from `start`."""

    status: int
    start: int
    length: int
    headers: dict[str, str]


def served(asked: Mapping[str, str], found: os.stat_result) -> Served:
    """What to send of a file, by the request's headers (names in lower case)."""
    size, etag = found.st_size, f'"{found.st_size:x}-{found.st_mtime_ns:x}"'
    modified = formatdate(found.st_mtime, usegmt=True)
    known = {"ETag": etag, "Last-Modified": modified, "Accept-Ranges": "bytes"}
    if _is_known(asked, etag, found.st_mtime):
        return Served(304, 0, 0, known)
    part = byte_range(asked.get("range", ""), size) if _if_range_holds(asked, etag, modified) else None
    if part is None:
        return Served(200, 0, size, known | {"Content-Length": str(size)})
    start, length = part
    if length == 0:
        return Served(416, 0, 0, known | {"Content-Range": f"bytes */{size}"})
    span = f"bytes {start}-{start + length - 1}/{size}"
    return Served(206, start, length, known | {"Content-Length": str(length), "Content-Range": span})


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """(start, length) of a Range header; length 0: cannot be satisfied (416); None: send the whole.

    Several ranges at once get the whole file: no player asks for them, and RFC 9110 allows it.
    """
    found = _ONE_RANGE.fullmatch(header)
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        return size - length, length
    start, last = int(found[1]), int(found[2]) if found[2] else size - 1
    if found[2] and last < start:
        return None
    return start, max(0, min(last, size - 1) - start + 1)


def _is_known(asked: Mapping[str, str], etag: str, mtime: float) -> bool:
    """Whether the client's copy is still good (If-None-Match, else If-Modified-Since)."""
    if tags := asked.get("if-none-match"):
        return tags.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in tags.split(",")]
    try:
        return int(mtime) <= parsedate_to_datetime(asked["if-modified-since"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return False


def _if_range_holds(asked: Mapping[str, str], etag: str, modified: str) -> bool:
    return asked.get("if-range", etag).strip() in (etag, modified)


def media_type(said: str) -> str:
    """`said` when a browser only ever plays or saves it, else plain bytes: nothing we serve is a page."""
    kind = said.split(";")[0].strip().lower()
    return kind if _SAFE_TYPES.fullmatch(kind) else "application/octet-stream"


def disposition(filename: str, *, inline: bool) -> str:
    """Content-Disposition: the name as it is for browsers (`filename*`), and in ASCII for everything else."""
    kind, name = "inline" if inline else "attachment", safe_filename(filename)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().replace("\\", "_").replace('"', "'")
    said = f'{kind}; filename="{plain}"'
    return said if plain == name else f"{said}; filename*=UTF-8''{quote(name, safe='')}"


def safe_filename(name: str) -> str:
    """A name that every system can save, as near to `name` as may be. Never empty."""
    name = unicodedata.normalize("NFC", name)
    # Out: control, format (they turn the reading direction), surrogate and private characters; `_` for what separates.
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    name = re.sub(r'[/\\:*?"<>|]', "_", name)
    name = " ".join(name.split()).lstrip(". ").rstrip(". ")
    if _WINDOWS_DEVICES.fullmatch(name):
        name = "_" + name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 10:
        stem, dot, extension = name, "", ""
    room = MAX_NAME_BYTES - len((dot + extension).encode())
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(". ")
    return stem + dot + extension or "download"
