"""The commands of whoever runs this FastClip: secrets that others gave, and the checks of this machine."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from fastclip.console import data_dir_option
from fastclip.errors import InvalidRequest


@click.group()
def secret() -> None:
    """Secrets that others gave: of the mail server, of payment providers."""


@secret.command("set")
@data_dir_option
@click.argument("name")
def set_secret(data_dir: Path | None, name: str) -> None:
    """Keep the secret NAME, read from standard input; an empty one is forgotten. A running server takes it up."""
    from fastclip import desk, settings, vault

    if name not in vault.GIVEN:
        raise InvalidRequest(f"There is no secret {name!r}; use one of {', '.join(vault.GIVEN)}.")
    loaded = settings.load(data_dir)
    value = click.prompt("Secret", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    vault.keep(loaded, name, value.strip())
    desk.touch(loaded.data_dir)
    click.echo(f"{name} is {'kept' if value.strip() else 'forgotten'} ({vault.kept_in(loaded)}).")


@click.command()
@data_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def doctor(data_dir: Path | None, as_json: bool) -> None:
    """Check this machine: each row says what was found, why it matters and how to mend it."""
    from dataclasses import asdict

    from fastclip import doctor as checks_of
    from fastclip import settings

    rows = checks_of.checks(settings.load(data_dir))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _print_rows(rows)
    if any(row.state == "fail" for row in rows):
        raise SystemExit(1)


def _print_rows(rows: list[Any]) -> None:
    marks = {
        "ok": click.style("ok  ", fg="green"),
        "warn": click.style("warn", fg="yellow"),
        "fail": click.style("FAIL", fg="red"),
    }
    for row in rows:
        click.echo(f"{marks[row.state]}  {row.name:<16} {row.cause}")
        if row.fix and row.state != "ok":
            click.echo(f"      {'':<16} -> {row.fix}")
