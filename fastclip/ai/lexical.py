"""Finding by the words themselves: BM25 that knows how much of a query it covers. Source: moments.md, "Design" 5."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy

from fastclip.media.words import folded

_K1, _B = 1.2, 0.75
_FULL = 0.6
"""So much of the most that BM25 can give is a full match."""

STOPWORDS = frozenset(
    """a about above after again all also am an and any are as at be because been before being below between both but
    by can could did do does doing down during each few for from further get gets go goes going got had has have having
    he her here hers him his how i if in into is it its just let like ll me more most much my no nor not now of off on
    once one only or other our out over own re really s said same say says she should so some something such t than
    that the their them then there these they thing things this those through to too under until up us ve very was we
    well were what when where which while who whom why will with would yeah you your d m don didn doesn isn wasn aren
    won couldn wouldn hasn haven im ive""".split()
)


def terms(text: str) -> list[str]:
    """The words that carry meaning, without a plural's s."""
    return [_singular(word) for word in folded(text.replace("'", "").replace("’", "")) if word not in STOPWORDS]


def carries_meaning(word: str) -> bool:
    return bool(terms(word))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


class Lexicon:
    """The terms of some texts, each text given as its terms."""

    def __init__(self, texts: Sequence[Iterable[str]]) -> None:
        counts = [Counter(text) for text in texts]
        self._sizes = numpy.array([sum(count.values()) for count in counts], dtype="float64")
        self._places: dict[str, list[tuple[int, int]]] = {}
        for n, count in enumerate(counts):
            for term, times in count.items():
                self._places.setdefault(term, []).append((n, times))

    def __contains__(self, term: str) -> bool:
        return term in self._places

    def rarity(self, term: str) -> float:
        """How much a term tells the texts apart: most where no text holds it."""
        texts, held = len(self._sizes), len(self._places.get(term, ()))
        return math.log(1 + (texts - held + 0.5) / (held + 0.5))

    def coverage(self, query: Sequence[str]) -> Any:
        """For each text how much of the query it holds: 0 nothing, about 1 all of it.

        Words that stand nowhere count in the whole, so that a weak match stays weak.
        """
        texts = len(self._sizes)
        found = numpy.zeros(texts)
        if not query or not texts:
            return found
        lengths = _K1 * (1 - _B + _B * self._sizes / max(1e-9, float(self._sizes.mean())))
        whole = 0.0
        for term in dict.fromkeys(query):
            places = self._places.get(term, [])
            rarity = self.rarity(term)
            whole += rarity
            if places:
                at, times = (numpy.array(column) for column in zip(*places, strict=True))
                found[at] += rarity * times * (_K1 + 1) / (times + lengths[at])
        return found / (_FULL * (_K1 + 1) * whole)


def shifts(texts: Sequence[Sequence[str]], *, block: int) -> Any:
    """How much the words change at each boundary between texts (TextTiling): 1 - cosine of the blocks around it."""
    counts = [Counter(text) for text in texts]
    found = numpy.zeros(len(texts) + 1)
    for k in range(1, len(texts)):
        before, after = Counter[str](), Counter[str]()
        for count in counts[max(0, k - block) : k]:
            before.update(count)
        for count in counts[k : k + block]:
            after.update(count)
        dot = sum(times * after[term] for term, times in before.items())
        size = math.sqrt(sum(n * n for n in before.values()) * sum(n * n for n in after.values()))
        found[k] = 1 - dot / size if size else 0.0
    return found
