"""What must hold of a server's walk by itself, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from keyapi._json import pointer
from keyapi._words import is_id, words
from keyapi.conformance.judge import MEANING
from keyapi.conformance.walking.rules import Broken, Made, rule
from keyapi.conformance.walking.walk import Seen, Walk, key_of, matches

_OWN = MEANING - {"json-text", "code"} | {"ids"}  # rules that are worded here once more


@rule("status", blame="server")
def every_answer_is_a_success(made: Made, walk: Walk) -> Iterator[Broken]:
    """Every page of a good walk is answered with a success."""
    for number, one in enumerate(walk.seen, 1):
        if not one.good and not one.step.planted:
            answer = one.step.answer
            status = answer.status if answer is not None else "no answer"
            found = f"{status}, code {one.body.get('code')}: {one.body.get('message')}"
            expected = walk.operation.success_status
            yield Broken(walk, expected, found, pointer=f"/request/{number}")
            return


@rule("schema", blame="server")
def every_row_is_valid(made: Made, walk: Walk) -> Iterator[Broken]:
    """Every answer, and every row in it, fits its schema."""
    paging = walk.operation.paging
    for one in walk.own:
        answer = one.step.answer
        assert answer is not None
        row_keys = tuple(key_of(row) for row in one.rows)
        envelope = {name: value for name, value in one.body.items() if name != "requestId"}
        key = row_keys if row_keys and paging else (str(envelope),)
        identified: tuple[Any, ...] = (answer.headers.get("content-type"), *key)
        if identified in made.valid:
            continue
        found = made.contract.violations(
            walk.operation.name, answer.status, answer.content, headers=answer.headers
        )
        broken = [one for one in found if not one.additive and one.rule not in _OWN]
        if not broken:
            made.valid.add(identified)
        for violation in broken[:1]:
            where, name = violation.pointer, violation.rule
            yield Broken(walk, violation.expected, violation.found, where, rule=name)
            return


@rule("page-size", blame="server")
def pages_are_as_large_as_asked(made: Made, walk: Walk) -> Iterator[Broken]:
    """No page has more rows than were asked for."""
    for number, one in enumerate(walk.own, 1):
        if walk.size is not None and len(one.rows) > walk.size:
            found = f"{len(one.rows)} rows on page {number}"
            yield Broken(walk, f"at most {walk.size} rows", found)
            return


@rule("full-page", blame="server")
def pages_are_full_before_the_last(made: Made, walk: Walk) -> Iterator[Broken]:
    """Where pages are numbered and sized, a page that others follow is full."""
    paging = walk.operation.paging
    numbered = paging is not None and paging.kind == "page" and walk.size is not None
    for number, one in enumerate(walk.own if numbered else (), 1):
        if one.flag and 0 < len(one.rows) < (walk.size or 0):
            found = f"{len(one.rows)} rows on page {number}, which says that more follow"
            yield Broken(walk, f"{walk.size} rows", found)
            return


@rule("echo", blame="server")
def rows_repeat_what_was_asked(made: Made, walk: Walk) -> Iterator[Broken]:
    """Each row of each page repeats the arguments that it is documented to repeat."""
    echoes = {name: walk.plan.arguments.get(name) for name in walk.operation.echoes}
    yield from _matching(walk, echoes)


@rule("filter", blame="server")
def rows_match_the_filter(made: Made, walk: Walk) -> Iterator[Broken]:
    """Each row of each page is one of those that filters and lists of ids ask for."""
    filters = {
        prop: walk.plan.arguments.get(name)
        for name, prop in (*walk.operation.filters.items(), *walk.operation.ids.items())
    }
    yield from _matching(walk, filters)


def _matching(walk: Walk, wanted: Mapping[str, Any]) -> Iterator[Broken]:
    for prop, value in wanted.items():
        for number, row in enumerate(walk.served) if value is not None else ():
            if prop in row and not matches(row, prop, value):
                yield Broken(walk, value, row[prop], pointer(*("row", number, prop), root=""))
                return


@rule("order", blame="server")
def rows_are_in_order_across_pages(made: Made, walk: Walk) -> Iterator[Broken]:
    """Rows are in order over the whole walk; those without a value may stand anywhere."""
    column, downwards = walk.plan.column, walk.plan.downwards
    values = [
        (number, row[column])
        for number, row in enumerate(walk.served if column else ())
        if row.get(column) is not None
    ]
    for (_, first), (number, second) in pairwise(values):
        try:
            wrong = first < second if downwards else first > second
        except TypeError:  # of different types, which the schema's rule finds
            continue
        if wrong:
            than = "most" if downwards else "least"
            where = pointer("row", number, column, root="")
            yield Broken(walk, f"at {than} {first}, as in the row before", second, where)
            return


@rule("repeated-row", blame="server")
def no_row_comes_twice(made: Made, walk: Walk) -> Iterator[Broken]:
    """No row comes twice in a walk, unless it is one word that tells nothing apart."""
    rows = zip(walk.keys, walk.served, strict=True)
    apart = [key for key, row in rows if len(row) > 1 or any(map(is_id, row))]
    yield from _twice(walk, apart, "each row once")


@rule("unique-id", blame="server")
def no_id_comes_twice(made: Made, walk: Walk) -> Iterator[Broken]:
    """No two rows of a walk have one id; see `OperationSpec.identity`."""
    name = walk.operation.identity
    if name is not None:
        rows = dict(zip(walk.keys, walk.served, strict=True)).values()  # each row once
        ids = [str(row[name]) for row in rows if row.get(name) is not None]
        yield from _twice(walk, ids, f"each {name} once")


def _twice(walk: Walk, texts: list[str], expected: str, what: str = "row") -> Iterator[Broken]:
    seen: dict[str, int] = {}
    for number, text in enumerate(texts):
        if seen.setdefault(text, number) != number:
            found = f"{what} {seen[text]} again: {text}"
            yield Broken(walk, expected, found, pointer=f"/{what}/{number}")
            return


@rule("flag", blame="server")
def more_rows_follow_where_the_flag_says_so(made: Made, walk: Walk) -> Iterator[Broken]:
    """Where the flag says that more rows follow, the next page has rows."""
    for number, (first, second) in enumerate(pairwise(walk.seen), 1):
        planted = first.step.planted or second.step.planted
        if first.good and second.good and first.flag and not second.rows and not planted:
            yield Broken(walk, f"rows, as page {number} says that more follow", "no rows")
            return


@rule("cursor", blame="server")
def a_cursor_leads_on(made: Made, walk: Walk) -> Iterator[Broken]:
    """Where the flag says that more rows follow, an answer names where they start."""
    paging = walk.operation.paging
    for number, one in enumerate(walk.own, 1):
        if paging and paging.kind == "cursor" and one.flag and one.cursor is None:
            found = f"none on page {number}, which says that more follow"
            yield Broken(walk, "a next cursor", found, pointer(*paging.next, root=""))
            return


@rule("total", blame="server")
def totals_stay_the_same(made: Made, walk: Walk) -> Iterator[Broken]:
    """A total that stands beside the rows is the same on every page."""
    for first, second in pairwise(walk.own):
        before, after = _totals(first), _totals(second)
        for name in before.keys() & after.keys():
            if before[name] != after[name]:
                yield Broken(walk, before[name], after[name], pointer(*name, root=""))
                return


def _totals(one: Seen) -> dict[tuple[str, ...], Any]:
    """The numbers called a total that stand in an answer, but not in its rows."""
    found = {}
    items = one.operation.items or ()
    holders: list[tuple[tuple[str, ...], Any]] = [((), one.body)]
    for depth in range(1, len(items)):
        path = items[:depth]
        holder = one.body
        for key in path:
            holder = holder.get(key) if isinstance(holder, dict) else None  # type: ignore[assignment]  # null is nothing to look at
        holders.append((path, holder))
    for path, holder in holders:
        for name, value in holder.items() if isinstance(holder, dict) else ():
            if "total" in words(name) and isinstance(value, (int, str)):
                found[*path, name] = value
    return found


@rule("request-id", blame="server")
def every_answer_has_an_id_of_its_own(made: Made, walk: Walk) -> Iterator[Broken]:
    """Every answer of a walk has a `requestId` of its own."""
    ids = [str(one.body["requestId"]) for one in walk.own if one.body.get("requestId")]
    yield from _twice(walk, ids, "each requestId once", "answer")


@rule("end", blame="server")
def there_are_no_rows_past_the_end(made: Made, walk: Walk) -> Iterator[Broken]:
    """The page behind the last one has no rows."""
    if walk.plan.about == "past the end" and walk.served:
        yield Broken(walk, "no rows", f"{len(walk.served)} rows")
