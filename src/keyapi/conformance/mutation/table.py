"""The score of the mutants as tables, readable at 80 columns.

A column is a function registered with `column`; one for each relation follows from the registered
relations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from keyapi.conformance.mutation.outcomes import MutantOutcome
from keyapi.conformance.mutation.runner import Score
from keyapi.conformance.relations import REGISTRY

Outcomes = Sequence[MutantOutcome]


class Column(NamedTuple):
    """A column of figures.

    Attributes:
        heading: Its heading.
        figure: The figure for some mutants.
        may_be_empty: Whether a full run may leave it at 0 everywhere.
    """

    heading: str
    figure: Callable[[Outcomes], int]
    may_be_empty: bool = False


COLUMNS: list[Column] = []
"""The registered columns, in order; those of the relations come behind them."""


def column(
    heading: str, *, may_be_empty: bool = False
) -> Callable[[Callable[[Outcomes], int]], Callable[[Outcomes], int]]:
    """Register a function as a column of the score.

    Args:
        heading: The column's heading.
        may_be_empty: Whether a full run may leave it at 0 everywhere.
    """

    def register(figure: Callable[[Outcomes], int]) -> Callable[[Outcomes], int]:
        COLUMNS.append(Column(heading, figure, may_be_empty))
        return figure

    return register


@column("planted")
def planted(outcomes: Outcomes) -> int:
    """How many mutants there are."""
    return len(outcomes)


@column("caught")
def caught(outcomes: Outcomes) -> int:
    """How many a relation caught."""
    return sum(bool(outcome.caught) for outcome in outcomes)


@column("equiv.")
def equivalent(outcomes: Outcomes) -> int:
    """How many are proved equivalent."""
    return sum(bool(outcome.proof) for outcome in outcomes)


@column("surv.", may_be_empty=True)
def survived(outcomes: Outcomes) -> int:
    """How many are neither."""
    return sum(outcome.survived for outcome in outcomes)


def columns() -> list[Column]:
    """All columns: the registered ones, then one for each relation."""
    of_relations = [
        Column(relation.short, partial(_caught_by, relation.title)) for relation in REGISTRY.all
    ]
    return [*COLUMNS, *of_relations]


def _caught_by(relation: str, outcomes: Outcomes) -> int:
    return sum(relation in outcome.caught for outcome in outcomes)


def empty_columns(score: Score) -> list[str]:
    """Headings of columns that a full run left empty; none for a run of chosen operators."""
    if not score.complete or score.problems:
        return []
    return [
        column.heading
        for column in columns()
        if not column.may_be_empty and not column.figure(score.outcomes)
    ]


def show(score: Score) -> None:
    """Print a score: operators, proofs, what each relation alone catches, and survivors."""
    console = Console(highlight=False)
    if score.outcomes:
        console.print(_operators(score.outcomes))
        console.print(_proofs(score.outcomes))
        console.print(_alone(score.outcomes))
    for text in unnoticed(score.outcomes):
        console.print(f"Equivalent for every driver, each with its proof: {text}", markup=False)
    for text in score.left_out:
        console.print(f"Left out, as it is not clean without a fault: {text}", markup=False)
    for text in score.problems:
        console.print(f"WRONG WITHOUT ANY FAULT  {text}", markup=False, soft_wrap=True)
    for outcome in score.survivors:
        console.print(f"SURVIVED  {outcome}", markup=False, soft_wrap=True)
    for heading in empty_columns(score):
        console.print(f"EMPTY COLUMN  {heading}: no mutant of a full run counts in it")
    console.print(
        f"{planted(score.outcomes)} planted, {caught(score.outcomes)} caught, "
        f"{equivalent(score.outcomes)} proved equivalent, "
        f"{survived(score.outcomes)} survived, in {score.seconds:.0f} s"
    )


def unnoticed(outcomes: Outcomes) -> list[str]:
    """Mutants of a specification that no driver can notice, nor the specification itself."""
    drivers: dict[tuple[str, str], list[MutantOutcome]] = {}
    for outcome in outcomes:
        if outcome.kind == "specification":
            drivers.setdefault((outcome.operator, outcome.where), []).append(outcome)
    return [
        f"{operator}: {where}"
        for (operator, where), seen in drivers.items()
        if all(outcome.proof and outcome.sound for outcome in seen)
    ]


def _operators(outcomes: Outcomes) -> Table:
    legend = ", ".join(f"{relation.short} {relation.title}" for relation in REGISTRY.all)
    table = Table(title="Mutants", box=None, padding=(0, 1, 0, 0), caption=legend)
    table.add_column("operator", no_wrap=True)
    for column in columns():
        table.add_column(column.heading, justify="right", no_wrap=True)
    rows: dict[tuple[str, str], list[MutantOutcome]] = {}
    for outcome in outcomes:
        rows.setdefault((outcome.kind, outcome.operator), []).append(outcome)
    previous = ""
    for (kind, operator), group in sorted(rows.items()):
        if kind != previous:
            table.add_row(f"[bold]in the {kind}[/bold]")
            previous = kind
        table.add_row(operator, *_figures(group))
    table.add_section()
    table.add_row("[bold]all[/bold]", *_figures(outcomes))
    return table


def _figures(outcomes: Outcomes) -> Iterator[str]:
    for column in columns():
        figure = column.figure(outcomes)
        yield str(figure) if figure else "."


def _proofs(outcomes: Outcomes) -> Table:
    table = Table(title="Proved equivalent", box=None, padding=(0, 1, 0, 0))
    for heading in ("seen by", "proof", "operators"):
        table.add_column(heading, overflow="fold")
    table.add_column("count", justify="right")
    kinds: dict[tuple[str, str], Counter[str]] = {}
    for outcome in outcomes:
        if outcome.proof:
            kinds.setdefault((outcome.driver, outcome.proof), Counter())[outcome.operator] += 1
    for (driver, proof), operators in sorted(kinds.items()):
        named = ", ".join(f"{name} {count}" for name, count in sorted(operators.items()))
        table.add_row(driver, proof, named, str(sum(operators.values())))
    return table


def _alone(outcomes: Outcomes) -> Table:
    table = Table(title="Missed, were a relation switched off", box=None, padding=(0, 1, 0, 0))
    for heading in ("relation", "operators"):
        table.add_column(heading, overflow="fold")
    table.add_column("missed", justify="right")
    for relation in REGISTRY.titles:
        only = Counter(outcome.operator for outcome in outcomes if [*outcome.caught] == [relation])
        named = ", ".join(f"{name} {count}" for name, count in sorted(only.items()))
        table.add_row(relation, named, str(sum(only.values())))
    return table
