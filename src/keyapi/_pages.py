"""The walk over pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from math import inf
from operator import length_hint
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from keyapi._errors import KeyAPIError, PaginationError
from keyapi._isolation import Lock, OfLoop
from keyapi._page import OfRows, P, Page, T

if TYPE_CHECKING:
    from keyapi._operation import PagedOperation

_EMPTY_PAGES = 10
"""Pages without a row, one after the other, that end a walk with an error: each costs credits, and
a server that says "more" for ever would take them all. A judgement; no source gives a number."""

_Row = dict[str, Any] | None
# The query of a signed URL, also inside JSON text: it changes each time the URL is signed.
_SIGNATURE = re.compile(r"""\?[^\s"'?]*(?:sign|expire)[^\s"'?]*""", re.IGNORECASE)


class _Stand(NamedTuple):
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


class _Walk(Generic[T, P]):
    """The state of a walk: decides what to request next and what to yield; does no I/O."""

    def __init__(
        self,
        operation: PagedOperation[T, P],
        arguments: dict[str, Any],
        limit: int | None,
        max_pages: int | None,
    ) -> None:
        paging = operation.paging
        for name, value in (("limit", limit), ("max_pages", max_pages)):
            if value is not None and value < 0:
                raise ValueError(f"{name} must be 0 or more, or None for no limit, got {value}")
        self._operation = operation
        self._parameter = paging.parameter
        first: Any = arguments.get(self._parameter)
        self.stand = _Stand(iter(()), first, 0, True, first, 0, 0, limit == 0 or max_pages == 0)
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
            problem = f"Page {before.following} repeats the rows of an earlier page"
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
        stand = _Stand(
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
        error.rows_yielded = self.stand.yielded


class _Progress(OfRows[T, P]):
    """Where a walk stands, for whoever resumes it later.

    A row counts as handed out when the loop gets it, whether or not its body comes to an end.
    """

    _walk: _Walk[T, P]

    @property
    def pages_fetched(self) -> int:
        """How many pages were fetched."""
        return self._walk.stand.pages

    @property
    def rows_yielded(self) -> int:
        """How many rows were handed out."""
        stand = self._walk.stand
        return stand.yielded - length_hint(stand.rows)

    @property
    def next_page(self) -> P | None:
        """The number or cursor of the page with the first row not handed out, for `start_page`.

        None where there is no such row, and before the first page of a walk by cursor.
        """
        stand = self._walk.stand
        in_page = length_hint(stand.rows) > 0 or not stand.whole
        position: P | None = stand.page if in_page else stand.following
        return position

    @property
    def skip(self) -> int:
        """How many rows of `next_page` were handed out."""
        stand = self._walk.stand
        left = length_hint(stand.rows)
        return stand.taken - left if left or not stand.whole else 0


class PageIterator(_Progress[T, P]):
    """Rows of one page after another, each fetched when needed; `pages()` gives whole pages.

    Ends after a short or empty page, the operation's last page, or `limit` or `max_pages`. An error
    on the way is raised, never taken for the end; it carries `next_page`, `page_size` and
    `rows_yielded`, so that the walk can be resumed.
    """

    def __init__(
        self,
        fetch: Callable[[dict[str, Any]], Page[T, P]],
        operation: PagedOperation[T, P],
        arguments: dict[str, Any],
        limit: int | None,
        max_pages: int | None,
    ) -> None:
        self._fetch = fetch
        self._walk: _Walk[T, P] = _Walk(operation, arguments, limit, max_pages)
        self._lock = Lock()

    def __iter__(self) -> Iterator[T]:
        return self

    # Not generators, here and below: one that has raised claims to be at its end.
    def __next__(self) -> T:
        while True:
            rows: Iterator[T] = self._walk.stand.rows
            for row in rows:
                return row
            self._fetch_after(rows)

    def _fetch_after(self, rows: Iterator[T]) -> None:
        with self._lock:
            if self._walk.stand.rows is not rows:
                return  # another thread has fetched the next page in the meantime
            if self._next_page(whole=False) is None:
                raise StopIteration

    def pages(self) -> Iterator[Page[T, P]]:
        """Iterate whole pages instead of rows; the page in which `limit` is reached is the last."""
        return _Pages(self._locked_page)

    def close(self) -> None:
        """End the walk here. There is nothing to release, so calling this is optional."""
        self._walk.close()

    def _locked_page(self) -> Page[T, P] | None:
        with self._lock:
            return self._next_page(whole=True)

    def _next_page(self, *, whole: bool) -> Page[T, P] | None:
        if self._walk.done:
            return None
        try:
            page = self._fetch(self._walk.arguments())
            self._walk.accept(page, whole=whole)
        except KeyAPIError as error:
            self._walk.annotate(error)
            raise
        return page


class AsyncPageIterator(_Progress[T, P]):
    """`PageIterator` for `async for`."""

    def __init__(
        self,
        fetch: Callable[[dict[str, Any]], Awaitable[Page[T, P]]],
        operation: PagedOperation[T, P],
        arguments: dict[str, Any],
        limit: int | None,
        max_pages: int | None,
    ) -> None:
        import asyncio

        self._fetch = fetch
        self._walk: _Walk[T, P] = _Walk(operation, arguments, limit, max_pages)
        self._locks = OfLoop(asyncio.Lock)

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            rows: Iterator[T] = self._walk.stand.rows
            for row in rows:
                return row
            await self._fetch_after(rows)

    async def _fetch_after(self, rows: Iterator[T]) -> None:
        async with self._locks.get():
            if self._walk.stand.rows is not rows:
                return  # another task has fetched the next page in the meantime
            if await self._next_page(whole=False) is None:
                raise StopAsyncIteration

    def pages(self) -> AsyncIterator[Page[T, P]]:
        """Iterate whole pages instead of rows; the page in which `limit` is reached is the last."""
        return _AsyncPages(self._locked_page)

    async def aclose(self) -> None:
        """End the walk here. There is nothing to release, so calling this is optional."""
        self._walk.close()

    async def _locked_page(self) -> Page[T, P] | None:
        async with self._locks.get():
            return await self._next_page(whole=True)

    async def _next_page(self, *, whole: bool) -> Page[T, P] | None:
        if self._walk.done:
            return None
        try:
            page = await self._fetch(self._walk.arguments())
            self._walk.accept(page, whole=whole)
        except KeyAPIError as error:
            self._walk.annotate(error)
            raise
        return page


class _Pages(Iterator[Page[T, P]], Generic[T, P]):
    """Like `iter(callable, None)`, which loses a page when threads share it."""

    def __init__(self, next_page: Callable[[], Page[T, P] | None]) -> None:
        self._next_page = next_page

    def __next__(self) -> Page[T, P]:
        page = self._next_page()
        if page is None:
            raise StopIteration
        return page


class _AsyncPages(AsyncIterator[Page[T, P]], Generic[T, P]):
    """`_Pages` for `async for`."""

    def __init__(self, next_page: Callable[[], Awaitable[Page[T, P] | None]]) -> None:
        self._next_page = next_page

    async def __anext__(self) -> Page[T, P]:
        page = await self._next_page()
        if page is None:
            raise StopAsyncIteration
        return page


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
    return _SIGNATURE.sub("", value) if isinstance(value, str) else value
