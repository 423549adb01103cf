"""Subtitle files: Subtitle Edit's limits hold for any words, and files come back as they went."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastclip.errors import Unprocessable
from fastclip.media.subtitles import (
    GAP_S,
    LINE_CHARS,
    LONGEST_S,
    SHORTEST_S,
    Cue,
    broken,
    cues,
    read,
    words_of,
    write,
)
from fastclip.media.words import Word, clean
from tests.ai.conftest import TINY
from tests.media.test_words import said


def demo() -> list[Word]:
    truth = json.loads((TINY / "demos" / "demo120.json").read_text())
    return clean([Word(w["word"], w["start"], w["end"]) for w in truth["words"]], truth["duration"])


@given(st.lists(st.tuples(st.from_regex(r"[a-z]{1,14}[.,]?", fullmatch=True), st.floats(0.02, 2)), max_size=120))
def test_cues_have_two_short_lines_enough_time_and_never_overlap(pairs):
    words, at = [], 0.0
    for text, pause_s in pairs:
        words.append(Word(text, at, at + 0.3))
        at += 0.3 + pause_s
    found = cues(words, end_s=at + 5)
    assert " ".join(cue.text.replace("\n", " ") for cue in found) == " ".join(word.text for word in words)
    for cue, following in zip(found, [*found, Cue(at + 5 + GAP_S, 0, "")][1:], strict=True):
        lines = cue.text.split("\n")
        assert len(lines) <= 2 and max(map(len, lines)) <= LINE_CHARS
        assert 0 < cue.end_s - cue.start_s <= LONGEST_S + 0.001
        assert cue.end_s <= following.start_s - GAP_S + 0.0011 or cue.end_s - cue.start_s == pytest.approx(0.001)


def test_a_cue_stays_long_enough_to_be_read_where_there_is_time():
    (cue,) = cues([Word("Hello", 1.0, 1.2)], end_s=10)
    assert cue.end_s - cue.start_s == SHORTEST_S
    (cue,) = cues([Word("x" * 40, 1.0, 1.2)], end_s=10)
    assert cue.end_s - cue.start_s == pytest.approx(40 / 25)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Short enough for one line.", "Short enough for one line."),
        ("I called my friends, and I asked about the problem.", "I called my friends, and\nI asked about the problem."),
        ("Yes. It was the best concert of the whole summer.", "Yes. It was the best\nconcert of the whole summer."),
        ("x" * 60, "x" * 60),
    ],
)
def test_lines_are_broken_evenly(text, lines):
    assert broken(text) == lines


@pytest.mark.parametrize("form", ["srt", "vtt"])
def test_a_file_written_and_read_gives_the_same_cues(form):
    found = cues(demo(), end_s=121.781)
    again = read(write(found, form), form)
    assert [cue.text for cue in again] == [cue.text for cue in found]
    assert all(abs(a.start_s - b.start_s) < 0.001 for a, b in zip(found, again, strict=True))


def test_files_look_as_players_expect_them():
    found = [Cue(0.3, 1.768, "Welcome back."), Cue(3723.5, 3725.0, "Two\nlines")]
    assert write(found, "srt") == (
        "1\n00:00:00,300 --> 00:00:01,768\nWelcome back.\n\n2\n01:02:03,500 --> 01:02:05,000\nTwo\nlines\n\n"
    )
    assert write(found, "vtt").startswith("WEBVTT\n\n1\n00:00:00.300 --> 00:00:01.768\nWelcome back.\n")
    assert read(write([], "vtt") + "\n00:01.000 --> 00:02.000 align:start\n<v Anna><b>Hello</b> there\n", "vtt") == [
        Cue(1.0, 2.0, "Hello there")
    ]


def test_words_that_were_heard_keep_their_times_when_a_corrected_file_comes_back():
    heard = demo()
    file = write(cues(heard, end_s=121.781), "srt").replace("Maria", "Mariah")
    words = words_of(read(file, "srt"), heard)
    assert len(words) == len(heard)
    changed = [n for n, (a, b) in enumerate(zip(heard, words, strict=True)) if a.text != b.text]
    assert {re.sub(r"\W", "", words[n].text) for n in changed} == {"Mariah"}
    same = [n for n in range(len(heard)) if n not in changed]
    assert all(words[n].start_s == heard[n].start_s for n in same)
    for n in changed:
        assert abs(words[n].start_s - heard[n].start_s) < 1.0


def test_words_of_a_foreign_file_share_their_cues_time():
    words = words_of([Cue(1.0, 3.0, "one three\nfive")])
    assert [(w.text, round(w.start_s, 3)) for w in words] == [("one", 1.0), ("three", 1.5), ("five", 2.333)]
    assert words[-1].end_s == pytest.approx(3.0)


@pytest.mark.parametrize("text", ["", "hello", "1\n00:00:01,000 --> 00:00:02,000\n\n", "\x00\x01", "WEBVTT\n"])
@pytest.mark.parametrize("form", ["srt", "vtt"])
def test_what_is_no_subtitle_file_is_refused_with_a_sentence(text, form):
    with pytest.raises(Unprocessable):
        read(text, form)


def test_a_long_talk_is_written_and_aligned_without_delay():
    words = clean(said("word " * 20_000), 8000.0)
    assert len(read(write(cues(words), "srt"), "srt")) > 1000
