"""Low-level functions to call, with a function in the server's place."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import httpx

from keyapi._clients import async_twin
from keyapi.conformance.drivers._clients import Caller, Sent, as_annotated, types_of
from keyapi.conformance.drivers._requests import KEY
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.spelling import spelled
from keyapi.specification import OperationSpec


class LowLevel:
    """Calls the low-level functions of one operation, with nothing sent anywhere.

    Args:
        operation: The operation.
        caller: The client whose package has them.

    Attributes:
        detailed: The functions that give a whole answer, with those that give what it is parsed to.
        names: Names of all four.
        present: Those that there are: without a documented answer, none is parsed.
        body: The class of the JSON body, or None for an operation without one.
        errors: The package's module of the errors that they raise.
    """

    def __init__(self, operation: OperationSpec, caller: Caller) -> None:
        package = caller.client._package
        self.detailed = {"sync_detailed": "sync", "asyncio_detailed": "asyncio"}
        self.names = [*self.detailed, *self.detailed.values()]
        self._functions = vars(
            import_module(f"{package}.api.{operation.resource}.{operation.name}")
        )
        self.present = [name for name in self.names if name in self._functions]
        called = inspect.signature(self._functions["sync_detailed"])
        body = called.parameters.get("body") if operation.body is not None else None
        self.body = next(iter(types_of(body.annotation)), None) if body is not None else None
        self.errors = import_module(f"{package}.errors")
        self._operation = operation
        self._caller = caller

    def call(
        self,
        function: str,
        arguments: Mapping[str, Any],
        answer: ServerAnswer,
        *,
        body: Mapping[str, Any] | None = None,
        strict: bool = False,
        typed: bool = True,
    ) -> Sent:
        """Call one of the functions.

        Args:
            function: Its name.
            arguments: Values by name in the request.
            answer: What the server answers.
            body: Values by name in the JSON body that `arguments` do not hold.
            strict: Whether an undocumented status must raise.
            typed: Whether values are given in the annotated types; else as they are.
        """
        requests: list[httpx.Request] = []

        def reply(request: httpx.Request) -> httpx.Response:
            requests.append(request)
            return httpx.Response(
                answer.status, headers=dict(answer.headers), content=answer.content
            )

        called = self._functions[function]
        kind: Any = self._caller.client
        kind = kind if function.startswith("sync") else async_twin(kind)
        client = kind(KEY, max_retries=0, transport=httpx.MockTransport(reply))
        client.raise_on_unexpected_status = strict
        client = client.with_options() if strict else client  # which keeps it

        async def awaited() -> Any:
            try:
                return await called(client=client, **given)
            finally:
                await client.close()

        try:
            given = self._arguments(called, arguments, body or {}, typed=typed)
            value = (
                self._caller.run(awaited())
                if inspect.iscoroutinefunction(called)
                else called(client=client, **given)
            )
        except Exception as error:
            value = error
        return Sent(requests, value, client.credits_spent)

    def on(self, client: Any, function: str, arguments: Mapping[str, Any]) -> Any:
        """Call one of the functions with a client.

        Args:
            client: The client; its kind must be that of the function.
            function: The name of the function.
            arguments: Values by name in the request.

        Returns:
            What the function gives: an awaitable for the async ones.
        """
        called = self._functions[function]
        return called(client=client, **self._arguments(called, arguments, {}, typed=True))

    def _arguments(
        self, called: Any, arguments: Mapping[str, Any], body: Mapping[str, Any], *, typed: bool
    ) -> dict[str, Any]:
        """The arguments of a call; those of the body make one object."""
        annotated = as_annotated if typed else _as_given
        parameters = dict(inspect.signature(called).parameters)
        del parameters["client"]
        places = {name: self._operation.arguments[name].place for name in arguments}
        given: dict[str, Any] = {}
        for name, value in arguments.items():
            if places[name] != "body":
                python = [
                    *spelled(parameters, name),
                    *spelled(parameters, f"{name}_{places[name]}"),
                ]
                given[python[-1]] = annotated(value, parameters[python[-1]].annotation)
        if self._operation.body is not None:
            whole = {n: v for n, v in arguments.items() if places[n] == "body"} | dict(body)
            given["body"] = annotated(whole, parameters["body"].annotation)
        return given


def _as_given(value: Any, annotation: Any) -> Any:
    return value
