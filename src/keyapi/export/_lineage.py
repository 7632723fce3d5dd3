"""Columns that say where each row comes from."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from keyapi.export._records import CommittedPage

LINEAGE = pa.schema(
    [
        pa.field("_id", pa.string()),
        pa.field("_page", pa.int32()),
        pa.field("_row", pa.int32()),
        pa.field("_request_id", pa.string()),
        pa.field("_fetched_at", pa.timestamp("us", "UTC")),
        pa.field("_as_of", pa.string()),
        pa.field("_run", pa.string()),
    ]
)
"""Where each row comes from: the id it was asked for by, its page among that id's (from 1), its
place there (from 0), the answer's `requestId`, when that arrived, and the run."""


def with_lineage(rows: pa.Table, pages: Sequence[CommittedPage], as_of: str, run: str) -> pa.Table:
    """Add the columns of `LINEAGE` to the rows of some pages.

    A name that a column of the API has, too, gets one more underscore.

    Args:
        rows: The rows of all pages, in their order.
        pages: The pages.
        as_of: The run's day.
        run: The run's name.
    """
    places = pa.array(
        [place for place, page in enumerate(pages) for _ in range(page.rows)], pa.int64()
    )
    of_pages = {
        "_id": [page.id for page in pages],
        "_page": [page.page for page in pages],
        "_request_id": [page.request_id for page in pages],
        "_fetched_at": [page.fetched_at for page in pages],
        "_as_of": [as_of] * len(pages),
        "_run": [run] * len(pages),
    }
    for field in LINEAGE:
        if field.name == "_row":
            column = pa.array([row for page in pages for row in range(page.rows)], field.type)
        else:
            column = pa.array(of_pages[field.name], field.type).take(places)
        rows = rows.append_column(_free(field, rows.schema), column)
    return rows


def _free(field: pa.Field, schema: pa.Schema) -> pa.Field:
    """A column of lineage under a name that no column of the API has."""
    name: str = field.name
    while name in schema.names:
        name = f"_{name}"
    return field.with_name(name)
