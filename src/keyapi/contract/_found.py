"""Violations as they are found, however many there are."""

from __future__ import annotations

from collections.abc import Iterable

from keyapi.contract._violation import Violation

MOST = 1000
"""After how many broken places the search for more ends."""
_PLACES = 10  # of one kind that are listed; further ones are counted


class Found:
    """The first places of each kind of violation, and how many more there are."""

    def __init__(self) -> None:
        self._listed: list[Violation] = []
        self._of_kind: dict[tuple[str, str, str], list[int]] = {}  # the first one, how many
        self._total = 0

    @property
    def full(self) -> bool:
        """Whether enough was found to end the search."""
        return self._total >= MOST

    def add(self, violation: Violation) -> None:
        """Take a violation in."""
        self._total += 1
        counts = self._of_kind.setdefault(violation.kind, [len(self._listed), 0])
        counts[1] += 1
        if counts[1] <= _PLACES:
            self._listed.append(violation)

    def extend(self, violations: Iterable[Violation]) -> None:
        """Take violations in until the search ends."""
        for violation in violations:
            self.add(violation)
            if self.full:
                return

    def listed(self) -> list[Violation]:
        """Give them in the order in which they were found."""
        for first, count in self._of_kind.values():
            if count > _PLACES:
                self._listed[first] = self._listed[first]._replace(more=count - _PLACES)
        return self._listed
