"""Hours of talk that the tests know by heart: thirty planted passages and more among others, with times as spoken.

The texts are written for this project (tests/data/moments). `talk` is a row of essays, on which things were tried out;
`interviews` was written later, before it was known what is found in it: four people who are asked about their work,
with neighbouring subjects, and absent queries out of the same trades. `classroom` was written by somebody who knew
nothing of the search: a team's meeting, a lesson and a call. `podcast` was written so too, two hosts and a guest; it
was kept from those who chose the search's numbers until queries were read word by word. `market` was written so as
well, four guests on a stage and those who listen, and is kept from them still. Words take as long as they are
long, commas and full stops are pauses, and everything is scaled to the hour, so that the same words have the same times
on any machine: essays and interviews are spoken slowly, the others as people speak.
"""

import random
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastclip.ai import lexical
from fastclip.media.words import Word

DATA = Path(__file__).parents[1] / "data" / "moments"
HOUR_S = 3600.0


@dataclass(frozen=True)
class Planted:
    """A passage, where it is, a query with its words and one without them."""

    topic: str
    reworded: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Talk:
    words: list[Word]
    planted: list[Planted]
    duration_s: float

    @property
    def queries(self) -> list[tuple[str, Planted]]:
        return [(one.topic, one) for one in self.planted]

    @property
    def reworded(self) -> list[tuple[str, Planted]]:
        return [(one.reworded, one) for one in self.planted]

    @property
    def single_words(self) -> list[tuple[str, Planted]]:
        """Of each query with the passage's own words the rarest one that is said there more than elsewhere."""
        said = Counter(term for word in self.words for term in lexical.terms(word.text))
        found = []
        for one in self.planted:
            inside = [word.text for word in self.words if one.start_s <= word.start_s < one.end_s]
            here = Counter(term for text in inside for term in lexical.terms(text))
            own = [term for term in lexical.terms(one.topic) if here[term] > 0.6 * said[term] > 0]
            found += [(min(own, key=lambda term: said[term]), one)] if own else []
        return found


@cache
def talk() -> Talk:
    return spoken((DATA / "talk.txt").read_text("utf-8"), HOUR_S)


@cache
def interviews() -> Talk:
    return spoken((DATA / "interviews.txt").read_text("utf-8"), HOUR_S)


@cache
def classroom() -> Talk:
    return spoken((DATA / "classroom.txt").read_text("utf-8"), HOUR_S)


@cache
def podcast() -> Talk:
    return spoken((DATA / "podcast.txt").read_text("utf-8"), HOUR_S)


@cache
def market() -> Talk:
    return spoken((DATA / "market.txt").read_text("utf-8"), HOUR_S)


def spoken(text: str, duration_s: float) -> Talk:
    """The passages of such a text, said in so many seconds."""
    random_ = random.Random(7)
    words: list[Word] = []
    planted: list[Planted] = []
    at_s = 0.5
    for block in text.strip().split("\n\n"):
        head, _, body = block.partition("\n")
        begun_s = at_s
        for token in body.split():
            length_s = 0.12 + 0.045 * len(token.strip(".,?!")) + random_.uniform(0, 0.08)
            words.append(Word(token, at_s, at_s + length_s))
            at_s += length_s + 0.03
            at_s += random_.uniform(0.35, 0.8) if token[-1] in ".?!" else 0.2 if token[-1] == "," else 0.0
        if head.startswith("# planted"):
            _, topic, reworded = (part.strip() for part in head.split("|"))
            planted.append(Planted(topic, reworded, begun_s, words[-1].end_s))
        at_s += random_.uniform(0.5, 1.4)
    scale = (duration_s - 0.5) / at_s
    scaled = [Word(word.text, round(word.start_s * scale, 3), round(word.end_s * scale, 3)) for word in words]
    moved = [Planted(p.topic, p.reworded, p.start_s * scale, p.end_s * scale) for p in planted]
    return Talk(scaled, moved, duration_s)


def iou(one: tuple[float, float], other: tuple[float, float]) -> float:
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return max(0.0, shared) / (max(one[1], other[1]) - min(one[0], other[0]))


WRAPPERS = (
    "I want a short clip for social media in which the speaker covers {}",
    "highlight moments where {} is discussed",
    "best clips about {} please",
    "Can you cut the part of the episode that goes into {}? Keep it under a minute.",
    "find the moment where they talk about {}",
    "Give me 3 clips about {}.",
)
"""Instructions around a query."""


@cache
def absent(name: str = "absent.txt") -> list[str]:
    """Queries for subjects that nobody touches in `talk`, or in another ("interviews_absent.txt")."""
    return (DATA / name).read_text("utf-8").splitlines()


def misheard(words: list[Word], *, share: float) -> list[Word]:
    """The same words without punctuation and case, so many of them replaced by others: as a poor recogniser hears."""
    random_ = random.Random(11)
    plain = [word.text.strip(".,?!").lower() for word in words]
    return [
        Word(random_.choice(plain) if random_.random() < share else text, word.start_s, word.end_s)
        for word, text in zip(words, plain, strict=True)
    ]
