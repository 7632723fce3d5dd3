"""The part of an update's summary that says how the columns of exported rows change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.document.text import plain

Columns = Mapping[str, Mapping[str, str]]
"""The type of each column by its name, by operation, as in `arrow.json`."""

_WIDTH = 200


def read_columns(generated: Path) -> Columns:
    """Read the columns of a generated package's rows; none where they are not written down.

    Args:
        generated: The folder that has the package.
    """
    found: Columns = {}
    for path in sorted(generated.glob("*/arrow.json")):
        found = json.loads(path.read_bytes())
    return found


def columns_markdown(before: Columns, after: Columns) -> str:
    """List the columns that were added, removed or retyped, for operations there before and after.

    Args:
        before: The columns before the update.
        after: The columns now.

    Returns:
        Markdown; empty where there are none.
    """
    lines = [
        f"- {_code(operation)}: {change}"
        for operation in before
        if operation in after
        for change in _changes(before[operation], after[operation])
    ]
    note = (
        "Columns of exported rows. Tables that were loaded before take what is new with "
        "`--schema evolve`; what would lose a value there is refused."
    )
    return "\n".join([note, "", *lines]) if lines else ""


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old is None:
            yield f"column {_code(name)} added, {_code(new or '')}"
        elif new is None:
            yield f"column {_code(name)} removed, was {_code(old)}"
        elif old != new:
            yield f"column {_code(name)} retyped from {_code(old)} to {_code(new)}"


def _code(text: str) -> str:
    return f"`{plain(text, _WIDTH)}`"
