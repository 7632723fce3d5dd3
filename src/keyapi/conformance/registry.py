"""The relations of the contract, registered by decorator, and what they find."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from keyapi.contract import Violation

_Look = TypeVar("_Look", bound=Callable[..., object])


class Finding(NamedTuple):
    """Something that a relation found not to hold.

    Attributes:
        relation: Title of a registered relation.
        case: What was looked at.
        violation: What is wrong: operation, pointer, rule, expected and found.
    """

    relation: str
    case: str
    violation: Violation

    def __str__(self) -> str:
        return f"[{self.relation}] {self.case}: {self.violation}"


class Relation(NamedTuple):
    """A relation between two or three of specification, client, server, recordings and pages.

    Attributes:
        title: Its title in tables and findings, such as "client -> spec".
        short: Its heading in the score of mutants, of three characters.
        position: Where tables list it, from 1.
        looks: The functions that look at one operation, recording or specification.
    """

    title: str
    short: str
    position: int
    looks: tuple[Callable[..., object], ...]


class Registry:
    """The registered relations."""

    def __init__(self) -> None:
        self._relations: dict[str, Relation] = {}

    def add(self, relation: Relation) -> None:
        """Add a relation, or to one that was added before what else looks at it.

        Raises:
            ValueError: Another one has the same title, short title or position.
        """
        looks: tuple[Callable[..., object], ...] = ()
        for other in self._relations.values():
            if other[:3] == relation[:3]:
                looks = other.looks
            elif {relation.title, relation.short, relation.position} & {*other[:3]}:
                raise ValueError(f"{relation.title!r} and {other.title!r} are registered alike")
        looks += relation.looks
        self._relations[relation.title] = relation._replace(looks=looks)

    @property
    def all(self) -> list[Relation]:
        """The relations, in the order in which tables list them."""
        return sorted(self._relations.values(), key=lambda relation: relation.position)

    @property
    def titles(self) -> list[str]:
        """Their titles, in the same order."""
        return [relation.title for relation in self.all]


REGISTRY = Registry()
"""The relations of this package."""


def relation(title: str, *, short: str, position: int) -> Callable[[_Look], _Look]:
    """Register a function as a relation; one that finds breaches of two is registered twice.

    Several functions of one title, short heading and position look at one relation.

    Args:
        title: The relation's title.
        short: Its heading in the score of mutants, of three characters.
        position: Where tables list it, from 1.
    """

    def register(look: _Look) -> _Look:
        REGISTRY.add(Relation(title, short, position, (look,)))
        return look

    return register
