"""The part of an update's summary that shows the reviewer each page: address, diff, corrections."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from pipeline.correct.overlay import Action
from pipeline.document.structure import require_structure
from pipeline.document.text import excerpts, fenced, plain
from pipeline.document.yaml import load_yaml
from pipeline.errors import PipelineError
from pipeline.project import PAGES, Project
from pipeline.vendor.merge import FILE
from pipeline.vendor.pages import block_text

MAX_LINES = 120
"""Lines of one page's diff that are shown."""
MAX_SHOWN = 24_000
"""Characters of all diffs together; GitHub takes 65,536 for a whole summary."""
_MAX_ALIGNED = 1_000_000
"""Lines of both sides, multiplied: aligning a hostile page's takes time quadratic in them."""
_MAX_WIDTH = 200
_MAX_ACTIONS = 20
_CONTEXT = 3

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Snapshot:
    """A project's pages at one time.

    Attributes:
        contents: Their bytes, by name.
        entries: The lock's entries, by name.
        spec: The vendored specification.
    """

    contents: dict[str, bytes]
    entries: dict[str, Any]
    spec: dict[str, Any]

    @classmethod
    def take(cls, project: Project) -> Snapshot:
        """Read the pages of a project as they are now."""
        name = project.spec
        there = (project.root / name).is_file()
        spec = load_yaml(project.read(name, "Restore it."), name) if there else {"paths": {}}
        remedy = f"Restore it: git checkout {name}."
        if not isinstance(spec, dict):
            raise PipelineError("not an object", where=name, remedy=remedy)
        require_structure(spec, name, remedy)
        return cls(project.page_contents(), project.lock().get("pages", {}), spec)


def pages_markdown(before: Snapshot, after: Snapshot, actions: Sequence[Action]) -> str:
    """Write a section for each page that was added, changed or dropped.

    Args:
        before: The pages before the update.
        after: The pages now.
        actions: The actions of the overlay as they were applied to the pages now.

    Returns:
        Markdown; whatever comes from a page stands in code.
    """
    parts: list[str] = []
    left = MAX_SHOWN
    for name in sorted({*before.contents, *after.contents}):
        old, new = before.contents.get(name), after.contents.get(name)
        was, now = (side.entries.get(name, {}) for side in (before, after))
        if old == new and was.get("source") == now.get("source"):
            continue
        state = "added" if old is None else "dropped" if new is None else "changed"
        if old == new:
            state = "the same page, from elsewhere"
        lines = [f"### {_code(name)}: {state}", "", *_facts(was, now)]
        lines += _corrections(before.spec, after.spec, was, now, actions)
        diff = _diffs(old or b"", new or b"")
        if len(diff) > left:
            diff = f"The summary has no room for this diff: see {_code(f'{PAGES}/{name}')}."
        left -= len(diff)
        parts.append("\n".join([*lines, "", diff]))
    return "\n\n".join(parts)


def _code(text: str) -> str:
    return f"`{plain(text, 300) or ' '}`"


def _facts(was: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Where a page is from, and what the lock says of it."""
    source = (now or was).get("source", FILE)
    yield f"- From {'a file' if source == FILE else _code(source)}"
    if was and now and was["source"] != now["source"]:
        old = was["source"]
        yield f"- Before, it was from {'a file' if old == FILE else _code(old)}"
    for key in ("operation", "credits"):
        old, new = was.get(key), now.get(key)
        if was and now and old != new:
            yield f"- {key.capitalize()}: {_value(old)} → {_value(new)}"
        elif key == "operation" or not was or not now:
            yield f"- {key.capitalize()}: {_value(old if not now else new)}"


def _value(value: Any) -> str:
    return "unknown" if value is None else _code(str(value))


def _corrections(
    before: dict[str, Any],
    after: dict[str, Any],
    was: dict[str, Any],
    now: dict[str, Any],
    actions: Sequence[Action],
) -> Iterator[str]:
    """The actions of the overlay that write where a page changed."""
    if not now:
        return
    at, old_at = _place(now), _place(was or now)
    changed = list(_changed(_get(before, old_at), _get(after, at), at))
    affected = [action for action in actions if any(_concerns(w, changed) for w in action.written)]
    if affected:
        yield "- Corrections of what changed:"
    for action in affected[:_MAX_ACTIONS]:
        reason = plain(action.reason, 200)
        yield f"  - {_code(action.pointer)}{f': {_code(reason)}' if reason else ''}"
    if len(affected) > _MAX_ACTIONS:
        yield f"  - and {len(affected) - _MAX_ACTIONS} more"


def _place(entry: dict[str, Any]) -> Location:
    method, path = entry["operation"].split()
    return "paths", path, method.lower()


def _get(node: Any, at: Location) -> Any:
    for key in at:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _changed(old: Any, new: Any, at: Location) -> Iterator[Location]:
    """The smallest places that differ, on the new side; parameters are matched by name."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            yield from _changed(old.get(key), new.get(key), (*at, key))
    elif isinstance(new, list) and _named(old) and _named(new):
        names = {item["name"]: item for item in old}
        for index, item in enumerate(new):
            yield from _changed(names.get(item["name"]), item, (*at, index))
    elif old != new:
        yield at


def _named(items: Any) -> bool:
    return isinstance(items, list) and all(
        isinstance(item, dict) and isinstance(item.get("name"), str) for item in items
    )


def _concerns(written: Location, changed: Sequence[Location]) -> bool:
    """Whether a value that is written lies in what changed, holds it, or stands beside it."""
    return any(
        written[: len(place)] == place
        or place[: len(written)] == written
        or place[:-1] == written[:-1]
        for place in changed
    )


def _diffs(old: bytes, new: bytes) -> str:
    """The diff of a page's specification block, and of the rest of it where that changed."""
    texts = [content.decode("utf-8", "replace") for content in (old, new)]
    blocks = [block_text(text) for text in texts]
    rests = [
        text.replace(block, "(the specification block)\n", 1) if block else text
        for text, block in zip(texts, blocks, strict=True)
    ]
    parts = [("The specification block:", *blocks)]
    if old and new:
        parts.append(("The rest of the page:", *rests))
    return "\n\n".join(
        f"{heading}\n\n{_diff(before.splitlines(), after.splitlines())}"
        for heading, before, after in parts
        if before != after
    )


def _diff(old: list[str], new: list[str]) -> str:
    """A unified diff, bounded in lines and width."""
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    first = max(start - _CONTEXT, 0)
    last = max(end - _CONTEXT, 0)
    before, after = old[first : len(old) - last], new[first : len(new) - last]
    if len(before) * len(after) > _MAX_ALIGNED:
        return f"{len(before):,} lines became {len(after):,}: too many to compare."
    shown: list[str] = []
    more = 0
    diff = list(difflib.unified_diff(before, after, n=_CONTEXT, lineterm=""))[
        2:
    ]  # without file names
    for line in _excerpted(diff):
        if len(shown) < MAX_LINES:
            shown.append(_moved(line, first) if line.startswith("@@") else _clean(line))
        else:
            more += 1
    shown += [f"… {more:,} more lines"] * bool(more)
    return fenced("\n".join(shown), "diff")


def _excerpted(diff: list[str]) -> list[str]:
    """The lines of a diff; a long line and the one in its place are cut to where they differ."""
    runs = [(sign, list(lines)) for sign, lines in groupby(diff, key=lambda line: line[:1])]
    for (sign, removed), (following, added) in pairwise(runs):
        if (sign, following) == ("-", "+"):
            for index, (old, new) in enumerate(zip(removed, added, strict=False)):
                old, new = excerpts(old[1:], new[1:], _MAX_WIDTH)
                removed[index], added[index] = f"-{old}", f"+{new}"
    return [line for _, lines in runs for line in lines]


def _moved(header: str, lines: int) -> str:
    """A hunk's header, with its line numbers for the whole text."""
    return re.sub(r"([-+])(\d+)", lambda match: f"{match[1]}{int(match[2]) + lines}", header)


def _clean(line: str) -> str:
    sign, rest = line[:1], line[1:]
    indent = rest[: len(rest) - len(rest.lstrip(" "))][:100]
    return f"{sign}{indent}{plain(rest, _MAX_WIDTH)}".rstrip()


def _alike(one: list[str], other: list[str]) -> int:
    """How many lines two texts begin with in common."""
    count = 0
    for before, after in zip(one, other, strict=False):
        if before != after:
            break
        count += 1
    return count
