"""What moments are compared with, and by which measure: fixed windows by meaning and by words, and TextTiling."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from fastclip.ai import index, lexical, moments
from fastclip.ai.embed import Embedder
from fastclip.ai.lexical import Lexicon
from fastclip.ai.moments import Moment
from fastclip.media.words import Word, joined
from tests.ai.talk import Planted, Talk, iou

Spans = list[tuple[float, float]]
Search = Callable[[str], Spans]
WINDOW_S = 30.0


def recall(search: Search, queries: Sequence[tuple[str, Planted]], *, first: int, at_least: float) -> float:
    """The share of queries of which one of the first spans overlaps the passage at least so much."""
    hits = 0
    for query, passage in queries:
        hits += any(iou(span, (passage.start_s, passage.end_s)) >= at_least for span in search(query)[:first])
    return hits / len(queries)


def ours(talk: Talk, embedder: Embedder | None, *, all_considered: bool = True) -> Search:
    """all_considered: also those that are too unsure to be given, as the rivals give them."""

    def search(query: str) -> Spans:
        found = moments.find(talk.words, query, duration_s=talk.duration_s, embedder=embedder)
        return [(one.start_s, one.end_s) for one in (found.candidates if all_considered else found.moments)]

    return search


def windows(talk: Talk) -> list[list[Word]]:
    """The words in fixed windows of 30 s."""
    cut: dict[int, list[Word]] = {}
    for word in talk.words:
        cut.setdefault(int(word.start_s // WINDOW_S), []).append(word)
    return [cut[n] for n in sorted(cut)]


def _by_score(spans: Spans, scores: Any) -> Spans:
    return [spans[n] for n in numpy.argsort(-scores, kind="stable")]


def meaning_windows(talk: Talk, embedder: Embedder) -> Search:
    pieces = windows(talk)
    vectors = embedder.vectors([joined(piece) for piece in pieces])
    spans = [(n * WINDOW_S, (n + 1) * WINDOW_S) for n in range(len(pieces))]
    return lambda query: _by_score(spans, vectors @ embedder.vectors([query])[0])


def word_windows(talk: Talk) -> Search:
    pieces = windows(talk)
    lexicon = Lexicon([lexical.terms(joined(piece)) for piece in pieces])
    spans = [(n * WINDOW_S, (n + 1) * WINDOW_S) for n in range(len(pieces))]
    return lambda query: _by_score(spans, lexicon.coverage(lexical.terms(query)))


def tiles(talk: Talk, embedder: Embedder, *, above: float) -> Search:
    """Segments between the changes of subject that are `above` standard deviations, ranked by their own vectors."""
    read = index.of(talk.words, embedder)
    cuts = [0, *(k for k in range(1, len(read)) if _is_peak(read.shift, k) and read.shift[k] > above), len(read)]
    runs = list(zip(cuts, cuts[1:], strict=False))
    texts = [" ".join(one.text for one in read.sentences[a:b]) for a, b in runs]
    vectors = embedder.vectors(texts)
    spans = [(float(read.start_s[a]), float(read.end_s[b - 1])) for a, b in runs]
    return lambda query: _by_score(spans, vectors @ embedder.vectors([query])[0])


def _is_peak(shift: Any, k: int) -> bool:
    return bool(shift[k] == shift[max(1, k - 2) : k + 3].max())


# -- Calibration -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Calibration:
    """ece: expected calibration error over ten bins. auc: of right before wrong. brier: mean square error."""

    ece: float
    brier: float
    auc: float
    count: int


def calibration(judged: Sequence[tuple[float, bool]]) -> Calibration:
    """judged: (confidence, whether it was right)."""
    sure = numpy.array([one for one, _ in judged])
    right = numpy.array([float(one) for _, one in judged])
    bins = numpy.minimum((sure * 10).astype(int), 9)
    ece = sum(abs(sure[bins == b].sum() - right[bins == b].sum()) for b in range(10)) / len(judged)
    good, bad = sure[right == 1], sure[right == 0]
    auc = ((good[:, None] > bad[None, :]) + 0.5 * (good[:, None] == bad[None, :])).mean()
    return Calibration(float(ece), float(((sure - right) ** 2).mean()), float(auc), len(judged))


def judged(found: Sequence[Moment], passage: Planted | None) -> list[tuple[float, bool]]:
    """Each moment with whether it overlaps the passage by at least 0.3; without one, none does."""
    bounds = (passage.start_s, passage.end_s) if passage else (0.0, 0.0)
    return [(one.confidence, iou((one.start_s, one.end_s), bounds) >= 0.3) for one in found]
