"""Faults in a page, which is where the specification comes from: one part of it is changed.

A page that says something new throughout is an update. So each operator changes one of several
statements that belong together: the block and not the prompt above it, a type and not its example,
a bound and not the prose that states it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from itertools import chain, islice, pairwise
from typing import Any, NamedTuple

from conformance.page_words import split_page
from pipeline.document.yaml import dump_yaml, load_yaml

NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?!\w|[.,]\d)")
"""A number in prose."""
_LABEL = re.compile(r"(?<!\d)(?P<value>\d{1,9})\s?=\s?(?P<label>\w+)")
_OTHER_TYPE = {"integer": "string", "number": "string", "string": "integer", "boolean": "string"}

Edit = Callable[[dict[str, Any]], object]
Edited = tuple[str, Callable[[], bytes]]
"""Where a fault is, and what writes the page with it: most are only counted."""


class Source(NamedTuple):
    """A page, cut where its block begins and ends."""

    before: str
    document: dict[str, Any]
    after: str

    @classmethod
    def of(cls, content: bytes) -> Source:
        """Cut a page."""
        before, block, after = split_page(content.decode())
        return cls(before, load_yaml(block, "page"), after)

    def block(self, where: str, edit: Callable[[dict[str, Any]], object]) -> Iterator[Edited]:
        """Edit the operation in the block; nothing where that changes nothing."""
        document = copy.deepcopy(self.document)
        (item,) = document["paths"].values()
        (operation,) = (node for node in item.values() if "responses" in node)
        edit(operation)
        if document != self.document:
            yield where, lambda: self._written(self.before, document)

    def header(self, where: str, pattern: str, new: str) -> Iterator[Edited]:
        """Replace what first matches above the block; nothing where nothing does."""
        text = re.sub(pattern, new, self.before, count=1, flags=re.M)
        if text != self.before:
            yield where, lambda: self._written(text, self.document)

    def _written(self, before: str, document: dict[str, Any]) -> bytes:
        return f"{before}{dump_yaml(document).decode()}{self.after}".encode()

    @property
    def operation(self) -> dict[str, Any]:
        """The operation in the block."""
        (item,) = self.document["paths"].values()
        (operation,) = (node for node in item.values() if "responses" in node)
        return dict(operation)

    @property
    def has_prompt(self) -> bool:
        """Whether the page says everything once more, in its prompt to copy."""
        return "\nParameters:" in self.before


Operator = Callable[[Source], Iterator[Edited]]
OPERATORS: dict[str, Operator] = {}
"""Operators for pages, by name."""


def operator(plant: Operator) -> Operator:
    """Register an operator for pages under its own name."""
    OPERATORS[plant.__name__.replace("_", " ")] = plant
    return plant


def _of_parameters(source: Source, edit: Edit) -> Iterator[Edited]:
    """Edit each parameter, one at a time."""
    for index, parameter in enumerate(source.operation.get("parameters") or ()):

        def change(operation: dict[str, Any], at: int = index) -> None:
            edit(operation["parameters"][at])

        yield from source.block(parameter["name"], change)


def _told_twice(plant: Operator) -> Operator:
    """Plant only where the page's prompt says once more what the block says."""

    def only(source: Source) -> Iterator[Edited]:
        if source.has_prompt:
            yield from plant(source)

    only.__name__ = plant.__name__
    return only


@operator
@_told_twice
def change_a_number_of_prose(source: Source) -> Iterator[Edited]:
    for index, parameter in enumerate(source.operation.get("parameters") or ()):
        for match in NUMBER.finditer(parameter.get("description", "")):
            number = int(match[0].replace(",", "")) + 1

            def change(
                operation: dict[str, Any],
                at: int = index,
                found: re.Match[str] = match,
                new: int = number,
            ) -> None:
                text = found.string
                changed = f"{text[: found.start()]}{new}{text[found.end() :]}"
                operation["parameters"][at]["description"] = changed

            yield from source.block(f"{parameter['name']}, {match[0]}", change)


def _swap_labels(parameter: dict[str, Any]) -> None:
    text = parameter.get("description", "")
    first, second = islice(chain(_LABEL.finditer(text), (None, None)), 2)
    if first and second:
        between = text[first.end("label") : second.start("label")]
        after = text[second.end("label") :]
        swapped = f"{second['label']}{between}{first['label']}{after}"
        parameter["description"] = f"{text[: first.start('label')]}{swapped}"


@operator
@_told_twice
def swap_labels(source: Source) -> Iterator[Edited]:
    yield from _of_parameters(source, _swap_labels)


@operator
@_told_twice
def drop_prose(source: Source) -> Iterator[Edited]:
    yield from _of_parameters(source, lambda parameter: parameter.pop("description", None))


@operator
@_told_twice
def turn_required(source: Source) -> Iterator[Edited]:
    def turn(parameter: dict[str, Any]) -> None:
        parameter["required"] = not parameter.get("required")

    yield from _of_parameters(source, turn)


@operator
@_told_twice
def rename_a_parameter(source: Source) -> Iterator[Edited]:
    yield from _of_parameters(source, lambda one: one.update(name=f"{one['name']}_2"))


@operator
@_told_twice
def drop_a_parameter(source: Source) -> Iterator[Edited]:
    for index, parameter in enumerate(source.operation.get("parameters") or ()):

        def drop(operation: dict[str, Any], at: int = index) -> None:
            operation["parameters"].pop(at)

        yield from source.block(parameter["name"], drop)


@operator
def contradict_a_bound(source: Source) -> Iterator[Edited]:
    def bound(parameter: dict[str, Any]) -> None:
        if re.search(r"max|most|up to", parameter.get("description", "")):
            parameter["schema"]["maximum"] = 7

    yield from _of_parameters(source, bound)


@operator
def contradict_members(source: Source) -> Iterator[Edited]:
    def contradict(parameter: dict[str, Any]) -> None:
        found = _LABEL.search(parameter.get("description", ""))
        if found and parameter["schema"].get("type") == "integer":
            parameter["schema"]["enum"] = [int(found["value"])]

    yield from _of_parameters(source, contradict)


@operator
def contradict_a_default(source: Source) -> Iterator[Edited]:
    def contradict(parameter: dict[str, Any]) -> None:
        if re.search(r"\b1=|max|most|up to", parameter.get("description", "")):
            parameter["schema"]["default"] = 10**9

    yield from _of_parameters(source, contradict)


def _rows(operation: dict[str, Any]) -> dict[str, Any]:
    """The properties of a success's rows, or else of its data."""
    schema = _success(operation).get("schema", {})
    data = (schema.get("properties") or {}).get("data") or {}
    data = data.get("items") or data
    return dict.get(data, "properties") or {}


def _success(operation: dict[str, Any]) -> dict[str, Any]:
    return next(iter(operation["responses"]["200"].get("content", {}).values()), {})


def _shown(operation: dict[str, Any]) -> dict[str, Any]:
    """The first row, or the data, of a success's example."""
    success = _success(operation)
    example = success.get("example") or success.get("schema", {}).get("example") or {}
    data = example.get("data") if isinstance(example, dict) else None
    data = data[0] if isinstance(data, list) and data else data
    return data if isinstance(data, dict) else {}


def _of_properties(
    source: Source, edit: Callable[[dict[str, Any], str], object]
) -> Iterator[Edited]:
    """Edit each property of rows that the example shows, one at a time."""
    for name in _rows(source.operation):
        if _shown(source.operation).get(name) is not None:

            def change(operation: dict[str, Any], at: str = name) -> None:
                edit(_rows(operation), at)

            yield from source.block(name, change)


@operator
def change_a_type(source: Source) -> Iterator[Edited]:
    def change(rows: dict[str, Any], name: str) -> None:
        rows[name]["type"] = _OTHER_TYPE.get(rows[name].get("type", ""), rows[name].get("type"))

    yield from _of_properties(source, change)


@operator
def drop_a_property(source: Source) -> Iterator[Edited]:
    yield from _of_properties(source, lambda rows, name: rows.pop(name))


@operator
def rename_a_property(source: Source) -> Iterator[Edited]:
    yield from _of_properties(source, lambda rows, name: rows.update({f"{name}_2": rows.pop(name)}))


@operator
def swap_two_properties(source: Source) -> Iterator[Edited]:
    """Two columns of other types are exchanged, under each other's name."""
    names = [*_rows(source.operation)]
    for one, other in pairwise(names):

        def swap(operation: dict[str, Any], a: str = one, b: str = other) -> None:
            rows = _rows(operation)
            if rows[a].get("type") != rows[b].get("type"):
                rows[a], rows[b] = rows[b], rows[a]

        yield from source.block(f"{one} and {other}", swap)


@operator
@_told_twice
def change_the_example(source: Source) -> Iterator[Edited]:
    for name, value in _shown(source.operation).items():
        other: Any = f"{value}2" if isinstance(value, str) else 12345

        def change(operation: dict[str, Any], at: str = name, new: Any = other) -> None:
            _shown(operation)[at] = new

        yield from source.block(name, change)


@operator
def turn_an_example(source: Source) -> Iterator[Edited]:
    """A number in the example becomes text, or a text an object."""
    for name, value in _shown(source.operation).items():
        if value is not None:
            other: Any = {"a": 1} if isinstance(value, str) else "many"

            def turn(operation: dict[str, Any], at: str = name, new: Any = other) -> None:
                _shown(operation)[at] = new

            yield from source.block(name, turn)


@operator
def drop_a_status(source: Source) -> Iterator[Edited]:
    for status in source.operation["responses"]:
        if status != "200":

            def drop(operation: dict[str, Any], at: str = status) -> None:
                operation["responses"].pop(at)

            yield from source.block(status, drop)


@operator
def swap_two_statuses(source: Source) -> Iterator[Edited]:
    def swap(operation: dict[str, Any]) -> None:
        found = operation["responses"]
        if {"400", "401"} <= found.keys():
            found["400"], found["401"] = found["401"], found["400"]

    yield from source.block("400 and 401", swap)


@operator
@_told_twice
def change_what_it_does(source: Source) -> Iterator[Edited]:
    for key in ("summary", "description"):

        def change(operation: dict[str, Any], at: str = key) -> None:
            operation[at] = f"No {operation[at]}"

        yield from source.block(key, change)


@operator
@_told_twice
def drop_the_key(source: Source) -> Iterator[Edited]:
    yield from source.block("security", lambda operation: operation.update(security=[]))


@operator
def change_the_prompt(source: Source) -> Iterator[Edited]:
    yield from source.header("method", r"^Endpoint: GET", "Endpoint: PUT")
    yield from source.header("path", r"^(Endpoint: .*)/(\w+)\.$|^(Endpoint: .*)$", r"\1\3/all")
    yield from source.header("required", r"\(Required\)", "(Optional)")
    yield from source.header("optional", r"\(Optional\)", "(Required)")
    yield from source.header("a label", r"0=asc 1=desc", "1=asc 0=desc")
    yield from source.header("a bound", r"100,000\.$", "10,000.")
    yield from source.header("a value", r'("\w+_cnt": \d+)', r"\g<1>7")
    yield from source.header("a key", r'"(\w+)_cnt":', r'"\1_count":')


@operator
@_told_twice
def change_the_price(source: Source) -> Iterator[Edited]:
    yield from source.header("badge", r"\b(\d+) credits?\b", r"1\1 credits")
