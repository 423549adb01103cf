"""Idempotency keys: who runs under one, until when, and what was moved under it."""

from peewee import CharField, Database, DateTimeField, TextField
from playhouse.migrate import SchemaMigrator

from fastclip.store.db import now


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(
        migrator.add_column("kept_answer", "owner", CharField(default="")),
        migrator.add_column("kept_answer", "lease_until", DateTimeField(default=now)),
        migrator.add_column("kept_answer", "refs", TextField(default="")),
    )
