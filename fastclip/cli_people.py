"""The commands about people and their API keys."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from fastclip.console import data_dir_option


@click.group()
def user() -> None:
    """People of this installation."""


@user.command("add")
@data_dir_option
@click.option("--email", required=True)
@click.option("--name", default="", help="Default: the part of the address before the @.")
@click.option("--role", type=click.Choice(["owner", "member"]), default="member", show_default=True)
@click.option("--covered/--metered", default=None, help="Whether the house pays what the balance does not hold.")
def add_user(data_dir: Path | None, email: str, name: str, role: str, covered: bool | None) -> None:
    """Add a person. The password is read from standard input."""
    with _data(data_dir) as settings:
        from fastclip import accounts

        is_covered = settings.new_members_covered if covered is None else covered
        account = accounts.add(email, _password(), role=role, name=name, is_covered=is_covered)
        click.echo(f"Added {account.role} {account.email} ({account.id}).")


@user.command("password")
@data_dir_option
@click.option("--email", required=True)
def set_password(data_dir: Path | None, email: str) -> None:
    """Give a person a new password, read from standard input, and sign them out everywhere."""
    with _data(data_dir):
        from fastclip import accounts, sessions

        sessions.set_password(accounts.by_email(email).id, _password())
        click.echo(f"{email} has a new password and is signed out everywhere.")


def _password() -> str:
    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return sys.stdin.readline().rstrip("\r\n")


@click.group()
def key() -> None:
    """API keys."""


@key.command("add")
@data_dir_option
@click.option("--email", required=True, help="Whose key.")
@click.option("--name", required=True, help="What it is for.")
def add_key(data_dir: Path | None, email: str, name: str) -> None:
    """Make an API key and print it, alone, on standard output. It is shown only here."""
    with _data(data_dir):
        from fastclip import accounts, api_keys

        click.echo(api_keys.add(accounts.by_email(email).id, name)[1])


@contextmanager
def _data(data_dir: Path | None) -> Iterator[Any]:
    """The data folder, open: beside a running server or without one."""
    from fastclip import settings, store

    loaded = settings.load(data_dir)
    store.open(loaded)
    try:
        yield loaded
    finally:
        store.close()
