"""A table of rows for people: as many columns as fit, with numbers aligned for comparison.

Imported only when a table is drawn, because Rich is slow to import.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keyapi.cli.columns import Column
from keyapi.cli.text import clean

_GAP = 2  # characters between columns
_SHORTEST_TEXT = 16  # characters that long text is cut to, at most
_LONGEST_TEXT = 60  # characters
_MOST_DECIMALS = 4
_MOST_LINES = 3  # of a heading
_SHORT_NAME = 8  # characters of a heading that is not broken
_LARGEST = 1e15  # from here on, a double has no decimals


class _Laid(NamedTuple):
    """A column's layout: its cells, narrowest and natural width, and alignment."""

    name: str
    cells: list[str]
    narrow: int
    wide: int
    numeric: bool


def print_table(
    console: Console, columns: Sequence[Column], rows: Sequence[Any], *, all_of_them: bool
) -> int:
    """Print rows as a table, cut to the console's width.

    Args:
        console: The console to print on.
        columns: The columns, the most important first.
        rows: Models or mappings.
        all_of_them: Whether no column may be left out; if they do not fit side by side, they are
            printed one below the other.

    Returns:
        Number of columns left out.
    """
    laid = [_lay(column, rows) for column in columns]
    shown = _that_fit(laid, console.width)
    if all_of_them and len(shown) < len(laid):
        print_records(console, columns, rows)
        return 0
    widths = _widths(shown, console.width)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for one, width in zip(shown, widths, strict=True):
        table.add_column(
            Text("\n".join(_heading(one.name, width))),
            justify="right" if one.numeric else "left",
            vertical="bottom",
            width=width,
            no_wrap=True,
            overflow="ellipsis",
        )
    for cells in zip(*(one.cells for one in shown), strict=True):
        table.add_row(*map(Text, cells))
    console.print(table)
    return len(laid) - len(shown)


def print_records(console: Console, columns: Sequence[Column], rows: Sequence[Any]) -> None:
    """Print rows one below the other, a line for each column."""
    laid = [_lay(column, rows) for column in columns]
    for number in range(len(rows)):
        if number:
            console.print()
        table = Table.grid(padding=(0, _GAP, 0, 0))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for one in laid:
            table.add_row(Text(one.name), Text(one.cells[number]))
        console.print(table)


def _lay(column: Column, rows: Sequence[Any]) -> _Laid:
    values = [column.value(row) for row in rows]
    if column.kind == "decoded":
        values = [len(value) if isinstance(value, list) else value for value in values]
    given = [value for value in values if value is not None]
    numbers = [value for value in given if _is_number(value)]
    decimals = _decimals(numbers)
    cells = [_cell(value, decimals) for value in values]
    numeric = column.kind == "number" or bool(numbers)
    numeric = numeric and len(numbers) == len(given)
    natural = max((cell_len(cell) for cell in cells), default=0)
    name = clean(column.name)
    least = _narrowest(name)
    if numeric or column.kind == "id":
        width = max(natural, least)
        return _Laid(name, cells, width, width, numeric)
    longest = max(min(natural, _LONGEST_TEXT), least)
    return _Laid(name, cells, max(min(natural, _SHORTEST_TEXT), least), longest, numeric)


def _that_fit(laid: Sequence[_Laid], room: int) -> list[_Laid]:
    """The first columns that fit side by side; at least one."""
    shown: list[_Laid] = []
    for one in laid:
        room -= one.narrow + (_GAP if shown else 0)
        if room < 0 and shown:
            break
        shown.append(one)
    return shown


def _widths(shown: Sequence[_Laid], room: int) -> list[int]:
    """Distribute the remaining width to shortened columns, from the left."""
    left = room - sum(one.narrow for one in shown) - _GAP * (len(shown) - 1)
    widths = []
    for one in shown:
        more = max(0, min(one.wide - one.narrow, left))
        widths.append(one.narrow + more)
        left -= more
    return widths


def _words(name: str) -> list[str]:
    """Split a name where its heading may break."""
    return name.replace("_", "_\n").split("\n")


def _narrowest(name: str) -> int:
    """The smallest width at which a heading stays within its maximum number of lines."""
    whole = cell_len(name)
    if whole <= _SHORT_NAME:
        return whole
    width = max(map(cell_len, _words(name)))
    while len(_heading(name, width)) > _MOST_LINES:
        width += 1
    return width


def _heading(name: str, width: int) -> list[str]:
    """Break a name at its underscores, so that it can be copied and takes little room."""
    lines = [""]
    for word in _words(name):
        if lines[-1] and cell_len(lines[-1] + word) > width:
            lines.append("")
        lines[-1] += word
    return lines


def _decimals(numbers: Sequence[int | float]) -> int:
    """The decimals that all numbers of a column need, so that they align."""
    most = 0
    for number in numbers:
        if isinstance(number, float) and not number.is_integer():
            most = max(most, len(f"{number:.{_MOST_DECIMALS}f}".rstrip("0").partition(".")[2]))
    return max(most, 2) if most else 0


def _cell(value: Any, decimals: int) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" + (f".{'0' * decimals}" if decimals else "")
    if isinstance(value, float):
        return f"{value:,.{decimals}f}" if abs(value) < _LARGEST else repr(value)
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
