"""The table of moments.md, "What it must reach", on hours of talk: slow, because each query is a search of its own.

`python tests/bench/moments.py` prints the same figures, and how long three hours take. Where an hour misses a bar of
the table, its row here says what it reaches, so that it gets no worse.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from fastclip.ai import confidence, embed, moments
from fastclip.ai.embed import Embedder
from fastclip.ai.moments import Moment
from tests.ai import rivals
from tests.ai.rivals import recall
from tests.ai.talk import WRAPPERS, Talk, absent, classroom, interviews, misheard, podcast, talk

pytestmark = pytest.mark.slow

Ask = Callable[[str], list[Moment]]


@dataclass(frozen=True)
class Hour:
    """One hour, and what it must reach where that is not the table's own bar."""

    talk: Callable[[], Talk]
    absent: str
    refused: float = 0.85
    kept: float = 0.93
    misheard: float = 0.70
    unaided: float = 0.50
    single: float = 0.75


HOURS = {
    "essays": Hour(talk, "absent.txt"),
    "interviews": Hour(interviews, "interviews_absent.txt", kept=0.90, misheard=0.67, unaided=0.37, single=0.85),
    "classroom": Hour(classroom, "classroom_absent.txt", kept=0.90, single=0.70),
    "podcast": Hour(podcast, "podcast_absent.txt", refused=0.70, misheard=0.63, single=0.80),
}


@pytest.fixture(scope="module", params=HOURS)
def row(request: pytest.FixtureRequest) -> Hour:
    return HOURS[request.param]


@pytest.fixture(scope="module")
def hour(row: Hour) -> Talk:
    return row.talk()


@pytest.fixture(scope="module")
def model() -> Embedder:
    found = embed.find()
    assert found
    return found


@pytest.fixture(scope="module")
def ask(hour: Talk, model: Embedder) -> Ask:
    return lambda query: moments.find(hour.words, query, duration_s=hour.duration_s, embedder=model).candidates


def test_planted_passages_are_found(hour, model):
    mine = rivals.ours(hour, model)
    for queries, five, one in ((hour.queries, 0.80, 0.75), (hour.reworded, 0.70, 0.55)):
        assert recall(mine, queries, first=5, at_least=0.5) >= five
        assert recall(mine, queries, first=1, at_least=0.3) >= one


def test_one_word_of_a_passage_finds_it(row, hour, model):
    assert recall(rivals.ours(hour, model), hour.single_words, first=1, at_least=0.3) >= row.single


def test_rivals_are_beaten_by_ten_points_and_texttiling_by_five_or_three(hour, model):
    mine = rivals.ours(hour, model)
    for queries, margin in ((hour.queries, 0.05), (hour.reworded, 0.03)):
        own = recall(mine, queries, first=5, at_least=0.5)
        for other in (rivals.meaning_windows(hour, model), rivals.word_windows(hour)):
            assert own >= recall(other, queries, first=5, at_least=0.5) + 0.10
        cut = [rivals.tiles(hour, model, above=above) for above in (0.0, 0.5, 1.0)]
        assert own >= max(recall(tiles, queries, first=5, at_least=0.5) for tiles in cut) + margin


@pytest.mark.parametrize("hour", [talk()], ids=["essays"])
def test_an_instruction_around_a_query_costs_no_more_than_three_points(hour, model):
    mine, some = rivals.ours(hour, model), hour.queries[:20] + hour.reworded[:20]
    bare = [recall(mine, some, first=first, at_least=0.5) for first in (1, 5)]
    for wrapper in WRAPPERS:
        asked = [(wrapper.format(query), passage) for query, passage in some]
        wrapped = [recall(mine, asked, first=first, at_least=0.5) for first in (1, 5)]
        assert all(one >= other - 0.03 for one, other in zip(wrapped, bare, strict=True)), (wrapper, wrapped, bare)


def test_what_is_absent_is_refused_and_what_is_right_is_kept(row, hour, ask):
    refused = [ask(query)[0].confidence < confidence.SURE for query in absent(row.absent)]
    assert sum(refused) / len(refused) >= row.refused
    tops = [rivals.judged(ask(query)[:1], passage)[0] for query, passage in hour.queries + hour.reworded]
    kept = [sure >= confidence.SURE for sure, is_right in tops if is_right]
    assert sum(kept) / len(kept) >= row.kept


def test_confidence_means_what_it_says(row, hour, ask):
    judged = [pair for query in absent(row.absent) for pair in rivals.judged(ask(query)[:5], None)]
    for query, passage in hour.queries + hour.reworded:
        judged += rivals.judged(ask(query)[:5], passage)
    said = rivals.calibration(judged)
    assert said.ece <= 0.05 and said.brier <= 0.10 and said.auc >= 0.86


def test_forty_percent_of_the_words_wrong_and_no_punctuation_still_find_topics(row, hour, model):
    poor = replace(hour, words=misheard(hour.words, share=0.4))
    assert recall(rivals.ours(poor, model), hour.queries, first=5, at_least=0.5) >= row.misheard


def test_without_the_model_topics_are_found_by_their_words(row, hour):
    assert recall(rivals.ours(hour, None), hour.queries, first=5, at_least=0.5) >= row.unaided
