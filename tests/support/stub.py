"""The negative control: a server that always answers the same documented rows.

It passes Schemathesis's own checks; golden cases and the contract suite must fail on it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

from keyapi.conformance.bodies import documented
from keyapi.specification import OperationSpec, Schema, Specification, value_at


class Stub:
    """An ASGI app that answers each operation with the rows of its documented example.

    It knows a request without a key and one that lacks a required parameter of the query; whatever
    else a request says, it ignores. Where the page has no example, it repeats a made-up answer.

    Args:
        specification: The effective specification.
        two_rows: Whether operations that sort have a second row, smaller in every sort column, so
            that one of two directions is wrong.
    """

    def __init__(self, specification: Specification, *, two_rows: bool = False) -> None:
        self._two_rows = two_rows
        self._specification = specification
        self._bodies: dict[tuple[str, str], Any] = {}

    def body(self, operation: OperationSpec, status: str) -> Any:
        """What it answers under a status."""
        key = operation.name, status
        if key not in self._bodies:
            self._bodies[key] = self._made(operation, status)
        return self._bodies[key]

    def rows(self, operation: OperationSpec) -> list[Any]:
        """The rows that it answers to everything; empty for an operation without rows."""
        rows = value_at(
            self.body(operation, str(operation.success_status)), operation.items or ("",)
        )
        return rows if isinstance(rows, list) else []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        path, method = scope["raw_path"].decode(), scope["method"]
        operation = next(
            (one for one in self._specification if one.method == method and _leads_to(one, path)),
            None,
        )
        sent = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
        keyed = b"authorization" in dict(scope["headers"])
        if operation is None:
            status, body = 404, {"code": 404, "message": ""}
        else:
            status = self._status(operation, set(sent), keyed)
            body = self.body(operation, str(status))
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    def _status(self, operation: OperationSpec, sent: set[str], keyed: bool) -> int:
        if operation.secured and not keyed:
            return 401
        return operation.success_status if set(required_in_query(operation)) <= sent else 400

    def _made(self, operation: OperationSpec, status: str) -> Any:
        if status != str(operation.success_status):
            return operation.example(status) or {"code": int(status), "message": ""}
        body = json.loads(json.dumps(documented(self._specification, operation, status)))
        rows = value_at(body, operation.items or ("",))
        sort = operation.sort
        if self._two_rows and sort is not None and isinstance(rows, list) and rows:
            columns = operation.arguments[sort.field].members
            properties = operation.properties()
            smaller = {
                column: _other(rows[0][column], properties.get(column, {}))
                for column in columns
                if rows[0].get(column) is not None
            }
            rows.append({**rows[0], **smaller})
        return body


def required_in_query(operation: OperationSpec) -> Iterator[str]:
    """The parameters that the stub knows to be required."""
    for name, argument in operation.arguments.items():
        if argument.required and argument.place == "query":
            yield name


def _leads_to(operation: OperationSpec, path: str) -> bool:
    pattern = "[^/]*".join(map(re.escape, re.split(r"\{[^}]+\}", operation.path)))
    return re.fullmatch(pattern, path) is not None


def _other(value: Any, schema: Schema) -> Any:
    """Another value of the same type, within the schema's bounds."""
    if isinstance(value, str):
        return f"{value}0"
    if value > 0:
        smaller = value // 2 if isinstance(value, int) else value / 2
        return max(smaller, schema.get("minimum", smaller))
    return value + 1
