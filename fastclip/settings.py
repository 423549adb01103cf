"""What the owner of an installation may change.

A setting comes from, strongest first: a command-line flag, the environment (`FASTCLIP_PORT`), the file
`settings.toml` in the data folder, its default here. Secrets are no settings: they are in `vault.py`.
"""

import difflib
import json
import os
import tomllib
from dataclasses import MISSING, dataclass, field, fields
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
_CHOICES = {"secrets": SECRETS, "smtp_security": SMTP_SECURITY}


def _setting(default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Settings:
    """One installation. Every field but `data_dir` is a setting; `meaning` stands in README as it stands here."""

    data_dir: Path
    host: str = _setting("127.0.0.1", "Address to listen on; `0.0.0.0` lets the LAN in")
    port: int = _setting(8787, "Port to listen on; the next free one is taken when it is busy")
    public_url: str = _setting("", "Address under which others reach this machine, for links in answers and mails")
    allowed_hosts: tuple[str, ...] = _setting(
        (), "Further host names that requests may name, besides this machine's own"
    )
    database: str = _setting("", "Rows: empty for SQLite in the data folder, or `postgresql://…`")
    blobs: str = _setting("", "Bytes: empty for the data folder, or `s3://bucket?endpoint=…`")
    queue: str = _setting("", "Work: empty for SQLite in the data folder, or `redis://…`")
    ffmpeg_workers: int = _setting(2, "Cuts and encodes that run at the same time")
    cut_codecs: tuple[str, ...] = _setting(
        ("h264",),
        "Picture codecs that clips keep, cut without encoding them whole: `h264`, which every player plays, "
        "`hevc`, `vp9`, `av1`",
    )
    hardware_encoders: bool = _setting(
        True, "Whole encodes use the graphics hardware where it works (NVENC, Quick Sync, AMF, VideoToolbox, VAAPI)"
    )
    light_workers: int = _setting(2, "Checks, posters and mails that run at the same time")
    outgoing_workers: int = _setting(4, "Webhook deliveries that are sent at the same time")
    heavy_workers: int = _setting(1, "Speech and language models that run at the same time")
    language_model: str = _setting(
        "auto",
        "Language model that helps to rank moments: a name out of `fastclip models list`, `auto` for the best one "
        "that fits into memory, `off`",
    )
    language_model_s: int = _setting(
        240, "Seconds that a language model may take for one search; then what it has found so far counts"
    )
    secrets: str = _setting(
        "auto", "Where secrets are kept: `keyring`, `file`, or `auto` for the keyring where there is one"
    )
    smtp_host: str = _setting("", "Mail server; without one, mails wait in the owner's outbox")
    smtp_port: int = _setting(587, "Port of the mail server")
    smtp_security: str = _setting(
        "starttls", "How mail is protected on its way: `starttls`, `ssl`, or `none` for a server on this machine"
    )
    smtp_user: str = _setting("", "Who signs in to the mail server; its password is the secret `smtp_password`")
    mail_from: str = _setting("", "Sender of mails; empty for `fastclip@` and the name of this machine")
    webhook_loopback_ports: tuple[str, ...] = _setting(
        (), "Ports of this machine that the owner's webhooks may reach at `127.0.0.1` and `::1`"
    )
    new_members_covered: bool = _setting(True, "New members are covered: their shortfalls are paid by the house")
    deposit_instructions: str = _setting("", "How members pay the owner by hand; shown with a deposit that waits")
    stripe_publishable_key: str = _setting("", "Stripe's `pk_…`; cards are taken when its secret key is there too")
    stripe_api: str = _setting("https://api.stripe.com", "Where Stripe's API is")
    stripe_js: str = _setting("https://js.stripe.com/v3/", "Where a page gets Stripe's card form")
    btcpay_url: str = _setting("", "Address of a BTCPay server; Bitcoin is taken when its API key is there too")
    btcpay_store: str = _setting("", "Id of the store on the BTCPay server")

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


def load(data_dir: Path | str | None = None, **flags: Any) -> Settings:
    """Settings of the installation in `data_dir` (flag, `FASTCLIP_DATA`, else the user's own data folder).

    Makes the folder, private to the user. flags: values of fields, None for "not given".
    Raises InvalidRequest for a setting that does not exist or cannot be read.
    """
    folder = Path(data_dir or os.environ.get("FASTCLIP_DATA") or platformdirs.user_data_path("fastclip", False))
    folder = folder.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = {f.name: f for f in fields(Settings) if f.name != "data_dir"}
    given = _from_file(folder / "settings.toml", set(known))
    given |= {name: os.environ[env] for name in known if (env := f"FASTCLIP_{name.upper()}") in os.environ}
    given |= {name: value for name, value in flags.items() if value is not None}
    return Settings(data_dir=folder, **{name: _typed(name, known[name].type, value) for name, value in given.items()})


def describe() -> list[tuple[str, str, str]]:
    """(name, default, meaning) of every setting, for `--help`, README and its test."""
    rows = [f for f in fields(Settings) if f.name != "data_dir" and f.default is not MISSING]
    return [(f.name, json.dumps(f.default), f.metadata["meaning"]) for f in rows]


def _from_file(path: Path, known: set[str]) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path.name} cannot be read: {error}. Mend that line or move the file away.") from error
    for name in said:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise InvalidRequest(
                f"{path.name} names `{name}`, which is no setting." + (f" Did you mean `{near[0]}`?" if near else "")
            )
    return said


def _typed(name: str, kind: Any, value: Any) -> Any:
    """`value` (text from the environment or the command line, or a TOML value) as the field's type."""
    wanted, parse = {bool: ("true or false", _boolean), int: ("a whole number", _whole), str: ("text", _text)}.get(
        kind, ("a list of names", _names)
    )
    try:
        parsed = parse(value)
    except ValueError as error:
        raise InvalidRequest(f"Setting `{name}` is {value!r}; it needs {wanted}.") from error
    if (words := _CHOICES.get(name)) and parsed not in words:
        raise InvalidRequest(f"Setting `{name}` is {value!r}; use {', '.join(words[:-1])} or {words[-1]}.")
    if name == "cut_codecs" and isinstance(parsed, tuple) and not set(parsed) <= set(CUT_CODECS):
        raise InvalidRequest(f"Setting `cut_codecs` is {value!r}; it takes names out of {', '.join(CUT_CODECS)}.")
    return parsed


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
