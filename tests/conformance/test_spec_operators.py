"""Each operator plants one fault at a time, wherever it applies, and says where."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.spec_operators import OPERATORS, SpecMutant, mutants
from keyapi._json import pointer
from support.specs import listing, synthetic

SPECS = {"listing": listing(), "synthetic": synthetic()}

# What gets another name is gone in one place and new in the next.
RENAMING = ("change method", "rename parameter", "change media type")


def changed(old: Any, new: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str]]:
    """Where two documents differ: pointer to the smallest node, and to what holds it."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if key in old and key in new:
                yield from changed(old[key], new[key], (*path, key))
            else:
                yield pointer(*path, key), pointer(*path)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from changed(*pair, (*path, index))
    elif old != new or type(old) is not type(new):
        yield pointer(*path), pointer(*path[:-1])


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_applies_somewhere(name: str) -> None:
    found = [mutant for spec in SPECS.values() for mutant in OPERATORS[name](spec)]

    assert found
    assert {mutant.operator for mutant in found} == {name}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_no_two_mutants_are_the_same_and_none_is_the_specification(spec: dict[str, Any]) -> None:
    found = Counter(json.dumps(mutant.spec, sort_keys=True) for mutant in mutants(spec))

    assert [text for text, count in found.items() if count > 1] == []
    assert json.dumps(spec, sort_keys=True) not in found


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_a_mutant_differs_in_one_place_which_its_pointer_names(spec: dict[str, Any]) -> None:
    for mutant in mutants(spec):
        above, _, last = mutant.pointer.rpartition("/")
        allowed = [mutant.pointer]
        if last.isdigit():  # of a list that got longer or shorter, all differs
            allowed.append(above)
        if "/properties/" in mutant.pointer:  # goes together with its entry in `required`
            allowed.append(f"{above.removesuffix('/properties')}/required")
        if "/enum/" in mutant.pointer:  # a value goes together with its name
            allowed.append(f"{above.removesuffix('/enum')}/x-enum-varnames")

        places = dict(changed(spec, mutant.spec))

        assert places, mutant
        for where, holder in places.items():
            renamed = mutant.operator in RENAMING and holder == above
            assert renamed or where.startswith(tuple(allowed)), (mutant, where)


def test_the_specification_is_left_as_it_was() -> None:
    spec = SPECS["synthetic"]
    before = copy.deepcopy(spec)

    for mutant in mutants(spec):
        mutant.spec["paths"].clear()

    assert spec == before


def places(spec: str, operator: str) -> list[str]:
    return [mutant.pointer for mutant in OPERATORS[operator](SPECS[spec])]


def test_operators_reach_every_place_of_their_kind() -> None:
    rows = "#/components/schemas/InfluencerProduct"
    listing = "#/paths/~1v1~1tiktok~1influencer~1products~1analytics/get"
    body = "#/components/schemas/ShopListBody"

    assert (
        len([p for p in places("listing", "drop from required") if p == f"{rows}/required"]) == 14
    )
    # Only of the operations named here: updates add others, and must find these tests passing.
    values = [p.split("/")[3] for p in places("listing", "remove request enum value")]
    assert (values.count("InfluencerProductSortField"), values.count("SortType")) == (5, 2)
    assert len([p for p in places("listing", "remove error status") if p.startswith(listing)]) == 6
    assert [p for p in places("listing", "require parameter") if p.startswith(listing)] == [
        f"{listing}/parameters/{index}/required" for index in (1, 2, 3)
    ]
    assert {f"{body}/properties/keyword", f"{body}/properties/offset"} <= {
        *places("synthetic", "remove parameter")
    }
    assert "#/components/schemas/Cover/properties/url" in places(
        "listing", "remove response property"
    )
    assert f"{listing}/responses/200/content/application~1json" in places(
        "listing", "change media type"
    )


def test_a_mutant_names_the_one_operation_that_reaches_it() -> None:
    found: dict[str, SpecMutant] = {m.pointer: m for m in mutants(SPECS["synthetic"])}

    assert found["#/components/schemas/ShopListBody/properties/keyword"].operation == "shop_list"
    assert found["#/paths/~1v1~1tiktok~1shop~1products"].operation == "shop_products"
    assert found["#/components/schemas/ErrorEnvelope/properties/code"].operation is None
    assert found["#/servers/0/url"].operation is None
