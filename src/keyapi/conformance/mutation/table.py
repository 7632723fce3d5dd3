"""The score of the mutants as tables, readable at 80 columns.

A column is a function registered with `column`. The last one says which relations catch, each with
its short title; in a full run each of them must catch something.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from keyapi.conformance.mutation.outcomes import IMPORT, RAISED, TIME_OUT, MutantOutcome
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
"""The registered columns, in order."""


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
    """How many were caught, by a relation or otherwise."""
    return sum(bool(outcome.caught) for outcome in outcomes)


@column("late", may_be_empty=True)
def late(outcomes: Outcomes) -> int:
    """How many of them were caught by a time-out."""
    return sum(TIME_OUT in outcome.caught for outcome in outcomes)


@column("equiv.")
def equivalent(outcomes: Outcomes) -> int:
    """How many are proved equivalent."""
    return sum(bool(outcome.proof) for outcome in outcomes)


@column("surv.", may_be_empty=True)
def survived(outcomes: Outcomes) -> int:
    """How many are neither."""
    return sum(outcome.survived for outcome in outcomes)


def columns() -> list[Column]:
    """All that a full run must fill: the registered columns, then each relation."""
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
    console = Console(highlight=False, emoji=False)
    if score.outcomes:
        console.print(_operators(score.outcomes))
        console.print(_proofs(score.outcomes))
        console.print(_alone(score.outcomes))
        console.print(_legend(), soft_wrap=False)
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
    if score.seed is not None:
        console.print(f"This is a sample of seed {score.seed}; --all plants everything.")
    for line in places(score):
        console.print(line, soft_wrap=True)


def unnoticed(outcomes: Outcomes) -> list[str]:
    """Mutants of a specification that no driver can notice, nor the specification itself."""
    drivers: dict[tuple[str, str], list[MutantOutcome]] = {}
    for outcome in outcomes:
        if outcome.place == "specification":
            drivers.setdefault((outcome.operator, outcome.where), []).append(outcome)
    return [
        f"{operator}: {where}"
        for (operator, where), seen in drivers.items()
        if all(outcome.proof and outcome.sound for outcome in seen)
    ]


def _operators(outcomes: Outcomes) -> Table:
    table = Table(title="Mutants", box=None, padding=(0, 1, 0, 0))
    table.add_column("operator", no_wrap=True)
    for column in COLUMNS:
        table.add_column(column.heading, justify="right", no_wrap=True)
    table.add_column("caught by", overflow="fold")
    rows: dict[tuple[str, str], list[MutantOutcome]] = {}
    for outcome in outcomes:
        rows.setdefault((outcome.place, outcome.operator), []).append(outcome)
    previous = ""
    for (place, operator), group in sorted(rows.items()):
        if place != previous:
            table.add_row(f"[bold]in the {place}[/bold]")
            previous = place
        table.add_row(operator, *_figures(group))
    table.add_section()
    table.add_row("[bold]all[/bold]", *_figures(outcomes))
    return table


def _figures(outcomes: Outcomes) -> Iterator[str]:
    for column in COLUMNS:
        figure = column.figure(outcomes)
        yield str(figure) if figure else "."
    shorts = {relation.title: relation.short for relation in REGISTRY.all}
    by = Counter(title for outcome in outcomes for title in outcome.caught if title != TIME_OUT)
    # A space that does not break keeps each count with its relation.
    yield ", ".join(f"{shorts.get(title, title)}\xa0{count}" for title, count in by.most_common())


def _legend() -> str:
    """What the short titles stand for."""
    relations = ", ".join(f"{relation.short} {relation.title}" for relation in REGISTRY.all)
    others = f"{IMPORT}: it cannot be imported, {RAISED}: it raises before a relation looks"
    return f"{relations}; {others}; late: it does not end."


def places(score: Score) -> Iterator[str]:
    """Write one line for each place: what was planted, and the share that was caught."""
    headings = ("planted", "equiv.", "caught", "surv.", "share", "least")
    yield f"{'place':<15}{''.join(f'{heading:>9}' for heading in headings)}"
    for place in score.places:
        figures = (figure(score.of(place)) for figure in (planted, equivalent, caught, survived))
        share, required = score.share(place), score.required.get(place, 1.0)
        shares = f"{_percent(share):>9}{_percent(required):>9}"
        failed = "" if share >= required else "  FAILED"
        yield f"{place:<15}{''.join(f'{figure:>9}' for figure in figures)}{shares}{failed}"


def _percent(share: float) -> str:
    """A share in percent, rounded down: nothing but all is 100 %."""
    return f"{int(share * 1000) / 10:g} %"


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
