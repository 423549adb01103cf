"""How good a transcript is: words that are wrong, and how far word starts are off."""

import difflib
import re
from collections.abc import Sequence
from statistics import median, quantiles

from fastclip.media.words import Word


def bare(text: str) -> list[str]:
    return re.sub(r"[^a-z'\s]", "", text.lower()).split()


def word_error_rate(truth: str, heard: str) -> float:
    """Substitutions, insertions and deletions per true word (Levenshtein over words)."""
    want, got = bare(truth), bare(heard)
    row = list(range(len(got) + 1))
    for i, word in enumerate(want, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(got, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1] / len(want)


def start_errors_ms(truth: Sequence[dict], heard: Sequence[Word]) -> tuple[float, float]:
    """(median, 90th percentile) of how far the starts of rightly heard words are off."""
    want, got = [bare(w["word"]) for w in truth], [bare(w.text) for w in heard]
    matcher = difflib.SequenceMatcher(None, [str(w) for w in want], [str(w) for w in got], False)
    errors = [
        abs(truth[block.a + n]["start"] - heard[block.b + n].start_s) * 1000
        for block in matcher.get_matching_blocks()
        for n in range(block.size)
    ]
    return median(errors), quantiles(errors, n=10)[-1]
