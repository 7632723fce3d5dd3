"""The clients generated code derives from: thin shells, sync and async, that do the I/O."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from keyapi._base import BaseClient, unsent
from keyapi._page import P, Page
from keyapi._pages import AsyncPageIterator, PageIterator

if TYPE_CHECKING:
    import httpx

    from keyapi._answer import Answer
    from keyapi._operation import Operation, PagedOperation
    from keyapi._sending.http import AsyncHTTPClient, HTTPClient  # noqa: F401 - of the bases

T = TypeVar("T")
Op = TypeVar("Op", bound="Operation[Any]")
R = TypeVar("R")


class SyncClient(BaseClient["HTTPClient"]):
    """The base of generated sync clients, which describe the arguments."""

    _is_async = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        if (http := self._session.close()) is not None:
            http.close()

    def get_httpx_client(self) -> httpx.Client:
        """Give the `httpx.Client` that every request of this client goes through.

        Requests made with it by hand are retried by the same table, with the options of the client
        that was constructed, not those of clients made from it by `with_options`.
        """
        return self._http()

    def _call(
        self, operation: Op, arguments: Mapping[str, Any], take: Callable[[Answer, Op], R]
    ) -> R:
        """Call an operation.

        Args:
            operation: What to call.
            arguments: Values by argument name; None means "not sent".
            take: Makes of the response, which is a success, and of the operation what the caller
                wants; what it refuses is not kept in the cache.

        Returns:
            What it makes.

        Raises:
            KeyAPIError: The call failed, or the response reports an error, or is refused.
        """
        http, request, call = self._prepare(operation, arguments)
        call.accept = partial(self._answer_type.taken, take, operation)
        try:
            http.perform(request, call)
        except unsent() as error:
            raise self._unsent(call, error) from error
        if call.success is None:
            raise call.error
        result: R = call.result()
        return result

    @contextmanager
    def _reading(self, response: httpx.Response) -> Iterator[None]:
        """Keep the response of a low-level function in the cache once it could be read."""
        from keyapi._sending.http import after_reading

        try:
            yield
        except Exception:
            if (forget := after_reading(response, failed=True)) is not None:
                forget()
            raise
        if (keep := after_reading(response, failed=False)) is not None:
            keep()

    def _page(self, operation: PagedOperation[T, P], arguments: dict[str, Any]) -> Page[T, P]:
        """Fetch one page of a paged operation; arguments and errors as for `_call`."""
        return self._call(operation, arguments, self._answer_type.page)

    def _iterate(
        self,
        operation: PagedOperation[T, P],
        arguments: dict[str, Any],
        *,
        limit: int | None,
        max_pages: int | None,
    ) -> PageIterator[T, P]:
        """Walk a paged operation from the page that the arguments give."""
        walk = self._walk(operation, arguments, limit, max_pages)
        return PageIterator(lambda step: self._page(operation, step), walk)

    def _one(self, operation: Operation[T], arguments: Mapping[str, Any]) -> T:
        """Call an operation whose data is one object; arguments and errors as for `_call`."""
        return self._call(operation, arguments, self._answer_type.one)

    def _many(self, operation: Operation[T], arguments: Mapping[str, Any]) -> list[T]:
        """Call an operation whose data is a list, without paging."""
        return self._call(operation, arguments, self._answer_type.many)

    def _data(self, operation: Operation[Any], arguments: Mapping[str, Any]) -> Any:
        """Call an operation whose data is neither an object nor a list of objects."""
        return self._call(operation, arguments, self._answer_type.data)


class AsyncClient(BaseClient["AsyncHTTPClient"]):
    """The base of generated async clients (asyncio): as `SyncClient`, with `await`."""

    _is_async = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        if (http := self._session.close()) is not None:
            await http.aclose()

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Give the `httpx.AsyncClient` that every request of this client goes through.

        Requests made with it by hand are retried by the same table, with the options of the client
        that was constructed, not those of clients made from it by `with_options`.
        """
        return self._http()

    async def _call(
        self, operation: Op, arguments: Mapping[str, Any], take: Callable[[Answer, Op], R]
    ) -> R:
        """Call an operation; see `SyncClient._call`."""
        http, request, call = self._prepare(operation, arguments)
        call.accept = partial(self._answer_type.taken, take, operation)
        try:
            await http.perform(request, call)
        except unsent() as error:
            raise self._unsent(call, error) from error
        if call.success is None:
            raise call.error
        result: R = call.result()
        return result

    @asynccontextmanager
    async def _reading(self, response: httpx.Response) -> AsyncIterator[None]:
        """Keep the response of a low-level function in the cache once it could be read."""
        import asyncio

        from keyapi._sending.http import after_reading

        try:
            yield
        except Exception:
            if (forget := after_reading(response, failed=True)) is not None:
                await asyncio.to_thread(forget)
            raise
        if (keep := after_reading(response, failed=False)) is not None:
            await asyncio.to_thread(keep)

    def _page(
        self, operation: PagedOperation[T, P], arguments: dict[str, Any]
    ) -> Coroutine[Any, Any, Page[T, P]]:
        """Fetch one page of a paged operation."""
        return self._call(operation, arguments, self._answer_type.page)

    def _iterate(
        self,
        operation: PagedOperation[T, P],
        arguments: dict[str, Any],
        *,
        limit: int | None,
        max_pages: int | None,
    ) -> AsyncPageIterator[T, P]:
        """Walk a paged operation from the page that the arguments give."""
        walk = self._walk(operation, arguments, limit, max_pages)
        return AsyncPageIterator(lambda step: self._page(operation, step), walk)

    def _one(self, operation: Operation[T], arguments: Mapping[str, Any]) -> Coroutine[Any, Any, T]:
        """Call an operation whose data is one object."""
        return self._call(operation, arguments, self._answer_type.one)

    def _many(
        self, operation: Operation[T], arguments: Mapping[str, Any]
    ) -> Coroutine[Any, Any, list[T]]:
        """Call an operation whose data is a list, without paging."""
        return self._call(operation, arguments, self._answer_type.many)

    def _data(
        self, operation: Operation[Any], arguments: Mapping[str, Any]
    ) -> Coroutine[Any, Any, Any]:
        """Call an operation whose data is neither an object nor a list of objects."""
        return self._call(operation, arguments, self._answer_type.data)
