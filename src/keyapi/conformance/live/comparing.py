"""What is known of an operation's rows in a live run, and what rules ask of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from keyapi._facts import descending
from keyapi.conformance.cases import Case, documented_arguments
from keyapi.conformance.judge import ServerAnswer
from keyapi.contract import Violation
from keyapi.specification import OperationSpec, value_at

Row = dict[str, Any]
Query = frozenset[tuple[str, str]]
_ID = re.compile(r"(?:^|_)u?id$|[a-z]Id$")  # the name of a column that may tell rows apart
_SHOWN = 120  # how much of a value a violation shows, in characters


class KnownPage(NamedTuple):
    """An answer, as rules see it.

    Attributes:
        case: What was asked.
        query: Its arguments without paging, as text.
        number: The page's position; None where pages are not numbered.
        size: How many rows were asked for; None where that is not known.
        rows: The rows.
    """

    case: Case
    query: Query
    number: int | None
    size: int | None
    rows: list[Row]

    @property
    def is_full(self) -> bool:
        """Whether it has all rows that a page can have."""
        return self.size is not None and len(self.rows) >= self.size


class Broken(NamedTuple):
    """What does not hold between two pages."""

    expected: object
    found: object
    pointer: str = ""


Rule = Callable[["KnownPages", KnownPage], Iterator[Broken]]
"""Yields where the newest page contradicts those that are known."""


class KnownPages:
    """The good answers of one operation.

    Args:
        operation: The operation.
        rules: What new answers are judged by, by the name that violations call it.

    Attributes:
        operation: The operation.
        pages: What is known of each page, in the order in which they came.
        first: The position of the first page; None where pages are not numbered.
    """

    def __init__(self, operation: OperationSpec, rules: Mapping[str, Rule]) -> None:
        self.operation = operation
        self.pages: list[KnownPage] = []
        self._rules = rules
        self._ids: set[str] = set()
        base = documented_arguments(operation)
        self._plain = self._query(base)
        self.first = self._number(base)

    def add(self, case: Case, answer: ServerAnswer) -> list[Violation]:
        """Add an answer that is as promised by itself, and find what others contradict.

        Args:
            case: What was asked.
            answer: The answer.

        Returns:
            The first violation of each rule.
        """
        found = []
        request_id = answer.envelope.get("requestId")
        if isinstance(request_id, str):
            if request_id in self._ids:
                found.append(self._violation("request-id", Broken("one of its own", request_id)))
            self._ids.add(request_id)
        if answer.status != self.operation.success_status:
            return found
        page = self._known(case, answer)
        for name, look in self._rules.items():
            broken = next(look(self, page), None)
            found += [self._violation(name, broken)] if broken else []
        self.pages.append(page)
        return found

    def _violation(self, name: str, broken: Broken) -> Violation:
        expected, found = (str(value)[:_SHOWN] for value in broken[:2])
        return Violation(self.operation.name, broken.pointer, name, expected, found)

    def _known(self, case: Case, answer: ServerAnswer) -> KnownPage:
        paging = self.operation.paging
        size = (case.arguments.get(paging.size or "") or paging.largest) if paging else None
        found = value_at(answer.envelope, self.operation.items or ("",))
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        query, number = self._query(case.arguments), self._number(case.arguments)
        return KnownPage(case, query, number, int(size) if size else None, rows)

    def _query(self, arguments: Mapping[str, Any]) -> Query:
        """Arguments without paging."""
        paging = self.operation.paging
        own = {paging.position, paging.size} if paging else set()
        sent = ((name, str(value)) for name, value in arguments.items() if name not in own)
        return frozenset(sent)

    def _number(self, arguments: Mapping[str, Any]) -> int | None:
        paging = self.operation.paging
        numbered = paging is not None and paging.kind == "page"
        return int(arguments[paging.position]) if paging and numbered else None

    def asked(self, arguments: Mapping[str, Any]) -> int | None:
        """How many rows came for some arguments; None if they were not asked for."""
        found = (page for page in self.pages if page.case.arguments == arguments)
        page = next(found, None)
        return None if page is None else len(page.rows)

    @property
    def distinct(self) -> int:
        """How many rows of the whole list are known; 0 where no column tells them apart."""
        pages = [page for page in self.pages if self.whole(page)]
        identity = self.identity(pages)
        return len({str(row[identity]) for page in pages for row in page.rows}) if identity else 0

    # --- What rules ask -----------------------------------------------------------------------

    def narrowed(self, page: KnownPage) -> set[str]:
        """Names of arguments besides those of the documented example and those that sort."""
        sort = self.operation.sort
        sorting = {sort.field, sort.direction} if sort else set()
        return {name for name, _ in page.query - self._plain} - sorting

    def whole(self, page: KnownPage) -> bool:
        """Whether a page is of the same list as the documented example, in whatever order."""
        return self._plain <= page.query and not self.narrowed(page)

    def same_owner(self, page: KnownPage) -> bool:
        """Whether a page is of that list or of a part of it."""
        return self._plain <= page.query

    def identity(self, pages: Sequence[KnownPage]) -> str | None:
        """The column that tells rows apart; None where no column does.

        It has the name of an id, no page has a value of it twice, and no argument chooses it.
        """
        chosen = {*self.operation.echoes, *self.operation.filters.values()}
        columns = next((page.rows[0] for page in pages if page.rows), {})
        for column in columns:
            named = column not in chosen and _ID.search(column)
            if named and all(_are_told_apart(page.rows, column) for page in pages):
                return column
        return None

    def ordered(self, page: KnownPage) -> tuple[str, bool] | None:
        """The column by which a page is sorted, and whether downwards; None if it is not."""
        sort = self.operation.sort
        if sort is None or sort.direction is None:
            return None
        column = self._member(sort.field, page.case)
        direction = self._member(sort.direction, page.case)
        downwards = descending(direction) if direction else None
        return None if column is None or downwards is None else (column, downwards)

    def _member(self, name: str, case: Case) -> str | None:
        members = self.operation.arguments[name].members
        value = case.arguments.get(name)
        return next((key for key, member in members.items() if member == value), None)


def _are_told_apart(rows: Sequence[Row], column: str) -> bool:
    values = [str(row[column]) for row in rows if isinstance(row.get(column), str | int)]
    return len({*values}) == len(rows)
