"""Queries as the model reads them: in all, word by word as they stand there, and each word alone."""

from dataclasses import replace

import numpy
import pytest

from fastclip.ai import confidence, embed, index, intent, lexical, queries, spans
from fastclip.ai.embed import Embedder
from fastclip.ai.index import Index
from fastclip.ai.spans import Candidates
from tests.ai.talk import talk


@pytest.fixture(scope="module")
def model() -> Embedder:
    found = embed.find()
    assert found
    return found


@pytest.fixture(scope="module")
def five_minutes(model: Embedder) -> Index:
    return index.of([word for word in talk().words if word.end_s < 300], model)


def test_a_word_means_what_it_means_where_it_stands(model):
    said = ["We moored the boat at the river bank.", "The bank gave us a loan."]
    _, [(_, [shore]), (_, [lender])] = model.in_context(said, lambda word: word == "bank")
    _, [(_, [money])] = model.in_context(["a lender of money"], lambda word: word == "lender")
    assert lender @ money > shore @ money + 0.1


def test_words_are_whole_words_of_the_text_whatever_it_is(model):
    said = [
        "The lighthouse-keeper's Größe, of course!",
        "😀🎬",
        "",
        "مقاطع عن السفر",
        "half \ud83d of one",
        "word " * 400,
    ]
    vectors, found = model.in_context(said, lexical.carries_meaning)
    assert found[0][0] == ["lighthouse", "keeper", "Größe", "course"]
    assert numpy.allclose(vectors, model.vectors(said))
    for words, own in found:
        assert len(words) == len(own) and numpy.allclose(numpy.linalg.norm(own, axis=1), 1, atol=1e-5)


def test_the_rarer_a_word_the_more_it_counts_and_all_count_one(model, five_minutes):
    words = [term for terms in five_minutes.terms for term in terms]
    common = max(set(words), key=words.count)
    read = queries.read(f"the {common} and the xylophone", model, five_minutes.lexicon)
    assert read.weights[0] < read.weights[1] and read.weights.sum() == pytest.approx(1)


def test_a_query_without_a_word_that_carries_meaning_is_read_as_a_whole(model, five_minutes):
    read = queries.read("what they said about it", model, five_minutes.lexicon)
    assert len(read.in_context) == len(read.alone) == 1 and numpy.allclose(read.alone[0], read.vector)


def test_a_sentence_is_as_near_as_the_nearest_of_its_words(model, five_minutes):
    at = next(n for n, terms in enumerate(five_minutes.terms) if len(terms) > 3)
    _, [(words, own)] = model.in_context([five_minutes.sentences[at].text], lexical.carries_meaning)
    assert five_minutes.nearness(own)[:, at] == pytest.approx(numpy.ones(len(words)), abs=0.02)
    silent = replace(five_minutes, word_vectors=five_minutes.word_vectors[:0], word_counts=five_minutes.word_counts * 0)
    assert (silent.nearness(own) == 0).all()


def test_an_index_whose_words_do_not_fit_is_made_again(model, tmp_path, monkeypatch):
    words = [word for word in talk().words if word.end_s < 60]
    good = index.of(words, model, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    for damage in ("words", "word_counts"):
        arrays = dict(numpy.load(file))
        numpy.savez(file, **arrays | {damage: arrays[damage][1:]})
        monkeypatch.setattr(index, "_recent", type(index._recent)())
        again = index.of(words, model, cache=tmp_path)
        assert (again.word_vectors == good.word_vectors).all() and (again.word_counts == good.word_counts).all()


def test_of_the_spans_that_are_picked_the_one_nearest_by_its_words_is_first(model, five_minutes):
    read = queries.read("a violin", model, five_minutes.lexicon)
    found = spans.relevance(five_minutes, "a violin", read, is_foreign=False)

    def picked(**changes: object) -> list[spans.Span]:
        pool = Candidates(five_minutes, replace(found, **changes), intent.read("a violin"))
        return pool.pick(lambda first, last: (first, last))

    best, second, *_ = picked(words=found.words * 0)
    words = numpy.zeros_like(found.words)
    words[:, second.first : second.last] = 1 / len(words)
    words[:, best.first : best.last] = 0
    first, *others = picked(words=words)
    assert (first.first, first.last, first.lead) == (second.first, second.last, 0.0)
    assert all(one.lead > 0 for one in others)


def test_what_is_near_by_its_single_words_alone_is_less_sure(model, five_minutes):
    values = dict.fromkeys(confidence._WEIGHTS, 0.4)
    assert confidence.of_topic(values | {"near_terms": 0.5}) < confidence.of_topic(values)
    assert confidence.of_topic(values | {"near_words": 0.5}) > confidence.of_topic(values)


def test_a_span_is_judged_by_what_it_says_that_the_rest_does_not(model, five_minutes):
    """The whole of a recording says nothing that the rest does not, the more so the longer it is."""
    count = len(five_minutes)
    whole = numpy.linalg.norm(five_minutes.apart(0, count))
    assert whole == pytest.approx(numpy.linalg.norm(five_minutes.sums[-1]) * 50 / (count + 50), rel=1e-5)
