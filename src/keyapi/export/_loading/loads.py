"""What loads have in common: how they are called, and what they refuse."""

from __future__ import annotations

from typing import Protocol

from keyapi.export._errors import ExportError
from keyapi.export._loading.dataset import Dataset

LOADS = "_keyapi_loads"
"""Where a destination keeps which run each day's rows are from."""


class Load(Protocol):
    """Loads a run into a destination.

    Attributes:
        added: Columns that the table had not, once they are there.
    """

    added: list[str]

    def __call__(self, *, evolve: bool, replace: bool) -> bool:
        """Let the run's rows take the place of the day's.

        Args:
            evolve: Whether the table may change its columns.
            replace: Whether rows of the same day that came from another run may go.

        Returns:
            Whether rows were loaded; False where the table has these very rows.

        Raises:
            ConfigurationError: The destination cannot be opened.
            ExportError: It cannot take the rows.
        """
        ...


def other_run(table: str, dataset: Dataset, run: str) -> ExportError:
    """Explain that the day's rows are not this run's, such as those of another list of ids.

    Args:
        table: The table.
        dataset: The run.
        run: The name of the other run.
    """
    return ExportError(
        f"The rows of {dataset.as_of} in {table} are from another run, {run}, and this one is "
        f"{dataset.run}. Nothing was loaded. Load into another table with --table, or let these "
        "rows take their place with --replace"
    )


def first_line(error: BaseException) -> str:
    """The first line of an error's text, without a full stop; its type where it has no text."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(". ") if lines else type(error).__name__
