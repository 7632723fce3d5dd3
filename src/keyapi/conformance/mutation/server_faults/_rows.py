"""Faults of one row in a hundred, and of rows that change from request to request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from keyapi._facts import JsonText
from keyapi.conformance.mutation.server_faults._proxy import (
    Passing,
    Rows,
    Spoiler,
    server_fault,
)
from keyapi.sandbox import Reply
from keyapi.specification import OperationSpec, Schema

_ROW = 57  # of about a hundred
_OTHER_ROW = 3


def _in_a_row(
    operation: OperationSpec,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    where: str,
) -> Iterator[Spoiler]:
    """A fault of one row, wherever it is served."""
    victims: list[dict[str, Any]] = []

    def spoil(passing: Passing) -> Reply | None:
        if not passing.good:
            return None
        if not victims:
            whole = passing.plain()
            victims.append(whole[min(_ROW, len(whole) - 1)] if whole else {})
        if victims[0] not in passing.rows:
            return None
        rows = [change(row) if row == victims[0] else row for row in passing.rows]
        return passing.with_rows(rows)

    if operation.paging is not None:
        yield Spoiler(f"{where} in one row", spoil)


def _each(
    operation: OperationSpec, fits: Callable[[Schema], bool], change: Callable[[Any], Any]
) -> Iterator[Spoiler]:
    """A fault of one row for each of its properties that a condition holds for."""
    for name, schema in operation.properties().items():
        if fits(schema):
            changed = lambda row, name=name: {**row, name: change(row.get(name))}  # noqa: E731
            yield from _in_a_row(operation, changed, name)


@server_fault
def null_in_a_row(operation: OperationSpec) -> Iterator[Spoiler]:
    """One row in a hundred has null where none is allowed."""
    yield from _each(
        operation, lambda schema: "type" in schema and not schema.get("nullable"), lambda _: None
    )


@server_fault
def negative_count_in_a_row(operation: OperationSpec) -> Iterator[Spoiler]:
    """One row in a hundred has a negative count."""
    yield from _each(operation, lambda schema: schema.get("minimum") == 0, lambda _: -1)


@server_fault
def text_in_a_row(operation: OperationSpec) -> Iterator[Spoiler]:
    """One row in a hundred has a number as text."""
    yield from _each(operation, lambda schema: schema.get("type") in ("integer", "number"), str)


@server_fault
def number_in_a_row(operation: OperationSpec) -> Iterator[Spoiler]:
    """One row in a hundred has a number where a text should be."""
    yield from _each(operation, lambda schema: schema.get("type") == "string", lambda _: 7)


@server_fault
def damaged_json_in_a_row(operation: OperationSpec) -> Iterator[Spoiler]:
    """One row in a hundred has JSON text that is cut short."""
    yield from _each(
        operation, lambda schema: JsonText.of(schema) is not None, lambda text: str(text)[:-1]
    )


@server_fault
def echo_wrong_in_a_row(operation: OperationSpec) -> Iterator[Spoiler]:
    """One row in a hundred is of someone other than requested."""
    for name in (*operation.echoes, *operation.ids.values()):
        changed = lambda row, name=name: {**row, name: _other(row.get(name))}  # noqa: E731
        yield from _in_a_row(operation, changed, name)


@server_fault
def echo_wrong_on_page_3(operation: OperationSpec) -> Iterator[Spoiler]:
    """The rows of page 3 are of someone other than requested."""
    for name in (*operation.echoes, *operation.ids.values()):

        def spoil(passing: Passing, name: str = name) -> Reply | None:
            if not passing.good or passing.page != 3:
                return None
            rows = [{**row, name: _other(row.get(name))} for row in passing.rows]
            return passing.with_rows(rows)

        yield Spoiler(f"{name} on page 3", spoil)


def _other(value: Any) -> Any:
    """Another value of the same type."""
    return value + 1 if isinstance(value, int) else f"{value}1"


@server_fault
def same_id_other_figures(operation: OperationSpec) -> Iterator[Spoiler]:
    """A row has the id of another one, and other figures."""
    name = operation.identity

    def spoil(passing: Passing) -> Reply | None:
        plain = passing.plain() if passing.good else []
        if name is None or len(plain) <= _ROW:
            return None
        victim, other = plain[_ROW], plain[_OTHER_ROW]
        rows = [{**row, name: other[name]} if row == victim else row for row in passing.rows]
        return passing.with_rows(rows)

    if operation.paging is not None and name is not None:
        yield Spoiler(name, spoil)


@server_fault
def same_row_twice(operation: OperationSpec) -> Iterator[Spoiler]:
    """A row comes twice in the list, one after the other."""

    def spoil(passing: Passing) -> Reply | None:
        plain = passing.plain() if passing.good else []
        twice = plain[_OTHER_ROW : _OTHER_ROW + 1]
        rows = [row for row in passing.whole() for _ in range(1 + (row in twice))] if twice else []
        return passing.served(rows) if rows else None

    if operation.paging is not None:
        yield Spoiler("one row", spoil)


def _figures(rows: Rows, operation: OperationSpec) -> Rows:
    """The rows with other figures; with another text where they have none."""
    facts = {*operation.echoes, *operation.filters.values(), *operation.ids.values()}
    sort = operation.sort
    columns = operation.arguments[sort.field].members if sort else ()
    for kind in ("number", "integer", "string"):
        for name, schema in operation.properties().items():
            apart = name in facts or name in columns or name == operation.identity
            bounded = {"enum", "pattern", "maximum", "maxLength", "x-keyapi"} & schema.keys()
            if schema.get("type") == kind and not apart and not bounded:
                return [{**row, name: _other(row[name])} if name in row else row for row in rows]
    return rows


@server_fault
def figures_by_page_size(operation: OperationSpec) -> Iterator[Spoiler]:
    """Rows have other figures in smaller pages."""

    def spoil(passing: Passing) -> Reply | None:
        largest = (operation.paging.largest if operation.paging else None) or 10
        if not passing.good or passing.size >= largest:
            return None
        return passing.with_rows(_figures(passing.rows, operation))

    if operation.paging is not None and operation.paging.size:
        yield Spoiler("smaller pages", spoil)


@server_fault
def figures_by_sort(operation: OperationSpec) -> Iterator[Spoiler]:
    """Rows have other figures where the request sorts."""

    def spoil(passing: Passing) -> Reply | None:
        if not passing.good or not passing.column()[1]:
            return None
        return passing.with_rows(_figures(passing.rows, operation))

    if operation.sort is not None and operation.sort.direction is not None:
        yield Spoiler("sorted", spoil)


@server_fault
def figures_by_filter(operation: OperationSpec) -> Iterator[Spoiler]:
    """Rows have other figures where the request filters."""
    for name in operation.filters:

        def spoil(passing: Passing, name: str = name) -> Reply | None:
            if not passing.good or name not in passing.arguments:
                return None
            return passing.with_rows(_figures(passing.rows, operation))

        yield Spoiler(name, spoil)


@server_fault
def rows_rotate(operation: OperationSpec) -> Iterator[Spoiler]:
    """The rows of a page stand in another order with every request."""

    def spoil(passing: Passing) -> Reply | None:
        rows = passing.rows if passing.good and not passing.column()[0] else []
        turn = passing.number % len(rows) if rows else 0
        return passing.with_rows([*rows[turn:], *rows[:turn]]) if turn else None

    if operation.paging is not None:
        yield Spoiler("by request", spoil)


@server_fault
def rows_rotate_when_asked_again(operation: OperationSpec) -> Iterator[Spoiler]:
    """The rows of a page stand in another order when it is asked for again."""

    def spoil(passing: Passing) -> Reply | None:
        rows = passing.rows if passing.good and not passing.column()[0] else []
        return passing.with_rows([*rows[1:], *rows[:1]]) if passing.before and rows else None

    if operation.paging is not None:
        yield Spoiler("the second time", spoil)


@server_fault
def figures_change(operation: OperationSpec) -> Iterator[Spoiler]:
    """A page has other figures when it is asked for again."""

    def spoil(passing: Passing) -> Reply | None:
        if not passing.good or not passing.before:
            return None
        return passing.with_rows(_figures(passing.rows, operation))

    if operation.paging is not None:
        yield Spoiler("the second time", spoil)


@server_fault
def rows_drift(operation: OperationSpec) -> Iterator[Spoiler]:
    """The list moves on by one row in the middle of each walk."""

    def spoil(passing: Passing) -> Reply | None:
        drifts = passing.good and passing.number % 5 == 0  # every fifth request
        return passing.served(passing.whole(), start=max(0, passing.start - 1)) if drifts else None

    if operation.paging is not None:
        yield Spoiler("every fifth request", spoil)
