"""Every stretch of whole sentences that a moment could be, its score, and the choice among them.

Relevance alone finds the place; length, the change of subject at both ends and the pauses find where it begins and
ends (R@5 at IoU 0.5: 67 to 84 %). Source: moments.md, "Design" 5 and 6.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy

from fastclip.ai import lexical
from fastclip.ai.index import SIZES, Index, standard
from fastclip.ai.intent import SHORTEST_S, Intent
from fastclip.ai.queries import Query

MOST_CANDIDATES = 12
MAX_OVERLAP = 0.28
"""Of the shorter of two moments, a little under the 30 % that are promised: lead-in and lead-out come after."""
_SLICE = 4096
_THETA, _POWER, _SPREAD = 0.8, 0.4, 0.6
_GONE = -1e9
_WORDS, _WHOLE = 4.0, 2.0
"""What nearness counts for among the spans that were picked. It tells places apart (R@1 at 0.3 went from 91 to 92 %, of
reworded queries from 67 to 69), but does not find their ends: counted before, it took 3 points of R@5 at 0.5."""


@dataclass(frozen=True)
class Relevance:
    """How well each sentence fits. worth: in standard deviations, what spans add up; threshold: what a sentence must
    have to be worth its time. cover: of the words asked for. near, near_40: the best cosine of chunks around it.
    middle: of the recording. query: the vector, None without a model.

    words: (words asked for, sentences) the best cosine of each, as it stands in the query, to a word that is said
    there; terms: of each alone to what is talked about there. Both weighted: the sum over the words is a mean."""

    worth: Any
    cover: Any
    near: Any
    near_40: Any
    middle: float
    query: Any
    words: Any
    terms: Any
    threshold: float = _THETA

    def near_words(self, first: int, last: int) -> float:
        return float(self.words[:, first:last].max(axis=1).sum())

    def near_terms(self, first: int, last: int) -> float:
        return float(self.terms[:, first:last].max(axis=1).sum())


@dataclass(frozen=True)
class Span:
    """The sentences [first, last). lead: how far its score is behind the best one's. parts: what the score adds up."""

    first: int
    last: int
    score: float
    lead: float
    parts: dict[str, float]


def near_whole(index: Index, found: Relevance, first: int, last: int) -> float:
    """The cosine of the span to the query, both as seen from the middle of the recording."""
    if found.query is None:
        return 0.0
    span, query = index.apart(first, last), found.query - index.middle
    return float(span @ query / (numpy.linalg.norm(span) * numpy.linalg.norm(query) + 1e-9))


def relevance(index: Index, topic: str, query: Query | None, *, is_foreign: bool) -> Relevance:
    """Of a topic. query: None without a model. is_foreign: the model does not know the language."""
    terms = lexical.terms(topic)
    chunk_cover = {size: index.chunk_lexicon(size).coverage(terms) for size in SIZES}
    cover = 0.6 * index.spread(40, chunk_cover[40]) + 0.4 * index.lexicon.coverage(terms)
    if query is None:
        spread = {size: index.spread(size, chunk_cover[size]) for size in SIZES}
        worth = (0.3 * standard(spread[40]) + 0.3 * standard(spread[80]) + 0.5 * standard(spread[160])) / 1.1
        return Relevance(worth + 2.4 * cover, cover, cover, cover, 0.0, None, *unread(index))
    own = index.vectors @ query.vector
    near = {size: index.spread(size, index.chunk_vectors[size] @ query.vector) for size in SIZES}
    words = query.weights[:, None] * index.nearness(query.in_context)
    trust = 0.5 if is_foreign else 1.0
    worth = 0.1 * standard(own) + trust * (
        0.3 * standard(near[40]) + 0.3 * standard(near[80]) + 0.5 * standard(near[160])
    )
    worth = worth / 1.2 + trust * 0.15 * standard(words.sum(axis=0)) + 2.4 * cover * (2.0 if is_foreign else 1.0)
    best_40 = index.spread_best(40, index.chunk_vectors[40] @ query.vector)
    middle = float(numpy.median(near[160]))
    alone = numpy.stack([index.spread_best(80, index.chunk_vectors[80] @ word) for word in query.alone])
    terms = query.weights[:, None] * alone
    return Relevance(worth, cover, numpy.maximum(near[80], near[160]), best_40, middle, query.vector, words, terms)


def unread(index: Index) -> tuple[Any, Any]:
    """(words, terms) of a relevance that knows of none."""
    return numpy.zeros((1, len(index))), numpy.zeros((1, len(index)))


class Candidates:
    """Every span of an allowed length, with its score. best: how the best of those picked stands."""

    def __init__(self, index: Index, found: Relevance, intent: Intent) -> None:
        self.index, self.relevance, self.intent = index, found, intent
        self.first, self.last = self._spans()
        self.start_s, self.end_s = index.start_s[self.first], index.end_s[self.last - 1]
        self.length_s = numpy.maximum(self.end_s - self.start_s, 0.05)
        self.parts = self._parts()
        self.scores = sum(self.parts.values(), numpy.zeros(len(self.first)))
        self._open = self.scores.copy()
        self.best = float(self.scores.max())

    def _spans(self) -> tuple[Any, Any]:
        """(first, last) of all spans from lo_s to hi_s; of the longest possible ones where none is that long."""
        index, count = self.index, len(self.index)
        firsts, lasts = [], []
        for size in range(1, count + 1):
            first = numpy.arange(0, count - size + 1)
            length_s = index.end_s[first + size - 1] - index.start_s[first]
            if length_s.min() > self.intent.hi_s:
                break
            kept = first[(length_s >= self.intent.lo_s) & (length_s <= self.intent.hi_s)]
            firsts.append(kept)
            lasts.append(kept + size)
        if not sum(map(len, firsts)):
            return self._lone()
        return numpy.concatenate(firsts), numpy.concatenate(lasts)

    def _lone(self) -> tuple[Any, Any]:
        """Around each sentence what is nearest to the length asked for: the recording is too short, or too sparse."""
        index, spans = self.index, set()
        if index.end_s[-1] - index.start_s[0] < 2 * SHORTEST_S:
            return numpy.array([0]), numpy.array([len(index)])
        for n in range(len(index)):
            last = n + 1
            while last < len(index) and index.end_s[last] - index.start_s[n] <= self.intent.hi_s:
                last += 1
            spans.add((n, last))
        both = numpy.array(sorted(spans))
        return both[:, 0], both[:, 1]

    def _parts(self) -> dict[str, Any]:
        index, intent = self.index, self.intent
        seconds = numpy.maximum(index.duration_s, 0.3)
        worth = numpy.r_[0.0, numpy.cumsum((self.relevance.worth - self.relevance.threshold) * seconds)]
        scale = self.length_s**_POWER * intent.usual_s ** (1 - _POWER)
        pauses = numpy.minimum(index.gap_before_s[self.first], 1.5) + numpy.minimum(
            index.gap_after_s[self.last - 1], 1.5
        )
        return {
            "relevance": (worth[self.last] - worth[self.first]) / scale,
            "whole": 0.2 * self._window(),
            "length": -0.3 * (numpy.log(self.length_s / intent.usual_s) / _SPREAD) ** 2,
            "subject": 0.15 * (index.shift[self.first] + index.shift[self.last]),
            "pauses": 0.1 * pauses,
            "opening": -0.25 * index.leans_back[self.first],
        }

    def _window(self) -> Any:
        """The cosine of each whole span to the query, in standard deviations."""
        if self.relevance.query is None or self.index.vectors is None:
            return numpy.zeros(len(self.first))
        sums, query = self.index.sums, self.relevance.query
        along = sums @ query
        sizes = numpy.empty(len(self.first))
        for at in range(0, len(self.first), _SLICE):
            piece = slice(at, at + _SLICE)
            sizes[piece] = numpy.linalg.norm(sums[self.last[piece]] - sums[self.first[piece]], axis=1)
        return standard((along[self.last] - along[self.first]) / (sizes + 1e-9))

    # -- Choosing ------------------------------------------------------------------------------------------

    def demand(self, first_to_last_has: Callable[[int, int], bool]) -> None:
        """Keep only the spans of which this is true."""
        keep = [first_to_last_has(int(first), int(last)) for first, last in zip(self.first, self.last, strict=True)]
        self._open[~numpy.array(keep, dtype=bool)] = _GONE

    def favour(self, bonus: Any) -> None:
        self._open = numpy.where(self._open > _GONE / 2, self._open + bonus, self._open)

    def pick(
        self, final: Callable[[int, int], tuple[int, int]], *, most: int = MOST_CANDIDATES, apart: float = 0.0
    ) -> list[Span]:
        """The best spans, none of which overlaps another by more than 30 %, the nearest of them first.

        final: brings a span to where it should begin and end. apart: how much nearness to those picked counts
        against a span.
        """
        picked: list[Span] = []
        while len(picked) < most:
            at = int(numpy.argmax(self._open))
            if self._open[at] < _GONE / 2:
                break
            first, last = int(self.first[at]), int(self.last[at])
            score = float(self._open[at])
            moved = final(first, last)
            if not any(self._overlap(moved, (one.first, one.last)) > MAX_OVERLAP for one in picked):
                first, last = moved
            parts = {name: round(float(values[at]), 3) for name, values in self.parts.items()}
            picked.append(Span(first, last, self.standing(first, last, score), 0.0, parts))
            self._close(first, last, apart)
            self._open[at] = _GONE
        picked.sort(key=lambda one: -one.score)
        self.best = picked[0].score if picked else self.best
        return [replace(one, lead=self.best - one.score) for one in picked]

    def standing(self, first: int, last: int, score: float) -> float:
        """The score of a span among others, once its ends are known."""
        near = _WORDS * self.relevance.near_words(first, last)
        return score + near + _WHOLE * near_whole(self.index, self.relevance, first, last)

    def _close(self, first: int, last: int, apart: float) -> None:
        start_s, end_s = float(self.index.start_s[first]), float(self.index.end_s[last - 1])
        shared = numpy.minimum(self.end_s, end_s) - numpy.maximum(self.start_s, start_s)
        over = shared / numpy.maximum(0.05, numpy.minimum(self.length_s, end_s - start_s))
        if apart:
            away_s = numpy.maximum(0.0, -shared)
            self._open = numpy.where(self._open > _GONE / 2, self._open - apart * numpy.exp(-away_s / 60), self._open)
        self._open[over > MAX_OVERLAP] = _GONE

    def _overlap(self, one: tuple[int, int], other: tuple[int, int]) -> float:
        starts = self.index.start_s[one[0]], self.index.start_s[other[0]]
        ends = self.index.end_s[one[1] - 1], self.index.end_s[other[1] - 1]
        shorter = min(ends[0] - starts[0], ends[1] - starts[1])
        return max(0.0, float(min(ends) - max(starts))) / max(0.05, float(shorter))
