"""Which arguments each row of an answer repeats: equal names alone are no evidence of it."""

from __future__ import annotations

import re
from typing import Any

from keyapi._json import value_at
from pipeline.shape.draft import Operation, Schema

# `user_id`, `sellerId`, `unique_id`: it says of whom the rows are. `id` says so of nothing.
_WHOSE = re.compile(r"\w_[iI][dD]$|[a-z0-9]I[dD]$")
_NAMELESS = re.compile(r"_?id", re.IGNORECASE)
_STATED = re.compile(
    r"\b(?:requested|queried|(?:was|were|is|are)?\s?asked\s(?:for|about)"
    r"|(?:in|of|from)\sthe\s(?:request|query)|(?:request|query|input)\sparameter)\b",
    re.IGNORECASE,
)


class Shown:
    """What an operation's page shows of its arguments and rows.

    Args:
        operation: The operation.
        items: Path to its list of rows, or None.
    """

    def __init__(self, operation: Operation, items: tuple[str, ...] | None) -> None:
        example = (operation.success() or {}).get("example")
        found = value_at(example, items) if items else None
        rows = found if isinstance(found, list) else []
        self._rows = [row for row in rows if isinstance(row, dict)]
        self._asked = {
            parameter["name"]: parameter.get("example")
            for _, parameter, _ in operation.parameters()
        }

    def is_echo(self, name: str, argument: Schema, column: Schema) -> bool:
        """Whether each row repeats a required argument, by examples, prose, or whose id it is.

        Evidence: `/category?id=` lists the children of a category, whose `id` is their own;
        `language=en-US` may be answered by rows in `en`.

        Args:
            name: Name of the argument and of the column.
            argument: Schema of the argument.
            column: Schema of the column.
        """
        values, asked = self._values(name), self._asked.get(name, argument.get("example"))
        if len(values) > 1:
            return False  # of one request
        if asked is not None and values:
            return values == {_text(asked)}
        if _STATED.search(str(column.get("description", ""))):
            return True
        if _NAMELESS.fullmatch(name):
            return False
        members = argument.get("enum")
        could_be = bool(values) and (not members or values <= set(map(_text, members)))
        return could_be or (not values and bool(_WHOSE.search(name)))

    def is_filter(self, name: str, argument: Schema) -> bool:
        """Whether the rows are those whose column is an optional argument, where that is sent.

        Args:
            name: Name of the argument and of the column.
            argument: Schema of the argument.
        """
        asked = self._asked.get(name, argument.get("example"))
        if not _NAMELESS.fullmatch(name):
            return True
        return asked is not None and self._values(name) == {_text(asked)}

    def _values(self, name: str) -> set[str]:
        """What the rows of the example have in a column, null left out."""
        return {_text(row[name]) for row in self._rows if row.get(name) is not None}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
