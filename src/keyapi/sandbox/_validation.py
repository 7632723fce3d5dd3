"""What a request says, read and judged by the operation's parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from keyapi.sandbox._exchange import SandboxRequest
from keyapi.specification import Argument, OperationSpec, Specification

_CURSOR = re.compile(r"[0-9]{1,18}")
_SHOWN = 40  # how much of a bad value a message repeats, in characters


class Validation:
    """Reads requests of one operation.

    Args:
        spec: The specification.
        operation: The operation.
        strict: Whether parameters it does not have are refused. The real API is reported to
            ignore them.
    """

    def __init__(self, spec: Specification, operation: OperationSpec, *, strict: bool) -> None:
        import jsonschema_rs

        from keyapi.contract import json_schema

        self._operation = operation
        self._strict = strict
        self._validators = {
            name: jsonschema_rs.Draft4Validator(json_schema(spec.document, dict(one.schema)))
            for name, one in operation.arguments.items()
        }

    def read(
        self, asked: SandboxRequest, in_path: Mapping[str, str]
    ) -> tuple[dict[str, Any], list[str]]:
        """Read the arguments of a request.

        Args:
            asked: The request.
            in_path: Values of the path's parameters.

        Returns:
            The values by name in the request, and what is wrong with the request: one sentence for
            each bad parameter, none for a good request.
        """
        pairs = parse_qsl(asked.query, keep_blank_values=True)
        body, problems = self._body(asked)
        values: dict[str, Any] = {}
        for name, one in self._operation.arguments.items():
            given: list[Any]
            if one.place == "body":
                given = [body[name]] if name in body else []
            elif one.place == "query":
                given = [text for key, text in pairs if key == name]
            else:
                source = in_path if one.place == "path" else asked.headers
                given = [source[key] for key in (name, name.lower()) if key in source][:1]
            problem, value = self._value(one, given)
            if problem:
                problems.append(problem)
            elif value is not None:
                values[name] = value
        cursor = values.get(self._operation.paging.position) if self._operation.paging else None
        if isinstance(cursor, str) and not _CURSOR.fullmatch(cursor):  # the sandbox's are numbers
            problems.append(f"Invalid parameter: {cursor[:_SHOWN]!r} is no cursor of this sandbox")
        if self._strict:
            known = self._operation.arguments
            unknown = dict.fromkeys([name for name, _ in pairs] + list(body))
            problems += [f"Unknown parameter: {name}" for name in unknown if name not in known]
        return values, problems

    def _body(self, asked: SandboxRequest) -> tuple[dict[str, Any], list[str]]:
        if self._operation.body is None:
            return {}, []
        try:
            body = json.loads(asked.body or b"{}")
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            return {}, ["The body is no JSON object"]
        return body, []

    def _value(self, one: Argument, given: list[Any]) -> tuple[str | None, Any]:
        """What is wrong with an argument, and its value."""
        if not given or (given == [""] and one.place != "body"):
            if one.required:
                return f"Missing required parameter: {one.name}", None
            return f"Empty parameter: {one.name}" if given else None, None
        if len(given) > 1 and one.schema.get("type") != "array":
            return f"Repeated parameter: {one.name}", None
        value = given[0] if one.place == "body" else one.read(given)
        try:
            self._validators[one.name].validate(value)
        except ValueError as error:
            reason = getattr(error, "message", "")
            text = str(given[0])
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
            return f"Invalid parameter: {one.name} ({shown!r}: {reason})", None
        return None, value
