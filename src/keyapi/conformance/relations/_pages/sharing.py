"""Walks: what threads or tasks may share, and a walk that is closed.

`docs/async.md`: "Share one client between all threads, or all tasks. Even a single iterator may be
shared: it hands out each row once."
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from threading import Barrier
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import httpx

from keyapi import KeyAPIError, Page
from keyapi._clients import async_twin
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Caller, Inexpressible, read_path
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._shared import (
    decoded,
    put,
    put_cursor,
    put_more,
    success_answer,
    unequal_cases,
)
from keyapi.specification import OperationSpec, value_at

_PAGES, _ROWS, _WORKERS = 4, 6, 3
_LATENCY = 0.002
"""Seconds of an answer, in which the other workers come to wait for it."""
_PAUSE = 0.001
"""Seconds for a row or page, in which the others take theirs."""
_CALLS, _ALLOWED = 8, 3


class _Shared(NamedTuple):
    """What is compared.

    Attributes:
        case: What was shared.
        rule: What of it is compared.
        expected: What it must be.
        found: What it was.
    """

    case: str
    rule: str
    expected: object
    found: object


@relation("walks", short="wlk", position=7)
def shared_as_documented(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """Workers that share a client or an iterator get each row once, and one budget.

    Args:
        operation: The operation.
        caller: The client.
    """
    if operation.paging is None or (operation.name, True) not in caller.methods:
        return
    try:
        sharing = _Sharing(operation, caller)
    except Inexpressible:
        return  # which "client -> spec" finds
    for look in (sharing.iterators, sharing.budgets, sharing.closed):
        for case, broken in unequal_cases(operation, look()):
            yield Finding("walks", case, broken)


class _Sharing:
    """An operation of a client, before a server that takes some time for each answer."""

    def __init__(self, operation: OperationSpec, caller: Caller) -> None:
        self._operation = operation
        self._caller = caller
        paging = operation.paging
        assert paging is not None
        self._paging = paging
        good = next(iter(cases(operation))).arguments
        walk = {name: value for name, value in good.items() if name != paging.position}
        self._size = int(walk.get(paging.size or "") or _ROWS)
        self._page = caller.arguments(operation.name, good)
        self._walk = caller.arguments(operation.name, walk, walk=True)

    def iterators(self) -> Iterator[_Shared]:
        """One iterator, from which all workers take rows, or pages."""
        numbers = [*range(_PAGES * self._size)]
        for by in ("row", "page"):
            for way, (handed, requests) in self._both(by):
                case = f"{way} share an iterator, {by} by {by}"
                yield _Shared(case, "rows", numbers, sorted(handed))
                yield _Shared(case, "requests", _PAGES + 1, requests)

    def budgets(self) -> Iterator[_Shared]:
        """One budget, which no number of workers exceeds."""
        price = self._operation.credits
        if not price:
            return
        for way, found in (("threads", self._calls()), ("tasks", self._tasks())):
            expected = _ALLOWED, _ALLOWED * price, _CALLS - _ALLOWED
            yield _Shared(f"{way} share a client", "budget", expected, found)

    def closed(self) -> Iterator[_Shared]:
        """A walk that is closed hands out nothing more, and asks for nothing more."""
        client, asked = self._open(asynchronous=False)
        walk = self._iterating(client)
        first = next(walk)
        walk.close()
        found = _numbers([first, *walk]), len(asked), walk.rows_yielded
        yield _Shared("a closed walk", "rows", ([0], 1, 1), found)
        client.close()
        found = self._caller.run(self._closed_later())
        yield _Shared("a closed walk, async", "rows", ([0], 1, 1), found)

    async def _closed_later(self) -> tuple[list[int], int, int]:
        client, asked = self._open(asynchronous=True)
        walk = self._iterating(client)
        first = await anext(walk)
        await walk.aclose()
        rows = _numbers([first, *[row async for row in walk]])
        await client.close()
        return rows, len(asked), walk.rows_yielded

    def _both(self, by: str) -> Iterator[tuple[str, tuple[list[int], int]]]:
        client, asked = self._open(asynchronous=False)
        shared = self._iterating(client)
        with ThreadPoolExecutor(_WORKERS) as pool:
            iterator = shared.pages() if by == "page" else shared
            handed: list[Any] = []
            start = Barrier(_WORKERS)
            taken = [pool.submit(_outcome, _take, start, iterator, handed) for _ in range(_WORKERS)]
            handed += [error for each in taken if (error := each.result()) is not None]
        client.close()
        yield "threads", (_numbers(handed), len(asked))
        yield "tasks", self._caller.run(self._in_tasks(by))

    async def _in_tasks(self, by: str) -> tuple[list[int], int]:
        client, asked = self._open(asynchronous=True)
        shared = self._iterating(client)
        iterator = shared.pages() if by == "page" else shared

        handed: list[Any] = []

        async def take() -> None:
            try:
                async for each in iterator:
                    handed.append(each)
                    await asyncio.sleep(_PAUSE)
            except KeyAPIError as error:
                handed.append(error)

        await asyncio.gather(*(take() for _ in range(_WORKERS)))
        await client.close()
        return _numbers(handed), len(asked)

    def _calls(self) -> tuple[int, int, int]:
        client, asked = self._open(asynchronous=False, **self._limited())
        with ThreadPoolExecutor(_CALLS) as pool:
            call = self._method(client)
            made = [pool.submit(_outcome, partial(call, **self._page)) for _ in range(_CALLS)]
            errors = [each.result() for each in made]
        client.close()
        return len(asked), client.credits_spent, _refused(errors)

    def _tasks(self) -> tuple[int, int, int]:
        async def calls() -> tuple[int, int, int]:
            client, asked = self._open(asynchronous=True, **self._limited())
            call = self._method(client)
            made = (call(**self._page) for _ in range(_CALLS))
            errors = await asyncio.gather(*made, return_exceptions=True)
            await client.close()
            return len(asked), client.credits_spent, _refused(errors)

        return self._caller.run(calls())

    def _limited(self) -> dict[str, Any]:
        return {"max_credits": _ALLOWED * self._operation.credits}

    def _method(self, client: Any) -> Callable[..., Any]:
        return self._caller.methods[self._operation.name, False].on(client)

    def _iterating(self, client: Any) -> Any:
        return self._caller.methods[self._operation.name, True].on(client)(**self._walk)

    def _open(self, *, asynchronous: bool, **options: Any) -> tuple[Any, list[int]]:
        """A client, and the numbers of the pages that it asks for."""
        asked: list[int] = []

        def answer(request: httpx.Request) -> httpx.Response:
            time.sleep(_LATENCY)
            return self._answer(request, asked)

        async def answer_later(request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(_LATENCY)
            return self._answer(request, asked)

        kind: Any = async_twin(self._caller.client) if asynchronous else self._caller.client
        transport = httpx.MockTransport(answer_later if asynchronous else answer)
        return kind(KEY, transport=transport, max_retries=0, **options), asked

    def _answer(self, request: httpx.Request, asked: list[int]) -> httpx.Response:
        paging = self._paging
        in_path = read_path(self._operation.path, request.url.path) or {}
        query = dict(parse_qsl(request.url.query.decode()))
        sent = {**query, **in_path, **(decoded(request.content) or {})}
        first = int(paging.start or 0) if paging.kind == "page" else 0
        position = sent.get(paging.position)
        position = position[0] if isinstance(position, list) else position
        page = int(position or first) - first
        asked.append(page)
        body = json.loads(success_answer(self._operation).content)
        items = self._operation.items or ()
        row = (value_at(body, items) or [{}])[0]
        numbers = range(page * self._size, (page + 1) * self._size) if page < _PAGES else range(0)
        put(body, items, [{**row, "n": number} for number in numbers])
        put_more(self._operation, body, more=page < _PAGES)
        put_cursor(self._operation, body, page + 1)
        return httpx.Response(200, json=body)


def _take(start: Barrier, iterator: Iterator[Any], handed: list[Any]) -> None:
    start.wait()
    for each in iterator:
        handed.append(each)
        time.sleep(_PAUSE)


def _outcome(call: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except KeyAPIError as error:
        return error


def _refused(results: Any) -> int:
    return sum(type(result).__name__ == "BudgetExceeded" for result in results)


def _numbers(handed: list[Any]) -> list[int]:
    """The numbers of rows, or of the rows of pages; -1 for an error."""
    rows = chain.from_iterable(each if isinstance(each, Page) else [each] for each in handed)
    return [_number(row) for row in rows]


def _number(row: Any) -> int:
    if isinstance(row, KeyAPIError):
        return -1
    number: int = (row if isinstance(row, dict) else row.to_dict())["n"]
    return number
