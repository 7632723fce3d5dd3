"""Where things stand in an answer, and how their names are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.shape.draft import Operation, Schema

Path = tuple[str, ...]
"""The names that lead from the top of an answer to a value."""


def plain(name: str) -> str:
    """A name as names are compared: without case, underscores, and what stands before a dot."""
    return re.sub(r"[\W_]", "", name.rpartition(".")[2]).lower()


def places(schema: Schema, at: Path) -> Iterator[tuple[Path, Schema]]:
    """Yield every property at or below a schema with its path, without looking into lists."""
    for name, child in schema.get("properties", {}).items():
        yield (*at, name), child
        yield from places(child, (*at, name))


def values(operation: Operation) -> Iterator[tuple[Path, Schema]]:
    """Yield the values of a successful answer, outside of lists of rows: scalars, and lists."""
    schema = (operation.success() or {}).get("schema") or {}
    for path, found in places(schema, ()):
        items = found.get("items", {}) if found.get("type") == "array" else {}
        if found.get("type") != "object" and items.get("type") not in ("object", "array"):
            yield path, found


def nearest(paths: list[Path], to: Path) -> Path:
    """Of several places the one that shares most of the way with another; then the highest."""

    def distance(path: Path) -> tuple[int, int]:
        pairs = zip(path[:-1], to[:-1], strict=False)
        shared = next((n for n, (one, other) in enumerate(pairs) if one != other), None)
        return -(min(len(path), len(to)) - 1 if shared is None else shared), len(path)

    return min(paths, key=distance)
