"""Client -> spec: what an argument cannot be is refused, and the names of its values are sent."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, IntEnum
from math import nan
from typing import Any

from keyapi import BadRequest
from keyapi._arguments import shown
from keyapi._clients import async_twin
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Caller, Inexpressible, LowLevel, Sent
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._names.surface import Documented, documented
from keyapi.conformance.relations._sending.golden import golden_arguments
from keyapi.conformance.relations._shared import (
    is_first,
    request_differs,
    success_answer,
    violation,
)
from keyapi.contract import Violation
from keyapi.specification import Argument, OperationSpec

_NO_NAME = "no such member"
_RULED_OUT: dict[Any, tuple[Any, ...]] = {
    "string": (7, 6.8e18, nan, b"7", True),
    "integer": (7.0, nan, "7", True),
    "number": (nan, "x", True),
    "boolean": ("true", 1),
    "array": ("x", 7),
    "object": ("x", 7),
}
"""Values of other types, by the type that an argument is documented with."""
_NO_MEMBER: tuple[Any, ...] = (True, 1.5, nan, b"x")
_NO_TEXT = ("", " ", "a\nb")
"""What no text outside a JSON body may be."""
_NO_COUNT: tuple[Any, ...] = (25.0, nan, "25", True)
_BOUNDS = ("limit", "max_pages")


@relation("client -> spec", short="c>s", position=2)
def arguments_checked(operation: OperationSpec, caller: Caller, base_url: str) -> Iterator[Finding]:
    """What an argument's type, members or bounds rule out is a `BadRequest`; nothing is sent.

    Names of members are sent as their values. With `check_arguments=False`, values outside members
    and bounds are sent as given.

    Args:
        operation: The operation.
        caller: The client.
        base_url: Where requests must go.
    """
    if is_first(operation):
        for case, expected, found in golden_arguments(caller):  # which no operation has a part in
            if expected != found:
                broken = violation(operation, "by hand", expected, found)
                yield Finding("client -> spec", case, broken)
    looks = _Arguments(operation, caller, base_url)
    try:
        for case, broken in looks.all():
            yield Finding("client -> spec", case, broken)
    except Inexpressible as reason:
        broken = violation(operation, "inexpressible", "the first case", reason)
        yield Finding("client -> spec", "arguments", broken)


class _Arguments:
    """Looks at the arguments of an operation, one at a time, beside those of its first case."""

    def __init__(self, operation: OperationSpec, caller: Caller, base_url: str) -> None:
        self._operation = operation
        self._caller = caller
        self._base_url = base_url
        self._values = dict(next(iter(cases(operation))).arguments)

    def all(self) -> Iterator[tuple[str, Violation]]:
        name = self._operation.name
        if (name, False) not in self._caller.methods:
            return  # `client_to_spec` says so
        given = self._caller.arguments(name, self._values)
        method = self._caller.methods[name, False]
        for argument in documented(self._operation, [*method.wire]):
            for case, broken in self._one(argument, given):
                yield f"{argument.name}={case}", broken
        if (name, True) in self._caller.methods:
            yield from self._walk()

    def _one(self, argument: Documented, given: dict[str, Any]) -> Iterator[tuple[str, Violation]]:
        foreign = [*_foreign(argument.argument)]
        unlisted = [*_unlisted(self._operation, argument.argument)]
        ruled_out = [*_ruled_out(self._operation, argument), *foreign]
        for value in (*ruled_out, *unlisted):
            sent = self._send({**given, argument.name: value})
            for broken in self._refused(argument, value, sent):
                yield shown(value), broken
        for value in ruled_out if argument.argument.members else ruled_out[:1]:
            if value is not None:  # which the specification rules out, not the type
                sent = self._send({**given, argument.name: value}, check_arguments=False)
                for broken in self._refused(argument, value, sent):
                    yield f"{shown(value)}, unchecked", broken
        for value in (*ruled_out[:1], *foreign[:1], *unlisted[:1]):
            yield from self._refused_by_functions(argument, value)
        for name, value in argument.argument.members.items():
            if value is None:
                continue
            names: set[Any] = {name, name.lower(), name.lower().replace("_", "-"), str(value)}
            for text in (*names, value, _same(name, value)):
                sent = self._send({**given, argument.name: text})
                for broken in self._sent(argument, value, sent):
                    yield str(text), broken
            sent = self._send({**given, argument.name: name.lower()}, check_arguments=False)
            for broken in self._sent(argument, value, sent):
                yield f"{name.lower()}, unchecked", broken
        for value in unlisted:
            sent = self._send({**given, argument.name: value}, check_arguments=False)
            for broken in self._sent(argument, value, sent):
                yield f"{value}, unchecked", broken

    def _send(self, given: dict[str, Any], **options: Any) -> Sent:
        answer = success_answer(self._operation)
        try:
            return self._caller.send(self._operation.name, given, answer, **options)
        except AssertionError as error:  # the two clients differ
            return Sent([], error, 0)

    def _refused(self, argument: Documented, value: Any, sent: Sent) -> Iterator[Violation]:
        """The error names argument, value and what is allowed."""
        found, error = f"{len(sent.requests)} requests, {sent.result!r}", sent.result
        if sent.requests or not isinstance(error, BadRequest):
            yield violation(self._operation, "refused", "BadRequest, and no request", found)
            return
        words = [argument.name, *self._listed(argument, value)]
        missing = [word for word in words if word not in error.message]
        if missing or error.operation != self._operation.name:
            yield violation(self._operation, "refused", f"a message with {missing}", found)

    def _listed(self, argument: Documented, value: Any) -> Iterator[str]:
        if value is not None and value not in ("", []) and not isinstance(value, list):
            yield shown(value)
        if value is not None and len(argument.argument.members) < 10:
            yield from (repr(v) for v in argument.argument.members.values() if v is not None)

    def _sent(self, argument: Documented, value: Any, sent: Sent) -> Iterator[Violation]:
        if len(sent.requests) != 1:
            yield violation(self._operation, "sent", "one request", repr(sent.result))
            return
        arguments, body = self._with(argument, value)
        (request,) = sent.requests
        yield from request_differs(self._operation, arguments, request, self._base_url, body)

    def _with(self, argument: Documented, value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The first case's values and those of the body beside them, with another value of one."""
        wire = argument.wire
        if argument.argument.place != self._operation.arguments[wire].place:
            return self._values, {wire: value}
        return {**self._values, wire: value}, {}

    def _refused_by_functions(
        self, argument: Documented, value: Any
    ) -> Iterator[tuple[str, Violation]]:
        """The low-level functions refuse it as well."""
        low = LowLevel(self._operation, self._caller)
        arguments, body = self._with(argument, value)
        for function in low.detailed:
            sent = low.call(
                function, arguments, success_answer(self._operation), body=body, typed=False
            )
            if sent.requests or not isinstance(sent.result, BadRequest):
                found = f"{len(sent.requests)} requests, {sent.result!r}"
                broken = violation(self._operation, "refused", "BadRequest, and no request", found)
                yield f"{shown(value)} by {function}", broken

    def _walk(self) -> Iterator[tuple[str, Violation]]:
        """A walk refuses its own arguments when it is made."""
        name, paging = self._operation.name, self._operation.paging
        assert paging is not None
        method = self._caller.methods[name, True]
        values = {key: value for key, value in self._values.items() if key != paging.position}
        given = self._caller.arguments(name, values, walk=True)
        position = documented(self._operation, [*method.wire], walk=True)
        refused: dict[str, Any] = dict.fromkeys(_BOUNDS, (*_NO_COUNT, -1))
        for argument in position:
            if argument.name == "start_page":
                refused["start_page"] = (
                    *_ruled_out(self._operation, argument),
                    *_unlisted(self._operation, argument.argument),
                )
        for kind in (self._caller.client, async_twin(self._caller.client)):
            client: Any = kind(KEY)
            for key, ruled_out in refused.items():
                for value in ruled_out:
                    try:
                        found: Any = method.on(client)(**{**given, key: value})
                    except Exception as error:
                        found = error
                    if not isinstance(found, BadRequest) or key not in found.message:
                        broken = violation(self._operation, "refused", "BadRequest", repr(found))
                        yield f"{kind.__name__}, {key}={shown(value)}", broken


def _ruled_out(operation: OperationSpec, documented: Documented) -> Iterator[Any]:
    """Values that an argument cannot have, whatever the specification lists."""
    argument = documented.argument
    paging, in_body = operation.paging, argument.place == "body"
    if argument.members:
        yield from _NO_MEMBER
    elif paging and paging.kind == "page" and argument.name == paging.position:
        yield from _NO_COUNT
    else:
        kind = argument.schema.get("type")
        yield from _RULED_OUT.get(kind, ())
        if kind == "string" and not in_body:
            yield from (text for text in _NO_TEXT if text or documented.default != "")
        if kind == "array" and not in_body:
            yield []
    if argument.required and documented.default is not None:
        yield None


def _foreign(argument: Argument) -> Iterator[Any]:
    """Members of other enums: a number, or a value, alone may mean something else there."""
    members = {name: value for name, value in argument.members.items() if value is not None}
    if members:
        (first, *_), (*_, last) = members, members.values()
        yield _other("NO_SUCH_MEMBER", last)
        if len(members) > 1:
            yield _other(first, last)


def _same(name: str, value: Any) -> Any:
    """A member of another enum that has a member's name and value."""
    return _other(name.upper(), value)


def _other(name: str, value: Any) -> Any:
    kind: Any = IntEnum if isinstance(value, int) else Enum
    return kind("Other", {name: value})(value)


def _unlisted(operation: OperationSpec, argument: Argument) -> Iterator[Any]:
    """Values of an argument's type that are not members, or pages beyond the bounds."""
    paging, schema = operation.paging, argument.schema
    members = [value for value in argument.members.values() if value is not None]
    if members:
        yield _NO_NAME
        if isinstance(members[0], int):
            yield max(members) + 1
    elif paging and argument.name == paging.size:
        yield 0
        if paging.largest is not None:
            yield paging.largest + 1
    elif paging and paging.kind == "page" and argument.name == paging.position:
        yield int(paging.start or 0) - 1
        if "maximum" in schema:
            yield schema["maximum"] + 1
