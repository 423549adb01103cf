"""Invites, closed accounts, where a session is, one owner held by an index, and views of shared clips."""

from peewee import BooleanField, CharField, Database, DateTimeField, Model
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Invite(Table):
        id = CharField(primary_key=True)
        digest = CharField(unique=True)
        email = CharField()
        is_covered = BooleanField()
        created_by = CharField()
        created_at = DateTimeField()
        expires_at = DateTimeField(index=True)
        used_at = DateTimeField(null=True)
        used_by = CharField()

    class ClipView(Table):
        clip_id = CharField()
        visitor = CharField()
        created_at = DateTimeField()

        class Meta:
            indexes = ((("clip_id", "visitor"), True),)

    db.create_tables([Invite, ClipView])
    migrator.migrate(
        migrator.add_column("account", "deleted_at", DateTimeField(null=True)),
        migrator.add_column("session", "ip", CharField(default="")),
        migrator.add_column("session", "user_agent", CharField(default="")),
    )
    db.execute_sql("CREATE UNIQUE INDEX account_one_owner ON account (role) WHERE role = 'owner'")
