"""Answers by hand: what a page, an object or a list is made of, and where the next page is.

What is expected stands here after `docs/pages.md` and the docstrings of `Page` and of the runtime's
operations, which are made here as generated code makes them: of every kind of paging and of data,
whether or not an operation of the client is of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import httpx

from keyapi import InvalidResponse, KeyAPIError, Page, PaginationError
from keyapi._arguments import Integer
from keyapi._models import Model
from keyapi._operation import Operation, PagedOperation
from keyapi._paging import Cursor, PageNumbers
from keyapi.conformance.drivers import KEY, Caller
from keyapi.conformance.relations._shared import Compared

_ID, _FULL, _LAST = "0-request", 2, 3
_ROW = {"a": 1}
_YES: tuple[Any, ...] = (True, 1, 1.0, "true", " TRUE\n", "1", "yes", "Yes", "y")
_NO: tuple[Any, ...] = (False, 0, 0.0, "false", " False", "0", "no", "n", "N", "", "  ")
_NEITHER: tuple[Any, ...] = (None, "maybe", [], {}, ["true"])
_NOWHERE: tuple[Any, ...] = (None, "", 0, "0", -1, "-1", "no_more", "null", "none", "end", "END")
"""What a flag says, and what names no next page."""
_UNFIT: tuple[Any, ...] = (True, {"a": 1}, [4711])
_NO_NUMBERS: tuple[Any, ...] = ("4711.5", 4711.5, "é", "1" * 21)
"""What no cursor is, and what none is that is a number."""
_NO_LISTS: tuple[Any, ...] = ([], None, {"list": {}}, {"list": "x"})
_NO_OBJECTS: tuple[Any, ...] = (None, [], "text", 7)
_NO_ROWS: tuple[Any, ...] = (None, {}, "text")
_ANYTHING: tuple[Any, ...] = (None, 7, "text", [1], {"a": 1})
"""Data without a list of rows, without an object, and without rows; and any at all."""
_MORE, _NEXT = ("data", "flag"), ("data", "next")


class _Answered(NamedTuple):
    """An answer, and what comes of it.

    Attributes:
        paging: How the operation pages.
        asked: The number or cursor that was asked for.
        rows: How many rows the answer has.
        data: What else its data have.
        next: What asks for the next page; the class of an error where the answer is refused.
        has_more: Whether more follow.
    """

    paging: Any
    asked: Any
    rows: int
    data: Mapping[str, Any]
    next: Any
    has_more: bool


class Row(Model):
    """A row of such an operation."""

    __slots__ = ()


def _numbers(**facts: Any) -> PageNumbers:
    return PageNumbers(parameter="page", size="size", largest=_FULL, last=_LAST, **facts)


def _cursor(kind: type, **facts: Any) -> Cursor[Any]:
    return Cursor(parameter="page", next=_NEXT, type=kind, **facts)


def _by_number() -> Iterator[_Answered]:
    """A flag decides, or the next number; else a short page is the last, and the last allowed."""
    for rows, following in ((0, None), (1, None), (_FULL, 2)):
        yield _Answered(_numbers(), 1, rows, {}, following, following is not None)
        for flag in _NEITHER:
            told = _numbers(more=_MORE)
            yield _Answered(told, 1, rows, {"flag": flag}, following, following is not None)
        for says, more, end in (("more", _YES, _NO), ("last", _NO, _YES)):
            told = _numbers(more=_MORE, says=says)
            for flag in more:
                yield _Answered(told, 1, rows, {"flag": flag}, 2, True)
                yield _Answered(told, _LAST, rows, {"flag": flag}, None, False)
            for flag in end:
                yield _Answered(told, 1, rows, {"flag": flag}, None, False)
        told = _numbers(more=_NEXT, says="next")
        yield from (_Answered(told, 1, rows, {"next": n}, 2, True) for n in (2, "2", 7))
        yield from (_Answered(told, 1, rows, {"next": n}, None, False) for n in _NOWHERE)
    unsized = PageNumbers(parameter="page", first=0)
    for rows in (0, 1):
        yield _Answered(unsized, 0, rows, {}, 1 if rows else None, bool(rows))


def _by_cursor() -> Iterator[_Answered]:
    """A flag decides; else a page is the last that has no rows, or names no next one."""
    words: dict[type, list[tuple[Any, Any]]] = {
        str: [("é/=+", "é/=+"), (4711, "4711"), (4711.0, "4711"), ("4711", "4711")],
        int: [(4711, 4711), ("4711", 4711), (4711.0, 4711), (2**53 + 1, 2**53 + 1), ("-7", -7)],
    }
    flagged: tuple[dict[str, Any], ...] = ({}, {"flag": True}, {"flag": None})
    for kind, cursors in words.items():
        for (named, given), flag in ((pair, f) for pair in cursors for f in flagged):
            told = _cursor(kind, more=_MORE) if flag else _cursor(kind)
            yield _Answered(told, None, 1, {"next": named, **flag}, given, True)
        yield _Answered(_cursor(kind), None, 0, {"next": 4711}, None, False)
        yield _Answered(_cursor(kind, more=_MORE), None, 0, {"next": 7, "flag": 1}, kind(7), True)
        yield _Answered(_cursor(kind, more=_MORE), 7, 1, {"next": 7, "flag": 0}, None, False)
        for nowhere in _NOWHERE:
            yield _Answered(_cursor(kind), 7, 1, {"next": nowhere}, None, False)
        yield _Answered(_cursor(kind), 7, 1, {}, None, False)
        for lost in (None, ""):
            told = _cursor(kind, more=_MORE)
            yield _Answered(told, 7, 1, {"next": lost, "flag": True}, None, True)
        for odd in _UNFIT:
            yield _Answered(_cursor(kind), 7, 1, {"next": odd}, InvalidResponse, False)
    for odd in _NO_NUMBERS:
        yield _Answered(_cursor(int), 7, 1, {"next": odd}, InvalidResponse, False)
    yield _Answered(_cursor(str), 7, 1, {"next": 4711.5}, InvalidResponse, False)
    named = [4711, 1.5, "b", True, None]
    texts = _cursor(list, items=str)
    yield _Answered(_cursor(list), None, 1, {"next": named}, named, True)
    yield _Answered(texts, None, 1, {"next": named}, ["4711", "1.5", "b", True, None], True)
    yield _Answered(_cursor(list), None, 1, {"next": "text"}, InvalidResponse, False)


def golden_answers(caller: Caller) -> Compared:
    """Compare what a client makes of answers with what stands by hand.

    Args:
        caller: The client, whose runtime is looked at.
    """
    for each in (*_by_number(), *_by_cursor()):
        page = _called(
            caller, "_page", _paged(each.paging), _body(each.rows, each.data), each.asked
        )
        case = f"of {each.rows} rows, {dict(each.data)}, by {type(each.paging).__name__}"
        expected = each.next, each.has_more
        found = (page.next, page.has_more) if isinstance(page, Page) else (type(page), False)
        yield case, repr(expected), repr(found)
        if isinstance(page, InvalidResponse):
            told = (
                page.status,
                page.code,
                page.request_id,
                page.operation,
                "/data/next" in str(page),
            )
            yield f"{case}, error", (200, 0, _ID, "made", True), told
    yield from _rows(caller)
    yield from _data(caller)
    yield from _ends(caller)


def _rows(caller: Caller) -> Compared:
    """The rows are a list of objects, of which some may be null where that is documented."""
    nullable, told = {"nullable": True}, {"paging": _numbers(more=_MORE)}
    cases: list[tuple[Mapping[str, Any], Any, Any]] = [
        ({}, {"list": [_ROW, {}]}, [_ROW, {}]),
        ({}, {"list": [_ROW, None]}, "/data/list/1 is NoneType"),
        ({"null_rows": True}, {"list": [None, _ROW]}, [None, _ROW]),
        ({"null_rows": True}, {"list": [None, 7]}, "/data/list/1 is int"),
        ({}, {"list": [[], _ROW]}, "/data/list/0 is list"),
        ({}, {"list": None}, "/data/list is NoneType"),
        *((facts, {"list": None}, []) for facts in (nullable, told | nullable)),
        (told, {"list": None, "flag": False}, []),
        (told, {"list": None, "flag": None}, "/data/list is NoneType"),
        *((facts, {"flag": False}, "/data/list is NoneType") for facts in (nullable, told)),
        *((nullable, each, "/data/list is") for each in _NO_LISTS),
    ]
    for facts, data, expected in cases:
        found = _called(caller, "_page", _paged(**{"paging": _numbers(), **facts}), data, 1)
        rows = found.to_dicts() if isinstance(found, Page) else found
        yield from _compared(f"rows of {data} with {[*facts]}", expected, rows)


def _data(caller: Caller) -> Compared:
    """An object, a list or other data: as that is documented, else an error that says where."""
    none, view = {"nullable": True}, Row.from_dict
    cases: list[tuple[str, Mapping[str, Any], Any, Any]] = [
        ("_one", {}, _ROW, view(_ROW)),
        *(("_one", {}, each, "/data is ") for each in _NO_OBJECTS),
        ("_one", none, None, None),
        ("_one", none, [], "/data is list"),
        ("_many", {}, [_ROW, {}], [view(_ROW), view({})]),
        *(("_many", {}, each, "/data is ") for each in _NO_ROWS),
        ("_many", {}, [_ROW, 7], "/data/1 is int"),
        ("_many", {"null_rows": True}, [None, _ROW], [None, view(_ROW)]),
        ("_many", none, None, None),
        ("_many", none, {}, "/data is dict"),
        *(("_data", {}, each, each) for each in _ANYTHING),
        ("_data", {"received": (int, float)}, 7, 7),
        ("_data", {"received": (int, float)}, True, "/data is bool, not int or float"),
        ("_data", {"received": (str,)}, None, "/data is NoneType, not str"),
        ("_data", {"received": (str,), **none}, None, None),
        ("_data", {"received": (list,)}, [[_ROW], 7, None], [[view(_ROW)], 7, None]),
        ("_data", {"received": (dict,), "maps": 1}, {"k": _ROW}, {"k": view(_ROW)}),
        (
            "_data",
            {"received": (dict,), "maps": 2},
            {"k": {"l": [_ROW]}},
            {"k": {"l": [view(_ROW)]}},
        ),
    ]
    for method, facts, data, expected in cases:
        operation = Operation(name="made", method="GET", path="/x", model=lambda: Row, **facts)
        found = _called(caller, method, operation, data)
        yield from _compared(f"{method} of {data} with {dict(facts)}", expected, found)


def _compared(case: str, expected: Any, found: Any) -> Compared:
    if isinstance(expected, str) and isinstance(found, KeyAPIError):
        told = type(found), found.status, found.code, found.request_id, expected in str(found)
        yield case, (InvalidResponse, 200, 0, _ID, True), told
    else:
        yield case, repr(expected), repr(found)


def _ends(caller: Caller) -> Compared:
    """Where a walk cannot go on although more follow, its rows are handed out before the error."""
    lost = _cursor(str, more=_MORE)
    bodies = [{"list": [_ROW], "flag": True, "next": "b"}, {"list": [{"a": 2}], "flag": True}]
    rows, error, asked = _walked(caller, lost, bodies)
    facts = "status", "attempts", "request_id", "next_page", "rows_yielded"
    told = [getattr(error, name, None) for name in facts]
    found = type(error), rows, asked, *told, "/data/next" in str(error), "/data/flag" in str(error)
    expected = PaginationError, [_ROW, {"a": 2}], 2, 200, 1, _ID, "b", 2, True, True
    yield "of a walk whose cursor is lost", expected, found
    empty = {"list": [], "flag": True}
    for count, ends in ((10, True), (9, False)):
        bodies = [*[empty] * count, {"list": [_ROW], "flag": ends}]
        rows, error, asked = _walked(caller, PageNumbers(parameter="page", more=_MORE), bodies)
        outcome = error and type(error), rows, asked
        yield (
            f"of {count} empty pages",
            (PaginationError if ends else None, [_ROW] * (not ends), 10),
            outcome,
        )


def _walked(
    caller: Caller, paging: Any, bodies: Sequence[Any]
) -> tuple[list[Any], KeyAPIError | None, int]:
    """Walk: the rows, the error if one ended it, and how many requests were sent."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) > len(bodies):
            raise httpx.ConnectError("There are no more pages")
        return _response(bodies[len(asked) - 1])

    rows: list[Any] = []
    with caller.client(KEY, transport=httpx.MockTransport(answer), max_retries=0) as client:
        first = 1 if isinstance(paging, PageNumbers) else None
        walk = client._iterate(_paged(paging), {"page": first}, limit=None, max_pages=None)
        try:
            for row in walk:
                rows.append(row.to_dict())  # noqa: PERF401 - what came before an error is kept
        except KeyAPIError as error:
            return rows, error, len(asked)
    return rows, None, len(asked)


def _called(caller: Caller, method: str, operation: Any, data: Any, asked: Any = None) -> Any:
    """What a call gives, or raises."""
    paging = getattr(operation, "paging", None)
    arguments = {} if paging is None else {"page": asked}
    if paging is not None and paging.size:
        arguments["size"] = _FULL
    transport = httpx.MockTransport(lambda request: _response(data))
    with caller.client(KEY, transport=transport, max_retries=0) as client:
        try:
            return getattr(client, method)(operation, arguments)
        except KeyAPIError as error:
            return error


def _paged(paging: Any, **facts: Any) -> PagedOperation[Any, Any]:
    named = {"name": "made", "method": "GET", "path": "/x", "items": ("data", "list")}
    arguments = {"page": Integer()} if isinstance(paging, PageNumbers) else {}
    return PagedOperation(
        model=lambda: Row, paging=paging, arguments=arguments, **{**named, **facts}
    )


def _body(rows: int, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"list": [{**_ROW, "n": n} for n in range(rows)], **data}


def _response(data: Any) -> httpx.Response:
    return httpx.Response(200, json={"code": 0, "message": "ok", "data": data, "requestId": _ID})
