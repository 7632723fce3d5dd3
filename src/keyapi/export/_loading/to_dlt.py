"""Loads a run into whatever dlt reaches; dlt gets finished rows, and asks the API for nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from keyapi._errors import ConfigurationError, KeyAPIError
from keyapi.export._loading.dataset import Dataset
from keyapi.export._loading.differences import differences, refused
from keyapi.export._loading.dlt_errors import explained
from keyapi.export._loading.dlt_places import FilesPlace, Note, Place, TablesPlace
from keyapi.export._loading.flat import flat_batch, flat_schema
from keyapi.export._loading.loads import other_run

_STRATEGY = "delete-insert"
_TELEMETRY = "RUNTIME__DLTHUB_TELEMETRY"


class DltLoad:
    """A load into a destination of dlt.

    Args:
        destination: Its name, as dlt knows it.
        dataset_name: The dataset, or schema, that has the table.
        table: The table; made where there is none.
        dataset: The rows.

    Attributes:
        added: Columns that the table had not.
    """

    def __init__(self, destination: str, dataset_name: str, table: str, dataset: Dataset) -> None:
        self.added: list[str] = []
        self._destination = destination
        self._dataset_name = dataset_name
        self._table = table
        self._dataset = dataset

    def __call__(self, *, evolve: bool, replace: bool) -> bool:
        """Let the run's rows take the place of the day's.

        Args:
            evolve: Whether the table may get new columns.
            replace: Whether rows of the same day that came from another run may go.

        Returns:
            Whether rows were loaded; False where the table has these very rows.

        Raises:
            ConfigurationError: dlt does not know the destination, or lacks a setting or package.
            ExportError: The columns differ, the day's rows are another run's, a file cannot be
                read, or dlt fails.
        """
        if not self._dataset.files:
            return False
        try:
            with _without_telemetry(), TemporaryDirectory(prefix="keyapi-dlt-") as folder:
                return self._load(folder, evolve, replace)
        except KeyAPIError:
            raise
        except Exception as error:  # of dlt, and of each package that it uses
            raise explained(error, self._destination) from error

    def _load(self, folder: str, evolve: bool, replace: bool) -> bool:
        import dlt
        from dlt.common.destination import Destination

        dataset = self._dataset
        place = self._place(Destination.from_reference(self._destination))
        pipeline = dlt.pipeline(
            f"keyapi_{self._table}",
            destination=place.destination,
            dataset_name=self._dataset_name,
            pipelines_dir=folder,
        )
        pipeline.sync_destination()
        before = place.note(pipeline)
        if before is not None and before.sha256 == dataset.sha256:
            return False
        if before is not None and before.run != dataset.run and not replace:
            raise other_run(self._table, dataset, before.run)
        note = Note(dataset.run, dataset.sha256)
        self._check_columns(pipeline, evolve)
        place.extract(pipeline, self._batches, note)
        pipeline.normalize()
        place.load(pipeline, note)
        return True

    def _place(self, destination: Any) -> Place:
        """How the rows of a day take the place of others in a destination.

        Raises:
            ConfigurationError: They cannot.
        """
        day = self._dataset.as_of
        if destination.destination_type.endswith(".filesystem"):
            return FilesPlace(type(destination), self._destination, self._table, day)
        capabilities = destination.capabilities()
        strategies = capabilities.supported_merge_strategies or []
        if capabilities.merge_strategies_selector is not None:
            table = {"name": self._table}
            strategies = capabilities.merge_strategies_selector(strategies, table_schema=table)
        if _STRATEGY not in strategies:
            raise ConfigurationError(
                f"dlt cannot replace rows in {self._destination}, and a day that is loaded twice "
                "would have its rows twice. Load into another destination, such as filesystem"
            )
        return TablesPlace(destination, self._table, day, self._dataset.lineage["_as_of"])

    def _check_columns(self, pipeline: Any, evolve: bool) -> None:
        from dlt.common.libs.pyarrow import py_arrow_to_table_schema_columns

        schema = pipeline.default_schema if pipeline.default_schema_name else None
        tables = {} if schema is None else schema.tables
        name = self._table if schema is None else schema.naming.normalize_path(self._table)
        if schema is None or name not in tables:
            return
        columns = py_arrow_to_table_schema_columns(flat_schema(self._dataset.schema))
        run = {
            schema.naming.normalize_identifier(column): str(facts.get("data_type"))
            for column, facts in columns.items()
        }
        table = {
            column: str(facts["data_type"])
            for column, facts in tables[name]["columns"].items()
            if "data_type" in facts and not column.startswith("_dlt")
        }
        found = differences(table, run)
        if found and not evolve:
            raise refused(self._table, found, "--schema evolve would add what is new")
        wrong = [each for each in found if each.table is not None and each.run is not None]
        if wrong:
            raise refused(self._table, wrong, "Load into another table: --table")
        self.added = [each.column for each in found if each.table is None]

    def _batches(self) -> Iterator[Any]:
        schema = flat_schema(self._dataset.schema)
        for batch in self._dataset.batches():
            yield flat_batch(batch, schema)


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """Keep dlt from sending its maker what is loaded where."""
    before = {name: os.environ[name] for name in (_TELEMETRY,) if name in os.environ}
    os.environ[_TELEMETRY] = "false"
    try:
        from dlt.common.runtime.telemetry import stop_telemetry

        stop_telemetry()  # a program that has used dlt before may have started it
        yield
    finally:
        del os.environ[_TELEMETRY]
        os.environ.update(before)
