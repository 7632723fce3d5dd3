"""Requests as the specification has them, with no client in between."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

from keyapi.sandbox import SandboxRequest
from keyapi.specification import OperationSpec

KEY = "sk_contract"


def wire(
    operation: OperationSpec, arguments: Mapping[str, Any], key: str = "good"
) -> SandboxRequest:
    """Write a request as the specification has it, with no client in between."""
    query: list[tuple[str, str]] = []
    path, body = operation.path, {}
    for name, value in arguments.items():
        argument = operation.arguments[name]
        if argument.place == "body":
            body[name] = value
        elif argument.place == "path":
            path = path.replace(f"{{{name}}}", quote(_text(value), safe=""))
        elif isinstance(value, list) and argument.delimiter:
            query.append((name, argument.delimiter.join(map(_text, value))))
        elif isinstance(value, list):
            query += [(name, _text(item)) for item in value]
        else:
            query.append((name, _text(value)))
    headers = {}
    if operation.secured and key != "none":
        headers["authorization"] = f"Bearer {KEY if key == 'good' else 'sk_bad'}"
    content = b""
    if operation.body is not None:
        headers["content-type"], content = "application/json", json.dumps(body).encode()
    return SandboxRequest(operation.method, path, urlencode(query), headers, content)


def read_path(template: str, path: str) -> dict[str, str] | None:
    """Read the arguments of a path; None where it is not one of the operation.

    Args:
        template: The operation's path, with parameters as `{name}`.
        path: The path of a request, encoded.
    """
    names = re.findall(r"\{([^{}]+)\}", template)
    pattern = "([^/]+)".join(map(re.escape, re.split(r"\{[^{}]+\}", template)))
    found = re.fullmatch(pattern, path)
    return dict(zip(names, map(unquote, found.groups()), strict=True)) if found else None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
