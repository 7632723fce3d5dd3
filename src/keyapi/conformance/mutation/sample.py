"""A sample of a planter's work that stays the same as long as its parts do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from keyapi.conformance.mutation.planter import Part

SEED = 15
"""The seed of the default run."""


def sampled(parts: Iterable[Part], count: int, seed: int) -> Iterator[Part]:
    """Choose some of the operators of some parts.

    What is chosen hangs on names, not on positions: a part that comes or goes replaces one other.

    Args:
        parts: All parts of a planter's work.
        count: How many are chosen.
        seed: What is chosen.
    """
    chosen = sorted(
        ((part, name) for part in parts for name in part.operators),
        key=lambda pair: _rank(pair[0], pair[1], seed),
    )
    together: dict[Part, list[str]] = {}
    for part, name in chosen[:count]:
        together.setdefault(part, []).append(name)
    for part, operators in together.items():
        yield part._replace(operators=tuple(operators))


def _rank(part: Part, operator: str, seed: int) -> bytes:
    named = f"{seed} {part.operation} {part.number} {operator}"
    return hashlib.sha256(named.encode()).digest()
