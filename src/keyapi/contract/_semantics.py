"""What paging, sorting, filters and echoes mean for the rows, which no schema says.

These checks serve each operation whose `x-keyapi` declares such facts; nothing is inferred here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from keyapi._facts import JsonText, descending
from keyapi._text import displayed
from keyapi.contract._violation import SHOWN
from keyapi.specification import OperationSpec, Schema, Specification, value_at

Rows = Sequence[Mapping[str, Any]]
_ID = re.compile(r"(?:^|_)(?:id|ID)$|[a-z]I[dD]$")


class Broken(NamedTuple):
    """What is wrong with the rows of a response.

    Attributes:
        path: Keys and indices from the top of the response.
        rule: What was broken: `page-size`, `order`, `filter`, `echo`, `ids`, `repeated-row`,
            `overlap`.
        expected: What should be there.
        found: What is there.
    """

    path: tuple[str | int, ...]
    rule: str
    expected: str
    found: Any


def broken_semantics(
    operation: OperationSpec, body: Any, arguments: Mapping[str, Any], before: Any
) -> Iterator[Broken]:
    """Find where the rows of a response do not match the request.

    Args:
        operation: The operation.
        body: The response, decoded.
        arguments: The request's arguments, by name in the request.
        before: The response for the page before, decoded, or None.
    """
    rows = _rows(operation, body)
    if not rows or operation.items is None:
        return
    for check in (_page_size, _order, _filters, _echoes, _ids, _repeated):
        for path, *rest in check(operation, rows, arguments):
            yield Broken((*operation.items, *path), *rest)
    earlier = {_text(row) for row in _rows(operation, before)}
    for index, row in enumerate(rows):
        if tells_apart(row) and _text(row) in earlier:
            yield Broken(
                (*operation.items, index), "overlap", "no row of the page before", _named(row)
            )
            return


def tells_apart(row: Mapping[str, Any]) -> bool:
    """Whether a row that comes twice is one row twice: it has an id, or more than one column.

    Two rows of one other column may well be equal: a caption, a tag, a day without sales.
    """
    return len(row) > 1 or any(map(_ID.search, row))


def json_texts(
    spec: Specification, value: Any, schema: Schema, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str, JsonText]]:
    """Yield each string that is documented to hold JSON, with its path and what it holds.

    Empty strings are skipped: they hold nothing, and are reported to occur.
    """
    schema = spec.resolved(schema)
    text = JsonText.of(schema)
    if text is not None and isinstance(value, str) and value:
        yield path, value, text
    elif isinstance(value, dict):
        for name, child in schema.get("properties", {}).items():
            if name in value:
                yield from json_texts(spec, value[name], child, (*path, name))
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from json_texts(spec, item, schema["items"], (*path, index))


def _rows(operation: OperationSpec, body: Any) -> Rows:
    """The rows of a response; what is not an object is left to the schema, and counts as empty."""
    rows = value_at(body, operation.items or ())
    found = rows if isinstance(rows, list) else []
    return [row if isinstance(row, dict) else {} for row in found]


def _page_size(operation: OperationSpec, rows: Rows, arguments: Mapping[str, Any]) -> Iterator[Any]:
    paging = operation.paging
    size = (arguments.get(paging.size or "") or paging.largest) if paging else None
    if size is not None and len(rows) > int(size):
        yield (), "page-size", f"at most {size} rows", f"{len(rows)} rows"


def _order(operation: OperationSpec, rows: Rows, arguments: Mapping[str, Any]) -> Iterator[Any]:
    sort = operation.sort
    if sort is None or sort.direction is None:
        return
    column = _member(operation, sort.field, arguments)
    direction = _member(operation, sort.direction, arguments)
    if column is None or direction is None:
        return  # unless both are given, the order is not documented
    downwards = descending(direction)
    if downwards is None:
        return  # a third order, such as a shuffled one
    values = [(index, row[column]) for index, row in enumerate(rows) if row.get(column) is not None]
    for (_, first), (index, second) in pairwise(values):
        try:
            wrong = first < second if downwards else first > second
        except TypeError:  # of different types, which the schema check reports
            continue
        if wrong:
            than = "most" if downwards else "least"
            yield (index, column), "order", f"at {than} {first}, as in the row before", second
            return


def _filters(operation: OperationSpec, rows: Rows, arguments: Mapping[str, Any]) -> Iterator[Any]:
    for name, prop in operation.filters.items():
        if arguments.get(name) is not None:
            yield from _equal(rows, prop, arguments[name], "filter", name)


def _echoes(operation: OperationSpec, rows: Rows, arguments: Mapping[str, Any]) -> Iterator[Any]:
    for name in operation.echoes:
        if arguments.get(name) is not None:
            yield from _equal(rows, name, arguments[name], "echo", name)


def _ids(operation: OperationSpec, rows: Rows, arguments: Mapping[str, Any]) -> Iterator[Any]:
    for name, prop in operation.ids.items():
        if arguments.get(name):
            yield from _equal(rows, prop, arguments[name], "ids", name)


def _equal(rows: Rows, prop: str, wanted: Any, rule: str, name: str) -> Iterator[Any]:
    allowed = {str(value) for value in (wanted if isinstance(wanted, list) else [wanted])}
    for index, row in enumerate(rows):
        if prop in row and _texts(row[prop]).isdisjoint(allowed):
            asking = f", as {name} asks"
            listed = _listed(sorted(allowed), SHOWN - len(asking))
            yield (index, prop), rule, f"{listed}{asking}", row[prop]
            return


def _listed(texts: Sequence[str], room: int) -> str:
    """The first of some texts, and how many more there are: a list of ids may be of any length.

    Args:
        texts: The texts.
        room: Characters that a violation shows of them.
    """
    listed = ""
    for number, text in enumerate(map(displayed, texts)):
        begun = f"{listed} or {text}" if listed else text
        if len(begun + _more(len(texts) - number - 1)) > room:
            break
        listed = begun
    else:
        return listed
    if listed:
        return listed + _more(len(texts) - number)
    ending = _more(len(texts) - 1)
    return f"{text[: max(0, room - len(ending) - 1)]}…{ending}"


def _more(count: int) -> str:
    return f" or {count:,} more" if count else ""


def _texts(value: Any) -> set[str]:
    """What an argument may say for a value: for a boolean, also 1 or 0."""
    if isinstance(value, bool):
        return {str(value), str(value).lower(), str(int(value))}
    return {str(value)}


def _repeated(operation: OperationSpec, rows: Rows, arguments: Mapping[str, Any]) -> Iterator[Any]:
    seen: dict[str, int] = {}
    for index, row in enumerate(rows):
        first = seen.setdefault(_text(row), index)
        if first != index and tells_apart(row):
            yield (index,), "repeated-row", "each row once", f"row {first} once more"
            return


def _member(operation: OperationSpec, name: str, arguments: Mapping[str, Any]) -> str | None:
    """Name of the enum member that an argument's value stands for."""
    members = operation.arguments[name].members
    return next((key for key, value in members.items() if value == arguments.get(name)), None)


def _text(row: Any) -> str:
    return json.dumps(row, sort_keys=True)


def _named(row: Mapping[str, Any]) -> str:
    """A row by the values that identify it best: its texts."""
    return ", ".join(value for value in row.values() if isinstance(value, str))
