"""`openapi/not-understood.yaml`: what page and specification say alone, as it is committed.

The list is strict in both directions: a statement that it lacks, and one that no longer applies,
are errors of the relation "spec - page". A page that it does not know yet is added on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from conformance.page_words._compare import page_statements
from conformance.page_words._nodes import operation_nodes
from conformance.page_words._overlay import overlay_statements
from conformance.page_words._page import PageText, read_page_text
from conformance.page_words._statement import (
    ADDED,
    DIFFERENT,
    LEFT_OUT,
    NOT_UNDERSTOOD,
    Statement,
)
from pipeline.document.yaml import dump_yaml, load_yaml
from pipeline.errors import PipelineError
from pipeline.project import Project

LISTING = "openapi/not-understood.yaml"
COMMAND = "python scripts/page_words.py"
_KINDS = (NOT_UNDERSTOOD, DIFFERENT, LEFT_OUT, ADDED)
_OPERATION = "operation"  # the place of what concerns the whole operation
_HEADER = f"""\
# Written by {COMMAND}: where the pages and the specification differ.
# "{NOT_UNDERSTOOD}": numbers and names in a page's prose that the specification does not have;
# "{DIFFERENT}": page and specification, or two parts of a page, contradict each other;
# "{LEFT_OUT}": in the page alone; "{ADDED}": in the specification alone, by overlay or rule.
# "at" is a parameter, or an answer and what is in it. Below "overlay" stands what an action sets
# although neither its reason nor its evidence says so.
"""

Listing = dict[str, Any]


def listed(project: Project, spec: Mapping[str, Any]) -> Listing:
    """Read the pages and the overlay of a project anew.

    Args:
        project: The project.
        spec: Its effective specification.

    Raises:
        PipelineError: The overlay or a page cannot be read.
    """
    overlay = load_yaml(project.read(project.overlay, "Restore it."), project.overlay)
    return made(project.page_contents(), spec, overlay)


def made(
    pages: Mapping[str, bytes], spec: Mapping[str, Any], overlay: Mapping[str, Any]
) -> Listing:
    """Make the list.

    Args:
        pages: The pages' bytes, by name.
        spec: The effective specification.
        overlay: The overlay.
    """
    by_target: dict[str, list[str]] = {}
    for statement in overlay_statements(overlay):
        by_target.setdefault(statement.place, []).append(statement.text)
    return {
        "pages": {
            name: _by_kind(page_statements(read_page_text(content, name), spec))
            for name, content in sorted(pages.items())
        },
        "overlay": by_target,
    }


def _by_kind(statements: Iterable[Statement]) -> Listing:
    found: dict[str, dict[str, list[str]]] = {}
    for kind, text, place in statements:
        found.setdefault(kind, {}).setdefault(text, []).append(place or _OPERATION)
    return {
        kind: [
            {"says": text, "at": ", ".join(_shortened(places))}
            for text, places in found[kind].items()
        ]
        for kind in _KINDS
        if kind in found
    }


def _shortened(places: list[str]) -> list[str]:
    """Places of several answers as one: `400|401.code`."""
    statuses: dict[str, list[str]] = {}
    for place in places:
        status, dot, rest = place.partition(".")
        key = f"{dot}{rest}" if re.fullmatch(r"\d\d\d|\dXX|default", status) else f"={place}"
        statuses.setdefault(key, []).append(status)
    return [
        key[1:] if key.startswith("=") else f"{'|'.join(found)}{key}"
        for key, found in statuses.items()
    ]


def words_of(page: PageText) -> int:
    """How many texts and keywords of a page are looked for in the specification."""
    nodes = operation_nodes(page.document, page.path, page.method).values()
    return sum(len(node.texts) + len(node.keywords) + len(node.examples) for node in nodes)


def _expanded(places: str) -> Iterator[str]:
    """Each of the places that `_shortened` joins."""
    for place in places.split(", "):
        statuses, dot, rest = place.partition(".")
        yield from (f"{status}{dot}{rest}" for status in statuses.split("|"))


def read_listing(project: Project) -> Listing | None:
    """Read a project's list; None where it keeps none.

    Raises:
        PipelineError: It cannot be read.
    """
    if not (project.root / LISTING).exists():
        return None
    listing = load_yaml(project.read(LISTING, ""), LISTING)
    if not isinstance(listing, dict) or not isinstance(listing.get("pages"), dict):
        raise PipelineError("it is not a list of pages", where=LISTING, remedy=f"Run {COMMAND}.")
    return listing


def written(listing: Listing) -> bytes:
    """The file of a list."""
    return dump_yaml(listing, _HEADER)


def carry(project: Project, spec: Mapping[str, Any]) -> dict[str, bytes]:
    """Give what a person need not decide: the list with new pages added, and old ones dropped.

    What it says of every other page, and of the overlay, stays.

    Args:
        project: The project.
        spec: Its effective specification.

    Returns:
        The file by its path below the root; nothing where it stays or the project keeps none.

    Raises:
        PipelineError: The list, the overlay or a page cannot be read.
    """
    committed = read_listing(project)
    if committed is None or committed["pages"].keys() == project.page_contents().keys():
        return {}
    current = listed(project, spec)
    pages = {**current["pages"], **committed["pages"]}
    kept = {name: pages[name] for name in current["pages"]}
    return {LISTING: written({"pages": kept, "overlay": committed.get("overlay", {})})}


def differences(committed: Listing, current: Listing) -> Iterator[tuple[str, str]]:
    """Compare two lists.

    Args:
        committed: The list as committed.
        current: The list as it would be written.

    Yields:
        Page, or target of an action, and what is not listed there or no longer applies.
    """
    old, new = set(_lines(committed)), set(_lines(current))
    for where, line in sorted(new - old):
        yield where, f"not listed: {line}"
    for where, line in sorted(old - new):
        yield where, f"no longer applies: {line}"


def _lines(listing: Listing) -> Iterator[tuple[str, str]]:
    for name, kinds in listing["pages"].items():
        yield name, "the page"
        for kind, statements in kinds.items():
            for statement in statements:
                for place in _expanded(statement["at"]):
                    yield name, f"{place}: {kind}: {statement['says']}"
    for target, texts in listing.get("overlay", {}).items():
        for text in texts:
            yield target, text
