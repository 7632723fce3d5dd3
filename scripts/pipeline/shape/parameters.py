"""Rules that turn prose about parameters into constraints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from keyapi._facts import FIRST_PAGE
from pipeline.document.values import whole_number
from pipeline.shape.draft import Draft, Operation, Schema
from pipeline.shape.enumerations import enum_in, looks_like_enum
from pipeline.shape.paging import PagingNames, argument_names, paging_names, starts_at_zero
from pipeline.shape.prose import bounds_in, is_comma_joined
from pipeline.shape.value_lists import Member

SHORTEST_TEXT = 1
"""Of a text in the query or path. Evidence (doc): do not send empty optional parameters."""


def constrain_parameters(draft: Draft) -> None:
    """Give parameters the enums, bounds and lists that their descriptions state.

    Covers query and path parameters and the properties of a JSON body alike, at any depth.
    """
    for operation in draft.operations():
        names = paging_names(operation)
        rule = _Rule(draft, operation, names, frozenset(argument_names(operation)))
        for index, parameter, schema in operation.parameters():
            text = parameter.get("description") or schema.get("description") or ""
            at = ("parameters", index)
            name: str = parameter["name"]
            joined = schema.get("type") == "string" and is_comma_joined(text)
            if joined and parameter["in"] == "query" and name not in (names.page, names.size):
                schema = _list_of_joined(parameter, text)
            rule.constrain(name, schema, text, at)
            if name in (names.page, names.size) and "example" in parameter:
                parameter["example"] = _as_integer(parameter["example"])
            for sent in (schema, schema.get("items", {})):
                text_alone = sent.get("type") == "string" and "enum" not in sent
                if text_alone and name != names.cursor:
                    sent.setdefault("minLength", SHORTEST_TEXT)
        body = operation.body_schema() or {}
        for name, schema in body.get("properties", {}).items():
            rule.constrain(name, schema, described(schema), ("requestBody", name))


def _list_of_joined(parameter: dict[str, Any], text: str) -> Schema:
    """Make a parameter of comma-joined text the list that it is; the same on the wire."""
    most = bounds_in(text)[1]
    schema: Schema = {"type": "array", "items": {"type": "string"}}
    schema.update({"maxItems": most} if most else {})
    example = parameter.get("example")
    if isinstance(example, str):
        parameter["example"] = [part.strip() for part in example.split(",")]
    parameter.update(schema=schema, style="form", explode=False)
    return schema


def _as_integer(value: Any) -> Any:
    number = whole_number(value)
    return value if number is None else number


@dataclass(frozen=True)
class _Rule:
    """What constrains the parameters of one operation by their prose."""

    draft: Draft
    operation: Operation
    paging: PagingNames
    arguments: frozenset[str]

    def constrain(self, name: str, schema: Schema, text: str, at: tuple[str | int, ...]) -> None:
        """Constrain a parameter or property, and what a list or object of it holds."""
        if name in (self.paging.page, self.paging.size):
            _bound(self.draft, self.operation, name, schema, text, self.paging, at)
        elif schema.get("type") in ("integer", "string", "number") and "enum" not in schema:
            self._enumerate(name, schema, text, at)
        elif schema.get("type") == "array":
            items = schema.get("items", {})
            self.constrain(name, items, described(items) or text, (*at, "items"))
        for child, inner in schema.get("properties", {}).items():
            self.constrain(child, inner, described(inner), (*at, child))

    def _enumerate(self, name: str, schema: Schema, text: str, at: tuple[str | int, ...]) -> None:
        numeric = schema["type"] != "string"
        if members := enum_in(text, {name, *self.arguments}, numeric=numeric):
            _enumerate(self.draft, self.operation, schema, members, at)
        elif looks_like_enum(text, {name, *self.arguments}):
            problem = f"{name!r} seems to be an enum, in words no rule understands"
            self.draft.note(self.operation, problem, *at)
        elif numeric:
            _limit(schema, text)


def described(schema: Schema) -> str:
    """What a page says of a property."""
    return str(schema.get("description") or schema.get("title") or "")


def _limit(schema: Schema, text: str) -> None:
    """Bound a number whose prose states both ends of a range, or the most there may be."""
    low, high = bounds_in(text)
    if high is not None and (low is None or low < high):
        schema.setdefault("maximum", high)
        if low is not None:
            schema.setdefault("minimum", low)


def _bound(
    draft: Draft,
    operation: Operation,
    name: str,
    schema: Schema,
    text: str,
    names: PagingNames,
    at: tuple[str | int, ...],
) -> None:
    """Bound a page number or size; text-typed ones become integers, the same on the wire."""
    low, high = bounds_in(text)
    schema["type"] = "integer"
    for key in {"default", "example"} & schema.keys():
        schema[key] = _as_integer(schema[key])
    if name == names.page and starts_at_zero(schema, text):
        schema["minimum"] = 0
    else:
        schema["minimum"] = max(schema.get("minimum", FIRST_PAGE), low or 0, FIRST_PAGE)
    if high is not None:
        schema.setdefault("maximum", high)
    elif name == names.size and "maximum" not in schema:
        draft.note(operation, f"the page does not state the largest value of {name!r}", *at)


def _enumerate(
    draft: Draft,
    operation: Operation,
    schema: Schema,
    members: tuple[Member, ...],
    at: tuple[str | int, ...],
) -> None:
    numeric = schema["type"] != "string"
    values = [whole_number(member.value) if numeric else member.value for member in members]
    if None in values:
        draft.note(operation, "its description lists words, but its type is a number", *at)
        return
    if numeric:
        schema["type"] = "integer"
    schema["enum"] = values
    labels = [member_name(member.label or "") for member in members]
    if any(labels):  # one label in other letters takes no name from the rest
        labels = [
            label or (f"value_{value}" if str(value).isdigit() else "")
            for label, value in zip(labels, values, strict=True)
        ]
    # Generators part words as they see fit: to them, `Top10` and `Top_10` are one name.
    if all(labels) and len({label.upper().replace("_", "") for label in labels}) == len(labels):
        schema["x-enum-varnames"] = labels


def member_name(label: str) -> str:
    """Make a label usable as a member's name, or "" where it has no plain letters to use."""
    if not label.isascii():
        return ""
    name = re.sub(r"\W+", "_", label).strip("_")
    return name if name.isidentifier() else ""
