"""Pages as tables: a column for each documented property, and nothing received is lost.

What is expected is worded after `docs/data-frames.md`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from keyapi._facts import JsonText
from keyapi._page import Page
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations._answers.json_texts import meanings
from keyapi.conformance.relations._probes import distinct, only
from keyapi.conformance.relations._shared import Compared, page_of
from keyapi.conformance.relations._tables.cells import SCALARS, Cell
from keyapi.conformance.relations._tables.frames import as_frames
from keyapi.conformance.relations._tables.golden import told
from keyapi.conformance.spelling import spelled
from keyapi.specification import OperationSpec, Schema, Specification

_TYPES = {"string": "string", "integer": "int64", "number": "double", "boolean": "bool"}
"""Types of columns by that of the property."""
_FITS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_UNKNOWN: dict[str, Any] = {"an undocumented": ["property", None], "/another": None}
_UNKNOWN_EXTRA: dict[str, Any] = {"an undocumented": ["property", None], "/~1another": None}
_EXTRA = "_extra"
_MANY = 40
"""Rows whose texts are decoded all at once."""
# How the package's list names a type that is a string in Arrow, and where a column is decoded from.
_LISTED = ((re.compile(r"\bjson\b(?=[,>]|$| from)"), "string"), (re.compile(r" from [^,>]*"), ""))


def as_tables(operation: OperationSpec, caller: Caller) -> Compared:
    """What tables of a page and of walks promise: name, expected and found.

    Args:
        operation: A paged operation.
        caller: The client.
    """
    specification = Specification(operation.document)
    page = page_of(operation, caller, _rows(operation, specification))
    if not isinstance(page, Page) or find_spec("pyarrow") is None:
        return  # the former is found by whoever looks at pages
    yield from _of_page(operation, specification, page, caller.client._package)
    yield from as_frames(operation, caller, page)


def _rows(operation: OperationSpec, specification: Specification) -> list[dict[str, Any]]:
    """Rows whose table shows what becomes of each kind of value."""
    cells = _cells(operation)
    whole = distinct(specification, {**(operation.row or {}), "type": "object"})
    return [
        whole,
        {**whole, **_UNKNOWN},
        dict.fromkeys(operation.properties()),
        {},
        *({name: cell.received for name, cell in row.items()} for row in cells),
        *(
            {name: value}
            for name, text in _texts(operation).items()
            for value, _ in meanings(specification, text)
        ),
    ]


def _of_page(
    operation: OperationSpec, specification: Specification, page: Page[Any, Any], package: str
) -> Compared:
    """Compare the table of a page of such rows with what is documented, and the package lists."""
    table = page.to_arrow()
    rows, scalars, cells = page.to_dicts(), _scalars(operation), _cells(operation)
    listed = json.loads((files(package) / "arrow.json").read_text("utf-8")).get(operation.name, {})
    as_listed = {name: _plainly(text) for name, text in listed.items()}
    yield "columns as listed", as_listed, {each.name: told(each.type) for each in table.schema}
    types = {name: _TYPES[kind] for name, kind in scalars.items()}
    yield "types", types, {name: as_listed.get(name) for name in scalars}
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    for name in scalars:
        value = rows[0].get(name)
        held = [row[name].held if name in row else None for row in cells]
        yield (
            f"column {name}",
            repr([value, value, None, None, *held]),
            _first(columns, name, cells),
        )
    asides = [{n: cell.received for n, cell in row.items() if cell.aside} for row in cells]
    expected = [None, _UNKNOWN_EXTRA, None, None, *(aside or None for aside in asides)]
    columns[_EXTRA] = [text and json.loads(text) for text in columns.get(_EXTRA, [])]
    yield _EXTRA, repr(expected), _first(columns, _EXTRA, cells)
    yield from _of_texts(operation, specification, columns, 4 + len(cells))


def _first(columns: Mapping[str, list[Any]], name: str, cells: list[Any]) -> str:
    """What a column has of the rows before those of texts."""
    return repr(columns.get(name, [])[: 4 + len(cells)])


def _of_texts(
    operation: OperationSpec,
    specification: Specification,
    columns: Mapping[str, list[Any]],
    number: int,
) -> Compared:
    """A decoded column has what the accessor gives, among other texts and among as many alike.

    Args:
        operation: The operation.
        specification: Where references lead.
        columns: The columns of the page.
        number: The number of the first row that has a text.
    """
    from keyapi.arrow import RowSchema

    made = RowSchema.of(operation)
    for name, text in _texts(operation).items():
        (accessor,) = [each for each in spelled([*columns], text.accessor) if each != name] or [""]
        schema = only(specification, text.decoded or {})
        usual, told = _usual(specification, text)
        for value, meant in meanings(specification, text):
            expected = None if value is None else _fitted(specification, schema, meant)
            found = columns.get(accessor, {number: "no column"})[number]
            yield f"column {accessor} of {value!r}", expected, found
            number += 1
            if accessor:
                table = made.table([{name: usual}] * _MANY + [{name: value}])
                among = table.column(accessor).to_pylist()
                wanted = [_fitted(specification, schema, told)] * _MANY + [expected]
                yield f"column {accessor} of many", wanted, among


def _usual(specification: Specification, text: JsonText) -> tuple[str, Any]:
    """A text as documented, whose objects stand in another order, and what it means."""
    schema = only(specification, text.decoded or {})
    if schema.get("type") != "array":
        value = distinct(specification, schema)
        return json.dumps(value), value
    rows = [distinct(specification, only(specification, schema["items"])) for _ in range(3)]
    if text.order is None:
        return json.dumps(rows), rows
    first, second, third = ({**row, text.order: n} for row, n in zip(rows, (2, 0, 1), strict=True))
    return json.dumps([first, second, third]), [second, third, first]


def _cells(operation: OperationSpec) -> list[dict[str, Cell]]:
    """Rows of cells: values of every kind for each property of one plain type."""
    scalars = {name: SCALARS[kind] for name, kind in _scalars(operation).items()}
    most = max(map(len, scalars.values()), default=0)
    return [
        {name: cells[number] for name, cells in scalars.items() if number < len(cells)}
        for number in range(most)
    ]


def _scalars(operation: OperationSpec) -> Mapping[str, str]:
    """The properties of one plain type, with that."""
    return {
        name: schema["type"]
        for name, schema in operation.properties().items()
        if schema.get("type") in _TYPES and not name.startswith("/")
    }


def _texts(operation: OperationSpec) -> Mapping[str, JsonText]:
    """The properties that hold JSON of objects inside a string."""
    found = {name: JsonText.of(schema) for name, schema in operation.properties().items()}
    return {
        name: text
        for name, text in found.items()
        if text is not None and text.accessor and _object(text.decoded, operation)
    }


def _object(schema: Schema | None, operation: OperationSpec) -> bool:
    inner = operation.resolved(schema or {})
    inner = operation.resolved(inner.get("items", inner))
    return bool(inner.get("properties"))


def _fitted(specification: Specification, schema: Schema, value: Any) -> Any:
    """What a column has of a decoded value: the documented properties that fit their types."""
    if isinstance(value, list):
        items = only(specification, schema.get("items", {}))
        return [_fitted(specification, items, item) for item in value]
    if not isinstance(value, dict):
        return value
    properties = {n: only(specification, s) for n, s in schema.get("properties", {}).items()}
    return {
        name: _fitted(specification, inner, value.get(name))
        if _fits(value.get(name), inner.get("type", ""))
        else None
        for name, inner in properties.items()
    }


def _fits(value: Any, kind: str) -> bool:
    is_truth = isinstance(value, bool)
    return isinstance(value, _FITS.get(kind, (object,))) and is_truth <= (kind == "boolean")


def _plainly(text: str) -> str:
    for pattern, replacement in _LISTED:
        text = pattern.sub(replacement, text)
    return text
