"""The schemas of a package's operations and models, and tables of models."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import pyarrow as pa

from keyapi._columns import Columns
from keyapi._models import Model
from keyapi.arrow._rows import RowSchema
from keyapi.specification import Specification


@lru_cache(maxsize=8)
def _specification(package: str) -> Specification:
    return Specification.of_package(package)


@lru_cache(maxsize=256)
def of_package(package: str, operation: str) -> RowSchema:
    """Give the schema of the rows of a generated package's operation.

    Args:
        package: The package's import name.
        operation: Name of the operation, its `operationId`.

    Raises:
        KeyError: There is no such operation.
        OSError: The package's specification is missing.
    """
    return RowSchema.of(_specification(package).operations[operation])


@lru_cache(maxsize=256)
def of_model(model: type[Any]) -> RowSchema:
    """Give the schema of the rows that a model views.

    Args:
        model: The model, or a class derived from one.

    Raises:
        TypeError: It is not a model of a generated package, or has no schema of its own there.
    """
    for base in model.__mro__:
        package, found, _ = base.__module__.rpartition(".models.")
        if found and base.__name__ in (spec := _specification(package)).schemas:
            columns = Columns.of_schema(spec.schemas[base.__name__], spec.resolved)
            return RowSchema(columns)
    raise TypeError(f"{model.__name__} is not a model of a generated package")


def table(rows: Iterable[Any], *, model: type[Model] | None = None) -> pa.Table:
    """Make a table of rows: of what a call gives, a page, a list of models or a walk.

    Args:
        rows: The rows. A page or an iterator gives a table by itself; others are models, or
            mappings or None where `model` says what they are.
        model: What the rows are; without it, what the first model among them is.

    Returns:
        A table with a column for each documented property; see `RowSchema`.

    Raises:
        TypeError: Nothing says what the rows are, or they are rows of several models.
        KeyAPIError: A walk ended with an error.
    """
    if (own := getattr(rows, "to_arrow", None)) is not None:
        return own()
    listed = list(rows)
    models: set[Any] = {type(row) for row in listed if isinstance(row, Model)}
    if model is None and len(models) != 1:
        names = ", ".join(sorted(each.__name__ for each in models))
        found = f"rows of several models: {names}" if names else "no model among the rows"
        raise TypeError(f"{found}; name the model: table(rows, model=...)")
    only: Any = model or models.pop()
    schema = of_model(only)
    return schema.table([row._row if isinstance(row, Model) else row for row in listed])
