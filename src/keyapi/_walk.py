"""The state of a walk over pages: what to request next and what to yield; no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import inf
from operator import length_hint
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from keyapi._errors import BadRequest, KeyAPIError, PaginationError
from keyapi._page import P, Page, T
from keyapi._text import LONGEST_ID, displayed

if TYPE_CHECKING:
    from keyapi._operation import PagedOperation

_EMPTY_PAGES = 10
"""Pages without a row, one after the other, that end a walk with an error: each costs credits, and
a server that says "more" for ever would take them all. A judgement; no source gives a number."""

_Row = dict[str, Any] | None
# The query of a signed URL, also inside JSON text: it changes each time the URL is signed.
_SIGNATURE = re.compile(r"""\?[^\s"'?]*(?:sign|expire)[^\s"'?]*""", re.IGNORECASE)


class Stand(NamedTuple):
    """Where a walk stands; replaced as a whole, so that an interrupt finds one or the other.

    Attributes:
        rows: Rows of the page fetched last that are still to be handed out.
        page: Its position: a number or cursor.
        taken: How many of its rows are handed out in all.
        whole: Whether that is all of them.
        following: The position of the next page; None where there is none.
        pages: How many pages were fetched.
        yielded: How many rows are handed out once `rows` are.
        done: Whether no other page is fetched.
    """

    rows: Iterator[Any]
    page: Any
    taken: int
    whole: bool
    following: Any
    pages: int
    yielded: int
    done: bool


class Walk(Generic[T, P]):
    """The state of a walk: decides what to request next and what to yield; does no I/O."""

    def __init__(
        self,
        operation: PagedOperation[T, P],
        arguments: dict[str, Any],
        limit: int | None,
        max_pages: int | None,
    ) -> None:
        paging = operation.paging
        limit, max_pages = _bound("limit", limit), _bound("max_pages", max_pages)
        self.origin = operation.origin
        self._operation = operation
        self._parameter = paging.parameter
        first: Any = arguments.get(self._parameter)
        self.stand = Stand(iter(()), first, 0, True, first, 0, 0, limit == 0 or max_pages == 0)
        self._page_size: int | None = arguments.get(paging.size) if paging.size else None
        self._arguments = arguments
        self._limit = limit
        self._max_pages = max_pages
        self._kept: list[_Row] = []
        self._empty = 0
        self._end: PaginationError | None = None
        self._keep_for = self._age = 0
        self._closed = False

    @property
    def done(self) -> bool:
        return self._closed or self.stand.done

    @property
    def rows_yielded(self) -> int:
        """How many rows were handed out."""
        stand = self.stand
        return stand.yielded - length_hint(stand.rows)

    def arguments(self) -> dict[str, Any]:
        if self._end is not None:
            raise self._end
        return {**self._arguments, self._parameter: self.stand.following}

    def accept(self, page: Page[T, P], *, whole: bool) -> None:
        """Take in a page: decide how many of its rows to yield, and where the walk continues.

        Args:
            page: The page.
            whole: Whether it is handed out as a whole.
        """
        before = self.stand
        if page._rows and _same(page._rows, self._kept):
            position = displayed(str(before.following), LONGEST_ID)
            problem = f"Page {position} repeats the rows of an earlier page"
            raise self._refused(page, problem)
        self._empty = 0 if page._rows else self._empty + 1
        if self._empty == _EMPTY_PAGES and page.next is not None:
            problem = f"{_EMPTY_PAGES} pages in a row are empty, but say that more follow"
            raise self._refused(page, problem)
        # Brent's cycle detection: one page is kept, and replaced after 1, 2, 4, 8 ... others, so
        # that a walk in a circle of any length is noticed with one page in memory.
        if self._age == self._keep_for:
            self._kept, self._age, self._keep_for = page._rows, 0, self._keep_for * 2 or 1
        self._age += 1
        left = inf if self._limit is None else self._limit - before.yielded
        taken = len(page) if whole or left >= len(page) else int(left)
        if page._lost is not None:
            self._end = self._refused(page, page._lost)
        pages = before.pages + 1
        stand = Stand(
            rows=iter(() if whole else page.items[:taken]),
            page=before.following,
            taken=taken,
            whole=taken == len(page),
            following=before.following if page._lost is not None else page.next,
            pages=pages,
            yielded=before.yielded + taken,
            done=pages == self._max_pages or taken >= left or not page.has_more,
        )
        if whole and length_hint(before.rows):  # of the page before, taken row by row
            stand = stand._replace(
                rows=before.rows, page=before.page, taken=before.taken, whole=before.whole
            )
        self.stand = stand

    def close(self) -> None:
        """End the walk, even while a page is being fetched."""
        self._closed = True
        stand, left = self.stand, length_hint(self.stand.rows)
        if left:
            self.stand = stand._replace(
                rows=iter(()),
                taken=stand.taken - left,
                whole=False,
                yielded=stand.yielded - left,
            )

    def _refused(self, page: Page[T, P], problem: str) -> PaginationError:
        error = PaginationError(problem)
        response = page.response
        assert response is not None  # noqa: S101 - the page was fetched a moment ago
        error.url, error.status = str(response.url), response.status_code
        error.attempts = page.attempts
        error.request_id = page.request_id
        return error

    def annotate(self, error: KeyAPIError) -> None:
        """Add to an error which call failed, and what is needed to resume the walk."""
        error.operation = self._operation.name
        error.method = self._operation.method
        error.next_page = self.stand.following
        error.page_size = self._page_size
        error.rows_yielded = self.rows_yielded


def _bound(name: str, value: Any) -> int | None:
    """Check a walk's bound: a whole number of at least 0, or None for no limit.

    Raises:
        BadRequest: It is neither.
    """
    if value is None:
        return None
    from keyapi._arguments import whole  # with what the import of the package does without

    try:
        number = whole(value)
        if number >= 0:
            return number
    except ValueError as error:
        raise BadRequest(f"{name}{error}; None for no limit") from None
    raise BadRequest(f"{name} must be 0 or more, or None for no limit, got {number}")


def _same(rows: list[_Row], kept: list[_Row]) -> bool:
    """Whether two pages hold the same rows, apart from the signatures of their URLs."""
    return len(rows) == len(kept) and all(map(_alike, rows, kept))


def _alike(row: _Row, kept: _Row) -> bool:
    if row is None or kept is None:
        return row is kept
    return row.keys() == kept.keys() and all(
        value == kept[name] or _unsigned(value) == _unsigned(kept[name])
        for name, value in row.items()
    )


def _unsigned(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        value = repr(value)  # ends each text as JSON does, with a quotation mark
    return _SIGNATURE.sub("", value) if isinstance(value, str) else value
