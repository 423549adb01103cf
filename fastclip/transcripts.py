"""The stored words of a source: the one truth from which captions, subtitle files, search and moments derive.

A transcript fills while its job runs, so that what was heard can be read at once and is not heard again after a
crash; from then on it is ready, and the source has no other. Source: API reference, "POST /v1/transcript"; A11, A12.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from peewee import AutoField, BooleanField, CharField, DateTimeField, DoubleField, IntegerField, TextField, chunked, fn

from fastclip import jobs, store
from fastclip.ai import speech
from fastclip.ai.speech import Heard
from fastclip.errors import Conflict, InvalidRequest, NotFound
from fastclip.jobs import Job
from fastclip.media import words as timed
from fastclip.media.words import Word
from fastclip.store import Row

UPLOADED = "upload"
"""The engine of words that came from a subtitle file."""
MAX_WORD_CHARS = 100
_NEWS_S = 300.0
_ROWS = 500


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


# -- Filling -----------------------------------------------------------------------------------------------


def begin(account_id: str, file_id: str, *, model: str, language: str) -> Transcript:
    """The transcript that this ask is about, a new one or the one begun before, locked until the transaction ends."""
    flight = f"{file_id}/{model}/{language}"
    Transcript.insert(
        id=store.new_id("txt_"),
        account_id=account_id,
        file_id=file_id,
        flight=flight,
        asked_model=model,
        asked_language=language,
    ).on_conflict_ignore().execute()
    Transcript.update(changed=time.time()).where(Transcript.flight == flight).execute()
    return Transcript.get(Transcript.flight == flight)


def take(transcript: Transcript, job: Job) -> None:
    """From now on this job fills it."""
    Transcript.update(job_id=job.id).where(Transcript.id == transcript.id).execute()


def of_job(job: Job) -> Transcript | None:
    return Transcript.get_or_none(Transcript.job_id == job.id)


def resume(transcript: Transcript, *, engine: str, model: str, duration_s: float) -> Transcript:
    """Go on with what the same engine had heard before; what another had heard goes."""
    if (transcript.engine, transcript.model) == (engine, model):
        return transcript
    facts = {"engine": engine, "model": model, "duration_s": duration_s, "covered_s": 0.0, "language": ""}
    with store.write():
        _drop_words([transcript.id])
        Transcript.update(**facts, changed=time.time()).where(Transcript.id == transcript.id).execute()
    return Transcript.get_by_id(transcript.id)


def append(transcript: Transcript, heard: Heard) -> None:
    """Keep what was heard next; after a crash it is not heard again. Words get times that hold."""
    with store.write():
        last = _last_word(transcript.id)
        position, after_s = (last.position + 1, last.end_s) if last else (0, 0.0)
        cleaned = timed.clean(heard.words, max(transcript.duration_s, after_s), after_s=after_s)
        _insert(transcript.id, cleaned, position)
        Transcript.update(
            covered_s=min(heard.until_s, transcript.duration_s),
            language=heard.language,
            language_probability=heard.language_probability,
            changed=time.time(),
        ).where(Transcript.id == transcript.id).execute()


def finish(transcript: Transcript, *, device: str) -> None:
    """Make it the transcript of its source, and findable."""
    words = words_of(transcript)
    with store.write():
        _make_only(transcript, words)
        Transcript.update(device=device, is_ready=True, covered_s=Transcript.duration_s, changed=time.time()).where(
            Transcript.id == transcript.id
        ).execute()


def replace(account_id: str, file_id: str, words: Sequence[Word], *, duration_s: float) -> Transcript:
    """Words from a subtitle file, instead of what was heard. Raises Conflict while the source is being transcribed."""
    cleaned = timed.clean(words, duration_s, is_heard=False)
    with store.write():
        row = begin(account_id, file_id, model=UPLOADED, language="")
        for other in Transcript.select().where(Transcript.file_id == file_id, ~Transcript.is_ready):
            if other.job_id and jobs.get(account_id, other.job_id).status in jobs.LIVE:
                raise Conflict("This source is being transcribed; wait for that or cancel it, then send your words.")
        _drop_words([row.id])
        _insert(row.id, cleaned, 0)
        _make_only(row, cleaned)
        facts = {"engine": UPLOADED, "duration_s": duration_s, "covered_s": duration_s, "job_id": "", "device": ""}
        Transcript.update(**facts, is_ready=True, is_edited=True, changed=time.time()).where(
            Transcript.id == row.id
        ).execute()
    return Transcript.get_by_id(row.id)


def _make_only(transcript: Transcript, words: Sequence[Word]) -> None:
    """Index it, and let no other of its source remain."""
    others = Transcript.select(Transcript.id).where(
        Transcript.file_id == transcript.file_id, Transcript.id != transcript.id
    )
    drop([other.id for other in others])
    Passage.delete().where(Passage.transcript_id == transcript.id).execute()
    first, rows = 0, []
    for sentence in timed.sentences(words):
        rows.append(_passage(transcript, sentence, first))
        first += len(sentence)
    for batch in chunked(rows, _ROWS):
        Passage.insert_many(batch).execute()


def _passage(transcript: Transcript, sentence: Sequence[Word], first: int) -> dict[str, Any]:
    return {
        "account_id": transcript.account_id,
        "transcript_id": transcript.id,
        "first": first,
        "last": first + len(sentence) - 1,
        "start_s": sentence[0].start_s,
        "end_s": sentence[-1].end_s,
    } | _texts(sentence)


def _texts(sentence: Sequence[Word]) -> dict[str, str]:
    return {
        "text": timed.joined(sentence),
        "folded": " ".join(token for word in sentence for token in timed.folded(word.text)),
    }


def _insert(transcript_id: str, words: Sequence[Word], position: int) -> None:
    rows = [
        {
            "transcript_id": transcript_id,
            "position": position + n,
            "text": word.text,
            "start_s": word.start_s,
            "end_s": word.end_s,
            "probability": word.probability,
        }
        for n, word in enumerate(words)
    ]
    for batch in chunked(rows, _ROWS):
        TimedWord.insert_many(batch).execute()


def _last_word(transcript_id: str) -> TimedWord | None:
    words = TimedWord.select().where(TimedWord.transcript_id == transcript_id)
    return words.order_by(TimedWord.position.desc()).first()


def drop(ids: Iterable[str]) -> None:
    """Forget whole transcripts, inside a transaction."""
    if ids := list(ids):
        _drop_words(ids)
        Transcript.delete().where(Transcript.id.in_(ids)).execute()


def forget(account_id: str) -> None:
    """Forget every word of an account that is closed."""
    with store.write():
        drop([row.id for row in Transcript.select(Transcript.id).where(Transcript.account_id == account_id)])


def _drop_words(ids: list[str]) -> None:
    TimedWord.delete().where(TimedWord.transcript_id.in_(ids)).execute()
    Passage.delete().where(Passage.transcript_id.in_(ids)).execute()


# -- Changing ----------------------------------------------------------------------------------------------


def edit(account_id: str, file_id: str, position: int, text: str) -> dict[str, Any]:
    """Write another text for one word; its times stay. Raises NotFound, InvalidRequest, Conflict (not ready)."""
    text = " ".join(text.split())
    if not 1 <= len(text) <= MAX_WORD_CHARS:
        raise InvalidRequest(f"word has {len(text)} characters; use 1 to {MAX_WORD_CHARS}.", param="word")
    transcript = ready(account_id, file_id)
    with store.write():
        found = (
            TimedWord.update(text=text)
            .where(TimedWord.transcript_id == transcript.id, TimedWord.position == position)
            .execute()
        )
        if not found:
            raise NotFound(f"This transcript has no word {position}.", param="position")
        passage = Passage.get(
            Passage.transcript_id == transcript.id, Passage.first <= position, Passage.last >= position
        )
        sentence = words_of(transcript, first=passage.first, last=passage.last)
        Passage.update(**_texts(sentence)).where(Passage.id == passage.id).execute()
        Transcript.update(is_edited=True, changed=time.time()).where(Transcript.id == transcript.id).execute()
    return _word(position, sentence[position - passage.first])


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
                "words": [_word(first + n, word) for n, word in enumerate(sentence)],
            }
        )
        first += len(sentence)
    return segments


def _word(position: int, word: Word) -> dict[str, Any]:
    return {
        "position": position,
        "start": round(word.start_s, 3),
        "end": round(word.end_s, 3),
        "word": word.text,
        "probability": word.probability,
    }
