"""What relations share."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from keyapi.conformance.judge import JSON, ServerAnswer
from keyapi.contract import Violation
from keyapi.specification import OperationSpec


def success_answer(operation: OperationSpec) -> ServerAnswer:
    """A small success: the documented example, or an empty one."""
    status = operation.success_status
    if not operation.has_body(operation.success):
        return ServerAnswer(status, {}, b"")
    example = operation.example(operation.success)
    body = example if isinstance(example, dict) else {"code": 0, "message": "success", "data": {}}
    if not isinstance(example, dict) and operation.items is not None:
        put(body, operation.items, [])
    return ServerAnswer(status, JSON, json.dumps(body).encode())


def pairs(query: str) -> list[tuple[str, str]]:
    """The pairs of a query string, in no order."""
    return sorted(parse_qsl(query, keep_blank_values=True))


def put(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Put a value into a body, with the objects that lead to it."""
    for key in path[:-1]:
        body = body.setdefault(key, {})
    body[path[-1]] = value


def decoded(body: bytes) -> Any:
    """A JSON body, decoded; None for an empty one."""
    return json.loads(body) if body else None


def violation(operation: OperationSpec, rule: str, expected: object, found: object) -> Violation:
    """A violation of an operation as a whole; long values are cut."""
    return Violation(operation.name, "", rule, str(expected)[:200], str(found)[:200])
