"""Which value of an answer asks for the rows that follow, and what asks for the first ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pipeline.document.values import whole_number
from pipeline.shape.draft import Draft, Operation, Schema
from pipeline.shape.further import assume, is_flag
from pipeline.shape.places import Path, nearest, plain, values
from pipeline.shape.prose import (
    first_cursor_in,
    follows_a_row,
    next_cursor_in,
    speaks_of_first,
)

# Names are compared without case and underscores. Evidence: `max_cursor` or `min_time` on feeds.
_NEXT_CURSOR = (
    "nextcursor",
    "maxcursor",
    "mintime",
    "cursor",
    "endcursor",
    "nextoffset",
    "offset",
    "nextpagetoken",
    "nexttoken",
    "nextscrollparam",
    "scrollid",
    "searchafter",
)
# Cursors by their own name: the next one is called so, too.
_IN_BOTH = ("continuation", "continuationtoken", "pcursor")
# Evidence: `after` of the Graph API, beside `paging.cursors.after`. Such a name beside the rows may
# as well repeat a filter.
_IN_CURSORS = ("after", "marker", "scroll", "anchor", "bookmark", "position")
_CURSORS = ("cursors", "cursor", "paging", "pagination", "pageinfo", "pagemeta", "page", "next")
# What connections in the manner of Relay call the next `after`.
_OTHERWISE = {"after": ("endcursor",)}
_FURTHER = frozenset(
    {name for name in _NEXT_CURSOR if name not in ("offset", "mintime")}
    | {"next", "nextpage", "nextmarker", "nexturl", "nextlink", "nextpageurl", "nextpagelink"}
)
"""Names of what an answer says of further rows, whatever asks for them."""
# Evidence: OData and its like, Solr, Elasticsearch, OpenSearch.
_SKIPPED = ("skip", "start", "from", "startindex", "startrow", "firstrow", "firstresult")
_TAKEN = ("take", "top", "rows", "size", "limit", "count", "num", "length", "maxresults")
_FIRST_CURSOR: dict[Any, Any] = {"integer": 0, "number": 0}  # of a cursor that must be sent


def is_followed(name: str, answered: Collection[Path]) -> bool:
    """Whether an answer names the next value of an argument: by `next_…`, or by its own name.

    Args:
        name: The argument.
        answered: Where an answer has values.
    """
    return any(names_next(name, path) for path in answered)


def names_next(name: str, path: Path) -> bool:
    """Whether what stands at a path of an answer is, by its name, the next value of an argument."""
    argument, answered = plain(name), plain(path[-1])
    if answered in (f"next{argument}", *_OTHERWISE.get(argument, ())):
        return True
    inside = len(path) > 1 and plain(path[-2]) in _CURSORS
    again = argument in _IN_BOTH or argument.startswith("next")
    return answered == argument and (again or (inside and argument in _IN_CURSORS))


def find_next(
    draft: Draft, operation: Operation, items: Path, text: str, position: str, schema: Schema
) -> Path | None:
    """Find where an answer names the next cursor: where the prose says, or by its usual names.

    Args:
        draft: The specification, which gets the notes.
        operation: The operation.
        items: Path to its list of rows.
        text: What the page says of the cursor.
        position: The argument that takes the cursor.
        schema: The argument's schema.
    """
    spoken = next_cursor_in(text)
    usual = (*_NEXT_CURSOR, plain(position))
    answered = dict(values(operation))
    followed = [path for path in answered if names_next(position, path)]
    by_prose = [path for path in answered if spoken and plain(path[-1]) == plain(spoken)]
    by_name = [path for path in answered if plain(path[-1]) in usual]
    by_name.sort(key=lambda path: usual.index(plain(path[-1])))
    for found in (by_prose, followed, by_name):
        if found:
            following = nearest(found, items)
            if answered[following].get("type") != "array" or schema.get("type") == "array":
                return following
            draft.note(
                operation,
                f"its response names the next cursor as a list, /{'/'.join(following)}, but the "
                f"cursor {position!r} takes a {schema.get('type')}; its call gets no pages",
                "responses",
            )
            return None
    if spoken and len(items) > 1:
        return assume(draft, operation, (*items[:-1], spoken), "next cursor")
    draft.note(
        operation,
        f"it takes the cursor {position!r}, but its response names no next one; its call gets no "
        "pages",
        "responses",
    )
    return None


def first_cursor(
    draft: Draft, operation: Operation, position: str, schema: Schema, text: str
) -> Any:
    """What asks for the first page where a cursor must be sent: as stated, else empty or 0."""
    parameters = {parameter["name"]: parameter for _, parameter, _ in operation.parameters()}
    shown = parameters.get(position, {}).get("example", schema.get("example"))
    stated = first_cursor_in(text)
    if stated and plain(stated) in {plain(path[-1]) for path, _ in values(operation)}:
        stated = None  # where the next ones come from
    first = schema.get("default", stated)
    if first is None and shown in (0, "0"):  # the example may be of a later page
        first = shown
    kind = schema.get("type")
    if first is None and speaks_of_first(text) and kind in ("string", *_FIRST_CURSOR):
        draft.note(
            operation,
            f"{position!r} must be sent, and what asks for the first page stands in words no rule "
            f"understands; {_FIRST_CURSOR.get(kind, '')!r} is assumed",
        )
    if kind == "string":
        return "" if first is None else str(first)
    if kind in _FIRST_CURSOR:
        number = whole_number(str(first))
        return _FIRST_CURSOR[kind] if number is None else number
    return first


def note_unwalked(draft: Draft, operation: Operation, arguments: Mapping[str, str]) -> None:
    """Note what a page says of further rows, where no argument is known to ask for them.

    Args:
        draft: The specification, which gets the note.
        operation: The operation.
        arguments: What the page says of each argument, by wire name.
    """
    names = {plain(name): name for name in arguments}
    skipped = next((names[name] for name in _SKIPPED if name in names), None)
    if skipped is not None and not names.keys().isdisjoint(_TAKEN):
        draft.note(
            operation,
            f"its {skipped!r} asks for rows by their number, and walks go by page numbers and by "
            "cursors that answers name; its call gets no pages",
        )
        return
    by_row = next((name for name, text in arguments.items() if follows_a_row(text)), None)
    if by_row is not None:
        draft.note(
            operation,
            f"its {by_row!r} asks for the rows behind the last one of a page, and walks go by "
            "cursors that answers name; its call gets no pages",
        )
        return
    further = next((path for path, _ in values(operation) if _is_further(plain(path[-1]))), None)
    if further is not None:
        draft.note(
            operation,
            f"its response says with /{'/'.join(further)} whether more rows follow, but no "
            "parameter is known to ask for them; its call gets no pages",
            "responses",
        )


def _is_further(name: str) -> bool:
    return name in _FURTHER or is_flag(name)
