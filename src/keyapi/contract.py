"""What a specification promises of its answers, and where an answer breaks the promise.

One place judges answers: the client with `contract="warn"` or `"raise"`, in production, and the
contract suite, in tests. The raw body is judged, not what a lenient decoder makes of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import jsonschema_rs

_SHOWN = 80  # how much of a value a violation shows, in characters


class Violation(NamedTuple):
    """One place where an answer is not what the specification promises.

    Attributes:
        operation: Name of the operation.
        pointer: JSON pointer to the place, from the top of the answer.
        rule: What was broken: a keyword of JSON Schema such as `type` or `required`, or `json`,
            `duplicate-key`, `huge-integer`, `status`.
        expected: What the specification promises there.
        found: What stands there, cut short.
        additive: Whether clients can live with it: a new property, or a new value of an enum.
    """

    operation: str
    pointer: str
    rule: str
    expected: str
    found: str
    additive: bool = False

    @property
    def kind(self) -> tuple[str, str, str]:
        """What this violation has in common with those of other rows."""
        parts = ("*" if part.isdigit() else part for part in self.pointer.split("/"))
        return self.operation, "/".join(parts), self.rule

    def __str__(self) -> str:
        where = self.pointer or "the whole answer"
        return f"{self.operation}: {where}: expected {self.expected}, found {self.found}"


class Contract:
    """The answers that an effective specification promises.

    Args:
        spec: The specification, OpenAPI 3.0, with an `operationId` on each operation.
    """

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec = spec
        self._promises: dict[tuple[str, str], _Promise | None] = {}

    @cached_property
    def _operations(self) -> dict[str, Any]:
        return {
            node["operationId"]: node
            for item in self._spec["paths"].values()
            for node in item.values()
            if isinstance(node, dict) and "operationId" in node
        }

    def checker(self, operation: str, status: int) -> Callable[[Any], bool] | None:
        """Give what tells quickly whether a success is just as promised, without additions.

        Args:
            operation: Name of the operation.
            status: HTTP status of the success.

        Returns:
            A function of the decoded answer; None where no success is promised under this status.
        """
        promise = self._promise(operation, status, None)
        return None if promise is None else promise.fits

    def violations(self, operation: str, status: int, content: bytes) -> list[Violation]:
        """Find every place where an answer breaks the promise, and additions to it.

        Args:
            operation: Name of the operation.
            status: HTTP status.
            content: Body as received.

        Returns:
            The violations, in the order of the body; those a reader of the bytes sees come first.
        """

        def violation(rule: str, expected: str, found: str) -> Violation:
            return Violation(operation, "", rule, expected, found)

        found: list[Violation] = []

        def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            row = dict(pairs)
            if len(row) != len(pairs):
                names = [name for name, _ in pairs]
                twice = next(name for name in names if names.count(name) > 1)
                found.append(violation("duplicate-key", "each property once", f"{twice!r} twice"))
            return row

        def integer(text: str) -> int:
            number = int(text)
            if not -(2**63) <= number < 2**63:
                found.append(violation("huge-integer", "an integer of 64 bits", _short(number)))
            return number

        try:
            body = json.loads(
                content,
                object_pairs_hook=unique,
                parse_int=integer,
                parse_constant=_refuse_constant,
            )
        except (ValueError, RecursionError):
            return [violation("json", "JSON", _short(content[:_SHOWN].decode("utf-8", "replace")))]
        promise = self._promise(operation, status, body)
        if promise is None:
            documented = ", ".join(self._operations[operation]["responses"])
            return [*found, violation("status", f"one of {documented}", str(status))]
        return [*found, *promise.violations(operation, body)]

    def _promise(self, operation: str, status: int, body: Any) -> _Promise | None:
        """What is promised of an answer; of an error under HTTP 200, that it is a known error."""
        responses = self._operations[operation]["responses"]
        code = body.get("code") if isinstance(body, dict) else None
        promised = str(status)
        if 200 <= status < 300 and isinstance(code, int) and code != 0:
            errors = [known for known in responses if not known.startswith("2")]
            promised = str(code) if str(code) in errors else next(iter(errors), promised)
        key = operation, promised
        if key not in self._promises:
            media = responses.get(promised, {}).get("content", {}).get("application/json", {})
            self._promises[key] = _Promise(self._spec, media["schema"]) if media else None
        return self._promises[key]


class _Promise:
    """One schema, closed to what it does not name.

    Attributes:
        fits: Tells whether a decoded answer is just as promised.
    """

    def __init__(self, spec: Mapping[str, Any], schema: dict[str, Any]) -> None:
        root = json_schema(spec, schema)
        parts = root["components"]["schemas"]
        kept_open = {name: parts[name] for name in _composed(root)}
        self._root = _closed(root)
        self._root["components"]["schemas"].update(kept_open)
        self._validator = jsonschema_rs.Draft4Validator(self._root)
        self.fits: Callable[[Any], bool]
        quick = jsonschema_rs.dereference(_counted(self._root), draft=jsonschema_rs.Draft4)
        self.fits = jsonschema_rs.Draft4Validator(quick).is_valid

    def violations(self, operation: str, body: Any) -> Iterator[Violation]:
        for error in self._validator.iter_errors(body):
            path = list(error.instance_path)
            rule = error.kind.name
            facts: dict[str, Any] = error.kind.as_dict()
            instance: Any = error.instance
            if rule == "additionalProperties":
                for name in facts["unexpected"]:
                    pointer = _pointer([*path, name])
                    value = _short(instance[name])
                    yield Violation(operation, pointer, rule, "no such property", value, True)
                continue
            expected = f"{rule} {self._promised(error.schema_path)}"
            if rule == "required":
                path.append(facts["property"])
                yield Violation(operation, _pointer(path), rule, "a value", "nothing")
            else:
                found = _short(instance)
                yield Violation(operation, _pointer(path), rule, expected, found, rule == "enum")

    def _promised(self, path: list[str | int]) -> str:
        value: Any = self._root
        for step in path:
            value = value[step]
        return _short(value)


def json_schema(spec: Mapping[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Give a schema of OpenAPI 3.0 as one of JSON Schema (Draft 4), on its own.

    Args:
        spec: The specification it is from.
        schema: The schema.

    Returns:
        The schema, with the components it refers to; `nullable` is an alternative to null.
    """
    components = spec.get("components", {}).get("schemas", {})
    root = _plain(schema)
    needed: dict[str, Any] = {}
    waiting = [root]
    while waiting:
        for name in _references(waiting.pop()):
            if name not in needed:
                needed[name] = _plain(components[name])
                waiting.append(needed[name])
    return {**root, "components": {"schemas": needed}}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        node = list(node.values())
    for item in node if isinstance(node, list) else ():
        yield from _references(item)


def _plain(schema: Any) -> Any:
    """A schema in JSON Schema's terms: examples and extensions hold data, not schemas."""
    if not isinstance(schema, dict):
        return schema
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "patternProperties"):
            plain[key] = {name: _plain(child) for name, child in value.items()}
        elif key in ("allOf", "anyOf", "oneOf"):
            plain[key] = [_plain(child) for child in value]
        elif key in ("items", "additionalProperties", "not"):
            plain[key] = _plain(value)
        elif key not in ("nullable", "example", "default", "description", "title", "format") and (
            not key.startswith("x-")
        ):
            plain[key] = value
    if not schema.get("nullable"):
        return plain
    if not isinstance(plain.get("type"), str):
        return {"anyOf": [plain, {"type": "null"}]}
    nullable = {"type": [plain["type"], "null"]}
    return {**plain, **nullable, **({"enum": [*plain["enum"], None]} if "enum" in plain else {})}


def _closed(schema: Any, composed: bool = False) -> Any:
    """A schema that allows no property it does not name; parts of an `allOf` stay open."""
    if isinstance(schema, list):
        return [_closed(item, composed) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {
        key: value if key in ("enum", "required") else _closed(value, composed or key == "allOf")
        for key, value in schema.items()
    }
    if isinstance(schema.get("properties"), dict) and not composed and "allOf" not in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def _counted(schema: Any) -> Any:
    """The same schema, but properties are counted where that tells whether all are there.

    To look each required one up would take nearly half of the time that validating a page takes.
    """
    if isinstance(schema, list):
        return [_counted(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    counted = {key: value if key == "enum" else _counted(value) for key, value in schema.items()}
    properties, required = schema.get("properties"), schema.get("required")
    closed = schema.get("additionalProperties") is False and "patternProperties" not in schema
    all_required = (
        isinstance(properties, dict) and isinstance(required, list) and {*required} == {*properties}
    )
    if closed and all_required and "minProperties" not in schema:
        counted["minProperties"] = len(counted.pop("required"))
    return counted


def _composed(schema: Any) -> Iterator[str]:
    """Names of the components that are parts of an `allOf`."""
    if isinstance(schema, dict):
        yield from _references(schema.get("allOf"))
        schema = list(schema.values())
    for item in schema if isinstance(schema, list) else ():
        yield from _composed(item)


def _pointer(path: list[str | int]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
