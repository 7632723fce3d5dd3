"""What scenarios of calls are played with: an operation, and clients to call it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from keyapi._clients import Method
from keyapi.conformance.drivers import Caller
from keyapi.conformance.drivers._clients import awaited
from keyapi.conformance.drivers._scripted import Reply, Scripted
from keyapi.conformance.relations._shared import success_answer, violation
from keyapi.contract import Violation
from keyapi.specification import OperationSpec


@dataclass(frozen=True)
class Desk:
    """What scenarios are played with: an operation, and clients to call it.

    Attributes:
        operation: The operation.
        caller: Calls the client.
        arguments: Arguments of a good call.
        runner: Runs the async client; None for the sync one.
    """

    operation: OperationSpec
    caller: Caller
    arguments: dict[str, Any]
    runner: asyncio.Runner | None

    @property
    def method(self) -> Method:
        """The method that calls the operation."""
        return self.caller.methods[self.operation.name, False]

    @property
    def verb(self) -> str:
        """Its HTTP method."""
        return self.operation.method

    @property
    def price(self) -> int:
        """What one request costs, in credits."""
        return self.operation.credits

    @property
    def good(self) -> Reply:
        """A success."""
        answer = success_answer(self.operation)
        return Reply(answer.status, answer.content, answer.headers)

    def open(self, *script: Any, **options: Any) -> Scripted:
        """A client before a server that follows a script."""
        return Scripted(self.caller, self.method, self.arguments, script, self.runner, **options)

    def settled(self, given: Any) -> Any:
        """What a function or method of the client comes to, which is awaited where it is async."""
        return given if self.runner is None else self.runner.run(awaited(given))

    def broken(self, rule: str, expected: object, found: object) -> Iterator[Violation]:
        """A violation where two things differ."""
        if expected != found:
            yield violation(self.operation, rule, expected, found)

    def played(
        self,
        client: Scripted,
        requests: int,
        waits: list[float] | None = None,
        *,
        unsent: int = 0,
    ) -> Iterator[Violation]:
        """Compare what came of all calls so far with what had to.

        Args:
            client: The client.
            requests: How many requests had to be sent.
            waits: How long the client had to wait before each retry, in seconds, if that is known.
            unsent: How many of them cannot have arrived, and so cost nothing.
        """
        yield from self.broken("requests", requests, len(client.requests))
        yield from self.broken("credits", (requests - unsent) * self.price, client.spent)
        if waits is not None:
            found = [round(wait, 6) for wait in client.clock.waits]
            yield from self.broken("waits", [round(wait, 6) for wait in waits], found)


Scenario = Callable[[Desk], Iterator[Violation]]
