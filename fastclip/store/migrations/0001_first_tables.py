"""The first tables: accounts, keys, sessions, ledger, jobs, uploads, clips.

A migration holds its own picture of the tables, so that it means the same when the models have moved on.
"""

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    Check,
    Database,
    DateTimeField,
    DoubleField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)
from playhouse.migrate import SchemaMigrator

_APPEND_ONLY = "The ledger is append-only."


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Account(Table):
        id = CharField(primary_key=True)
        email = CharField(unique=True)
        name = CharField()
        role = CharField()
        password_hash = CharField()
        is_covered = BooleanField()
        balance_cents = IntegerField()
        reserved_cents = IntegerField()
        paid_total_cents = IntegerField()
        created_at = DateTimeField()
        changed = DoubleField(index=True)

        class Meta:
            constraints = [Check("balance_cents >= 0"), Check("reserved_cents >= 0"), Check("paid_total_cents >= 0")]

    class ApiKey(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        name = CharField()
        prefix = CharField()
        digest = CharField(unique=True)
        created_at = DateTimeField()
        last_used_at = DateTimeField(null=True)
        last_used_ip = CharField()

    class Session(Table):
        digest = CharField(primary_key=True)
        account_id = CharField(index=True)
        created_at = DateTimeField()
        seen_at = DateTimeField()

    class Ticket(Table):
        digest = CharField(primary_key=True)
        purpose = CharField()
        account_id = CharField()
        expires_at = DateTimeField()

    class Hold(Table):
        ref = CharField(primary_key=True)
        account_id = CharField(index=True)
        amount_cents = IntegerField(constraints=[Check("amount_cents >= 0")])
        captured_cents = IntegerField()
        state = CharField()
        created_at = DateTimeField()

    class LedgerEntry(Table):
        account_id = CharField(index=True)
        kind = CharField()
        d_balance_cents = IntegerField()
        d_reserved_cents = IntegerField()
        ref = CharField(index=True)
        key = CharField(unique=True)
        created_at = DateTimeField(index=True)

    class Job(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        api_key_id = CharField()
        kind = CharField()
        lane = CharField()
        status = CharField(index=True)
        progress = IntegerField()
        status_message = TextField()
        file_id = CharField(index=True)
        ask = TextField()
        result = TextField()
        hold_ref = CharField()
        reserved_cents = IntegerField()
        cost_cents = IntegerField()
        error = TextField()
        error_code = CharField()
        attempt = IntegerField()
        owner = CharField()
        lease_until = DoubleField()
        is_cancel_asked = BooleanField()
        rung_at = DoubleField()
        created_at = DateTimeField()
        started_at = DateTimeField(null=True)
        finished_at = DateTimeField(null=True)
        changed = DoubleField(index=True)

    class WorkerSeen(Table):
        owner = CharField(primary_key=True)
        seen_at = DoubleField()

    class Upload(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        api_key_id = CharField()
        filename = CharField()
        content_type = CharField()
        file_size = BigIntegerField()
        status = CharField(index=True)
        multipart_id = CharField()
        part_size = BigIntegerField()
        part_count = IntegerField()
        completed_parts = TextField()
        clip = TextField()
        clip_job_id = CharField()
        facts = TextField()
        preview = TextField()
        error = TextField()
        error_code = CharField()
        created_at = DateTimeField()
        expires_at = DateTimeField(index=True)
        changed = DoubleField(index=True)

    class Clip(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        job_id = CharField(index=True)
        kind = CharField()
        source_file_id = CharField()
        title = CharField()
        file_name = TextField()
        format = CharField()
        quality = CharField()
        aspect_ratio = CharField()
        media_kind = CharField()
        duration_s = DoubleField()
        start_s = DoubleField()
        end_s = DoubleField()
        size_bytes = BigIntegerField()
        has_poster = BooleanField()
        captioned = BooleanField()
        pinned = BooleanField()
        status = CharField()
        view_count_visible = BooleanField()
        views = BigIntegerField()
        created_at = DateTimeField()
        expires_at = DateTimeField(index=True)
        changed = DoubleField(index=True)

    db.create_tables([Account, ApiKey, Session, Ticket, Hold, LedgerEntry, Job, WorkerSeen, Upload, Clip])
    _refuse_changes(db)


def _refuse_changes(db: Database) -> None:
    """Triggers: an entry of the ledger is never changed or deleted."""
    if isinstance(db, SqliteDatabase):
        for verb in ("UPDATE", "DELETE"):
            db.execute_sql(
                f"CREATE TRIGGER ledger_entry_no_{verb.lower()} BEFORE {verb} ON ledger_entry "
                f"BEGIN SELECT RAISE(ABORT, '{_APPEND_ONLY}'); END"
            )
        return
    db.execute_sql(
        "CREATE FUNCTION ledger_entry_refuse() RETURNS trigger AS $$ "
        f"BEGIN RAISE EXCEPTION '{_APPEND_ONLY}'; END $$ LANGUAGE plpgsql"
    )
    db.execute_sql(
        "CREATE TRIGGER ledger_entry_no_change BEFORE UPDATE OR DELETE ON ledger_entry "
        "FOR EACH ROW EXECUTE FUNCTION ledger_entry_refuse()"
    )
