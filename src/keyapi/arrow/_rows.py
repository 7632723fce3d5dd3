"""Rows as Arrow tables, whatever was received."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from keyapi._columns import Columns
from keyapi._json import value_at
from keyapi.arrow._texts import decoded
from keyapi.arrow._values import Converter, Decoder, Misfits, converter, place, to_json
from keyapi.specification import OperationSpec


class RowSchema:
    """What the rows of an operation are in Arrow: a column for each documented property.

    Text is `string`, an integer or an enum of them `int64`, a number `double`, an object a
    `struct`, a list a `list`; an object whose names are data is a `map`, and what the page does not
    describe is JSON, as `string`. A property that holds JSON inside a string has a second column
    with what the accessor gives. All may be null. The last column, `_extra`, is JSON as well: the
    fields that are not documented and the values that do not fit, by name, or by JSON pointer where
    they lie deeper, such as `{"new": 1, "/author/age": "12k"}`; for a row that is null, `null`.
    So nothing received is lost; null and absent are both null.

    Args:
        columns: The columns.
        items: Path from the top of a response to the list of rows; None where there is none.

    Attributes:
        schema: The Arrow schema.
        columns: The columns, as the specification describes them.
    """

    def __init__(self, columns: Columns, items: tuple[str, ...] | None = None) -> None:
        self.columns = columns
        self._items = items
        self._names = {each.name for each in columns.fields if not each.source}
        self._makers: list[tuple[str, Converter | Decoder]] = [
            (each.name, Decoder(each) if each.source else converter(each.type))
            for each in columns.fields
        ]
        types = [(name, maker.arrow) for name, maker in self._makers]
        self.schema = pa.schema([*types, (columns.extra, pa.string())])

    @classmethod
    def of(cls, spec: OperationSpec) -> RowSchema:
        """Derive the schema of an operation's rows; of its data, where it has no rows.

        Args:
            spec: The operation.
        """
        return cls(Columns.of(spec), spec.items)

    def __repr__(self) -> str:
        return f"<RowSchema {', '.join(self.schema.names)}>"

    def table(self, rows: Sequence[Any]) -> pa.Table:
        """Make a table of rows.

        Args:
            rows: The rows as received: a mapping, or None for a row that is null. Where the data
                are neither rows nor one object, such data.

        Returns:
            A table with `schema`, a row for each.

        Raises:
            TypeError: A row is not a mapping.
        """
        if self.columns.wrapped:
            rows = [{self.columns.fields[0].name: row} for row in rows]
        mappings: list[dict[str, Any]] = []
        null: list[int] = []
        for number, row in enumerate(rows):
            if row is None:
                null.append(number)
            elif not isinstance(row, dict):
                raise TypeError(f"row {number} is {type(row).__name__}, not a mapping or None")
            mappings.append(row or {})
        aside: dict[int, Misfits] = {}
        for number, mapping in enumerate(mappings):
            if not mapping.keys() <= self._names:
                aside[number] = {
                    place((name,)): value
                    for name, value in mapping.items()
                    if name not in self._names
                }
        arrays = [
            self._array(name, maker, mappings, lambda number: aside.setdefault(number, {}))
            for name, maker in self._makers
        ]
        extra: list[str | None] = [None] * len(mappings)
        for number, misfits in aside.items():
            extra[number] = to_json(misfits)
        for number in null:
            extra[number] = "null"
        return pa.table([*arrays, pa.array(extra, pa.string())], schema=self.schema)

    def _array(
        self, name: str, maker: Converter | Decoder, mappings: list[dict[str, Any]], misfits: Any
    ) -> pa.Array:
        if isinstance(maker, Decoder):
            return decoded(maker, [row.get(maker.source) for row in mappings])
        return maker.array([row.get(name) for row in mappings], name, misfits)

    def rows(self, body: bytes) -> list[Any]:
        """Decode the rows of a response; the data as the only row of an operation without rows.

        Args:
            body: The whole body of a successful response, as the client has accepted it.

        Returns:
            The rows, for `table`; none where the list is null or missing.
        """
        answer = json.loads(body)
        if self._items is None:
            data = value_at(answer, ("data",))
            return [data] if data is not None or self.columns.wrapped else []
        return value_at(answer, self._items) or []
