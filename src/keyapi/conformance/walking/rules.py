"""The rules that walks are judged by, registered by decorator.

They are worded here once more, without `keyapi.contract` and without the client's own paging, so
that neither is its own judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from keyapi.conformance.registry import Finding
from keyapi.conformance.walking.walk import Walk
from keyapi.contract import Contract, Violation
from keyapi.specification import OperationSpec

TITLE = "walks"
_SHOWN = 120  # how much of a value a violation shows, in characters


class Broken(NamedTuple):
    """A rule that does not hold.

    Attributes:
        walk: The walk that shows it.
        expected: What should be there.
        found: What is there.
        pointer: Where: of rows, by their number in the walk.
        rule: The rule, where it is not the one that looked: a rule of the response's schema.
    """

    walk: Walk
    expected: object
    found: object
    pointer: str = "/walk"
    rule: str = ""


@dataclass
class Made:
    """What rules look at.

    Attributes:
        operation: The operation.
        contract: What its specification promises.
        walks: The walks that were made, in order.
        refused: A good request and others with bad keys; None where no key is needed.
        charged: What the server charged for the walks, in credits; None without a ledger.
        valid: Answers that were found to be valid.
        broken: The rules that were broken so far.
    """

    operation: OperationSpec
    contract: Contract
    walks: list[Walk] = field(default_factory=list)
    refused: Walk | None = None
    charged: int | None = None
    valid: set[tuple[Any, ...]] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)

    @property
    def complete(self) -> Iterator[Walk]:
        """The walks from the first row to the last, of those that asked for what they should."""
        return (walk for walk in self.fair if walk.complete)

    @property
    def fair(self) -> Iterator[Walk]:
        """The walks that asked for what they should: only they say something of the server."""
        return (walk for walk in self.walks if walk.asked_otherwise is None)


class Rule(NamedTuple):
    """A rule.

    Attributes:
        name: What violations call it.
        blame: Who breaks it: "client" or "server".
        scope: "walk" if it is judged after each walk, "walks" if only after all of them.
        look: Yields where it does not hold; takes the walks, and the walk in question.
    """

    name: str
    blame: str
    scope: str
    look: Callable[..., Iterator[Broken]]

    def findings(self, made: Made, *walk: Walk) -> Iterator[Finding]:
        """Judge one walk, or all of them."""
        for broken in self.look(made, *walk):
            name = f"{broken.walk.plan} (by the {self.blame})"
            expected, found = str(broken.expected)[:_SHOWN], str(broken.found)[:_SHOWN]
            operation, rule = made.operation.name, broken.rule or self.name
            violation = Violation(operation, broken.pointer, rule, expected, found)
            yield Finding(TITLE, name, violation)


RULES: dict[str, Rule] = {}
"""The rules, by name, in the order in which they are judged."""

Look = Callable[..., Iterator[Broken]]


def rule(name: str, *, blame: str, scope: str = "walk") -> Callable[[Look], Look]:
    """Register a function as a rule.

    Args:
        name: What violations call it.
        blame: Who breaks it: "client" or "server".
        scope: "walk" or "walks".

    Raises:
        ValueError: Another rule has this name.
    """

    def register(look: Look) -> Look:
        if name in RULES:
            raise ValueError(f"two rules are called {name!r}")
        RULES[name] = Rule(name, blame, scope, look)
        return look

    return register


def judged(rules: Mapping[str, Rule], made: Made, walk: Walk | None = None) -> Iterator[Finding]:
    """Judge a walk by itself, or what all walks say of one another.

    A rule that was broken is not judged again: one cause would be found in a hundred walks.

    Args:
        rules: The rules.
        made: The walks so far.
        walk: The newest one; None for all of them, at the end.
    """
    scope, looked_at = ("walks", ()) if walk is None else ("walk", (walk,))
    is_fair = walk is None or walk.asked_otherwise is None
    for one in rules.values():
        is_due = one.scope == scope and (is_fair or one.blame == "client")
        if is_due and one.name not in made.broken:
            for finding in islice(one.findings(made, *looked_at), 1):
                made.broken.add(one.name)
                yield finding
