"""What speech models write when nobody speaks: loops, and the last words of videos. Pure functions on one chunk.

The batched pipeline of faster-whisper has none of Whisper's own guards, so they stand here (thresholds: Whisper's).
"""

import re
import zlib
from dataclasses import dataclass

MAX_COMPRESSION = 2.4
MIN_LOGPROB = -1.0
MAX_NO_SPEECH = 0.6
_UNSURE_LOGPROB, _UNSURE_NO_SPEECH, _UNSURE_WORD = -0.7, 0.3, 0.5

# Learned from the ends of videos and from subtitle credits; reported again and again on silence and music.
_NEVER_SAID = re.compile(
    r"(?:thank(?:s| you)(?: (?:so|very) much)? for (?:watching|viewing)|thanks? you|thank you|bye(?: bye)?|you"
    r"|please (?:like,? (?:and )?)?(?:share,? (?:and )?)?subscribe(?: to (?:my|our|the) channel)?"
    r"|(?:don't forget to )?like and subscribe|see you (?:in the )?next (?:time|video)"
    r"|(?:subtitles?|captions?|transcription|translated) (?:made |created |provided )?by .*|.*amara\.org.*"
    r"|www\..*|untertitel.*|sous-titres.*|legendas? .*|sottotitoli.*|subtítulos.*|ご視聴ありがとうございました"
    r"|music|applause|silence|♪+)",
    re.I,
)


@dataclass(frozen=True)
class Chunk:
    """What a model says of one stretch of sound. word_probability: the mean over its words."""

    text: str
    logprob: float
    no_speech: float
    word_probability: float


def is_silence(chunk: Chunk) -> bool:
    """Whether the model itself says that nobody spoke, or writes what is only ever learned, without being sure."""
    if not chunk.text.strip() or (chunk.no_speech > MAX_NO_SPEECH and chunk.logprob < MIN_LOGPROB):
        return True
    is_unsure = (
        chunk.no_speech > _UNSURE_NO_SPEECH or chunk.logprob < _UNSURE_LOGPROB or chunk.word_probability < _UNSURE_WORD
    )
    return is_unsure and bool(_NEVER_SAID.fullmatch(re.sub(r"^\W+|\W+$", "", chunk.text)))


def is_failed(chunk: Chunk) -> bool:
    """Whether this is a loop, or too unlikely to be what was said: worth another try."""
    return is_loop(chunk.text) or chunk.logprob < MIN_LOGPROB


def is_loop(text: str) -> bool:
    body = text.encode()
    return len(body) / len(zlib.compress(body)) > MAX_COMPRESSION if body else False


def unlooped(texts: list[str]) -> int:
    """How many of the words to keep: those before a phrase of 1 to 12 words begins to come a third time in a row."""
    bare = [re.sub(r"\W", "", text).casefold() for text in texts]
    for at in range(len(bare)):
        for size in range(1, min(12, (len(bare) - at) // 3) + 1):
            phrase = bare[at : at + size]
            times = 3 if size > 1 else 5
            if bare[at : at + times * size] == phrase * times:
                return at + size
    return len(bare)
