"""A proxy between a client and a sandbox, which changes answers on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import unquote

import httpx

from keyapi.conformance.walking.walker import WalkServer
from keyapi.sandbox import Reply, Sandbox, SandboxRequest
from keyapi.specification import OperationSpec, value_at

Rows = list[dict[str, Any]]
_USUAL_SIZE = 10  # rows of a sandbox's page where nothing says how many


class Spoiler(NamedTuple):
    """A fault at one point.

    Attributes:
        where: The point: a column, a page, a row.
        spoil: Gives the answer with the fault, or None for the answer as it is.
        charge: Gives what the server says that it charged, by what it did, in credits.
    """

    where: str
    spoil: Callable[[Passing], Reply | None]
    charge: Callable[[int], int] = int


class ServerFault(NamedTuple):
    """One kind of fault.

    Attributes:
        name: Its name.
        description: What is wrong, in one line.
        spoilers: Yields the fault once for each point where an operation can have it.
    """

    name: str
    description: str
    spoilers: Callable[[OperationSpec], Iterator[Spoiler]]


def server_fault(
    spoilers: Callable[[OperationSpec], Iterator[Spoiler]],
) -> ServerFault:
    """Turn a function into a fault of its name; its docstring becomes the description."""
    name = spoilers.__name__.replace("_", "-")
    return ServerFault(name, (spoilers.__doc__ or "").rstrip("."), spoilers)


class Passing:
    """An exchange on its way through the proxy.

    Args:
        proxy: The proxy.
        operation: The operation.
        request: The request.
        reply: The sandbox's answer.

    Attributes:
        number: The number of the request, from 1.
        arguments: Its arguments, by name in the request.
        before: How often the same request came before.
    """

    def __init__(
        self, proxy: Proxy, operation: OperationSpec, request: SandboxRequest, reply: Reply
    ) -> None:
        self.proxy = proxy
        self.operation = operation
        self.request = request
        self.reply = reply
        self.number = proxy.number
        self.before = proxy.asked.count((request.query, request.body)) - 1
        self.arguments = operation.read_arguments(request.query, request.body)

    @cached_property
    def good(self) -> bool:
        """Whether the sandbox's answer is a success with a list of rows."""
        success = self.reply.status == self.operation.success_status
        return success and self.operation.items is not None

    @property
    def body(self) -> Any:
        """The answer, decoded; a new object each time."""
        return self.reply.json

    @property
    def rows(self) -> Rows:
        """The rows of the answer."""
        rows = value_at(self.body, self.operation.items or ("",))
        return rows if isinstance(rows, list) else []

    @property
    def size(self) -> int:
        """Rows of a page, as the sandbox has it."""
        paging = self.operation.paging
        asked = self.arguments.get(paging.size or "") if paging else None
        return int(asked or (paging.largest if paging else None) or _USUAL_SIZE)

    @property
    def start(self) -> int:
        """The index of the page's first row in the whole list."""
        paging = self.operation.paging
        position = self.arguments.get(paging.position) if paging else None
        if paging is None or paging.kind == "cursor":
            return int((position[0] if isinstance(position, list) else position) or 0)
        first = int(paging.start or 0)
        return (int(first if position is None else position) - first) * self.size

    @property
    def page(self) -> int:
        """The number of the page, from 1, however the operation pages."""
        return self.start // self.size + 1

    @property
    def is_last(self) -> bool:
        """Whether no rows follow."""
        return self.start + self.size >= len(self.whole())

    def whole(self, **changed: Any) -> Rows:
        """All rows of the request; of other arguments where they are named (None: left out)."""
        return self.proxy.whole(self.operation, {**self.arguments, **changed})

    def unsorted(self) -> Rows:
        """All rows of the request, as they stand where it does not sort."""
        return self.whole(**dict.fromkeys(filter(None, self.operation.sort or ())))

    def plain(self) -> Rows:
        """All rows of the request, neither sorted nor filtered."""
        names = (*(self.operation.sort or ()), *self.operation.filters)
        return self.whole(**dict.fromkeys(filter(None, names)))

    def column(self) -> tuple[str, str]:
        """The column and the direction that the request sorts by; empty where it names none."""
        names = (*(self.operation.sort or ()), None, None)[:2]
        return tuple(self._member(name) for name in names)  # type: ignore[return-value]  # two names

    def _member(self, name: str | None) -> str:
        members = self.operation.arguments[name].members if name else {}
        asked = self.arguments.get(name or "")
        return next((member for member, value in members.items() if value == asked), "")

    def with_rows(self, rows: Sequence[Any]) -> Reply:
        """The answer with other rows, and nothing else changed."""
        body = self.body
        _put(body, self.operation.items or (), list(rows))
        return self.reply.with_json(body)

    def served(self, whole: Rows, *, start: int | None = None, size: int | None = None) -> Reply:
        """The answer as of a server whose list is another one, or which finds other pages in it."""
        start = self.start if start is None else start
        size = self.size if size is None else size
        body = self.body
        stop = min(start + size, len(whole))
        _put(body, self.operation.items or (), whole[start:stop])
        service = self.proxy.sandbox._service
        paging = self.operation.paging
        if paging is not None:
            more = stop < len(whole)
            service._lead_on(self.operation, paging, body, stop, size, more=more)
        return self.reply.with_json(body)

    def leading_on(self, stop: int, *, more: bool) -> Reply:
        """The answer with another cursor and flag."""
        body, paging = self.body, self.operation.paging
        if paging is not None:
            self.proxy.sandbox._service._lead_on(
                self.operation, paging, body, stop, self.size, more=more
            )
        return self.reply.with_json(body)

    def refused(self, status: int) -> Reply:
        """An error in the place of the answer, which costs nothing."""
        self.proxy.sandbox.ledger.refund(self.operation.credits)
        body = json.dumps({"code": status, "message": "trouble", "data": None}).encode()
        return replace(self.reply, status=status, body=body)

    def retyped(self, content_type: str) -> Reply:
        """The answer under another content type."""
        return replace(self.reply, headers={**self.reply.headers, "content-type": content_type})


class Proxy(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Carries requests to a sandbox, and its answers back, with a fault.

    Args:
        sandbox: The sandbox.
        operation: The operation whose answers have the fault.
        spoiler: The fault.

    Attributes:
        number: How many requests came.
        asked: Query and body of each.
    """

    def __init__(self, sandbox: Sandbox, operation: OperationSpec, spoiler: Spoiler) -> None:
        self.sandbox = sandbox
        self._operation = operation
        self._spoiler = spoiler
        self.number = 0
        self.asked: list[tuple[str, bytes]] = []

    @property
    def server(self) -> WalkServer:
        """The proxy as a server to walk on."""
        ledger, charge = self.sandbox.ledger, self._spoiler.charge
        url = "http://proxy.invalid"  # no resolver knows it
        return WalkServer(self, url, self.sandbox.key, lambda: charge(ledger.charged))

    def respond(self, request: SandboxRequest) -> Reply:
        """Answer one request, without any transport."""
        self.number += 1
        self.asked.append((request.query, request.body))
        reply = self.sandbox.respond(request)
        passing = Passing(self, self._operation, request, reply)
        return self._spoiler.spoil(passing) or reply

    def whole(self, operation: OperationSpec, arguments: Mapping[str, Any]) -> Rows:
        """All rows that the sandbox has for some arguments; None means "not sent"."""
        asked = {name: value for name, value in arguments.items() if value is not None}
        return list(self.sandbox._service.catalogue.rows(operation, asked))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        return _response(self.respond(_sandbox_request(request, request.read())))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        return _response(self.respond(_sandbox_request(request, await request.aread())))


def _sandbox_request(request: httpx.Request, body: bytes) -> SandboxRequest:
    path, _, query = request.url.raw_path.decode().partition("?")
    return SandboxRequest(request.method, unquote(path), query, dict(request.headers), body)


def _response(reply: Reply) -> httpx.Response:
    if reply.delivery == "dropped":
        raise httpx.RemoteProtocolError("the connection was dropped in the middle of the body")
    return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body)


def _put(body: Any, path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        body = body.setdefault(key, {})
    body[path[-1]] = value
