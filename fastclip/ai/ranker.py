"""What a language model adds to the moments that were found: their order, closer bounds, titles, a reason.

The two orders are fused by reciprocal ranks; the confidence stays the calibrated one, a little more where both agree
and less where the model passed a moment over. Source: moments.md, "Design" 9.
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fastclip.ai import llm
from fastclip.ai.models import Model
from fastclip.ai.moments import Moment, Ranked, Ranker, Ranking, Unusable, surest_first
from fastclip.ai.prompts import Choice
from fastclip.ai.reasons import Reason
from fastclip.media import Tell

_K = 10
_AGREED, _PASSED_OVER = 1.1, 0.8
_SURE = 0.99
_SHORTEST_S = 12.0
_MOST = 6
_TOKENS_A_WORD, _OVERLAPPED = 1.4, 1.15
_SAME = 0.3


def of(model: Model, work: Path, *, deadline_s: float, reads_all: bool = False) -> Ranker:
    """A ranker that asks this model. work: a folder that it may make and empties again.

    reads_all: let it read the whole transcript however long that takes, up to the deadline; otherwise only where the
    time it would need is known to fit.
    """

    def rank(ranking: Ranking, tell: Tell) -> Ranked:
        if why := llm.obstacle(model):
            raise Unusable(why)
        work.mkdir(parents=True, exist_ok=True)
        try:
            return _ranked(model, ranking, work, tell, deadline_s, reads_all or _fits(model, ranking, deadline_s))
        finally:
            shutil.rmtree(work, ignore_errors=True)

    return rank


def _fits(model: Model, ranking: Ranking, deadline_s: float) -> bool:
    """Whether reading everything would surely be done in half of the time."""
    if not model.tokens_per_s:
        return False
    words = sum(one.words for one in ranking.sentences)
    return words * _TOKENS_A_WORD * _OVERLAPPED / model.tokens_per_s < deadline_s / 2


def _ranked(model: Model, ranking: Ranking, work: Path, tell: Tell, deadline_s: float, reads_all: bool) -> Ranked:
    asked = ranking.intent
    limits = {"lo_s": asked.lo_s, "hi_s": asked.hi_s, "deadline_s": deadline_s}
    if reads_all:
        opinion = llm.read(model, ranking.sentences, ranking.query, work, tell=tell, **limits)
    else:
        passages = [(one.first, one.last) for one in ranking.candidates]
        most = min(len(passages), asked.count or _MOST)
        opinion = llm.rank(model, ranking.sentences, passages, ranking.query, work, most=most, tell=tell, **limits)
    if not opinion.choices:
        raise Unusable(opinion.note)
    how = "read everything" if reads_all else "looked at the best of them"
    note = opinion.note or f"{model.name} {how} and helped to put them in order."
    return Ranked(fused(ranking, opinion.choices), llm.LLAMA, note)


def fused(ranking: Ranking, choices: Sequence[Choice]) -> list[Moment]:
    """The candidates and what else the model chose, in the order of both."""
    ours = surest_first(ranking.candidates)
    theirs: dict[int, int] = {}
    found: list[tuple[float, Moment]] = []
    for rank, choice in enumerate(choices):
        match = next((at for at, one in enumerate(ours) if _is_same(choice, one)), None)
        if match is None:
            moment = ranking.moment(*_grown(ranking, choice.first, choice.last))
            found.append((1 / (_K + rank + 1), _named(moment, choice)))
        else:
            theirs.setdefault(match, rank)
    is_asked_out = len(choices) < len(ours)  # it had room for more and took none
    for at, one in enumerate(ours):
        score = 1 / (_K + at + 1)
        if at in theirs:
            choice = choices[theirs[at]]
            found.append((score + 1 / (_K + theirs[at] + 1), _named(_closer(ranking, one, choice), choice)))
        else:
            found.append((score, _sure(one, _PASSED_OVER) if is_asked_out else one))
    return [moment for _, moment in sorted(found, key=lambda pair: (-pair[0], pair[1].start_s))]


def _is_same(choice: Choice, one: Moment) -> bool:
    shared = min(choice.last, one.last) - max(choice.first, one.first)
    return shared > _SAME * min(choice.last - choice.first, one.last - one.first)


def _closer(ranking: Ranking, one: Moment, choice: Choice) -> Moment:
    """The moment with the model's bounds, unless those are too short or reach elsewhere; surer than before."""
    first, last = max(choice.first, one.first), min(choice.last, one.last)
    length_s = ranking.sentences[last - 1].end_s - ranking.sentences[first].start_s
    if (first, last) != (one.first, one.last) and length_s >= max(_SHORTEST_S, ranking.intent.lo_s):
        one = replace(ranking.moment(first, last), confidence=one.confidence)
    return _sure(one, _AGREED)


def _sure(one: Moment, factor: float) -> Moment:
    return replace(one, confidence=round(min(_SURE, one.confidence * factor), 2))


def _named(one: Moment, choice: Choice) -> Moment:
    reason = Reason("model", "The language model chose it", choice.score / 100)
    return replace(one, title=choice.title, reasons=(*one.reasons, reason))


def _grown(ranking: Ranking, first: int, last: int) -> tuple[int, int]:
    """As many sentences more, after and before in turn, as make it long enough."""
    said = ranking.sentences
    while said[last - 1].end_s - said[first].start_s < max(_SHORTEST_S, ranking.intent.lo_s):
        if last < len(said):
            last += 1
        if first > 0 and said[last - 1].end_s - said[first].start_s < _SHORTEST_S:
            first -= 1
        if first == 0 and last == len(said):
            break
    return first, last
