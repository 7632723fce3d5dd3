"""Help for operations: their long option names are never broken across lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_LEAST_SHARE = 0.35  # of the width, for the names; the library's default
_DESCRIPTION = 24  # characters reserved for a description


def formatter() -> Any:
    """The library's formatter, with room for the longest name."""
    from cyclopts.help.formatters import DefaultFormatter

    return DefaultFormatter(column_specs=_columns)


def _columns(console: Console, options: object, entries: list[Any]) -> tuple[Any, ...]:
    from cyclopts.help.specs import AsteriskColumn, ColumnSpec, DescriptionColumn, NameRenderer

    whole = max(len(" ".join(entry.display_labels_with_metavar)) for entry in entries)
    name = max(len(name) for entry in entries for name in entry.all_options)
    wanted = max(int(console.width * _LEAST_SHARE), name, min(whole, console.width // 2))
    width = min(wanted, max(console.width - _DESCRIPTION, name))
    names = ColumnSpec(
        renderer=NameRenderer(max_width=width), style="cyclopts.name", max_width=width
    )
    required = any(entry.required for entry in entries)
    return (AsteriskColumn, names, DescriptionColumn) if required else (names, DescriptionColumn)
