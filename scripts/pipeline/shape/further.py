"""What an answer says of further pages: flags of more and of the last page, and the next number."""

from __future__ import annotations

import re
from typing import Any

from keyapi._facts import LAST, MORE, NEXT
from keyapi._json import value_at
from pipeline.document.values import whole_number
from pipeline.shape.draft import Draft, Operation, Schema
from pipeline.shape.places import Path, nearest, plain, values
from pipeline.shape.prose import more_flag_in

# Evidence: "When has_more=1, use cursor for the next pagination"; `IsTruncated` of object stores.
_MORE = (
    *("hasmore", "hasnext", "hasnextpage", "moreavailable", "ismore", "more"),
    *("istruncated", "truncated"),
)
_MORE_OF_SOMETHING = re.compile(r"(?:has|have|is|are|can)(?:more|next|loadmore)[a-z]*")
_LAST = re.compile(
    r"(?:is|has|was)?(?:the|at|reached)?(?:end|ended|last|lastpage|endpage|finish|finished|done|eof"
    r"|exhausted|nomore\w*|nonext\w*|end(?:of(?:the)?)?(?:list|pages?|data|rows|results?|feed))"
)
_NEXT_PAGE = re.compile(r"nextpage(?:no|num|number|index)?")
_FLAG_TEXTS = frozenset({"true", "false", "yes", "no", "y", "n", "0", "1"})


def find_more(
    draft: Draft, operation: Operation, beside: Path, text: str, *, numbered: bool = False
) -> tuple[Path, str]:
    """Find where an answer says whether more follows.

    Evidence for flags of the last page: `is_end` and `no_more` of Chinese apps, `isLastPage` of
    Java frameworks, whose bare `last` is one, too. `end` and `last` are as often numbers. Where
    pages have numbers, `next_page` may be the number of the next one.

    Args:
        draft: The specification, which gets the notes.
        operation: The operation.
        beside: Path to its list of rows, or to the next cursor.
        text: What the page says of the page number or cursor.
        numbered: Whether pages have numbers.

    Returns:
        Where it stands, empty where it does not; and what stands there, see `Paging.says`.
    """
    spoken = more_flag_in(text)
    answered = [path for path, _ in values(operation)]
    names = {*_MORE, *([plain(spoken)] if spoken else [])}
    exact = [path for path in answered if plain(path[-1]) in names]
    similar = [path for path in answered if _MORE_OF_SOMETHING.fullmatch(plain(path[-1]))]
    for found in (exact, similar):
        if found:
            return nearest(found, beside), MORE
    example = (operation.success() or {}).get("example")
    last = [
        path
        for path, schema in values(operation)
        if _says_last(path, schema, value_at(example, path))
    ]
    if last:
        return nearest(last, beside), LAST
    following = [
        path
        for path, schema in values(operation)
        if _is_next_page(path, schema, value_at(example, path))
    ]
    if numbered and following:
        return nearest(following, beside), NEXT
    if spoken and len(beside) > 1:
        return assume(draft, operation, (*beside[:-1], spoken), "flag for more"), MORE
    return (), MORE


def _says_last(path: Path, schema: Schema, shown: Any) -> bool:
    """Whether a value of an answer, by name, type and example, is a flag of the last page."""
    name = plain(path[-1])
    if not _LAST.fullmatch(name):
        return False
    if schema.get("type") == "boolean":
        return True
    shown = schema.get("example") if shown is None else shown
    if shown is None:
        return name.startswith(("is", "has", "no"))
    return str(shown).lower() in _FLAG_TEXTS


def _is_next_page(path: Path, schema: Schema, shown: Any) -> bool:
    """Whether a value of an answer is, by name, type and example, the next page's number."""
    shown = schema.get("example") if shown is None else shown
    whole = shown is not None and whole_number(str(shown)) is not None
    return bool(_NEXT_PAGE.fullmatch(plain(path[-1]))) and (
        schema.get("type") == "integer" or whole
    )


def assume(draft: Draft, operation: Operation, path: Path, what: str) -> Path:
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


def is_flag(name: str) -> bool:
    """Whether what is called so, in plain letters, is a flag for more."""
    return name in _MORE or bool(_MORE_OF_SOMETHING.fullmatch(name))
