"""A transcript as moments are found in it: sentences with the silence around them. Source: moments.md, "Design" 2."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fastclip.media import words as timed
from fastclip.media.words import Word

FAR_S = 9.9
"""The silence before the first and after the last sentence, as far as anybody knows."""
_DISCOURSE = re.compile(
    r"(?:and|but|so|because|or|then|also|which|that's|that|it|he|she|they|this|these|those|well|yeah|right|okay|um|uh"
    r"|like|i mean|you know)\b",
    re.I,
)
_PRONOUN = re.compile(r"(?:it|he|she|they|that|this|those|these|yes|yeah|no|because|well|exactly|absolutely)\b", re.I)
_WHOLE = re.compile(r"[.?!…。！？][\"'”’»)\]]*$")
_ASKED = re.compile(r"[?？][\"'”’»)\]]*$")


@dataclass(frozen=True)
class Sentence:
    """The words [first, last) of a transcript. gap_s: the silence after it."""

    first: int
    last: int
    start_s: float
    end_s: float
    text: str
    gap_s: float

    @property
    def words(self) -> int:
        return self.last - self.first

    @property
    def is_whole(self) -> bool:
        """Whether it ends as sentences do, not where somebody only breathed."""
        return bool(_WHOLE.search(self.text))

    @property
    def is_question(self) -> bool:
        return bool(_ASKED.search(self.text))

    @property
    def leans_back(self) -> bool:
        """Whether it begins as if something had been said before."""
        return bool(_DISCOURSE.match(self.text))

    @property
    def is_reply(self) -> bool:
        """Whether it begins as answers do."""
        return bool(_PRONOUN.match(self.text))


def read(words: Sequence[Word]) -> list[Sentence]:
    """The words, whose times are in order, in sentences."""
    found = timed.sentences(words)
    gaps = [max(0.0, after[0].start_s - before[-1].end_s) for before, after in pairwise(found)] + [FAR_S]
    first, done = 0, []
    for spoken, gap_s in zip(found, gaps, strict=True) if found else ():
        last = first + len(spoken)
        done.append(Sentence(first, last, spoken[0].start_s, spoken[-1].end_s, timed.joined(spoken), gap_s))
        first = last
    return done


def orderly(words: Sequence[Word], duration_s: float) -> Sequence[Word]:
    """The same words if their times are known, in order and inside the recording; else with times that hold."""
    at_s = 0.0
    for word in words:
        if not at_s <= word.start_s < word.end_s:
            break
        at_s = word.end_s
    else:
        if at_s <= duration_s:
            return words
    return timed.clean(words, duration_s, is_heard=False)
