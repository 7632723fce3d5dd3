"""Faults of pages: which rows a page has, and what it says of the next one.

Some are planted only where a list can be seen in another way, too: with another page size, or
sorted. Else a server that leaves rows out is as good as one that has fewer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from keyapi.conformance.mutation.server_faults._proxy import Passing, Spoiler, server_fault
from keyapi.sandbox import Reply
from keyapi.specification import OperationSpec

_LATE = 3  # the page at which a late fault begins
_MOST = 5  # rows of a page, of a server that has a bound of its own


def _late(
    operation: OperationSpec, change: Callable[[Passing], Reply | None], page: int = _LATE
) -> Iterator[Spoiler]:
    """A fault from a page on, for an operation with pages."""

    def spoil(passing: Passing) -> Reply | None:
        return change(passing) if passing.good and passing.page >= page else None

    if operation.paging is not None:
        yield Spoiler(f"from page {page}", spoil)


def _is_seen_otherwise(operation: OperationSpec) -> bool:
    """Whether the same list can be asked for in another way."""
    sized = operation.paging is not None and operation.paging.size is not None
    return sized or operation.sort is not None


def _only(operation: OperationSpec, change: Callable[[Passing], Reply | None]) -> Iterator[Spoiler]:
    """A fault of the third page."""

    def spoil(passing: Passing) -> Reply | None:
        return change(passing) if passing.good and passing.page == _LATE else None

    if operation.paging is not None:
        yield Spoiler(f"page {_LATE}", spoil)


@server_fault
def pages_overlap(operation: OperationSpec) -> Iterator[Spoiler]:
    """Late pages begin with the last row of the page before."""
    yield from _late(operation, lambda one: one.served(one.whole(), start=one.start - 1))


@server_fault
def a_page_overlaps(operation: OperationSpec) -> Iterator[Spoiler]:
    """One page begins with the last row of the page before, instead of its own first."""

    def change(passing: Passing) -> Reply:
        rows, start = passing.whole(), passing.start
        return passing.with_rows([rows[start - 1], *passing.rows[1:]])

    yield from _only(operation, change)


@server_fault
def a_row_is_lost(operation: OperationSpec) -> Iterator[Spoiler]:
    """Late pages begin one row late."""
    if _is_seen_otherwise(operation):
        yield from _late(operation, lambda one: one.served(one.whole(), start=one.start + 1))


@server_fault
def a_row_is_lost_in_the_middle(operation: OperationSpec) -> Iterator[Spoiler]:
    """One page lacks a row."""
    if _is_seen_otherwise(operation):
        yield from _only(operation, lambda one: one.with_rows(one.rows[:-2] + one.rows[-1:]))


@server_fault
def a_page_is_repeated(operation: OperationSpec) -> Iterator[Spoiler]:
    """One page repeats the one before."""

    def change(passing: Passing) -> Reply:
        start = passing.start - passing.size
        return passing.with_rows(passing.whole()[start : start + passing.size])

    yield from _only(operation, change)


@server_fault
def the_first_page_is_repeated(operation: OperationSpec) -> Iterator[Spoiler]:
    """A late page repeats the first one."""
    yield from _only(operation, lambda one: one.with_rows(one.whole()[: one.size]))


@server_fault
def pages_stop_at_a_depth(operation: OperationSpec) -> Iterator[Spoiler]:
    """Late pages repeat the last one that the server has."""
    yield from _late(
        operation, lambda one: one.with_rows(one.whole()[one.size * 3 : one.size * 4]), 5
    )


@server_fault
def two_pages_change_places(operation: OperationSpec) -> Iterator[Spoiler]:
    """The third page and the fourth change places."""

    def spoil(passing: Passing) -> Reply | None:
        if not passing.good or passing.page not in (_LATE, _LATE + 1) or passing.is_last:
            return None
        start = passing.start + (passing.size if passing.page == _LATE else -passing.size)
        return passing.with_rows(passing.whole()[start : start + passing.size])

    if _is_seen_otherwise(operation):
        yield Spoiler("pages 3 and 4", spoil)


@server_fault
def an_empty_page(operation: OperationSpec) -> Iterator[Spoiler]:
    """A page in the middle is empty."""
    yield from _only(operation, lambda one: one.with_rows([]))


@server_fault
def an_empty_page_first(operation: OperationSpec) -> Iterator[Spoiler]:
    """The first page is empty, although others follow."""

    def spoil(passing: Passing) -> Reply | None:
        return passing.with_rows([]) if passing.good and passing.page == 1 else None

    if operation.paging is not None:
        yield Spoiler("page 1", spoil)


@server_fault
def the_last_page_is_missing(operation: OperationSpec) -> Iterator[Spoiler]:
    """The last page is empty."""

    def spoil(passing: Passing) -> Reply | None:
        return passing.with_rows([]) if passing.good and passing.is_last else None

    if operation.paging is not None:
        yield Spoiler("the last page", spoil)


@server_fault
def the_last_row_is_missing(operation: OperationSpec) -> Iterator[Spoiler]:
    """The last page lacks its last row, where pages are small."""

    def spoil(passing: Passing) -> Reply | None:
        largest = operation.paging.largest if operation.paging else None
        small = passing.good and passing.size < (largest or 0)
        return passing.with_rows(passing.rows[:-1]) if small and passing.is_last else None

    paging = operation.paging
    if paging is not None and paging.size and paging.largest:
        yield Spoiler("small pages", spoil)


@server_fault
def pages_start_again(operation: OperationSpec) -> Iterator[Spoiler]:
    """Behind the last page, the first one comes again."""

    def spoil(passing: Passing) -> Reply | None:
        past = passing.good and passing.start >= len(passing.whole())
        return passing.with_rows(passing.whole()[: passing.size]) if past else None

    if operation.paging is not None:
        yield Spoiler("past the end", spoil)


@server_fault
def rows_hidden_behind_a_hole(operation: OperationSpec) -> Iterator[Spoiler]:
    """A page is empty and says that it is the last, but rows follow."""

    def spoil(passing: Passing) -> Reply | None:
        hole = 70  # a multiple of usual page sizes
        if not passing.good or not hole - passing.size < passing.start <= hole:
            return None
        rows = passing.rows[: max(0, hole - passing.start)]
        body = passing.leading_on(passing.start + passing.size, more=False)
        one = Passing(passing.proxy, operation, passing.request, body)
        return one.with_rows(rows)

    if operation.paging is not None and operation.paging.kind == "page":
        yield Spoiler("row 71", spoil)


@server_fault
def size_ignored(operation: OperationSpec) -> Iterator[Spoiler]:
    """The page size is ignored: pages are as large as the largest."""

    def spoil(passing: Passing) -> Reply | None:
        if not passing.good:
            return None
        size = (operation.paging.largest if operation.paging else None) or 10
        return passing.served(passing.whole(), start=(passing.page - 1) * size, size=size)

    if operation.paging is not None and operation.paging.size:
        yield Spoiler("all pages", spoil)


@server_fault
def size_bounded(operation: OperationSpec) -> Iterator[Spoiler]:
    """Pages have no more rows than a bound that no page documents."""

    def spoil(passing: Passing) -> Reply | None:
        return passing.with_rows(passing.rows[:_MOST]) if passing.good else None

    if _is_seen_otherwise(operation):
        yield Spoiler(f"{_MOST} rows", spoil)


@server_fault
def size_bounded_in_step(operation: OperationSpec) -> Iterator[Spoiler]:
    """Page sizes above a bound are cut down to it, and pages counted by it."""

    def spoil(passing: Passing) -> Reply | None:
        if not passing.good or passing.size <= _MOST:
            return None
        start = (passing.page - 1) * _MOST
        return passing.served(passing.whole(), start=start, size=_MOST)

    if operation.paging is not None and operation.paging.size:
        yield Spoiler(f"{_MOST} rows", spoil)


@server_fault
def one_row_too_many(operation: OperationSpec) -> Iterator[Spoiler]:
    """A late page has one row more than asked for."""
    if _is_seen_otherwise(operation):
        yield from _only(operation, lambda one: one.served(one.whole(), size=one.size + 1))


@server_fault
def position_ignored(operation: OperationSpec) -> Iterator[Spoiler]:
    """Every page is the first one."""
    yield from _late(operation, lambda one: one.served(one.whole(), start=0), 1)


@server_fault
def position_from_zero(operation: OperationSpec) -> Iterator[Spoiler]:
    """Pages are counted from the wrong number: the first one comes twice."""
    yield from _late(
        operation,
        lambda one: one.served(one.whole(), start=max(0, one.start - one.size)),
        1,
    )


@server_fault
def first_page_lacks_the_first_row(operation: OperationSpec) -> Iterator[Spoiler]:
    """The first page begins with the second row, and ends with the first of the next page."""

    def spoil(passing: Passing) -> Reply | None:
        first = passing.good and passing.page == 1
        return passing.served(passing.whole(), start=1) if first else None

    if _is_seen_otherwise(operation):
        yield Spoiler("page 1", spoil)


@server_fault
def pages_of_one_row_skip(operation: OperationSpec) -> Iterator[Spoiler]:
    """Pages of one row leave out every second row."""

    def spoil(passing: Passing) -> Reply | None:
        if not passing.good or passing.size > 1:
            return None
        return passing.served(passing.whole(), start=2 * passing.start)

    paging = operation.paging
    if paging is not None and paging.size and paging.kind == "page":
        yield Spoiler("pages of one row", spoil)


def _flagged(operation: OperationSpec) -> bool:
    return operation.paging is not None and bool(operation.paging.more)


@server_fault
def flag_stuck_on(operation: OperationSpec) -> Iterator[Spoiler]:
    """The flag says that more follow, on every page."""
    if _flagged(operation):
        yield from _late(operation, lambda one: one.leading_on(one.start + one.size, more=True), 1)


@server_fault
def flag_stuck_off(operation: OperationSpec) -> Iterator[Spoiler]:
    """The flag says that no more follow, on every page."""
    if _flagged(operation):
        yield from _late(operation, lambda one: one.leading_on(one.start + one.size, more=False), 1)


@server_fault
def flag_off_late(operation: OperationSpec) -> Iterator[Spoiler]:
    """The flag says in the middle that no more follow."""
    if _flagged(operation):
        yield from _late(operation, lambda one: one.leading_on(one.start + one.size, more=False))


@server_fault
def flag_on_at_the_end(operation: OperationSpec) -> Iterator[Spoiler]:
    """The flag of the last page says that more follow."""

    def spoil(passing: Passing) -> Reply | None:
        last = passing.good and passing.is_last and bool(passing.rows)
        return passing.leading_on(passing.start + passing.size, more=True) if last else None

    if _flagged(operation):
        yield Spoiler("the last page", spoil)


def _by_cursor(operation: OperationSpec) -> bool:
    return operation.paging is not None and operation.paging.kind == "cursor"


@server_fault
def cursor_repeated(operation: OperationSpec) -> Iterator[Spoiler]:
    """A late page names its own cursor as the next one."""
    if _by_cursor(operation):
        yield from _only(operation, lambda one: one.leading_on(one.start, more=True))


@server_fault
def cursor_skips(operation: OperationSpec) -> Iterator[Spoiler]:
    """A late page names a cursor behind the next row."""
    if _by_cursor(operation) and _is_seen_otherwise(operation):
        yield from _only(operation, lambda one: one.leading_on(one.start + one.size + 1, more=True))


@server_fault
def cursor_of_another_size(operation: OperationSpec) -> Iterator[Spoiler]:
    """A cursor is read as a page number, which means other rows with another page size."""

    def spoil(passing: Passing) -> Reply | None:
        if not passing.good or passing.start % passing.size == 0:
            return None
        start = passing.start // passing.size * passing.size
        return passing.served(passing.whole(), start=start)

    sized = operation.paging is not None and operation.paging.size is not None
    if _by_cursor(operation) and sized:
        yield Spoiler("smaller pages", spoil)


@server_fault
def cursor_goes_back(operation: OperationSpec) -> Iterator[Spoiler]:
    """A late page names the first page as the next one."""
    if _by_cursor(operation):
        yield from _only(operation, lambda one: one.leading_on(one.size, more=True))


@server_fault
def cursor_missing(operation: OperationSpec) -> Iterator[Spoiler]:
    """A page names no cursor, although the flag says that more follow."""

    def change(passing: Passing) -> Reply | None:
        paging, body = operation.paging, passing.body
        if paging is None or passing.is_last:
            return None
        holder = body
        for key in paging.next[:-1]:
            holder = holder[key]
        if isinstance(holder.get(paging.next[-1]), str):
            holder[paging.next[-1]] = ""
        else:
            holder.pop(paging.next[-1], None)
        return passing.reply.with_json(body)

    if _by_cursor(operation) and _flagged(operation):
        yield from _only(operation, change)
