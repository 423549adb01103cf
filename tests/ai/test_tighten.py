"""What tightening proposes, what it leaves alone, and that no word that stays is ever cut."""

import random

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastclip.ai import tighten
from fastclip.ai.tighten import FILLER, REPEAT, SILENCE
from fastclip.media.words import Word


def said(text: str, *, pause_s: float = 0.05) -> list[Word]:
    """Words of 0.3 s each; `|` is a pause of two seconds."""
    words, at_s = [], 0.0
    for token in text.split():
        if token == "|":
            at_s += 2.0
            continue
        words.append(Word(token, round(at_s, 3), round(at_s + 0.3, 3)))
        at_s += 0.3 + pause_s
    return words


def proposed(text: str, kind: str) -> list[tuple[str, bool]]:
    words = said(text)
    found = tighten.propose(words, duration_s=words[-1].end_s, kinds=[kind])
    return [(one.text, one.is_sure) for one in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("So um we went home", [("um", True)]),
        ("So, uh, um, we went home", [("uh, um,", True)]),
        ("It was, you know, a long day", [("you know,", False)]),
        ("Do you know what I mean by that", []),
        ("I like it and he was like, no", []),
        ("It was, like, a long day", [("like,", False)]),
        ("Her umbrella is in Ermington", []),
    ],
)
def test_fillers_are_found_and_words_that_only_look_so_are_not(text, found):
    assert proposed(text, FILLER) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I I think so", [("I", True)]),
        ("we should we should go home", [("we should", True)]),
        ("the the the dog", [("the the", True)]),
        ("it was very very good", []),
        ("I know that that is so", []),
        ("She had had enough", []),
        ("It works. It works.", []),
        ("New York New York is a song", [("New York", True)]),
        ("well bye bye then", [("bye", False)]),
    ],
)
def test_words_said_again_at_once_are_found_and_doubles_that_are_meant_are_not(text, found):
    assert proposed(text, REPEAT) == found


def test_of_two_takes_of_a_sentence_the_first_is_proposed_and_left_to_the_person():
    text = "Welcome to the long table tonight. | Welcome to the long table tonight my friends. We begin with tea now."
    assert proposed(text, REPEAT) == [("Welcome to the long table tonight.", False)]


def test_a_pause_goes_but_for_a_breath_on_either_side():
    words = said("One two | three four")
    (one,) = tighten.propose(words, duration_s=words[-1].end_s, kinds=[SILENCE])
    assert one.start_s == pytest.approx(words[1].end_s + 0.15) and one.end_s == pytest.approx(words[2].start_s - 0.15)
    assert one.reason == "A pause of 2.1 s" and one.is_sure
    assert tighten.propose(words, duration_s=words[-1].end_s, kinds=[SILENCE], silence_s=3.0) == []


def test_silence_before_the_first_and_after_the_last_word_goes_to_the_very_ends():
    words = [Word("Hello", 3.0, 3.5)]
    first, last = tighten.propose(words, duration_s=9.0, kinds=[SILENCE])
    assert (first.start_s, first.end_s, last.start_s, last.end_s) == (0.0, 2.85, 3.65, 9.0)


def test_music_between_two_words_is_no_pause():
    words = said("One two | three four")
    peaks = numpy.full(int(words[-1].end_s * 50) + 1, 100, dtype="uint8")
    assert tighten.propose(words, duration_s=words[-1].end_s, peaks=peaks, kinds=[SILENCE]) == []
    peaks[50:90] = 3
    (one,) = tighten.propose(words, duration_s=words[-1].end_s, peaks=peaks, kinds=[SILENCE])
    assert (one.start_s, one.end_s) == (1.15, 1.65)


def test_without_words_the_waveform_alone_tells_of_silences():
    peaks = numpy.r_[numpy.full(100, 90), numpy.zeros(150), numpy.full(100, 90)].astype("uint8")
    (one,) = tighten.propose([], duration_s=7.0, peaks=peaks)
    assert (one.kind, one.start_s, one.end_s) == (SILENCE, 2.15, 4.85)


def test_what_is_left_is_the_rest_divided_where_it_is_too_long():
    words = said("One two | three four")
    found = tighten.propose(words, duration_s=words[-1].end_s, kinds=[SILENCE])
    assert tighten.left(found, words[-1].end_s, longest_s=600) == [(0.0, 0.8), (2.55, 3.35)]
    assert tighten.left([], 1500.0, longest_s=600) == [(0.0, 500.0), (500.0, 1000.0), (1000.0, 1500.0)]
    assert tighten.left([], 0.0, longest_s=600) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 120))
def test_no_word_that_stays_is_cut_whatever_is_chosen(seed, count):
    random_ = random.Random(seed)
    pool = "um uh I I the the dog went home. you know, like, we should we should | , yes".split()
    words, at_s = [], random_.uniform(0, 3)
    for _ in range(count):
        length_s = random_.uniform(0.02, 0.5)
        words.append(Word(random_.choice(pool), at_s, at_s + length_s))
        at_s += length_s + random_.choice([0.0, 0.05, 0.3, 2.0])
    duration_s = at_s + random_.uniform(0, 3)
    found = tighten.propose(words, duration_s=duration_s)
    some = [one for one in found if random_.random() < 0.7]
    for one in found:
        assert 0 <= one.start_s < one.end_s <= duration_s + 1e-3
        for word in words:
            is_whole = one.start_s <= word.start_s + 2e-3 and word.end_s <= one.end_s + 2e-3
            assert is_whole or word.end_s <= one.start_s + 2e-3 or word.start_s >= one.end_s - 2e-3
    pieces = tighten.left(some, duration_s, longest_s=600)
    assert all(0 <= start < end <= duration_s for start, end in pieces)
    assert all(end <= start for (_, end), (start, _) in zip(pieces, pieces[1:], strict=False))
