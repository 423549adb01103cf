"""The settings as the owner's desk shows and changes them: what each is, who says so, and writing `settings.toml`.

Comments in the file, and all that is not changed, stay as they are. Secrets go in, to the vault, and never come out.
Source: backend-spec 2.7, "GET/PATCH /v1/admin/settings".
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomlkit
from filelock import FileLock
from tomlkit.exceptions import ParseError

from fastclip import settings, vault
from fastclip.errors import Conflict, InvalidRequest
from fastclip.settings import CHOICES, CUT_CODECS, KNOWN, Settings
from fastclip.standing import Standing

Value = str | int | bool | list[str] | None
"""A setting in a request or an answer; None takes it out of the file, so that its default counts."""

_KINDS: dict[Any, tuple[str, type]] = {bool: ("switch", bool), int: ("number", int), str: ("text", str)}
_LIST = ("list", list)
_NAMES = {"switch": "true or false", "number": "a whole number", "text": "a text", "list": "a list of texts"}
_CHOICES = CHOICES | {"cut_codecs": CUT_CODECS}
_HEAD = "# Settings of this FastClip. The owner's desk writes this file too; what stands in it stays.\n\n"


def describe(standing: Standing) -> dict[str, Any]:
    """Every setting and every secret of an owner's, and where they are kept. No secret is shown.

    Raises InvalidRequest when the file was broken by hand since.
    """
    said = settings.again(standing.now)
    return {
        "data": [_row(name, said, standing.now) for name in KNOWN],
        "secrets": [_secret_row(standing.now, name) for name in vault.GIVEN],
        "file": str(said.data_dir / settings.FILE),
        "data_dir": str(said.data_dir),
        "secrets_kept_in": vault.kept_in(standing.now),
    }


def change(standing: Standing, values: dict[str, Value], secrets: dict[str, str | None]) -> None:
    """Write settings to the file and secrets to the vault: all of them, or none. What can counts at once.

    Raises InvalidRequest (unknown, not allowed), Conflict (said by a flag, the environment, or in the file alone).
    """
    folder = standing.now.data_dir
    with FileLock(folder / "settings.lock"):
        origins = settings.again(standing.now).origins
        wanted = {name: _checked(name, value, origins.get(name, "")) for name, value in values.items()}
        for name, text in secrets.items():
            _check_secret(name, text)
        written = _written(folder / settings.FILE, wanted)
        for name, text in secrets.items():
            vault.keep(standing.now, name, (text or "").strip())
        _replace(folder / settings.FILE, written)  # also when only secrets changed: this is what others look at
    standing.follow()


def touch(folder: Path) -> None:
    """Let every process on this data folder look at settings and secrets anew."""
    with FileLock(folder / "settings.lock"):
        _replace(folder / settings.FILE, _written(folder / settings.FILE, {}))


def _row(name: str, said: Settings, now: Settings) -> dict[str, Any]:
    row = KNOWN[name]
    origin = said.origins.get(name, "default")
    value, in_force = getattr(said, name), getattr(now, name)
    return {
        "name": name,
        "group": row.metadata["group"],
        "meaning": row.metadata["meaning"],
        "kind": _kind(name)[0],
        "choices": list(_CHOICES[name]) if name in _CHOICES else None,
        "value": _shown(value),
        "in_force": _shown(in_force),
        "default": _shown(row.default),
        "origin": origin,
        "variable": settings.variable(name),
        "takes_effect": row.metadata["when"] if row.metadata["when"] != "file" else "restart",
        "is_changed_here": origin not in ("flag", "environment") and row.metadata["when"] != "file",
    }


def _secret_row(now: Settings, name: str) -> dict[str, Any]:
    variable = settings.variable(name)
    is_given = bool(os.environ.get(variable))
    return {
        "name": name,
        "is_set": vault.kept(now, name) is not None,
        "origin": "environment" if is_given else "vault",
        "variable": variable,
        "is_changed_here": not is_given,
    }


def _shown(value: Any) -> Any:
    """A value for an answer; a password in an address is not shown."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str) and "://" in value and (password := urlsplit(value).password):
        return value.replace(f":{password}@", ":•••@", 1)
    return value


def _kind(name: str) -> tuple[str, type]:
    return _KINDS.get(KNOWN[name].type, _LIST)


def _checked(name: str, value: Value, origin: str) -> Any:
    if name not in KNOWN:
        raise InvalidRequest(f"There is no setting `{name}`.", param=f"settings.{name}")
    if KNOWN[name].metadata["when"] == "file":
        raise Conflict(
            f"`{name}` says where everything is kept, and changing it moves nothing. "
            f"Stop FastClip, move the data yourself, then set it in {settings.FILE}.",
            param=f"settings.{name}",
        )
    if origin == "environment":
        raise Conflict(
            f"`{name}` is set by the environment ({settings.variable(name)}), which is stronger; change it there.",
            param=f"settings.{name}",
        )
    if origin == "flag":
        raise Conflict(
            f"`{name}` is set by the command that started FastClip, which is stronger; start it without that.",
            param=f"settings.{name}",
        )
    if value is None:
        return None
    kind, of = _kind(name)
    if type(value) is not of:
        raise InvalidRequest(f"Setting `{name}` is {value!r}; it needs {_NAMES[kind]}.", param=f"settings.{name}")
    try:
        return settings.typed(name, value.strip() if isinstance(value, str) else value)
    except InvalidRequest as refusal:
        raise InvalidRequest(refusal.message, param=f"settings.{name}") from refusal


def _check_secret(name: str, text: str | None) -> None:
    if name not in vault.GIVEN:
        raise InvalidRequest(f"There is no secret `{name}`; use {', '.join(vault.GIVEN)}.", param=f"secrets.{name}")
    if os.environ.get(variable := settings.variable(name)):
        raise Conflict(f"`{name}` is set by the environment ({variable}); change it there.", param=f"secrets.{name}")
    if text is not None and (not text.strip() or len(text) > 1000 or "\n" in text):
        raise InvalidRequest(
            f"`{name}` is one line of 1 to 1000 characters; send null to forget it.", param=f"secrets.{name}"
        )


def _written(path: Path, wanted: dict[str, Any]) -> str:
    """What the file says with these changes. Raises InvalidRequest when it cannot be read."""
    try:
        document = tomlkit.parse(path.read_text("utf-8") if path.exists() else _HEAD)
    except (ParseError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path.name} cannot be read: {error}. Mend that line or move the file away.") from error
    for name, value in wanted.items():
        if value is None:
            document.pop(name, None)
        else:
            document[name] = list(value) if isinstance(value, tuple) else value
    return tomlkit.dumps(document)


def _replace(path: Path, text: str) -> None:
    """Nobody ever reads half a file; one that is a link, or that others may read, stays so."""
    target = path.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8", newline="") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, target)
