"""What commands share: where the data is, and a bar that shows how far they are."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Data folder (or FASTCLIP_DATA); default: your own.",
)


@contextmanager
def progress(name: str, *, quiet: bool = False) -> Iterator[Callable[[float, str], None]]:
    """What to tell; shown only to a person at a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda fraction, stage: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=1.0)
        yield lambda fraction, stage: bar.update(task, completed=fraction, description=f"{name}: {stage}")
