"""Rows as a table in a notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from keyapi._text import displayed

_ROWS = 20  # shown at most: a page has fewer
_COLUMNS = 200  # shown at most: a row has fewer, unless a server sends what nobody can read
_LONGEST = 60  # characters of a cell


def table(rows: Sequence[Mapping[str, Any]], caption: str) -> str:
    """Write rows as an HTML table. Nothing in it is loaded from elsewhere, and nothing runs.

    Args:
        rows: The rows as received.
        caption: What stands above them, as text.
    """
    names = list(dict.fromkeys(name for row in rows[:_ROWS] for name in row))[:_COLUMNS]
    head = "".join(f"<th>{escape(displayed(name, _LONGEST))}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in names) + "</tr>"
        for row in rows[:_ROWS]
    )
    more = f"<p>… {len(rows) - _ROWS} more rows</p>" if len(rows) > _ROWS else ""
    caption = f'<caption style="text-align: left">{escape(caption)}</caption>'
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return escape(displayed(text, _LONGEST))
