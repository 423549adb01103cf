"""Timed words: what `clean` promises for anything that comes, sentences, clips, search words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastclip.media.words import SENTENCE_S, SENTENCE_WORDS, Word, clean, folded, joined, sentences, within

NAN = float("nan")
seconds = st.one_of(st.floats(-5, 100), st.just(NAN), st.just(math.inf), st.just(0.0), st.just(3.0))
texts = st.one_of(st.text(max_size=6), st.sampled_from(["the", "end.", "♪", " ", "?", "¿", "日本", "ok,"]))
anything = st.lists(st.builds(Word, texts, seconds, seconds), max_size=40)


@given(anything, st.floats(0.01, 60))
def test_whatever_comes_cleaned_words_lie_in_order_inside_the_recording(words, duration_s):
    done = clean(words, duration_s)
    assert all(0 <= word.start_s < word.end_s <= duration_s + 1e-6 for word in done)
    for word, following in zip(done, done[1:], strict=False):
        assert word.start_s < following.start_s and word.end_s <= following.start_s


@given(anything, st.floats(0.01, 60))
def test_no_letter_is_lost(words, duration_s):
    letters = lambda some: sorted("".join(c for word in some for c in word.text if c.isalnum()))  # noqa: E731
    import unicodedata

    normal = [Word(unicodedata.normalize("NFC", word.text), 0, 0) for word in words]
    assert letters(clean(words, duration_s)) == letters(normal)


@given(anything, st.floats(0.01, 60))
def test_cleaning_again_changes_nothing(words, duration_s):
    once = clean(words, duration_s, is_heard=False)
    again = clean(once, duration_s, is_heard=False)
    assert [w.text for w in again] == [w.text for w in once]
    assert all(abs(a.start_s - b.start_s) < 2e-6 for a, b in zip(once, again, strict=True))


def test_good_times_stay_as_they_are():
    words = [Word("Welcome", 0.3, 0.78, 0.9), Word("back.", 0.78, 1.2, 0.8)]
    assert clean(words, 5.0) == words


@pytest.mark.parametrize(
    ("words", "cleaned"),
    [
        ([("a", 1, 1.2), ("♪", 1.3, 1.4), ("", 2, 3)], [("a", 1, 1.2)]),
        ([("a", 1, 1.2), (".", 1.2, 1.3), ("b", 1.4, 1.6)], [("a.", 1, 1.2), ("b", 1.4, 1.6)]),
        ([("¿", 1, 1.1), ("que", 1.1, 1.4)], [("¿que", 1.1, 1.4)]),
        ([("a", 1, 1.5), ("b", NAN, NAN), ("c", 2, 2.5)], [("a", 1, 1.5), ("b", 1.5, 2), ("c", 2, 2.5)]),
        ([("a", 1, 1.5), ("late", 1.6, 5.0)], [("a", 1, 1.5), ("late", 4.1, 5.0)]),
        ([("a", 1, 1.9), ("b", 1.5, 2.4)], [("a", 1, 1.5), ("b", 1.5, 2.4)]),
        ([("b", 2, 2.5), ("a", 1, 1.5)], [("a", 1, 1.5), ("b", 2, 2.5)]),
        ([("a", -1, -0.5)], [("a", 0, 0.02)]),
        ([("a", 9.99, 12)], [("a", 9.98, 10)]),
    ],
)
def test_each_fault_is_mended_as_the_caption_page_says(words, cleaned):
    assert [(w.text, w.start_s, w.end_s) for w in clean([Word(*word) for word in words], 10.0)] == cleaned


def test_a_word_of_a_subtitle_file_may_stand_as_long_as_its_cue():
    assert clean([Word("Hello", 0.0, 8.0)], 10.0, is_heard=False) == [Word("Hello", 0.0, 8.0)]


def test_fifty_thousand_words_at_one_moment_still_get_times_of_their_own():
    done = clean([Word(str(n), 5.0, 5.0) for n in range(50_000)], 7200.0)
    assert len({word.start_s for word in done}) == 50_000


def test_words_go_on_after_those_that_were_kept_before():
    assert clean([Word("next", 9.0, 9.4)], 20.0, after_s=9.3)[0].start_s == 9.3


def test_a_clip_holds_the_words_that_lie_in_it_with_at_least_half_their_length():
    words = [Word("before", 0, 1), Word("half", 1.6, 2.4), Word("in", 2.5, 3), Word("less", 4.9, 5.3)]
    assert [(w.text, w.start_s, w.end_s) for w in within(words, 2.0, 5.0)] == [("half", 0.0, 0.4), ("in", 0.5, 1.0)]


def said(text: str, *, pace_s: float = 0.4, pause_after: dict[int, float] | None = None) -> list[Word]:
    words, at = [], 0.0
    for n, word in enumerate(text.split()):
        words.append(Word(word, at, at + pace_s * 0.9))
        at += pace_s + (pause_after or {}).get(n, 0.0)
    return words


def test_sentences_end_at_marks_and_pauses_but_not_at_abbreviations():
    words = said("Dr. Smith came at 5 p.m. to the show. why not we talked", pause_after={8: 0.1, 10: 1.5})
    assert [joined(s) for s in sentences(words)] == [
        "Dr. Smith came at 5 p.m. to the show. why not",
        "we talked",
    ]
    assert [joined(s) for s in sentences(said("It works. And well? Yes!"))] == ["It works.", "And well?", "Yes!"]


def test_without_marks_no_sentence_is_longer_than_a_person_reads():
    for sentence in sentences(said("word " * 500)):
        assert len(sentence) <= SENTENCE_WORDS
        assert sentence[-1].end_s - sentence[0].start_s <= SENTENCE_S


@given(st.lists(st.builds(Word, texts.filter(lambda t: t.strip()), st.floats(0, 50), st.floats(0, 50)), max_size=80))
def test_sentences_hold_every_word_in_order(words):
    words = clean(words, 60.0)
    assert [word for sentence in sentences(words) for word in sentence] == words


def test_chinese_is_joined_without_spaces_and_searched_by_character():
    assert joined([Word("你好", 0, 1), Word("世界", 1, 2)]) == "你好世界"
    assert joined([Word("one", 0, 1), Word("two", 1, 2)]) == "one two"
    assert folded("Ünïted Straße don't 世界") == ["united", "strasse", "don", "t", "世", "界"]
