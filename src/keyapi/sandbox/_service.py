"""The sandbox itself: from what is asked to the answer, whatever carries either."""

from __future__ import annotations

import re
from collections.abc import Mapping
from threading import Lock
from typing import Any, NamedTuple

from keyapi.sandbox._catalogue import Catalogue, Rows
from keyapi.sandbox._exchange import Reply, SandboxRequest
from keyapi.sandbox._ledger import Ledger
from keyapi.sandbox._schedule import Scheduled
from keyapi.sandbox._validation import Validation
from keyapi.sandbox._values import Chance
from keyapi.sandbox.faults import Exchange
from keyapi.specification import OperationSpec, Specification

_USUAL_SIZE = 10  # rows of a page where neither the request nor the specification says


class _Answer(NamedTuple):
    """An answer, what it costs where it reaches the client, and what it is cut from."""

    reply: Reply
    cost: int = 0
    before: Rows = []  # noqa: RUF012 - never changed
    after: Rows = []  # noqa: RUF012


class Service:
    """Answers requests as KeyAPI is documented to.

    Args:
        spec: The specification.
        key: The key that is accepted.
        ledger: The accounts.
        seed: Another seed gives other data.
        strict: Whether parameters that an operation does not have are refused.
        retry_after: What a 429 asks to wait, in seconds; None to leave it out.

    Attributes:
        faults: What is spoilt, in this order; the first that is due and has a place is served.
    """

    def __init__(
        self,
        spec: Specification,
        *,
        key: str,
        ledger: Ledger,
        seed: int,
        strict: bool,
        retry_after: int | None,
    ) -> None:
        self.spec = spec
        self.catalogue = Catalogue(spec, seed)
        self.faults: list[Scheduled] = []
        self.ledger = ledger
        self._key = key
        self._strict = strict
        self._retry_after = retry_after
        self._request_ids = Chance(seed, "request ids")
        self._lock = Lock()
        self._routes = [_Route(operation) for operation in spec]
        self._validations: dict[str, Validation] = {}

    def respond(self, asked: SandboxRequest) -> Reply:
        """Answer a request, and enter it into the ledger."""
        number = self.ledger.arrived()
        routes = [
            (route, found) for route in self._routes if (found := route.match(asked)) is not None
        ]
        for route, in_path in routes:
            if route.operation.method == asked.method:
                return self._answered(number, asked, route.operation, in_path)
        if routes:
            allowed = ", ".join(route.operation.method for route, _ in routes)
            reply = Reply.of(405, _envelope(405, "Method Not Allowed"), allow=allowed)
        else:
            reply = Reply.of(404, _envelope(404, "Not Found"))
        self.ledger.record(number, asked, reply.status, 0, None)
        return reply

    def _answered(
        self,
        number: int,
        asked: SandboxRequest,
        operation: OperationSpec,
        in_path: Mapping[str, str],
    ) -> Reply:
        arguments, answer = self._judged(asked, operation, in_path)
        reply, cost, served = answer.reply, answer.cost, None
        exchange = Exchange(self.spec, operation, arguments, *answer[:1], *answer[2:])
        for fault in self.faults:
            spoilt = fault.spoil(exchange) if fault.due(number) else None
            if spoilt is not None:
                reply, served = spoilt, fault
                break
        if cost and served is not None and not served.fault.charged:
            self.ledger.refund(cost)
            cost = 0
        self.ledger.record(number, asked, reply.status, cost, served.text if served else None)
        return reply

    def _judged(
        self, asked: SandboxRequest, operation: OperationSpec, in_path: Mapping[str, str]
    ) -> tuple[dict[str, Any], _Answer]:
        """The order of judgement: 401, 400, 402, 429, 200."""
        scheme, _, key = asked.headers.get("authorization", "").partition(" ")
        known = scheme.lower() == "bearer" and key.strip() == self._key
        if operation.secured and not known:
            problem = "apiKey is invalid" if key.strip() else None
            return {}, _Answer(self._refusal(operation, 401, problem))
        validation = self._validations.get(operation.name)
        if validation is None:
            validation = Validation(self.spec, operation, strict=self._strict)
            self._validations[operation.name] = validation
        arguments, problems = validation.read(asked, in_path)
        if problems:
            return arguments, _Answer(self._refusal(operation, 400, "; ".join(problems)))
        if refused := self.ledger.admit(operation.credits):
            return arguments, _Answer(self._refusal(operation, refused))
        return arguments, self._success(operation, arguments)

    def _success(self, operation: OperationSpec, arguments: Mapping[str, Any]) -> _Answer:
        body = self.catalogue.envelope(operation, arguments)
        if "requestId" in body:
            body["requestId"] = self._request_id()
        before: Rows = []
        after: Rows = []
        if operation.items is not None:
            rows = self.catalogue.rows(operation, arguments)
            start, stop = _window(operation, arguments, len(rows))
            before, after = rows[max(0, start - (stop - start)) : start], rows[stop : stop + 1]
            _put(body, operation.items, rows[start:stop])
            if operation.paging is not None and operation.paging.kind == "cursor":
                _put(body, operation.paging.next, self._cursor(operation, stop if after else 0))
        status = int(operation.success) if operation.success.isdigit() else 200
        return _Answer(Reply.of(status, body), operation.credits, before, after)

    def _cursor(self, operation: OperationSpec, position: int) -> int | str:
        """The next cursor, in the type that the operation takes; 0 or empty at the end."""
        paging = operation.paging
        kind = operation.arguments[paging.position].schema.get("type") if paging else None
        return (str(position) if position else "") if kind == "string" else position

    def _refusal(self, operation: OperationSpec, status: int, message: str | None = None) -> Reply:
        """A refusal, as documented where it is."""
        example = operation.example(str(status))
        known = example if isinstance(example, dict) else _envelope(status, "Refused")
        body = {**known, "message": message} if message else known
        if status == 429 and self._retry_after is not None:
            return Reply.of(429, body, retry_after=str(self._retry_after))
        return Reply.of(status, body)

    def _request_id(self) -> str:
        with self._lock:  # one sequence, whichever thread asks
            number = "".join(f"{self._request_ids.whole(0, 0xFFFF):04x}" for _ in range(8))
        return "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))


class _Route:
    """The path of an operation, to be matched."""

    def __init__(self, operation: OperationSpec) -> None:
        self.operation = operation
        self._pattern: re.Pattern[str] | None = None
        self._names = re.findall(r"\{([^}]+)\}", operation.path)
        if self._names:
            parts = re.split(r"\{[^}]+\}", operation.path)
            self._pattern = re.compile("([^/]+)".join(map(re.escape, parts)))

    def match(self, asked: SandboxRequest) -> dict[str, str] | None:
        """The values of the path's parameters; None where it is another path."""
        if self._pattern is None:
            return {} if asked.path == self.operation.path else None
        found = self._pattern.fullmatch(asked.path)
        return dict(zip(self._names, found.groups(), strict=True)) if found else None


def _window(operation: OperationSpec, arguments: Mapping[str, Any], rows: int) -> tuple[int, int]:
    """From where to where the rows of an answer go."""
    paging = operation.paging
    if paging is None:
        return 0, rows
    size = int(arguments.get(paging.size or "") or paging.largest or _USUAL_SIZE)
    position = int(arguments.get(paging.position) or 0)
    start = position if paging.kind == "cursor" else (max(position, 1) - 1) * size
    return min(start, rows), min(start + size, rows)


def _put(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        body = body[key]
    body[path[-1]] = value


def _envelope(code: int, message: str) -> dict[str, Any]:
    return {"code": code, "data": None, "message": message}
