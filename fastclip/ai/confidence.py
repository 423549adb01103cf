"""How sure a moment is: the chance that it overlaps what was asked for. Source: moments.md, "Confidence".

A logistic of seven numbers, fitted on real recordings; held out, its AUC was 0.884, Brier 0.083, ECE 0.021 (from 22
minutes to 2.6 hours). Where it departs from that, all of it measured on the three talks written for the project, each
also spoken at 165 words a minute, and on the three joined (tests/bench/moments.py):

- `near_whole`, the nearness of the whole span, is an eighth number, and the words themselves count less. The seven were
  fitted on means of sentences, but recordings of up to `index.FAST_FROM_WORDS` are read in whole chunks, which come
  nearer to any query: by the seven alone 85 % of absent queries were refused, by such means 92 %. This number is
  such a mean. With it, right moments and absent queries lie further apart on each of the talks.
- `size` counts words, not seconds: more words are more chances to be near by accident, slow speech is not.
- The bias gives back what these take; a little less, so that recordings of 20 to 45 minutes are refused enough.

What did not hold: a number for the length of the query tells the talks' own absent queries apart much better, but only
because those are shorter; against queries about other talks the gain is gone. The lead over the second best, the best
single sentence and the nearness to other recordings change nothing. The numbers belong to the model all-MiniLM-L6-v2
and to `lexical.coverage`.
"""

import math

import numpy

from fastclip.ai.index import Index
from fastclip.ai.spans import Relevance, Span

SURE, WEAK = 0.25, 0.15
"""From SURE on a moment is given; the best one also from WEAK on, called weak."""

_WORDS_OF_A_MINUTE = 193
"""Of the recordings that it was fitted on."""
_BIAS = -5.96
_WEIGHTS = {
    "near": 3.86,
    "near_40": 2.41,
    "near_whole": 3.0,
    "cover": 0.9,
    "lead": -0.407,
    "is_first": 1.20,
    "above": 2.23,
    "size": -0.3,
}


def features(index: Index, found: Relevance, span: Span, *, is_first: bool) -> dict[str, float]:
    inside = slice(span.first, span.last)
    near = float(found.near[inside].max())
    return {
        "near": near,
        "near_40": float(found.near_40[inside].max()),
        "near_whole": _near_whole(index, found, span),
        "cover": float(found.cover[inside].max()),
        "lead": span.lead,
        "is_first": float(is_first),
        "above": near - found.middle,
        "size": math.log(max(_WORDS_OF_A_MINUTE, index.words) / (30 * _WORDS_OF_A_MINUTE)),
    }


def _near_whole(index: Index, found: Relevance, span: Span) -> float:
    if found.query is None or index.vectors is None:
        return 0.0
    whole = index.sums[span.last] - index.sums[span.first]
    return float(whole @ found.query / (numpy.linalg.norm(whole) + 1e-9))


def of_topic(values: dict[str, float]) -> float:
    return _sigmoid(_BIAS + sum(_WEIGHTS[name] * value for name, value in values.items()))


def of_words(values: dict[str, float]) -> float:
    """Without a model: how much of the query is said, on the safe side."""
    return min(0.9, max(0.0, 1.15 * values["cover"] - 0.12 - 0.05 * values["lead"]))


def of_preference(standing: float) -> float:
    """Highlights and funny: a preference, not a chance. standing: in standard deviations above the usual span."""
    return min(0.60, max(0.10, 0.30 + 0.12 * standing))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))
