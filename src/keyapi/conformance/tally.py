"""What a contract suite looked at, by relation and operation, and the table of it."""

from __future__ import annotations

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from keyapi.conformance.cause import Cause, Pair, roots
from keyapi.conformance.relations import RELATIONS
from keyapi.conformance.scope import absent, nothing
from keyapi.conformance.wording import excerpts
from keyapi.specification import Specification

_SHOWN = 10  # causes that are listed
_WIDTH = 80  # columns


class Count(NamedTuple):
    """How much of one relation was checked for one operation."""

    checks: int = 0
    cases: int = 0
    failures: int = 0


Counts = Mapping[Pair, Count]


def unlooked(specification: Specification, counts: Counts) -> dict[Pair, str]:
    """Find each relation and operation that nothing was checked of.

    Args:
        specification: The specification that a suite looks at.
        counts: What was checked.

    Returns:
        For each pair why there is nothing to look at; empty where there is, and so it was
        forgotten.
    """
    return {
        (relation, operation.name): nothing(relation, specification, operation)
        for relation in RELATIONS
        for operation in specification
        if not counts.get((relation, operation.name), Count()).checks
    }


def absences(specification: Specification, reasons: Mapping[Pair, str]) -> dict[Pair, list[str]]:
    """Find what relations cannot look at in an operation that they look at otherwise.

    Args:
        specification: The specification that a suite looks at.
        reasons: The pairs with nothing at all to look at.
    """
    return {
        (relation, operation.name): missing
        for relation in RELATIONS
        for operation in specification
        if (relation, operation.name) not in reasons
        and (missing := absent(relation, specification, operation))
    }


def grouped(partly: Mapping[Pair, list[str]]) -> Iterator[str]:
    """Write one line for each relation and thing that it cannot look at, with the operations."""
    operations: defaultdict[Pair, list[str]] = defaultdict(list)
    for (relation, operation), missing in partly.items():
        for reason in missing:
            operations[relation, reason].append(operation)
    for (relation, reason), names in operations.items():
        yield f"– {relation}, {reason}: {', '.join(names)}"


def table(counts: Counts, reasons: Mapping[Pair, str]) -> Iterator[str]:
    """Write operation by relation: checks, cases, failures, or why there are none; 80 columns.

    Args:
        counts: What was checked.
        reasons: The pairs with nothing to look at.
    """
    yield f"{'relation':<16}{'operation':<37}{'checks':>9}{'cases':>9}{'failed':>9}"
    for relation, operation in sorted({*counts, *reasons}, key=_order):
        name = operation if len(operation) <= 36 else f"{operation[:35]}…"
        if reason := reasons.get((relation, operation)):
            line = f"{relation:<16}{name:<37}{'–':>9}"
            whole = f"{line}  {reason}"
            fits = len(whole) <= _WIDTH
            yield from [whole] if fits else [line, *wrapped(f"{'':<16}{reason}")]
        else:
            count = counts[relation, operation]
            yield f"{relation:<16}{name:<37}{count.checks:>9}{count.cases:>9}{count.failures:>9}"
    total: Counter[str] = Counter()
    for count in counts.values():
        total.update(count._asdict())
    yield f"{'all':<53}{total['checks']:>9}{total['cases']:>9}{total['failures']:>9}"


def broken(causes: Sequence[Cause], commands: Mapping[str, str]) -> Iterator[str]:
    """Write what broke, the first cause first: a few lines each, at most ten.

    Args:
        causes: Each cause once.
        commands: For the title of each a command that reproduces it.
    """
    first, rest = roots(causes)
    for cause in first[:_SHOWN]:
        often = f" ({cause.times} times)" if cause.times > 1 else ""
        yield from wrapped(f"BROKEN  {cause.title}{often}")
        values = (cause.expected, " ".join(cause.found.split()))
        expected, found = excerpts(*values, _WIDTH - 17)
        yield from [f"        expected {expected}", f"        found    {found}"][not expected :]
        if cause.also:
            yield from wrapped(f"        also at {', '.join(cause.also)}", 2)
        yield f"        {commands[cause.title]}"
    more = first[_SHOWN:]
    for others, words in ((more, "more"), (rest, "more, which may follow")):
        if others:
            plural = "causes" if len(others) > 1 else "cause"
            relations = dict.fromkeys(cause.relation for cause in others if cause.relation)
            yield from wrapped(f"… and {len(others)} {plural} {words}: {', '.join(relations)}")


def wrapped(text: str, most: int = 20) -> list[str]:
    """Wrap a text to 80 columns.

    Args:
        text: The text.
        most: How many lines there may be.
    """
    lead = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(
        text.strip(),
        _WIDTH,
        initial_indent=lead,
        subsequent_indent=lead or "  ",
        max_lines=most,
        placeholder=" …",
        break_on_hyphens=False,
    )


def _order(pair: Pair) -> tuple[int, str]:
    relation, operation = pair
    return RELATIONS.index(relation), operation
