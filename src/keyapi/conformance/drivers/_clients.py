"""Clients to call: the generated methods, with a function in the server's place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from inspect import isawaitable
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin
from weakref import finalize

import httpx

from keyapi import KeyAPIError
from keyapi._client import SyncClient
from keyapi._clients import Method, async_twin, methods
from keyapi._models import Model
from keyapi.conformance.drivers._requests import KEY
from keyapi.conformance.judge import ServerAnswer

T = TypeVar("T")


class Inexpressible(Exception):
    """A case that no typed call says.

    Args:
        kind: What such cases have in common.
        detail: What it is here.
    """

    def __init__(self, kind: str, detail: object = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind


@dataclass
class Sent:
    """What calling a method came to.

    Attributes:
        requests: What went out on the wire.
        result: What the call gave, or the error it raised.
        credits: What the client counted, in credits.
    """

    requests: list[httpx.Request]
    result: Any
    credits: int


class Caller:
    """Calls the generated methods of a client, sync and async, with nothing sent anywhere.

    Args:
        client: The sync client class.
    """

    def __init__(self, client: type[SyncClient]) -> None:
        self.client = client
        # One event loop for all calls: to make one takes as long as a call.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        finalize(self, self._runner.get_loop().close)
        self.methods: dict[tuple[str, bool], Method] = {}
        for method in methods(client):
            self.methods[method.operation.name, method.kind == "iterate"] = method

    def arguments(
        self,
        name: str,
        values: Mapping[str, Any],
        *,
        body: Mapping[str, Any] | None = None,
        walk: bool = False,
    ) -> dict[str, Any]:
        """The arguments of a typed call that says these values; nothing is converted but enums.

        Args:
            name: Name of the operation.
            values: Values by name in the request, wherever they go; of two by one name, the query's
                is meant.
            body: Values by name in the JSON body.
            walk: Whether to call the method that iterates over pages.

        Raises:
            Inexpressible: The method has no such argument, or its type no such value.
        """
        method = self.methods[name, walk]
        python: dict[str, str] = {}
        for argument, wire_name in method.wire.items():
            python.setdefault(wire_name, argument)
        in_body = {wire_name: argument for argument, wire_name in method.operation.body.items()}
        found = {}
        for names, said in ((python, values), (in_body, body or {})):
            for wire_name, value in said.items():
                if wire_name not in names:
                    raise Inexpressible("no such argument", wire_name)
                parameter = method.signature.parameters[names[wire_name]]
                found[parameter.name] = as_annotated(value, parameter.annotation)
        return found

    def call(
        self,
        name: str,
        values: Mapping[str, Any],
        answer: ServerAnswer,
        *,
        body: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Sent:
        """Call a method of the sync client, then of the async one, which must do the same.

        Args:
            name: Name of the operation.
            values: Values by name in the request.
            answer: What the server answers.
            body: Values by name in the JSON body.
            **options: Options of the client.

        Raises:
            Inexpressible: No typed call says these values.
            AssertionError: The two clients differ.
        """
        return self.send(name, self.arguments(name, values, body=body), answer, **options)

    def send(
        self, name: str, arguments: dict[str, Any], answer: ServerAnswer, **options: Any
    ) -> Sent:
        """Call a method as `call` does, with arguments as they are.

        Args:
            name: Name of the operation.
            arguments: The method's arguments.
            answer: What the server answers.
            **options: Options of the client.

        Raises:
            AssertionError: The two clients differ.
        """
        method = self.methods[name, False]
        requests, transport = _server(answer)
        with self._open(self.client, transport, options) as client:
            sync = Sent(
                requests, _outcome(lambda: method.on(client)(**arguments)), client.credits_spent
            )
        other = self.run(self._call_async(method, arguments, answer, options))
        if differs := _difference(sync, other):
            raise AssertionError(f"sync and async differ: {differs}")
        return sync

    def run(self, awaitable: Awaitable[T]) -> T:
        """Await something in the event loop that the calls of the async client share."""
        return self._runner.run(awaited(awaitable))

    def settled(self, given: Any) -> Any:
        """What a method of either client comes to, which is awaited where it is async."""
        return self.run(given) if isawaitable(given) else given

    async def _call_async(
        self,
        method: Method,
        arguments: dict[str, Any],
        answer: ServerAnswer,
        options: dict[str, Any],
    ) -> Sent:
        requests, transport = _server(answer)
        async with self._open(async_twin(self.client), transport, options) as client:
            result = await _outcome_async(lambda: method.on(client)(**arguments))
            return Sent(requests, result, client.credits_spent)

    def _open(self, kind: Any, transport: httpx.MockTransport, options: dict[str, Any]) -> Any:
        return kind(KEY, **{"max_retries": 0, "transport": transport, **options})


def _server(answer: ServerAnswer) -> tuple[list[httpx.Request], httpx.MockTransport]:
    requests: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.content)

    # Not respx: to make a router takes longer than a call.
    return requests, httpx.MockTransport(reply)


async def awaited(awaitable: Awaitable[T]) -> T:
    """What an awaitable comes to: event loops run coroutines alone."""
    return await awaitable


def _outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (KeyAPIError, TypeError) as error:
        return error


async def _outcome_async(call: Callable[[], Any]) -> Any:
    try:
        result = call()
        return await result if isawaitable(result) else result
    except (KeyAPIError, TypeError) as error:
        return error


def _difference(sync: Sent, other: Sent) -> str:
    requests = [[_shown(request) for request in sent.requests] for sent in (sync, other)]
    if requests[0] != requests[1]:
        return f"{requests[0]} was sent, and {requests[1]}"
    results = [sent.result for sent in (sync, other)]
    same = type(results[0]) is type(results[1])
    if same and not isinstance(results[0], TypeError):  # whose text names the class
        same = str(results[0]) == str(results[1])
    if not same:
        return f"{results[0]!r} was given, and {results[1]!r}"
    return "" if sync.credits == other.credits else "credits spent"


def _shown(request: httpx.Request) -> tuple[Any, ...]:
    headers = {k: v for k, v in request.headers.items() if k != "user-agent"}
    return request.method, str(request.url), headers, request.content


def types_of(annotation: Any) -> tuple[type, ...]:
    """The classes of an annotation, None aside."""
    kinds = choices(annotation)
    return tuple(kind for kind in kinds if isinstance(kind, type) and kind not in (Any, NoneType))


def choices(annotation: Any) -> tuple[Any, ...]:
    """The types that an annotation gives a choice of; the names of an enum's members are none."""
    union = get_origin(annotation) in (Union, UnionType)
    kinds = get_args(annotation) if union else (annotation,)
    return tuple(kind for kind in kinds if get_origin(kind) is not Literal)


def as_annotated(value: Any, annotation: Any) -> Any:
    """A value as the annotated type has it: as a member of an enum, as a model's object.

    Args:
        value: The value, as the request has it.
        annotation: The type, evaluated.

    Raises:
        Inexpressible: The type has no such value.
    """
    kinds = choices(annotation)
    if Any in kinds:
        return value
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, Enum):
            for member in kind:  # 1.0 is not a member, although Python finds it equal to 1
                if member.value == value and type(member.value) is type(value):
                    return member
            raise Inexpressible("no member of the enum", kind.__name__)
    plain = tuple(kind for kind in kinds if isinstance(kind, type) and kind is not Any)
    if isinstance(value, dict):  # a model is a view over what it is made from
        value = next((kind.from_dict(value) for kind in plain if issubclass(kind, Model)), value)
    taken = (*plain, int) if float in plain else plain  # as type checkers have it
    if plain and not isinstance(value, taken) and len(plain) == len(kinds):
        wanted = " | ".join(kind.__name__ for kind in plain)
        raise Inexpressible("another type", f"{type(value).__name__} for {wanted}")
    return value
