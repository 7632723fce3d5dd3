"""The clients generated code derives from: thin shells, sync and async, that do the I/O."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from keyapi._base import BaseClient
from keyapi._page import P, Page
from keyapi._pages import AsyncPageIterator, PageIterator

if TYPE_CHECKING:
    import httpx

    from keyapi._answer import Answer
    from keyapi._operation import Operation, PagedOperation
    from keyapi._sending.http import AsyncHTTPClient, HTTPClient  # noqa: F401 - of the bases

T = TypeVar("T")


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

    def _call(self, operation: Operation[Any], arguments: Mapping[str, Any]) -> Answer:
        """Call an operation.

        Args:
            operation: What to call.
            arguments: Values by argument name; None means "not sent".

        Returns:
            The response, which is a success.

        Raises:
            KeyAPIError: The call failed, or the response reports an error.
        """
        import httpx

        from keyapi._answer import Answer

        request, call = self._prepare(operation, arguments)
        try:
            response = self._http().send(request)
        except (httpx.RequestError, RuntimeError) as error:
            raise self._unsent(call, error) from error
        if call.success is None:
            raise call.error
        return Answer(call, call.success, response)

    def _page(self, operation: PagedOperation[T, P], arguments: dict[str, Any]) -> Page[T, P]:
        """Fetch one page of a paged operation; arguments and errors as for `_call`."""
        return self._call(operation, arguments).page(operation)

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
        return self._call(operation, arguments).one(operation)

    def _many(self, operation: Operation[T], arguments: Mapping[str, Any]) -> list[T]:
        """Call an operation whose data is a list, without paging."""
        return self._call(operation, arguments).many(operation)

    def _data(self, operation: Operation[Any], arguments: Mapping[str, Any]) -> Any:
        """Call an operation whose data is neither an object nor a list of objects."""
        return self._call(operation, arguments).data(operation)


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

    async def _call(self, operation: Operation[Any], arguments: Mapping[str, Any]) -> Answer:
        """Call an operation; see `SyncClient._call`."""
        import httpx

        from keyapi._answer import Answer

        request, call = self._prepare(operation, arguments)
        try:
            response = await self._http().send(request)
        except (httpx.RequestError, RuntimeError) as error:
            raise self._unsent(call, error) from error
        if call.success is None:
            raise call.error
        return Answer(call, call.success, response)

    async def _page(self, operation: PagedOperation[T, P], arguments: dict[str, Any]) -> Page[T, P]:
        """Fetch one page of a paged operation."""
        return (await self._call(operation, arguments)).page(operation)

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

    async def _one(self, operation: Operation[T], arguments: Mapping[str, Any]) -> T:
        """Call an operation whose data is one object."""
        return (await self._call(operation, arguments)).one(operation)

    async def _many(self, operation: Operation[T], arguments: Mapping[str, Any]) -> list[T]:
        """Call an operation whose data is a list, without paging."""
        return (await self._call(operation, arguments)).many(operation)

    async def _data(self, operation: Operation[Any], arguments: Mapping[str, Any]) -> Any:
        """Call an operation whose data is neither an object nor a list of objects."""
        return (await self._call(operation, arguments)).data(operation)
