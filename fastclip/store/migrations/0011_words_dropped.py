"""Auto-clips: whether a moment's words are still there, so that a sweep need not look for them in its text."""

from peewee import BooleanField, Database, Table
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.add_column("auto_segment", "has_words", BooleanField(default=True)))
    moments = Table("auto_segment").bind(db)
    shown, has_words = moments.c["shown"], moments.c["has_words"]
    moments.update({has_words: False}).where(shown.contains('"excerpt": "",')).execute()
