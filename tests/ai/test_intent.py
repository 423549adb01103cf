"""What people ask for, in how they ask it: the topic under the instruction, how many, how long, in which style."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastclip.ai import intent
from fastclip.ai.intent import FUNNY, HIGHLIGHTS, STYLED, TOPIC
from tests.ai.talk import WRAPPERS, talk

USUAL, BROAD, FUN = (12.0, 90.0), (15.0, 75.0), (10.0, 60.0)

PHRASES = [
    # Nothing but an instruction: highlights.
    ("", HIGHLIGHTS, None, BROAD, ""),
    ("best moments", HIGHLIGHTS, None, BROAD, ""),
    ("viral clips", HIGHLIGHTS, None, BROAD, ""),
    ("highlights", HIGHLIGHTS, None, BROAD, ""),
    ("top 3 moments", HIGHLIGHTS, 3, BROAD, ""),
    ("give me the best clip", HIGHLIGHTS, 1, BROAD, ""),
    ("five clips", HIGHLIGHTS, 5, BROAD, ""),
    ("30 second clips", HIGHLIGHTS, None, (21.0, 39.0), ""),
    ("three clips under a minute", HIGHLIGHTS, 3, (12.0, 60.0), ""),
    ("most emotional moment", HIGHLIGHTS, None, BROAD, ""),
    ("Find the most interesting parts of this podcast please", HIGHLIGHTS, None, BROAD, ""),
    # Funny.
    ("funny moments", FUNNY, None, FUN, ""),
    ("the funniest parts", FUNNY, None, FUN, ""),
    ("make me laugh", FUNNY, None, FUN, ""),
    ("something funny", FUNNY, None, FUN, ""),
    ("2 hilarious clips", FUNNY, 2, FUN, ""),
    # A topic under an instruction.
    ("highlight moments where churn risk is discussed", TOPIC, None, USUAL, "churn risk"),
    ("three 30-second clips about pricing", TOPIC, 3, (21.0, 39.0), "pricing"),
    ("2-3 minutes about hiring", TOPIC, None, (120.0, 180.0), "hiring"),
    ("pricing, under a minute", TOPIC, None, (12.0, 60.0), "pricing"),
    ("two clips, each 45 seconds, on whales", TOPIC, 2, (31.5, 58.5), "whales"),
    ("five clips of the whale", TOPIC, 5, USUAL, "the whale"),
    ("the part about sleep", TOPIC, None, USUAL, "sleep"),
    ("talk about money", TOPIC, None, USUAL, "money"),
    ("Show me where the guest explains compound interest", TOPIC, None, USUAL, "compound interest"),
    ("the moment when the rocket explodes", TOPIC, None, USUAL, "the rocket explodes"),
    ("anything about dogs?", TOPIC, None, USUAL, "dogs"),
    ("I'd like clips on remote work", TOPIC, None, USUAL, "remote work"),
    ("clips about AI", TOPIC, None, USUAL, "AI"),
    ("a couple of clips about the election", TOPIC, 2, USUAL, "the election"),
    ("clips of at least 20 seconds about sailing", TOPIC, None, (20.0, 90.0), "sailing"),
    ("one clip of up to 45 s about sailing", TOPIC, 1, (12.0, 45.0), "sailing"),
    ("half a minute about sailing", TOPIC, None, (21.0, 39.0), "sailing"),
    ("sailing clips", TOPIC, None, USUAL, "sailing"),
    ('moments where they talk about "burn rate"', TOPIC, None, USUAL, '"burn rate"'),
    # A topic in a style.
    ("find the strongest product launch soundbites", STYLED, None, USUAL, "product launch"),
    ("funny moments about taxes", STYLED, None, USUAL, "taxes"),
    ("best clips about the dinner test please", STYLED, None, USUAL, "the dinner test"),
    # Bare queries stay as they are, whatever they look like.
    ("the dinner test", TOPIC, None, USUAL, "the dinner test"),
    ("why there will never be more than 21 million coins", TOPIC, None, USUAL, None),
    ("the best pizza in town", TOPIC, None, USUAL, None),
    ("how to cut costs in the cloud", TOPIC, None, USUAL, None),
    ("10 minute workout routine", TOPIC, None, USUAL, None),
    ("short video marketing", TOPIC, None, USUAL, None),
    ("what did she say about her mother", TOPIC, None, USUAL, None),
    ("three little pigs", TOPIC, None, USUAL, None),
    ("the second world war", TOPIC, None, USUAL, None),
    ("clip where X is mentioned", TOPIC, None, USUAL, None),
]
"""(query, kind, how many, (shortest, longest), topic; None for the query itself)."""


@pytest.mark.parametrize(("query", "kind", "count", "length_s", "topic"), PHRASES, ids=[p[0] or "-" for p in PHRASES])
def test_what_is_asked_for_is_understood(query, kind, count, length_s, topic):
    asked = intent.read(query)
    assert (asked.kind, asked.count, (asked.lo_s, asked.hi_s)) == (kind, count, length_s)
    assert asked.topic == (query if topic is None else topic)


def test_quoted_phrases_are_wanted_exactly():
    assert intent.read('clips with "burn rate" and “runway”').quotes == ("burn rate", "runway")


def test_an_instruction_around_a_query_is_taken_off_whole():
    for query, _ in talk().queries[:20] + talk().reworded[:20]:
        for wrapper in WRAPPERS:
            asked = intent.read(wrapper.format(query))
            assert asked.topic == query, (wrapper, query)


def test_slow_speech_stretches_the_usual_lengths_and_none_that_was_asked_for():
    usual = intent.read("the whale")
    assert intent.at_pace(usual, 160) == intent.at_pace(usual, 220) == usual
    slow = intent.at_pace(usual, 128)
    assert (slow.lo_s, slow.hi_s, slow.usual_s) == (12.0, 112.5, 50.0)
    assert intent.at_pace(usual, 0.0) == intent.at_pace(usual, 100) and intent.at_pace(usual, 100).usual_s == 64.0
    for query in ("30 second clips about the whale", "", "funny moments"):
        assert intent.at_pace(intent.read(query), 100) == intent.read(query)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=500))
def test_every_text_is_some_ask_and_its_bounds_hold(text):
    asked = intent.read(text)
    assert 8 <= asked.lo_s <= asked.hi_s <= 600 and asked.lo_s <= asked.usual_s <= asked.hi_s
    assert asked.count is None or 1 <= asked.count <= 10
    assert asked.topic or asked.kind in (HIGHLIGHTS, FUNNY)


@pytest.mark.parametrize("query", ["😀" * 250, "مقاطع عن السفر", "קליפים על טיולים", "\u202eabc", "...", "2 2 2", "'"])
def test_other_scripts_and_signs_do_not_disturb(query):
    assert intent.read(query).kind in (TOPIC, HIGHLIGHTS)
