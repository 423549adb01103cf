import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from peewee import Model
from playhouse.schema_diff import diff_models

from fastclip import store
from fastclip.errors import InvalidRequest
from fastclip.settings import Settings
from fastclip.store import Row, migrations
from tests.billing.machine import new_account

ADDS_A_COLUMN = """
from peewee import CharField

def up(migrator, db):
    migrator.migrate(migrator.add_column("account", "colour", CharField(default="blue")))
"""
BREAKS = ADDS_A_COLUMN + "    raise RuntimeError('half way')\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations that a test may add to."""
    copy = tmp_path / "migrations"
    copy.mkdir()
    for path in Path(migrations.__file__).parent.glob("[0-9]*.py"):
        (copy / path.name).write_text(path.read_text("utf-8"))
    monkeypatch.setattr(migrations, "_FOLDER", copy)
    return copy


def columns(settings: Settings) -> set[str]:
    with sqlite3.connect(settings.data_dir / "fastclip.db") as db:
        return {row[1] for row in db.execute("PRAGMA table_info(account)")}


def copies(settings: Settings) -> list[Path]:
    return sorted((settings.data_dir / "copies").glob("*.db"))


def test_the_migrated_tables_are_those_of_the_models(data: Settings) -> None:
    models: list[type[Model]] = Row.__subclasses__()
    assert len(models) >= 10
    assert not diff_models(store.db.obj, models)


def test_a_fresh_folder_needs_no_copy(data: Settings) -> None:
    assert copies(data) == []


def test_opening_again_migrates_nothing(data: Settings) -> None:
    assert migrations.up(data) == []


def test_a_migration_keeps_the_rows_and_a_copy_from_before(folder: Path, data: Settings) -> None:
    account = new_account()
    (folder / "0002_colour.py").write_text(ADDS_A_COLUMN)
    assert migrations.up(data) == ["0002_colour"]
    assert "colour" in columns(data)
    (copy,) = copies(data)
    with sqlite3.connect(copy) as before:
        assert before.execute("SELECT id FROM account").fetchall() == [(account.id,)]
        assert "colour" not in {row[1] for row in before.execute("PRAGMA table_info(account)")}
    assert copy.parent.stat().st_mode & 0o077 == 0


def test_only_the_last_three_copies_are_kept(folder: Path, data: Settings) -> None:
    for n in range(2, 7):
        (folder / f"{n:04}_step.py").write_text("def up(migrator, db):\n    pass\n")
        migrations.up(data)
    assert len(copies(data)) == 3


def test_a_migration_that_fails_leaves_the_tables_as_they_were(folder: Path, data: Settings) -> None:
    (folder / "0002_breaks.py").write_text(BREAKS)
    with pytest.raises(RuntimeError, match="half way"):
        migrations.up(data)
    assert "colour" not in columns(data)
    (folder / "0002_breaks.py").write_text(ADDS_A_COLUMN)
    assert migrations.up(data) == ["0002_breaks"]


def test_a_folder_of_a_newer_version_is_refused_and_left_alone(folder: Path, data: Settings) -> None:
    (folder / "0002_colour.py").write_text(ADDS_A_COLUMN)
    migrations.up(data)
    (folder / "0002_colour.py").unlink()
    store.close()
    with pytest.raises(InvalidRequest) as refusal:
        store.open(data)
    assert refusal.value.message == (
        "This data folder was written by a newer FastClip (it has 0002_colour); update FastClip to open it."
    )
    assert "colour" in columns(data)


def test_processes_that_open_a_fresh_folder_together_migrate_it_once(tmp_path: Path) -> None:
    program = "import sys; from fastclip import settings, store; store.open(settings.load(sys.argv[1])); print('open')"
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate()[0] for process in started] == ["open\n"] * 4
    with sqlite3.connect(tmp_path / "fastclip.db") as db:
        assert db.execute("SELECT count(*) FROM schema_migration").fetchone() == (
            len(list(Path(migrations.__file__).parent.glob("[0-9]*.py"))),
        )
