"""Where a list goes on: a cursor is how many rows came before, as text."""

from typing import TypeVar

from fastclip.errors import InvalidRequest

_DIGITS = 9
_Row = TypeVar("_Row")


def offset(cursor: str | None) -> int:
    """How many rows to leave out. Raises InvalidRequest for a cursor that no list gave out."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit()) or len(cursor) > _DIGITS:
        raise InvalidRequest("cursor is not one that this list gave out.", param="cursor")
    return int(cursor)


def page(rows: list[_Row], limit: int, cursor: str | None) -> tuple[list[_Row], str | None]:
    """(the rows to show, cursor of the next page) of rows that were read from `cursor` on, one more than `limit`."""
    return rows[:limit], str(offset(cursor) + limit) if len(rows) > limit else None
