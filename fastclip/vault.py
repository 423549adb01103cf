"""Secrets of this installation: in the system's keyring, else in `secrets.json` (mode 0600) in the data folder.

`kept_in()` says which. They are never settings, and no page or answer shows one again.
"""

import base64
import functools
import json
import os
import secrets
from pathlib import Path
from typing import Any

from filelock import FileLock

from fastclip.errors import InvalidRequest
from fastclip.settings import Settings, variable

FILE = "secrets.json"
GIVEN = (
    "smtp_password",
    "stripe_secret_key",
    "stripe_webhook_secret",
    "btcpay_api_key",
    "btcpay_webhook_secret",
)
"""Secrets that an owner brings along (`fastclip secret set`, or the environment: `FASTCLIP_STRIPE_SECRET_KEY`)."""


def secret(settings: Settings, name: str) -> bytes:
    """32 random bytes kept under `name`; made at the first asking, the same ever after, in every process."""
    with FileLock(settings.data_dir / "secrets.lock"):
        kept = _keep(settings)
        if (found := kept.get(name)) is None:
            found = base64.b64encode(secrets.token_bytes(32)).decode()
            kept.put(name, found)
        return base64.b64decode(found)


def keep(settings: Settings, name: str, text: str) -> None:
    """Keep a secret that somebody else gave (a mail server's password, a provider's key). Empty: there is none."""
    with FileLock(settings.data_dir / "secrets.lock"):
        _keep(settings).put(name, text)


def kept(settings: Settings, name: str) -> str | None:
    """What was kept under `name`, or stands in the environment; None when nothing does."""
    return os.environ.get(variable(name)) or _keep(settings).get(name) or None


def kept_in(settings: Settings) -> str:
    """`keyring (SecretService)` or `secrets.json, mode 0600`, for the owner's health page."""
    return _keep(settings).name


class _KeyringKeep:
    def __init__(self, folder: Path, backend: Any) -> None:
        self.service, self.backend = f"fastclip:{folder}", backend
        self.name = f"keyring ({type(backend).__module__.rsplit('.', 1)[-1]})"

    def get(self, name: str) -> str | None:
        return self.backend.get_password(self.service, name)

    def put(self, name: str, value: str) -> None:
        self.backend.set_password(self.service, name, value)


class _FileKeep:
    name = "secrets.json, mode 0600"

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def get(self, name: str) -> str | None:
        return json.loads(self.path.read_text()).get(name) if self.path.exists() else None

    def put(self, name: str, value: str) -> None:
        kept = json.loads(self.path.read_text()) if self.path.exists() else {}
        part = self.path.with_suffix(".part")
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(kept | {name: value}, out)
        os.replace(part, self.path)


def _keep(settings: Settings) -> _KeyringKeep | _FileKeep:
    return _chosen(settings.data_dir, settings.secrets)


@functools.cache
def _chosen(folder: Path, wanted: str) -> _KeyringKeep | _FileKeep:
    """The keyring when it really keeps secrets, else the file. A file that exists goes on being used."""
    if wanted == "file" or (wanted == "auto" and (folder / FILE).exists()):
        return _FileKeep(folder)
    backend = _keyring(f"fastclip:{folder}")
    if backend is not None:
        return _KeyringKeep(folder, backend)
    if wanted == "keyring":
        raise InvalidRequest("Setting `secrets` asks for the keyring, but this system has none that works.")
    return _FileKeep(folder)


def _keyring(service: str) -> Any:
    """The system's keyring, None where it keeps nothing or cannot be reached (locked, nobody to ask)."""
    import keyring
    from keyring.errors import KeyringError

    backend = keyring.get_keyring()
    # `fail` (no keyring), `null` and keyrings.alt (plain text) must not pass for a keyring.
    if backend.priority <= 0 or type(backend).__module__.startswith(("keyrings.alt", "keyring.backends.null")):
        return None
    try:
        backend.get_password(service, "is there")
    except KeyringError:
        return None
    return backend
