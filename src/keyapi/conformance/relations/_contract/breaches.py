"""Answers of an operation that break its specification, each in one way, with what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from keyapi._facts import JsonText, descending
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.relations._shared import put, success_answer
from keyapi.contract import Violation
from keyapi.specification import OperationSpec, Schema, value_at

_SHOWN = 80  # characters of a value
_NEW = "an addition"
_BOUNDS = {"enum", "pattern", "maxLength", "minimum", "maximum", "multipleOf", "anyOf", "allOf"}
Path = tuple[str | int, ...]


class Breach(NamedTuple):
    """An answer, and what is wrong with it.

    Attributes:
        name: What it is about.
        asked: Arguments by name in the request that differ from those of the documented call.
        answer: The answer.
        violations: All that is wrong.
        sampled: Whether only a sample of the answers is looked at for it, unless that is raised.
    """

    name: str
    asked: Mapping[str, Any]
    answer: ServerAnswer
    violations: tuple[Violation, ...]
    sampled: bool = False


class Breaches:
    """Breaks the documented answer of an operation.

    Args:
        operation: The operation.
        asked: Arguments of the call, by name in the request.
    """

    def __init__(self, operation: OperationSpec, asked: Mapping[str, Any]) -> None:
        self._operation = operation
        self._asked = asked
        answer = success_answer(operation)
        schema = operation.resolved(operation.schema(operation.success) or {})
        named = schema.get("properties") or answer.envelope
        self._body = {name: value for name, value in answer.envelope.items() if name in named}
        for name in schema.get("required", ()):
            if self._body:  # where a page has no example, an answer lacks what it must have
                self._body.setdefault(name, "1")
        content = json.dumps(self._body).encode() if self._body else answer.content
        self.good = answer._replace(content=content)
        found = value_at(self._body, operation.items) if operation.items else None
        self._rows: list[Any] = found if isinstance(found, list) else []

    def all(self) -> Iterator[Breach]:
        """Give the broken answers."""
        if not self._body:
            return
        yield self._broken("a byte order mark", b"\xef\xbb\xbf" + self.good.content)
        schema = self._operation.schema(self._operation.success) or {}
        for path, value, described in _places(self._operation, self._body, schema, ()):
            yield from self._of_value(path, value, described)
        yield from self._of_bytes()
        if self._rows and isinstance(self._rows[0], dict):
            yield from self._of_rows(self._rows[0])

    # --- What a schema says ---------------------------------------------------------------

    def _of_value(self, path: Path, value: Any, schema: Schema) -> Iterator[Breach]:
        here = "".join(f"/{key}" for key in path)
        kind = schema.get("type")
        free = not self._means(path)
        if free and isinstance(kind, str) and "enum" not in schema:
            wrong: Any = "x" if kind in ("integer", "number", "boolean") else 7
            shown = f'["{kind}", "null"]' if schema.get("nullable") else kind
            broken = here, "type", f"type {shown}", str(wrong)
            yield self._changed(path, wrong, broken)
        if free and "enum" in schema and value is not None:
            other = f"{value}0" if isinstance(value, str) else value + 4711
            members = [*schema["enum"], *([None] if schema.get("nullable") else [])]
            broken = here, "enum", _cut(f"enum {json.dumps(members)}"), str(other)
            yield self._changed(path, other, broken)
        if JsonText.of(schema) is not None and isinstance(value, str):
            broken = here, "json-text", "JSON in the text", "[{"
            yield self._changed(path, "[{", broken)._replace(sampled=True)
        if isinstance(value, dict) and schema.get("properties"):
            if not {"allOf", "additionalProperties"} & {*schema}:
                broken = f"{here}/{_NEW}", "additionalProperties", "no such property", "[1]"
                yield self._changed((*path, _NEW), [1], broken)
            for name in schema.get("required", ()):
                if not self._means((*path, name)) and name in value:
                    broken = f"{here}/{name}", "required", "a value", "nothing"
                    yield self._changed((*path, name), None, broken, away=True)

    def _means(self, path: Path) -> bool:
        """Whether other rules look at a place as well: those of rows, pages and codes."""
        operation, paging = self._operation, self._operation.paging
        items, names = operation.items or (), tuple(each for each in path if isinstance(each, str))
        if path == ("code",) or names == items[: len(names)]:
            return True
        if paging is not None and names in (paging.next, paging.more):
            return True
        meant = {prop for _, prop, _ in _meant(operation)}
        return len(path) == len(items) + 2 and path[: len(items)] == items and path[-1] in meant

    # --- What only the bytes show ---------------------------------------------------------

    def _of_bytes(self) -> Iterator[Breach]:
        text = self.good.content.decode()
        added = ("/new", "additionalProperties", "no such property")
        for fault, value, shown, rule, expected, found in (
            ("1", "2", "2", "duplicate-key", "each property once", "'new' twice"),
            ("", str(2**63), str(2**63), "huge-integer", "an integer of 64 bits", str(2**63)),
            ("", "7" * 99, f"{'7' * 79}…", "huge-integer", "an integer of 64 bits", f"{'7' * 79}…"),
        ):
            twice = f'"new": {fault}, ' if fault else ""
            content = text.replace("{", f'{{{twice}"new": {value}, ', 1).encode()
            yield self._broken(rule, content, ("", rule, expected, found), (*added, shown))
        name, value = next(iter(self._body.items()))
        again = text.replace("{", f"{{{json.dumps(name)}: {json.dumps(value)}, ", 1).encode()
        broken = "", "duplicate-key", "each property once", f"'{name}' twice"
        yield self._broken("a key twice", again, broken, sampled=True)
        other = self.good._replace(headers={"content-type": "text/html"})
        broken = "", "content-type", "application/json", "text/html"
        yield Breach("content-type", {}, other, (self._violation(*broken),), True)

    # --- What rows mean -------------------------------------------------------------------

    def _of_rows(self, row: dict[str, Any]) -> Iterator[Breach]:
        operation = self._operation
        others = [{**row, name: again} for name, again in self._apart(row)]
        if not others:
            return
        place = "".join(f"/{key}" for key in operation.items or ())
        paging, sort = operation.paging, operation.sort
        if paging is not None and paging.size:
            broken = place, "page-size", "at most 1 rows", "2 rows"
            yield self._with_rows([row, others[0]], broken, {paging.size: 1})
        broken = f"{place}/2", "repeated-row", "each row once", "row 0 once more"
        yield self._with_rows([row, others[0], row], broken)
        if sort is not None and sort.direction is not None:
            for column, field in operation.arguments[sort.field].members.items():
                for name, way in operation.arguments[sort.direction].members.items():
                    asked = {sort.field: field, sort.direction: way}
                    yield from self._ordered(row, column, place, descending(name), asked)
        for name, prop, rule in _meant(operation):
            schema, shown = operation.arguments[name].schema, row.get(prop)
            one = self._asked.get(name) if rule == "echo" else shown
            if "enum" in schema or not self._is_plain(prop) or not _is_scalar(shown, one):
                continue
            same = str(one) if isinstance(shown, str) else one
            other = _varied(same)
            broken = f"{place}/1/{prop}", rule, f"{one}, as {name} asks", str(other)
            many = [{**row, prop: same}, {**others[0], prop: other}]
            asked = {name: [one] if schema.get("type") == "array" else one}
            yield self._with_rows(many, broken, asked)

    def _ordered(
        self, row: dict[str, Any], column: str, place: str, downwards: bool | None, asked: Any
    ) -> Iterator[Breach]:
        schema = self._operation.properties().get(column, {})
        if schema.get("type") not in ("integer", "number") or downwards is None:
            return
        apart = [{**row, name: again} for name, again in self._apart(row) if name != column]
        if apart:
            low, high, than = (1, 2, "most") if downwards else (2, 1, "least")
            expected = f"at {than} {low}, as in the row before"
            broken = f"{place}/2/{column}", "order", expected, str(high)
            many = [{**row, column: low}, {**apart[0], column: low}, {**row, column: high}]
            yield self._with_rows(many, broken, asked)

    def _apart(self, row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """Properties that make another row of one, and what they are then."""
        meant = {prop for _, prop, _ in _meant(self._operation)}
        for name, value in row.items():
            if name not in meant and self._is_plain(name) and _is_scalar(value):
                yield name, _varied(value)

    def _is_plain(self, prop: str) -> bool:
        """Whether a property may have any value of its type."""
        schema = self._operation.properties().get(prop, {})
        return not _BOUNDS & {*schema} and JsonText.of(schema) is None and "type" in schema

    # --- Answers --------------------------------------------------------------------------

    def _violation(self, pointer: str, rule: str, expected: str, found: str) -> Violation:
        additive = rule in ("additionalProperties", "enum")
        return Violation(self._operation.name, pointer, rule, expected, found, additive)

    def _broken(
        self, name: str, content: bytes, *found: tuple[str, str, str, str], sampled: bool = False
    ) -> Breach:
        answer = self.good._replace(content=content)
        violations = tuple(self._violation(*each) for each in found)
        return Breach(name, {}, answer, violations, sampled)

    def _changed(
        self, path: Path, value: Any, broken: tuple[str, str, str, str], *, away: bool = False
    ) -> Breach:
        body = deepcopy(self._body)
        at: Any = body
        for key in path[:-1]:
            at = at[key]
        if away:
            del at[path[-1]]
        else:
            at[path[-1]] = value
        name = f"{broken[1]} at {broken[0]}"
        return self._broken(name, json.dumps(body).encode(), broken)

    def _with_rows(
        self,
        rows: list[Any],
        broken: tuple[str, str, str, str],
        asked: Mapping[str, Any] | None = None,
    ) -> Breach:
        body = deepcopy(self._body)
        put(body, self._operation.items or (), rows)
        asked, paging = asked or {}, self._operation.paging
        found = [broken]
        size = {**self._asked, **asked}.get(paging.size) if paging and paging.size else None
        if broken[1] != "page-size" and size is not None and len(rows) > int(size):
            place = "".join(f"/{key}" for key in self._operation.items or ())
            found.insert(0, (place, "page-size", f"at most {size} rows", f"{len(rows)} rows"))
        name = f"{broken[1]} at {broken[0]}, {dict(asked)}"
        made = self._broken(name, json.dumps(body).encode(), *found, sampled=True)
        return made._replace(asked=asked)


def _places(
    operation: OperationSpec, value: Any, schema: Schema, path: Path
) -> Iterator[tuple[Path, Any, Schema]]:
    """Each place of a value that a schema describes: of lists, the first item."""
    schema = operation.resolved(schema)
    yield path, value, schema
    if isinstance(value, dict):
        for name, child in schema.get("properties", {}).items():
            if name in value:
                yield from _places(operation, value[name], child, (*path, name))
    elif isinstance(value, list) and value and "items" in schema:
        yield from _places(operation, value[0], schema["items"], (*path, 0))


def _meant(operation: OperationSpec) -> list[tuple[str, str, str]]:
    """Arguments that say which rows there are, their properties, and rules that compare both."""
    return [
        *((name, prop, "filter") for name, prop in operation.filters.items()),
        *((name, name, "echo") for name in operation.echoes),
        *((name, prop, "ids") for name, prop in operation.ids.items()),
    ]


def _is_scalar(*values: Any) -> bool:
    return all(isinstance(value, (str, int)) and not isinstance(value, bool) for value in values)


def _varied(value: Any) -> Any:
    return f"{value}0" if isinstance(value, str) else value + 1


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
