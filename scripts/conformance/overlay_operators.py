"""Faults in an overlay: one action of it is changed, and not the reason that it gives."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

from conformance.page_operators import NUMBER

_TARGETED = re.compile(r"(?<=')\w+(?=')")

Action = dict[str, Any]
Operator = Callable[[Action], Iterator[tuple[str, Action | None]]]
OPERATORS: dict[str, Operator] = {}
"""The operators, by name; None in place of an action drops it."""


def operator(plant: Operator) -> Operator:
    """Register an operator for actions under its own name."""
    OPERATORS[plant.__name__.replace("_", " ")] = plant
    return plant


def _leaves(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(child, (*at, key))
    else:
        yield at


def _replaced(action: Action, at: tuple[str | int, ...], new: Any) -> Action:
    """An action with another value at one place of its update."""
    edited: Any = copy.deepcopy(action)
    holder: Any = edited["update"]
    for key in at[:-1]:
        holder = holder[key]
    holder[at[-1]] = new
    return dict(edited)


def _at(action: Action, at: tuple[str | int, ...]) -> Any:
    value: Any = action["update"]
    for key in at:
        value = value[key]
    return value


@operator
def drop_an_action(action: Action) -> Iterator[tuple[str, Action | None]]:
    yield "", None


@operator
def change_a_number(action: Action) -> Iterator[tuple[str, Action | None]]:
    for at in _leaves(action.get("update")):
        text = _at(action, at)
        for match in NUMBER.finditer(text) if isinstance(text, str) else ():
            changed = (
                f"{text[: match.start()]}{int(match[0].replace(',', '')) + 7}{text[match.end() :]}"
            )
            yield f"{at[-1]}, {match[0]}", _replaced(action, at, changed)


@operator
def change_a_value(action: Action) -> Iterator[tuple[str, Action | None]]:
    for at in _leaves(action.get("update")):
        value = _at(action, at)
        other = {"number": "string", "integer": "string", "string": "integer", "object": "array"}
        if at[-1] == "type":
            yield "/".join(map(str, at)), _replaced(action, at, other[value])
        elif isinstance(at[-1], int) and isinstance(value, str):
            yield "/".join(map(str, at)), _replaced(action, at, f"{value}_2")


@operator
def drop_a_sentence(action: Action) -> Iterator[tuple[str, Action | None]]:
    for at in _leaves(action.get("update")):
        text = _at(action, at)
        if at[-1] in ("description", "title") and isinstance(text, str):
            shorter = text.rpartition(". ")[0] or text[: len(text) // 2]
            yield "/".join(map(str, at)), _replaced(action, at, shorter)


@operator
def rename_a_key(action: Action) -> Iterator[tuple[str, Action | None]]:
    """What is set on one status or property is set on another."""
    update = action.get("update") or {}
    for holder_at, holder in [((), update), (("properties",), update.get("properties") or {})]:
        for key in holder:
            new = {"403": "404"}.get(key, f"{key}_2")
            edited = copy.deepcopy(action)
            place = edited["update"]
            for step in holder_at:
                place = place[step]
            place[new] = place.pop(key)
            yield key, edited


@operator
def aim_elsewhere(action: Action) -> Iterator[tuple[str, Action | None]]:
    others = {"page_size": "page_num", "total_live_sale_gmv_amt": "total_live_sale_cnt"}
    others |= {"total_video_sale_gmv_amt": "total_video_cnt", "400": "401", "200": "500"}
    others |= {"402": "418", "500": "501", "403": "404", "items": "example"}
    for match in _TARGETED.finditer(action["target"]):
        if match[0] in others:
            target = action["target"]
            changed = f"{target[: match.start()]}{others[match[0]]}{target[match.end() :]}"
            yield match[0], {**action, "target": changed}


@operator
def drop_the_evidence(action: Action) -> Iterator[tuple[str, Action | None]]:
    for key in ("description", "x-evidence", "x-published"):
        yield key, {name: value for name, value in action.items() if name != key}


@operator
def set_something_else_too(action: Action) -> Iterator[tuple[str, Action | None]]:
    target = action["target"]
    if target.endswith("]") and "parameters[?" in target:
        schema = {"schema": {"maximum": 5}}
        yield "maximum", {**action, "update": {**action["update"], **schema}}
    if target.endswith("'].get"):
        facts = {"x-keyapi": {"credits": 3}}
        yield "credits", {**action, "update": {**action["update"], **facts}}
        parts = {"x-keyapi": {"sort": {"field": "sort_type", "direction": "sort_type"}}}
        yield "sort", {**action, "update": {**action["update"], **parts}}
        filters: Action = {"x-keyapi": {"filters": {}, "echoes": []}}
        yield "filters", {**action, "update": {**action["update"], **filters}}
