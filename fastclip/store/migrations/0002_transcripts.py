"""Transcripts: one row each, one table of all words, and passages with a full-text index to search them by."""

from peewee import (
    BooleanField,
    CharField,
    Database,
    DateTimeField,
    DoubleField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Transcript(Table):
        id = CharField(primary_key=True)
        account_id = CharField(index=True)
        file_id = CharField(index=True)
        flight = CharField(unique=True)
        job_id = CharField(index=True)
        asked_model = CharField()
        asked_language = CharField()
        is_ready = BooleanField()
        engine = CharField()
        model = CharField()
        language = CharField()
        language_probability = DoubleField(null=True)
        device = CharField()
        duration_s = DoubleField()
        covered_s = DoubleField()
        is_edited = BooleanField()
        created_at = DateTimeField()
        changed = DoubleField(index=True)

    class TimedWord(Table):
        transcript_id = CharField()
        position = IntegerField()
        text = TextField()
        start_s = DoubleField()
        end_s = DoubleField()
        probability = DoubleField(null=True)

        class Meta:
            indexes = ((("transcript_id", "position"), True),)

    class Passage(Table):
        account_id = CharField()
        transcript_id = CharField(index=True)
        first = IntegerField()
        last = IntegerField()
        start_s = DoubleField()
        end_s = DoubleField()
        text = TextField()
        folded = TextField()

    class Glossary(Table):
        account_id = CharField(primary_key=True)
        words = TextField()

    db.create_tables([Transcript, TimedWord, Passage, Glossary])
    _index_passages(db)


def _index_passages(db: Database) -> None:
    """The words of `folded`, kept in step by the database itself."""
    for statement in _SQLITE if isinstance(db, SqliteDatabase) else _POSTGRESQL:
        db.execute_sql(statement)


_FORGET = "INSERT INTO passage_words(passage_words, rowid, folded) VALUES ('delete', old.id, old.folded);"
_LEARN = "INSERT INTO passage_words(rowid, folded) VALUES (new.id, new.folded);"
_SQLITE = (
    "CREATE VIRTUAL TABLE passage_words USING fts5(folded, content='passage', content_rowid='id', "
    "tokenize='unicode61 remove_diacritics 0')",
    f"CREATE TRIGGER passage_insert AFTER INSERT ON passage BEGIN {_LEARN} END",
    f"CREATE TRIGGER passage_delete AFTER DELETE ON passage BEGIN {_FORGET} END",
    f"CREATE TRIGGER passage_update AFTER UPDATE ON passage BEGIN {_FORGET} {_LEARN} END",
)
_POSTGRESQL = (
    "CREATE TABLE passage_words (id BIGINT PRIMARY KEY, words tsvector NOT NULL)",
    "CREATE INDEX passage_words_words ON passage_words USING gin (words)",
    "CREATE FUNCTION passage_learn() RETURNS trigger AS $$ BEGIN "
    "IF TG_OP <> 'INSERT' THEN DELETE FROM passage_words WHERE id = OLD.id; END IF; "
    "IF TG_OP <> 'DELETE' THEN INSERT INTO passage_words VALUES (NEW.id, to_tsvector('simple', NEW.folded)); END IF; "
    "RETURN NULL; END $$ LANGUAGE plpgsql",
    "CREATE TRIGGER passage_change AFTER INSERT OR UPDATE OR DELETE ON passage "
    "FOR EACH ROW EXECUTE FUNCTION passage_learn()",
)
