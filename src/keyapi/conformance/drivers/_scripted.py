"""A client whose server follows a script, and whose waits take no time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, repeat
from typing import Any, NamedTuple

import httpx

from keyapi import KeyAPIError
from keyapi._clients import Method, async_twin
from keyapi._sending.clock import Clock
from keyapi.conformance.drivers._clients import Caller
from keyapi.conformance.drivers._requests import KEY
from keyapi.conformance.judge import JSON

_RAISED = (KeyAPIError, TypeError, RuntimeError)
"""What calls are expected to raise, whatever is wrong with the client."""


class Reply(NamedTuple):
    """What a scripted server does with a request.

    Attributes:
        status: HTTP status; 0 where nothing arrives.
        content: Body.
        headers: Headers.
        error: What httpx raises instead.
    """

    status: int = 0
    content: bytes = b""
    headers: Mapping[str, str] = JSON
    error: type[httpx.RequestError] | None = None

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Give the response.

        Raises:
            httpx.RequestError: Nothing arrives.
        """
        if self.error is not None:
            raise self.error("as the script says", request=request)
        return httpx.Response(self.status, headers=dict(self.headers), content=self.content)


def envelope(
    code: int, status: int | None = None, message: str = "refused", **headers: str
) -> Reply:
    """A refusal as documented, under its own status or another."""
    body = {"code": code, "message": message, "data": None, "requestId": f"req-{code}"}
    found = {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Reply(code if status is None else status, json.dumps(body).encode(), found)


class ScriptedClock(Clock):
    """A clock that only waits move.

    Args:
        luck: What chance gives, from 0 to 1.

    Attributes:
        time: What it shows, in seconds.
        waits: How long it was asked to wait, in seconds, in order.
        meanwhile: What happens once, during the next wait; awaited in an event loop.
    """

    def __init__(self, luck: float = 0.0) -> None:
        self.time = 1000.0
        self.waits: list[float] = []
        self.meanwhile: Callable[[], Any] | None = None
        self._luck = luck

    def now(self) -> float:
        """What it shows."""
        return self.time

    def chance(self) -> float:
        """What it was made with."""
        return self._luck

    def sleep(self, seconds: float) -> None:
        """Go on by so much."""
        self._wait(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """As `sleep`, letting other tasks run."""
        happening = self._wait(seconds)
        await asyncio.sleep(0)
        if happening is not None:
            await happening

    def _wait(self, seconds: float) -> Any:
        self.waits.append(seconds)
        self.time += seconds
        happens, self.meanwhile = self.meanwhile, None
        return None if happens is None else happens()


class Walked(NamedTuple):
    """What a walk over pages came to.

    Attributes:
        rows: How many rows it gave.
        error: What it ended with, if not by itself.
    """

    rows: int
    error: Exception | None


class Scripted:
    """One client, sync or async, before a scripted server.

    Args:
        caller: Calls the client.
        method: The method that is called.
        arguments: Its arguments.
        script: What the server does, request by request; the last is repeated.
        runner: Runs the async client; None for the sync one.
        luck: What chance gives, from 0 to 1.
        options: The client's options.

    Attributes:
        clock: The client's clock.
        requests: When each request came, by the clock.
    """

    def __init__(
        self,
        caller: Caller,
        method: Method,
        arguments: Mapping[str, Any],
        script: Iterable[Reply | Callable[[httpx.Request], httpx.Response]],
        runner: asyncio.Runner | None,
        *,
        luck: float = 0.0,
        **options: Any,
    ) -> None:
        self.clock = ScriptedClock(luck)
        self.requests: list[float] = []
        self._method = method
        self._arguments = dict(arguments)
        self._runner = runner
        self._script = _repeating(script)
        kind: Any = caller.client if runner is None else async_twin(caller.client)
        self.client = kind(KEY, transport=httpx.MockTransport(self._respond), **options)
        self.client._session = self.client._new_session(self.clock)

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(self.clock.time)
        step = next(self._script)
        return step.respond(request) if isinstance(step, Reply) else step(request)

    @property
    def spent(self) -> int:
        """What the client counted, in credits."""
        spent: int = self.client.credits_spent
        return spent

    def call(self, client: Any = None, **changed: Any) -> Any:
        """What a call gives or raises.

        Args:
            client: A client made from this one; this one where it is left out.
            **changed: Arguments that are different.
        """
        outcome = self.outcome(client, **changed)
        return outcome if self._runner is None else self._runner.run(outcome)

    def together(self, number: int) -> list[Any]:
        """What calls give or raise that tasks of an event loop make at once."""
        assert self._runner is not None

        async def made() -> list[Any]:
            return await asyncio.gather(*(self.outcome() for _ in range(number)))

        return self._runner.run(made())

    def outcome(self, client: Any = None, **changed: Any) -> Any:
        """As `call`; to be awaited where the client is async."""
        bound = self._method.on(client or self.client)
        arguments = {**self._arguments, **changed}
        if self._runner is not None:
            return _outcome_async(lambda: bound(**arguments))
        return _outcome(lambda: bound(**arguments))

    def walk(self, method: Method, **arguments: Any) -> Walked:
        """Walk over pages, to the end or to an error."""
        rows: list[Any] = []
        error: Exception | None = None
        given = method.on(self.client)(**arguments)
        try:
            if self._runner is None:
                rows.extend(given)
            else:
                self._runner.run(_collected(given, rows))
        except _RAISED as raised:
            error = raised
        return Walked(len(rows), error)

    def within(self, error: Exception | None) -> Exception | None:
        """What a `with` block around nothing but an error raises.

        Args:
            error: The error; None for a block that ends without one.
        """
        try:
            if self._runner is not None:
                self._runner.run(_within(self.client, error))
            else:
                with self.client:
                    _raise(error)
        except Exception as raised:
            return raised
        return None

    def close(self) -> None:
        """Close the client."""
        self.close_it(self.client)

    def close_it(self, client: Any) -> None:
        """Close another client of the same kind."""
        closing = client.close()
        if self._runner is not None:
            self._runner.run(closing)


def _repeating(script: Iterable[Any]) -> Iterator[Any]:
    steps = list(script)
    return chain(steps, repeat(steps[-1]))


def _raise(error: Exception | None) -> None:
    if error is not None:
        raise error


async def _within(client: Any, error: Exception | None) -> None:
    async with client:
        _raise(error)


def _outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except _RAISED as error:
        return error


async def _outcome_async(call: Callable[[], Any]) -> Any:
    try:
        return await call()
    except _RAISED as error:
        return error


async def _collected(given: Any, rows: list[Any]) -> None:
    async for row in given:
        rows.append(row)  # noqa: PERF401 - what came before an error is kept
