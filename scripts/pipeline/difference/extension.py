"""Compare what was understood of an operation: cost, rows, paging, sorting, filters, echoes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.difference.compare import Place, always, by_key, leaves, unexplained
from pipeline.difference.model import MISSING, Difference

_KNOWN = ("sort", "filters", "echoes", "items")


def compare_facts(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    """Tell how `x-keyapi` of an operation changed."""
    old, new = ({} if side is MISSING else side for side in (old, new))
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield from unexplained(place, old, new)
        return
    known = {name: always(f"x-{name}-changed") for name in _KNOWN}
    yield from by_key(place, old, new, {**known, "credits": _credits, "paging": _paging})


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
        rule = "x-page-size-max-changed" if path == ("max",) else "x-paging-changed"
        yield place.at(*path).differs(rule, before, after)
