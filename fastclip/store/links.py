"""Signed links to bytes: one method on one key, for a while, and nothing else (backend-spec 7.2).

A link carries everything it allows and an HMAC-SHA256 over all of it, so the server keeps nothing per link.
Source: API reference, "Upload-First Flow" ("presigned URL"); the fields follow what S3 signs.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from urllib.parse import parse_qsl, urlencode

from fastclip.errors import NotAllowed

PATH = "/_s/"
MAX_PUT_S, MAX_GET_S = 3600, 6 * 3600
_GET_GRAIN_S = 900
_INVALID = "This link is not valid: it was changed, or it was made for something else. Ask for a new one."
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]*")


@dataclass(frozen=True)
class Link:
    """What one link allows. `PUT`: len, type, upload, part. `GET` and `HEAD`: type, name, inline."""

    key: str
    exp: int
    """Unix time of the last second in which it works."""
    len: int = 0
    """Bytes that a PUT carries, neither more nor fewer."""
    type: str = ""
    """Media type: of the body of a PUT (empty: any), of the answer to a GET."""
    upload: str = ""
    part: int = 0
    name: str = ""
    """File name that a GET offers for saving."""
    inline: int = 0


_FIELDS = {field.name: field.type for field in fields(Link) if field.name != "key"}


class Signer:
    """Makes links and reads them back.

    secrets: the first one signs, all of them verify, so that a new one can be put in front of the old.
    """

    def __init__(self, *secrets: bytes, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._keys = {_kid(secret): secret for secret in secrets}
        self._current = _kid(secrets[0])

    def put(
        self, key: str, *, size_bytes: int, ttl_s: int, content_type: str = "", upload_id: str = "", part: int = 0
    ) -> str:
        """A link that takes exactly `size_bytes`. ttl_s: 3600 at most."""
        if not 0 < ttl_s <= MAX_PUT_S:
            raise ValueError(f"a PUT link lives 1 to {MAX_PUT_S} s, not {ttl_s}")
        exp = int(self._clock()) + ttl_s
        return self._url("PUT", Link(key, exp, len=size_bytes, type=content_type, upload=upload_id, part=part))

    def get(self, key: str, *, ttl_s: int, content_type: str, filename: str, inline: bool) -> str:
        """A link that reads. ttl_s: 21600 at most.

        A long link ends on a quarter of an hour, so that a page asking again gets the same address and the
        browser's cache keeps working.
        """
        if not 0 < ttl_s <= MAX_GET_S:
            raise ValueError(f"a GET link lives 1 to {MAX_GET_S} s, not {ttl_s}")
        exp = int(self._clock()) + ttl_s
        if ttl_s > 2 * _GET_GRAIN_S:
            exp -= exp % _GET_GRAIN_S
        return self._url("GET", Link(key, exp, type=content_type, name=filename, inline=int(inline)))

    def read(self, method: str, key: str, query: str) -> Link:
        """What the link at `key?query` allows `method` to do. Raises NotAllowed (link_invalid)."""
        said = _query(query)
        signature, kid, meant = said.pop("sig", ""), said.pop("kid", ""), said.pop("m", "")
        link = _link(key, said)
        if kid not in self._keys or not hmac.compare_digest(signature, self._signature(meant, link, kid)):
            raise NotAllowed(_INVALID, code="link_invalid")
        if meant != ("GET" if method == "HEAD" else method):
            raise NotAllowed(f"This link is for {meant}, not for {method}.", code="link_invalid")
        if self._clock() >= link.exp + 1:
            raise NotAllowed("This link has expired. Ask for a new one.", code="link_invalid")
        return link

    def _url(self, method: str, link: Link) -> str:
        said = {name: getattr(link, name) for name in _FIELDS if getattr(link, name)}
        said |= {"m": method, "kid": self._current, "sig": self._signature(method, link, self._current)}
        return PATH + link.key + "?" + urlencode(said)

    def _signature(self, method: str, link: Link, kid: str) -> str:
        put = (link.key, link.exp, link.len, link.type, link.upload, link.part)
        signed = ("fc1", method, *put, kid, link.name, link.inline)
        key = _purpose(self._keys[kid], method)
        return hmac.new(key, "\n".join(map(str, signed)).encode(), hashlib.sha256).hexdigest()


def _kid(secret: bytes) -> str:
    return hmac.new(secret, b"fastclip link kid", hashlib.sha256).hexdigest()[:8]


def _purpose(secret: bytes, method: str) -> bytes:
    """HKDF-SHA256 (RFC 5869), one block: a key per method out of the one secret."""
    extracted = hmac.new(b"fastclip links", secret, hashlib.sha256).digest()
    return hmac.new(extracted, method.encode() + b"\x01", hashlib.sha256).digest()


def _query(query: str) -> dict[str, str]:
    """The query as written by `_url`: each name once, no control characters (they would blur the signed lines)."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=12)
    except ValueError as error:
        raise NotAllowed(_INVALID, code="link_invalid") from error
    said = dict(pairs)
    is_ours = len(said) == len(pairs) and set(said) <= {"m", "kid", "sig", *_FIELDS} and said.get("sig", "").isascii()
    if not is_ours or not all(_PRINTABLE.fullmatch(value) for value in said.values()):
        raise NotAllowed(_INVALID, code="link_invalid")
    return said


def _link(key: str, said: dict[str, str]) -> Link:
    try:
        return Link(key, **{name: _number(value) if _FIELDS[name] is int else value for name, value in said.items()})  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise NotAllowed(_INVALID, code="link_invalid") from error


def _number(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,14}", text):
        raise ValueError(text)
    return int(text)
