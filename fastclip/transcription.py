"""Words on their way into a source's transcript: heard by a job, brought by a subtitle file, corrected by hand.

A transcript fills while its job runs, so that what was heard can be read at once and is not heard again after a
crash; from then on it is ready, and the source has no other. Source: API reference, "POST /v1/transcript"; A11, A12.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from peewee import chunked

from fastclip import jobs, store, transcripts
from fastclip.ai.speech import Heard
from fastclip.errors import Conflict, InvalidRequest, NotFound
from fastclip.jobs import Job
from fastclip.media import words as timed
from fastclip.media.words import Word
from fastclip.transcripts import Passage, TimedWord, Transcript

UPLOADED = "upload"
"""The engine of words that came from a subtitle file."""
MAX_WORD_CHARS = 100
_ROWS = 500


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
    words = transcripts.words_of(transcript)
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


# -- Changing ----------------------------------------------------------------------------------------------


def edit(account_id: str, file_id: str, position: int, text: str) -> dict[str, Any]:
    """Write another text for one word; its times stay. Raises NotFound, InvalidRequest, Conflict (not ready)."""
    text = " ".join(text.split())
    if not 1 <= len(text) <= MAX_WORD_CHARS:
        raise InvalidRequest(f"word has {len(text)} characters; use 1 to {MAX_WORD_CHARS}.", param="word")
    transcript = transcripts.ready(account_id, file_id)
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
        sentence = transcripts.words_of(transcript, first=passage.first, last=passage.last)
        Passage.update(**_texts(sentence)).where(Passage.id == passage.id).execute()
        Transcript.update(is_edited=True, changed=time.time()).where(Transcript.id == transcript.id).execute()
    return transcripts.describe_word(position, sentence[position - passage.first])


# -- Forgetting --------------------------------------------------------------------------------------------


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
