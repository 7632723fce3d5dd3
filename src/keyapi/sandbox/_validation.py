"""Read the arguments of a request, and check them against the operation's parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl

from keyapi.sandbox._exchange import SandboxRequest
from keyapi.specification import Argument, OperationSpec, Specification

_CURSOR = re.compile(r"[0-9]{1,18}")
_DEEPEST = 100  # levels of a body
_SHOWN = 40  # characters of an invalid value that a message repeats


class Validation:
    """Reads requests of one operation.

    Args:
        spec: The specification.
        operation: The operation.
        strict: Whether to refuse unknown parameters. The real API is reported to ignore them.
    """

    def __init__(self, spec: Specification, operation: OperationSpec, *, strict: bool) -> None:
        import jsonschema_rs

        from keyapi.contract import json_schema

        self._operation = operation
        self._strict = strict
        arguments = operation.arguments
        twins = [a for name, a in operation.body_arguments.items() if arguments[name] is not a]
        self._arguments = [*arguments.values(), *twins]
        self._validators = {
            (argument.name, argument.place): jsonschema_rs.Draft4Validator(
                json_schema(spec.document, dict(argument.schema))
            )
            for argument in self._arguments
        }
        self._in_rows = {*operation.echoes, *operation.filters}

    def read(
        self, request: SandboxRequest, in_path: Mapping[str, str]
    ) -> tuple[dict[str, Any], list[str]]:
        """Read the arguments of a request.

        Args:
            request: The request.
            in_path: Values of the path's parameters.

        Returns:
            The values by name in the request, and the problems: one sentence for each invalid
            parameter; empty for a valid request.
        """
        pairs = parse_qsl(request.query, keep_blank_values=True)
        bodiless = not request.body and not self._operation.body_required
        body, problems = self._body(request)
        values: dict[str, Any] = {}
        for argument in self._arguments:
            name = argument.name
            received: list[Any]
            if argument.place == "body" and bodiless:
                continue  # the page lets a request leave its body out, with all that it requires
            if argument.place == "body":
                received = [body[name]] if name in body else []
            elif argument.place == "query":
                received = [text for key, text in pairs if key == name]
            else:
                source = in_path if argument.place == "path" else request.headers
                received = [source[key] for key in (name, name.lower()) if key in source][:1]
            problem, value = self._value(argument, received)
            if problem:
                problems.append(problem)
            elif value is not None:
                values.setdefault(name, value)
        paging = self._operation.paging
        if paging is not None:
            counts = {"cursor": paging.position, "page size": paging.size}
            for what, counting in counts.items():  # the sandbox's are numbers
                value = values.get(counting or "")
                if value not in (None, paging.first) and not _is_whole(value):
                    shown = f"{str(value)[:_SHOWN]!r}"
                    problems.append(f"Invalid parameter: {shown} is not a {what} from this sandbox")
        if self._strict:
            names = dict.fromkeys([name for name, _ in pairs] + list(body))
            problems += [
                f"Unknown parameter: {name}"
                for name in names
                if name not in self._operation.arguments
            ]
        return values, problems

    def _body(self, request: SandboxRequest) -> tuple[dict[str, Any], list[str]]:
        if self._operation.body is None:
            return {}, []
        if not request.body and self._operation.body_required:
            return {}, ["The body is missing"]
        try:
            body = json.loads(request.body or b"{}", parse_float=_finite, parse_constant=_finite)
            if not isinstance(body, dict):
                raise ValueError("it is not an object")
        except (ValueError, RecursionError):
            return {}, ["The body is not a JSON object"]
        if _is_deep(body):
            return {}, [f"The body is nested more than {_DEEPEST} levels deep"]
        return body, []

    def _value(self, argument: Argument, received: list[Any]) -> tuple[str | None, Any]:
        """Return the problem with an argument, if there is one, and its value."""
        name, required = argument.name, argument.required
        if not received:
            return f"Missing required parameter: {name}" if required else None, None
        if received == [""] and argument.place != "body":
            paging = self._operation.paging
            if paging is not None and (paging.position, paging.start) == (name, ""):
                return None, ""  # as asks for the first page
            return f"Empty {'required ' if required else ''}parameter: {name}", None
        if len(received) > 1 and argument.schema.get("type") != "array":
            return f"Repeated parameter: {name}", None
        value = received[0] if argument.place == "body" else argument.read(received)
        try:
            self._validators[name, argument.place].validate(value)
        except ValueError as error:
            reason = getattr(error, "message", "")
            text = str(received[0])
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
            return f"Invalid parameter: {name} ({shown!r}: {reason})", None
        if name in self._in_rows and isinstance(value, int) and not -(2**63) <= value < 2**63:
            return f"Invalid parameter: {name} (its rows hold integers of 64 bits)", None
        return None, value


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("JSON has no form for it")
    return number


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def _is_whole(value: Any) -> bool:
    """Whether a position or a size of a page is a number that rows can be counted by."""
    if isinstance(value, str):
        return not value or _CURSOR.fullmatch(value) is not None
    if isinstance(value, list):
        return all(not isinstance(item, list) and _is_whole(item) for item in value)
    return isinstance(value, int | float)
