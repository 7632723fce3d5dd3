"""What is broken in a contract: each cause once, however often it was found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

Pair = tuple[str, str]
"""A relation's title and an operation's name."""

# What other findings follow from, in order: without a method there is nothing to send or to parse.
_FIRST = ("openapi", "schema", "method", "argument", "argument-type", "server", "path", "status")
_SOURCE = "spec - page"  # of all the rest
_ALONE = ("openapi", "schema", "method")


class Cause(NamedTuple):
    """One thing that is broken, however often it was found.

    Attributes:
        relation: Title of the relation; empty for a failure of the suite itself.
        operation: Name of the operation; empty where it concerns all.
        rule: What was broken: the rule of a violation, or the class of an exception.
        pointer: JSON pointer to the place, with `*` for indices; empty for none.
        expected: What should be there, in the first finding.
        found: What is there, in the first finding.
        case: What was looked at in the first finding.
        times: How often it was found.
        remedy: What to do; empty where only the reader can say.
        curl: Command that asks a sandbox the same; empty for none.
        also: Further places where the same rule is broken.
    """

    relation: str
    operation: str
    rule: str
    pointer: str = ""
    expected: str = ""
    found: str = ""
    case: str = ""
    times: int = 1
    remedy: str = ""
    curl: str = ""
    also: tuple[str, ...] = ()

    @property
    def pair(self) -> Pair:
        """The relation and the operation."""
        return self.relation, self.operation

    @property
    def title(self) -> str:
        """Relation, operation, rule and pointer, in one line."""
        where = f"at {self.pointer}" if self.pointer else ""
        rule = "" if self.rule == "recording" else self.rule
        return " · ".join(filter(None, (*self.pair, f"{rule} {where}".strip())))


def merged(causes: Iterable[Cause]) -> list[Cause]:
    """Put together what is the same, and put first what the rest may follow from.

    Args:
        causes: The causes, in the order found.
    """
    found: dict[tuple[str, ...], Cause] = {}
    for cause in causes:
        key = (*cause.pair, cause.rule, cause.pointer)
        old = found.get(key)
        found[key] = cause if old is None else old._replace(times=old.times + cause.times)
    return sorted(found.values(), key=_rank)


def _rank(cause: Cause) -> int:
    if cause.rule in _FIRST:
        return _FIRST.index(cause.rule)
    # A recording may be old, and another exception may come of anything.
    if not cause.expected:
        return len(_FIRST) + 3
    return len(_FIRST) + {_SOURCE: 0, "recording": 2}.get(cause.relation, 1)


def folded(causes: Iterable[Cause]) -> list[Cause]:
    """Put together what breaks one rule at several places; the first place is shown in full.

    Args:
        causes: The causes, as `merged` gives them.
    """
    found: dict[tuple[str, ...], Cause] = {}
    for cause in causes:
        key = (*cause.pair, cause.rule)
        old = found.get(key)
        found[key] = (
            cause
            if old is None
            else old._replace(
                times=old.times + cause.times, also=(*old.also, cause.pointer, *cause.also)
            )
        )
    return list(found.values())


def roots(causes: Iterable[Cause]) -> tuple[list[Cause], list[Cause]]:
    """Part what stands by itself from what may follow from it.

    A client without a method, or a specification that cannot be read, breaks all that needs them.

    Args:
        causes: The causes, the first one first.

    Returns:
        Those that stand by themselves, and those that may follow.
    """
    first: list[Cause] = []
    rest: list[Cause] = []
    for cause in causes:
        follows = any(
            root.rule in _ALONE and root.operation in ("", cause.operation) for root in first
        )
        (rest if follows else first).append(cause)
    return first, rest
