"""JSON data built from the events of a YAML document, in one pass and within bounds.

Only what JSON can express is accepted: YAML 1.2 core scalars, text keys, no tag but that of text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from pipeline.document.values import MAX_DEPTH, finite, integer

MAX_NODES = 200_000
"""How many nodes a document may have once its aliases are written out."""
TOO_DEEP = f"the YAML is nested deeper than {MAX_DEPTH} levels"
MERGE = "<<"
"""The key whose value is an object, or a list of some, that the object around it extends."""

CORE_SCALARS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("merge", MERGE, ["<"]),
)
"""Types of YAML 1.2 that text without quotes may have: its pattern, and what it may begin with."""
_READ: dict[str, Callable[[str], Any]] = {
    "null": lambda _: None,
    "bool": lambda text: text[0] in "tT",
    "int": integer,
    "float": finite,
    "merge": str,
}
_PLAIN: dict[str, list[tuple[re.Pattern[str], Callable[[str], Any]]]] = {}
for _type, _pattern, _characters in CORE_SCALARS:
    for _character in _characters:
        _PLAIN.setdefault(_character, []).append((re.compile(_pattern), _READ[_type]))
_NO_TAGS = (None, "!")
_TEXT_TAGS = (*_NO_TAGS, "tag:yaml.org,2002:str")


class CannotBuildError(Exception):
    """A document that is not what JSON can express, or beyond a bound.

    Args:
        problem: What is wrong.
        event: Where; None where it is about the whole document.
    """

    def __init__(self, problem: str, event: yaml.Event | None = None) -> None:
        super().__init__(broken_at(problem, event.start_mark) if event else problem)


def broken_at(problem: str, mark: Any = None) -> str:
    """What is wrong with YAML, and in which line: where a mark of PyYAML is."""
    line = "" if mark is None else f" in line {mark.line + 1} of the YAML"
    return f"broken YAML: {problem}{line}"


def build(events: Iterable[yaml.Event]) -> Any:
    """Build the data of a document.

    Args:
        events: The events of a stream.

    Raises:
        CannotBuildError: It is not one document, not expressible as JSON, or larger or deeper than
            the bounds of this module, aliases written out.
    """
    return _Builder().build(events)


@dataclass(slots=True)
class _Node:
    """A node that is complete.

    Attributes:
        value: Its data.
        size: How many nodes it is made of, aliases written out.
        height: How many levels of collections it has.
        scalar: The event of a scalar; None for a collection.
    """

    value: Any
    size: int
    height: int
    scalar: yaml.ScalarEvent | None = None


class _Open:
    """A list that is not complete yet.

    Attributes:
        value: Its members so far.
        anchor: What aliases call it, if they may.
        size: How many nodes it is made of so far, aliases written out.
        height: How many levels of collections it has so far.
        awaits_key: Whether the key of a value comes next.
    """

    __slots__ = ("anchor", "awaits_key", "height", "size", "value")

    def __init__(self, anchor: str | None, value: Any) -> None:
        self.anchor = anchor
        self.value = value
        self.size = self.height = 1
        self.awaits_key = False

    def begin(self, scalar: yaml.ScalarEvent | None, event: yaml.Event) -> None:
        """Take the key of the next value; a list awaits none."""

    def add(self, value: Any, event: yaml.Event) -> None:
        """Add the next member."""
        self.value.append(value)

    def close(self) -> Any:
        """Give the whole."""
        return self.value


class _OpenObject(_Open):
    """An object that is not complete yet.

    Attributes:
        key: Whose value comes next, or came last.
        merged: What the merge key gives it.
    """

    __slots__ = ("_keys", "_merges", "key", "merged")

    def __init__(self, anchor: str | None) -> None:
        super().__init__(anchor, {})
        self.awaits_key = True
        self.key = ""
        self.merged: dict[str, Any] = {}
        self._keys: set[str] = set()
        self._merges = False

    def begin(self, scalar: yaml.ScalarEvent | None, event: yaml.Event) -> None:
        """Take the key of the next value."""
        if scalar is None:
            raise CannotBuildError("a key is not text", event)
        key = scalar.value
        if key in self._keys:
            raise CannotBuildError(f"the key {key!r} appears twice", event)
        self._keys.add(key)
        self._merges = key == MERGE and scalar.implicit[0]
        self.key = key
        self.awaits_key = False

    def add(self, value: Any, event: yaml.Event) -> None:
        """Add the value of the key."""
        if self._merges:
            self.merged = _merged(value, event)
        else:
            self.value[self.key] = value
        self.awaits_key = True

    def close(self) -> Any:
        """Give the whole: what it says itself counts before what it merges."""
        return self.merged | self.value if self.merged else self.value


def _merged(value: Any, event: yaml.Event) -> dict[str, Any]:
    """What the value of a merge key comes to: of several objects, the first counts."""
    merged: dict[str, Any] = {}
    for part in reversed(value if isinstance(value, list) else [value]):
        if not isinstance(part, dict):
            raise CannotBuildError(f"the key {MERGE} merges what is not an object", event)
        merged.update(part)
    return merged


class _Builder:
    """Builds one document; what is open, and what aliases stand for, is kept here."""

    def __init__(self) -> None:
        self._root: Any = None
        self._documents = 0
        self._nodes = 0  # aliases written out
        self._anchored: dict[str, _Node] = {}
        self._opened: list[_Open] = []

    def build(self, events: Iterable[yaml.Event]) -> Any:
        """Give the data of the document; None for a stream without one."""
        for event in events:
            if type(event) is yaml.ScalarEvent:
                self._scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._open(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                whole = self._opened.pop()
                node = _Node(whole.close(), whole.size, whole.height)
                self._complete(node, whole.anchor, event)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    raise CannotBuildError("there is more than one document", event)
        return self._root

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if event.tag not in _TEXT_TAGS:
            raise _not_allowed(event.tag)
        self._count(1, 0)
        awaits_key = self._awaits_key()
        # Quoted text is text, and so is a key, which an alias may repeat as a value.
        is_text = not event.implicit[0] or (awaits_key and not event.anchor)
        value = event.value if is_text else _plain_value(event)
        if event.anchor or not self._opened:
            self._complete(_Node(value, 1, 0, event), event.anchor, event)
            return
        inside = self._opened[-1]  # as `_complete`, for by far the most nodes
        inside.size += 1
        if awaits_key:
            inside.begin(event, event)
        else:
            inside.add(value, event)

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        if event.tag not in _NO_TAGS:
            raise _not_allowed(event.tag)
        self._count(1, 1)
        if self._awaits_key():
            raise CannotBuildError("a key is not text", event)
        if isinstance(event, yaml.MappingStartEvent):
            self._opened.append(_OpenObject(event.anchor))
        else:
            self._opened.append(_Open(event.anchor, []))

    def _alias(self, event: yaml.AliasEvent) -> None:
        node = self._anchored.get(event.anchor or "")
        if any(each.anchor == event.anchor for each in self._opened):
            raise CannotBuildError(f"the alias *{event.anchor} contains itself")
        if node is None:
            raise CannotBuildError(f"undefined alias *{event.anchor}", event)
        self._count(node.size, node.height)
        self._complete(node, None, event)

    def _count(self, size: int, height: int) -> None:
        """Count nodes before they are added; their levels come below what is open."""
        self._nodes += size
        if len(self._opened) + height > MAX_DEPTH:
            raise CannotBuildError(TOO_DEEP)
        if self._nodes > MAX_NODES:
            raise CannotBuildError(
                f"the YAML has more than {MAX_NODES:,} nodes once its aliases are written out"
            )

    def _awaits_key(self) -> bool:
        return bool(self._opened) and self._opened[-1].awaits_key

    def _complete(self, node: _Node, anchor: str | None, event: yaml.Event) -> None:
        """Put a node where it belongs."""
        if anchor:
            self._anchored[anchor] = node
        if not self._opened:
            self._root = node.value
            return
        inside = self._opened[-1]
        inside.size += node.size
        inside.height = max(inside.height, node.height + 1)
        if inside.awaits_key:
            inside.begin(node.scalar, event)
        else:
            inside.add(node.value, event)


def _not_allowed(tag: str | None) -> CannotBuildError:
    return CannotBuildError(f"the YAML tag {tag} is not allowed")


def _plain_value(event: yaml.ScalarEvent) -> Any:
    """The value of text without quotes: the first type whose pattern it fits, else text."""
    text = event.value
    for pattern, read in _PLAIN.get(text[:1], ()):
        if pattern.fullmatch(text):
            try:
                return read(text)
            except ValueError as error:
                raise CannotBuildError(str(error), event) from None
    return text
