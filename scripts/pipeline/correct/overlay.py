"""Apply an OpenAPI Overlay 1.0 document, strictly.

Semantics: https://spec.openapis.org/overlay/v1.0.0.html. Stricter than that specification in two
ways: an action whose target matches nothing is an error, and so is one that finds something else
than its `x-published` records; what was published has then changed, and the correction must be
looked at again. An action that changes nothing is reported: its reason has gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import jsonpath_rfc9535 as jsonpath

from keyapi._json import pointer
from pipeline.correct.nearest import nearest
from pipeline.correct.platforms import PLATFORMS, platforms
from pipeline.correct.published import (
    PUBLISHED,
    UNMATCHED,
    Location,
    Match,
    Mismatch,
    compare,
    published,
    refuse,
    written,
)
from pipeline.correct.servers import SERVERS, listed
from pipeline.document.text import plain
from pipeline.document.yaml import copied
from pipeline.errors import PipelineError

_ROOT_FIELDS = {"overlay", "info", "extends", "actions", SERVERS, PLATFORMS}
_ACTION_FIELDS = {"target", "description", "update", "remove"}


@dataclass(frozen=True)
class Action:
    """An action that was applied.

    Attributes:
        pointer: Where it is in the overlay.
        target: Its JSONPath.
        reason: Its description; empty for none.
        written: Where in the specification it wrote or removed a value.
    """

    pointer: str
    target: str
    reason: str
    written: tuple[Location, ...]


@dataclass(frozen=True)
class Corrected:
    """A specification after the overlay.

    Attributes:
        spec: The corrected specification.
        redundant: A note on each action that changed nothing.
        actions: Every action, in order.
    """

    spec: dict[str, Any]
    redundant: tuple[str, ...]
    actions: tuple[Action, ...] = ()


def correct(spec: dict[str, Any], overlay: Any, where: str) -> Corrected:
    """Correct a copy of a specification.

    Args:
        spec: The specification as published.
        overlay: The overlay document, as JSON data.
        where: Name of the overlay's file, for errors.

    Raises:
        PipelineError: The overlay is malformed; or actions match nothing, select what their
            update does not fit, or find something else than they record as published. The one
            error names all actions that no longer fit the pages.
    """
    require_overlay(overlay, where)
    result: dict[str, Any] = copied(spec)
    redundant: list[str] = []
    mismatches: list[Mismatch] = []
    actions: list[Action] = []
    for index, action in enumerate(overlay["actions"]):
        at = pointer("actions", index)
        nodes = _select(result, action, where, at)
        if not nodes:
            mismatches.append(_unmatched(result, action, at))
            continue
        matches = [
            Match(node.location, node.path(), copied(published(node.value, action)))
            for node in nodes
        ]
        unchanged = _apply(result, nodes, action, where, at)
        mismatch = compare(action, matches, at)
        if unchanged:
            redundant.append(
                f"{where} {at}: the action is redundant: what it says is already at "
                f"{', '.join(unchanged)}. Drop it."
            )
        # A page that makes the correction itself says something else, but nothing to decide about.
        if mismatch and not (unchanged and PUBLISHED in action):
            mismatches.append(mismatch)
        places = tuple(place for match in matches for place in written(action, match.location))
        actions.append(Action(at, action["target"], action.get("description", ""), places))
    # What is gone comes first: there may be more of it behind what is said otherwise.
    refuse(sorted(mismatches, key=lambda mismatch: mismatch.remedy != UNMATCHED), where)
    return Corrected(result, tuple(redundant), tuple(actions))


def apply_overlay(spec: dict[str, Any], overlay: Any, where: str) -> dict[str, Any]:
    """Give the corrected copy alone; see `correct`."""
    return correct(spec, overlay, where).spec


def _select(
    spec: dict[str, Any], action: dict[str, Any], where: str, at: str
) -> list[jsonpath.JSONPathNode]:
    """What an action's target selects, objects and lists; empty where it matches nothing."""
    target = action["target"]
    try:
        query = jsonpath.compile(target)
    except jsonpath.JSONPathError as error:
        raise PipelineError(
            f"the target {target} is not a JSONPath: {error}",
            where=where,
            pointer=at,
            remedy="Write the target as RFC 9535 specifies.",
        ) from None
    nodes = list(query.find(spec))
    primitive = next((node for node in nodes if not isinstance(node.value, dict | list)), None)
    if primitive is not None:
        raise PipelineError(
            f"the target {target} selects a {type(primitive.value).__name__} at "
            f"{primitive.path()}; a target selects objects or arrays",
            where=where,
            pointer=at,
            remedy="Select the object that contains it, and update the property.",
        )
    return nodes


def _unmatched(spec: dict[str, Any], action: dict[str, Any], at: str) -> Mismatch:
    """An action whose target matches nothing, with what there is near it."""
    target = action["target"]
    near = " and ".join(nearest(jsonpath.compile(target), spec)) or "nothing"
    problem = f"the target {target} matches nothing; near it there is {near}"
    details = (
        f"{at}, target {plain(target, 1000)}\n"
        f"  It matches nothing; near it there is {plain(near, 1000)}.\n"
        "  Change its target, or drop the action.\n"
    )
    return Mismatch(at, problem, details, UNMATCHED)


def _apply(
    spec: dict[str, Any],
    nodes: list[jsonpath.JSONPathNode],
    action: dict[str, Any],
    where: str,
    at: str,
) -> list[str]:
    """Apply an action; give pointers to its targets if none of them was changed by it."""
    if action.get("remove"):
        # Inner before outer, and last before first: removing an item moves those behind it.
        for location in sorted({node.location for node in nodes}, key=_depth, reverse=True):
            _remove(spec, location, where, at)
        return []
    redundant = all(_stands(node.value, action["update"]) for node in nodes)
    for node in nodes:
        if isinstance(node.value, list):
            node.value.append(copied(action["update"]))
        elif isinstance(action["update"], dict):
            _merge(cast("dict[str, Any]", node.value), copied(action["update"]))
        else:
            raise PipelineError(
                f"the target {action['target']} selects an object, but the update is not one",
                where=where,
                pointer=at,
                remedy="Give the properties to merge, as an object.",
            )
    return [pointer(*node.location) for node in nodes] if redundant else []


def _stands(selected: Any, update: Any) -> bool:
    """Whether what an action selects says what its update says; a list says what is in it."""
    if isinstance(selected, list):
        return update in selected
    return _says(selected, update)


def _says(old: Any, update: Any) -> bool:
    if isinstance(old, dict) and isinstance(update, dict):
        return all(key in old and _says(old[key], value) for key, value in update.items())
    if isinstance(old, list) and isinstance(update, list):
        return all(item in old for item in update)
    return type(old) is type(update) and bool(old == update)


def _merge(target: dict[str, Any], update: dict[str, Any]) -> None:
    """Merge recursively: objects by name, arrays by appending, anything else by replacing."""
    for key, value in update.items():
        old = target.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            old.extend(value)
        else:
            target[key] = value


def _depth(location: tuple[int | str, ...]) -> tuple[int, int]:
    last = location[-1] if location else None
    return len(location), last if isinstance(last, int) else -1


def _remove(spec: dict[str, Any], location: tuple[int | str, ...], where: str, at: str) -> None:
    if not location:
        raise PipelineError(
            "the whole document cannot be removed",
            where=where,
            pointer=at,
            remedy="Select what is in it.",
        )
    parent: Any = spec
    for key in location[:-1]:
        parent = parent[key]
    del parent[location[-1]]


def require_overlay(overlay: Any, where: str) -> None:
    """Check that a document is an overlay.

    Args:
        overlay: The document, as JSON data.
        where: Name of its file, for errors.

    Raises:
        PipelineError: It is malformed.
    """

    def refuse(problem: str, *at: str | int) -> None:
        raise PipelineError(
            problem,
            where=where,
            pointer=pointer(*at),
            remedy="See https://spec.openapis.org/overlay/v1.0.0.html.",
        )

    if not isinstance(overlay, dict) or not str(overlay.get("overlay", "")).startswith("1.0."):
        refuse("not an Overlay 1.0 document")
    info = overlay.get("info")
    if not isinstance(info, dict) or not {"title", "version"} <= info.keys():
        refuse("info needs a title and a version", "info")
    listed(overlay, where)
    platforms(overlay, where)
    if unknown := _unknown(overlay, _ROOT_FIELDS):
        refuse(f"the field {unknown} is unknown", unknown)
    actions = overlay.get("actions")
    if not isinstance(actions, list) or not actions:
        refuse("actions needs at least one action", "actions")
        return
    for index, action in enumerate(actions):
        if not isinstance(action, dict) or not isinstance(action.get("target"), str):
            refuse("an action needs a target", "actions", index)
        elif unknown := _unknown(action, _ACTION_FIELDS):
            refuse(f"the field {unknown} is unknown", "actions", index, unknown)
        elif not isinstance(action.get("remove", False), bool):
            refuse("remove must be true or false", "actions", index, "remove")
        elif not action.get("remove") and "update" not in action:
            refuse("the action neither updates nor removes", "actions", index)


def _unknown(mapping: dict[str, Any], allowed: set[str]) -> str | None:
    return next((key for key in mapping if key not in allowed and not key.startswith("x-")), None)
