"""Caption presets and uploaded caption fonts."""

from peewee import CharField, Database, DateTimeField, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class CaptionPreset(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        name = CharField()
        style = TextField()
        created_at = DateTimeField()
        updated_at = DateTimeField()

        class Meta:
            indexes = ((("account_id", "name"), True),)

    class CaptionFont(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        name = CharField()
        style = CharField()
        weight = IntegerField()
        format = CharField()
        size_bytes = IntegerField()
        created_at = DateTimeField()

    db.create_tables([CaptionPreset, CaptionFont])
