"""How an operation pages: by the names of its parameters, its prose, and what its answer holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keyapi._facts import CURSOR, PAGE, Paging
from pipeline.document.values import whole_number
from pipeline.shape.draft import Draft, Operation, Schema
from pipeline.shape.prose import first_cursor_in, is_first_page_zero, more_flag_in, next_cursor_in

Path = tuple[str, ...]

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
# Evidence: `after` of the Graph API, beside `paging.cursors.after`; `continuation` of video sites.
_CURSOR_IN_BOTH = ("after", "marker", "continuation", "scroll", "anchor", "bookmark", "pcursor")
# Evidence: "When has_more=1, use cursor for the next pagination".
_MORE = ("hasmore", "hasnext", "hasnextpage", "moreavailable", "ismore", "more")
# Of the next rows, whatever asks for them.
_FOLLOWED_BY = frozenset(
    {*_MORE, *(name for name in _NEXT_CURSOR if name.startswith(("next", "end")))}
    | {"nextpage", "nextmarker", "nexturl", "nextlink", "nextpageurl", "nextpagelink"}
)
# Of several lists of objects, the one that a page calls so holds the rows.
_ROWS = ("list", "items", "rows", "records", "results", "data")
_GROUPS = ("sections", "groups", "blocks", "modules")
_FIRST_CURSOR: dict[Any, Any] = {"integer": 0, "number": 0}  # of a cursor that must be sent


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
    page = _first(list(arguments), _PAGE)
    cursor = None
    if page is None:
        spoken = (name for name, text in arguments.items() if next_cursor_in(text))
        answered = {_plain(path[-1]) for path in _scalars(operation)}
        followed = (name for name in arguments if _is_followed(_plain(name), answered))
        cursor = next(spoken, None) or next(followed, None) or _first(list(arguments), _CURSOR)
    size = _first(list(arguments), _SIZE) if page or cursor else None
    return PagingNames(page, size, cursor)


def _is_followed(plain: str, answered: set[str]) -> bool:
    """Whether an answer names the next value of a parameter: by `next_…`, or by its own name."""
    if plain in _SIZE:
        return False
    return f"next{plain}" in answered or (_is_in_both(plain) and plain in answered)


def _is_in_both(plain: str) -> bool:
    """Whether a value so named is a cursor in the request and, with the next one, in the answer."""
    return plain in _CURSOR_IN_BOTH or plain.startswith("next")


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
    lists = [(path, schema) for path, schema in _places(data, ("data",)) if _is_rows(schema)]
    shortest = min((len(path) for path, _ in lists), default=0)
    nearest = [path for path, _ in lists if len(path) == shortest]
    called = [path for path in nearest if _plain(path[-1]) in _ROWS]
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
        _note_unwalked(draft, operation)
    if items is None or position is None:
        return None
    text = dict(_descriptions(operation))[position]
    largest = arguments[names.size][0].get("maximum") if names.size else None
    schema, required = arguments[position]
    if names.page:
        more = _more(draft, operation, items, text)
        first = 0 if starts_at_zero(schema, text) else None
        return Paging(PAGE, position, names.size, largest, more=more, first=first)
    following = _following(draft, operation, items, text, position)
    if not following:
        return None
    more = _more(draft, operation, following, text)
    first = _first_cursor(operation, position, schema, text) if required else None
    return Paging(CURSOR, position, names.size, largest, following, more, first)


def _note_unwalked(draft: Draft, operation: Operation) -> None:
    """Note what an answer says of further rows, where no argument is known to ask for them."""
    told = next((path for path in _scalars(operation) if _plain(path[-1]) in _FOLLOWED_BY), None)
    if told is not None:
        draft.note(
            operation,
            f"its response says with /{'/'.join(told)} whether more rows follow, but no parameter "
            "is known to ask for them; its call gets no pages",
            "responses",
        )


def starts_at_zero(schema: Schema, text: str) -> bool:
    """Whether page numbers start at 0: the prose says so, or the documented default is 0."""
    return is_first_page_zero(text) or schema.get("default") in (0, "0")


def _following(
    draft: Draft, operation: Operation, items: Path, text: str, position: str
) -> Path | None:
    """Where an answer names the next cursor: where the prose says, or by its usual names."""
    spoken = next_cursor_in(text)
    plain = _plain(position)
    again = [plain] if _is_in_both(plain) else []
    usual = [*_NEXT_CURSOR, plain]
    for names in ([_plain(spoken)] if spoken else [], [f"next{plain}"], again, usual):
        found = [path for path in _scalars(operation) if _plain(path[-1]) in names]
        if found:
            ranked = sorted(found, key=lambda path: names.index(_plain(path[-1])))
            return _nearest(ranked, items)
    if spoken and len(items) > 1:
        return _assumed(draft, operation, (*items[:-1], spoken), "next cursor")
    draft.note(
        operation,
        f"it takes the cursor {position!r}, but its response names no next one; its call gets no "
        "pages",
        "responses",
    )
    return None


def _more(draft: Draft, operation: Operation, beside: Path, text: str) -> Path:
    """Where an answer says whether more follows; empty where it does not."""
    spoken = more_flag_in(text)
    names = {*_MORE, *([_plain(spoken)] if spoken else [])}
    found = [path for path in _scalars(operation) if _plain(path[-1]) in names]
    if found:
        return _nearest(found, beside)
    if spoken and len(beside) > 1:
        return _assumed(draft, operation, (*beside[:-1], spoken), "flag for more")
    return ()


def _assumed(draft: Draft, operation: Operation, path: Path, what: str) -> Path:
    """Add to the schema what the prose names and the answer does not show."""
    schema = (operation.success() or {})["schema"]
    for key in path[:-1]:
        schema = schema["properties"][key]
    schema["properties"][path[-1]] = {"description": f"The {what}, as the page's prose names it."}
    draft.note(
        operation,
        f"its prose calls the {what} {path[-1]!r}, which its answer does not show; "
        f"/{'/'.join(path)} is assumed",
        "responses",
    )
    return path


def _first_cursor(operation: Operation, position: str, schema: Schema, text: str) -> Any:
    """What asks for the first page where a cursor must be sent: as stated, else empty or 0."""
    parameters = {parameter["name"]: parameter for _, parameter, _ in operation.parameters()}
    shown = parameters.get(position, {}).get("example", schema.get("example"))
    stated = first_cursor_in(text)
    first = schema.get("default", stated)
    if first is None and shown in (0, "0"):  # the example of a later page is no first cursor
        first = shown
    kind = schema.get("type")
    if kind == "string":
        return "" if first is None else str(first)
    if kind in _FIRST_CURSOR:
        number = whole_number(str(first))
        return _FIRST_CURSOR[kind] if number is None else number
    return first


def argument_names(operation: Operation) -> list[str]:
    """Wire names of an operation's parameters and of its body's properties."""
    return list(dict(_descriptions(operation)))


def _descriptions(operation: Operation) -> Iterator[tuple[str, str]]:
    """Each argument's wire name, and what the page says of it."""
    for _, parameter, schema in operation.parameters():
        yield parameter["name"], parameter.get("description") or schema.get("description") or ""
    for name, schema in (operation.body_schema() or {}).get("properties", {}).items():
        yield name, schema.get("description") or schema.get("title") or ""


def _scalars(operation: Operation) -> Iterator[Path]:
    """Paths to the values of a successful answer, outside of lists of rows."""
    schema = (operation.success() or {}).get("schema") or {}
    for path, found in _places(schema, ()):
        items = found.get("items", {}) if found.get("type") == "array" else {}
        if found.get("type") != "object" and items.get("type") not in ("object", "array"):
            yield path


def _places(schema: Schema, at: Path) -> Iterator[tuple[Path, Schema]]:
    """Every property at or below a schema with its path, without looking into lists."""
    for name, child in schema.get("properties", {}).items():
        yield (*at, name), child
        yield from _places(child, (*at, name))


def _nearest(paths: list[Path], to: Path) -> Path:
    """Of several places the one that shares most of the way with another; then the highest."""

    def distance(path: Path) -> tuple[int, int]:
        pairs = zip(path[:-1], to[:-1], strict=False)
        shared = next((n for n, (one, other) in enumerate(pairs) if one != other), None)
        return -(min(len(path), len(to)) - 1 if shared is None else shared), len(path)

    return min(paths, key=distance)


def _is_rows(schema: Schema) -> bool:
    items = schema.get("items", {}) if schema.get("type") == "array" else {}
    return items.get("type") == "object" and bool(items.get("properties"))


def _is_groups(name: str, schema: Schema) -> bool:
    """Whether a list called so holds groups, each with a list of the rows themselves.

    Evidence: a product search answers `sections`, each with `items`.
    """
    inner = schema["items"]["properties"].items()
    return _plain(name) in _GROUPS and any(_plain(n) in _ROWS and _is_rows(c) for n, c in inner)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.rpartition(".")[2]).lower()


def _first(names: list[str], wanted: tuple[str, ...]) -> str | None:
    plain = {_plain(name): name for name in reversed(names)}
    return next((plain[name] for name in wanted if name in plain), None)
