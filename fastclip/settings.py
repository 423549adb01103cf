"""What the owner of an installation may change.

A setting comes from, strongest first: a command-line flag, the environment (`FASTCLIP_PORT`), the file
`settings.toml` in the data folder, its default here. Secrets are no settings: they are in `vault.py`.
"""

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from fastclip.errors import InvalidRequest

SECRETS = ("auto", "keyring", "file")
"""What the setting `secrets` can be."""
SMTP_SECURITY = ("starttls", "ssl", "none")
"""What the setting `smtp_security` can be."""
CUT_CODECS = ("h264", "hevc", "vp9", "av1")
"""What the setting `cut_codecs` can name."""
CHOICES = {"secrets": SECRETS, "smtp_security": SMTP_SECURITY}
FILE = "settings.toml"
_ADDRESSES = ("public_url", "stripe_api", "stripe_js", "btcpay_url")
_HOSTS = ("allowed_hosts", "smtp_host")
_LONG = ("deposit_instructions",)


def _setting(default: Any, meaning: str, group: str, *, when: str = "now", least: int = 0, most: int = 0) -> Any:
    """group: where the owner's desk shows it. when: a change counts at once (now), from the next start (restart),
    or is made in the file alone, with everything stopped (file). least, most: bounds of a number."""
    return field(default=default, metadata={"meaning": meaning, "group": group, "when": when, "span": (least, most)})


@dataclass(frozen=True)
class Settings:
    """One installation. A field with a `meaning` is a setting; the meaning stands in README as it stands here."""

    data_dir: Path
    host: str = _setting(
        "127.0.0.1", "Address to listen on; `0.0.0.0` lets the LAN in", group="address", when="restart"
    )
    port: int = _setting(
        8787,
        "Port to listen on; the next free one is taken when it is busy",
        group="address",
        when="restart",
        most=65535,
    )
    public_url: str = _setting(
        "", "Address under which others reach this machine, for links in answers and mails", group="address"
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (), "Further host names that requests may name, besides this machine's own", group="address"
    )
    database: str = _setting(
        "", "Rows: empty for SQLite in the data folder, or `postgresql://…`", group="keeping", when="file"
    )
    blobs: str = _setting(
        "", "Bytes: empty for the data folder, or `s3://bucket?endpoint=…`", group="keeping", when="file"
    )
    queue: str = _setting("", "Work: empty for SQLite in the data folder, or `redis://…`", group="keeping", when="file")
    ffmpeg_workers: int = _setting(
        2, "Cuts and encodes that run at the same time", group="work", when="restart", least=1, most=64
    )
    cut_codecs: tuple[str, ...] = _setting(
        ("h264",),
        "Picture codecs that clips keep, cut without encoding them whole: `h264`, which every player plays, "
        "`hevc`, `vp9`, `av1`",
        group="clips",
    )
    hardware_encoders: bool = _setting(
        True,
        "Whole encodes use the graphics hardware where it works (NVENC, Quick Sync, AMF, VideoToolbox, VAAPI)",
        group="clips",
    )
    light_workers: int = _setting(
        2, "Checks, posters and mails that run at the same time", group="work", when="restart", least=1, most=64
    )
    outgoing_workers: int = _setting(
        4, "Webhook deliveries that are sent at the same time", group="work", when="restart", least=1, most=64
    )
    heavy_workers: int = _setting(
        1, "Speech and language models that run at the same time", group="work", when="restart", least=1, most=64
    )
    language_model: str = _setting(
        "auto",
        "Language model that helps to rank moments: a name out of `fastclip models list`, `auto` for the best one "
        "that fits into memory, `off`",
        group="models",
    )
    language_model_s: int = _setting(
        240,
        "Seconds that a language model may take for one search; then what it has found so far counts",
        group="models",
        least=1,
        most=3600,
    )
    secrets: str = _setting(
        "auto",
        "Where secrets are kept: `keyring`, `file`, or `auto` for the keyring where there is one",
        group="keeping",
        when="file",
    )
    smtp_host: str = _setting("", "Mail server; without one, mails wait in the owner's outbox", group="mail")
    smtp_port: int = _setting(587, "Port of the mail server", group="mail", least=1, most=65535)
    smtp_security: str = _setting(
        "starttls",
        "How mail is protected on its way: `starttls`, `ssl`, or `none` for a server on this machine",
        group="mail",
    )
    smtp_user: str = _setting(
        "", "Who signs in to the mail server; its password is the secret `smtp_password`", group="mail"
    )
    mail_from: str = _setting("", "Sender of mails; empty for `fastclip@` and the name of this machine", group="mail")
    webhook_loopback_ports: tuple[str, ...] = _setting(
        (), "Ports of this machine that the owner's webhooks may reach at `127.0.0.1` and `::1`", group="webhooks"
    )
    open_sign_up: bool = _setting(
        False, "Anybody who reaches this machine can make a member's account; otherwise it takes an invite", "people"
    )
    new_members_covered: bool = _setting(
        True, "New members are covered: their shortfalls are paid by the house", group="people"
    )
    deposit_instructions: str = _setting(
        "", "How members pay the owner by hand; shown with a deposit that waits", group="money"
    )
    stripe_publishable_key: str = _setting(
        "", "Stripe's `pk_…`; cards are taken when its secret key is there too", group="money"
    )
    stripe_api: str = _setting("https://api.stripe.com", "Where Stripe's API is", group="money")
    stripe_js: str = _setting("https://js.stripe.com/v3/", "Where a page gets Stripe's card form", group="money")
    btcpay_url: str = _setting(
        "", "Address of a BTCPay server; Bitcoin is taken when its API key is there too", group="money"
    )
    btcpay_store: str = _setting("", "Id of the store on the BTCPay server", group="money")
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Where each setting that is not at its default was said: flag, environment or file."""

    @property
    def database_url(self) -> str:
        return self.database or (self.data_dir / "fastclip.db").as_uri().replace("file:", "sqlite:", 1)

    @property
    def blobs_url(self) -> str:
        return self.blobs or (self.data_dir / "blobs").as_uri()

    @property
    def queue_url(self) -> str:
        return self.queue or (self.data_dir / "queue.db").as_uri().replace("file:", "sqlite:", 1)

    @property
    def temp_dir(self) -> Path:
        return self.data_dir / "temp"

    @property
    def models_dir(self) -> Path:
        return self.data_dir / "models"


KNOWN = {row.name: row for row in fields(Settings) if "meaning" in row.metadata}
"""Every setting by its name."""


def load(data_dir: Path | str | None = None, **flags: Any) -> Settings:
    """Settings of the installation in `data_dir` (flag, `FASTCLIP_DATA`, else the user's own data folder).

    Makes the folder, private to the user. flags: values of fields, None for "not given".
    Raises InvalidRequest for a setting that does not exist or cannot be read.
    """
    folder = Path(data_dir or os.environ.get("FASTCLIP_DATA") or platformdirs.user_data_path("fastclip", False))
    folder = folder.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    said = {
        "file": _from_file(folder / FILE),
        "environment": {name: os.environ[env] for name in KNOWN if (env := variable(name)) in os.environ},
        "flag": {name: value for name, value in flags.items() if value is not None},
    }
    given: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, values in said.items():
        given |= values
        origins |= dict.fromkeys(values, origin)
    return Settings(folder, **{name: typed(name, value) for name, value in given.items()}, origins=origins)


def again(settings: Settings) -> Settings:
    """The same installation, its file and the environment read anew; flags stay. Raises InvalidRequest."""
    flags = {name: getattr(settings, name) for name, origin in settings.origins.items() if origin == "flag"}
    return load(settings.data_dir, **flags)


def variable(name: str) -> str:
    """The variable of the environment that says a setting or a secret."""
    return f"FASTCLIP_{name.upper()}"


def describe() -> list[tuple[str, str, str]]:
    """(name, default, meaning) of every setting, for `--help`, README and its test."""
    return [(name, json.dumps(row.default), row.metadata["meaning"]) for name, row in KNOWN.items()]


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path.name} cannot be read: {error}. Mend that line or move the file away.") from error
    for name in said:
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, 1)
            raise InvalidRequest(
                f"{path.name} names `{name}`, which is no setting." + (f" Did you mean `{near[0]}`?" if near else "")
            )
    return said


def typed(name: str, value: Any) -> Any:
    """`value` (text from the environment or the command line, or a TOML value) as the setting has it.

    Raises InvalidRequest, which names the setting, for what it cannot be.
    """
    kind: Any = KNOWN[name].type
    wanted, parse = {bool: ("true or false", _boolean), int: ("a whole number", _whole), str: ("text", _text)}.get(
        kind, ("a list of names", _names)
    )
    try:
        parsed = parse(value)
    except ValueError as error:
        raise InvalidRequest(f"Setting `{name}` is {value!r}; it needs {wanted}.", param=name) from error
    if fault := _fault(name, parsed):
        raise InvalidRequest(f"Setting `{name}` is {value!r}; {fault}.", param=name)
    return parsed


def _fault(name: str, value: Any) -> str:
    """What is wrong with a value of the right type, as the end of a sentence; empty when nothing is."""
    least, most = KNOWN[name].metadata["span"]
    if (words := CHOICES.get(name)) and value not in words:
        return f"use {', '.join(words[:-1])} or {words[-1]}"
    if name == "cut_codecs" and not set(value) <= set(CUT_CODECS):
        return f"it takes names out of {', '.join(CUT_CODECS)}"
    if most and not least <= value <= most:
        return f"use {least} to {most}"
    if name in _ADDRESSES and value and not re.fullmatch(r"https?://[^\s/?#]+(/\S*)?", value):
        return "it needs an address that begins with http:// or https://"
    if name in _HOSTS and not all(re.fullmatch(r"[A-Za-z0-9._:\[\]-]+", one) for one in _each(value)):
        return "it needs a name such as mail.example.org, without http:// and without a path"
    if name == "mail_from" and value and not re.fullmatch(r"[^@\s]+@[^@\s]+|[^@<>]*<[^@\s<>]+@[^@\s<>]+>", value):
        return "it needs an address such as fastclip@example.org"
    if name == "webhook_loopback_ports" and not all(one.isdecimal() and 1 <= int(one) <= 65535 for one in value):
        return "it needs ports, 1 to 65535"
    return "it is one line" if isinstance(value, str) and name not in _LONG and re.search(r"[\r\n]", value) else ""


def _each(value: Any) -> tuple[str, ...]:
    return tuple(filter(None, (value,) if isinstance(value, str) else value))


def _boolean(value: Any) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if str(value).lower() not in words:
        raise ValueError(value)
    return words[str(value).lower()]


def _whole(value: Any) -> int:
    if isinstance(value, bool | float):
        raise ValueError(value)
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def _names(value: Any) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        raise ValueError(value)
    return tuple(name for name in map(str.strip, map(_text, names)) if name)
