"""Pages as tables: a column for each documented property, and nothing received is lost.

What is expected is worded after `docs/data-frames.md`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import httpx

from keyapi._clients import async_twin
from keyapi._facts import JsonText
from keyapi._page import Page
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations._json_texts import meanings
from keyapi.conformance.relations._probes import distinct, only
from keyapi.conformance.relations._shared import page_of, put, success_answer
from keyapi.conformance.spelling import spelled
from keyapi.specification import OperationSpec, Schema, Specification

Compared = Iterator[tuple[str, Any, Any]]
"""Rule, expected and found."""
_TYPES = {"string": "string", "integer": "int64", "number": "double", "boolean": "bool"}
"""Types of columns by that of the property."""
_MISFITS = {"string": 7, "integer": True, "number": True, "boolean": 1}
"""Values that a column of another type holds, and that of the property does not."""
_FITTING = {"integer": (7.0, 7), "number": (7, 7.0)}
"""Values of another type that are the same number, as received and in the column."""
_FITS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_UNKNOWN = {"an undocumented": ["property", None]}
_EXTRA = "_extra"
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
    whole = page.to_arrow().to_pylist()
    for name, asynchronous in (("sync", False), ("async", True)):
        found = _left(operation, caller, page, asynchronous=asynchronous)
        yield f"of a walk, {name}", [whole[1:], whole, whole], found


def _left(
    operation: OperationSpec, caller: Caller, page: Page[Any, Any], *, asynchronous: bool
) -> list[Any]:
    """Tables of what walks over that page have left: one after its first row, others at once."""
    import pyarrow as pa

    body = success_answer(operation).envelope
    put(body, operation.items or (), page.to_dicts())
    kind: Any = async_twin(caller.client) if asynchronous else caller.client
    client = kind(
        "sk_contract", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    )
    base = next(iter(cases(operation))).arguments
    paging = operation.paging
    chosen = {name: value for name, value in base.items() if not paging or name != paging.position}
    arguments = {**caller.arguments(operation.name, chosen, walk=True), "max_pages": 1}
    method = caller.methods[operation.name, True]
    walks = [method.on(client)(**arguments) for _ in range(3)]
    if asynchronous:
        caller.run(anext(walks[0]))
        tables = [caller.run(walk.to_arrow()) for walk in walks]
        caller.run(client.close())
    else:
        next(walks[0])
        read = pa.RecordBatchReader.from_stream(walks[2]).read_all()
        tables = [*(walk.to_arrow() for walk in walks[:2]), read]
        client.close()
    return [table.to_pylist() for table in tables]


def _rows(operation: OperationSpec, specification: Specification) -> list[dict[str, Any]]:
    """Rows whose table shows what becomes of each kind of value."""
    scalars = _scalars(operation)
    whole = distinct(specification, {**(operation.row or {}), "type": "object"})
    return [
        whole,
        {**whole, **_UNKNOWN},
        dict.fromkeys(operation.properties()),
        {},
        {name: _MISFITS[kind] for name, kind in scalars.items()},
        {name: _FITTING[kind][0] for name, kind in scalars.items() if kind in _FITTING},
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
    rows, scalars, texts = page.to_dicts(), _scalars(operation), _texts(operation)
    listed = json.loads((files(package) / "arrow.json").read_text("utf-8")).get(operation.name, {})
    told = {name: _plainly(text) for name, text in listed.items()}
    yield "columns as listed", told, {each.name: _told(each.type) for each in table.schema}
    types = {name: _TYPES[kind] for name, kind in scalars.items()}
    yield "types", types, {name: told.get(name) for name in scalars}
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    for name, kind in scalars.items():
        fitting = _FITTING[kind][1] if kind in _FITTING else None
        value = rows[0].get(name)
        yield f"column {name}", [value, value, None, None, None, fitting], columns[name][:6]
    aside = [json.loads(text) if text else None for text in columns.get(_EXTRA, [])]
    yield _EXTRA, [None, _UNKNOWN, None, None, rows[4] or None, None], aside[:6]
    number = 6
    for name, text in texts.items():
        (accessor,) = [each for each in spelled([*columns], text.accessor) if each != name] or [""]
        for value, expected in meanings(specification, text):
            found = columns.get(accessor, {number: "no column"})[number]
            schema = only(specification, text.decoded or {})
            given = _fitted(specification, schema, expected)
            yield f"column {accessor} of {value!r}", given or None, found or None
            number += 1


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


def _told(type_: Any) -> str:
    """An Arrow type in the words of the package's list."""
    import pyarrow as pa

    if pa.types.is_map(type_):
        return f"map<{_told(type_.key_type)}, {_told(type_.item_type)}>"
    if pa.types.is_list(type_):
        return f"list<{_told(type_.value_type)}>"
    if pa.types.is_struct(type_):
        return f"struct<{', '.join(f'{_name(each.name)}: {_told(each.type)}' for each in type_)}>"
    return str(type_)


def _name(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else json.dumps(name, ensure_ascii=False)
