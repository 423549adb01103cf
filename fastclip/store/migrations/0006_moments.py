"""Questions to sources, moments on their way to clips, and what was made of those that were offered."""

from peewee import (
    AutoField,
    BooleanField,
    CharField,
    Database,
    DateTimeField,
    DoubleField,
    IntegerField,
    Model,
    TextField,
)
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Analysis(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        file_id = CharField(index=True)
        flight = CharField(unique=True)
        query = TextField()
        job_id = CharField(index=True)
        is_ready = BooleanField()
        is_paid = BooleanField()
        cost_cents = IntegerField()
        words_changed = DoubleField()
        found = TextField()
        created_at = DateTimeField()
        changed = DoubleField()

    class AutoSegment(Table):
        id = AutoField()
        job_id = CharField(index=True)
        position = IntegerField()
        moment_id = CharField()
        start_s = DoubleField()
        end_s = DoubleField()
        shown = TextField()
        status = CharField()
        clip_id = CharField()
        error = TextField()
        cost_cents = IntegerField()

        class Meta:
            indexes = ((("job_id", "position"), True),)

    class OfferedMoment(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        file_id = CharField(index=True)
        job_id = CharField(index=True)
        kind = CharField()
        engine = CharField()
        rank = IntegerField()
        start_s = DoubleField()
        end_s = DoubleField()
        confidence = DoubleField()
        features = TextField()
        created_at = DateTimeField()

    class MomentDeed(Table):
        id = AutoField()
        account_id = CharField(index=True)
        moment_id = CharField(index=True)
        what = CharField()
        clip_id = CharField(index=True)
        start_s = DoubleField(null=True)
        end_s = DoubleField(null=True)
        created_at = DateTimeField()

        class Meta:
            indexes = ((("moment_id", "clip_id", "what"), True),)

    db.create_tables([Analysis, AutoSegment, OfferedMoment, MomentDeed])
