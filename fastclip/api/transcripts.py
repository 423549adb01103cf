"""Words of recordings: ask for them, read, save, correct, search. Source: API reference, "POST /v1/transcript"."""

import threading
from collections.abc import Callable
from typing import Annotated, Any

from litestar import Request, Response, get, patch, post, put
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from fastclip import engines, glossary, rules, search, transcription, transcripts, uploads
from fastclip.ai import speech
from fastclip.api import strict, waiting
from fastclip.api.auth import Caller
from fastclip.api.headers import disposition
from fastclip.api.strict import Ask
from fastclip.api.uploads import page_size
from fastclip.billing import ledger
from fastclip.clips import transcript
from fastclip.errors import InvalidRequest, NotFound
from fastclip.jobs import Job
from fastclip.media import subtitles
from fastclip.media.words import Word

MEDIA_TYPES = {  # Litestar adds the charset to text
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt",
    "txt": "text/plain",
    "json": "application/json",
}


class TranscriptAsk(Ask):
    example = {"file_id": "upl_a1b2c3d4e5f6"}
    file_id: str
    model: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    language: Annotated[str, Meta(min_length=2, max_length=3)] | None = None


class WordAsk(Ask):
    example = {"word": "FastClip"}
    word: Annotated[str, Meta(min_length=1, max_length=transcription.MAX_WORD_CHARS)]


class GlossaryAsk(Ask):
    example = {"words": ["FastClip", "Blender"]}
    words: list[str]


# -- Asking ------------------------------------------------------------------------------------------------


def asking(stopping: threading.Event) -> HTTPRouteHandler:
    """`POST /v1/transcript`. stopping: set when the server is about to end; the job goes on, the answer does not."""

    @post("/v1/transcript", status_code=200, opt={"rate": "ai", "once": True})
    async def create_transcript(
        request: Request[Any, Any, Any], caller: NamedDependency[Caller], data: JSONBody[TranscriptAsk]
    ) -> Response[dict[str, Any]]:
        """The transcript of a ready upload, as soon as it is there; with `Prefer: respond-async` its job at once."""
        job = await sync_to_thread(_asked, caller, data)
        if job is None:
            return Response(await sync_to_thread(_result, caller, data.file_id, True))
        if waiting.is_unwanted(request):
            return waiting.accepted(job)
        await waiting.ended(job, stopping)
        return Response(await sync_to_thread(_result, caller, data.file_id, False))

    return create_transcript


def _asked(caller: Caller, data: TranscriptAsk) -> Job | None:
    return transcript.request(
        caller.account, data.file_id, model=data.model, language=data.language, api_key_id=caller.api_key_id
    )


def _result(caller: Caller, file_id: str, is_cached: bool) -> dict[str, Any]:
    """The transcript and what it once cost; again it costs nothing."""
    row = transcripts.ready(caller.account_id, file_id)
    paid = Job.get_or_none(Job.id == row.job_id) if row.job_id else None
    return transcripts.describe(row) | {
        "cost": ledger.usd(paid.cost_cents if paid else 0),
        "balance": ledger.usd(ledger.balance(caller.account_id)[0]),
        "is_cached": is_cached,
    }


@get("/v1/speech", sync_to_thread=True)
def get_speech(caller: NamedDependency[Caller], file_id: FromQuery[str | None] = None) -> dict[str, Any]:
    """What a transcript would be made with now, and which models and languages can be asked for.

    file_id: a recording of which `transcript` is told: `ready`, how far it is, or null for none.
    """
    status = transcripts.status(caller.account_id, file_id) if file_id else None
    return engines.describe() | {"transcript": status}


# -- Reading and correcting --------------------------------------------------------------------------------


@get("/v1/transcript/{name:str}", sync_to_thread=True)
def get_transcript(caller: NamedDependency[Caller], name: FromPath[str]) -> Response[Any]:
    """A source's words as `{file_id}.srt`, `.vtt`, `.txt`, or all that is known, also while it is made, as `.json`."""
    file_id, form = _named(name)
    if form == "json":
        return Response(_whole(transcripts.current(caller.account_id, file_id)))
    row = transcripts.ready(caller.account_id, file_id)
    return _file(transcripts.words_of(row), row.duration_s, form, f"{_stem(file_id)}.{form}")


def _whole(row: transcripts.Transcript) -> dict[str, Any]:
    """All that is known of a source's words, and of others that are on their way to take their place."""
    renewal = transcripts.renewal(row)
    return transcripts.describe(row) | {"renewal": transcripts.news(renewal) if renewal else None}


@get("/v1/clips/{clip_id:str}/{name:str}", sync_to_thread=True)
def get_clip_transcript(caller: NamedDependency[Caller], clip_id: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """A clip's words, on the clip's own line, as `transcript.srt`, `.vtt`, `.txt` or `.json`."""
    stem, form = _named(name)
    if stem != "transcript":
        raise NotFound(f"There is nothing at /v1/clips/{clip_id}/{name}.")
    clip, words = transcript.of_clip(caller.account_id, clip_id)
    if form == "json":
        segments = transcripts.segments_of(words)
        return Response(
            {"clip_id": clip.id, "file_id": clip.source_file_id, "text": _text(words), "segments": segments}
        )
    return _file(words, clip.duration_s, form, f"{clip.title}.{form}")


def _named(name: str) -> tuple[str, str]:
    stem, _, form = name.rpartition(".")
    if form not in MEDIA_TYPES or not stem:
        raise NotFound(f"Transcripts are read as {', '.join('.' + form for form in MEDIA_TYPES)}.")
    return stem, form


def _file(words: list[Word], duration_s: float, form: str, filename: str) -> Response[Any]:
    if form == "txt":
        content = _text(words) + "\n" * bool(words)
    else:
        content = subtitles.write(subtitles.cues(words, end_s=duration_s), form)
    headers = {"Content-Disposition": disposition(filename, inline=False)}
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)


def _text(words: list[Word]) -> str:
    return "\n".join(
        f"[{speech.clock(segment['start'])}] {segment['text']}" for segment in transcripts.segments_of(words)
    )


def _stem(file_id: str) -> str:
    upload = uploads.Upload.get_or_none(uploads.Upload.id == file_id)
    return upload.stem if upload else "transcript"


@put("/v1/transcript/{name:str}", status_code=200)
async def put_transcript(
    request: Request[Any, Any, Any], caller: NamedDependency[Caller], name: FromPath[str]
) -> dict[str, Any]:
    """Replace a source's words by those of a subtitle file, `{file_id}.srt` or `.vtt`; the body is the file itself."""
    body = await strict.whole(request)
    return await sync_to_thread(_replaced, caller, name, body)


def _replaced(caller: Caller, name: str, body: bytes) -> dict[str, Any]:
    file_id, form = _named(name)
    if form not in subtitles.FORMATS:
        raise InvalidRequest(f"Words are sent as .srt or .vtt, not .{form}.", param="name")
    upload = uploads.get_ready(caller.account_id, file_id)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest("The file is not UTF-8 text; save it as UTF-8 and send it again.") from error
    found = subtitles.read(text, form)
    old = transcripts.satisfying(caller.account_id, file_id, model="", language="")
    words = subtitles.words_of(found, transcripts.words_of(old) if old else ())
    row = transcription.replace(caller.account_id, file_id, words, duration_s=upload.media.duration_s)
    return transcripts.describe(row)


@patch("/v1/transcript/{file_id:str}/words/{position:int}", sync_to_thread=True)
def patch_word(
    caller: NamedDependency[Caller], file_id: FromPath[str], position: FromPath[int], data: JSONBody[WordAsk]
) -> dict[str, Any]:
    """Write one word differently; it keeps its times."""
    return transcription.edit(caller.account_id, file_id, position, data.word)


@get("/v1/glossary", sync_to_thread=True)
def get_glossary(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """Names and terms that the recogniser is told of."""
    return {"words": glossary.words_of(caller.account_id)}


@put("/v1/glossary", status_code=200, sync_to_thread=True)
def put_glossary(caller: NamedDependency[Caller], data: JSONBody[GlossaryAsk]) -> dict[str, Any]:
    """Tell the recogniser other names and terms, for transcripts from now on."""
    return {"words": glossary.keep(caller.account_id, data.words)}


@get("/v1/search", sync_to_thread=True)
def search_words(
    caller: NamedDependency[Caller],
    q: FromQuery[str],
    limit: FromQuery[int] = rules.PAGE_DEFAULT,
    cursor: FromQuery[str | None] = None,
) -> dict[str, Any]:
    """Moments at which these words are said, in all recordings of the account."""
    found, next_cursor = search.find(caller.account_id, q, limit=page_size(limit), cursor=cursor)
    return {"data": found, "next_cursor": next_cursor}


def routes_for(stopping: threading.Event) -> list[Any]:
    """stopping: set when the server is about to end."""
    reading: list[Callable[..., Any]] = [get_transcript, get_clip_transcript, get_speech, get_glossary, search_words]
    return [asking(stopping), *reading, put_transcript, patch_word, put_glossary]
