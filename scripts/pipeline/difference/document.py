"""Compare two effective specifications as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keyapi._openapi import METHODS, OperationNode, operations, path_items
from pipeline.difference.compare import Compare, Place, always, by_key, same, unexplained
from pipeline.difference.model import MISSING, Difference
from pipeline.difference.normal import normal
from pipeline.difference.operations import Operations
from pipeline.difference.reach import Roles, roles
from pipeline.difference.rules import MOVED_AWAY, MOVED_HERE
from pipeline.difference.schemas import Schemas, subject_of
from pipeline.difference.security import compare_schemes, compare_security
from pipeline.difference.words import method, shown

Key = tuple[str, str]
"""Path and method of an operation."""
ByKey = dict[Key, OperationNode]


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[Difference]:
    """Explain a change between two effective specifications.

    Nothing is silent but what only writes the same in another way (`normal`): what no rule covers
    is reported as `x-unexplained`.

    Args:
        old: The specification as it was.
        new: The specification as it is.

    Returns:
        Every difference once, the most serious first, then in the order of the document.
    """
    old, new = normal(old), normal(new)
    found = list(_Document(old, new).compare())
    if not found and not same(old, new):
        found = list(unexplained(Place(()), old, new))
    once = {(difference.id, difference.pointer): difference for difference in found}
    return sorted(once.values(), key=lambda difference: -difference.level)


class _Document:
    def __init__(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self._old, self._new = old, new
        self._schemas = Schemas(old, new)
        self._operations = Operations(old, new, self._schemas)
        self._nodes = {operation.name: operation.node for operation in operations(new)}
        self._roles: dict[str, Roles] = roles(old, new)

    def compare(self) -> Iterator[Difference]:
        info = always("x-info-changed")
        comparisons = {
            **dict.fromkeys(("openapi", "info"), info),
            "tags": info,
            "servers": _servers,
            "security": _global_security,
            "paths": lambda at, old, new: self._paths(),
            "components": self._components,
        }
        yield from by_key(Place(()), self._old, self._new, comparisons)

    def _paths(self) -> Iterator[Difference]:
        before, after = _by_key(self._old), _by_key(self._new)
        removed = {key: operation for key, operation in before.items() if key not in after}
        added = {key: operation for key, operation in after.items() if key not in before}
        moved = _moved(removed, added)
        for key, operation in removed.items():
            yield self._removed(operation, after.get(moved.get(key, key)))
        for key, operation in added.items():
            meaning = MOVED_HERE if key in moved.values() else ""
            yield _place(operation, to=shown(operation.label)).differs(
                "endpoint-added", MISSING, operation.label, meaning=meaning
            )
        pairs = {key: key for key in before if key in after} | moved
        for key, other in pairs.items():
            place = _place(after[other])
            yield from self._operations.compare(place, before[key].node, after[other].node)
        yield from self._path_items()

    def _removed(self, operation: OperationNode, moved: OperationNode | None) -> Difference:
        path_too = operation.path not in dict(path_items(self._new))
        how = "with" if operation.node.get("deprecated") is True else "without"
        rule = f"api-{'path-' if path_too else ''}removed-{how}-deprecation"
        place = _place(operation, to=shown(moved.label) if moved else "")
        return place.differs(rule, operation.label, meaning=MOVED_AWAY if moved else "")

    def _path_items(self) -> Iterator[Difference]:
        """What a path holds besides its operations."""
        before, after = dict(path_items(self._old)), dict(path_items(self._new))
        for path in {**before, **after}:
            old, new = before.get(path, {}), after.get(path, {})
            rest = [
                {
                    key: value
                    for key, value in side.items()
                    if key not in METHODS or not isinstance(value, dict)
                }
                for side in (old, new)
            ]
            yield from by_key(Place(("paths", path)), rest[0], rest[1], {})
            if (path not in before or path not in after) and not {*old, *new} - {
                *rest[0],
                *rest[1],
            }:
                yield Place(("paths", path)).differs("x-unexplained", old, new)

    def _components(self, place: Place, old: Any, new: Any) -> Iterator[Difference]:
        old, new = ({} if side is MISSING else side for side in (old, new))
        comparisons: dict[str, Compare] = {
            "schemas": self._named_schemas,
            "securitySchemes": compare_schemes,
        }
        yield from by_key(place, old, new, comparisons)

    def _named_schemas(self, place: Place, old: Any, new: Any) -> Iterator[Difference]:
        old, new = ({} if side is MISSING else side for side in (old, new))
        for name in {**old, **new}:
            reached = self._roles.get(name, {})
            everyone = tuple(dict.fromkeys(op for found in reached.values() for op in found))
            at = place.at(name, **subject_of(name))
            if name not in new:
                yield _for(at, everyone).differs("api-schema-removed", name)
            elif name not in old:
                yield _for(at, everyone).differs("x-schema-added", MISSING, name)
            elif not reached and not same(old[name], new[name]):
                yield at.differs("x-unused-schema-changed", old[name], new[name])
            else:
                for role, found in reached.items():
                    here = self._with_method(_for(at, tuple(found)))
                    yield from self._schemas.compare(here, old[name], new[name], role)

    def _with_method(self, place: Place) -> Place:
        """Where one operation alone reaches a schema, sentences name its method."""
        name = place.operations[0]
        if len(place.operations) > 1 or name not in self._nodes:
            return place
        return place.at(method=method(self._nodes[name], name))


def _by_key(spec: dict[str, Any]) -> ByKey:
    return {(operation.path, operation.method): operation for operation in operations(spec)}


def _moved(removed: ByKey, added: ByKey) -> dict[Key, Key]:
    """Operations that kept their `operationId` under another path or method."""
    there = {operation.node.get("operationId"): key for key, operation in added.items()}
    return {
        key: there[operation.node["operationId"]]
        for key, operation in removed.items()
        if operation.node.get("operationId") in there and "operationId" in operation.node
    }


def _place(operation: OperationNode, **words: str) -> Place:
    name = operation.name
    place = Place(("paths", operation.path, operation.method), (name,))
    return place.at(method=method(operation.node, name), **words)


def _for(place: Place, operations: tuple[str, ...]) -> Place:
    return Place(place.path, operations, place.words)


def _global_security(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    old, new = ([] if side is MISSING else side for side in (old, new))
    yield from compare_security(place, old, new, "api-global-security")


def _servers(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    """Servers by their order: the first is the one that clients ask."""
    old, new = ([] if side is MISSING else side for side in (old, new))
    comparisons = {
        "url": always("x-server-changed"),
        "description": always("x-description-changed"),
    }
    for index, (before, after) in enumerate(zip(old, new, strict=False)):
        yield from by_key(place.at(index), before, after, comparisons)
    for index, server in enumerate(old[len(new) :], len(new)):
        yield place.at(index).differs("x-server-removed", server.get("url", MISSING))
    for index, server in enumerate(new[len(old) :], len(old)):
        yield place.at(index).differs("x-server-added", MISSING, server.get("url", MISSING))
