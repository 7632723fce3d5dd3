"""Pages: which are asked for, when a walk ends, and what a page promises."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import httpx

from keyapi import KeyAPIError, PaginationError
from keyapi._clients import async_twin
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import Caller, Inexpressible, read_path
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._pages.golden import golden_answers
from keyapi.conformance.relations._pages.page import as_pages
from keyapi.conformance.relations._shared import (
    Compared,
    decoded,
    is_first,
    put,
    put_cursor,
    put_more,
    success_answer,
    violation,
)
from keyapi.conformance.relations._tables.extras import as_extras
from keyapi.conformance.relations._tables.golden import golden_tables
from keyapi.conformance.relations._tables.pages import as_tables
from keyapi.contract import Violation
from keyapi.specification import OperationSpec, value_at

_CURSOR = 4711  # where the second page starts
_SIGNED = ("sign", "X-Tos-Signature", "size=1&x-expires")  # what differs by request
_CIRCLES: dict[str, Callable[[int], int | None]] = {
    "the same page again": lambda number: 0,
    "the same page after another": lambda number: min(number, 1),
    "two pages in turn": lambda number: number % 2,
    "three pages in turn": lambda number: number % 3,
}
"""Servers that never come to an end."""
_MOST = 12
"""Requests after which a walk in such a circle has ended."""
_BEYOND = (1, 40)
"""How many rows more than the largest page has are asked for."""
_END = 2 * _MOST
"""Requests after which even those servers come to an end."""


@relation("client -> spec", short="c>s", position=2)
@relation("spec -> client", short="s>c", position=4)
def pages_as_documented(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """A walk in a circle is noticed, and a page is a sequence that can be copied and pickled.

    Args:
        operation: The operation.
        caller: The client.
    """
    if is_first(operation):  # what no operation has a part in is looked at once
        yield from _unlike(operation, "answer", "answers by hand", golden_answers(caller))
        if find_spec("pyarrow"):
            yield from _unlike(operation, "table", "tables by hand", golden_tables())
        yield from _unlike(operation, "extra", "extras", as_extras(operation, caller))
    if operation.paging is None or (operation.name, True) not in caller.methods:
        return
    for name, page in _CIRCLES.items():
        for asynchronous in (False, True):
            found = _walk(operation, caller, page, asynchronous=asynchronous)
            if isinstance(found, Violation):
                return  # which "client -> spec" finds
            ended = isinstance(found.error, PaginationError) and len(found.positions) <= _MOST
            if not ended:
                told = f"{found.error!r} after {len(found.positions)} requests"
                broken = violation(operation, "circle", "PaginationError", told)
                yield Finding("client -> spec", name, broken)
    yield from _unlike(operation, "page", "a page", as_pages(operation, caller))
    yield from _unlike(operation, "table", "a table", as_tables(operation, caller))


def _unlike(
    operation: OperationSpec, what: str, case: str, compared: Compared
) -> Iterator[Finding]:
    """Where something is not as expected; what cannot be compared breaks a promise, too."""
    try:
        for rule, expected, found in compared:
            if expected != found:
                broken = violation(operation, f"{what} {rule}", expected, found)
                yield Finding("spec -> client", case, broken)
    except Exception as error:  # whatever a broken table raises
        broken = violation(operation, f"{what} raised", "no error", repr(error))
        yield Finding("spec -> client", case, broken)


def walked(operation: OperationSpec, caller: Caller) -> Iterator[Violation]:
    """An iterating method asks for the pages that there are, and for none behind the last.

    Args:
        operation: The operation.
        caller: The client.
    """
    for look in (_from_the_first, _from_the_last):
        found = list(look(operation, caller))
        yield from found
        if found:
            return


def _from_the_first(operation: OperationSpec, caller: Caller) -> Iterator[Violation]:
    """It asks for the first page, then for the next one, and then ends; also by larger pages."""
    paging = operation.paging
    if paging is None:
        return
    following = int(paging.start or 0) + 1 if paging.kind == "page" else _CURSOR
    expected = [_text(paging.start), str(following)]
    largest = paging.largest if paging.size else None
    for beyond in (0, *(largest + rows for rows in _BEYOND if largest)):
        found = list(_asks_for(operation, caller, expected, full=1, beyond=beyond))
        yield from found
        if found:
            return


def _from_the_last(operation: OperationSpec, caller: Caller) -> Iterator[Violation]:
    """Behind the highest page number that is documented nothing is asked for."""
    paging = operation.paging
    if paging is None or paging.kind != "page":
        return
    last = operation.arguments[paging.position].schema.get("maximum")
    if last is None:
        return
    for start in (last - 1, last):
        expected = [str(number) for number in range(start, last + 1)]
        yield from _asks_for(operation, caller, expected, full=len(expected), start_page=start)


def _asks_for(
    operation: OperationSpec,
    caller: Caller,
    expected: Sequence[str | None],
    *,
    full: int,
    beyond: int = 0,
    **start: Any,
) -> Iterator[Violation]:
    """Walk, and compare the positions that are asked for.

    Args:
        operation: The operation.
        caller: The client.
        expected: The positions.
        full: How many pages are full, and say that more follow where a flag tells; behind them are
            empty ones.
        beyond: As for `_walk`.
        **start: Where to start.
    """

    def page(number: int) -> int | None:
        return number if number < full else None

    found = _walk(operation, caller, page, beyond=beyond, **start)
    if isinstance(found, Violation):
        yield found
        return
    if found.error is not None:
        yield violation(operation, "walk", "pages", found.error)
        return
    rows = full * found.size + (found.last if len(expected) > full else 0)
    if found.positions != [*expected] or len(found.rows) != rows:
        told = f"{found.positions}, {len(found.rows)} rows"
        yield violation(operation, "walk", f"{expected}, {rows} rows", told)


class _Walked(NamedTuple):
    """What a walk asked for and gave.

    Attributes:
        positions: The positions that were asked for, as text.
        size: Rows of a full page.
        last: Rows of the last page.
        rows: The rows that were handed out.
        error: What ended it, if it did not end by itself.
    """

    positions: list[str | None]
    size: int
    last: int
    rows: list[Any]
    error: Exception | None


def _walk(
    operation: OperationSpec,
    caller: Caller,
    page: Callable[[int], int | None],
    *,
    asynchronous: bool = False,
    beyond: int = 0,
    **start: Any,
) -> _Walked | Violation:
    """Walk with a client, whose server serves made-up pages.

    Args:
        operation: The operation.
        caller: The client.
        page: Gives, for the number of a request from 0, the page that is served: full, and followed
            by others; None for the last, which is empty, or short where `beyond` says so.
        asynchronous: Whether to walk with the async client.
        beyond: Rows per page to ask for with `check_arguments=False`, above the documented largest,
            to which the server cuts pages down, the last one a row less; 0 to ask for no more.
        **start: Where to start.
    """
    paging = operation.paging
    case = next(iter(cases(operation)))
    assert paging is not None
    walk = {name: value for name, value in case.arguments.items() if name != paging.position}
    try:
        arguments = caller.arguments(operation.name, walk, walk=True)
    except Inexpressible as reason:
        return violation(operation, "inexpressible", walk, reason)
    positions: list[str | None] = []
    size = int(walk.get(paging.size or "") or 1)
    options: dict[str, Any] = {}
    last = 0
    if beyond and paging.size and paging.largest:
        last = paging.largest - 1 if paging.kind == "page" else 0  # a short page is the end
        size, options = paging.largest, {"check_arguments": False}
        arguments |= caller.arguments(operation.name, {**walk, paging.size: beyond}, walk=True)

    def answer(request: httpx.Request) -> httpx.Response:
        query = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        in_path = read_path(operation.path, request.url.path) or {}
        sent = {**query, **in_path, **(decoded(request.content) or {})}
        served = page(len(positions)) if len(positions) < _END else None
        positions.append(_text(sent.get(paging.position)))
        body = json.loads(success_answer(operation).content)
        row = (value_at(body, operation.items or ()) or [{}])[0]
        first, count = (_END * size, last) if served is None else (served * size, size)
        numbers = range(first, first + count)
        signed = [f"https://host.invalid/?{each}={len(positions)}" for each in _SIGNED]
        pictures = {"picture": signed, "pictures": json.dumps(signed)}
        rows = [{**row, "n": n, **pictures} for n in numbers]
        put(body, operation.items or (), rows)
        put_more(operation, body, more=served is not None)
        put_cursor(operation, body, _CURSOR + len(positions) - 1)
        return httpx.Response(200, json=body)

    method = caller.methods[operation.name, True]
    kind: Any = async_twin(caller.client) if asynchronous else caller.client
    client = kind("sk_contract", transport=httpx.MockTransport(answer), **options)
    rows: list[Any] = []
    error: Exception | None = None
    try:
        given = method.on(client)(**arguments, **start)
        if asynchronous:
            caller.run(_collected(given, rows))
        else:
            rows.extend(given)
    except (KeyAPIError, TypeError) as raised:
        error = raised
    caller.settled(client.close())
    return _Walked(positions, size, last, rows, error)


async def _collected(given: Any, rows: list[Any]) -> None:
    async for row in given:
        rows.append(row)  # noqa: PERF401 - what came before an error is kept


def _text(position: Any) -> str | None:
    return None if position is None else str(position)
