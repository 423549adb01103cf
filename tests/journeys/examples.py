"""The JSON examples that the API reference prints, and how an answer is held against one, field by field."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

_PAGE = Path(__file__).parents[1] / "data" / "fastclip-api.md"
EXAMPLES: list[Any] = [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", _PAGE.read_text(), re.DOTALL)]
"""In the order of the page; called by their number there, from 1."""
REPLAYED: set[int] = set()

LINK = r"https?://.+"
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
UPLOAD, CLIP = r"upl_[0-9a-f]{12}", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TRIM, AUTO, CAPTIONS = (rf"{prefix}[a-z2-7]{{16}}" for prefix in ("job_", "job_auto_", "job_cap_"))
ANY = ""

Free = Mapping[str, str]


def replays(*numbers: int) -> Any:
    """Hands a test the examples of these numbers, as `example_<number>`; the page's others are still to be replayed."""
    REPLAYED.update(numbers)
    given = tuple(EXAMPLES[number - 1] for number in numbers)
    return pytest.mark.parametrize([f"example_{number}" for number in numbers], [given], ids=["page"])


def hold(answer: Any, example: Any, *, free: Free | None = None, more: frozenset[str] = frozenset()) -> None:
    """Assert that an answer has every field of the example, of the same kind and with the same value.

    free: fields whose value the example does not decide, by their path without positions (`parts.url`) -> pattern of
    a text ("" for any). more: fields, by their path too, that are ours beyond the reference and must be there.
    """
    found: list[str] = []
    _compare(answer, example, "", free or {}, found, seen := set())
    assert not found, "\n".join(found)
    assert seen == more, f"fields beyond the reference: {sorted(seen)}, expected {sorted(more)}"


def _compare(answer: Any, example: Any, path: str, free: Free, found: list[str], seen: set[str]) -> None:
    if _kind(answer) != _kind(example):
        found.append(f"{path} is {answer!r}, and {example!r} in the reference")
    elif isinstance(example, dict):
        found += [f"{_under(path, name)} is missing" for name in example if name not in answer]
        seen |= {_under(path, name) for name in answer if name not in example}
        for name in example.keys() & answer.keys():
            _compare(answer[name], example[name], _under(path, name), free, found, seen)
    elif isinstance(example, list):
        if not answer or (path not in free and len(answer) != len(example)):
            found.append(f"{path} has {len(answer)} items, and {len(example)} in the reference")
        for one, like in zip(answer, example + example[-1:] * len(answer), strict=False):
            _compare(one, like, path, free, found, seen)
    elif path in free:
        if isinstance(answer, str) and free[path] and not re.fullmatch(free[path], answer):
            found.append(f"{path} is {answer!r}, which is not {free[path]}")
    elif answer != example:
        found.append(f"{path} is {answer!r}, and {example!r} in the reference")


def _kind(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"  # JSON knows no other
    return type(value).__name__


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
