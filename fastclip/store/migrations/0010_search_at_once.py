"""PostgreSQL's index of words takes new ones at once: what waits for a vacuum is read one by one by each search.

After 50,000 segments came in, a search for a word that nobody said took 86 ms for that reason alone.
"""

from peewee import Database, SqliteDatabase
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    if isinstance(db, SqliteDatabase):
        return
    db.execute_sql("ALTER INDEX passage_words_words SET (fastupdate = off)")
    db.execute_sql("SELECT gin_clean_pending_list('passage_words_words')")
