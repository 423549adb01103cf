"""Where a moment begins and ends, to the hundredth: whole thoughts, in silence, never inside a word.

Source: moments.md, "Design" 7.
"""

import math
import re
from collections.abc import Sequence

from fastclip.ai.index import Index
from fastclip.ai.intent import LONGEST_S, SHORTEST_S
from fastclip.ai.sentences import Sentence

_LEAD_S, _TRAIL_S = 0.35, 0.45
_AHEAD, _AHEAD_S = 3, 15.0
_QUESTION_S = 12.0
_EXCERPT = 160


def whole(index: Index, first: int, last: int, *, hi_s: float) -> tuple[int, int]:
    """The span from the question that it answers to the end of its last sentence, if that is near and allowed."""
    said = index.sentences
    if first and said[first].is_reply and said[first - 1].is_question:
        asked = said[first - 1]
        if asked.end_s - asked.start_s <= _QUESTION_S and said[last - 1].end_s - asked.start_s <= hi_s:
            first -= 1
    for end in range(last, min(last + _AHEAD, len(said)) + 1):
        spent_s, total_s = said[end - 1].end_s - said[last - 1].end_s, said[end - 1].end_s - said[first].start_s
        if end > last and (spent_s > _AHEAD_S or total_s > hi_s):
            break
        if said[end - 1].is_whole:
            return first, end
    return first, last


def times(said: Sequence[Sentence], first: int, last: int, duration_s: float) -> tuple[float, float]:
    """(start_s, end_s) of the sentences [first, last) with a breath around them, at least 8 s where silence allows."""
    room_before_s = said[first].start_s - (said[first - 1].end_s if first else 0.0)
    room_after_s = (said[last].start_s if last < len(said) else duration_s) - said[last - 1].end_s
    start_s = said[first].start_s - min(_LEAD_S, room_before_s / 2 if first else room_before_s)
    end_s = said[last - 1].end_s + min(_TRAIL_S, room_after_s / 2 if last < len(said) else room_after_s)
    # At most to the middle of the silence: a moment on its other side may need the rest.
    floor_s = said[first].start_s - room_before_s / 2 if first else 0.0
    ceiling_s = said[last - 1].end_s + room_after_s / 2 if last < len(said) else duration_s
    if end_s - start_s < SHORTEST_S:
        end_s = max(end_s, min(start_s + SHORTEST_S, ceiling_s))
        start_s = min(start_s, max(end_s - SHORTEST_S, floor_s))
    end_s = min(end_s, duration_s, start_s + LONGEST_S)
    # Rounded outwards to whole milliseconds where there is room: a bound is never inside a word.
    return max(0.0, floor_s, _down(start_s)), min(duration_s, max(end_s, min(_up(end_s), ceiling_s)))


def _down(seconds: float) -> float:
    return math.floor(seconds * 1000) / 1000


def _up(seconds: float) -> float:
    return math.ceil(seconds * 1000) / 1000


def excerpt(said: Sequence[Sentence], first: int, last: int, best: int) -> str:
    """The best sentence with its neighbours, as much as fits, "…" where something is left out."""
    begin = end = min(max(best, first), last - 1)
    end += 1
    while True:
        before = _size(said[begin - 1 : end]) if begin > first else _EXCERPT + 1
        after = _size(said[begin : end + 1]) if end < last else _EXCERPT + 1
        if after <= _EXCERPT:
            end += 1
        elif before <= _EXCERPT:
            begin -= 1
        else:
            break
    text = " ".join(one.text for one in said[begin:end])
    if len(text) > _EXCERPT:
        text, end = re.sub(r"\s+\S*$", "", text[: _EXCERPT - 1]), last + 1
    return ("…" if begin > first else "") + text + ("…" if end != last else "")


def _size(said: Sequence[Sentence]) -> int:
    return sum(len(one.text) + 1 for one in said) - 1 + 2
