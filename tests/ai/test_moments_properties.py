"""Moments of transcripts that nobody would write: whatever comes in, what comes out holds."""

import math
import random
import time

import numpy
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastclip.ai import embed, moments
from fastclip.ai.moments import Found
from fastclip.media.words import Word
from tests.ai.talk import talk

QUERIES = (
    None,
    "whales",
    "x" * 500,
    "😀🎬",
    "مقاطع عن السفر",
    "קליפים",
    '"exactly so"',
    "three 15-second clips about bread",
)


def found(words: list[Word], query: str | None, duration_s: float, **options: object) -> Found:
    """What is found without the model, which is quick; it is checked before it is returned."""
    answer = moments.find(words, query, duration_s=duration_s, **{"embedder": None} | options)
    end_s = max([duration_s, *(word.end_s for word in words if math.isfinite(word.end_s))], default=0)
    for one in answer.candidates:
        assert 0 <= one.start_s < one.end_s <= end_s + 0.1 and one.end_s - one.start_s <= 600.001
        assert 0 <= one.confidence <= 1 and round(one.confidence, 2) == one.confidence and one.excerpt
    for n, one in enumerate(answer.candidates):
        for other in answer.candidates[:n]:
            shared_s = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
            assert shared_s <= 0.3 * min(one.end_s - one.start_s, other.end_s - other.start_s) + 1e-6
    return answer


@pytest.mark.parametrize("query", QUERIES)
def test_no_words_and_one_word(query):
    assert found([], query, 60.0).moments == []
    assert found([], query, 0.0).moments == []
    one = found([Word("Whales.", 1.0, 1.6)], query, 60.0)
    assert len(one.candidates) <= 1


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(
    "times",
    [
        lambda n: (5.0, 5.0),
        lambda n: (math.nan, math.nan),
        lambda n: (400.0 - n, 401.0 - n),
        lambda n: (-3.0, 1e9),
        lambda n: (n * 0.5, n * 0.5 + 9.0),
    ],
    ids=["all the same", "unknown", "falling", "outside", "overlapping"],
)
def test_times_that_cannot_be(query, times):
    words = [Word(word.text, *times(n)) for n, word in enumerate(talk().words[:300])]
    found(words, query, 400.0)


def test_fifty_thousand_words_take_seconds_and_no_more(monkeypatch):
    words = [Word(w.text, w.start_s, w.end_s) for w in talk().words]
    many = [Word(word.text, word.start_s + 3600 * n, word.end_s + 3600 * n) for n in range(8) for word in words][
        :50_000
    ]
    began = time.process_time()
    assert found(many, "the whale that was stranded", 3600 * 8.0).candidates
    assert time.process_time() - began < 60


def test_sentences_far_apart_are_moments_of_eight_seconds():
    words = [Word("Whales.", at_s, at_s + 1.0) for at_s in range(100, 4000, 400)]
    given_ = found(words, "whales", 4200.0).candidates
    assert given_ and all(one.end_s - one.start_s == pytest.approx(8) for one in given_)


def test_an_hour_without_a_pause_or_a_full_stop_is_divided_all_the_same():
    words = [Word(f"word{n % 97}", n * 0.3, n * 0.3 + 0.3) for n in range(12_000)]
    given_ = found(words, "word5 word6", 3600.0).candidates
    assert given_ and all(8 <= one.end_s - one.start_s <= 91 for one in given_)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 150), st.sampled_from(QUERIES), st.floats(0, 500))
@example(5, 83, None, 33.0)  # two short moments whose lead-ins and lead-outs shared more than 30 %
def test_whatever_is_said_whenever(seed, count, query, duration_s):
    random_ = random.Random(seed)
    texts = ["Whales", "and", "bread.", "So?", "exactly", "so", "😀", "שלום", "日本語。", "a", "…", "um,", "!"]
    words = [
        Word(random_.choice(texts), start := random_.uniform(-5, 500), start + random_.uniform(-1, 5))
        for _ in range(count)
    ]
    if random_.random() < 0.5:
        words.sort(key=lambda word: word.start_s)
    first = found(words, query, duration_s)
    assert repr(found(words, query, duration_s)) == repr(first)


def test_strange_words_do_not_disturb_the_model():
    model = embed.find()
    words = [
        Word(text, n, n + 0.8) for n, text in enumerate(["\u202e", "😀" * 300, "\ud800", "a" * 5000, "日本語。"] * 8)
    ]
    found(words, "😀", 40.0, embedder=model)


def test_only_the_sound_is_left_when_nobody_speaks():
    peaks = numpy.r_[numpy.full(3000, 8), numpy.tile([10, 200], 1000), numpy.full(3000, 8)].astype("uint8")
    answer = moments.find([], "best moments", duration_s=160.0, embedder=None, peaks=peaks)
    best = answer.moments[0]
    assert answer.engine == "audio" and best.start_s <= 80 <= best.end_s
    assert all(one.confidence <= 0.2 for one in answer.moments)
    silent = moments.find([], None, duration_s=160.0, embedder=None, peaks=numpy.zeros(8000, dtype="uint8"))
    assert (silent.moments, silent.note) == ([], "This recording is silent.")
