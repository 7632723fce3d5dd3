"""Paths into decoded JSON."""

from __future__ import annotations

from typing import Any


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    """Give the value at a path of keys, or None where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def pointer(*keys: str | int, root: str = "#") -> str:
    """Write a JSON pointer (RFC 6901) for a path of keys.

    Args:
        keys: Keys and indices from the top of the document.
        root: What stands for the whole document: "#" in a URI fragment, "" in a plain pointer.
    """
    return root + "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)
