"""Moments of an hour of talk: that the right ones are found, that wrong ones are not, and where they begin and end."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest

from fastclip.ai import confidence, embed, index, moments
from fastclip.ai.embed import Embedder
from fastclip.ai.moments import Found, Moment, Ranked, Ranking, Unusable
from fastclip.media.words import Word
from tests.ai.talk import Planted, Talk, classroom, iou, talk

Ask = Callable[..., Found]
STARTS_LATE = re.compile(r"(?:and|but|so|because|or|then|it|he|she|they|this|these|those|well)\b", re.I)


@pytest.fixture(scope="module")
def hour() -> Talk:
    return talk()


@pytest.fixture(scope="module")
def model() -> Embedder:
    found = embed.find()
    assert found
    return found


@pytest.fixture(scope="module")
def ask(hour: Talk, model: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Asks the hour of talk; its index is made once."""
    cache = tmp_path_factory.mktemp("indexes")

    def found(query: str | None, **options: object) -> Found:
        given = {"duration_s": hour.duration_s, "embedder": model, "cache": cache} | options
        return moments.find(hour.words, query, **given)

    return found


def share(hour: Talk, ask: Ask, queries: list[tuple[str, Planted]], *, first: int, at_least: float) -> float:
    """The share of queries of which one of the first moments overlaps its passage so much."""
    hits = 0
    for query, passage in queries:
        given = ask(query).moments[:first]
        hits += any(iou((one.start_s, one.end_s), (passage.start_s, passage.end_s)) >= at_least for one in given)
    return hits / len(queries)


def test_planted_passages_are_found_by_their_own_words(hour, ask):
    assert share(hour, ask, hour.queries, first=5, at_least=0.5) >= 0.80
    assert share(hour, ask, hour.queries, first=1, at_least=0.3) >= 0.75


def test_planted_passages_are_found_by_other_words(hour, ask):
    assert share(hour, ask, hour.reworded, first=5, at_least=0.5) >= 0.70
    assert share(hour, ask, hour.reworded, first=1, at_least=0.3) >= 0.55


def test_slow_speech_gets_longer_moments_of_as_many_words(model):
    said = [word for word in classroom().words if word.end_s < 900]
    slow = [Word(word.text, word.start_s * 1.5, word.end_s * 1.5) for word in said]

    def best(words: list[Word], query: str) -> tuple[float, int]:
        """(seconds, words) of the best moment."""
        one = moments.find(words, query, duration_s=words[-1].end_s + 1, embedder=model).candidates[0]
        return one.end_s - one.start_s, sum(one.start_s <= word.start_s < one.end_s for word in words)

    for planted in (classroom().planted[2], classroom().planted[8]):
        assert best(slow, planted.topic)[1] == pytest.approx(best(said, planted.topic)[1], rel=0.2)
    assert best(slow, f"30-second clips about {classroom().planted[2].topic}")[0] <= 41


def test_a_second_query_reads_nothing_but_itself(hour, model, ask, monkeypatch):
    ask("whales")
    monkeypatch.setattr(index, "_recent", type(index._recent)())  # another process would have only the file
    before = model.tokens
    ask("the blacksmith")
    assert 3 <= model.tokens - before <= 8


def test_the_same_question_has_the_same_answer_to_the_last_bit_from_file_or_anew(hour, model, ask, monkeypatch):
    kept = ask("teaching people to swim")
    monkeypatch.setattr(index, "_recent", type(index._recent)())
    assert repr(ask("teaching people to swim")) == repr(kept)
    short = [word for word in hour.words if word.end_s < 400]
    answers = []
    for _ in range(2):
        monkeypatch.setattr(index, "_recent", type(index._recent)())
        answers.append(repr(moments.find(short, "savings", duration_s=400, embedder=model)))
    assert answers[0] == answers[1]


def test_a_damaged_index_is_made_again(hour, model, tmp_path, monkeypatch):
    short = [word for word in hour.words if word.end_s < 120]
    good = moments.find(short, "the whale", duration_s=120, embedder=model, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    for damage in (b"", file.read_bytes()[:2000], b"no zip at all"):
        file.write_bytes(damage)
        monkeypatch.setattr(index, "_recent", type(index._recent)())
        again = moments.find(short, "the whale", duration_s=120, embedder=model, cache=tmp_path)
        assert repr(again) == repr(good)


# -- Bounds ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def offered(hour: Talk, ask: Ask) -> list[Moment]:
    """All that was considered for all queries."""
    return [one for query, _ in hour.queries + hour.reworded for one in ask(query).candidates]


def test_no_word_is_cut_and_moments_lie_in_the_recording(hour, offered):
    starts, ends = (numpy.array([getattr(word, side) for word in hour.words]) for side in ("start_s", "end_s"))
    for one in offered:
        assert 0 <= one.start_s < one.end_s <= hour.duration_s and 8 <= one.end_s - one.start_s <= 600
        for bound in (one.start_s, one.end_s):
            assert not ((starts < bound - 1e-9) & (ends > bound + 1e-9)).any()


def test_moments_end_on_sentences_begin_afresh_and_lie_in_silence(hour, offered):
    starts, ends = (numpy.array([getattr(word, side) for word in hour.words]) for side in ("start_s", "end_s"))
    whole = late = silent = 0
    for one in offered:
        said = [w for w in hour.words if w.start_s >= one.start_s - 1e-6 and w.end_s <= one.end_s + 1e-6]
        whole += said[-1].text[-1] in ".?!"
        late += bool(STARTS_LATE.match(said[0].text))
        before = ends[ends <= one.start_s + 1e-6].max(initial=0.0)
        after = starts[starts >= one.end_s - 1e-6].min(initial=hour.duration_s)
        silent += said[0].start_s - before >= 0.15 and after - said[-1].end_s >= 0.15
    assert whole / len(offered) >= 0.80
    assert late / len(offered) <= 0.22
    assert silent / len(offered) >= 0.90


def test_moments_of_an_answer_hardly_overlap_and_the_surest_come_first(hour, ask):
    for query, _ in hour.queries + [("people and animals", hour.planted[0])]:
        given = ask(query).candidates
        assert [one.confidence for one in given] == sorted((one.confidence for one in given), reverse=True)
        for n, one in enumerate(given):
            for other in given[:n]:
                shared = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
                assert shared <= 0.3 * min(one.end_s - one.start_s, other.end_s - other.start_s)


def test_the_length_asked_for_is_the_length_given(ask):
    given = ask("three 30-second clips about the sea").candidates
    assert given and all(20 <= one.end_s - one.start_s <= 41 for one in given)
    assert len(ask("three 30-second clips about the sea").moments) <= 3


# -- Reasons and what fails ----------------------------------------------------------------------------------


def test_a_moment_says_why_it_is_offered(ask):
    best = ask("the whale that was stranded in the harbour").moments[0]
    reasons = {reason.kind: reason.text for reason in best.reasons}
    assert "“whale”" in reasons["words"] and "“harbour”" in reasons["words"]
    assert reasons["meaning"].startswith("Very close") and reasons["sentences"] == "Starts and ends on a sentence"
    assert "whale" in best.excerpt or "sand bar" in best.excerpt
    assert len(best.excerpt) <= 162 and set(best.features) >= {"near", "cover", "relevance", "subject"}


def test_nothing_is_funny_where_nothing_says_so(model, ask):
    numbers = "one two three four five six seven eight nine ten eleven twelve.".split()
    counted = [Word(numbers[n % 12], n * 0.4, n * 0.4 + 0.3) for n in range(1200)]
    said = moments.find(counted, "funny moments", duration_s=480, embedder=model)
    assert said.moments == [] and "Nothing in this recording" in said.note
    laughed = [*counted[:600], Word("[laughter]", 240.0, 240.3), *counted[601:]]
    assert moments.find(laughed, "funny moments", duration_s=480, embedder=model).moments
    assert moments.find(laughed, "funny moments", duration_s=480, embedder=None).moments
    assert ask("funny moments").moments


def test_what_hardly_stands_out_is_no_highlight(ask, monkeypatch):
    assert min(one.confidence for one in ask(None).moments) >= confidence.SURE
    monkeypatch.setattr(confidence, "of_preference", lambda standing: 0.2 if standing > 0.5 else 0.1)
    said = ask(None)
    assert said.is_weak and [one.confidence for one in said.moments] == [0.2]


def test_a_few_words_are_a_highlight_as_a_whole_and_no_answer_to_what_they_are_not_about(model):
    few = [Word(word, n * 0.5, n * 0.5 + 0.4) for n, word in enumerate("Ask not what your country can do.".split())]
    said = moments.find(few, None, duration_s=11, embedder=model)
    assert [(one.first, one.last) for one in said.moments] == [(0, 1)] and said.is_weak
    assert moments.find(few, "tax returns", duration_s=11, embedder=model).moments == []
    assert moments.find(few, "funny moments", duration_s=11, embedder=model).moments == []


def test_a_quoted_phrase_must_be_said_exactly_so(ask):
    given = ask('clips with "interest on interest"')
    assert given.moments and "interest on interest" in " ".join(one.text for one in _said(ask, given.moments[0]))
    assert ask('clips with "interest upon interest"').moments == []


def _said(ask: Ask, moment: Moment) -> list:
    return index.sentences.read(talk().words)[moment.first : moment.last]


def test_a_ranker_orders_and_titles_and_its_bounds_are_brought_to_sentences(ask):
    seen: list[Ranking] = []

    def reversed_(ranking: Ranking, tell: object) -> Ranked:
        seen.append(ranking)
        last = ranking.moment(ranking.candidates[-1].first, ranking.candidates[-1].last)
        return Ranked([Moment(**vars(last) | {"title": "Mine", "confidence": 0.5})], "llm", "Read by a model.")

    given = ask("the goalkeeper", ranker=reversed_)
    assert (given.engine, given.moments[0].title, given.note) == ("embeddings+llm", "Mine", "Read by a model.")
    assert len(seen[0].candidates) > 5 and seen[0].most == 10 and seen[0].sentences


def test_a_ranker_that_cannot_help_leaves_the_answer_as_it_was(ask):
    def unusable(ranking: Ranking, tell: object) -> Ranked:
        raise Unusable("The language model did not pass its test.")

    plain, given = ask("the goalkeeper"), ask("the goalkeeper", ranker=unusable)
    assert given.moments == plain.moments and given.engine == "embeddings"
    assert "did not pass" in given.note


def test_what_stops_the_work_goes_through(hour, model):
    def stop(fraction: float, stage: str) -> None:
        raise KeyboardInterrupt

    short = [word for word in hour.words if word.end_s < 90]
    with pytest.raises(KeyboardInterrupt):
        moments.find(short[1:], "whale", duration_s=90, embedder=model, tell=stop)


def test_a_damaged_model_is_as_good_as_none(tmp_path: Path):
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((embed.FOLDER / name).read_bytes()[:200])
    assert embed.find(tmp_path) is None


def test_processors_of_any_age_read_the_same():
    """CTranslate2 chooses what the processor knows; here it is told to know nothing newer than SSE."""
    program = "from fastclip.ai import embed; print(*embed.find().vectors(['the whale in the harbour'])[0][:8])"
    read = [
        subprocess.run(
            [sys.executable, "-c", program], env=os.environ | env, capture_output=True, text=True, check=True
        ).stdout
        for env in ({}, {"CT2_FORCE_CPU_ISA": "GENERIC", "CT2_USE_MKL": "0"})
    ]
    assert [float(one) for one in read[0].split()] == pytest.approx([float(one) for one in read[1].split()], abs=1e-4)


def test_the_model_is_away_when_its_files_are(tmp_path: Path):
    assert embed.find(tmp_path) is None


def test_a_number_that_is_asked_for_is_filled_up_once_the_best_is_sure(model):
    words = [word for word in talk().words if word.end_s < 239]

    def given(query: str) -> list[float]:
        found = moments.find(words, query, duration_s=240, embedder=model).moments
        return [one.confidence for one in found]

    sure = given("15-second clips about baking sourdough bread")
    filled = given("two 15-second clips about baking sourdough bread")
    assert len(sure) == 1 and sure[0] >= confidence.SURE
    assert len(filled) == 2 and confidence.SURE > filled[1] >= confidence.WEAK
    assert len(given("two 15-second clips about the offside rule in ice hockey")) <= 1
