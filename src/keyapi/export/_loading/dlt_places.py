"""How the rows of a day take the place of others, by the kind of dlt's destination."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from keyapi.export._loading.loads import LOADS

Batches = Callable[[], Iterator[Any]]


class Note(NamedTuple):
    """What a destination keeps of the last load of a day.

    Attributes:
        run: The run.
        sha256: The SHA-256 of its list of files.
    """

    run: str
    sha256: str


class Place(ABC):
    """A table of a destination.

    Attributes:
        destination: The destination, for a pipeline.
    """

    destination: Any

    def __init__(self, table: str, as_of: str) -> None:
        self._table = table
        self._as_of = as_of

    @abstractmethod
    def note(self, pipeline: Any) -> Note | None:
        """What the destination keeps of the last load of the day that came to its end."""

    @abstractmethod
    def extract(self, pipeline: Any, batches: Batches, note: Note) -> None:
        """Hand the rows to a pipeline."""

    def load(self, pipeline: Any, note: Note) -> None:
        """Have a pipeline load what it was handed."""
        pipeline.load().raise_on_failed_jobs()


class TablesPlace(Place):
    """A table of a database: dlt replaces the rows of the day, and keeps the state of a pipeline.

    Args:
        destination: The destination.
        table: The table.
        as_of: The day.
        day: The column of the day.
    """

    def __init__(self, destination: Any, table: str, as_of: str, day: str) -> None:
        super().__init__(table, as_of)
        self.destination = destination
        self._day = day

    def note(self, pipeline: Any) -> Note | None:
        """Read it in the state that dlt has restored."""
        (source,) = pipeline.state.get("sources", {}).values() or [{}]
        kept = source.get("resources", {}).get(self._table, {}).get(LOADS, {}).get(self._as_of)
        return None if kept is None else Note(**kept)

    def extract(self, pipeline: Any, batches: Batches, note: Note) -> None:
        """Hand over the rows, and the note with them."""
        import dlt

        @dlt.resource(
            name=self._table,
            write_disposition={"disposition": "merge", "strategy": "delete-insert"},
            merge_key=self._day,
        )
        def rows() -> Iterator[Any]:
            dlt.current.resource_state().setdefault(LOADS, {})[self._as_of] = note._asdict()
            yield from batches()

        pipeline.extract(rows(), loader_file_format="parquet")


class FilesPlace(Place):
    """A folder of files, with a folder for each day.

    Args:
        kind: The class of the destination.
        name: Its name in the settings.
        table: The table.
        as_of: The day.
    """

    def __init__(self, kind: Any, name: str, table: str, as_of: str) -> None:
        super().__init__(table, as_of)
        layout = f"{{table_name}}/{as_of}/{{file_id}}.{{ext}}"
        self.destination = kind(layout=layout, destination_name=name)

    def note(self, pipeline: Any) -> Note | None:
        """Read the file that was written when the load had come to its end."""
        with pipeline.destination_client() as client:
            files, path = client.fs_client, self._note_path(client)
            return Note(**json.loads(files.read_text(path))) if files.exists(path) else None

    def extract(self, pipeline: Any, batches: Batches, note: Note) -> None:
        """Hand over the rows."""
        import dlt

        rows = dlt.resource(batches(), name=self._table, write_disposition="append")
        pipeline.extract(rows, loader_file_format="parquet")

    def load(self, pipeline: Any, note: Note) -> None:
        """Remove the day's files, load, and note it; without the note, the load is begun again."""
        with pipeline.destination_client() as client:
            folder = client.pathlib.join(client.get_table_dir(self._table), self._as_of)
            for path in (self._note_path(client), folder):
                if client.fs_client.exists(path):
                    client.fs_client.rm(path, recursive=True)
        super().load(pipeline, note)
        with pipeline.destination_client() as client:
            path = self._note_path(client)
            client.fs_client.makedirs(client.pathlib.dirname(path), exist_ok=True)
            client.fs_client.write_text(path, json.dumps(note._asdict()))

    def _note_path(self, client: Any) -> str:
        name = f"{self._table}-{self._as_of}.json"
        path: str = client.pathlib.join(client.dataset_path, LOADS, name)
        return path
