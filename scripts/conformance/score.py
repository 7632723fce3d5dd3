"""Prints what came of the mutants, readable at 80 columns."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from conformance.baselines import Verdict
from keyapi.conformance.relations import RELATIONS

if TYPE_CHECKING:
    from conformance.mutants import Score

_SHORT = {
    "spec - page": "s-p",
    "client -> spec": "c>s",
    "server -> spec": "s>s",
    "spec -> client": "s>c",
    "recording": "rec",
    "meaning": "mng",
}


def show(score: Score) -> None:
    """Print a score: the operators, the proofs, what each relation alone catches, survivors."""
    from rich.console import Console

    console = Console(highlight=False)
    if score.verdicts:
        console.print(_operators(score.verdicts))
        console.print(_proofs(score.verdicts))
        console.print(_alone(score.verdicts))
    for text in unnoticed(score.verdicts):
        console.print(f"Equivalent for every party, each with its proof: {text}", markup=False)
    for text in score.left_out:
        console.print(f"Left out, as it is not clean without a fault: {text}", markup=False)
    for text in score.problems:
        console.print(f"WRONG WITHOUT ANY FAULT  {text}", markup=False, soft_wrap=True)
    for verdict in score.survivors:
        console.print(f"SURVIVED  {verdict}", markup=False, soft_wrap=True)
    caught = sum(bool(verdict.caught) for verdict in score.verdicts)
    proved = sum(bool(verdict.proof) for verdict in score.verdicts)
    console.print(
        f"{len(score.verdicts)} planted, {caught} caught, {proved} proved equivalent, "
        f"{len(score.survivors)} survived, in {score.seconds:.0f} s"
    )


def unnoticed(verdicts: list[Verdict]) -> list[str]:
    """Mutants of a specification that no party can notice, and nothing in the specification."""
    parties: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.kind == "specification":
            parties.setdefault((verdict.operator, verdict.where), []).append(verdict)
    return [
        f"{operator}: {where}"
        for (operator, where), seen in parties.items()
        if all(verdict.proof and verdict.sound for verdict in seen)
    ]


def _operators(verdicts: list[Verdict]):  # type: ignore[no-untyped-def]
    from rich.table import Table

    legend = ", ".join(f"{short} {relation}" for relation, short in _SHORT.items())
    table = Table(title="Mutants", box=None, padding=(0, 1, 0, 0), caption=legend)
    table.add_column("operator", no_wrap=True)
    for heading in ("planted", "caught", "equiv.", "surv.", *_SHORT.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    rows: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        rows.setdefault((verdict.kind, verdict.operator), []).append(verdict)
    previous = ""
    for (kind, operator), its in sorted(rows.items()):
        if kind != previous:
            table.add_row(f"[bold]in the {kind}[/bold]")
            previous = kind
        table.add_row(operator, *_counts(its))
    table.add_section()
    table.add_row("[bold]all[/bold]", *_counts(verdicts))
    return table


def _counts(verdicts: list[Verdict]) -> list[str]:
    by = Counter(relation for verdict in verdicts for relation in verdict.caught)
    figures = (
        len(verdicts),
        sum(bool(verdict.caught) for verdict in verdicts),
        sum(bool(verdict.proof) for verdict in verdicts),
        sum(verdict.survived for verdict in verdicts),
        *(by[relation] for relation in RELATIONS),
    )
    return [str(figure) if figure else "." for figure in figures]


def _proofs(verdicts: list[Verdict]):  # type: ignore[no-untyped-def]
    from rich.table import Table

    table = Table(title="Proved equivalent", box=None, padding=(0, 1, 0, 0))
    for heading in ("seen by", "proof", "operators"):
        table.add_column(heading, overflow="fold")
    table.add_column("count", justify="right")
    kinds: dict[tuple[str, str], Counter[str]] = {}
    for verdict in verdicts:
        if verdict.proof:
            kinds.setdefault((verdict.party, verdict.proof), Counter())[verdict.operator] += 1
    for (party, proof), operators in sorted(kinds.items()):
        named = ", ".join(f"{name} {count}" for name, count in sorted(operators.items()))
        table.add_row(party, proof, named, str(sum(operators.values())))
    return table


def _alone(verdicts: list[Verdict]):  # type: ignore[no-untyped-def]
    from rich.table import Table

    table = Table(title="Missed, were a relation switched off", box=None, padding=(0, 1, 0, 0))
    for heading in ("relation", "operators"):
        table.add_column(heading, overflow="fold")
    table.add_column("missed", justify="right")
    for relation in RELATIONS:
        only = Counter(one.operator for one in verdicts if [*one.caught] == [relation])
        named = ", ".join(f"{name} {count}" for name, count in sorted(only.items()))
        table.add_row(relation, named, str(sum(only.values())))
    return table
