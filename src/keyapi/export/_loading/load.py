"""Loads what a run has published into a database or warehouse."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Literal

from keyapi._errors import ConfigurationError
from keyapi.export._loading.dataset import Dataset, dataset
from keyapi.export._loading.loads import Load

DATASET_NAME = "keyapi"
"""The dataset of a destination of dlt, unless another is named."""
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 60  # characters; `_newest` still fits into what databases take


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a load did.

    Attributes:
        to: The destination.
        table: The table.
        as_of: The run's day.
        run: The run's name.
        complete: Whether every id was asked for to its end.
        loaded: Whether rows were loaded; False where these very rows are there, or there are none.
        rows: How many rows the run has.
        files: How many files they are in.
        added: Columns that the table did not have before.
        key: Columns that name a row within a day; None where none surely do.
    """

    to: str
    table: str
    as_of: str
    run: str
    complete: bool
    loaded: bool
    rows: int
    files: int
    added: tuple[str, ...]
    key: tuple[str, ...] | None


def load(
    folder: str | os.PathLike[str],
    to: str,
    *,
    as_of: str | None = None,
    table: str | None = None,
    dataset_name: str = DATASET_NAME,
    schema: Literal["evolve", "freeze"] = "evolve",
    partial: bool = False,
    replace: bool = False,
) -> Loaded:
    """Load the rows of a run into a table, in place of those of the same day.

    The rows of other days stay. The same load again does nothing. A load that is interrupted
    leaves the table as it was; only in dlt's filesystem destination is the day missing until the
    load has come to its end.

    Args:
        folder: The folder of the run's journal.
        to: `duckdb:FILE`, or `dlt:DESTINATION` with a destination as dlt's settings name it, such
            as `dlt:bigquery`.
        as_of: The run's day; the newest run by default.
        table: The table; by default it has the name of the operation.
        dataset_name: The dataset (or schema) of a destination of dlt.
        schema: "evolve" adds new columns to the table, whose older rows have null there, and
            widens whole numbers to numbers; "freeze" refuses columns that differ in any way.
        partial: Load what is published of a run that is not finished.
        replace: Let these rows take the place of the day's also where those are from another run,
            such as one with another list of ids.

    Returns:
        What was done.

    Raises:
        ConfigurationError: An argument cannot be used, there is no such run, or the destination
            cannot be opened.
        ExportError: The run is not finished, its files do not fit its journal, the columns differ,
            or the destination fails.
    """
    kind, _, place = to.partition(":")
    if kind not in ("duckdb", "dlt") or not place or place == ":memory:":
        raise ConfigurationError(f"to must be duckdb:FILE or dlt:DESTINATION, got {to!r}")
    if schema not in ("evolve", "freeze"):
        raise ConfigurationError(f'schema must be "evolve" or "freeze", got {schema!r}')
    found = dataset(folder, as_of=as_of, partial=partial)
    name = _checked(found.operation if table is None else table, "table")
    work: Load
    if kind == "duckdb":
        from keyapi.export._loading.to_duckdb import DuckDBLoad

        work = DuckDBLoad(place, name, found)
    else:
        work = _of_dlt(place, _checked(dataset_name, "dataset_name"), name, found)
    loaded = work(evolve=schema == "evolve", replace=replace)
    return Loaded(
        to=to,
        table=name,
        as_of=found.as_of,
        run=found.run,
        complete=found.complete,
        loaded=loaded,
        rows=found.rows,
        files=len(found.files),
        added=tuple(work.added),
        key=found.key,
    )


def _of_dlt(destination: str, dataset_name: str, table: str, found: Dataset) -> Load:
    try:
        import dlt  # noqa: F401
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"to='dlt:{destination}' needs more packages: pip install 'keyapi-tiktok[dlt]'"
        ) from None
    from keyapi.export._loading.to_dlt import DltLoad

    return DltLoad(destination, dataset_name, table, found)


def _checked(name: str, what: str) -> str:
    """Check a name that each destination takes as it is.

    Raises:
        ConfigurationError: It is not of that form.
    """
    if _NAME.fullmatch(name) and len(name) <= _LONGEST:
        return name
    raise ConfigurationError(
        f"{what} must be small letters, digits and single underscores, {_LONGEST} characters at "
        f"most, such as creator_products; got {name!r}"
    )
