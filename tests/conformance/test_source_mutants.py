"""Faults in pages, overlay and rules are noticed although the pipeline ran after them."""

from __future__ import annotations

import pytest

from conformance.source_mutants import (
    OverlayPlanter,
    PagePlanter,
    RulePlanter,
    SourceMutant,
    SourcePlanter,
    Sources,
    notice,
)
from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.mutation.planter import Part
from support.mutation import sources
from support.specs import listing

SOURCES = sources()
PLANTERS = {plant.place: plant(SOURCES) for plant in (PagePlanter, OverlayPlanter)}


@pytest.mark.parametrize("place", PLANTERS)
def test_every_operator_has_a_place(place: str) -> None:
    planter = PLANTERS[place]
    placed = {
        operator
        for operator in planter.operators
        if any(any(planter.mutants(each, operator)) for each in SOURCES.values())
    }
    assert [name for name in planter.operators if name not in placed] == []


@pytest.mark.parametrize(
    ("planter", "operator"),
    [
        (PagePlanter, "swap two properties"),
        (OverlayPlanter, "drop an action"),
        (OverlayPlanter, "drop the evidence"),
        (RulePlanter, "change cost"),
    ],
)
def test_a_fault_is_noticed(planter: type[SourcePlanter], operator: str) -> None:
    planted = planter({"example": SOURCES["example"]})
    baseline = Baseline(listing())
    part = next(planted.parts(baseline, [operator]), Part("example", 0, (operator,)))
    (outcome,) = planted.outcomes(baseline, part)
    assert (outcome.place, outcome.driver) == (planter.place, "all")
    assert "spec - page" in outcome.caught
    assert not outcome.proof


def test_without_a_fault_nothing_is_noticed_and_equality_is_the_proof() -> None:
    example = SOURCES["example"]

    as_it_is = SourceMutant("", lambda: (example.pages, example.overlay, None))

    assert notice(example, as_it_is) == ({}, "same specification")


def test_golden_cases_notice_what_pages_no_longer_say() -> None:
    committed = Sources(
        SOURCES["committed"].root, SOURCES["committed"].recordings, lambda spec: "x"
    )
    found, proof = notice(
        committed,
        SourceMutant("", lambda: (committed.pages, committed.overlay, None)),
    )
    assert (found, proof) == ({"golden": "x"}, "")
