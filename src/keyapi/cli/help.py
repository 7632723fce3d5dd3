"""Help for operations, whose options have long names: none is cut in two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_LEAST_SHARE = 0.35  # of the width, for the names; as the library has it
_DESCRIPTION = 24  # characters that a description needs


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
