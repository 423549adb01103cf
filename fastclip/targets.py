"""Addresses that others name: which of them FastClip posts to, and posting there (backend-spec 7.2, "Webhook SSRF").

A URL is resolved once, every address it resolves to is classified, and the connection goes to one of exactly these
addresses, while Host and the certificate's name stay the URL's. Nothing is redirected, no proxy is taken from the
environment, and of the answer nothing but its status is read. A name that points elsewhere a moment later
("DNS rebinding") therefore gains nothing.
"""

import functools
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import certifi
import httpcore

from fastclip.errors import InvalidRequest

MAX_URL_CHARS = 2048
CONNECT_S, TOTAL_S = 5.0, 10.0
# The bad ports of the Fetch standard, and databases, caches and container daemons, which take what looks like HTTP.
REFUSED_PORTS = frozenset(
    (1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110)
    + (111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 445, 465, 512, 513, 514, 515, 526, 530)
    + (531, 532, 540, 548, 554, 556, 563, 587, 601, 631, 636, 989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049)
    + (2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5900, 5984, 6000, 6379, 6443, 6566)
    + (6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 9200, 9300, 10080, 11211, 27017, 27018, 27019)
)
_LAN = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ODD = re.compile(r"[\x00-\x20\x7f\\]")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
loopback_ports: frozenset[str] = frozenset()
"""Ports of this machine that the owner's webhooks may reach; a process takes them from its settings."""
lookup: Callable[..., Iterable[Any]] = socket.getaddrinfo


class Refused(InvalidRequest):
    """A URL that FastClip does not post to."""


class Unreachable(Exception):
    """No answer came: the reason, as a sentence for the receiver's owner."""


@dataclass(frozen=True)
class Target:
    """A URL of which every address was looked at. addresses: to connect to, and no others."""

    scheme: str
    host: str
    port: int
    path: str
    authority: str
    addresses: tuple[str, ...]


# -- Looking -----------------------------------------------------------------------------------------------


def check(url: str, *, is_owner: bool) -> None:
    """Whether webhooks of this account may go to `url` as things stand. Raises Refused; an unknown name passes."""
    try:
        resolve(url, is_owner=is_owner)
    except Unreachable:
        pass  # the receiver may not be up yet; each delivery looks again


def resolve(url: str, *, is_owner: bool) -> Target:
    """The target behind `url`. Raises Refused, Unreachable (the name is not known)."""
    scheme, host, port, path = _parts(url)
    found = _addresses(host, port)
    for address in found:
        _check_address(address, port, is_owner=is_owner)
    shown = f"[{host}]" if ":" in host else host
    is_usual = port == {"http": 80, "https": 443}[scheme]
    return Target(scheme, host, port, path, shown if is_usual else f"{shown}:{port}", tuple(map(str, found)))


def classify(address: Address) -> str:
    """What kind of place an address is. IPv4 inside IPv6 (mapped, 6to4, NAT64, Teredo) is what it stands for."""
    address = _bare(address)
    for kind in ("loopback", "unspecified", "link_local", "multicast"):
        if getattr(address, f"is_{kind}"):
            return kind
    if any(address.version == net.version and address in net for net in _LAN):
        return "lan"
    return "public" if address.is_global and not address.is_reserved else "reserved"


def _parts(url: str) -> tuple[str, str, int, str]:
    if len(url) > MAX_URL_CHARS or _ODD.search(url):
        raise _refused(f"url holds spaces, control characters or backslashes, or is longer than {MAX_URL_CHARS}.")
    try:
        split = urlsplit(url)
        port, host = split.port, split.hostname or ""
    except ValueError as error:
        raise _refused("url cannot be read; write it as https://name/path.") from error
    if split.scheme not in ("http", "https"):
        raise _refused("url must begin with https:// or http://.")
    if split.username is not None or split.password is not None:
        raise _refused("url holds a user name; leave it out, the signature says who sends.")
    if port is None:
        port = 443 if split.scheme == "https" else 80
    if not 0 < port or port in REFUSED_PORTS:
        raise _refused(f"Port {port} is not one that webhooks are sent to; use another.")
    path = (split.path or "/") + (f"?{split.query}" if split.query else "")
    return split.scheme, _ascii(host), port, _quoted(path)


def _ascii(host: str) -> str:
    """The host as it goes over the wire. Raises Refused for one that no name server knows."""
    try:
        plain = (host if host.isascii() else host.encode("idna").decode()).removesuffix(".")
    except UnicodeError:
        plain = ""
    if not _HOST.fullmatch(plain):
        raise _refused("url names no host that could be reached.")
    return plain


def _quoted(path: str) -> str:
    return "".join(c if c.isascii() else "".join(f"%{byte:02X}" for byte in c.encode()) for c in path)


def _addresses(host: str, port: int) -> list[Address]:
    try:
        found = lookup(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"The name {host} is not known.") from error
    addresses = {row[4][0]: ipaddress.ip_address(row[4][0].split("%")[0]) for row in found}
    if not addresses:
        raise Unreachable(f"The name {host} is not known.")
    return list(addresses.values())


def _check_address(address: Address, port: int, *, is_owner: bool) -> None:
    kind = classify(address)
    if kind == "loopback" and is_owner:
        if str(port) not in loopback_ports:
            raise _refused(
                f"{address} is this machine itself; name the port {port} in the setting `webhook_loopback_ports` first."
            )
    elif kind not in ("public", "lan"):
        raise _refused(f"url leads to {address}, a {kind.replace('_', '-')} address; webhooks are not sent there.")
    elif not is_owner and is_own(address):
        raise _refused(f"url leads to {address}, which is this machine itself; webhooks are not sent there.")


def _bare(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address


def is_own(address: Address) -> bool:
    """Whether this machine has the address: only then can it be bound."""
    bare = _bare(address)
    family = socket.AF_INET if bare.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(bare), 0))
    except OSError:
        return False
    return True


def _refused(said: str) -> Refused:
    return Refused(said, param="url")


# -- Posting -----------------------------------------------------------------------------------------------


def post(target: Target, body: bytes, headers: Mapping[str, str]) -> int:
    """The status that the receiver answered with. Raises Unreachable. Takes `TOTAL_S` at most."""
    sent: list[tuple[bytes | str, bytes | str]] = [("Host", target.authority), ("Content-Length", str(len(body)))]
    sent += headers.items()
    url = httpcore.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
    )
    request = httpcore.Request("POST", url, headers=sent, content=body)
    backend = _Pinned(target.addresses, time.monotonic() + TOTAL_S)
    try:
        with httpcore.ConnectionPool(ssl_context=trust(), network_backend=backend, retries=0) as pool:
            answer = pool.handle_request(request)
            answer.close()
            return answer.status
    except httpcore.ConnectTimeout as error:
        raise Unreachable(f"No connection within {CONNECT_S:.0f} s.") from error
    except httpcore.TimeoutException as error:
        raise Unreachable(f"No answer within {TOTAL_S:.0f} s.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
        raise Unreachable(_said(error)) from error


@functools.cache
def trust() -> ssl.SSLContext:
    """The authorities of this system, those of `SSL_CERT_FILE`, and Mozilla's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _said(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The certificate is not valid: {cause.verify_message}."
        if isinstance(cause, ConnectionRefusedError):
            return "The connection was refused."
        cause = cause.__cause__ or cause.__context__
    return "The connection ended without an HTTP answer."


class _Pinned(httpcore.NetworkBackend):
    """Connects to the given addresses alone, whatever the name says by now, and is done at `until`."""

    def __init__(self, addresses: tuple[str, ...], until: float) -> None:
        self._addresses, self._until, self._plain = addresses, until, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        until = min(self._until, time.monotonic() + CONNECT_S)
        for last, address in ((i == len(self._addresses), one) for i, one in enumerate(self._addresses, 1)):
            try:
                stream = self._plain.connect_tcp(address, port, timeout=_left(until, httpcore.ConnectTimeout))
                return _Hurried(stream, self._until)
            except httpcore.NetworkError:
                if last:
                    raise
        raise httpcore.ConnectError("no address")


class _Hurried(httpcore.NetworkStream):
    """A stream on which everything together is over at `until`, however slowly the other end trickles."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._until, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._until, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._until, httpcore.ConnectTimeout)
        return _Hurried(self._stream.start_tls(ssl_context, server_hostname, left), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(until: float, late: type[Exception]) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise late
    return left
