"""Paths into decoded JSON."""

from __future__ import annotations

from typing import Any

DEEPEST = 250
"""How many levels deep the JSON of a response may be nested; validators read little more."""


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    """Give the value at a path of keys, or None where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def is_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects lie in one another more than so many levels deep."""
    layer = [value] if isinstance(value, (dict, list)) else []
    for _ in range(levels):
        if not layer:
            return False
        layer = [
            item
            for each in layer
            for item in (each.values() if type(each) is dict else each)
            if type(item) is dict or type(item) is list
        ]
    return bool(layer)


def pointer(*keys: str | int, root: str = "#") -> str:
    """Write a JSON pointer (RFC 6901) for a path of keys.

    Args:
        keys: Keys and indices from the top of the document.
        root: What stands for the whole document: "#" in a URI fragment, "" in a plain pointer.
    """
    return root + "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)
