"""Compare `x-keyapi`: what was understood of operations, and of strings that hold JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from keyapi._facts import (
    ACCESSOR,
    CREDITS,
    DECODED,
    JSON_MARK,
    LARGEST,
    OPERATION_KEYS,
    ORDER,
    PAGING,
    TEXT,
)
from pipeline.difference.compare import Compare, Place, always, by_key, leaves, unexplained
from pipeline.difference.model import MISSING, Difference
from pipeline.difference.reach import below

CompareSchemas = Callable[[Place, Any, Any, str], Iterator[Difference]]


def compare_facts(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    """Report how the facts about an operation changed."""
    old, new = ({} if side is MISSING else side for side in (old, new))
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield from unexplained(place, old, new)
        return
    comparisons = {key: always(f"x-{key}-changed") for key in OPERATION_KEYS}
    yield from by_key(place, old, new, {**comparisons, CREDITS: _credits, PAGING: _paging})


def _credits(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    numbers = [side for side in (old, new) if side is not MISSING]
    if not all(isinstance(side, int) for side in numbers):
        yield from unexplained(place, old, new)
    elif len(numbers) < 2:
        yield place.differs(f"x-credits-{'known' if old is MISSING else 'unknown'}", old, new)
    else:
        yield place.differs(f"x-credits-{'increased' if new > old else 'decreased'}", old, new)


def _paging(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    if old is MISSING or new is MISSING:
        yield place.differs(f"x-paging-{'added' if old is MISSING else 'removed'}", old, new)
        return
    for path, before, after in leaves(old, new):
        rule = "x-page-size-max-changed" if path == (LARGEST,) else "x-paging-changed"
        yield place.at(*path).differs(rule, before, after)


def compare_json_text(
    compare_schemas: CompareSchemas, place: Place, old: Any, new: Any, role: str
) -> Iterator[Difference]:
    """Report how the decoding of a string that holds JSON changed.

    Args:
        compare_schemas: Compares the schemas of the decoded values.
        place: Where the facts stand.
        old: The old facts.
        new: The new facts.
        role: What the string's schema is for.
    """
    old, new = ({} if side is MISSING else side for side in (old, new))
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield from unexplained(place, old, new)
        return

    accessors = old.get(ACCESSOR, MISSING), new.get(ACCESSOR, MISSING)
    if MISSING in accessors and accessors != (MISSING, MISSING):
        yield from _accessor(place.at(ACCESSOR), *accessors)  # the rest comes or goes with it
        return

    def decoded(at: Place, before: Any, after: Any) -> Iterator[Difference]:
        if before is MISSING or after is MISSING:
            yield at.differs("x-accessor-changed", before, after)
        else:
            yield from compare_schemas(at, before, after, below(role))

    changed = always("x-accessor-changed")
    comparisons: dict[str, Compare] = dict.fromkeys((JSON_MARK, ORDER, TEXT), changed)
    yield from by_key(place, old, new, {**comparisons, ACCESSOR: _accessor, DECODED: decoded})


def _accessor(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    if old is not MISSING:
        yield place.differs("x-accessor-removed", old)
    if new is not MISSING:
        yield place.differs("x-accessor-added", MISSING, new)
