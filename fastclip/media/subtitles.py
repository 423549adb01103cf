"""Subtitle files: words to cues with Subtitle Edit's rules, cues to SRT and WebVTT, and such files back to words.

Subtitle Edit's defaults: two lines (its own limit is 43 characters a line, its Netflix profile's 42, which holds
for both), 1 to 8 s on the screen, 24 ms between two cues, 25 characters a second at most.
"""

import difflib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pysubs2 import SSAEvent, SSAFile
from pysubs2.exceptions import Pysubs2Error

from fastclip.errors import Unprocessable
from fastclip.media.words import UNSPACED, Word, joined, sentences

LINE_CHARS, LINES = 42, 2
SHORTEST_S, LONGEST_S = 1.0, 8.0
GAP_S = 0.024
CHARS_PER_S = 25.0
UNBROKEN_CHARS = 33
"""What is shorter stays on one line."""
FORMATS = ("srt", "vtt")
MAX_CUES = 20_000
_PAUSE_S = 0.8
_NEAR_S = 0.5


@dataclass(frozen=True)
class Cue:
    """What stands on the screen from start to end; `\\n` between its lines."""

    start_s: float
    end_s: float
    text: str


# -- Words to cues -----------------------------------------------------------------------------------------


def cues(words: Sequence[Word], *, end_s: float = math.inf) -> list[Cue]:
    """The words as cues of at most two lines, none overlapping. end_s: of the recording."""
    groups = [group for sentence in sentences(words) for group in _groups(sentence)]
    limits = [*(group[0].start_s for group in groups), end_s + GAP_S][1:]
    return [_cue(group, next_s) for group, next_s in zip(groups, limits, strict=True)]


def _groups(sentence: list[Word]) -> list[list[Word]]:
    """A sentence in as many pieces as fit on the screen, of about the same length."""
    if _fits(sentence) or len(sentence) < 2:
        return [sentence]
    at = max(range(1, len(sentence)), key=lambda n: _worth(sentence, n))
    return [*_groups(sentence[:at]), *_groups(sentence[at:])]


def _fits(words: list[Word]) -> bool:
    widest = max(len(line) for line in broken(joined(words)).split("\n"))
    pause_s = max((b.start_s - a.end_s for a, b in zip(words, words[1:], strict=False)), default=0.0)
    return widest <= LINE_CHARS and words[-1].end_s - words[0].start_s <= LONGEST_S and pause_s < _PAUSE_S


def _worth(words: list[Word], n: int) -> float:
    """How good a place to cut before word n is: at a pause, after a comma, near the middle."""
    pause_s = min(words[n].start_s - words[n - 1].end_s, 2 * _PAUSE_S)
    before, whole = len(joined(words[:n])), len(joined(words))
    return 2 * pause_s + 0.4 * words[n - 1].text.endswith((",", ";", ":")) - abs(2 * before / whole - 1)


def _cue(words: list[Word], next_s: float) -> Cue:
    """Long enough to be read, as far as the next cue leaves time."""
    text = joined(words)
    start_s = words[0].start_s
    wanted_s = max(SHORTEST_S, len(text) / CHARS_PER_S, words[-1].end_s - start_s)
    end_s = min(start_s + wanted_s, next_s - GAP_S)
    return Cue(start_s, max(end_s, start_s + 0.001), broken(text))


def broken(text: str) -> str:
    """The text on one line where it is short, else on two of about the same length, broken after punctuation first."""
    if len(text) < UNBROKEN_CHARS:
        return text
    places = [found.start() for found in re.finditer(rf" |(?<=[{UNSPACED}])(?=[{UNSPACED}])", text)]
    pairs = [(text[:at].rstrip(), text[at:].lstrip()) for at in places]
    fitting = [pair for pair in pairs if _widest(pair) <= LINE_CHARS]
    if not fitting and (len(text) <= LINE_CHARS or not pairs):
        return text
    best: tuple[str, str] = min(fitting, key=_unevenness) if fitting else min(pairs, key=_widest)
    return "\n".join(best)


def _widest(lines: tuple[str, str]) -> int:
    return max(len(lines[0]), len(lines[1]))


def _unevenness(lines: tuple[str, str]) -> float:
    reward = 12 if lines[0].endswith((".", "!", "?", "…")) else 6 if lines[0].endswith((",", ";", ":")) else 0
    return abs(len(lines[0]) - len(lines[1])) - reward


# -- Cues to files and back --------------------------------------------------------------------------------


def write(found: Sequence[Cue], form: str) -> str:
    """The cues as an SRT or WebVTT file."""
    file = SSAFile()
    for cue in found:
        event = SSAEvent(
            start=round(cue.start_s * 1000), end=max(round(cue.end_s * 1000), round(cue.start_s * 1000) + 1)
        )
        event.plaintext = cue.text
        file.append(event)
    return file.to_string(form)


def read(text: str, form: str) -> list[Cue]:
    """The cues of an SRT or WebVTT file, in order, without markup. Raises Unprocessable."""
    try:
        file = SSAFile.from_string(text.lstrip("\ufeff"), format_=form)
    except (Pysubs2Error, ValueError, IndexError, OverflowError) as error:
        raise Unprocessable(f"This is not a {form.upper()} file that FastClip can read.") from error
    events = [event for event in file if event.plaintext.strip() and not event.is_comment]
    if not events:
        raise Unprocessable(f"There is not one {form.upper()} cue with text in this file.")
    if len(events) > MAX_CUES:
        raise Unprocessable(f"This file has {len(events)} cues; FastClip takes up to {MAX_CUES}.")
    found = [Cue(max(0, e.start) / 1000, max(e.start, e.end, 0) / 1000, _unmarked(e.plaintext)) for e in events]
    return sorted(found, key=lambda cue: cue.start_s)


def _unmarked(text: str) -> str:
    return re.sub(r"</?[A-Za-z][^<>]*>|<\d[\d:.]*>", "", text)


def words_of(found: Sequence[Cue], known: Sequence[Word] = ()) -> list[Word]:
    """The words of the cues. A word that was known at about the same moment keeps its heard time.

    The others share their cue's time by their length.
    """
    spread = [word for cue in found for word in _spread(cue)]
    matcher = difflib.SequenceMatcher(None, [_bare(w.text) for w in known], [_bare(w.text) for w in spread], False)
    for block in matcher.get_matching_blocks():
        for n in range(block.size):
            heard, shown = known[block.a + n], spread[block.b + n]
            if abs(heard.start_s - shown.start_s) <= _NEAR_S:
                spread[block.b + n] = replace(heard, text=shown.text)
    return spread


def _spread(cue: Cue) -> list[Word]:
    texts = cue.text.split()
    share_s = (cue.end_s - cue.start_s) / (sum(map(len, texts)) or 1)
    words, at = [], 0
    for text in texts:
        start_s = cue.start_s + at * share_s
        at += len(text)
        words.append(Word(text, start_s, cue.start_s + at * share_s))
    return words


def _bare(text: str) -> str:
    return re.sub(r"\W", "", text).casefold()
