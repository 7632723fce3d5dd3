"""From a request to its answer, whatever transport carries them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from keyapi._errors import ConfigurationError
from keyapi._facts import LAST, NEXT
from keyapi._isolation import Lock
from keyapi._openapi import JSON, NO_CONTENT
from keyapi.sandbox._catalogue import Catalogue, Rows
from keyapi.sandbox._exchange import Reply, SandboxRequest
from keyapi.sandbox._ledger import Ledger
from keyapi.sandbox._schedule import MOST, Scheduled, scheduled
from keyapi.sandbox._validation import Validation
from keyapi.sandbox._values import Chance, row
from keyapi.sandbox.faults import Exchange
from keyapi.specification import OperationSpec, Paging, Schema, Specification

LARGEST_BODY = 1_000_000
"""Bytes of a request's body; a larger one gets 413."""
_USUAL_SIZE = 10  # rows of a page where neither the request nor the specification gives a size


class _Answer(NamedTuple):
    """An answer, its cost if it reaches the client, and the rows before and after it."""

    reply: Reply
    cost: int = 0
    before: Rows = []  # noqa: RUF012 - never modified
    after: Rows = []  # noqa: RUF012


class Service:
    """Answers requests as KeyAPI is documented to.

    Args:
        spec: The specification.
        key: The API key to accept.
        ledger: Counts requests and charges.
        seed: A different seed gives different data.
        latency: Delay before each answer, in seconds.
        strict: Whether to refuse parameters that an operation does not have.
        retry_after: `Retry-After` of a 429, in seconds; None to omit it.

    Attributes:
        faults: Scheduled faults; the first that is due and applies to the answer is served.
        latency: Delay before each answer, in seconds; left to the transport.
    """

    def __init__(
        self,
        spec: Specification,
        *,
        key: str,
        ledger: Ledger,
        seed: int,
        latency: float,
        strict: bool,
        retry_after: int | None,
    ) -> None:
        self.spec = spec
        self.catalogue = Catalogue(spec, seed)
        self.faults: list[Scheduled] = []
        self.ledger = ledger
        self.seed = seed
        self.latency = latency
        self._key = key
        self._strict = strict
        self._retry_after = retry_after
        self._request_ids = Chance(seed, "request ids")
        self._lock = Lock()
        self._concerned: Counter[str] = Counter()  # requests that a fault with arguments counted
        self._routes = [_Route(operation) for operation in spec]
        self._validations: dict[str, Validation] = {}

    @property
    def fault_texts(self) -> list[str]:
        """The scheduled faults, as they were written; assign texts to replace them."""
        return [fault.text for fault in self.faults]

    @fault_texts.setter
    def fault_texts(self, texts: Iterable[str]) -> None:
        texts = list(texts)
        if len(texts) > MOST:
            raise ConfigurationError(f"At most {MOST} faults can be scheduled, got {len(texts)}")
        self.faults = [scheduled(text) for text in texts]
        self._concerned.clear()

    def reset(self) -> None:
        """Forget all requests, charges and faults."""
        self.ledger.reset()
        self.fault_texts = []

    def accepts(self, authorization: str) -> bool:
        """Whether a header `Authorization` has the key."""
        scheme, _, key = authorization.partition(" ")
        return scheme.lower() == "bearer" and key.strip() == self._key

    def respond(self, request: SandboxRequest) -> Reply:
        """Answer a request, and record it in the ledger."""
        number = self.ledger.arrived()
        if len(request.body) > LARGEST_BODY:
            problem = f"The body is larger than {LARGEST_BODY} bytes"
            return self._unroutable(number, request, Reply.of(413, _envelope(413, problem)))
        routes = [
            (route, in_path)
            for route in self._routes
            if (in_path := route.match(request)) is not None
        ]
        for route, in_path in routes:
            if route.operation.method == request.method:
                return self._answer(number, request, route.operation, in_path)
        if routes:
            allowed = ", ".join(route.operation.method for route, _ in routes)
            reply = Reply.of(405, _envelope(405, "Method Not Allowed"), allow=allowed)
        else:
            reply = Reply.of(404, _envelope(404, "Not Found"))
        return self._unroutable(number, request, reply)

    def _unroutable(self, number: int, request: SandboxRequest, reply: Reply) -> Reply:
        self.ledger.record(number, request, reply.status, 0, None)
        return reply

    def _answer(
        self,
        number: int,
        request: SandboxRequest,
        operation: OperationSpec,
        in_path: Mapping[str, str],
    ) -> Reply:
        arguments, answer = self._judge(request, operation, in_path)
        reply, cost, served = answer.reply, answer.cost, None
        exchange = Exchange(self.spec, operation, arguments, *answer[:1], *answer[2:])
        for fault in self._due(number, arguments):
            spoilt = fault.spoil(exchange)
            if spoilt is not None:
                reply, served = spoilt, fault
                break
        if cost and served is not None and not served.fault.charged:
            self.ledger.refund(cost)
            cost = 0
        self.ledger.record(number, request, reply.status, cost, served.text if served else None)
        return reply

    def _due(self, number: int, arguments: Mapping[str, Any]) -> list[Scheduled]:
        """The faults whose turn it is: they count the requests that they concern."""
        due = []
        for fault in self.faults:
            if not fault.concerns(arguments):
                continue
            if fault.arguments:
                with self._lock:
                    self._concerned[fault.text] += 1
                    number_of_fault = self._concerned[fault.text]
            else:
                number_of_fault = number
            if fault.due(number_of_fault):
                due.append(fault)
        return due

    def _judge(
        self, request: SandboxRequest, operation: OperationSpec, in_path: Mapping[str, str]
    ) -> tuple[dict[str, Any], _Answer]:
        """Check in this order: 401, 400, 402, 429; else 200."""
        authorization = request.headers.get("authorization", "")
        if operation.secured and not self.accepts(authorization):
            has_key = authorization.partition(" ")[2].strip()
            problem = "apiKey is invalid" if has_key else None
            return {}, _Answer(self._refusal(operation, 401, problem))
        validation = self._validations.get(operation.name)
        if validation is None:
            validation = Validation(self.spec, operation, strict=self._strict)
            self._validations[operation.name] = validation
        arguments, problems = validation.read(request, in_path)
        if problems:
            return arguments, _Answer(self._refusal(operation, 400, "; ".join(problems)))
        if status := self.ledger.admit(operation.credits):
            return arguments, _Answer(self._refusal(operation, status))
        return arguments, self._success(operation, arguments)

    def _success(self, operation: OperationSpec, arguments: Mapping[str, Any]) -> _Answer:
        status = operation.success_status
        if status in NO_CONTENT or not operation.has_body(operation.success):
            return _Answer(Reply(status, b"", {}), operation.credits)
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
            if operation.paging is not None:
                size = stop - start
                self._lead_on(operation, operation.paging, body, stop, size, more=bool(after))
        return _Answer(Reply.of(status, body), operation.credits, before, after)

    def _lead_on(
        self,
        operation: OperationSpec,
        paging: Paging,
        body: Any,
        stop: int,
        size: int,
        *,
        more: bool,
    ) -> None:
        """Write into an answer where the next page starts, and whether there is one.

        Where a flag says that this is the last page, it names a next cursor all the same, as
        KeyAPI's sources do.
        """
        if paging.next:
            kinds = self._type_at(operation, paging.next), self._position_type(operation, paging)
            kind = next(filter(None, kinds), None)
            position = stop if more or paging.more else 0
            schema = operation.arguments[paging.position].schema
            holds = schema.get("items", {}).get("type") if kind == "array" else kind
            cursor: Any = str(position or "") if holds == "string" else position
            _put(body, paging.next, [cursor] * bool(position) if kind == "array" else cursor)
        if paging.more:
            kind = self._type_at(operation, paging.more)
            if paging.says == NEXT:
                number = stop // max(size, 1) + int(paging.start or 0)
                following = str(number) if kind == "string" else number
                _put(body, paging.more, following if more else None)
                return
            says = more != (paging.says == LAST)
            flag = {"integer": int(says), "string": str(int(says))}
            _put(body, paging.more, flag.get(kind or "", says))

    def _type_at(self, operation: OperationSpec, path: tuple[str, ...]) -> str | None:
        """The documented type of what stands at a path of an answer."""
        schema: Schema = operation.schema(operation.success) or {}
        for key in path:
            schema = self.spec.present(schema).get("properties", {}).get(key, {})
        return self.spec.present(schema).get("type")

    @staticmethod
    def _position_type(operation: OperationSpec, paging: Paging) -> str | None:
        return operation.arguments[paging.position].schema.get("type")

    def _refusal(self, operation: OperationSpec, status: int, message: str | None = None) -> Reply:
        """A refusal, as documented if there is an example."""
        example = operation.example(str(status))
        envelope = example if isinstance(example, dict) else _envelope(status, "Refused")
        schema = self.spec.resolved(operation.schema(str(status)) or {})
        if example is None and "properties" in schema:
            made = row(self.spec, schema, None, Chance(self.seed, operation.name, status))
            envelope = {**made, **{key: envelope[key] for key in envelope if key in made}}
            message = message if "message" in made else None
        if str(status) not in operation.statuses and "code" in envelope:
            envelope = {**envelope, "code": status}  # a range, or the default
        body = {**envelope, "message": message} if message else envelope
        paced = status == 429 and self._retry_after is not None
        wait = {"retry_after": str(self._retry_after)} if paced else {}
        kinds = operation.media_types(str(status))
        return Reply.of(status, body, content_type=JSON if JSON in kinds else kinds[0], **wait)

    def _request_id(self) -> str:
        with self._lock:  # threads share one sequence
            number = "".join(f"{self._request_ids.whole(0, 0xFFFF):04x}" for _ in range(8))
        return "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))


class _Route:
    """Matches requests to the path of an operation."""

    def __init__(self, operation: OperationSpec) -> None:
        self.operation = operation
        self._pattern: re.Pattern[str] | None = None
        self._names = re.findall(r"\{([^{}]+)\}", operation.path)
        if self._names:
            parts = re.split(r"\{[^{}]+\}", operation.path)
            self._pattern = re.compile("([^/]+)".join(map(re.escape, parts)))

    def match(self, request: SandboxRequest) -> dict[str, str] | None:
        """Return the values of the path's parameters; None if the path is a different one."""
        if self._pattern is None:
            return {} if request.path == self.operation.path else None
        match = self._pattern.fullmatch(request.path)
        return dict(zip(self._names, match.groups(), strict=True)) if match else None


def _window(operation: OperationSpec, arguments: Mapping[str, Any], rows: int) -> tuple[int, int]:
    """Return the first row of an answer and the one after its last."""
    paging = operation.paging
    if paging is None:
        return 0, rows
    size = int(arguments.get(paging.size or "") or paging.largest or _USUAL_SIZE)
    position = arguments.get(paging.position)
    if paging.kind == "cursor":
        first = position[0] if position and isinstance(position, list) else position
        start = 0 if first == paging.first else max(int(first or 0), 0)
    else:
        first = int(paging.start or 0)
        start = (max(int(first if position is None else position), first) - first) * size
    return min(start, rows), min(start + size, rows)


def _put(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        body = body.setdefault(key, {})
    body[path[-1]] = value


def _envelope(code: int, message: str) -> dict[str, Any]:
    return {"code": code, "data": None, "message": message}
