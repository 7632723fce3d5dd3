"""What every comparison needs: a place, how to report a difference there, the last resort."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from keyapi._json import pointer
from pipeline.difference.model import MISSING, Difference, Path
from pipeline.difference.rules import RULES
from pipeline.difference.words import shown

Compare = Callable[["Place", Any, Any], Iterator[Difference]]
"""Compares the values of a key on both sides; one that is absent is MISSING."""

_LEAVES = 8
"""How many changes within one example are reported separately; more are reported as one."""


@dataclass(frozen=True)
class Place:
    """A place in both specifications, and what concerns it.

    Attributes:
        path: Keys that lead to it.
        operations: `operationId` of the operations that it concerns.
        words: What sentences call things here: method, argument, subject.
    """

    path: Path
    operations: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()

    def at(self, *keys: str | int, **words: str) -> Place:
        """A place below, or this one with more words."""
        return replace(self, path=(*self.path, *keys), words=(*self.words, *words.items()))

    def differs(
        self,
        rule: str,
        before: Any = MISSING,
        after: Any = MISSING,
        /,
        *,
        meaning: str = "",
        **words: str,
    ) -> Difference:
        """Report a difference at this place.

        Args:
            rule: Id of its rule.
            before: The old value.
            after: The new value.
            meaning: A sentence other than the rule's.
            words: What the sentence's `{…}` stand for; `before` and `after` are there already.
        """
        sentence_words = {
            "before": shown(before),
            "after": shown(after),
            **dict(self.words),
            **words,
        }
        sentence = (meaning or RULES[rule].meaning).format_map(sentence_words)
        return Difference(
            id=rule,
            level=RULES[rule].level,
            operations=self.operations,
            pointer=pointer(*self.path),
            before=before,
            after=after,
            meaning=sentence[:1].upper() + sentence[1:],
            step=RULES[rule].step,
        )


def same(old: Any, new: Any) -> bool:
    """Whether two values are the same JSON; True is not 1, the order of keys is free."""
    return old is new or canonical(old) == canonical(new)


def canonical(value: Any) -> str:
    """JSON of a value, equal for equal values."""
    return "" if value is MISSING else json.dumps(value, sort_keys=True)


def by_key(
    place: Place, old: dict[str, Any], new: dict[str, Any], comparisons: dict[str, Compare]
) -> Iterator[Difference]:
    """Compare two objects key by key; a key without a function is unexplained.

    Args:
        place: Where the objects stand.
        old: The old object.
        new: The new object.
        comparisons: Functions by key.
    """
    for key in {**old, **new}:
        before, after = old.get(key, MISSING), new.get(key, MISSING)
        if not same(before, after):
            yield from comparisons.get(key, unexplained)(place.at(key), before, after)


def always(rule: str) -> Compare:
    """A comparison that reports every difference by one rule."""

    def compare(place: Place, old: Any, new: Any) -> Iterator[Difference]:
        yield place.differs(rule, old, new)

    return compare


def turned(on: str, off: str) -> Compare:
    """A comparison of a flag, which `normal` leaves out where it is off."""

    def compare(place: Place, old: Any, new: Any) -> Iterator[Difference]:
        yield place.differs(off if new is MISSING else on, old, new)

    return compare


def unexplained(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    """Report a difference that no rule covers, at the smallest node that contains it."""
    for path, before, after in leaves(old, new):
        yield place.at(*path).differs("x-unexplained", before, after)


def leaves(old: Any, new: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """The smallest nodes in which two values differ, with the values on both sides."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            yield from leaves(old.get(key, MISSING), new.get(key, MISSING), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from leaves(before, after, (*path, index))
    elif not same(old, new):
        yield path, old, new


def few_leaves(old: Any, new: Any) -> list[tuple[Path, Any, Any]]:
    """The same, but one node where there are many."""
    found = list(leaves(old, new))
    return found if len(found) <= _LEAVES else [((), old, new)]
