import ast
from pathlib import Path

import pytest

from fastclip import errors

FASTCLIP = Path(errors.__file__).parent
REFUSALS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.FastClipError) and kind is not errors.FastClipError
]


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_refusal_has_a_code_of_the_table_with_its_status(kind: type[errors.FastClipError]) -> None:
    assert errors.CODES[kind.code] == kind.status


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 421, 422, 429, 503])
def test_every_status_of_the_references_table_has_its_class(status: int) -> None:
    assert [kind for kind in REFUSALS if kind.status == status]


def test_a_refusal_carries_its_sentence_code_and_field() -> None:
    refusal = errors.Conflict("Wait.", code="upload_not_ready", param="file_id")
    assert (str(refusal), refusal.message, refusal.code, refusal.param) == (
        "Wait.",
        "Wait.",
        "upload_not_ready",
        "file_id",
    )
    assert errors.Conflict("Wait.").code == "conflict"


def codes_raised() -> set[tuple[str, str, str]]:
    """(file, class, code) of each `code="…"` that is given to one of the refusals."""
    found = set()
    for path in FASTCLIP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name in {kind.__name__ for kind in REFUSALS}:
                words = [word.value for word in node.keywords if word.arg == "code"]
                found |= {(path.name, name, word.value) for word in words if isinstance(word, ast.Constant)}
    return found


def test_every_code_that_is_raised_is_listed_with_the_status_of_its_class() -> None:
    raised = codes_raised()
    assert ("checks.py", "NotAllowed", "paid_deposit_required") in raised
    assert [
        (file, name, code) for file, name, code in raised if errors.CODES.get(code) != getattr(errors, name).status
    ] == []
