"""Text that holds JSON, in each of the forms in which servers send it."""

from __future__ import annotations

import json
import re
from math import inf
from typing import Any

_NESTED = 3  # how often text may be encoded again; more was never reported
# What a Java program prints for a list of maps: `[{index=1, url=https://...}, {...}]`.
_PRINTED = re.compile(r"\[?\{(?=\w+=)")
_NEXT_PRINTED = re.compile(r"\},\s?\{(?=\w+=)")
_NEXT_FIELD = re.compile(r",\s?(?=\w+=)")
# Commas also stand inside URLs; between two, a scheme follows.
_NEXT_URL = re.compile(r",\s?(?=https?://)")
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def decode(value: Any) -> Any:
    """Decode JSON inside a string; give anything else, and plain text, as it is.

    Text that starts like a list or an object but cannot be decoded gives None.
    """
    for _ in range(_NESTED):
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value) if value.strip() else None
        except (ValueError, RecursionError):
            return _otherwise(value)
    return value


def objects(value: Any, text: str | None) -> list[dict[str, Any]]:
    """Give the objects in a decoded value.

    Args:
        value: The value.
        text: Property that a bare text stands for, such as `url` where plain URLs are sent; an
            object that has none of that name may list such texts (`{"url_list": [...]}`).
    """
    found: list[dict[str, Any]] = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            found += [item] if text is None or text in item else _listed(item, text)
        elif isinstance(item, str) and item and text is not None:
            found += [{text: part} for part in _NEXT_URL.split(item)]
    return found


def in_order(found: list[dict[str, Any]], order: str | None) -> list[dict[str, Any]]:
    """Sort objects by a number in them, lowest first; those without one come last, as received.

    Args:
        found: The objects.
        order: Property that has the number; None to leave them as they are.
    """
    return found if order is None else sorted(found, key=lambda item: _rank(item.get(order)))


def _rank(value: Any) -> float:
    try:
        rank = float(value)
    except (TypeError, ValueError, OverflowError):
        return inf
    return rank if rank == rank else inf


def _listed(item: dict[str, Any], text: str) -> list[dict[str, Any]]:
    lists = [value for name, value in item.items() if name.startswith(text)]
    texts = [{text: part} for parts in lists if isinstance(parts, list) for part in parts]
    return [{**found} for found in texts if isinstance(found[text], str)] or [item]


def _otherwise(value: str) -> Any:
    """What text that is not valid JSON holds."""
    value = value.strip()
    if _PRINTED.match(value):
        rows = _NEXT_PRINTED.split(value.strip("[]").removeprefix("{").removesuffix("}"))
        return [_printed(row) for row in rows]
    return None if value[:1] in ("[", "{") else value


def _printed(row: str) -> dict[str, Any]:
    pairs = (field.partition("=") for field in _NEXT_FIELD.split(row))
    return {
        name: None if value == "null" else int(value) if _WHOLE.fullmatch(value) else value
        for name, _, value in pairs
    }
