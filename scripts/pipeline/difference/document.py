"""Compare two effective specifications as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.difference.compare import Compare, Place, always, by_key, same, unexplained
from pipeline.difference.model import MISSING, Difference
from pipeline.difference.operations import Operations
from pipeline.difference.reach import Roles, name_of, operations, roles
from pipeline.difference.rules import MOVED_AWAY, MOVED_HERE
from pipeline.difference.schemas import Schemas, subject_of
from pipeline.difference.security import compare_schemes, compare_security
from pipeline.difference.words import method, shown
from pipeline.vendor.pages import METHODS

Key = tuple[str, str]
"""Path and method of an operation."""


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[Difference]:
    """Explain a change between two effective specifications.

    Nothing is silent: what no rule knows is told as `x-unexplained`.

    Args:
        old: The specification as it was.
        new: The specification as it is.

    Returns:
        Every difference once, the most serious first, then in the order of the document.
    """
    found = list(_Document(old, new).compare())
    if not found and not same(old, new):
        found = list(unexplained(Place(()), old, new))
    once = {(difference.id, difference.pointer): difference for difference in found}
    return sorted(once.values(), key=lambda difference: -difference.level)


class _Document:
    def __init__(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self._old, self._new = old, new
        self._schemas = Schemas(new)
        self._operations = Operations(old, new, self._schemas)
        self._nodes = {name_of(key, node): node for key, node in operations(new).items()}
        self._roles: dict[str, Roles] = roles(old, new)

    def compare(self) -> Iterator[Difference]:
        info = always("x-info-changed")
        known = {
            **dict.fromkeys(("openapi", "info"), info),
            "tags": info,
            "servers": _servers,
            "security": _global_security,
            "paths": lambda at, old, new: self._paths(),
            "components": self._components,
        }
        yield from by_key(Place(()), self._old, self._new, known)

    def _paths(self) -> Iterator[Difference]:
        before, after = operations(self._old), operations(self._new)
        gone = {key: node for key, node in before.items() if key not in after}
        come = {key: node for key, node in after.items() if key not in before}
        moved = _moved(gone, come)
        for key, node in gone.items():
            yield self._gone(key, node, moved.get(key))
        for key, node in come.items():
            meaning = MOVED_HERE if key in moved.values() else ""
            yield _place(key, node, to=_asked(key)).differs(
                "endpoint-added", MISSING, _asked(key, ""), meaning=meaning
            )
        pairs = {key: key for key in before if key in after} | moved
        for key, other in pairs.items():
            place = _place(other, after[other])
            yield from self._operations.compare(place, before[key], after[other])
        yield from self._path_items()

    def _gone(self, key: Key, node: dict[str, Any], moved: Key | None) -> Difference:
        path_too = key[0] not in self._new["paths"]
        how = "with" if node.get("deprecated") is True else "without"
        rule = f"api-{'path-' if path_too else ''}removed-{how}-deprecation"
        place = _place(key, node, to=_asked(moved) if moved else "")
        return place.differs(rule, _asked(key, ""), meaning=MOVED_AWAY if moved else "")

    def _path_items(self) -> Iterator[Difference]:
        """What a path holds beside its operations."""
        for path in {**self._old["paths"], **self._new["paths"]}:
            old, new = (spec["paths"].get(path, {}) for spec in (self._old, self._new))
            rest = [
                {
                    key: value
                    for key, value in side.items()
                    if key not in METHODS or not isinstance(value, dict)
                }
                for side in (old, new)
            ]
            yield from by_key(Place(("paths", path)), rest[0], rest[1], {})
            known = path in self._old["paths"], path in self._new["paths"]
            if not all(known) and not {*old, *new} - {*rest[0], *rest[1]}:
                yield Place(("paths", path)).differs("x-unexplained", old, new)

    def _components(self, place: Place, old: Any, new: Any) -> Iterator[Difference]:
        old, new = ({} if side is MISSING else side for side in (old, new))
        known: dict[str, Compare] = {
            "schemas": self._named_schemas,
            "securitySchemes": compare_schemes,
        }
        yield from by_key(place, old, new, known)

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


def _moved(gone: dict[Key, dict[str, Any]], come: dict[Key, dict[str, Any]]) -> dict[Key, Key]:
    """Operations that kept their `operationId` under another path or method."""
    there = {node.get("operationId"): key for key, node in come.items()}
    return {
        key: there[node["operationId"]]
        for key, node in gone.items()
        if node.get("operationId") in there and "operationId" in node
    }


def _place(key: Key, node: dict[str, Any], **words: str) -> Place:
    name = name_of(key, node)
    return Place(("paths", *key), (name,)).at(method=method(node, name), **words)


def _for(place: Place, operations: tuple[str, ...]) -> Place:
    return Place(place.path, operations, place.words)


def _asked(key: Key, quote: str = "`") -> str:
    text = f"{key[1].upper()} {key[0]}"
    return shown(text) if quote else text


def _global_security(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    old, new = ([] if side is MISSING else side for side in (old, new))
    yield from compare_security(place, old, new, "api-global-security")


def _servers(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    """Servers by their order: the first is the one that clients ask."""
    old, new = ([] if side is MISSING else side for side in (old, new))
    known = {
        "url": always("x-server-changed"),
        "description": always("x-description-changed"),
    }
    for index, (before, after) in enumerate(zip(old, new, strict=False)):
        yield from by_key(place.at(index), before, after, known)
    for index, server in enumerate(old[len(new) :], len(new)):
        yield place.at(index).differs("x-server-removed", server.get("url", MISSING))
    for index, server in enumerate(new[len(old) :], len(old)):
        yield place.at(index).differs("x-server-added", MISSING, server.get("url", MISSING))
