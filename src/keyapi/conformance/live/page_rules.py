"""Where pages of a live run contradict each other; each rule is registered by decorator.

What these rules need was paid for by other cases: they ask for nothing. Each looks at the newest
page, beside those that are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from keyapi.conformance.live.comparing import Broken, KnownPage, KnownPages, Row, Rule

RULES: dict[str, Rule] = {}
"""The rules, by the name that violations call them."""
_SHOWN = 60  # how much of a row a violation shows, in characters


def rule(name: str) -> Callable[[Rule], Rule]:
    """Register a function as a rule.

    Args:
        name: What violations call it.
    """

    def register(look: Rule) -> Rule:
        RULES[name] = look
        return look

    return register


@rule("overlap")
def _no_row_on_two_pages(known: KnownPages, page: KnownPage) -> Iterator[Broken]:
    """A row stands on one page of a list, whichever pages are looked at."""
    others = [other for other in known.pages if _same_list(other, page)]
    identity = known.identity([*others, page])
    for other in others:
        theirs = {_key(row, identity) for row in other.rows}
        for row in page.rows:
            if _key(row, identity) in theirs:
                shown = _key(row, identity)[:_SHOWN]
                yield Broken(f"no row of page {other.number}", f"{shown} once more")


@rule("figures")
def _the_same_row_has_the_same_figures(known: KnownPages, page: KnownPage) -> Iterator[Broken]:
    """Two answers have the same numbers for a row; its texts may hold URLs that are signed anew."""
    pages = [other for other in (*known.pages, page) if known.same_owner(other)]
    identity = known.identity(pages)
    if identity is None or page not in pages:
        return
    before = {str(row[identity]): (row, other) for other in pages[:-1] for row in other.rows}
    for row in page.rows:
        old, other = before.get(str(row[identity]), (row, page))
        for column, value in row.items():
            if _is_number(value) and _is_number(old.get(column)) and value != old[column]:
                where = f"as in {other.case.name}, {identity} {row[identity]}"
                yield Broken(f"{old[column]}, {where}", value, f"/{column}")


@rule("extremes")
def _a_sorted_first_page_has_the_extremes(known: KnownPages, page: KnownPage) -> Iterator[Broken]:
    """No row that is known comes before the end of a sorted first page, unless it is on it.

    So the largest of the first ascending page is at most the smallest of the first descending one,
    once there are as many rows as both have.
    """
    whole = [other for other in (*known.pages, page) if known.whole(other)]
    identity = known.identity(whole)
    for one in whole if identity is not None else ():
        order = known.ordered(one)
        if order is None or one.number != known.first or not one.is_full:
            continue
        column, downwards = order
        last = one.rows[-1].get(column)
        there = {row[identity or ""] for row in one.rows}
        than = "most" if downwards else "least"
        for other in whole:
            for row in other.rows:
                value = row.get(column)
                if row[identity or ""] not in there and _comes_before(value, last, downwards):
                    found = f"{value}, {identity} {row[identity or '']} in {other.case.name}"
                    expected = f"at {than} {last}, as {one.case.name} ends with it"
                    yield Broken(expected, found, f"/{column}")


@rule("same-rows")
def _lists_in_other_orders_are_the_same(known: KnownPages, page: KnownPage) -> Iterator[Broken]:
    """First pages have equally many rows in each order, and the same ones if they are all."""
    firsts = [
        other
        for other in (*known.pages, page)
        if known.whole(other) and other.number == known.first
    ]
    identity = known.identity(firsts)
    for other in firsts if page in firsts else ():
        if (other.size, len(other.rows)) != (page.size, len(page.rows)):
            if other.size == page.size:
                yield Broken(f"{len(other.rows)} rows, as in {other.case.name}", len(page.rows))
        elif identity and not page.is_full:
            there = {row[identity] for row in page.rows}
            for row in other.rows:
                if row[identity] not in there:
                    yield Broken(f"{identity} {row[identity]}, as in {other.case.name}", "nothing")


@rule("filtered")
def _a_filter_keeps_all_that_it_asks_for(known: KnownPages, page: KnownPage) -> Iterator[Broken]:
    """A filtered list that fits on one page has every known row with that value."""
    filters = known.operation.filters
    pages = [*known.pages, page]
    identity = known.identity(pages)
    for one in pages if identity else ():
        names = known.narrowed(one)
        alone = len(names) == 1 and names <= filters.keys() and known.same_owner(one)
        if not alone or one.is_full or one.number != known.first:
            continue
        (name,) = names
        wanted, there = str(one.case.arguments[name]), {row[identity or ""] for row in one.rows}
        for other in filter(known.whole, pages):
            for row in other.rows:
                chosen = str(row.get(filters[name])) == wanted
                if chosen and row[identity or ""] not in there:
                    expected = f"{identity} {row[identity or '']}, as in {other.case.name}"
                    yield Broken(expected, f"nothing in {one.case.name}")


@rule("hole")
def _pages_are_full_but_for_the_last(known: KnownPages, page: KnownPage) -> Iterator[Broken]:
    """Before a page with rows, every page is full."""
    same = [*(other for other in known.pages if _same_list(other, page)), page]
    last = max((other.number or 0 for other in same if other.rows), default=0)
    for other in same:
        if other.number is not None and other.number < last and not other.is_full:
            found = f"{len(other.rows)} rows, and rows on page {last}"
            yield Broken(f"{other.size} rows on page {other.number}", found)


def _same_list(one: KnownPage, other: KnownPage) -> bool:
    """Whether two pages are different pages of one list."""
    same = (one.query, one.size) == (other.query, other.size)
    return same and one.number is not None and one.number != other.number


def _key(row: Row, identity: str | None) -> str:
    return str(row[identity]) if identity else str(sorted(row.items()))


def _comes_before(value: Any, last: Any, downwards: bool) -> bool:
    if not (_is_number(value) and _is_number(last)):
        return False
    return bool(value > last if downwards else value < last)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
