"""What must hold of the client: what it asks for, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keyapi import KeyAPIError, PaginationError
from keyapi._json import pointer
from keyapi.conformance.walking.rules import Broken, Made, rule
from keyapi.conformance.walking.walk import Seen, Walk

_EMPTY_PAGES = 10  # in a row, after which a client may give up


@rule("request", blame="client")
def requests_repeat_all_arguments(made: Made, walk: Walk) -> Iterator[Broken]:
    """Each request has all arguments of the walk, and the position that the answer before gives."""
    if walk.asked_otherwise is not None:
        number, expected, found = walk.asked_otherwise
        yield Broken(walk, expected, found, pointer=f"/request/{number}")


@rule("requests", blame="client")
def exactly_the_pages_there_are(made: Made, walk: Walk) -> Iterator[Broken]:
    """A page is asked for where the one before says so, and where it is needed; no other is."""
    expected, found = _requests(walk), len(walk.steps)
    if expected != found:
        yield Broken(walk, f"{expected} requests", f"{found} requests, {walk.error or 'no error'}")


def _requests(walk: Walk) -> int:
    """How many requests there must be, by the answers to those that there are."""
    plan = walk.plan
    if plan.mode != "single" and 0 in (plan.limit, plan.max_pages):
        return 0
    pages = rows = failures = empty = 0
    for number, one in enumerate(walk.seen):
        if not one.good:
            failures += 1
            if failures > (plan.trouble.retries if plan.trouble else 0):
                return number + 1
            continue
        pages, rows = pages + 1, rows + len(one.rows)
        empty = 0 if one.rows else empty + 1
        reached = (
            (plan.mode != "single" and plan.most_rows is not None and rows >= plan.most_rows)
            or (plan.max_pages is not None and pages >= plan.max_pages)
            or not one.follows(walk.size, walk.positions[number])
            or walk.positions[number + 1] is None
            or _is_given_up(walk, number, empty)
        )
        if reached:
            return number + 1
    return len(walk.seen) + 1


def _is_given_up(walk: Walk, number: int, empty: int) -> bool:
    """Whether the client may end with an error here: a page is repeated, or too many are empty."""
    if walk.error is None or number + 1 != len(walk.seen):
        return False
    return empty >= _EMPTY_PAGES or _is_repeated(walk.seen, number)


def _is_repeated(seen: list[Seen], number: int) -> bool:
    rows = seen[number].rows
    return bool(rows) and any(one.rows == rows for one in seen[:number])


@rule("handed-out", blame="client")
def rows_served_are_rows_handed_out(made: Made, walk: Walk) -> Iterator[Broken]:
    """The client hands out the rows that were served, each once, in order, up to the limit."""
    good = [one for one in walk.seen if one.good]
    served = [row for one in good for row in one.rows]
    if isinstance(walk.error, KeyAPIError) and good and _is_repeated(good, len(good) - 1):
        served = served[: len(served) - len(good[-1].rows)]  # the page is refused
    plan = walk.plan
    if plan.mode == "rows" and plan.most_rows is not None:
        served = served[: plan.most_rows]
    for number, (expected, found) in enumerate(zip(served, walk.rows, strict=False)):
        if expected != found:
            yield Broken(walk, expected, found, pointer=f"/row/{number}")
            return
    if len(served) != len(walk.rows):
        yield Broken(walk, f"{len(served)} rows, as served", f"{len(walk.rows)} rows")


@rule("error", blame="client")
def an_error_is_raised_and_never_taken_for_the_end(made: Made, walk: Walk) -> Iterator[Broken]:
    """Trouble is raised as the error that it is, with what is needed to resume; nothing else is."""
    trouble, error = walk.plan.trouble, walk.error
    expected = trouble.raised if trouble is not None else None
    reached = any(one.step.planted for one in walk.seen)
    if expected is not None and reached:
        if type(error) is not expected:
            yield Broken(walk, expected.__name__, repr(error))
        elif walk.plan.mode != "single":
            yield from _resumable(walk, error)
    elif error is not None and not _is_caused(walk):
        yield Broken(walk, "no error", repr(error))
    elif error is None and any(not one.good for one in walk.seen) and trouble is None:
        yield Broken(walk, "an error, as an answer is not a success", "none")


def _resumable(walk: Walk, error: Any) -> Iterator[Broken]:
    expected = walk.positions[-1], walk.plan.arguments.get(_size_name(walk)), len(walk.rows)
    found = error.next_page, error.page_size, error.rows_yielded
    if [str(value) for value in expected] != [str(value) for value in found]:
        yield Broken(walk, f"(next_page, page_size, rows_yielded) {expected}", found)


def _size_name(walk: Walk) -> str:
    paging = walk.operation.paging
    return (paging.size if paging else None) or ""


def _is_caused(walk: Walk) -> bool:
    """Whether an error is the client's word for what a server did."""
    if not isinstance(walk.error, KeyAPIError) or not walk.seen:
        return False
    last = walk.seen[-1]
    empty = len(walk.seen) >= _EMPTY_PAGES and not any(
        one.rows for one in walk.seen[-_EMPTY_PAGES:]
    )
    lost = last.follows(walk.size, walk.positions[-2]) and walk.positions[-1] is None
    return not last.good or empty or lost or _is_repeated(walk.seen, len(walk.seen) - 1)


@rule("page", blame="client")
def pages_say_where_they_stand(made: Made, walk: Walk) -> Iterator[Broken]:
    """A page knows its number, size, request id, and what follows it."""
    good = [number for number, one in enumerate(walk.seen) if one.good]
    paging = walk.operation.paging
    for number, page in zip(good, walk.pages, strict=False):
        one, position = walk.seen[number], walk.positions[number]
        more = one.follows(walk.size, position)
        following = walk.positions[number + 1] if more else None
        expected = {
            "rows": len(one.rows),
            "number": int(position) if paging and paging.kind == "page" else None,
            "size": walk.size,
            "has_more": more,
            "next": None if following is None else str(following),
            "request_id": one.body.get("requestId"),
        }
        found = page._asdict() | {"next": None if page.next is None else str(page.next)}
        for name, value in expected.items():
            if found[name] != value:
                yield Broken(
                    walk, value, found[name], pointer=pointer("page", number, name, root="")
                )
                return


@rule("progress", blame="client")
def an_iterator_says_where_it_stands(made: Made, walk: Walk) -> Iterator[Broken]:
    """An iterator knows what it fetched and handed out, and where the next row is."""
    if walk.progress is None or isinstance(walk.error, PaginationError):
        return
    if walk.positions[-1] is None and walk.seen and walk.seen[-1].follows(walk.size, None):
        return  # the answer does not say where the next page is
    good = [number for number, one in enumerate(walk.seen) if one.good]
    rows = sum(len(walk.seen[number].rows) for number in good)
    position, skip = walk.positions[-1], 0
    if good and rows > len(walk.rows):  # all pages but the last one are handed out
        position = walk.positions[good[-1]]
        skip = len(walk.rows) - (rows - len(walk.seen[good[-1]].rows))
    elif good and walk.error is None:
        last = walk.seen[good[-1]]
        position = position if last.follows(walk.size, walk.positions[good[-1]]) else None
    expected = [len(good), len(walk.rows), position, skip]
    if [str(value) for value in expected] != [str(value) for value in walk.progress]:
        yield Broken(walk, dict(zip(walk.progress._fields, expected, strict=True)), walk.progress)
