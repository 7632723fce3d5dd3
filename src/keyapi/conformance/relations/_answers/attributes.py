"""Names of what is answered: each attribute reads its own property, as the type it documents."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from itertools import chain
from typing import Any, cast

from keyapi._facts import JsonText
from keyapi._models import Model
from keyapi.conformance.registry import Finding
from keyapi.conformance.relations._answers.doors import as_received
from keyapi.conformance.relations._answers.json_texts import meanings
from keyapi.conformance.relations._answers.models import promises
from keyapi.conformance.relations._answers.notebook import shown_of_row
from keyapi.conformance.relations._heard import heard
from keyapi.conformance.relations._probes import distinct, is_map, only
from keyapi.conformance.relations._shared import attempt, violation
from keyapi.conformance.spelling import members_differ, spelled, spelling
from keyapi.specification import OperationSpec, Schema, Specification

_SCALARS = {"integer": "int", "number": "float", "string": "str", "boolean": "bool"}
_PLAIN = {*_SCALARS.values(), "None", "Any", "dict", "list"}
_UNKNOWN = {"an undocumented": ["property", None]}


class Reader:
    """Reads all that the models of one operation offer, and compares it with what they hold.

    Args:
        specification: Where references lead.
        operation: The operation.
        relation: Title of the relation that findings belong to.
    """

    def __init__(
        self, specification: Specification, operation: OperationSpec, relation: str
    ) -> None:
        self._specification = specification
        self._operation = operation
        self._relation = relation
        self._read: set[tuple[type, int]] = set()

    def model(self, model: type[Model], schema: Schema) -> Iterator[Finding]:
        """Read every attribute of a model, and of those within it; each model once.

        Args:
            model: The class.
            schema: Schema of the objects that it views.
        """
        schema = self._only(schema)
        if (model, id(schema)) in self._read:
            return
        self._read.add((model, id(schema)))
        children: dict[str, Schema] = schema.get("properties", {})
        properties = {name: self._only(child) for name, child in children.items()}
        texts = {name: text for name, child in properties.items() if (text := JsonText.of(child))}
        present = [name for name in dir(model) if name not in dir(Model)]
        attributes = {name: spelled(present, name) for name in properties}
        accessors = {name: spelled(present, text.accessor) for name, text in texts.items()}
        for name, found in chain(attributes.items(), accessors.items()):
            if not found:
                yield self._finding(model.__name__, "attribute", name, present)
        meant = chain.from_iterable((*attributes.values(), *accessors.values()))
        for name in sorted({*present} - {*meant}):
            yield self._finding(model.__name__, "attribute", [*properties], name)
        for name, child in properties.items():
            for attribute in attributes[name][:1]:
                yield from self._attribute(model, attribute, name, child)
                described = children[name].get("description") or child.get("description", "")
                if spelling(described) not in spelling(_source(model, attribute, described)):
                    case = f"{model.__name__}.{attribute}"
                    yield self._finding(case, "documentation", described, "another docstring")
            if child.get("type") == "boolean":
                yield from self._flag(model, attributes[name], name, properties)
        for name, text in texts.items():
            for accessor in accessors[name]:
                yield from self._accessor(model, accessor, name, text)
        row = distinct(self._specification, {**schema, "type": "object"})
        yield from self._row(model, row, attributes, properties)

    def members(self, enum: type[Enum], schema: Schema, *texts: str) -> Iterator[Finding]:
        """Compare an enum's members with the specification's, by name and value.

        Args:
            enum: The class.
            schema: Schema of the values.
            texts: Descriptions that may name them, too.
        """
        described = schema.get("description", "")
        for expected, found in members_differ(enum, schema, described, *texts):
            yield self._finding(enum.__name__, "member", expected, found)

    def names(self, enum: type[Enum], names: Iterable[str]) -> Iterator[Finding]:
        """Compare what type checkers take beside a member with the members: names, and texts.

        Args:
            enum: The class.
            names: What the argument's annotation lists.
        """
        expected = {str(member.value) for member in enum if isinstance(member.value, str)}
        spelled_alike = {*map(spelling, expected)}
        expected |= {m.name.lower() for m in enum if spelling(m.name) not in spelled_alike}
        if expected != {*names}:
            yield self._finding(f"{enum.__name__}Name", "member", sorted(expected), sorted(names))

    def _row(
        self,
        model: type[Model],
        row: dict[str, Any],
        attributes: Mapping[str, list[str]],
        properties: Mapping[str, Schema],
    ) -> Iterator[Finding]:
        """Each attribute reads its own property of a row in which no two are alike."""
        view, name = model.from_dict({**row, **_UNKNOWN}), model.__name__
        for rule, expected, get in as_received(model, row):
            yield from self._differs(name, rule, expected, get)
        for rule, cells, shown in shown_of_row(model):
            if shown != cells:
                yield self._finding(name, rule, cells, shown)
        found = {attribute: _read(view, attribute) for attribute in chain(*attributes.values())}
        for prop, value in row.items():
            # Where two properties are spelled alike, one of their attributes must read each.
            schema = properties[prop]
            unlike = [[*self._unlike(schema, value, found[other])] for other in attributes[prop]]
            if unlike and all(unlike):
                case = f"{name}.{attributes[prop][0]}"
                yield self._finding(case, "attribute", *unlike[0][0])
            for attribute in attributes[prop]:
                for nested, inner in self._views(schema, found[attribute]):
                    yield from self.model(nested, inner)
        names = {prop: attributes[prop][0] for prop in row if len(attributes[prop]) == 1}
        if names.keys() == row.keys():
            read = {names[prop]: found[names[prop]] for prop in row}
            yield from self._as_promised(model, row, read)

    def _attribute(
        self, model: type[Model], attribute: str, name: str, schema: Schema
    ) -> Iterator[Finding]:
        """What is missing or null is None; a value of an enum is its member; the type says so."""
        case = f"{model.__name__}.{attribute}"
        for row in ({}, {name: None}):
            found = _read(model.from_dict(row), attribute)
            if found is not None:
                yield self._finding(case, "attribute", None, repr(found))
        expected, words = self._words(schema), _words_of(model, attribute)
        for value in schema.get("enum", ()) if schema.get("type") in _SCALARS else ():
            member = _read(model.from_dict({name: value}), attribute)
            if isinstance(member, Enum) and member.value == value:
                expected = expected | {type(member).__name__}
                yield from self.members(type(member), schema)
            elif value is not None:
                yield self._finding(case, "attribute", f"the member of {value!r}", repr(member))
            given = attempt(_given, model, {attribute: member})
            if given != {name: value}:
                yield self._finding(case, "constructor", {name: value}, repr(given))
        if not expected <= words or (words - expected) & _PLAIN:
            yield self._finding(case, "attribute-type", sorted(expected), sorted(words))

    def _flag(
        self,
        model: type[Model],
        attributes: Iterable[str],
        name: str,
        properties: Mapping[str, Schema],
    ) -> Iterator[Finding]:
        """A boolean reads its own property, which is true where all others are not."""
        view = model.from_dict({other: other == name for other in properties})
        found = [_read(view, attribute) for attribute in attributes]
        if found and True not in found:
            yield self._finding(f"{model.__name__}.{name}", "attribute", True, found)

    def _accessor(
        self, model: type[Model], accessor: str, name: str, text: JsonText
    ) -> Iterator[Finding]:
        """An accessor gives what the text means, as objects of the class that its type names."""
        case = f"{model.__name__}.{accessor}"
        yield from self._logged(model, accessor, name)
        for value, expected in meanings(self._specification, text):
            found = _read(model.from_dict({name: value}), accessor)
            plain = [*map(_plain, found)] if isinstance(found, list) else _plain(found)
            if type(plain) is not type(expected) or plain != expected:
                yield self._finding(case, "accessor", f"{expected!r} of {value!r}", repr(found))
            objects = found if isinstance(found, list) else [found]
            for view in objects[:1] if text.decoded else ():
                schema = self._only(text.decoded)
                many = schema.get("type") == "array"
                words = {"list" if many else "None", type(view).__name__}
                if isinstance(view, Model):
                    yield from self.model(type(view), schema["items"] if many else schema)
                    if _words_of(model, accessor) != words:
                        told = sorted(_words_of(model, accessor))
                        yield self._finding(case, "attribute-type", sorted(words), told)
                        return

    def _logged(self, model: type[Model], accessor: str, name: str) -> Iterator[Finding]:
        """What cannot be decoded is logged, once for a property, without the text itself."""
        field = inspect.getattr_static(model, accessor)
        if hasattr(field, "warned"):
            field.warned = False  # other relations have read such texts
        with heard() as records:
            for value in (None, "", " ", "null", "[]", '{"canary', '["', '{"canary'):
                _read(model.from_dict({name: value}), accessor)
        if records is None:
            return
        found = [(record.levelname, record.getMessage()) for record in records]
        told = [level == "WARNING" and f"{model.__name__}.{name}" in text for level, text in found]
        if told != [True] or "canary" in str(found):
            yield self._finding(f"{model.__name__}.{accessor}", "logged", "one warning", found)

    def _words(self, schema: Schema) -> set[str]:
        """Words that the type of an attribute has, whatever the classes in it are called."""
        inner, words = self._only(schema), {"None"}
        while inner.get("type") == "array" or is_map(inner):
            within = "items" if inner.get("type") == "array" else "additionalProperties"
            words |= {"list"} if within == "items" else {"dict", "str"}
            inner = self._only(inner.get(within, {}))
        kind = inner.get("type", "")
        return words | {_SCALARS[kind]} if kind in _SCALARS else words if kind else {"Any"}

    def _unlike(self, schema: Schema, value: Any, found: Any) -> Iterator[tuple[str, str]]:
        """Where what was read is not what a value of a schema is read as."""
        schema = self._only(schema)
        same = type(found) is type(value)
        if isinstance(value, list) and same and len(found) == len(value):
            for pair in zip(value, found, strict=True):
                yield from self._unlike(schema.get("items", {}), *pair)
        elif is_map(schema) and same and [*found] == [*value]:
            for key in value:
                yield from self._unlike(schema["additionalProperties"], value[key], found[key])
        elif isinstance(value, dict) and schema.get("type") == "object" and not is_map(schema):
            if not isinstance(found, Model) or found.to_dict() != value:
                yield f"an object over {value}", repr(found)
        elif not same or found != value:
            yield repr(value), repr(found)

    def _views(self, schema: Schema, found: Any) -> Iterator[tuple[type[Model], Schema]]:
        """The classes of the objects in what was read, with their schemas."""
        schema = self._only(schema)
        if isinstance(found, Model):
            yield type(found), schema
        elif isinstance(found, list):
            for item in found[:1]:
                yield from self._views(schema.get("items", {}), item)
        elif isinstance(found, dict) and is_map(schema):
            for item in found.values():
                yield from self._views(schema["additionalProperties"], item)

    def _as_promised(
        self, model: type[Model], row: dict[str, Any], read: Mapping[str, Any]
    ) -> Iterator[Finding]:
        """What is promised of every model: equality, the constructor, copies, what it shows."""
        for rule, (expected, get) in promises(model, row, read).items():
            yield from self._differs(model.__name__, rule, expected, get)

    def _only(self, schema: Schema | None) -> Schema:
        return only(self._specification, schema or {})

    def _differs(
        self, case: str, rule: str, expected: Any, get: Callable[[], Any]
    ) -> Iterator[Finding]:
        found = attempt(get)
        if type(found) is not type(expected) or found != expected:
            yield self._finding(case, rule, repr(expected), repr(found))

    def _finding(self, case: str, rule: str, expected: object, found: object) -> Finding:
        return Finding(self._relation, case, violation(self._operation, rule, expected, found))


def _words_of(model: type[Model], attribute: str) -> set[str]:
    return {*re.findall(r"\w+", str(model.__annotations__.get(attribute, "")))}


def _source(model: type[Model], attribute: str, default: str) -> str:
    """The source of an attribute with its docstring; the default where there is no source."""
    try:
        source = _source_of(cast("Any", model))
    except OSError:
        return default
    own = re.search(rf"^    {attribute}: .*?(?=^    \w+: |\Z)", source, re.DOTALL | re.MULTILINE)
    return own[0] if own else ""


@lru_cache(maxsize=64)
def _source_of(model: Any) -> str:  # to mypy, a class is not hashable
    return inspect.getsource(model)


def _given(model: type[Model], values: dict[str, Any]) -> dict[str, Any]:
    return model(**values).to_dict()


def _plain(value: Any) -> Any:
    return value.to_dict() if isinstance(value, Model) else value


def _read(view: Model, attribute: str) -> Any:
    return attempt(getattr, view, attribute)
