"""Files of a run that know of more than its journal does, which has lost its last pages then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from keyapi.export._errors import ExportError
from keyapi.export._journal import RESERVED, SHARDS
from keyapi.export._lineage import LINEAGE
from keyapi.export._manifest import manifest_name
from keyapi.export._reader import JournalReader
from keyapi.export._target import Target

_LISTED = 5  # files that the message names


def check_newest(journal: JournalReader, place: Target, as_of: str, unknown: list[str]) -> None:
    """Refuse to continue with a journal that is older than what was published.

    After a crash, a file may be there that the journal does not have, but only with pages that it
    has. A journal without its `-wal` file, or from a backup, would have these paid for again.

    Args:
        journal: The journal.
        place: Where the files are.
        as_of: The run's day.
        unknown: Names of the Parquet files there that the journal does not have.

    Raises:
        ExportError: It is older.
    """
    found = list(_newer(journal, place, as_of, unknown))
    if found:
        raise ExportError(older(journal, place, found))


def older(journal: JournalReader, place: Target, names: list[str]) -> str:
    """Explain that a journal is older than some files."""
    listed = ", ".join(map(place.path, names[:_LISTED]))
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return (
        f"The journal {journal.path} is older than the files of its run: it lacks pages that were "
        "paid for. Put back the newest journal, with its -wal file if it has one; or, to pay for "
        f"these pages again, remove what is newer: {listed}{more}"
    )


def newer_manifest(journal: JournalReader, manifest: Any) -> bool:
    """Whether a manifest counts more than the journal of its run.

    Args:
        journal: The journal.
        manifest: The manifest, as read.

    Raises:
        KeyError: It is not complete; likewise TypeError.
    """
    if manifest["run"] != journal.fact("run"):
        return False  # left from a run whose journal was removed
    kept = {file.name for file in journal.files()}
    counted = journal.fact(SHARDS) is None  # else Redis may have granted less than was feared
    return (
        manifest["pages"] > journal.totals().pages
        or (counted and manifest["credits"] > (journal.fact(RESERVED) or 0))
        or any(file["name"] not in kept for file in manifest["files"])
    )


def _newer(journal: JournalReader, place: Target, as_of: str, unknown: list[str]) -> Iterator[str]:
    name = manifest_name(as_of)
    try:
        with place.open(name) as opened:
            is_newer = newer_manifest(journal, json.loads(opened.read()))
    except (OSError, ValueError, KeyError, TypeError):
        is_newer = False  # there is none, or `verify` says what is wrong with it
    if is_newer:
        yield name
    for name in unknown:
        try:
            with place.open(name) as opened:
                id_, page = _last_page(opened)
        except (OSError, pa.ArrowException, ValueError, IndexError):
            continue  # it is not of an export
        if page > journal.pages_of(id_):
            yield name


def _last_page(opened: Any) -> tuple[str, int]:
    """Id and number of the page that a file ends with."""
    file = pq.ParquetFile(opened)
    names = file.schema_arrow.names[-len(LINEAGE.names) :]
    columns = [names[LINEAGE.names.index(name)] for name in ("_id", "_page")]
    last = file.read_row_group(file.num_row_groups - 1, columns=columns)
    id_, page = (column[-1].as_py() for column in last.columns)
    return id_, page
