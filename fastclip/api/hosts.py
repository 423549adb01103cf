"""Which names this machine answers to: the guard against DNS rebinding (backend-spec 7.1 item 1).

A page on evil.example can point its own name at 127.0.0.1, but cannot make the browser send another Host. So a Host
must be a name of this machine, or the very address that the connection came in on.
"""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from fastclip.settings import Settings

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Hosts:
    """The allow-list of one installation."""

    def __init__(self, settings: Settings) -> None:
        self.take(settings)

    def take(self, settings: Settings) -> None:
        """Answer to what these settings say, from now on."""
        here = socket.gethostname().lower()
        public = urlsplit(settings.public_url).hostname or ""
        names = {*_LOOPBACK, here, f"{here.split('.')[0]}.local", public, *settings.allowed_hosts}
        self._names = {_plain(name) for name in names if name}

    def has(self, authority: str, *, local_ip: str | None) -> bool:
        """Whether `authority`, as a Host header has it, names this machine. local_ip: our end of the connection."""
        fits = _AUTHORITY.fullmatch(authority.strip().lower())
        if not fits:
            return False
        name = _plain(fits[1])
        return name in self._names or (local_ip is not None and name == _plain(local_ip))

    def has_origin(self, origin: str, *, local_ip: str | None) -> bool:
        """Whether an Origin header names a page of ours. `null` does not."""
        parts = origin.split("://", 1)
        return len(parts) == 2 and parts[0] in ("http", "https") and self.has(parts[1], local_ip=local_ip)


def _plain(name: str) -> str:
    """A name or address in the one form we compare: no brackets, no final dot, IPv4 out of its IPv6 coat."""
    name = name.strip("[]").rstrip(".").lower()
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
