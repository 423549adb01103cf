"""The language model's part in an answer: two orders made one, and none at all where it cannot be used."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from fastclip.ai import llm, moments, ranker
from fastclip.ai.models import Model
from fastclip.ai.moments import Found, Ranked, Ranking
from fastclip.ai.prompts import Choice
from tests.ai import ggufs
from tests.ai.talk import talk
from tests.ai.test_llm import as_model, children, quiet

QUERY = talk().planted[2].topic
MINUTES = [word for word in talk().words if word.end_s < 900]


def found(given: moments.Ranker | None) -> Found:
    return moments.find(MINUTES, QUERY, duration_s=900, embedder=None, ranker=given)


@pytest.fixture(scope="module")
def ranking() -> Ranking:
    """What a ranker is asked about the quarter of an hour."""
    asked: list[Ranking] = []

    def keep(one: Ranking, tell: object) -> Ranked:
        asked.append(one)
        return Ranked(list(one.candidates), "none")

    found(keep)
    return asked[0]


@pytest.fixture(scope="module")
def plain() -> Found:
    answer = found(None)
    assert answer.moments
    return answer


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ggufs.write(tmp_path_factory.mktemp("gguf") / "slow.gguf", width=256, layers=40, context=16384)


def chosen(ranking: Ranking, at: int, *, shorter: int = 0, title: str = "", score: int = 50) -> Choice:
    one = ranking.candidates[at]
    said = ranking.sentences
    last = one.last - shorter
    return Choice(one.first, last, said[one.first].start_s, said[last - 1].end_s, at, score, title)


def test_both_orders_count_and_a_moment_that_the_model_passed_over_is_less_sure(ranking):
    ours = sorted(ranking.candidates, key=lambda one: (-one.confidence, one.start_s))
    place = [ranking.candidates.index(one) for one in ours]
    fused = ranker.fused(ranking, [chosen(ranking, place[2], title="The third"), chosen(ranking, place[0])])
    assert [(one.first, one.last) for one in fused[:2]] in (
        [(ours[0].first, ours[0].last), (ours[2].first, ours[2].last)],
        [(ours[2].first, ours[2].last), (ours[0].first, ours[0].last)],
    )
    by_place = {(one.first, one.last): one for one in fused}
    third, second = by_place[ours[2].first, ours[2].last], by_place[ours[1].first, ours[1].last]
    assert third.title == "The third" and third.reasons[-1].kind == "model"
    assert third.confidence == round(min(0.99, ours[2].confidence * 1.1), 2)
    assert second.confidence == round(ours[1].confidence * 0.8, 2)
    assert len(fused) == len(ours)


def test_a_closer_choice_moves_the_bounds_unless_too_little_is_left(ranking):
    at = max(range(len(ranking.candidates)), key=lambda n: ranking.candidates[n].last - ranking.candidates[n].first)
    one = ranking.candidates[at]
    count = one.last - one.first
    fused = ranker.fused(ranking, [chosen(ranking, at, shorter=1)])
    assert (one.first, one.last - 1) in [(m.first, m.last) for m in fused]
    fused = ranker.fused(ranking, [chosen(ranking, at, shorter=count - 1)])
    assert (one.first, one.last) in [(m.first, m.last) for m in fused]


def test_what_only_the_model_chose_becomes_a_moment_of_its_own_long_enough(ranking):
    taken = [(one.first, one.last) for one in ranking.candidates]
    free = next(n for n in range(len(ranking.sentences)) if all(not a - 1 <= n < b + 1 for a, b in taken))
    said = ranking.sentences[free]
    fused = ranker.fused(ranking, [Choice(free, free + 1, said.start_s, said.end_s, 0, 90, "")])
    assert len(fused) == len(taken) + 1
    (fresh,) = [one for one in fused if one.first <= free < one.last and (one.first, one.last) not in taken]
    assert fresh.end_s - fresh.start_s >= 12


def missing(slow: Path, tmp_path: Path) -> Model:
    return as_model(tmp_path / "gone.gguf")


def truncated(slow: Path, tmp_path: Path) -> Model:
    (tmp_path / "half.gguf").write_bytes(slow.read_bytes()[: slow.stat().st_size // 2])
    return as_model(tmp_path / "half.gguf")


def random(slow: Path, tmp_path: Path) -> Model:
    return as_model(slow, right=0)


def whole(slow: Path, tmp_path: Path) -> Model:
    return as_model(slow, context=16384)


@pytest.mark.parametrize(
    ("make", "deadline_s", "is_killed", "said"),
    [
        (random, 60.0, False, "0 of 3 simple questions"),
        (missing, 60.0, False, "it failed"),
        (truncated, 60.0, False, "it failed"),
        (whole, 60.0, True, "its process was killed"),
        (whole, 2.0, False, "its time was up"),
    ],
    ids=["random weights", "missing file", "truncated file", "kill -9", "deadline"],
)
def test_an_unusable_model_leaves_the_answer_as_it_is_without_one(
    make: Callable[[Path, Path], Model],
    deadline_s: float,
    is_killed: bool,
    said: str,
    plain: Found,
    slow: Path,
    tmp_path: Path,
):
    def tell(fraction: float, stage: str) -> None:
        for one in children() if is_killed else ():
            one.send_signal(signal.SIGKILL)

    rank = ranker.of(make(slow, tmp_path), tmp_path / "work", deadline_s=deadline_s)
    answer = moments.find(MINUTES, QUERY, duration_s=900, embedder=None, ranker=rank, tell=tell)
    assert (answer.moments, answer.engine, answer.is_weak) == (plain.moments, plain.engine, plain.is_weak)
    assert said in answer.note and children() == [] and not (tmp_path / "work").exists()


def test_an_answer_of_both_says_so(tmp_path, ranking, monkeypatch):
    """What the model itself says is put in its mouth here: weights that choose well do not fit into a test."""
    monkeypatch.setattr(llm, "rank", lambda *_, **__: llm.Opinion((chosen(ranking, 0, title="Mine"),)))
    rank = ranker.of(as_model(tmp_path / "any.gguf"), tmp_path / "work", deadline_s=5)
    answer = found(rank)
    assert answer.engine == "bm25+llama.cpp" and "any looked at the best of them" in answer.note
    assert "Mine" in [one.title for one in answer.moments]


def test_everything_is_read_where_that_is_known_to_fit_or_was_asked_for(tmp_path, ranking, monkeypatch):
    asked: list[str] = []
    answer = llm.Opinion((chosen(ranking, 1),))
    for name in ("rank", "read"):
        monkeypatch.setattr(llm, name, lambda *_, name=name, **__: asked.append(name) or answer)
    for speed, reads_all in ((None, False), (5.0, False), (5.0, True), (5000.0, False)):
        model = as_model(tmp_path / "any.gguf", tokens_per_s=speed)
        ranker.of(model, tmp_path / "work", deadline_s=60, reads_all=reads_all)(ranking, quiet)
    assert asked == ["rank", "rank", "read", "read"]
