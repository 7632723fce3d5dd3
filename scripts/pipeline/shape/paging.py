"""How an operation pages: by the names of its parameters, its prose, and what its answer holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keyapi._facts import CURSOR, PAGE, Paging
from pipeline.document.values import whole_number
from pipeline.shape.cursors import find_next, first_cursor, is_followed, note_unwalked
from pipeline.shape.draft import Draft, Operation, Schema
from pipeline.shape.enumerations import enum_in
from pipeline.shape.further import find_more
from pipeline.shape.places import Path, places, plain, values
from pipeline.shape.prose import (
    bounds_in,
    is_first_page_one,
    is_first_page_zero,
    is_time,
    next_cursor_in,
    speaks_of_pages,
)

# Names are compared without case and underscores. Evidence: page_num/page_size on most pages,
# text-typed page/limit on others, `offset` in and `max_cursor` or `min_time` out on feeds.
_PAGE = ("pagenum", "page", "pageno", "pagenumber", "currentpage", "pageindex")
_SIZE = ("pagesize", "limit", "size", "perpage", "pagelimit", "count")
_CURSOR = (
    "offset",
    "cursor",
    "maxcursor",
    "mincursor",
    "mintime",
    "nextcursor",
    "pagetoken",
    "startafter",
    "searchafter",
    "scrollid",
    "scrollparam",
    "continuationtoken",
)
# Of several lists of objects, the one that a page calls so holds the rows.
_ROWS = ("list", "items", "rows", "records", "results", "data")
_GROUPS = ("sections", "groups", "blocks", "modules")


@dataclass(frozen=True)
class PagingNames:
    """Wire names of the paging parameters, None where the operation has none."""

    page: str | None = None
    size: str | None = None
    cursor: str | None = None


def paging_names(operation: Operation) -> PagingNames:
    """Find an operation's paging parameters, by their names.

    A cursor is rather the parameter whose next value the page speaks of: in its prose, or by the
    name of a value in the answer, as `next_after` is for `after`.
    """
    arguments = dict(_descriptions(operation))
    size = _first(list(arguments), _SIZE)
    page = _first(list(arguments), _PAGE)
    if page is not None and not _is_number(operation, page, arguments[page], sized=bool(size)):
        page = None
    cursor = None
    if page is None:
        spoken = (name for name, text in arguments.items() if next_cursor_in(text))
        answered = [path for path, _ in values(operation)]
        others = [name for name in arguments if plain(name) not in _SIZE]
        followed = (name for name in others if is_followed(name, answered))
        places = (
            name for name in others if plain(name) != "offset" or not is_time(arguments[name])
        )
        cursor = next(spoken, None) or next(followed, None) or _first([*places], _CURSOR)
    return PagingNames(page, size if page or cursor else None, cursor)


def _is_number(operation: Operation, name: str, text: str, *, sized: bool) -> bool:
    """Whether what is called a page is the number of one, and not one of an app or website.

    Evidence: `page` takes the handle of a page, or the part of an app in which a video was seen.
    """
    shown, schema = _shown(operation, name)
    if schema.get("type") in ("integer", "number"):
        return True
    listed = [member.value for member in enum_in(text, (name,), numeric=False) or ()]
    stated = [*schema.get("enum", ()), *listed, shown, schema.get("default")]
    stated = [str(value) for value in stated if value not in (None, "")]
    if schema.get("type", "string") != "string" or stated:
        return bool(stated) and all(whole_number(value) is not None for value in stated)
    return sized or not text or speaks_of_pages(text)


def _shown(operation: Operation, name: str) -> tuple[Any, Schema]:
    """The example and schema of an argument."""
    for _, parameter, schema in operation.parameters():
        if parameter["name"] == name:
            return parameter.get("example", schema.get("example")), schema
    schema = (operation.body_schema() or {})["properties"][name]
    return schema.get("example"), schema


def find_rows(draft: Draft, operation: Operation, names: PagingNames) -> Path | None:
    """Find the path to the list of rows: the data itself, or a list of objects inside it.

    Of the lists, those nearest to the top count; of several, one that is called like a list of
    rows. Only an operation that pages has rows inside its data.
    """
    success = (operation.success() or {}).get("schema") or {}
    data = success.get("properties", {}).get("data", {})
    if _is_rows(data):
        return ("data",)
    if not (names.page or names.cursor):
        return None
    lists = [(path, schema) for path, schema in places(data, ("data",)) if _is_rows(schema)]
    shortest = min((len(path) for path, _ in lists), default=0)
    nearest = [path for path, _ in lists if len(path) == shortest]
    called = [path for path in nearest if plain(path[-1]) in _ROWS]
    found_lists = f"{len(nearest)} lists of objects" if nearest else "no list of objects"
    for found in (nearest, called):
        if len(found) == 1:
            if not _is_groups(found[0][-1], dict(lists)[found[0]]):
                return found[0]
            # Evidence: "data.body.sections[0].items", and not a word of further sections.
            found_lists = (
                f"groups of rows in /{'/'.join(found[0])}, and the page does not say which groups "
                "hold rows"
            )
            break
    draft.note(
        operation,
        f"it takes a page or cursor, but its data has {found_lists}; its call gets no pages",
        "responses",
    )
    return None


def find_paging(
    draft: Draft,
    operation: Operation,
    names: PagingNames,
    items: Path | None,
    arguments: dict[str, tuple[Schema, bool]],
) -> Paging | None:
    """Find how the rows of an operation are walked.

    Args:
        draft: The specification, which gets the notes.
        operation: The operation.
        names: Its paging parameters.
        items: Path to its list of rows.
        arguments: Schema and requiredness of each argument, by wire name.
    """
    position = names.page or names.cursor
    if position is None:
        note_unwalked(draft, operation, dict(_descriptions(operation)))
    if items is None or position is None:
        return None
    texts = dict(_descriptions(operation))
    text = texts[position]
    if other := _another_spoken(operation, position, texts):
        draft.note(
            operation,
            f"its {other!r} must repeat what the answer before says, beside {position!r}, and "
            "walks repeat one value; its call gets no pages",
        )
        return None
    largest = arguments[names.size][0].get("maximum") if names.size else None
    schema, required = arguments[position]
    if names.page:
        more, says = find_more(draft, operation, items, text, numbered=True)
        first = 0 if starts_at_zero(schema, text) else None
        return Paging(PAGE, position, names.size, largest, more=more, first=first, says=says)
    following = find_next(draft, operation, items, text, position, schema)
    if not following:
        return None
    more, says = find_more(draft, operation, following, text)
    first = first_cursor(draft, operation, position, schema, text) if required else None
    return Paging(CURSOR, position, names.size, largest, following, more, first, says)


def starts_at_zero(schema: Schema, text: str) -> bool:
    """Whether page numbers start at 0: the prose, the default or the least number says so."""
    least = 0 in (bounds_in(text)[0], schema.get("minimum"))
    return (
        is_first_page_zero(text)
        or schema.get("default") in (0, "0")
        or (least and "default" not in schema and not is_first_page_one(text))
    )


def _another_spoken(operation: Operation, position: str, texts: dict[str, str]) -> str | None:
    """Another argument that takes a value of the answer before, as the page says.

    Evidence: a search takes an `offset` and, from its second page on, the `search_id` of the first.
    """
    answered = {plain(path[-1]) for path, _ in values(operation)}
    spoken = ((name, next_cursor_in(text)) for name, text in texts.items() if name != position)
    return next((name for name, value in spoken if value and plain(value) in answered), None)


def argument_names(operation: Operation) -> list[str]:
    """Wire names of an operation's parameters and of its body's properties."""
    return list(dict(_descriptions(operation)))


def _descriptions(operation: Operation) -> Iterator[tuple[str, str]]:
    """Each argument's wire name, and what the page says of it."""
    for _, parameter, schema in operation.parameters():
        yield parameter["name"], parameter.get("description") or schema.get("description") or ""
    for name, schema in (operation.body_schema() or {}).get("properties", {}).items():
        yield name, schema.get("description") or schema.get("title") or ""


def _is_rows(schema: Schema) -> bool:
    items = schema.get("items", {}) if schema.get("type") == "array" else {}
    return items.get("type") == "object" and bool(items.get("properties"))


def _is_groups(name: str, schema: Schema) -> bool:
    """Whether a list called so holds groups, each with a list of the rows themselves.

    Evidence: a product search answers `sections`, each with `items`.
    """
    inner = schema["items"]["properties"].items()
    return plain(name) in _GROUPS and any(plain(n) in _ROWS and _is_rows(c) for n, c in inner)


def _first(names: list[str], wanted: tuple[str, ...]) -> str | None:
    named = {plain(name): name for name in reversed(names)}
    return next((named[name] for name in wanted if name in named), None)
