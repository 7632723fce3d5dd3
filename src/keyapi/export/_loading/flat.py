"""Rows without nested columns, for destinations that have none: those become JSON, as text."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa


def flat_schema(schema: Any) -> Any:
    """The schema of flat rows.

    Args:
        schema: The schema of the rows.
    """
    fields = (field.with_type(pa.string()) if _is_nested(field) else field for field in schema)
    return pa.schema(list(fields))


def flat_batch(batch: Any, schema: Any) -> Any:
    """Write the nested columns of a batch as JSON.

    Args:
        batch: The record batch.
        schema: Its flat schema.
    """
    columns = [
        _as_json(column) if _is_nested(field) else column
        for field, column in zip(batch.schema, batch.columns, strict=True)
    ]
    return pa.record_batch(columns, schema=schema)


def _is_nested(field: Any) -> bool:
    return bool(pa.types.is_nested(field.type))


def _as_json(column: Any) -> Any:
    return pa.array(map(_text, column.to_pylist(maps_as_pydicts="strict")), pa.string())


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
