"""The clients generated code derives from: calls of operations, judged and typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar, Unpack

import httpx

from keyapi._config import (
    CacheOption,
    ContractOption,
    Transport,
    check_httpx_args,
    find_base_url,
    find_token,
    request_headers,
    settings,
)
from keyapi._errors import BadRequest, ConfigurationError, InvalidResponse, KeyAPIError
from keyapi._pages import AsyncPageIterator, Page, PageIterator
from keyapi._sending.call import Answer, Call
from keyapi._sending.http import AsyncHTTPClient, HTTPClient
from keyapi._sending.limits import Limits

if TYPE_CHECKING:
    from keyapi._config import Options
    from keyapi._operation import Operation, PagedOperation

T = TypeVar("T")
HTTP = TypeVar("HTTP", bound=HTTPClient | AsyncHTTPClient)

# Options that decide where requests go; clients that differ in one of them share nothing.
_CONNECTION = ("token", "base_url", "transport", "httpx_args")


class _Shared(Generic[HTTP]):
    """What a client and those made from it by `with_options` have in common.

    Args:
        new_call: Gives the call of a request made by hand: by the first client's options.

    Attributes:
        http: The httpx client, made when it is first needed.
        closed: Whether it was closed.
        lock: Held while it is made or closed.
        limits: What all requests pass.
    """

    def __init__(self, new_call: Callable[[], Call], limits: Limits) -> None:
        self.new_call = new_call
        self.http: HTTP | None = None
        self.closed = False
        self.lock = Lock()
        self.limits = limits


class _Client(Generic[Transport, HTTP]):
    """What the sync and the async client share: everything but the I/O."""

    default_base_url: ClassVar[str]
    raise_on_unexpected_status: bool = False
    """What the low-level functions below `api` do with an undocumented status."""
    _package: ClassVar[str]  # the generated one, which holds `openapi.json`
    _http_class: type[HTTP]

    def __init__(
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = 30.0,
        deadline: float | None = None,
        max_retries: int = 3,
        rate: str | Any | None = None,
        max_credits: int | None = None,
        quota_cooldown: float = 60.0,
        cache: CacheOption = None,
        contract: ContractOption = "off",
        transport: Transport | None = None,
        httpx_args: Mapping[str, Any] | None = None,
    ) -> None:
        per_call: dict[str, Any] = {
            "timeout": timeout,
            "deadline": deadline,
            "max_retries": max_retries,
            "rate": rate,
            "max_credits": max_credits,
            "quota_cooldown": quota_cooldown,
            "cache": cache,
            "contract": contract,
        }
        self._token = find_token(token)
        self.base_url = find_base_url(base_url, self.default_base_url)
        self._settings = settings(**per_call)
        self._httpx_args = check_httpx_args(httpx_args)
        self._transport = transport
        self._shared = _Shared[HTTP](self._new_call, Limits(self._package))
        self._options: dict[str, Any] = {
            **per_call,
            "token": self._token,
            "base_url": self.base_url,
            "transport": transport,
            "httpx_args": httpx_args,
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base_url}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} can be neither pickled nor copied: it holds a key and "
            "connections. Make one in each process; with_options() gives a changed one"
        )

    def with_options(self, **changes: Unpack[Options[Transport]]) -> Self:
        """Give a client with some options changed.

        It shares this client's connections, credits spent, pace and quota breaker, and closing
        either closes the connections for both; unless `token`, `base_url`, `transport` or
        `httpx_args` change: such a client shares nothing, and is closed by itself.

        Args:
            **changes: Arguments as of the constructor; the others stay as they are.

        Raises:
            ConfigurationError: As of the constructor.
        """
        client = type(self)(**{**self._options, **changes})
        if all(client._options[name] == self._options[name] for name in _CONNECTION):
            client._shared = self._shared
        client.raise_on_unexpected_status = self.raise_on_unexpected_status
        return client

    @property
    def credits_spent(self) -> int:
        """What the requests sent so far cost, in credits, were each of them charged.

        Counted for this client, the one it was made from by `with_options`, and its others.
        """
        return self._shared.limits.spent

    def _new_call(self, operation: str | None = None, cost: int = 1) -> Call:
        return Call(operation, cost, self._settings, self._token, self._shared.limits)

    def _extensions(self, operation: str, cost: int) -> dict[str, Any]:
        """What a low-level function's request carries, so that it is sent by the same rules."""
        return self._new_call(operation, cost).extensions

    def _http(self) -> HTTP:
        """The httpx client that every request goes through."""
        shared = self._shared
        if shared.http is None or shared.closed:
            with shared.lock:  # threads that make the first requests share one pool
                if shared.closed:
                    raise self._closed()
                if shared.http is None:
                    shared.http = self._open()
        return shared.http

    def _closed(self) -> ConfigurationError:
        return ConfigurationError(f"This {type(self).__name__} is closed; make a new one")

    def _unsent(self, call: Call, error: Exception) -> KeyAPIError:
        """What to raise where httpx raised; a bare RuntimeError, if it is not of our closing."""
        if isinstance(error, httpx.RequestError):
            return call.error
        if not self._shared.closed:
            raise error
        return call.locate(self._closed())

    def _open(self) -> HTTP:
        arguments = {
            **self._httpx_args,
            "base_url": self.base_url,
            "headers": request_headers(self._token, self._httpx_args.get("headers")),
            "timeout": httpx.Timeout(**self._settings.timeouts),
            "transport": self._transport,
        }
        try:
            return self._http_class(self._shared.new_call, **arguments)
        except (AttributeError, ImportError, OSError, TypeError, ValueError) as error:
            raise ConfigurationError(f"httpx does not take these httpx_args: {error}") from error

    def _ended(self) -> HTTP | None:
        """The httpx client, to be closed; nothing can be sent from now on."""
        with self._shared.lock:
            self._shared.closed = True
            self._shared.limits.close()
            return self._shared.http

    def _prepare(
        self, operation: Operation[Any], arguments: Mapping[str, Any]
    ) -> tuple[httpx.Request, Call]:
        """Write a request; in a third of the time of httpx's `build_request`."""
        call = self._new_call(operation.name, operation.credits)
        headers = self._http().headers
        try:
            target, body = operation.encode(arguments)
            request = httpx.Request(
                operation.method,
                self.base_url + target,
                headers=headers,
                json=body,
                extensions=call.extensions,
            )
        except KeyAPIError as error:
            error.method = operation.method
            raise call.locate(error) from None
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            problem = BadRequest(f"The request cannot be sent: {error}")
            problem.method = operation.method
            raise call.locate(problem) from error
        return request, call


class SyncClient(_Client[httpx.BaseTransport, HTTPClient]):
    """The base of generated sync clients, which describe the arguments."""

    _http_class = HTTPClient

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
        if (http := self._ended()) is not None:
            http.close()

    def get_httpx_client(self) -> httpx.Client:
        """Give the `httpx.Client` that every request of this client goes through.

        Requests made with it by hand are sent again by the same table, with the options of the
        client that others were made from by `with_options`.
        """
        return self._http()

    def _call(self, operation: Operation[Any], arguments: Mapping[str, Any]) -> Answer:
        """Call an operation.

        Args:
            operation: What to call.
            arguments: Values by argument name; None means "not sent".

        Returns:
            The answer, which was a success.

        Raises:
            KeyAPIError: It failed or was answered with an error.
        """
        request, call = self._prepare(operation, arguments)
        try:
            response = self._http().send(request)
        except (httpx.RequestError, RuntimeError) as error:
            raise self._unsent(call, error) from error
        if call.envelope is None:
            raise call.error
        return Answer(call, call.envelope, response)

    def _page(self, operation: PagedOperation[T], arguments: dict[str, Any]) -> Page[T]:
        """Fetch one page of a paged operation; arguments and errors as for `_call`."""
        return _page(operation, arguments, self._call(operation, arguments))

    def _iterate(
        self,
        operation: PagedOperation[T],
        arguments: dict[str, Any],
        *,
        limit: int | None,
        max_pages: int | None,
    ) -> PageIterator[T]:
        """Walk a paged operation from the page that the arguments name."""
        return PageIterator(
            lambda step: self._page(operation, step), operation, arguments, limit, max_pages
        )

    def _one(self, operation: Operation[T], arguments: Mapping[str, Any]) -> T:
        """Call an operation whose data is one object; arguments and errors as for `_call`."""
        return _one(operation, self._call(operation, arguments))

    def _many(self, operation: Operation[T], arguments: Mapping[str, Any]) -> list[T]:
        """Call an operation whose data is a list, without paging."""
        return _many(operation, self._call(operation, arguments))

    def _data(self, operation: Operation[Any], arguments: Mapping[str, Any]) -> Any:
        """Call an operation whose data has no class of its own: the decoded JSON."""
        return self._call(operation, arguments).envelope.find(("data",))


class AsyncClient(_Client[httpx.AsyncBaseTransport, AsyncHTTPClient]):
    """The base of generated async clients (asyncio): as `SyncClient`, with `await`."""

    _http_class = AsyncHTTPClient

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
        if (http := self._ended()) is not None:
            await http.aclose()

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Give the `httpx.AsyncClient` that every request of this client goes through.

        Requests made with it by hand are sent again by the same table, with the options of the
        client that others were made from by `with_options`.
        """
        return self._http()

    async def _call(self, operation: Operation[Any], arguments: Mapping[str, Any]) -> Answer:
        """Call an operation; see `SyncClient._call`."""
        request, call = self._prepare(operation, arguments)
        try:
            response = await self._http().send(request)
        except (httpx.RequestError, RuntimeError) as error:
            raise self._unsent(call, error) from error
        if call.envelope is None:
            raise call.error
        return Answer(call, call.envelope, response)

    async def _page(self, operation: PagedOperation[T], arguments: dict[str, Any]) -> Page[T]:
        """Fetch one page of a paged operation."""
        return _page(operation, arguments, await self._call(operation, arguments))

    def _iterate(
        self,
        operation: PagedOperation[T],
        arguments: dict[str, Any],
        *,
        limit: int | None,
        max_pages: int | None,
    ) -> AsyncPageIterator[T]:
        """Walk a paged operation from the page that the arguments name."""
        return AsyncPageIterator(
            lambda step: self._page(operation, step), operation, arguments, limit, max_pages
        )

    async def _one(self, operation: Operation[T], arguments: Mapping[str, Any]) -> T:
        """Call an operation whose data is one object."""
        return _one(operation, await self._call(operation, arguments))

    async def _many(self, operation: Operation[T], arguments: Mapping[str, Any]) -> list[T]:
        """Call an operation whose data is a list, without paging."""
        return _many(operation, await self._call(operation, arguments))

    async def _data(self, operation: Operation[Any], arguments: Mapping[str, Any]) -> Any:
        """Call an operation whose data has no class of its own: the decoded JSON."""
        return (await self._call(operation, arguments)).envelope.find(("data",))


def _page(operation: PagedOperation[T], arguments: dict[str, Any], answer: Answer) -> Page[T]:
    try:
        return Page(operation, arguments, _rows(operation, answer), answer)
    except InvalidResponse as error:
        raise answer.locate(error) from None


def _one(operation: Operation[T], answer: Answer) -> T:
    data = answer.envelope.find(("data",))
    if not isinstance(data, dict):
        raise answer.invalid(f"/data is {type(data).__name__}, not an object")
    return operation.view(data)


def _many(operation: Operation[T], answer: Answer) -> list[T]:
    return [operation.view(row) for row in _rows(operation, answer)]


def _rows(operation: Operation[Any], answer: Answer) -> list[dict[str, Any]]:
    """The rows of a list operation; anything but a list of objects is refused."""
    rows = answer.envelope.find(operation.items)
    where = "/".join(operation.items)
    if not isinstance(rows, list):
        raise answer.invalid(f"/{where} is {type(rows).__name__}, not a list of rows")
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise answer.invalid(f"/{where}/{number} is {type(row).__name__}, not a row")
    return rows
