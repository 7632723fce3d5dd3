"""Look for the evidence of what an overlay sets, in the words of the action itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.page_words._prose import names, numbers, words
from conformance.page_words._statement import ADDED, Statement

_OF_OPENAPI = frozenset(
    {
        *("description", "summary", "title", "type", "format", "enum", "default", "example"),
        *("properties", "items", "required", "content", "schema", "responses", "parameters"),
        *("in", "name", "minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength"),
        *("nullable", "additionalProperties", "application/json", "pattern", "examples"),
        *("x-keyapi", "allOf", "anyOf", "oneOf", "$ref", "headers", "security", "deprecated"),
    }
)
_UNITS = re.compile(r"%|\b(?:[A-Z]{3}|T\+\d|credits?|cents?|percent|days?|hours?|minutes?)\b")
_PROSE = ("description", "summary", "title")
_QUOTED = re.compile(r"'([^']+)'")
_NO_UNITS = frozenset({"GET", "PUT", "API", "URL", "GMV", "SKU", "AND", "NOT"})


def overlay_statements(overlay: Mapping[str, Any]) -> Iterator[Statement]:
    """Find what actions set although their reason and evidence do not say it.

    Each number, name, unit and value of an `update` must stand in the action's `description`,
    `x-evidence` or `x-published`, and so must the parameter or property that it is set on.

    Args:
        overlay: The overlay.

    Yields:
        Statements; their place is the target.
    """
    for action in overlay.get("actions") or ():
        target = str(action.get("target"))
        for key in ("description", "x-evidence", "x-published"):
            if key not in action:
                yield Statement(ADDED, f"without {key}", target)
        published = json.dumps(action.get("x-published"), ensure_ascii=False)
        told = " ".join((action.get("description", ""), action.get("x-evidence", ""), published))
        known = {*words(told), *names(told), *(number.text for number in numbers(told))}
        known |= {unit.rstrip("s") for unit in _UNITS.findall(told)} | (
            {"USD"} if "$" in told else set()
        )
        stated = {*_stated(action.get("update"), ""), *_aimed_at(target)}
        for item in sorted(stated):
            if item not in known and not words(item) <= known:
                yield Statement(ADDED, f"{item}: not in the action's reason or evidence", target)


def _stated(value: Any, key: str) -> Iterator[str]:
    """The numbers, names and units that an update sets."""
    if isinstance(value, dict):
        for name, child in value.items():
            if name not in _OF_OPENAPI:
                yield str(name)
            yield from _stated(child, str(name))
    elif isinstance(value, list):
        for child in value:
            yield from _stated(child, key)
    elif isinstance(value, str) and key in _PROSE:
        units = _UNITS.sub(" ", value)
        yield from (number.text for number in numbers(units))
        yield from names(value)
        found = {unit.rstrip("s") for unit in _UNITS.findall(value)}
        yield from found - _NO_UNITS
    elif isinstance(value, bool | int | float | str):
        yield str(value).lower() if isinstance(value, bool) else str(value)


def _last_step(target: str) -> str:
    """What stands after the last dot that is outside of brackets."""
    inside = False
    for index in range(len(target) - 1, -1, -1):
        inside = target[index] == "]" or (inside and target[index] != "[")
        if target[index] == "." and not inside:
            return target[index + 1 :]
    return target


def _aimed_at(target: str) -> Iterator[str]:
    """The parameter or properties that a target's last step chooses by name."""
    last = _last_step(target) if "[" in target else ""
    if "?" in last or last.startswith("properties"):
        for name in _QUOTED.findall(last):
            if name not in _OF_OPENAPI and "/" not in name and re.fullmatch(r"\w+", name):
                yield name
