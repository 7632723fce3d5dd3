"""Spec - page: a second, dumber reader finds every word of the pages in the specification."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.page_words import read_page_text
from conformance.page_words.listing import COMMAND, differences, made, read_listing, words_of
from contract.committed import SPECIFICATION
from pipeline.cli import ROOT
from pipeline.document.yaml import load_yaml
from pipeline.project import Project

PROJECT = Project(ROOT)
PAGES = PROJECT.page_contents()
_REMEDY = f"Correct the page in the overlay, or the rule; or read it, and run {COMMAND}."


@pytest.mark.parametrize("name", PAGES)
def test_page_and_specification_differ_only_as_listed(
    name: str, tally: Callable[..., None]
) -> None:
    text = read_page_text(PAGES[name], name)
    listing = read_listing(PROJECT)
    assert listing is not None, f"Run {COMMAND}."
    current = made({name: PAGES[name]}, SPECIFICATION.document, {})
    committed = {"pages": {page: listing["pages"][page] for page in {name} & {*listing["pages"]}}}
    found = [f"{where}: {line}" for where, line in differences(committed, current)]
    for operation in SPECIFICATION:
        if f"{operation.method} {operation.path}" == text.operation:
            tally("spec - page", operation.name, checks=words_of(text), cases=1)
    assert found == [], "\n".join([*found, _REMEDY])


def test_every_page_listed_is_here_and_actions_say_what_they_set() -> None:
    overlay = load_yaml(PROJECT.read(PROJECT.overlay, ""), PROJECT.overlay)
    listing = read_listing(PROJECT) or {"pages": {}}
    here: dict[str, object] = {name: {} for name in PAGES}
    current = {**made({}, SPECIFICATION.document, overlay), "pages": here}
    committed = {**listing, "pages": {name: {} for name in listing["pages"]}}
    found = [f"{where}: {line}" for where, line in differences(committed, current)]
    assert found == [], "\n".join([*found, _REMEDY])
