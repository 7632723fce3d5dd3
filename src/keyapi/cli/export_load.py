"""`keyapi export load`: the rows of a run into a database or warehouse."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from keyapi.cli.messages import OK, counted
from keyapi.cli.values import place


def load(
    folder: Annotated[
        Path, Parameter(metavar="FOLDER", help="The folder of the export.", converter=place)
    ],
    /,
    *,
    to: Annotated[
        str,
        Parameter(
            metavar="DESTINATION",
            help="duckdb:FILE; or dlt:NAME, a destination as dlt's settings name it.",
        ),
    ],
    table: Annotated[
        str | None, Parameter(metavar="NAME", help="Default: the name of the operation.")
    ] = None,
    dataset_name: Annotated[
        str, Parameter("--dataset", metavar="NAME", help="The dataset of a destination of dlt.")
    ] = "keyapi",
    as_of: Annotated[
        str | None, Parameter(metavar="DATE", help="The run's day. Default: the newest.")
    ] = None,
    schema: Annotated[
        Literal["evolve", "freeze"],
        Parameter(help="Whether the table may get new columns and wider types."),
    ] = "evolve",
    partial: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Load a run that is not finished, too."),
    ] = False,
    replace: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Replace the day's rows also where they are from another run.",
        ),
    ] = False,
) -> int:
    """Load the rows of a run into a table, in place of those of the same day."""
    import keyapi.export

    found = keyapi.export.load(
        folder,
        to,
        as_of=as_of,
        table=table,
        dataset_name=dataset_name,
        schema=schema,
        partial=partial,
        replace=replace,
    )
    rows = counted(found.rows, "row")
    where = f"{found.table} of {found.to}"
    if not found.loaded:
        text = f"Nothing to do: {rows} of {found.as_of} are in {where} already."
    else:
        text = f"Loaded {rows} of {found.as_of} into {where}."
    if found.added:
        text += f" New columns: {', '.join(found.added)}."
    sys.stdout.write(f"{text}\n")
    return OK
