"""The command line: serve, worker, window, clip, auto, caption, transcribe, models, user, key, secret, backup, doctor.

Modules are imported inside the commands that need them, so that `--help` answers at once.
"""

import csv
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from fastclip import __version__, cli_auto, cli_backup, cli_caption, cli_speech, rules
from fastclip.console import data_dir_option, progress
from fastclip.errors import FastClipError, InvalidRequest


class _Commands(click.Group):
    """Shows a refusal as one sentence, and every command in the order in which it stands here."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs | {"standalone_mode": False})
        except FastClipError as refusal:
            click.echo(f"fastclip: {refusal.message}", err=True)
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except click.exceptions.Abort:
            click.echo("Stopped.", err=True)
            return 130
        return 1


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="FastClip")
def fastclip() -> None:
    """FastClip: a clip studio on your own machine. Without a command: the window, or the server."""


def main() -> int:
    """The program. Returns its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("huey", "huey.consumer", "httpx", "uvicorn", "peewee.migrations"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return fastclip.main(args=sys.argv[1:] or [_default_role()], prog_name="fastclip") or 0


def _default_role() -> str:
    """The window where there is a display, else the server."""
    has_display = (
        os.name == "nt" or sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    return "window" if has_display else "serve"


# -- Running -----------------------------------------------------------------------------------------------


@fastclip.command()
@data_dir_option
@click.option("--host", help="Address to listen on; 0.0.0.0 lets the LAN in.")
@click.option("--port", type=int, help="Port to listen on; the next free one is taken when it is busy.")
@click.option("--no-worker", is_flag=True, help="Serve only; a worker runs elsewhere.")
@click.option("--open", "open_browser", is_flag=True, help="Open the page in this machine's browser.")
@click.option("--watch-stdin", is_flag=True, hidden=True)
def serve(
    data_dir: Path | None, host: str | None, port: int | None, no_worker: bool, open_browser: bool, watch_stdin: bool
) -> None:
    """Serve the studio and the API, and work on jobs."""
    from fastclip import app, settings

    loaded = settings.load(data_dir, host=host, port=port)
    app.serve(loaded, watch_stdin=watch_stdin, with_worker=not no_worker, open_browser=open_browser)


@fastclip.command()
@data_dir_option
@click.option("--watch-stdin", is_flag=True, hidden=True)
def worker(data_dir: Path | None, watch_stdin: bool) -> None:
    """Work on jobs only (`serve` starts one by itself)."""
    from fastclip import app, settings

    app.work(settings.load(data_dir), watch_stdin=watch_stdin)


@fastclip.command()
@data_dir_option
@click.option("--port", type=int, help="Port of the server behind the window.")
def window(data_dir: Path | None, port: int | None) -> None:
    """Open the studio in a window of its own."""
    from fastclip import desktop, settings

    raise SystemExit(desktop.show(settings.load(data_dir, port=port)))


# -- Clips -------------------------------------------------------------------------------------------------


@fastclip.command()
@click.argument("source", metavar="IN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--start", help="Where the clip begins: 12, 7.30, 0:12.5 or 1:02:03.")
@click.option("--end", help="Where it ends.")
@click.option(
    "--segments",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Several: JSON or CSV of start,end.",
)
@click.option(
    "--format", "format_", type=click.Choice([*rules.CONTENT_TYPES, *rules.FORMAT_ALIASES]), help="Default: from OUT."
)
@click.option(
    "--quality",
    type=click.Choice(rules.QUALITIES["mp4"]),
    help="Most that the picture may have; default: the source's.",
)
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write (numbered for several).",
)
@click.option(
    "--plan",
    "force",
    type=click.Choice(["copy", "smart", "encode"]),
    help="Cut in this way or not at all; default: the quickest that is exact.",
)
@click.option(
    "--keep",
    "codecs",
    multiple=True,
    type=click.Choice(["h264", "hevc", "vp9", "av1"]),
    help="Picture codecs that an mp4 may keep; default: h264.",
)
@click.option("--merge", "is_merge", is_flag=True, help="Join the segments to one file, in their order.")
@click.option("--json", "as_json", is_flag=True, help="Print frames, duration, plan and seconds spent as JSON.")
def clip(
    source: Path,
    start: str | None,
    end: str | None,
    segments: Path | None,
    format_: str | None,
    quality: str | None,
    out: Path,
    force: str | None,
    codecs: tuple[str, ...],
    is_merge: bool,
    as_json: bool,
) -> None:
    """Cut exact pieces out of a file. Needs no server and no account."""
    from fastclip.clips import checks
    from fastclip.media import cut, probe

    spans = _spans(start, end, segments)
    named = format_ or out.suffix.lstrip(".").lower()
    format_ = rules.FORMAT_ALIASES.get(named, named)
    facts = probe.read(source, filename=source.name)
    _check_format(facts.media_kind, format_, quality)
    checks.segments(facts, spans, format_)
    px = rules.QUALITY_PX.get(rules.QUALITY_ALIASES.get(quality or "", quality or ""))
    options: dict[str, Any] = {"format": format_, "height_px": px, "force": force, "codecs": codecs or cut.CODECS}
    if is_merge:
        return _merge(source, facts, spans, out, options, as_json=as_json)
    made = []
    for (start_s, end_s), target in zip(spans, _targets(out, len(spans)), strict=True):
        began = time.monotonic()
        plan = cut.plan(source, facts, start_s=start_s, end_s=end_s, **options)
        with progress(target.name, quiet=as_json) as tell, _in_place(target, format_) as part:
            done = cut.render(source, part, plan, tell=tell)
        made.append(_said(target, done, time.monotonic() - began))
    click.echo(
        json.dumps(made[0] if segments is None else made, indent=2)
        if as_json
        else "\n".join(_sentence(one) for one in made)
    )


def _merge(
    source: Path,
    facts: Any,
    spans: list[tuple[float, float]],
    out: Path,
    options: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    from fastclip.clips import merge as checks
    from fastclip.media import merge

    checks.check_format(options["format"])
    checks.check_length(spans)
    began = time.monotonic()
    plan = merge.plan(source, facts, spans, **options)
    with progress(out.name, quiet=as_json) as tell, _in_place(out, options["format"]) as part:
        done = merge.render(source, part, plan, tell=tell)
    made = _said(out, done, time.monotonic() - began)
    click.echo(json.dumps(made, indent=2) if as_json else _sentence(made))


def _check_format(kind: str, format_: str, quality: str | None) -> None:
    allowed = rules.FORMATS[kind]["session"]
    if format_ not in allowed:
        raise InvalidRequest(
            f"This {kind} file can become {', '.join(allowed)}, not {format_ or 'a file without extension'}."
        )
    if quality and quality not in rules.QUALITIES.get(format_, ()):
        raise InvalidRequest(f"{format_} takes no quality {quality}; leave --quality out.")


def _spans(start: str | None, end: str | None, segments: Path | None) -> list[tuple[float, float]]:
    if segments is not None and start is None and end is None:
        return _spans_of(segments)
    if segments is not None or start is None or end is None:
        raise InvalidRequest("Give either --start and --end, or --segments FILE.")
    return [(_seconds(start), _seconds(end))]


def _spans_of(path: Path) -> list[tuple[float, float]]:
    """JSON `[{"start": 1, "end": 2}, …]`, or CSV lines `start,end[,name]` as LosslessCut writes them."""
    text = path.read_text("utf-8-sig")
    try:
        if text.lstrip().startswith("["):
            return [(_seconds(str(one["start"])), _seconds(str(one["end"]))) for one in json.loads(text)]
        return [(_seconds(row[0]), _seconds(row[1])) for row in csv.reader(text.splitlines()) if row]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise InvalidRequest(
            f'{path.name} is neither JSON [{{"start": 1, "end": 2}}] nor CSV lines start,end.'
        ) from error


def _seconds(text: str) -> float:
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", text.strip()):
        raise InvalidRequest(f"{text!r} is no time; write 12, 7.30, 0:12.5 or 1:02:03.")
    total = 0.0
    for piece in text.strip().split(":"):
        total = total * 60 + float(piece)
    return total


def _targets(out: Path, count: int) -> list[Path]:
    return [out] if count == 1 else [out.with_stem(f"{out.stem}-{n}") for n in range(1, count + 1)]


@contextmanager
def _in_place(target: Path, format_: str) -> Iterator[Path]:
    """A temporary file beside the target that becomes it only when all went well."""
    if not target.parent.is_dir():
        raise InvalidRequest(f"The folder {target.parent} does not exist.")
    with tempfile.TemporaryDirectory(prefix=".fastclip-", dir=target.parent) as folder:
        part = Path(folder) / f"clip.{format_}"
        yield part
        shutil.move(part, target)


def _said(target: Path, done: Any, seconds: float) -> dict[str, Any]:
    return {
        "file": str(target),
        "frames": done.frames,
        "duration": round(done.duration_s, 6),
        "width": done.width_px,
        "height": done.height_px,
        "size_bytes": done.size_bytes,
        "plan": done.plan_kind,
        "reason": done.reason,
        "seconds": round(seconds, 3),
        "stages": {name: round(spent, 3) for name, spent in done.stages.items()},
    }


def _sentence(made: dict[str, Any]) -> str:
    frames = f"{made['frames']} frames, " if made["frames"] else ""
    size_mb, spent = made["size_bytes"] / rules.MB, made["seconds"]
    return f"{made['file']}: {frames}{made['duration']:.3f} s, {size_mb:.2f} MB ({made['plan']}, {spent:.1f} s)"


fastclip.add_command(cli_auto.auto)
fastclip.add_command(cli_caption.caption)
fastclip.add_command(cli_speech.transcribe)
fastclip.add_command(cli_speech.models)


# -- People and keys ---------------------------------------------------------------------------------------


@fastclip.group()
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


@fastclip.group()
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


# -- This machine ------------------------------------------------------------------------------------------


@fastclip.group()
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


fastclip.add_command(cli_backup.backup)


@fastclip.command()
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
