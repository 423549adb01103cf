"""Timed words: what speech recognition hears and subtitle files hold, made fit to store and to show.

Source: captions.md section 5 (clean-up), moments.md "Design" 2 (sentences).
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

STEP_S = 0.02
"""Two words begin at least so far apart, where the recording has room for all."""
PAUSE_S = 1.2
LONGEST_AFTER_PAUSE_S = 0.9
_US = 1_000_000

SENTENCE_S, SENTENCE_WORDS = 15.0, 45
_TURN_S, _BREATH_S = 1.2, 0.6
_ENDS = re.compile(r"[.?!…。！？]+[\"'”’»)\]]*$")
_ABBREVIATION = re.compile(r"(?:[A-Za-z]|(?:[A-Za-z]\.)+[A-Za-z]?|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs?|etc|No|Inc|Ltd|Co)\.")


@dataclass(frozen=True)
class Word:
    """One word as it is written, its punctuation with it. Seconds on the source's own line; NaN where unknown.

    probability: 0-1, None where the recogniser gives none.
    """

    text: str
    start_s: float
    end_s: float
    probability: float | None = None


def clean(words: Sequence[Word], duration_s: float, *, after_s: float = 0.0, is_heard: bool = True) -> list[Word]:
    """The same words with times that hold: within [after_s, duration_s], in order, none overlapping, none lost.

    Empty texts and lone notes (♪) go, lone punctuation joins its neighbour, unknown times are put between the known
    ones. is_heard: by a recogniser; a word that it stretched back over a pause then begins 0.9 s before its end.
    """
    kept = _joined(words)
    if not kept:
        return []
    kept = sorted(_filled(kept, after_s, duration_s), key=lambda word: word.start_s)
    return _separated(_shortened(kept, after_s) if is_heard else kept, after_s, duration_s)


def _joined(words: Sequence[Word]) -> list[Word]:
    """Texts in NFC without stray space; what is only punctuation belongs to the word before it, or to the next."""
    kept: list[Word] = []
    waiting = ""
    for word in words:
        text = " ".join(unicodedata.normalize("NFC", word.text).split())
        if not text.strip("♪♫ "):
            continue
        if any(c.isalnum() or unicodedata.category(c)[0] == "S" for c in text):
            kept.append(replace(word, text=waiting + text))
            waiting = ""
        elif kept:
            kept[-1] = replace(kept[-1], text=kept[-1].text + text)
        else:
            waiting += text
    return kept


def _filled(words: list[Word], low_s: float, high_s: float) -> list[Word]:
    """Every time known and inside the recording: what is missing is spread evenly between its neighbours."""
    starts = [_inside(word.start_s, low_s, high_s) for word in words]
    ends = [_inside(word.end_s, low_s, high_s) for word in words]
    for first, last in _gaps(starts):
        begin = _first(ends[first - 1], starts[first - 1], low_s) if first else low_s
        end = _first(starts[last]) if last < len(words) else high_s
        for n in range(first, last):
            starts[n] = begin + max(0.0, end - begin) * (n - first) / (last - first)
    known = [_first(start) for start in starts]
    following = [*known[1:], high_s]
    return [
        replace(word, start_s=start, end_s=_first(end, following_s))
        for word, start, end, following_s in zip(words, known, ends, following, strict=True)
    ]


def _first(*seconds: float | None) -> float:
    """The first that is known."""
    return next(s for s in seconds if s is not None)


def _inside(seconds: float | None, low_s: float, high_s: float) -> float | None:
    if seconds is None or math.isnan(seconds):
        return None
    return min(max(seconds, low_s), high_s)


def _gaps(starts: list[float | None]) -> list[tuple[int, int]]:
    """[first, last) of each run of unknown times."""
    runs: list[tuple[int, int]] = []
    for n, start in enumerate(starts):
        if start is None:
            if runs and runs[-1][1] == n:
                runs[-1] = (runs[-1][0], n + 1)
            else:
                runs.append((n, n + 1))
    return runs


def _shortened(words: list[Word], after_s: float) -> list[Word]:
    """Whisper stamps the first word after a pause inside the pause: keep its end, which it hears well."""
    before_s, done = after_s, []
    for word, following in zip(words, [*words[1:], None], strict=True):
        end_s = min(word.end_s, following.start_s) if following else word.end_s
        is_after_pause = end_s - before_s > PAUSE_S
        if is_after_pause and end_s - word.start_s > LONGEST_AFTER_PAUSE_S:
            word = replace(word, start_s=end_s - LONGEST_AFTER_PAUSE_S)
        done.append(word)
        before_s = end_s
    return done


def _separated(words: list[Word], low_s: float, high_s: float) -> list[Word]:
    """Starts at least a step apart, each end between its start and the next one. In whole microseconds."""
    low, high = round(low_s * _US), max(round(high_s * _US), round(low_s * _US) + len(words))
    step = min(round(STEP_S * _US), (high - low) // len(words))
    starts = [round(word.start_s * _US) for word in words]
    for n in range(1, len(words)):
        starts[n] = max(starts[n], starts[n - 1] + step)
    limit = high
    for n in reversed(range(len(words))):
        limit = starts[n] = min(starts[n], limit - step)
    following = [*starts[1:], high]
    ends = [
        min(max(round(word.end_s * _US), start + step), limit)
        for word, start, limit in zip(words, starts, following, strict=True)
    ]
    return [
        replace(word, start_s=start / _US, end_s=end / _US)
        for word, start, end in zip(words, starts, ends, strict=True)
    ]


def within(words: Sequence[Word], start_s: float, end_s: float) -> list[Word]:
    """The words of a clip, on the clip's own line: each that lies in it with at least half its length."""
    found = []
    for word in words:
        inside_s = min(word.end_s, end_s) - max(word.start_s, start_s)
        if inside_s > 0 and inside_s >= (word.end_s - word.start_s) / 2:
            moved = max(word.start_s, start_s) - start_s, min(word.end_s, end_s) - start_s
            found.append(replace(word, start_s=round(moved[0], 6), end_s=round(moved[1], 6)))
    return found


def sentences(words: Sequence[Word]) -> list[list[Word]]:
    """The words in sentences, none longer than 15 s or 45 words; works without punctuation too."""
    found: list[list[Word]] = []
    begun: list[Word] = []
    for n, word in enumerate(words):
        begun.append(word)
        if n + 1 == len(words) or _is_end(word, words[n + 1]):
            found += _split(begun)
            begun = []
    return found


def joined(words: Sequence[Word]) -> str:
    """The words as running text; Chinese, Japanese and Thai are written without spaces."""
    text = ""
    for word in words:
        text += ("" if not text or _is_unspaced(text[-1], word.text[0]) else " ") + word.text
    return text


def folded(text: str) -> list[str]:
    """The text's words as they are searched by: no case, no accents; each CJK, kana or Thai character is one."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return _TOKENS.findall(unicodedata.normalize("NFC", plain))


def _is_end(word: Word, following: Word) -> bool:
    pause_s = following.start_s - word.end_s
    if pause_s >= _TURN_S:
        return True
    if not _ENDS.search(word.text) or _ABBREVIATION.fullmatch(word.text):
        return False
    return pause_s >= _BREATH_S or not following.text[0].islower()


def _split(words: list[Word]) -> list[list[Word]]:
    """Cut what is too long at its best inner place: a long gap, a comma, near the middle."""
    if len(words) < 2 or (words[-1].end_s - words[0].start_s <= SENTENCE_S and len(words) <= SENTENCE_WORDS):
        return [words]
    at = max(range(1, len(words)), key=lambda n: _worth(words, n))
    return [*_split(words[:at]), *_split(words[at:])]


def _worth(words: list[Word], n: int) -> float:
    gap_s = words[n].start_s - words[n - 1].end_s
    comma = words[n - 1].text.endswith((",", ";", ":", "،", "、"))
    off_centre = abs(2 * n / len(words) - 1)
    return (2 * gap_s + 0.5 * comma + 0.1) * (1.01 - off_centre)


UNSPACED = "\u0e00-\u0e7f\u3000-\u30ff\u3400-\u9fff\uff00-\uff65"
"""Thai, CJK, kana and the punctuation of their texts, as a class of a pattern. Hangul is written with spaces."""
_UNSPACED = re.compile(f"[{UNSPACED}]{{2}}")
_TOKENS = re.compile(rf"(?=[^\W_])[{UNSPACED}]|[^\W_{UNSPACED}]+")


def _is_unspaced(before: str, after: str) -> bool:
    return bool(_UNSPACED.fullmatch(before + after))
