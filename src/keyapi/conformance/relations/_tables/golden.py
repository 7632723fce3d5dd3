"""Tables by hand: rows of every type against what stands in `cells`."""

from __future__ import annotations

import json
import re
from typing import Any

from keyapi.conformance.relations._shared import Compared
from keyapi.conformance.relations._tables.cells import (
    COLUMNS,
    COVER,
    COVERS,
    EXTRA,
    MARKED,
    TREE,
    Cell,
    cover,
    marked,
)
from keyapi.specification import OperationSpec, Specification

_AMONG = (0, 20, 40)
"""Other rows of a table: few texts are decoded one by one, and many at once."""


def golden_tables() -> Compared:
    """Compare tables of rows of every type with what stands by hand; by name."""
    from keyapi.arrow import RowSchema

    made = RowSchema.of(_operation({name: schema for name, (schema, _, _) in COLUMNS.items()}))
    types = {name: type_ for name, (_, type_, _) in COLUMNS.items()} | {EXTRA: "string"}
    yield "of every type", types, {each.name: told(each.type) for each in made.schema}
    cells = {name: cells for name, (_, _, cells) in COLUMNS.items()}
    usual = {name: each[0] for name, each in cells.items()}
    for number in range(max(map(len, cells.values()))):
        # Beside usual values alone: a column of nothing else is made in another way.
        chosen = {name: each[number] for name, each in cells.items() if len(each) > number}
        rows = [
            _received(usual),
            _received(chosen),
            {"new/~": [number], "/": None, "": 0},
            {},
            None,
        ]
        expected = [_held(each) for each in (usual, chosen, {}, {}, {})]
        aside = [None, _aside(chosen) or None, {"new/~": [number], "/~1": None, "": 0}, None]
        table = made.table(rows).to_pylist()
        extra = [row.pop(EXTRA, None) for row in table]
        yield f"of values {number}", repr(expected), repr(table)
        read = [text if text is None else json.loads(text) for text in extra[:-1]]
        yield (
            f"_extra of values {number}",
            [*map(repr, aside), "null"],
            [*map(repr, read), extra[-1]],
        )
    yield from _texts()


def _received(cells: dict[str, Cell]) -> dict[str, Any]:
    return {name: cell.received for name, cell in cells.items()}


def _held(cells: dict[str, Cell]) -> dict[str, Any]:
    return {name: cells[name].held if name in cells else None for name in COLUMNS}


def _aside(cells: dict[str, Cell]) -> dict[str, Any]:
    """What the last column has: a property by its name, what is deeper by its JSON pointer."""
    found = {}
    for name, cell in cells.items():
        pointer = "/" + name.replace("~", "~0").replace("/", "~1")
        for place, value in cell.aside.items():
            found[pointer + place if place or name.startswith("/") else name] = value
    return found


def _texts() -> Compared:
    """Each text is decoded alike, alone, among few and among many."""
    from keyapi.arrow import RowSchema

    made = RowSchema.of(_operation({"cover_url": MARKED, "stats": marked(COVER, accessor="first")}))
    (usual, both), single = COVERS[0], '{"url":"a","index":1,"size":2.5}'
    for count in _AMONG:
        for text, covers in COVERS:
            rows: list[Any] = [{"cover_url": usual, "stats": single}] * count
            rows.insert(count // 2, {"cover_url": text})
            expected: list[Any] = [(both, cover("a", 1, 2.5))] * count
            expected.insert(count // 2, (covers, None))
            found = [(row["covers"], row["first"]) for row in made.table(rows).to_pylist()]
            yield f"of {text!r:.50} among {count}", repr(expected), repr(found)


def _operation(properties: dict[str, Any]) -> OperationSpec:
    """An operation with rows of such properties."""
    row = {"type": "object", "properties": properties}
    body = {"type": "object", "properties": {"data": {"type": "array", "items": row}}}
    node = {
        "operationId": "made",
        "responses": {"200": {"content": {"application/json": {"schema": body}}}},
        "x-keyapi": {"items": "/data"},
    }
    document = {"paths": {"/x": {"get": node}}, "components": {"schemas": {"Tree": TREE}}}
    return Specification(document).operations["made"]


def told(type_: Any) -> str:
    """An Arrow type in the words of a package's list of columns."""
    import pyarrow as pa

    if pa.types.is_map(type_):
        return f"map<{told(type_.key_type)}, {told(type_.item_type)}>"
    if pa.types.is_list(type_):
        return f"list<{told(type_.value_type)}>"
    if pa.types.is_struct(type_):
        return f"struct<{', '.join(f'{_name(each.name)}: {told(each.type)}' for each in type_)}>"
    return str(type_)


def _name(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else json.dumps(name, ensure_ascii=False)
