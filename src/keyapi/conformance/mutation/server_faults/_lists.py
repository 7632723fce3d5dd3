"""Faults of the list that a server cuts into pages: its order, its filters, its rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from keyapi._facts import descending
from keyapi.conformance.mutation.server_faults._proxy import (
    Passing,
    Rows,
    Spoiler,
    server_fault,
)
from keyapi.sandbox import Reply
from keyapi.specification import OperationSpec

_TOP = 50  # rows that a server sorts which does not sort all


def _sorts(operation: OperationSpec) -> Iterator[tuple[str, str]]:
    """Each column and direction that an operation sorts by, where the direction is an order."""
    sort = operation.sort
    if sort is not None and sort.direction is not None:
        for column in operation.arguments[sort.field].members:
            for direction in operation.arguments[sort.direction].members:
                if descending(direction) is not None and column in operation.properties():
                    yield column, direction


def _where_sorted(
    operation: OperationSpec, change: Callable[[Passing, str, bool], Reply | None]
) -> Iterator[Spoiler]:
    """A fault for each column and direction."""
    for column, direction in _sorts(operation):

        def spoil(
            passing: Passing, column: str = column, direction: str = direction
        ) -> Reply | None:
            if not passing.good or passing.column() != (column, direction):
                return None
            return change(passing, column, bool(descending(direction)))

        yield Spoiler(f"sorted by {column}, {direction}", spoil)


def _where_filtered(
    operation: OperationSpec, change: Callable[[Passing, str], Reply | None]
) -> Iterator[Spoiler]:
    """A fault for each filter and each list of ids."""
    for name in (*operation.filters, *operation.ids):

        def spoil(passing: Passing, name: str = name) -> Reply | None:
            return change(passing, name) if passing.good and name in passing.arguments else None

        yield Spoiler(f"filtered by {name}", spoil)


@server_fault
def order_ignored(operation: OperationSpec) -> Iterator[Spoiler]:
    """One sort is ignored: rows come as they stand."""
    yield from _where_sorted(operation, lambda one, *_: one.served(one.unsorted()))


@server_fault
def order_turned(operation: OperationSpec) -> Iterator[Spoiler]:
    """One sort goes in the other direction."""
    yield from _where_sorted(operation, lambda one, *_: one.served(one.whole()[::-1]))


@server_fault
def order_by_another_column(operation: OperationSpec) -> Iterator[Spoiler]:
    """One sort is by another column."""

    def change(passing: Passing, column: str, downwards: bool) -> Reply | None:
        columns = [name for name, _ in _sorts(operation)]
        other = columns[(columns.index(column) + 2) % len(columns)]
        return passing.served(_sorted(passing.unsorted(), other, downwards))

    yield from _where_sorted(operation, change)


@server_fault
def order_as_text(operation: OperationSpec) -> Iterator[Spoiler]:
    """One sort compares numbers as text."""

    def change(passing: Passing, column: str, downwards: bool) -> Reply:
        rows = sorted(passing.unsorted(), key=lambda row: str(row.get(column)), reverse=downwards)
        return passing.served(rows)

    yield from _where_sorted(operation, change)


@server_fault
def order_within_pages(operation: OperationSpec) -> Iterator[Spoiler]:
    """One sort is only within each page."""

    def change(passing: Passing, column: str, downwards: bool) -> Reply:
        start = passing.start
        page = passing.unsorted()[start : start + passing.size]
        return passing.with_rows(_sorted(page, column, downwards))

    yield from _where_sorted(operation, change)


@server_fault
def order_of_the_top(operation: OperationSpec) -> Iterator[Spoiler]:
    """One sort puts only the first rows of the list in order."""

    def change(passing: Passing, column: str, downwards: bool) -> Reply:
        rows = passing.unsorted()
        return passing.served([*_sorted(rows[:_TOP], column, downwards), *rows[_TOP:]])

    yield from _where_sorted(operation, change)


@server_fault
def order_from_page_2(operation: OperationSpec) -> Iterator[Spoiler]:
    """One sort is forgotten after the first page."""

    def change(passing: Passing, column: str, downwards: bool) -> Reply | None:
        return passing.served(passing.unsorted()) if passing.page > 1 else None

    yield from _where_sorted(operation, change)


@server_fault
def sorted_list_cut_off(operation: OperationSpec) -> Iterator[Spoiler]:
    """One sort serves no more than the first rows."""
    yield from _where_sorted(operation, lambda one, *_: one.served(one.whole()[:_TOP]))


@server_fault
def sorted_without_a_row(operation: OperationSpec) -> Iterator[Spoiler]:
    """One sort leaves a row out."""

    def change(passing: Passing, *_: Any) -> Reply:
        rows = passing.whole()
        left_out = passing.unsorted()[-1:]
        return passing.served([row for row in rows if row not in left_out])

    yield from _where_sorted(operation, change)


@server_fault
def ties_by_page_size(operation: OperationSpec) -> Iterator[Spoiler]:
    """Rows that tie stand in another order in smaller pages."""

    def spoil(passing: Passing) -> Reply | None:
        if not passing.good:
            return None
        rows, (column, direction) = passing.whole(), passing.column()
        if passing.size >= _usual(operation) or not rows or (column and not direction):
            return None
        if not column:
            return passing.served(rows[::-1])
        return passing.served(_sorted(rows[::-1], column, bool(descending(direction))))

    if operation.paging is not None and operation.paging.size:
        yield Spoiler("smaller pages", spoil)


@server_fault
def ties_by_page(operation: OperationSpec) -> Iterator[Spoiler]:
    """Rows that tie stand in another order on every second page."""

    def spoil(passing: Passing) -> Reply | None:
        column, direction = passing.column()
        if not passing.good or passing.page % 2 or not direction:
            return None
        turned = _sorted(passing.whole()[::-1], column, bool(descending(direction)))
        return passing.served(turned)

    if any(_sorts(operation)):
        yield Spoiler("every second page", spoil)


@server_fault
def filter_ignored(operation: OperationSpec) -> Iterator[Spoiler]:
    """A filter is ignored."""
    yield from _where_filtered(operation, _without_filter(0))


@server_fault
def filter_ignored_from_page_2(operation: OperationSpec) -> Iterator[Spoiler]:
    """A filter is ignored after the first page."""
    yield from _where_filtered(operation, _without_filter(1))


def _without_filter(pages: int) -> Callable[[Passing, str], Reply | None]:
    def change(passing: Passing, name: str) -> Reply | None:
        return passing.served(_all(passing, name)) if passing.page > pages else None

    return change


def _all(passing: Passing, name: str) -> Rows:
    """The rows without a filter; of a list of ids, those of another id, too."""
    if name in passing.operation.filters:
        return passing.whole(**{name: None})
    ids = passing.arguments[name]
    more = [*ids, f"{int(ids[-1]) + 1}" if str(ids[-1]).isdigit() else f"{ids[-1]}1"]
    return passing.whole(**{name: more})


@server_fault
def filter_within_pages(operation: OperationSpec) -> Iterator[Spoiler]:
    """A filter is applied to each page of the whole list."""

    def change(passing: Passing, name: str) -> Reply:
        page = _all(passing, name)[passing.start : passing.start + passing.size]
        matching = passing.whole()
        return passing.with_rows([row for row in page if row in matching])

    yield from _where_filtered(operation, change)


@server_fault
def filter_loses_a_row(operation: OperationSpec) -> Iterator[Spoiler]:
    """A filtered list lacks a row."""

    def change(passing: Passing, name: str) -> Reply:
        left_out = passing.unsorted()[-1:]
        return passing.served([row for row in passing.whole() if row not in left_out])

    yield from _where_filtered(operation, change)


@server_fault
def filter_adds_a_row(operation: OperationSpec) -> Iterator[Spoiler]:
    """A filtered list ends with a row that does not match."""

    def change(passing: Passing, name: str) -> Reply:
        rows = passing.whole()
        others = [row for row in _all(passing, name) if row not in rows]
        return passing.served([*rows, *sorted(others, key=str)[-1:]])

    yield from _where_filtered(operation, change)


@server_fault
def filter_ignored_when_sorted(operation: OperationSpec) -> Iterator[Spoiler]:
    """A filter is ignored where the request sorts."""

    def change(passing: Passing, name: str) -> Reply | None:
        return passing.served(_all(passing, name)) if passing.column()[0] else None

    if operation.sort is not None:
        yield from _where_filtered(operation, change)


@server_fault
def order_ignored_when_filtered(operation: OperationSpec) -> Iterator[Spoiler]:
    """One sort is ignored where the request filters."""

    def change(passing: Passing, *_: Any) -> Reply | None:
        filters = passing.arguments.keys() & passing.operation.filters.keys()
        return passing.served(passing.unsorted()) if filters else None

    for spoiler in _where_sorted(operation, change) if operation.filters else ():
        if "desc" in spoiler.where:  # in the other direction, too, it would be the same code
            yield spoiler


@server_fault
def one_filter_of_several(operation: OperationSpec) -> Iterator[Spoiler]:
    """Of several filters, only the first counts."""
    first = next(iter(operation.filters), "")

    def spoil(passing: Passing) -> Reply | None:
        others = {name: None for name in operation.filters if name != first}
        asked = passing.good and first in passing.arguments
        return passing.served(passing.whole(**others)) if asked else None

    if len(operation.filters) > 1:
        yield Spoiler(f"with {first}", spoil)


@server_fault
def ids_in_part(operation: OperationSpec) -> Iterator[Spoiler]:
    """Of a list of ids, the last one is left out."""
    for name in operation.ids:

        def spoil(passing: Passing, name: str = name) -> Reply | None:
            ids = passing.arguments.get(name) or []
            if not passing.good or len(ids) < 2:
                return None
            return passing.served(passing.whole(**{name: ids[:-1]}))

        yield Spoiler(name, spoil)


@server_fault
def rows_of_another(operation: OperationSpec) -> Iterator[Spoiler]:
    """For one value of an argument that rows repeat, the rows are those of another."""
    for name in operation.echoes:
        shown: list[Any] = []

        def spoil(passing: Passing, name: str = name, shown: list[Any] = shown) -> Reply | None:
            value = passing.arguments.get(name)
            shown[:] = shown or [value]
            if not passing.good or value == shown[0]:
                return None
            return passing.served(passing.whole(**{name: shown[0]}))

        yield Spoiler(name, spoil)


def _sorted(rows: Rows, column: str, downwards: bool) -> Rows:
    """Rows in order; ties stay as they stand."""
    return sorted(
        rows,
        key=lambda row: (row.get(column) is not None, _comparable(row.get(column))),
        reverse=downwards,
    )


def _comparable(value: Any) -> Any:
    return value if isinstance(value, (int, float)) else json.dumps(value)


def _usual(operation: OperationSpec) -> int:
    """The page size that is usual for an operation, in rows."""
    return min((operation.paging.largest if operation.paging else None) or 10, 10)
