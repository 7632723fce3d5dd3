"""One specification of several: what a sandbox of more than one platform serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyapi._openapi import operations

_COMPONENTS = "#/components/"


def together(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Put effective specifications into one.

    Args:
        documents: Specifications by name of their platform. Of two operations with the same
            method and path, the first is kept.

    Returns:
        One specification with the paths of all. Operations and components whose name an earlier
        platform has are called `PLATFORM.NAME`, which no name made from pages is.
    """
    paths: dict[str, Any] = {}
    components: dict[str, dict[str, Any]] = {}
    names: set[str] = set()
    for platform, document in documents.items():
        parts: dict[str, dict[str, Any]] = document.get("components", {})
        renamed = {
            f"{kind}/{name}": f"{platform}.{name}"
            for kind in parts
            for name in parts[kind]
            if name in components.get(kind, {})
        }
        for kind in parts:
            for name, part in parts[kind].items():
                new = renamed.get(f"{kind}/{name}", name)
                components.setdefault(kind, {})[new] = _referring(part, renamed)
        for operation in operations(document):
            item = paths.setdefault(operation.path, {})
            if operation.method not in item:
                name = operation.name
                name = f"{platform}.{name}" if name in names else name
                names.add(name)
                required = operation.node.get("security", document.get("security", []))
                item[operation.method] = {
                    **_referring(operation.node, renamed),
                    "operationId": name,
                    "security": [_schemes(alternative, renamed) for alternative in required],
                }
    first = next(iter(documents.values()))
    return {**first, "paths": paths, "components": components}


def _schemes(alternative: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    return {renamed.get(f"securitySchemes/{name}", name): alternative[name] for name in alternative}


def _referring(node: Any, renamed: Mapping[str, str]) -> Any:
    """A copy of a part of a specification that refers to components by their new names."""
    if isinstance(node, list):
        return [_referring(item, renamed) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: _referring(value, renamed) for key, value in node.items()}
    reference = node.get("$ref")
    if isinstance(reference, str) and reference.startswith(_COMPONENTS):
        part = reference.removeprefix(_COMPONENTS)
        kind = part.partition("/")[0]
        copy["$ref"] = f"{_COMPONENTS}{kind}/{renamed[part]}" if part in renamed else reference
    return copy
