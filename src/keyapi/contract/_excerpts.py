"""Parts of a large response that are small enough to list all that is wrong with them.

A validator lists each violation, with the value that breaks the rule, before it gives the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from keyapi._json import value_at

LARGEST = 2000
"""How many values a part may have."""
_ROWS = 100  # in one part: a row may be empty, and lack all that it should have
_ITEMS = 50  # of a list in a row that is larger than that
_PROPERTIES = 500  # of an object in one


class Excerpt(NamedTuple):
    """A part of a response: some of its rows, with what stands around all of them.

    Attributes:
        body: The part, whole.
        reduced: The part, with long lists and objects in it cut.
        first: Number of its first row.
        cut: Paths of what was cut, and of the rows where not all are in it.
    """

    body: Any
    reduced: Any
    first: int
    cut: frozenset[tuple[str | int, ...]]

    def misleads(self, path: tuple[str | int, ...], rule: str) -> bool:
        """Whether a violation may be due to what was cut."""
        if rule in _OF_SIZE:
            return path in self.cut
        return rule in _OF_PARTS and any(each[: len(path)] == path for each in self.cut)


# Rules that a value may break because it is cut, or because a part of it is.
_OF_SIZE = frozenset(
    {"required", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"}
)
_OF_PARTS = frozenset({"anyOf", "oneOf", "allOf", "not"})


def excerpts(body: Any, rows: tuple[str, ...]) -> Iterator[Excerpt]:
    """Cut a response into parts.

    Args:
        body: The response, decoded.
        rows: Path to its rows.
    """
    if not is_large(body):
        yield Excerpt(body, body, 0, frozenset())
        return
    found = value_at(body, rows) if rows else None
    all_rows = found if isinstance(found, list) and found else None
    if all_rows is None:
        cut: set[tuple[str | int, ...]] = set()
        yield Excerpt(body, _reduced(body, (), cut), 0, frozenset(cut))
        return
    around = {rows} if len(all_rows) > 1 else set()
    for first, part in _parts(all_rows):
        cut = {*around} if len(part) < len(all_rows) else set()
        whole = _with_rows(body, rows, part)
        yield Excerpt(whole, _reduced(whole, (), cut), first, frozenset(cut))


def is_large(value: Any) -> bool:
    """Whether a value has more values in it than are looked at in one part."""
    return _count(value, LARGEST) > LARGEST


def _parts(rows: list[Any]) -> Iterator[tuple[int, list[Any]]]:
    first = size = 0
    for number, row in enumerate(rows):
        values = _count(row, LARGEST)
        if number - first == _ROWS or (size + values > LARGEST and number > first):
            yield first, rows[first:number]
            first, size = number, 0
        size += values
    yield first, rows[first:]


def _with_rows(body: Any, path: tuple[str, ...], rows: list[Any]) -> Any:
    return {**body, path[0]: _with_rows(body[path[0]], path[1:], rows)} if path else rows


def _count(value: Any, most: int) -> int:
    """How many values there are in one, itself included; counted to a little beyond `most`."""
    count, waiting = 0, [value]
    while waiting and count <= most:
        value = waiting.pop()
        count += 1
        if isinstance(value, (dict, list)):
            items = value.values() if isinstance(value, dict) else value
            if len(value) > most:
                return count + len(value)
            waiting.extend(items)
    return count + len(waiting)


def _reduced(value: Any, path: tuple[str | int, ...], cut: set[tuple[str | int, ...]]) -> Any:
    """A copy with long lists and objects cut; their paths are added to `cut`."""
    if isinstance(value, list):
        if len(value) > _ITEMS and is_large(value):
            cut.add(path)
            value = value[:_ITEMS]
        return [_reduced(item, (*path, number), cut) for number, item in enumerate(value)]
    if isinstance(value, dict):
        names = list(value)
        if len(names) > _PROPERTIES:
            cut.add(path)
            names = names[:_PROPERTIES]
        return {name: _reduced(value[name], (*path, name), cut) for name in names}
    return value
