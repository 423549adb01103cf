"""The best parts of a recording: a query and its words in, moments out. Source: moments.md, "Design".

Identical input gives identical output, to the byte. What is optional here (the embedding model, the ranker, the
waveform) may be missing or fail: the answer then comes from the rest, and says so.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fastclip.ai import (
    bounds,
    confidence,
    highlights,
    index,
    intent,
    lexical,
    loudness,
    queries,
    reasons,
    sentences,
    spans,
)
from fastclip.ai.embed import Embedder
from fastclip.ai.index import Index
from fastclip.ai.intent import Intent
from fastclip.ai.reasons import Reason
from fastclip.ai.sentences import Sentence
from fastclip.ai.spans import Candidates, Relevance, Span
from fastclip.media import Tell
from fastclip.media.words import Word, folded

EMBEDDINGS, WORDS, SOUND = "embeddings", "bm25", "audio"
"""What found the moments: meaning and words, words alone, or the loudness of the sound."""
_INDEXED = 0.9
_LEAST_SPREAD = 0.5
"""Of the scores of a recording: in a minute of talk little stands out from little. An hour has 0.8 to 0.9."""
_SILENT = "Nobody speaks in this recording, so there are no words to search."
_LOUDEST = "Nobody speaks in this recording; these are its liveliest stretches."
_NO_MODEL = "The embedding model is away, so only the words themselves were matched."
_FOREIGN = "The embedding model knows English; in other languages mostly the words themselves are matched."
_PREFERENCE = "Highlights are a matter of taste: the confidence says how much a part stands out, not that it is right."
_WEAK = "Nothing fits well; this is the nearest."
NOTHING = "No matching moments"
_NOT_SAID = "Nothing in this recording fits that; try other words."


@dataclass(frozen=True)
class Moment:
    """A part of the recording, of the sentences [first, last). Seconds on the source's own line.

    confidence: 0-1, two decimals; exact: before it was rounded, to order those that look alike.
    features: what it was judged by, to learn from.
    """

    start_s: float
    end_s: float
    excerpt: str
    confidence: float
    reasons: tuple[Reason, ...]
    score: float
    first: int
    last: int
    title: str = ""
    features: dict[str, float] = field(default_factory=dict)
    exact: float = 0.0


@dataclass(frozen=True)
class Found:
    """moments: the surest first. engine: what found them. note: what a person should know of it, or "".

    candidates: all that were considered, the unsure ones too.
    """

    moments: list[Moment]
    engine: str
    intent: Intent
    note: str = ""
    is_weak: bool = False
    candidates: list[Moment] = field(default_factory=list)


class Unusable(Exception):
    """Raised by a ranker that cannot help: the answer is what it would be without one, and the message a note."""


@dataclass(frozen=True)
class Ranking:
    """What a ranker is asked. candidates: up to 12, the best span first, the unsure ones too. most: how many are given.

    moment: makes one of any sentences [first, last), with its bounds, excerpt, confidence and reasons.
    """

    query: str
    intent: Intent
    sentences: Sequence[Sentence]
    candidates: Sequence[Moment]
    most: int
    moment: Callable[[int, int], Moment]


@dataclass(frozen=True)
class Ranked:
    """What a ranker answers: moments in its order, with titles or other bounds; `engine` names it beside ours."""

    moments: list[Moment]
    engine: str
    note: str = ""


Ranker = Callable[[Ranking, Tell], Ranked]
"""Puts candidates in a better order. Raises Unusable, and whatever `tell` raises."""


def find(
    words: Sequence[Word],
    query: str | None,
    *,
    duration_s: float,
    embedder: Embedder | None,
    cache: Path | None = None,
    peaks: Any = None,
    language: str = "",
    ranker: Ranker | None = None,
    tell: Tell = lambda fraction, stage: None,
) -> Found:
    """The moments of a recording that fit the query, or its highlights where there is none.

    cache: the folder of kept indexes. peaks: the waveform, `loudness.PER_SECOND` a second. language: as heard, ""
    where unknown. What `tell` raises stops it.
    """
    asked = intent.read(query)
    words = sentences.orderly(words, duration_s)
    if not words:
        return _of_sound(asked, peaks, duration_s)
    read = index.of(words, embedder, cache=cache, tick=lambda done: tell(done * _INDEXED, "Reading the transcript"))
    tell(_INDEXED, "Choosing moments")
    search = _Search(read, asked, embedder, duration_s, peaks, is_foreign=language not in ("", "en"))
    candidates = search.candidates()
    engine = WORDS if read.vectors is None else EMBEDDINGS
    notes = [_note_of(read, is_foreign=search.is_foreign)]
    if ranker and candidates:
        ranking = Ranking(query or "", search.asked, read.sentences, candidates, _most(asked), search.moment)
        try:
            ranked = ranker(ranking, lambda fraction, stage: tell(_INDEXED + fraction * (1 - _INDEXED), stage))
            candidates, engine = _apart(ranked.moments), f"{engine}+{ranked.engine}"
            notes.append(ranked.note)
        except Unusable as why:
            notes.append(str(why))
            candidates = surest_first(candidates)
    else:
        candidates = surest_first(candidates)
    given, is_weak = _given(candidates, asked)
    taste = _PREFERENCE * (search.is_taste and bool(given))
    note = " ".join(one for one in [_WEAK * is_weak, _NOT_SAID * (not given), taste, *notes] if one)
    return Found(given, engine, asked, note, is_weak, candidates)


def surest_first(candidates: Sequence[Moment]) -> list[Moment]:
    return sorted(candidates, key=lambda one: (-one.confidence, -one.exact, one.start_s))


def _most(asked: Intent) -> int:
    return asked.count or intent.MOST


def _given(candidates: list[Moment], asked: Intent) -> tuple[list[Moment], bool]:
    """(those to give, whether the only one is not sure): an honest nothing rather than nonsense.

    Only what stands out most has always an answer, be it the whole of a short recording. Once it is sure that something
    is said of what was asked, a number that was asked for is filled up with what is less so.
    """
    sure = [one for one in candidates if one.confidence >= confidence.SURE]
    if sure:
        least = confidence.WEAK if asked.count else confidence.SURE
        return [one for one in candidates if one.confidence >= least][: _most(asked)], False
    least = 0.0 if asked.kind == intent.HIGHLIGHTS else confidence.WEAK
    weak = [one for one in candidates if one.confidence >= least][:1]
    return weak, bool(weak)


def _apart(moments: list[Moment]) -> list[Moment]:
    """In order, without those of which too much was given already."""
    kept: list[Moment] = []
    for one in moments:
        shared = [min(one.end_s, other.end_s) - max(one.start_s, other.start_s) for other in kept]
        shorter = [min(one.end_s - one.start_s, other.end_s - other.start_s) for other in kept]
        if all(s <= 0.3 * most for s, most in zip(shared, shorter, strict=True)):
            kept.append(one)
    return kept


def _note_of(read: Index, *, is_foreign: bool) -> str:
    if read.vectors is None:
        return _NO_MODEL
    return _FOREIGN * is_foreign


def _of_sound(asked: Intent, peaks: Any, duration_s: float) -> Found:
    """Without words only a question for highlights can be answered, by what is loud and lively."""
    if asked.kind not in (intent.HIGHLIGHTS, intent.FUNNY) or peaks is None:
        return Found([], SOUND, asked, _SILENT)
    most = asked.count or _usual_count(duration_s)
    loud = loudness.windows(peaks, duration_s, most=most, length_s=min(30.0, asked.hi_s))
    moments = [Moment(start, end, "", sure, (reasons.LIVELY,), sure, 0, 0) for start, end, sure in loud]
    return Found(moments, SOUND, asked, _LOUDEST if moments else "This recording is silent.")


def _usual_count(duration_s: float) -> int:
    return int(min(10, max(3, math.floor(duration_s / 60 / 6))))


class _Search:
    """One question to one index."""

    def __init__(
        self, read: Index, asked: Intent, embedder: Embedder | None, duration_s: float, peaks: Any, *, is_foreign: bool
    ) -> None:
        self.read, self.duration_s = read, max(duration_s, read.sentences[-1].end_s)
        self.is_foreign = is_foreign and read.vectors is not None
        # What a word is, and so the pace, is known of English; words alone place the ends of a longer moment badly.
        has_pace = read.vectors is not None and not is_foreign
        self.asked = intent.at_pace(asked, read.words_per_minute) if has_pace else asked
        self.embedder = embedder
        self.is_taste = asked.kind in (intent.HIGHLIGHTS, intent.FUNNY)
        self.terms = list(dict.fromkeys(lexical.terms(asked.topic)))
        energy = loudness.of_sentences(read, peaks) if peaks is not None else None
        self.energy = energy
        self.relevance = self._relevance(embedder, energy)
        self.pool = Candidates(read, self.relevance, self.asked)
        self._usual = float(self.pool.scores.mean()), max(_LEAST_SPREAD, float(self.pool.scores.std()))

    def _relevance(self, embedder: Embedder | None, energy: Any) -> Relevance:
        if self.asked.kind == intent.FUNNY:
            return highlights.of_fun(self.read, embedder, energy)
        if self.asked.kind == intent.HIGHLIGHTS:
            return highlights.of_interest(self.read, embedder, energy)
        asked = None
        if embedder and self.read.vectors is not None:
            asked = queries.read(self.asked.topic, embedder, self.read.lexicon)
        found = spans.relevance(self.read, self.asked.topic, asked, is_foreign=self.is_foreign)
        if self.asked.style:
            taste = highlights.of_fun if self.asked.style == "funny" else highlights.of_interest
            found = replace(found, worth=found.worth + 0.25 * taste(self.read, embedder, energy).worth)
        return found

    def candidates(self) -> list[Moment]:
        """Up to 12, the best span first; without a query as many as the recording is long."""
        if self.asked.quotes:
            said = [" ".join(folded(one.text)) for one in self.read.sentences]
            wanted = [" ".join(folded(quote)) for quote in self.asked.quotes]
            self.pool.demand(lambda first, last: all(one in " ".join(said[first:last]) for one in wanted))
        apart, most = 0.0, spans.MOST_CANDIDATES
        if self.is_taste:
            is_advert = [highlights.is_advert(one.text) for one in self.read.sentences]
            self.pool.demand(lambda first, last: not any(is_advert[first:last]))
            if self.asked.kind == intent.FUNNY:
                has_fun = highlights.signs_of_fun(self.read, self.embedder)
                self.pool.demand(lambda first, last: bool(has_fun[first:last].any()))
            self.pool.favour([0.3 * self.read.sentences[last - 1].is_whole for last in self.pool.last])
            apart, most = highlights.APART, self.asked.count or _usual_count(self.duration_s)
        picked = self.pool.pick(self._whole, most=most, apart=apart)
        # Once more with their lead-ins and lead-outs: short moments in long silences can share those.
        return _apart([self._moment(span, is_first=n == 0) for n, span in enumerate(picked)])

    def _whole(self, first: int, last: int) -> tuple[int, int]:
        return bounds.whole(self.read, first, last, hi_s=self.asked.hi_s)

    def moment(self, first: int, last: int) -> Moment:
        """Of any sentences [first, last), within a recording of these. Raises IndexError."""
        if not 0 <= first < last <= len(self.read):
            raise IndexError(f"there are no sentences {first} to {last} of {len(self.read)}")
        known = (self.pool.first == first) & (self.pool.last == last)
        score = float(self.pool.scores[known][0]) if known.any() else float(self.pool.scores.mean())
        score = self.pool.standing(first, last, score)
        lead = max(0.0, self.pool.best - score)
        return self._moment(Span(first, last, score, lead, {}), is_first=lead == 0)

    def _moment(self, span: Span, *, is_first: bool) -> Moment:
        values = confidence.features(self.read, self.relevance, span, is_first=is_first)
        start_s, end_s = bounds.times(self.read.sentences, span.first, span.last, self.duration_s)
        inside = self.relevance.worth[span.first : span.last]
        sure = self._sure(span, values)
        return Moment(
            start_s=round(start_s, 6),
            end_s=round(end_s, 6),
            excerpt=bounds.excerpt(self.read.sentences, span.first, span.last, span.first + int(inside.argmax())),
            confidence=round(sure, 2),
            exact=sure,
            reasons=tuple(self._reasons(span, values)),
            score=round(span.score, 3),
            first=span.first,
            last=span.last,
            features={name: round(float(value), 4) for name, value in (values | span.parts).items()},
        )

    def _sure(self, span: Span, values: dict[str, float]) -> float:
        if self.is_taste:
            return confidence.of_preference((span.score - self._usual[0]) / self._usual[1] - 1.5)
        return confidence.of_words(values) if self.read.vectors is None else confidence.of_topic(values)

    def _reasons(self, span: Span, values: dict[str, float]) -> list[Reason]:
        found = reasons.of_edges(self.read, span.first, span.last)
        if self.is_taste or self.asked.style:
            found = reasons.of_taste(self.asked, self.relevance.worth, self.energy, span.first, span.last) + found
        if self.is_taste:
            return found
        return reasons.of_topic(self.read, self.asked, self.terms, values, span.first, span.last) + found
