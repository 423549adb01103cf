"""Finding a moment by its words, in all transcripts of an account: SQLite's FTS5, or PostgreSQL's text search.

`"exact words"` in quotes are a phrase; the last word may be begun only. Times are those of the first word found.
"""

import functools
import operator
import re
from typing import Any

from peewee import SqliteDatabase

from fastclip import cursors, store
from fastclip.errors import InvalidRequest
from fastclip.media.words import Word, folded
from fastclip.transcripts import Passage, TimedWord, Transcript
from fastclip.uploads import Upload

MAX_CHARS = 200
_BEGUN_CHARS = 2
"""One letter begins most words that there are: 50,000 segments then take 150 ms, and nobody is helped."""
Term = tuple[list[str], bool]
"""Words that follow each other, and whether the last one may go on."""

# CROSS JOIN: SQLite takes the tables in this order, so that its index is asked first and each hit is looked up by id.
_SQLITE = (
    "SELECT p.id FROM passage_words w CROSS JOIN passage p ON p.id = w.rowid "
    "WHERE w.folded MATCH ? AND p.account_id = ? ORDER BY w.rank, p.id LIMIT ? OFFSET ?"
)
_POSTGRESQL = (
    "SELECT p.id FROM passage_words w JOIN passage p ON p.id = w.id, to_tsquery('simple', %s) q "
    "WHERE w.words @@ q AND p.account_id = %s ORDER BY ts_rank_cd(w.words, q) DESC, p.id LIMIT %s OFFSET %s"
)


def find(account_id: str, q: str, *, limit: int, cursor: str | None = None) -> tuple[list[dict[str, Any]], str | None]:
    """(moments, cursor of the next page), the best first. Raises InvalidRequest."""
    terms = _terms(q)
    is_sqlite = isinstance(store.db.obj, SqliteDatabase)
    asked = _for_sqlite(terms) if is_sqlite else _for_postgresql(terms)
    statement = _SQLITE if is_sqlite else _POSTGRESQL
    rows = store.db.execute_sql(statement, (asked, account_id, limit + 1, cursors.offset(cursor))).fetchall()
    shown, following = cursors.page(rows, limit, cursor)
    return _moments([row[0] for row in shown], terms), following


def _terms(q: str) -> list[Term]:
    if len(q) > MAX_CHARS:
        raise InvalidRequest(f"q is too long; {MAX_CHARS} characters at most.", param="q")
    terms: list[Term] = []
    for phrase, word in re.findall(r'"([^"]*)"|([^\s"]+)', q):
        tokens = folded(phrase or word)
        if tokens:
            terms.append((tokens, False))
    if not terms:
        raise InvalidRequest("q holds no word to look for.", param="q")
    if q[-1] not in '" ' and len(terms[-1][0][-1]) >= _BEGUN_CHARS:
        terms[-1] = (terms[-1][0], True)
    return terms


def _for_sqlite(terms: list[Term]) -> str:
    return " AND ".join(f'"{" ".join(tokens)}"' + " *" * goes_on for tokens, goes_on in terms)


def _for_postgresql(terms: list[Term]) -> str:
    return " & ".join("(" + " <-> ".join(f"'{t}'" for t in tokens) + ":*" * goes_on + ")" for tokens, goes_on in terms)


def _moments(ids: list[int], terms: list[Term]) -> list[dict[str, Any]]:
    passages = {passage.id: passage for passage in Passage.select().where(Passage.id.in_(ids))}
    found = [passages[id_] for id_ in ids if id_ in passages]
    files = _files({passage.transcript_id for passage in found})
    words = _words(found)
    return [_moment(passage, words[passage.id], terms, *files[passage.transcript_id]) for passage in found]


def _words(passages: list[Passage]) -> dict[int, list[Word]]:
    """passage id -> its words. One question for all of them: twenty take longer than the search itself."""
    if not passages:
        return {}
    wanted = [
        (TimedWord.transcript_id == passage.transcript_id) & TimedWord.position.between(passage.first, passage.last)
        for passage in passages
    ]
    rows = TimedWord.select().where(functools.reduce(operator.or_, wanted))
    found = {(row.transcript_id, row.position): Word(row.text, row.start_s, row.end_s) for row in rows}
    return {
        passage.id: [
            found[passage.transcript_id, position]
            for position in range(passage.first, passage.last + 1)
            if (passage.transcript_id, position) in found
        ]
        for passage in passages
    }


def _files(transcript_ids: set[str]) -> dict[str, tuple[str, str, bool]]:
    """transcript id -> (file_id, its name, whether the source can still be played)."""
    transcripts = list(Transcript.select().where(Transcript.id.in_(list(transcript_ids))))
    uploads = {row.id: row for row in Upload.select().where(Upload.id.in_([t.file_id for t in transcripts]))}
    files = {}
    for transcript in transcripts:
        upload = uploads[transcript.file_id]
        files[transcript.id] = (upload.id, upload.filename, upload.status == "ready")
    return files


def _moment(
    passage: Passage, words: list[Word], terms: list[Term], file_id: str, name: str, is_playable: bool
) -> dict[str, Any]:
    marked = _marked(words, terms)
    at = next((n for n, is_marked in enumerate(marked) if is_marked), 0)
    start_s = words[at].start_s if words else passage.start_s
    return {
        "file_id": file_id,
        "source_name": name,
        "is_playable": is_playable,
        "start": round(start_s, 3),
        "end": round(passage.end_s, 3),
        "position": passage.first + at,
        "excerpt": passage.text,
        "matches": _places(passage.text, words, marked),
        "url": f"/studio?file={file_id}&t={start_s:.3f}",
    }


def _marked(words: list[Word], terms: list[Term]) -> list[bool]:
    """Which words hold something that was looked for."""
    exact = {token for tokens, goes_on in terms for token in (tokens[:-1] if goes_on else tokens)}
    begun = tuple(tokens[-1] for tokens, goes_on in terms if goes_on)
    return [any(token in exact or (begun and token.startswith(begun)) for token in folded(word.text)) for word in words]


def _places(text: str, words: list[Word], marked: list[bool]) -> list[list[int]]:
    """[from, to) in the excerpt of each marked word."""
    places, at = [], 0
    for word, is_marked in zip(words, marked, strict=True):
        start = text.index(word.text, at)
        at = start + len(word.text)
        if is_marked:
            places.append([start, at])
    return places
