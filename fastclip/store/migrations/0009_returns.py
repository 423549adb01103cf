"""Deposits: what went back to who paid it, and what of it left the balance."""

from peewee import Database, IntegerField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(
        migrator.add_column("deposit", "refunded_cents", IntegerField(default=0)),
        migrator.add_column("deposit", "taken_cents", IntegerField(default=0)),
    )
