"""Which property tells the rows of an operation apart, as far as names and schemas show it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from keyapi._words import is_id, words

_DATES = frozenset({"date", "day", "dt", "time", "week", "month"})
_LIMITS = ("enum", "pattern", "maxLength", "maximum")


def identity(
    path: str, properties: Mapping[str, Mapping[str, Any]], repeated: Collection[str]
) -> str | None:
    """Find the property that tells rows apart: the only id that no argument chooses.

    Of several ids it is the one that the path names. Rows with a date are a series, in which each
    thing comes once a day.

    Args:
        path: The operation's URL path.
        properties: The resolved schemas of a row's properties, by name.
        repeated: Properties that repeat an argument, or are filtered by one.

    Returns:
        Its name; None where no property surely tells rows apart.
    """
    found = []
    for name, schema in properties.items():
        if _DATES & {*words(name)}:
            return None
        limited = any(keyword in schema for keyword in _LIMITS)
        typed = schema.get("type") in ("string", "integer")
        if is_id(name) and name not in repeated and typed and not limited:
            found.append(name)
    named = [name for name in found if name.removesuffix("_id") in path.split("/")]
    chosen = found if len(found) == 1 else named
    return chosen[0] if len(chosen) == 1 else None
