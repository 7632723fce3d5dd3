"""Iterators over the rows of one page after another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from operator import length_hint
from typing import TYPE_CHECKING, Any, Generic, NoReturn

from keyapi._errors import KeyAPIError
from keyapi._isolation import Lock, OfLoop
from keyapi._page import OfRows, P, Page, T
from keyapi._walk import Stand, Walk

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


class _Progress(OfRows[T, P]):
    """Where a walk stands, for whoever resumes it later.

    A row counts as handed out when the loop gets it, whether or not its body comes to an end.
    """

    _walk: Walk[T, P]

    @property
    def pages_fetched(self) -> int:
        """How many pages were fetched."""
        return self._walk.stand.pages

    @property
    def rows_yielded(self) -> int:
        """How many rows were handed out."""
        return self._walk.rows_yielded

    @property
    def next_page(self) -> P | None:
        """The number or cursor of the page with the first row not handed out, for `start_page`.

        None once every row was handed out, and for the first page of a walk by cursor, which is
        asked for without one; `has_more` tells these apart.
        """
        stand = self._walk.stand
        position: P | None = stand.page if _is_in_page(stand) else stand.following
        return position

    @property
    def has_more(self) -> bool:
        """Whether rows may be left that were not handed out, `limit` and `max_pages` aside."""
        stand = self._walk.stand
        return stand.pages == 0 or stand.following is not None or _is_in_page(stand)

    @property
    def skip(self) -> int:
        """How many rows of `next_page` were handed out."""
        stand = self._walk.stand
        return stand.taken - length_hint(stand.rows) if _is_in_page(stand) else 0

    def __array__(self, *arguments: Any, **named: Any) -> NoReturn:
        from keyapi._frames import refuse_array

        refuse_array("walk over pages")


class PageIterator(_Progress[T, P]):
    """Rows of one page after another, each fetched when needed; `pages()` gives whole pages.

    Ends after a short or empty page, the operation's last page, or `limit` or `max_pages`. An error
    on the way is raised, never taken for the end; it carries `next_page`, `page_size` and
    `rows_yielded`, so that the walk can be resumed.

    It is also a stream of tables, a batch for each page, by the Arrow PyCapsule interface; see
    `Page`. What is given to pyarrow, polars or DuckDB counts as handed out.
    """

    def __init__(self, fetch: Callable[[dict[str, Any]], Page[T, P]], walk: Walk[T, P]) -> None:
        self._fetch = fetch
        self._walk = walk
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

    def to_arrow(self) -> pyarrow.Table:
        """Make a `pyarrow.Table` of the rows that are left; see `Page.to_arrow`.

        All are fetched, and in memory at once. For one page at a time, use `pages()`, or
        `pyarrow.RecordBatchReader.from_stream` of the iterator.

        Raises:
            ConfigurationError: The extra `arrow` is not installed.
            KeyAPIError: The walk ended with an error.
        """
        from keyapi._frames import table

        return table(self._walk.origin, self._batches())

    def to_pandas(self) -> pandas.DataFrame:
        """Make a pandas DataFrame of the rows that are left; see `to_arrow`, `Page.to_pandas`."""
        from keyapi._frames import pandas_frame

        return pandas_frame(self.to_arrow())

    def to_polars(self) -> polars.DataFrame:
        """Make a polars DataFrame of the rows that are left; see `to_arrow`, `Page.to_polars`."""
        from keyapi._frames import polars_frame

        return polars_frame(self.to_arrow())

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        from keyapi._frames import stream

        capsule: object = stream(self._walk.origin, self._batches()).__arrow_c_stream__(
            requested_schema
        )
        return capsule

    def __arrow_c_schema__(self) -> object:
        from keyapi._frames import row_schema

        return row_schema(self._walk.origin).schema.__arrow_c_schema__()

    def _batches(self) -> Iterator[list[T]]:
        """The rows that are left, those of one page at a time."""
        while True:
            rows: Iterator[T] = self._walk.stand.rows
            yield list(rows)
            try:
                self._fetch_after(rows)
            except StopIteration:
                return

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
        self, fetch: Callable[[dict[str, Any]], Awaitable[Page[T, P]]], walk: Walk[T, P]
    ) -> None:
        import asyncio

        self._fetch = fetch
        self._walk = walk
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

    async def to_arrow(self) -> pyarrow.Table:
        """Make a `pyarrow.Table` of the rows that are left; see `PageIterator.to_arrow`."""
        from keyapi._frames import table

        return table(self._walk.origin, [[row async for row in self]])

    async def to_pandas(self) -> pandas.DataFrame:
        """Make a pandas DataFrame of the rows that are left; see `PageIterator.to_pandas`."""
        from keyapi._frames import pandas_frame

        return pandas_frame(await self.to_arrow())

    async def to_polars(self) -> polars.DataFrame:
        """Make a polars DataFrame of the rows that are left; see `PageIterator.to_polars`."""
        from keyapi._frames import polars_frame

        return polars_frame(await self.to_arrow())

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


def _is_in_page(stand: Stand) -> bool:
    """Whether rows of the page that was fetched last are not handed out."""
    return length_hint(stand.rows) > 0 or not stand.whole


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
