"""Where a list goes on: after so many rows, as text (`offset`, `page`), or behind the last row shown (`newest`)."""

from typing import Any, TypeVar

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


def newest(query: Any, last: Any, limit: int) -> list[Any]:
    """Rows of a table that has `created_at` and `id`, newest first, from behind the row `last`, where there is one."""
    table = query.model
    if last is not None:
        is_same_moment = table.created_at == last.created_at
        query = query.where((table.created_at < last.created_at) | (is_same_moment & (table.id < last.id)))
    return list(query.order_by(table.created_at.desc(), table.id.desc()).limit(limit))
