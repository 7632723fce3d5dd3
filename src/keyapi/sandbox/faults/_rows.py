"""Faults of lists of rows: they break the rules of paging, sorting, filters and echoes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keyapi._facts import descending
from keyapi.contract import tells_apart
from keyapi.sandbox.faults._fault import Exchange, Mutant, fault


@fault("too-many-rows")
def too_many_rows(exchange: Exchange) -> Iterator[Mutant]:
    """There are more rows than the page size."""
    paging, rows = exchange.operation.paging, exchange.rows
    size = exchange.arguments.get(paging.size) if paging and paging.size else None
    if rows and size is not None:
        more = [*rows, *exchange.after]
        while len(more) <= int(size):
            more.append({**more[-1], _a_text(more[-1]): f"row {len(more)}"})
        yield exchange.with_rows(more[: int(size) + 1])


@fault("duplicate-rows")
def duplicate_rows(exchange: Exchange) -> Iterator[Mutant]:
    """A page has a row twice."""
    rows = exchange.rows
    if rows and len(rows) > 1 and tells_apart(rows[0]):
        yield exchange.with_rows([rows[0], *rows[:-1]])


@fault("foreign-rows")
def foreign_rows(exchange: Exchange) -> Iterator[Mutant]:
    """A row belongs to someone other than requested."""
    rows = exchange.rows
    for echo in exchange.operation.echoes if rows else ():
        yield exchange.with_rows([*rows[:-1], {**rows[-1], echo: _other(rows[-1][echo])}])
    for name, prop in exchange.operation.ids.items():
        if rows and exchange.arguments.get(name):
            yield exchange.with_rows([*rows[:-1], {**rows[-1], prop: _other(rows[-1][prop])}])


@fault("filter-ignored")
def filter_ignored(exchange: Exchange) -> Iterator[Mutant]:
    """A row does not match the filter."""
    rows = exchange.rows
    for name, prop in exchange.operation.filters.items():
        if rows and exchange.arguments.get(name) is not None:
            yield exchange.with_rows([*rows[:-1], {**rows[-1], prop: _other(rows[-1][prop])}])


@fault("wrong-order")
def wrong_order(exchange: Exchange) -> Iterator[Mutant]:
    """Rows are not sorted as requested."""
    sort, rows = exchange.operation.sort, exchange.rows
    chosen = exchange.arguments.get(sort.field) if sort else None
    if rows and sort and chosen is not None and sort.direction in exchange.arguments:
        members = exchange.operation.arguments[sort.field].members
        column = next(name for name, value in members.items() if value == chosen)
        if rows[0][column] != rows[-1][column] and _ordered(exchange, str(sort.direction)):
            yield exchange.with_rows(rows[::-1])


def _ordered(exchange: Exchange, direction: str) -> bool:
    """Whether the direction asked for is an order, not, say, a shuffled one."""
    members = exchange.operation.arguments[direction].members
    asked = exchange.arguments[direction]
    return any(descending(name) is not None for name, value in members.items() if value == asked)


@fault("page-overlap")
def page_overlap(exchange: Exchange) -> Iterator[Mutant]:
    """A page begins with the last row of the previous page."""
    if exchange.rows and exchange.before and tells_apart(exchange.before[-1]):
        yield exchange.with_rows([exchange.before[-1], *exchange.rows[1:]])


@fault("repeated-page")
def repeated_page(exchange: Exchange) -> Iterator[Mutant]:
    """A page repeats the previous page."""
    if exchange.rows and exchange.before and tells_apart(exchange.before[-1]):
        yield exchange.with_rows(exchange.before[-len(exchange.rows) :])


def _a_text(row: Mapping[str, Any]) -> str:
    """Name of a string property, to tell rows apart."""
    return next((name for name, value in row.items() if isinstance(value, str)), "row")


def _other(value: Any) -> Any:
    """A different value of the same type."""
    return value + 1 if isinstance(value, int) else f"{value}1"
