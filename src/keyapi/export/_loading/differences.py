"""Where the columns of a table and those of a run differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from keyapi.export._errors import ExportError


class Difference(NamedTuple):
    """A column that a table and a run do not have alike.

    Attributes:
        column: Its name.
        table: Its type in the table; None where the table does not have it.
        run: Its type in the run; None where the run does not have it.
    """

    column: str
    table: str | None
    run: str | None

    def __str__(self) -> str:
        if self.table is None:
            return f"{self.column} ({self.run}) is new"
        if self.run is None:
            return f"{self.column} ({self.table}) is missing in the run"
        return f"{self.column} is {self.table} in the table and {self.run} in the run"


def differences(table: Mapping[str, str], run: Mapping[str, str]) -> list[Difference]:
    """List the columns that differ, in the order of the run, then of the table.

    Args:
        table: The types of the table's columns, by name.
        run: The types of the run's.
    """
    names = [*run, *(name for name in table if name not in run)]
    found = (Difference(name, table.get(name), run.get(name)) for name in names)
    return [each for each in found if each.table != each.run]


def refused(table: str, found: Iterable[Difference], remedy: str) -> ExportError:
    """Explain that a table cannot take a run.

    Args:
        table: The table.
        found: What differs.
        remedy: What to do.
    """
    listed = "; ".join(map(str, found))
    return ExportError(
        f"The columns of {table} are not those of the run: {listed}. Nothing was loaded. {remedy}"
    )
