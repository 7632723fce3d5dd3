"""Arguments by hand: what comes of them, in requests, walks and low-level functions.

What is expected stands here after docs/quickstart.md and the docstrings of the runtime.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import httpx

from keyapi import BadRequest, KeyAPIError
from keyapi import _arguments as kinds
from keyapi._arguments import UNSET
from keyapi._models import Model
from keyapi._operation import Operation, PagedOperation
from keyapi._paging import Cursor, PageNumbers
from keyapi.conformance.drivers import KEY, Caller
from keyapi.conformance.relations._sending.kinds import KINDS, Order, Part

Compared = Iterator[tuple[str, Any, Any]]
"""Rule, expected and found."""


_IN_PATH: dict[str, Any] = {"path": "/x/{of}/y", "path_parameters": {"id": "of"}}
_BODY: dict[str, Any] = {"method": "POST", "body": {"a": "A", "b": "b"}}
_LIST: dict[str, Any] = {"arguments": {"a": kinds.List(kinds.Text())}}
_NEEDED: dict[str, Any] = {"required": frozenset({"a"})}
_WHOLE: dict[str, Any] = {"arguments": {"a": kinds.Integer()}}
_OF_KINDS: dict[str, Any] = {
    "arguments": {
        "a": kinds.Boolean(),
        "b": kinds.List(kinds.Text()),
        "c": kinds.Number(),
        "d": kinds.Text(),
    }
}
_REQUESTS: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({}, {}, "GET /x"),
    ({}, {"a": None, "b": 7}, "GET /x?b=7"),
    ({}, {"a": True, "b": False, "c": 0.5}, "GET /x?a=true&b=false&c=0.5"),
    ({}, {"a": ["1", True], "b": "é &+"}, "GET /x?a=1&a=true&b=%C3%A9+%26%2B"),
    (_WHOLE, {"a": 7}, "GET /x?a=7"),
    (_OF_KINDS, {"a": True, "b": ["1"], "c": 0.5, "d": "e"}, "GET /x?a=true&b=1&c=0.5&d=e"),
    (_OF_KINDS, {"a": False, "b": None}, "GET /x?a=false"),
    (_OF_KINDS, {"d": "é"}, "GET /x?d=%C3%A9"),
    (_WHOLE | {"query": {"a": "a b"}}, {"a": 7}, "GET /x?a+b=7"),
    ({"query": {"a": "from", "b": "B"}}, {"a": "1", "b": ["2"]}, "GET /x?from=1&B=2"),
    ({"comma_joined": frozenset({"a"})}, {"a": ["1", 2], "b": [3]}, "GET /x?a=1%2C2&b=3"),
    ({"delimiters": {"a": "|"}}, {"a": ["1", "2"]}, "GET /x?a=1%7C2"),
    (_LIST, {"a": ()}, "a is empty; give a value, or leave it out"),
    (_LIST | _NEEDED, {"a": []}, "a is empty; give a value"),
    (_NEEDED, {"a": ""}, "a is empty; give a value"),
    (_NEEDED, {"a": None}, "a must not be None; give a value"),
    (_IN_PATH, {"id": "a/b c", "b": 1}, "GET /x/a%2Fb%20c/y?b=1"),
    (_IN_PATH, {"id": 7}, "GET /x/7/y"),
    *(
        (_IN_PATH, {"id": dots}, f"id must not be {dots!r}, which leads to another path")
        for dots in (".", "..")
    ),
    (_BODY, {"a": None}, "POST /x {}"),
    (_BODY, {"a": "", "b": [True], "c": 1}, 'POST /x?c=1 {"A": "", "b": [true]}'),
    (_BODY, {"a": None, "c": ["1"]}, "POST /x?c=1 {}"),
    (_BODY, {"a": b"x"}, "a must be text, got b'x'; decode it first"),
)
"""Facts of an operation, arguments, and the request, or the message that refuses them."""
_LISTED = "; check_arguments=False sends it as given"
_PAGES: tuple[tuple[Any, dict[str, Any], str, str], ...] = (
    *(
        (paging, {"at": at, "size": size}, told, f"GET /x?at={at}&size={size}")
        for paging, at, most in (
            (PageNumbers(parameter="at", size="size", last=3, largest=5), 3, 5),
            (PageNumbers(parameter="at", size="size", first=0, largest=2), 0, 2),
            (Cursor(parameter="at", next=("data",), type=str, size="size", largest=5), "c", 5),
        )
        for size, told in (
            (1, f"GET /x?at={at}&size=1"),
            (most, f"GET /x?at={at}&size={most}"),
            (0, f"size must be between 1 and {most}, got 0{_LISTED}"),
            (most + 1, f"size must be between 1 and {most}, got {most + 1}{_LISTED}"),
        )
    ),
    *(
        (PageNumbers(parameter="at", last=3), {"at": at}, f"{told}{_LISTED}", f"GET /x?at={at}")
        for at, told in (
            (0, "at must be between 1 and 3, got 0"),
            (4, "at must be between 1 and 3, got 4"),
        )
    ),
    *(
        (PageNumbers(parameter="at"), {"at": at}, told, sent)
        for at, told, sent in (
            (10**9, f"GET /x?at={10**9}", f"GET /x?at={10**9}"),
            (0, f"at must be 1 or more, got 0{_LISTED}", "GET /x?at=0"),
            (None, "at must not be None; give a value", "GET /x"),
        )
    ),
    *(
        (Cursor(parameter="at", next=("data",), type=int, size="size"), given, told, told)
        for given, told in (
            ({"at": None}, "GET /x"),
            ({"at": 7, "size": 10**6}, f"GET /x?at=7&size={10**6}"),
        )
    ),
)
"""How an operation pages, arguments, what comes of them, and what without the check."""
_KEYS = {"a_query": "a", "of": "id"}
_ORDER: Any = kinds.Member(lambda: Order)
_LOW: dict[str, Any] = {
    **_IN_PATH,
    "method": "POST",
    "body": {"order": "order", "b": "B"},
    "arguments": {"order": _ORDER, "a": kinds.Integer(1, 5)},
    "required": frozenset({"a"}),
}
_FUNCTIONS: tuple[tuple[dict[str, Any], Any], ...] = (
    ({"a_query": 2, "of": "i"}, {"a_query": 2, "of": "i"}),
    ({"a_query": 2, "of": UNSET}, {"a_query": 2, "of": UNSET}),
    ({"a_query": 2, "of": None}, {"a_query": 2, "of": UNSET}),
    ({"a_query": UNSET}, "a_query must not be None; give a value"),
    ({"a_query": 6}, f"a_query must be between 1 and 5, got 6{_LISTED}"),
    ({"a_query": 2, "of": "\n"}, r"of is blank: '\n'"),
    ({"a_query": 2, "body": UNSET}, {"a_query": 2, "body": UNSET}),
    ({"a_query": 2, "body": None}, {"a_query": 2, "body": UNSET}),
    ({"a_query": 2, "body": Part.from_dict({})}, {"a_query": 2, "body": {}}),
    ({"a_query": 2, "body": {"B": None}}, {"a_query": 2, "body": {"B": None}}),
    (
        {"a_query": 2, "body": Part.from_dict({"order": "desc", "more": Order.ASC})},
        {"a_query": 2, "body": {"order": 1, "more": 0}},
    ),
    ({"a_query": 2, "body": "x"}, "body must be of class Model, or a mapping, got 'x'"),
    ({"a_query": 2, "body": {"B": b"x"}}, "b must be text, got b'x'; decode it first"),
)
"""Arguments of a low-level function, and what it sends, or the message that refuses them."""


def golden_arguments(caller: Caller) -> Compared:
    """Compare what a client makes of arguments with what stands by hand.

    Args:
        caller: The client, whose runtime is looked at.
    """
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"code": 0, "message": "ok", "data": []})

    transport = httpx.MockTransport(answer)
    with caller.client(KEY, transport=transport, max_retries=0) as opened:
        strict: Any = opened
        lenient = strict.with_options(check_arguments=False)

        def sent(client: Any, operation: Any, arguments: Mapping[str, Any]) -> str:
            requests.clear()
            call = client._page if isinstance(operation, PagedOperation) else client._data
            return _told(lambda: call(operation, arguments), requests)

        for looks, client in product(KINDS, (strict, lenient)):
            made = _made(Operation, **_BODY | {"body": {"x": "x"}, "arguments": {"x": looks.kind}})
            for value, expected in looks.expected(checked=client is strict):
                case = f"{type(looks.kind).__name__} of {value!r}, {client is strict}"
                yield case, expected, sent(client, made, {"x": value})
        for facts, arguments, expected in _REQUESTS:
            made = _made(Operation, **facts)
            yield f"{arguments} with {facts}", expected, sent(strict, made, arguments)
        for paging, arguments, checked, unchecked in _PAGES:
            made = _made(PagedOperation, paging=paging)
            yield f"{arguments} with {paging}", checked, sent(strict, made, arguments)
            case = f"{arguments} with {paging}, unchecked"
            yield case, unchecked, sent(lenient, made, arguments)
        for arguments, expected in _FUNCTIONS:
            found = _checked(strict, arguments)
            yield f"a low-level function given {arguments}", expected, found


def _made(kind: Any, **facts: Any) -> Any:
    """An operation as generated code makes it."""
    return kind(**{"name": "made", "method": "GET", "path": "/x", "model": lambda: dict, **facts})


def _told(call: Callable[[], Any], requests: list[httpx.Request]) -> str:
    """The request that a call sent; else the message of its refusal."""
    try:
        call()
    except KeyAPIError as error:
        unsent = isinstance(error, BadRequest) and not requests and error.operation == "made"
        return error.message if unsent else repr(error)
    (request,) = requests
    body = f" {json.dumps(json.loads(request.content))}" if request.content else ""
    return f"{request.method} {request.url.raw_path.decode()}{body}"


def _checked(client: Any, arguments: Mapping[str, Any]) -> Any:
    """What a low-level function sends of its arguments."""
    try:
        found = client._checked(_made(Operation, **_LOW), arguments, _KEYS)
    except KeyAPIError as error:
        return error.message if error.operation == "made" else repr(error)
    body = found.get("body")
    return {**found, "body": body.to_dict()} if isinstance(body, Model) else found
