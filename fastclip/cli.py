"""The command line: serve, worker, window, clip, auto, caption, transcribe, models, user, key, secret, backup, doctor.

Modules are imported inside the commands that need them, so that `--help` answers at once.
"""

import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from fastclip import __version__, cli_auto, cli_backup, cli_caption, cli_clip, cli_owner, cli_people, cli_speech
from fastclip.console import data_dir_option
from fastclip.errors import FastClipError


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
    from fastclip import drivers, settings

    loaded = settings.load(data_dir, host=host, port=port)
    drivers.leave_out(loaded)
    from fastclip import app

    app.serve(loaded, watch_stdin=watch_stdin, with_worker=not no_worker, open_browser=open_browser)


@fastclip.command()
@data_dir_option
@click.option("--watch-stdin", is_flag=True, hidden=True)
def worker(data_dir: Path | None, watch_stdin: bool) -> None:
    """Work on jobs only (`serve` starts one by itself)."""
    from fastclip import drivers, settings

    loaded = settings.load(data_dir)
    drivers.leave_out(loaded)
    from fastclip import app

    app.work(loaded, watch_stdin=watch_stdin)


@fastclip.command()
@data_dir_option
@click.option("--port", type=int, help="Port of the server behind the window.")
def window(data_dir: Path | None, port: int | None) -> None:
    """Open the studio in a window of its own."""
    from fastclip import desktop, settings

    raise SystemExit(desktop.show(settings.load(data_dir, port=port)))


for command in (
    cli_clip.clip,
    cli_auto.auto,
    cli_caption.caption,
    cli_speech.transcribe,
    cli_speech.models,
    cli_people.user,
    cli_people.key,
    cli_owner.secret,
    cli_backup.backup,
    cli_owner.doctor,
):
    fastclip.add_command(command)
