"""Paths into decoded JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    """Give the value at a path of keys, or None where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def pointer(path: Iterable[str | int]) -> str:
    """Write a path of keys and indices as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
