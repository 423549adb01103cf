"""The command that copies an installation to another place."""

import json
from pathlib import Path

import click

from fastclip.console import data_dir_option


@click.command()
@click.argument("folder", metavar="TO", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what was copied as JSON.")
@data_dir_option
def backup(folder: Path, as_json: bool, data_dir: Path | None) -> None:
    """Copy rows, clips, settings and secrets to the folder TO, while FastClip runs or not.

    TO is a data folder afterwards: `fastclip serve --data-dir TO` opens it. Again, only what is new is copied.
    """
    from fastclip import backup as copies
    from fastclip import settings, store

    loaded = settings.load(data_dir)
    store.open(loaded)
    try:
        saved = copies.save(loaded, folder)
    finally:
        store.close()
    if as_json:
        facts = {"rows_bytes": saved.rows_bytes, "files": saved.files, "files_bytes": saved.files_bytes}
        click.echo(json.dumps({"folder": str(saved.folder), "with_secrets": saved.with_secrets} | facts, indent=2))
        return
    secrets = "secrets too" if saved.with_secrets else "secrets stay in this system's keyring"
    click.echo(
        f"{saved.folder}: rows {saved.rows_bytes / 1e6:.1f} MB, {saved.files} files {saved.files_bytes / 1e6:.1f} MB; "
        f"{secrets}."
    )
