"""What an action of the overlay corrects, as its `x-published` records it.

`x-published` mirrors `update`: for each value that the update writes it has the value published
there, and leaves out what the page does not have. For a list that the update appends to it is the
published list, for `remove: true` the value that is removed. Several matches must all have the
same. So whoever changes a page finds every correction that was written for another text.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from keyapi._json import pointer
from pipeline.document.text import excerpts, has_controls, plain
from pipeline.document.yaml import dump_yaml
from pipeline.errors import PipelineError

PUBLISHED = "x-published"
MAX_SPLIT = 20
"""Matches for which an action of its own each is written out; of more, only advice is given."""

Location = tuple[int | str, ...]
"""Keys from the document's top down."""

_SHOWN = 300
_DECIDE = (
    "Check on the page whether the correction still holds: change its update, or drop it. The "
    "lines to write follow."
)
UNMATCHED = (
    "The published specification has changed: check the page, then correct or drop the action."
)
"""What to do about an action whose target matches nothing."""
_STEP = " " * 4


class _Absent:
    """Stands where the page has nothing."""


_ABSENT = _Absent()


@dataclass(frozen=True)
class Match:
    """What an action's target selects.

    Attributes:
        location: Where it is.
        path: The same as a JSONPath.
        published: What `x-published` has to say for it.
    """

    location: Location
    path: str
    published: Any


@dataclass(frozen=True)
class Mismatch:
    """An action that no longer fits what is published.

    Attributes:
        pointer: The action, as a JSON pointer.
        problem: What is wrong, one sentence without its full stop.
        details: Old and new values and the lines to write, as text of several lines.
        remedy: What to do about it.
    """

    pointer: str
    problem: str
    details: str
    remedy: str = _DECIDE


def published(selected: Any, action: dict[str, Any]) -> Any:
    """Give what an action corrects in one object or list that its target selects.

    Args:
        selected: The object or list, before the action is applied.
        action: The action.
    """
    if action.get("remove") or isinstance(selected, list):
        return selected
    update = action["update"]
    return _replaced(selected, update) if isinstance(update, dict) else {}


def written(action: dict[str, Any], location: Location) -> Iterator[Location]:
    """Yield the locations of the values that an action writes or removes at a match."""
    update = {} if action.get("remove") else action["update"]
    if isinstance(update, dict) and update:
        for key, value in update.items():
            yield from written({"update": value}, (*location, key))
    else:
        yield location


def compare(action: dict[str, Any], matches: Sequence[Match], at: str) -> Mismatch | None:
    """Compare what an action records with what its matches have.

    Args:
        action: The action.
        matches: All that its target selects.
        at: The action, as a JSON pointer.
    """
    different = [match for match in matches if not _same(match.published, matches[0].published)]
    recorded = action.get(PUBLISHED, _ABSENT)
    changes = [
        (pointer(*match.location, *path), old, new)
        for match in matches
        for path, old, new in _changes(recorded, match.published, action.get("update"))
    ]
    if not changes:
        return None
    if recorded is _ABSENT:
        problem = f"the action does not record what it corrects: {PUBLISHED} is missing"
        rows: list[str] = []
    elif not _mirrors(recorded, matches[0].published, action):
        problem = f"{PUBLISHED} does not have the shape of what the action corrects"
        rows = []
    else:
        place, old, new = changes[0]
        problem = (
            f"the page no longer says what the action corrects: at {place} there is "
            f"{_shown(old, new)[1]}, not {_shown(old, new)[0]}"
        )
        rows = [_row(*change) for change in changes[:MAX_SPLIT]]
        if len(changes) > MAX_SPLIT:
            rows.append(f"  and {len(changes) - MAX_SPLIT} more\n")
    lines = _split(action, matches) if different else _lines(matches[0].published, action)
    heading = f"{at}, target {plain(action['target'], 1000)}\n"
    return Mismatch(at, problem, "".join([heading, *rows, "\n", lines]))


def refuse(mismatches: Sequence[Mismatch], where: str) -> None:
    """Refuse an overlay with actions that no longer fit what is published.

    Args:
        mismatches: Every such action.
        where: Name of the overlay's file.

    Raises:
        PipelineError: There is one.
    """
    if not mismatches:
        return
    first, *others = mismatches
    more = f"; {len(others)} more action{'s' if len(others) > 1 else ''} below" if others else ""
    # One action that matches nothing is described completely by the error's own line.
    shown = mismatches if others or first.remedy != UNMATCHED else ()
    raise PipelineError(
        first.problem + more,
        where=where,
        pointer=first.pointer,
        remedy=first.remedy,
        details="\n".join(f"{where} {mismatch.details}" for mismatch in shown),
    )


def _replaced(old: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in update.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            if inner := _replaced(old[key], value):
                found[key] = inner
        elif key in old:
            found[key] = old[key]
    return found


def _changes(
    recorded: Any, found: Any, update: Any, path: Location = ()
) -> Iterator[tuple[Location, Any, Any]]:
    """The smallest places in which two values differ, as far down as the update goes."""
    if isinstance(update, dict) and isinstance(found, dict) and isinstance(recorded, dict):
        for key in {**recorded, **found}:
            value = update.get(key)
            old, new = recorded.get(key, _ABSENT), found.get(key, _ABSENT)
            if isinstance(value, dict) and (isinstance(old, dict) or isinstance(new, dict)):
                old, new = ({} if side is _ABSENT else side for side in (old, new))
            yield from _changes(old, new, value, (*path, key))
    elif not _same(recorded, found):
        yield path, recorded, found


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: true is not 1, 1 is not 1.0, keys have no order."""
    if one is _ABSENT or other is _ABSENT:
        return one is other
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _mirrors(recorded: Any, found: Any, action: dict[str, Any]) -> bool:
    """Whether a record has the shape that the action's own has."""
    if action.get("remove") or isinstance(found, list):
        return type(recorded) is type(found)
    return _within(recorded, action["update"])


def _within(recorded: Any, update: Any) -> bool:
    return isinstance(recorded, dict) and all(
        key in update
        and (
            not isinstance(value, dict)
            or not isinstance(update[key], dict)
            or _within(value, update[key])
        )
        for key, value in recorded.items()
    )


def _shown(old: Any, new: Any) -> tuple[str, str]:
    texts = ["nothing" if value is _ABSENT else _quoted(value) for value in (old, new)]
    old_text, new_text = excerpts(texts[0], texts[1], _SHOWN)
    return plain(old_text, _SHOWN), plain(new_text, _SHOWN)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _row(place: str, old: Any, new: Any) -> str:
    old_text, new_text = _shown(old, new)
    return f"  {plain(place, 1000)}\n    old: {old_text}\n    new: {new_text}\n"


def _lines(value: Any, action: dict[str, Any]) -> str:
    place = f", in place of its {PUBLISHED}" if PUBLISHED in action else ""
    return f"  Write into the action{place}:\n\n{_yaml({PUBLISHED: value})}"


def _split(action: dict[str, Any], matches: Sequence[Match]) -> str:
    """An action for each match, where what they have is not the same."""
    if len(matches) > MAX_SPLIT:
        return (
            f"  Its {len(matches)} matches do not all have the same: narrow the target with a "
            "filter,\n  or write an action for each kind.\n"
        )
    # Removing an item of a list moves those behind it: the last is removed first.
    ordered = reversed(matches) if action.get("remove") else matches
    actions = [{**action, "target": match.path, PUBLISHED: match.published} for match in ordered]
    return (
        "  Its matches do not all have the same: narrow the target with a filter, or write "
        f"instead of\n  the action:\n\n{_yaml(actions, '  ')}"
    )


def _yaml(data: Any, indent: str = _STEP) -> str:
    """YAML to paste; whatever a terminal would obey is escaped in it."""
    text = dump_yaml(data).decode()
    if has_controls(text):
        text = dump_yaml(data, ascii_only=True).decode()
    return textwrap.indent(text, indent)
