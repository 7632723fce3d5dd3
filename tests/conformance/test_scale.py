"""Pages of every shape go through everything with no hand edit; `nox -s scale` takes many more."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyapi.conformance.cases import documented_arguments
from keyapi.specification import Specification
from pipeline.generate.package import cache_folder
from pipeline.vendor.pages import read_page
from support import scale
from support.many_pages import RESOURCES, SHAPES, many_pages
from support.page_shapes import specification
from support.specs import committed


@pytest.mark.slow
def test_a_page_of_every_shape_goes_through_everything(tmp_path: Path) -> None:
    outcome = scale.run(len(SHAPES) + 1, tmp_path, spoilt=2, checked=cache_folder() / "mypy")

    assert outcome.failed == []
    vendored = len(Specification(committed()).operations)  # of pages that are there already
    assert outcome.operations == vendored + len(SHAPES)


def test_each_shape_stands_in_each_resource_under_a_path_of_its_own() -> None:
    count = len(SHAPES) * len(RESOURCES)
    pages = [read_page(text.encode(), name) for name, text in many_pages(count).items()]

    places = {tuple(page.path.split("/")[3:5]) for page in pages}
    assert places == {(resource, shape) for resource in RESOURCES for shape in SHAPES}
    assert len({page.path for page in pages}) == count


def test_the_widest_page_is_as_wide_as_the_widest_reported() -> None:
    (text,) = (text for name, text in many_pages(len(SHAPES)).items() if "/wide-" in name)
    page = read_page(text.encode(), "en/wide.md")
    operation = page.block["paths"][page.path]["get"]
    data = operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    row = data["data"]["items"]["properties"]

    assert len(operation["parameters"]) == 38
    assert sum(len(schema.get("properties", "1")) for schema in row.values()) > 100


def test_cases_start_from_the_examples_of_parameters() -> None:
    texts = {name.rpartition("/")[2]: text for name, text in many_pages(2).items()}
    operation = Specification(specification(texts)).operations["video_dated_list0"]

    arguments = documented_arguments(operation)

    assert (arguments["start_date"], arguments["day"]) == ("2026-01-01", 20260131)


def test_growth_is_what_a_page_takes_longer_where_there_are_many() -> None:
    one = scale.Outcome(30, {"vendor": 1.0, "regenerate": 2.0}, [], 5.0)
    four = scale.Outcome(120, {"vendor": 4.0, "regenerate": 16.0}, [], 20.0)

    assert scale.growth({30: one, 120: four}) == pytest.approx(20 / 12)
    lines = list(scale.table({30: one, 120: four}))
    assert [line.split()[-1] for line in lines[2:-1]] == ["1.00", "2.00", "1.67", "1.00"]
    assert lines[-1].endswith("30 operations, 120 operations; 0 do not hold")
