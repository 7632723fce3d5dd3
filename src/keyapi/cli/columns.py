"""The columns of a table of rows: which exist, which matter most, and their values.

They come from the row's schema and the operation's `x-keyapi`; nothing here knows an endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from keyapi._facts import JsonText
from keyapi._json_text import decode
from keyapi._models import Model, plain
from keyapi.cli.messages import UsageError
from keyapi.specification import OperationSpec, Schema, Specification

# KeyAPI's names for what identifies a row: `product_id`, `product_name`, `video_title`.
_ID = re.compile(r"(?:^|_)id$")
_NAME = re.compile(r"(?:^|_)(?:nick)?(?:name|title)$")
_NUMBERS = ("integer", "number")
# Kinds of the columns after the first ones, the most informative first.
_LATER = ("number", "text", "id", "decoded", "other")


class Column(NamedTuple):
    """A column.

    Attributes:
        name: The property's name, or that of the accessor that decodes it.
        source: The property's name.
        kind: "id", "text", "number", "other", or "decoded" for JSON inside a string.
        shown: Whether a table shows it by default.
    """

    name: str
    source: str
    kind: str
    shown: bool = True

    def value(self, row: Any) -> Any:
        """Return the value of a row, a model or mapping, in this column, as JSON has it."""
        mapping = as_mapping(row)
        if self.kind != "decoded":
            return mapping.get(self.source)
        accessor = getattr(row, self.name, None) if isinstance(row, Model) else None
        return plain(accessor) if accessor is not None else decode(mapping.get(self.source))


class Columns:
    """The columns of an operation's rows.

    Args:
        specification: The specification with the operation.
        operation: The operation.
    """

    def __init__(self, specification: Specification, operation: OperationSpec) -> None:
        self._operation = operation
        self.all: dict[str, Column] = {}
        for name, schema in _described(specification, operation).items():
            text = JsonText.of(schema)
            is_json = text is not None
            self.all[name] = Column(
                name, name, "other" if is_json else _kind(name, schema), not is_json
            )
            if text is not None and text.accessor:
                self.all.setdefault(text.accessor, Column(text.accessor, name, "decoded"))

    def named(self, names: str) -> list[Column]:
        """Find the columns that a comma-separated list names, or all of them.

        Raises:
            UsageError: There is no such column, or no name at all.
        """
        if names.strip().lower() == "all":
            return [column for column in self.all.values() if column.kind != "decoded"]
        wanted = [name.strip().replace("-", "_") for name in names.split(",") if name.strip()]
        if not wanted:
            raise UsageError(f"--columns names no column; use all, or: {', '.join(self.all)}")
        return list({name: self._named(name) for name in wanted}.values())

    def by_weight(self, sorted_by: str | None = None) -> list[Column]:
        """The columns that a table shows, the most important first.

        Args:
            sorted_by: Name of the property that the rows are sorted by; None if unsorted.
        """
        echoes = set(self._operation.echoes)
        filters = set(self._operation.filters.values())
        shown = [column for column in self.all.values() if column.shown]
        own = [c for c in shown if c.source not in echoes | filters]
        texts = [c for c in own if c.kind == "text"]
        names = [c for c in texts if _NAME.search(c.name)] or texts
        first = [c for c in own if c.kind == "id"][:1] + names[:1]
        order = {name: place for place, name in enumerate(self._sort_members())}

        def weight(column: Column) -> tuple[int, int]:
            if column in first:
                return 0, first.index(column)
            if column.name == sorted_by:
                return 1, 0
            if column.name in order:
                return 2, order[column.name]
            # A requested value is the same in every row, or nearly so.
            group = 5 if column.source in echoes else 4 if column.source in filters else 3
            return group, _LATER.index(column.kind)

        return sorted(shown, key=weight)

    def _sort_members(self) -> list[str]:
        sort = self._operation.sort
        return list(self._operation.arguments[sort.field].members) if sort else []

    def _named(self, name: str) -> Column:
        by_case = {listed.lower(): column for listed, column in self.all.items()}
        column = by_case.get(name.lower())
        if column is None and not self.all:  # without a description, any column may exist
            return Column(name, name, "text")
        if column is None:
            near = get_close_matches(name.lower(), by_case, n=1)
            hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(self.all)}"
            raise UsageError(f"There is no column {name!r}; {hint}")
        return column


def as_mapping(row: Any) -> Mapping[str, Any]:
    """Return a row's properties as received; anything but an object has only a `value`."""
    if isinstance(row, Model):
        return row._row
    return row if isinstance(row, Mapping) else {"value": row}


def found_in(rows: Iterable[Any]) -> list[Column]:
    """Make columns from the rows themselves, for rows without a schema."""
    names = dict.fromkeys(name for row in rows for name in as_mapping(row))
    return [Column(name, name, "text") for name in names]


def _described(specification: Specification, operation: OperationSpec) -> Mapping[str, Schema]:
    """Schemas of the properties of a row, or of the data if it is one object."""
    if operation.items is not None:
        return operation.properties()
    schema = specification.resolved(operation.schema(operation.success) or {})
    data = specification.resolved(schema.get("properties", {}).get("data", {}))
    properties: Mapping[str, Schema] = data.get("properties", {})
    return {name: specification.resolved(child) for name, child in properties.items()}


def _kind(name: str, schema: Schema) -> str:
    kind = schema.get("type")
    if kind in _NUMBERS:
        return "number"
    if kind == "string":
        return "id" if _ID.search(name) else "text"
    return "other"
