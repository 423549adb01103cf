"""What stands out without a query: highlights and funny moments. Source: moments.md, "Design" 8.

This is a preference, not knowledge: on podcasts whose editors had chosen clips, the best text-only methods found one
editor's pick in 25 where chance finds one in 50. Lists of "trigger words" alone are worse than chance, so they only
ever weigh little here; advertisements and greetings are left out altogether.
"""

import re
from typing import Any

import numpy

from fastclip.ai.embed import Embedder
from fastclip.ai.index import Index, standard
from fastclip.ai.spans import Relevance, unread

THRESHOLD = 0.3
APART = 0.15
"""Nearness to a moment picked before counts against the next one: they are spread over the recording."""

_TELLING = (
    "The biggest lesson I learned from all of this.",
    "Nobody tells you this, but it changes everything.",
    "I was completely wrong about that for years.",
    "That was the moment when my whole life changed.",
    "Here is the surprising thing that most people get wrong.",
    "If I could give one piece of advice, it would be this.",
    "We almost lost everything that night.",
)
_HOUSEKEEPING = (
    "Welcome back to the show, I am your host.",
    "This episode is brought to you by our sponsor.",
    "Please subscribe, leave us a review and share this episode.",
    "Let's take a quick break, we will be right back.",
    "Thank you so much for joining us today.",
    "Can you hear me? Let me share my screen.",
)
_LAUGHABLE = (
    "And everybody in the room burst out laughing.",
    "It was the most embarrassing thing that ever happened to me.",
    "That is hilarious, I cannot believe you did that.",
    "So there I was, covered in paint, with a goat in my car.",
    "He is so bad at it that it is funny.",
)
_CUES = re.compile(
    r"\b(?:never|nobody|nothing|wrong|mistakes?|fail(?:ed|ure)?|lost|afraid|regret|secret|truth|why|lesson|learned"
    r"|realized|changed|surpris\w+|you|people)\b",
    re.I,
)
_HUMOUR_WORD = re.compile(
    r"\b(?:funny|hilarious|laugh\w*|jok(?:e|es|ing)|ridiculous|absurd|weird\w*|embarrass\w+|awkward|silly|crazy|kidding"
    r"|haha\w*|lol)\b",
    re.I,
)
_HUMOUR = re.compile(f"{_HUMOUR_WORD.pattern}|!", re.I)
_LAUGHTER = re.compile(r"[\[(*](?:laugh\w*|chuckl\w*|giggl\w*|laughter)[\])*]|\b(?:ha ?){2,}\b|\bhaha\w*", re.I)
_ADVERT = re.compile(
    r"\b(?:sponsor\w*|promo code|discount code|use (?:the )?code|percent off|free trial|subscribe\w*|hit the bell"
    r"|like and subscribe|leave (?:us )?a review|brought to you by|welcome (?:back )?to (?:the|another|today's)"
    r"|(?:quick|short) break|right back|patreon|show notes|link in the description|thanks for (?:listening|watching"
    r"|joining|tuning)|sign up (?:at|for))\b",
    re.I,
)
_LAUGHABLE_FROM = 0.25
"""One sentence in ten of ordinary talk is as near to what people laugh about."""
_JOKE_S, _LAUGH_REACH_S = 6.0, 18.0
_FAR_S = 120.0


def is_advert(text: str) -> bool:
    return bool(_ADVERT.search(text))


def of_interest(index: Index, embedder: Embedder | None, energy: Any) -> Relevance:
    """What an editor might choose. energy: of each sentence, in standard deviations, or None."""
    worth = 0.4 * standard(_rate(index, _CUES))
    if embedder is not None and index.vectors is not None:
        around = _around(index)
        mean = around.mean(axis=0)
        novelty = standard(1 - around @ (mean / (numpy.linalg.norm(mean) + 1e-9)))
        telling = standard(_nearest(around, embedder, _TELLING) - _nearest(around, embedder, _HOUSEKEEPING))
        worth = worth + 0.6 * novelty + 0.6 * telling + 0.3 * standard(_recurrence(index, around))
    if energy is not None:
        worth = worth + 0.3 * energy
    adverts = numpy.array([is_advert(one.text) for one in index.sentences])
    return _relevance(index, standard(worth) - 2.0 * adverts)


def of_fun(index: Index, embedder: Embedder | None, energy: Any) -> Relevance:
    """What might make somebody laugh. Laughter comes after the joke, so it counts backwards."""
    worth = 0.6 * standard(_rate(index, _HUMOUR)) + 1.5 * _before_laughter(index)
    if embedder is not None and index.vectors is not None:
        around = _around(index)
        worth = worth + 0.6 * standard(_nearest(around, embedder, _LAUGHABLE))
    worth = worth + 0.2 * standard(-numpy.minimum(index.duration_s, 10.0))  # quick turns
    if energy is not None:
        worth = worth + 0.3 * energy
    adverts = numpy.array([is_advert(one.text) for one in index.sentences])
    return _relevance(index, standard(worth) - 2.0 * adverts)


def signs_of_fun(index: Index, embedder: Embedder | None) -> Any:
    """Of each sentence whether anything says that it is funny: laughter after it, a word for it, or what it is about.

    The rest only compares the sentences of one recording, of which one is always the funniest, also in a eulogy.
    """
    found = numpy.array([bool(_HUMOUR_WORD.search(one.text)) for one in index.sentences]) | (
        _before_laughter(index) > 0
    )
    if embedder is not None and index.vectors is not None:
        found = found | (_nearest(_around(index), embedder, _LAUGHABLE) >= _LAUGHABLE_FROM)
    return found


def _relevance(index: Index, worth: Any) -> Relevance:
    nothing = numpy.zeros(len(index))
    return Relevance(worth, nothing, worth, worth, 0.0, None, *unread(index), threshold=THRESHOLD)


def _around(index: Index) -> Any:
    """Of each sentence the vector of the 80 words around it."""
    vectors = index.chunk_vectors[80]
    total, times = numpy.zeros((len(index), vectors.shape[1])), numpy.zeros((len(index), 1))
    for (first, last), vector in zip(index.chunks[80], vectors, strict=True):
        total[first:last] += vector
        times[first:last] += 1
    mean = total / numpy.maximum(times, 1)
    return mean / (numpy.linalg.norm(mean, axis=1, keepdims=True) + 1e-9)


def _nearest(around: Any, embedder: Embedder, texts: tuple[str, ...]) -> Any:
    return numpy.sort(around @ embedder.vectors(texts).T, axis=1)[:, -3:].mean(axis=1)


def _recurrence(index: Index, around: Any) -> Any:
    """How near the nearest five other places of the recording are."""
    vectors = index.chunk_vectors[40]
    at_s = numpy.array([index.start_s[first] for first, _ in index.chunks[40]])
    near = around @ vectors.T
    near[numpy.abs(index.start_s[:, None] - at_s[None, :]) < _FAR_S] = -1.0
    best = numpy.sort(near, axis=1)[:, -5:]
    return numpy.where(best > -1, best, 0.0).mean(axis=1)


def _rate(index: Index, pattern: re.Pattern[str]) -> Any:
    """Matches a word, over each sentence and its two neighbours."""
    counts = numpy.array([len(pattern.findall(one.text)) for one in index.sentences], dtype="float64")
    sizes = numpy.array([one.words for one in index.sentences], dtype="float64")
    around = numpy.ones(3)  # "full" without its ends: "same" would make two sentences three
    return numpy.convolve(counts, around)[1:-1] / numpy.maximum(numpy.convolve(sizes, around)[1:-1], 1)


def _before_laughter(index: Index) -> Any:
    found = numpy.zeros(len(index))
    for one in index.sentences:
        if _LAUGHTER.search(one.text):
            ahead_s = one.start_s - index.start_s
            found += numpy.where((ahead_s >= 0) & (ahead_s <= _LAUGH_REACH_S), numpy.exp(-ahead_s / _JOKE_S), 0.0)
    return found
