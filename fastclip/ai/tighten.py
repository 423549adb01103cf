"""Tightening: silences, fillers and repeats that could go, each to be looked at, and what is left as segments.

Nothing is cut inside a word that stays: a proposal lies between the end of one word and the beginning of another.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

import numpy

from fastclip.ai import sentences
from fastclip.ai.loudness import PER_SECOND
from fastclip.ai.sentences import Sentence
from fastclip.media import words as timed
from fastclip.media.words import Word, folded

SILENCE, FILLER, REPEAT = "silence", "filler", "repeat"
KINDS = (SILENCE, FILLER, REPEAT)
SILENCE_S = 0.8
"""Pauses from this on are proposed unless another length is asked for."""
_KEPT_S = 0.15
"""Of a pause so much stays on either side: speech without any is breathless."""
_WORTH_S = 0.2
_QUIET_SHARE, _QUIET_PEAK = 0.12, 5

_FILLERS = frozenset("um umm uh uhh uhm erm er ehm hmm hm mm mhm eh".split())
_PHRASES = (("you", "know"), ("i", "mean"), ("sort", "of"), ("kind", "of"), ("like",), ("basically",), ("actually",))
_STUTTERED = frozenset(
    """i we you he she it they the a an and but so to of in on at is was are were my our your his her their this that
    if when what how because with for not do don't can would could should i'm it's that's there then or as be""".split()
)
_MEANT = frozenset("that had is no very really so".split())
"""Words that are said twice on purpose, or are right twice: "that that", "had had"."""
_LONGEST_PHRASE = 6
_TAKE_WORDS, _TAKE_S, _TAKE_ALIKE = 5, 30.0, 0.85


@dataclass(frozen=True)
class Proposal:
    """A stretch that could go. is_sure: rarely wrong; the others are for the person to decide."""

    kind: str
    start_s: float
    end_s: float
    text: str
    reason: str
    is_sure: bool

    @property
    def id(self) -> str:
        return f"{self.kind}-{round(self.start_s * 1000)}-{round(self.end_s * 1000)}"

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s


def propose(
    words: Sequence[Word],
    *,
    duration_s: float,
    peaks: Any = None,
    kinds: Iterable[str] = KINDS,
    silence_s: float = SILENCE_S,
) -> list[Proposal]:
    """What could go, in order. peaks: the waveform, `PER_SECOND` a second; without words it alone tells of silences."""
    words, wanted = sentences.orderly(words, duration_s), set(kinds)
    found: list[Proposal] = []
    if SILENCE in wanted:
        found += _silences(words, duration_s, peaks, silence_s)
    if FILLER in wanted:
        found += _fillers(words, duration_s)
    if REPEAT in wanted:
        found += _stutters(words, duration_s) + _takes(words)
    return sorted(_distinct(found), key=lambda one: (one.start_s, one.end_s))


def _distinct(found: list[Proposal]) -> list[Proposal]:
    """Without those that lie wholly in another of the words: a stutter inside a take that goes."""
    spoken = [one for one in found if one.kind != SILENCE]
    return [
        one
        for one in found
        if not any(
            other is not one and other.start_s <= one.start_s and one.end_s <= other.end_s and one.kind != SILENCE
            for other in spoken
        )
    ]


# -- Silences ----------------------------------------------------------------------------------------------


def _silences(words: Sequence[Word], duration_s: float, peaks: Any, silence_s: float) -> list[Proposal]:
    gaps = _gaps(words, duration_s)
    if peaks is not None and len(peaks):
        quiet = _quiet(peaks, words)
        gaps = [run for gap in gaps for run in _runs(quiet, *gap)]
    found = []
    for start_s, end_s in gaps:
        if end_s - start_s < silence_s:
            continue
        begin_s = start_s + (_KEPT_S if start_s > 0 else 0.0)
        finish_s = end_s - (_KEPT_S if end_s < duration_s else 0.0)
        if finish_s - begin_s >= _WORTH_S:
            reason = f"A pause of {end_s - start_s:.1f} s"
            found.append(Proposal(SILENCE, round(begin_s, 3), round(finish_s, 3), "", reason, True))
    return found


def _gaps(words: Sequence[Word], duration_s: float) -> list[tuple[float, float]]:
    """Where no word is spoken."""
    ends = [0.0, *(word.end_s for word in words)]
    starts = [*(word.start_s for word in words), duration_s]
    return [(end, start) for end, start in zip(ends, starts, strict=True) if start > end]


def _quiet(peaks: Any, words: Sequence[Word]) -> Any:
    """Which of the peaks are silence: music or laughter between two words is not a pause."""
    level = numpy.asarray(peaks, dtype="int32")
    spoken = numpy.concatenate(
        [level[int(word.start_s * PER_SECOND) : int(word.end_s * PER_SECOND) + 1] for word in words] or [level]
    )
    usual = float(numpy.percentile(spoken, 75)) if len(spoken) else 0.0
    return level <= max(_QUIET_PEAK, _QUIET_SHARE * usual)


def _runs(quiet: Any, start_s: float, end_s: float) -> list[tuple[float, float]]:
    """Quiet stretches inside [start_s, end_s)."""
    first, last = int(numpy.ceil(start_s * PER_SECOND)), int(end_s * PER_SECOND)
    inside = quiet[first:last].astype("int8")
    edges = numpy.flatnonzero(numpy.diff(numpy.r_[0, inside, 0]))
    return [
        (start_s if a == 0 else (first + a) / PER_SECOND, end_s if first + b >= last else (first + b) / PER_SECOND)
        for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]


# -- Fillers -----------------------------------------------------------------------------------------------


def _fillers(words: Sequence[Word], duration_s: float) -> list[Proposal]:
    plain = [_plain(word.text) for word in words]
    found, n = [], 0
    while n < len(words):
        size, is_sure = (1, True) if plain[n] in _FILLERS else (_phrase(words, plain, n), False)
        while is_sure and n + size < len(words) and plain[n + size] in _FILLERS:
            size += 1
        if size:
            text = timed.joined(words[n : n + size])
            reason = "A filler" if is_sure else "Perhaps a filler: set apart from its sentence"
            found.append(_between(FILLER, words, n, n + size, duration_s, text, reason, is_sure))
        n += size or 1
    return found


def _phrase(words: Sequence[Word], plain: list[str], n: int) -> int:
    """How many words of a phrase that is set apart by commas or pauses on both sides; 0 for none."""
    for phrase in _PHRASES:
        last = n + len(phrase)
        if tuple(plain[n:last]) != phrase or last >= len(words) or n == 0:
            continue
        is_apart_before = words[n - 1].text.endswith((",", "—", "–")) or words[n].start_s - words[n - 1].end_s > 0.25
        is_apart_after = words[last - 1].text.endswith(",") or words[last].start_s - words[last - 1].end_s > 0.25
        if is_apart_before and is_apart_after:
            return len(phrase)
    return 0


def _between(
    kind: str, words: Sequence[Word], first: int, last: int, duration_s: float, text: str, reason: str, is_sure: bool
) -> Proposal:
    """The words [first, last) with half of the silence on either side, so that what joins keeps a breath."""
    before_s = words[first - 1].end_s if first else 0.0
    after_s = words[last].start_s if last < len(words) else duration_s
    start_s = words[first].start_s - (words[first].start_s - before_s) / 2
    end_s = words[last - 1].end_s + (after_s - words[last - 1].end_s) / 2
    return Proposal(kind, round(max(before_s, start_s), 3), round(min(after_s, end_s), 3), text, reason, is_sure)


# -- Repeats -----------------------------------------------------------------------------------------------


def _stutters(words: Sequence[Word], duration_s: float) -> list[Proposal]:
    """Phrases said again at once: all but the last time could go."""
    plain = [_plain(word.text) for word in words]
    found, n = [], 0
    while n < len(words):
        size = next((size for size in range(_LONGEST_PHRASE, 0, -1) if _is_said_again(words, plain, n, size)), 0)
        if not size:
            n += 1
            continue
        last = n + size
        while _is_said_again(words, plain, last, size):
            last += size
        text = timed.joined(words[n:last])
        is_sure = size > 1 or plain[n] in _STUTTERED
        found.append(_start_to_start(words, n, last, text, "Said again at once", is_sure))
        n = last + size
    return found


def _is_said_again(words: Sequence[Word], plain: list[str], n: int, size: int) -> bool:
    phrase = plain[n : n + size]
    if n + 2 * size > len(plain) or phrase != plain[n + size : n + 2 * size] or not all(phrase):
        return False
    if any(word.text[-1] in ".?!" for word in words[n : n + size]):
        return False
    return size > 1 or phrase[0] not in _MEANT


def _takes(words: Sequence[Word]) -> list[Proposal]:
    """Sentences said nearly the same again within half a minute: the first take could go."""
    said = sentences.read(words)
    plain = [[_plain(word.text) for word in words[one.first : one.last]] for one in said]
    found = []
    for n, one in enumerate(said):
        if one.words < _TAKE_WORDS:
            continue
        again = _again(said, plain, n)
        if again is not None:
            text = timed.joined(words[one.first : one.last])
            found.append(_start_to_start(words, one.first, again.first, text, "Said again in another take", False))
    return found


def _again(said: list[Sentence], plain: list[list[str]], n: int) -> Sentence | None:
    for k in range(n + 1, min(n + 4, len(said))):
        if said[k].start_s - said[n].end_s > _TAKE_S:
            return None
        alike = SequenceMatcher(None, plain[n], plain[k], autojunk=False).ratio()
        if said[k].words >= _TAKE_WORDS and alike >= _TAKE_ALIKE:
            return said[k]
    return None


def _start_to_start(words: Sequence[Word], first: int, last: int, text: str, reason: str, is_sure: bool) -> Proposal:
    """From the beginning of one word to that of another: what comes before keeps its own pause."""
    return Proposal(REPEAT, round(words[first].start_s, 3), round(words[last].start_s, 3), text, reason, is_sure)


def _plain(text: str) -> str:
    return "".join(folded(re.sub(r"['’]", "", text)))


# -- What is left ------------------------------------------------------------------------------------------


def chosen(proposals: Sequence[Proposal], fits: Callable[[Sequence[Proposal]], bool]) -> list[Proposal]:
    """Of these as many as fit, those that save most first; in order."""
    by_worth = sorted(proposals, key=lambda one: (-one.seconds, one.start_s))
    low, high = 0, len(by_worth)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(by_worth[:middle]) else (low, middle - 1)
    return sorted(by_worth[:low], key=lambda one: one.start_s)


def left(
    proposals: Sequence[Proposal], duration_s: float, *, longest_s: float, shortest_s: float = 0.1
) -> list[tuple[float, float]]:
    """(start_s, end_s) of what stays when these go; scraps go too, and what is too long is divided."""
    cuts = sorted((one.start_s, one.end_s) for one in proposals)
    kept, at_s = [], 0.0
    for start_s, end_s in [*cuts, (duration_s, duration_s)]:
        if start_s - at_s >= shortest_s:
            kept.append((at_s, start_s))
        at_s = max(at_s, end_s)
    return [piece for start_s, end_s in kept for piece in _divided(start_s, end_s, longest_s)]


def _divided(start_s: float, end_s: float, longest_s: float) -> list[tuple[float, float]]:
    count = int(-(-(end_s - start_s) // longest_s))
    bounds = [round(start_s + (end_s - start_s) * n / count, 3) for n in range(count)] + [end_s]
    return list(pairwise(bounds))
