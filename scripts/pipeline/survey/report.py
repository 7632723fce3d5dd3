"""Write what a survey found, as a table of 80 columns and as JSON."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keyapi.specification import Argument
from pipeline.survey.calling import Called
from pipeline.survey.operation import BOUNDS, Understood, counts

WIDTH = 80
_NAME, _PAGING, _MOST = 30, 17, 300
_HEADER = (
    f"{'page':<{_NAME}} {'data':<7} {'Any':>4} {'e/b/l':>6}  {'paging':<{_PAGING}} "
    f"{'cost':>4} {'notes':>5}"
)
_LEGEND = (
    "Any: share of properties that may be anything; e/b/l: parameters with an enum,\n"
    "a bound, a comma-joined list; cost in credits"
)


@dataclass(frozen=True)
class Surveyed:
    """What a survey found of one page.

    Attributes:
        name: Its name below `openapi/pages`; its path or address where it cannot be read.
        source: Its path or address.
        operation: The operation that it documents, as `GET /v1/…`; empty where it names none.
        vendored: Whether `vendor.py` would take it.
        generated: Whether a client would be generated from it, and imports.
        refused: Why it is not vendored or generated, in one line; empty where it is.
        notes: What could not be understood.
        understood: What was understood; None where nothing was generated.
        called: What calling it came to; None where it was not called.
    """

    name: str
    source: str
    operation: str = ""
    vendored: bool = False
    generated: bool = False
    refused: str = ""
    notes: tuple[str, ...] = ()
    understood: Understood | None = None
    called: Called | None = None

    def to_document(self) -> dict[str, Any]:
        """Write it as JSON data."""
        document: dict[str, Any] = {
            "page": self.name,
            "source": self.source,
            "operation": self.operation or None,
            "vendored": self.vendored,
            "generated": self.generated,
            "refused": self.refused or None,
            "notes": list(self.notes),
        }
        if self.understood is not None:
            document |= self.understood.to_document()
        return document if self.called is None else {**document, "call": self.called.to_document()}


@dataclass(frozen=True)
class Together:
    """What vendoring several pages at once comes to.

    Attributes:
        pages: How many pages.
        vendored: Whether `vendor.py` would take them.
        generated: Whether a client would be generated from them.
        refused: Why not, in one line; empty where they are.
    """

    pages: int
    vendored: bool = False
    generated: bool = False
    refused: str = ""

    def to_document(self) -> dict[str, Any]:
        """Write it as JSON data."""
        return {
            "pages": self.pages,
            "vendored": self.vendored,
            "generated": self.generated,
            "refused": self.refused or None,
        }


@dataclass(frozen=True)
class Survey:
    """What a survey found.

    Attributes:
        pages: The pages.
        together: What vendoring those that are not refused at once comes to; None for one page.
        skipped: Addresses of listed pages that document no operation.
    """

    pages: Sequence[Surveyed]
    together: Together | None = None
    skipped: Sequence[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether no page is refused, alone or together, and the contract holds where called."""
        refused = any(page.refused for page in self.pages)
        broken = any(page.called is not None and not page.called.holds for page in self.pages)
        return not (refused or broken or (self.together is not None and self.together.refused))


def as_json(survey: Survey) -> str:
    """Write a survey as JSON."""
    document = {
        "pages": [page.to_document() for page in survey.pages],
        "together": survey.together.to_document() if survey.together else None,
        "skipped": list(survey.skipped),
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_table(survey: Survey) -> Iterator[str]:
    """Write a survey as lines of at most 80 columns: a table, then what it has no room for."""
    yield _HEADER
    yield from map(_row, survey.pages)
    yield from _LEGEND.splitlines()
    for page in survey.pages:
        if details := list(_details(page)):
            yield ""
            yield _cut(_short(page.name), WIDTH)
            for title, text in details:
                yield from _wrapped(f"  {title:<9} {text}", indent=12)
    yield ""
    yield from _summary(survey)


def _row(page: Surveyed) -> str:
    name = _cut(_short(page.name), _NAME)
    if page.understood is None:
        return f"{name:<{_NAME}} refused"
    found = page.understood
    share = f"{found.data.share:.0%}" if found.data.properties else "-"
    allowed = "/".join(map(str, counts(found.arguments)))
    paging = found.facts.paging
    pages = _cut(f"{paging.kind} {paging.position}", _PAGING) if paging else "-"
    cost = "?" if found.facts.credits is None else found.facts.credits
    return (
        f"{name:<{_NAME}} {found.data.kind:<7} {share:>4} {allowed:>6}  {pages:<{_PAGING}} "
        f"{cost:>4} {len(page.notes) or '-':>5}"
    )


def _details(page: Surveyed) -> Iterator[tuple[str, str]]:
    """What the table has no room for, each with a title."""
    if page.refused:
        yield "refused", page.refused
    if page.understood is not None:
        yield from _facts(page.understood)
    for note in page.notes:
        yield "note", note.removeprefix(f"{page.name} ")
    if page.called is not None:
        yield "sandbox", page.called.sandbox
        yield "contract", page.called.raised or "holds"
        broken = {title: found for title, found in page.called.findings.items() if found}
        for title, found in broken.items():
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            yield title, f"{_shortened(found[0])}{more}"
        if not broken:
            yield "relations", "hold"


def _shortened(text: str) -> str:
    """A text of a length that people read."""
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


def _facts(found: Understood) -> Iterator[tuple[str, str]]:
    facts = found.facts
    if found.paging is not None:
        rest = {k: v for k, v in found.paging.items() if k not in ("kind", "parameter")}
        words = [f"{found.paging['kind']} {found.paging['parameter']}"]
        yield "paging", ", ".join([*words, *(f"{key} {value}" for key, value in rest.items())])
    for argument in found.arguments:
        if members := argument.members:
            yield "enum", _shortened(f"{argument.name}: {_members(members)}")
    if bounded := [text for text in map(_bounds, found.arguments) if text]:
        yield "bounds", "; ".join(bounded)
    if joined := [argument.name for argument in found.arguments if argument.delimiter]:
        yield "list", ", ".join(joined)
    if facts.sort is not None:
        yield "sort", " ".join(filter(None, facts.sort))
    if facts.filters:
        yield "filters", ", ".join(facts.filters)
    if facts.echoes:
        yield "echoes", ", ".join(facts.echoes)
    if facts.ids:
        yield "ids", ", ".join(f"{name}: {prop}" for name, prop in facts.ids.items())
    if facts.identity is not None:
        yield "identity", facts.identity


def _bounds(argument: Argument) -> str:
    stated = {key: argument.schema[key] for key in BOUNDS if key in argument.schema}
    return f"{argument.name} {', '.join(f'{k} {v}' for k, v in stated.items())}" if stated else ""


def _members(members: Mapping[str, Any]) -> str:
    named = (name if name == str(value) else f"{value}={name}" for name, value in members.items())
    return ", ".join(named)


def _summary(survey: Survey) -> Iterator[str]:
    pages = survey.pages
    for url in survey.skipped:
        yield from _wrapped(f"skipped: {url} documents no operation")
    refused = sum(bool(page.refused) for page in pages)
    clear = sum(not page.refused and not page.notes for page in pages)
    yield f"{_pages(len(pages))}: {refused} refused, {clear} without a note"
    if called := [page.called for page in pages if page.called is not None]:
        yield f"the contract holds for {sum(each.holds for each in called)} of {len(called)} called"
    if survey.together is not None:
        all_of = f"{_pages(survey.together.pages)} together"
        state = survey.together.refused or "would be vendored and generated"
        yield from _wrapped(f"{all_of}: {state}")


def _wrapped(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)


def _pages(count: int) -> str:
    return f"{count} page{'' if count == 1 else 's'}"


def _short(name: str) -> str:
    """A page's name without what most of them share."""
    return re.sub(r"^en/[^/]+/(?=.)", "", name).removesuffix(".md")


def _cut(text: str, width: int) -> str:
    """A text that fits a column; its end tells pages apart better than its beginning."""
    return text if len(text) <= width else f"…{text[1 - width :]}"
