"""Which way letters run, and the order in which words of both directions stand on a line. Source: captions.md 5."""

import unicodedata
from collections.abc import Sequence


def visual(words: Sequence[str]) -> list[int]:
    """The words' numbers from left to right (UAX 9, a word being one run of the direction of its letters)."""
    ways = [direction(word) for word in words]
    base = 1 if next((way for way in ways if way), "L") == "R" else 0
    levels: list[int] = []
    for n, way in enumerate(ways):
        if not way:  # figures go with the right-to-left words on both sides of them, else with the line
            after = next((one for one in ways[n + 1 :] if one), "")
            way = "R" if levels and levels[-1] % 2 and after == "R" else "RL"[1 - base]
        levels.append(1 if way == "R" else 2 * base)
    order = list(range(len(words)))
    for level in range(max(levels), 0, -1):
        n = 0
        while n < len(order):
            end = n
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[n:end] = reversed(order[n:end])
            n = max(end, n + 1)
    return order


def direction(text: str) -> str:
    """ "R" or "L" by the first letter that has a direction, "" without one."""
    strong = (unicodedata.bidirectional(letter) for letter in text)
    return next(("L" if one == "L" else "R" for one in strong if one in ("L", "R", "AL")), "")
