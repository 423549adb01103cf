"""The stored words of a source: the one truth from which captions, subtitle files, search and moments derive.

Here they are read and shown; `transcription.py` writes them. Source: API reference, "POST /v1/transcript"; A11, A12.
"""

import time
from collections.abc import Sequence
from typing import Any

from peewee import AutoField, BooleanField, CharField, DateTimeField, DoubleField, IntegerField, TextField, fn

from fastclip import jobs, store
from fastclip.ai import speech
from fastclip.errors import Conflict, NotFound
from fastclip.jobs import Job
from fastclip.media import words as timed
from fastclip.media.words import Word
from fastclip.store import Row

_NEWS_S = 300.0


class Transcript(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    file_id = CharField(index=True)
    flight = CharField(unique=True)
    """Who asks the same of the same source at the same time shares one of these."""
    job_id = CharField(default="", index=True)
    asked_model = CharField(default="")
    asked_language = CharField(default="")
    is_ready = BooleanField(default=False)
    engine = CharField(default="")
    model = CharField(default="")
    language = CharField(default="")
    language_probability = DoubleField(null=True)
    device = CharField(default="")
    duration_s = DoubleField(default=0.0)
    covered_s = DoubleField(default=0.0)
    """Everything before this was heard."""
    is_edited = BooleanField(default=False)
    created_at = DateTimeField(default=store.now)
    changed = DoubleField(default=time.time, index=True)


class TimedWord(Row):
    """Every word of every transcript, in order, on its source's own line."""

    transcript_id = CharField()
    position = IntegerField()
    text = TextField()
    start_s = DoubleField()
    end_s = DoubleField()
    probability = DoubleField(null=True)

    class Meta:
        indexes = ((("transcript_id", "position"), True),)


class Passage(Row):
    """A sentence of a ready transcript, words [first, last], as it is searched. The database indexes `folded`."""

    id = AutoField()
    account_id = CharField()
    transcript_id = CharField(index=True)
    first = IntegerField()
    last = IntegerField()
    start_s = DoubleField()
    end_s = DoubleField()
    text = TextField()
    folded = TextField()


# -- Reading -----------------------------------------------------------------------------------------------


def satisfying(account_id: str, file_id: str, *, model: str, language: str) -> Transcript | None:
    """The source's ready transcript, if it is what is asked for; without a wish any is. model: or an engine."""
    found = _of_file(account_id, file_id).where(Transcript.is_ready).first()
    if found is None or (model and (found.model or found.engine) != model) or (language and found.language != language):
        return None
    return found


def current(account_id: str, file_id: str) -> Transcript:
    """The source's ready transcript, else the one that is being made. Raises NotFound."""
    found = _newest(account_id, file_id)
    if found is None:
        raise NotFound("There is no transcript of this source; ask for one with POST /v1/transcript.")
    return found


def status(account_id: str, file_id: str) -> str | None:
    """`ready`, else how far the one being made is; None where nobody asked for one."""
    found = _newest(account_id, file_id)
    return str(_facts(found, has_words=True)["status"]) if found else None


def renewal(transcript: Transcript) -> Transcript | None:
    """The one that is being made now to take its place."""
    alive = Job.select(Job.id).where(Job.status.in_(jobs.LIVE))
    others = Transcript.select().where(
        Transcript.file_id == transcript.file_id, Transcript.id != transcript.id, Transcript.job_id.in_(alive)
    )
    return others.order_by(Transcript.changed.desc()).first()


def ready(account_id: str, file_id: str) -> Transcript:
    """Raises NotFound, Conflict (still being made)."""
    found = current(account_id, file_id)
    if not found.is_ready:
        raise Conflict("The transcript of this source is not ready yet; wait for its job.")
    return found


def _newest(account_id: str, file_id: str) -> Transcript | None:
    return _of_file(account_id, file_id).order_by(Transcript.is_ready.desc(), Transcript.changed.desc()).first()


def _of_file(account_id: str, file_id: str) -> Any:
    return Transcript.select().where(Transcript.file_id == file_id, Transcript.account_id == account_id)


def words_of(transcript: Transcript, *, first: int = 0, last: int | None = None, after_s: float = 0.0) -> list[Word]:
    """The words at positions [first, last], of those that end after `after_s`."""
    rows = TimedWord.select(TimedWord.text, TimedWord.start_s, TimedWord.end_s, TimedWord.probability).where(
        TimedWord.transcript_id == transcript.id, TimedWord.position >= first, TimedWord.end_s > after_s
    )
    if last is not None:
        rows = rows.where(TimedWord.position <= last)
    found: Any = rows.order_by(TimedWord.position).tuples()
    return [Word(*row) for row in found]


def changed_since(account_id: str, moment: float) -> list[Transcript]:
    rows = Transcript.select().where(Transcript.account_id == account_id, Transcript.changed > moment)
    return list(rows.order_by(Transcript.changed))


# -- Showing -----------------------------------------------------------------------------------------------


def describe(transcript: Transcript) -> dict[str, Any]:
    """All that is known so far: the reference's `text`, `segments` and `duration`, and where they come from."""
    segments = segments_of(words_of(transcript))
    return {
        "text": "\n".join(f"[{speech.clock(segment['start'])}] {segment['text']}" for segment in segments),
        "segments": segments,
        "duration": round(transcript.duration_s, 3),
    } | _facts(transcript, has_words=bool(segments))


def news(transcript: Transcript) -> dict[str, Any]:
    """What a listener is told: how far it is, and the segments of the last five minutes heard."""
    since_s = max(0.0, transcript.covered_s - _NEWS_S)
    first = 0
    if since_s:
        counted = TimedWord.select(fn.COUNT()).where(
            TimedWord.transcript_id == transcript.id, TimedWord.end_s <= since_s
        )
        first = int(counted.scalar())
    segments = [] if transcript.is_ready else segments_of(words_of(transcript, first=first), first=first)
    said = {"duration": round(transcript.duration_s, 3), "segments": segments}
    return said | _facts(transcript, has_words=True)


def _facts(transcript: Transcript, *, has_words: bool) -> dict[str, Any]:
    notes = [speech.NOTES.get(transcript.engine, "")]
    if transcript.is_ready and not has_words:
        notes = [speech.NO_SPEECH]
    job = Job.get_or_none(Job.id == transcript.job_id) if transcript.job_id else None
    return {
        "file_id": transcript.file_id,
        "job_id": transcript.job_id or None,
        "status": "ready" if transcript.is_ready else _status(job),
        "progress": 100 if transcript.is_ready else job.progress if job else 0,
        "covered": round(transcript.covered_s, 3),
        "language": transcript.language or None,
        "language_probability": transcript.language_probability,
        "engine": transcript.engine or None,
        "model": transcript.model or None,
        "device": transcript.device or None,
        "note": notes[0] or None,
        "is_edited": transcript.is_edited,
    }


def _status(job: Job | None) -> str:
    if job is None:
        return "pending"
    return {"pending": "pending", "failed": "failed"}.get(job.status, "processing")


def segments_of(words: Sequence[Word], *, first: int = 0) -> list[dict[str, Any]]:
    """The words in sentences, as the API shows them. first: the position of the first word."""
    segments = []
    for sentence in timed.sentences(words):
        segments.append(
            {
                "start": round(sentence[0].start_s, 3),
                "end": round(sentence[-1].end_s, 3),
                "text": timed.joined(sentence),
                "words": [describe_word(first + n, word) for n, word in enumerate(sentence)],
            }
        )
        first += len(sentence)
    return segments


def describe_word(position: int, word: Word) -> dict[str, Any]:
    """A word as the API shows it."""
    return {
        "position": position,
        "start": round(word.start_s, 3),
        "end": round(word.end_s, 3),
        "word": word.text,
        "probability": word.probability,
    }
