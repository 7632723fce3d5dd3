"""The clients generated code derives from: one request at a time, judged and typed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import httpx

from keyapi._envelope import Envelope, open_envelope
from keyapi._errors import (
    BadRequest,
    ConfigurationError,
    InvalidResponse,
    KeyAPIError,
    TransportError,
    without_secrets,
)
from keyapi._pages import AsyncPageIterator, Page, PageIterator

if TYPE_CHECKING:
    from keyapi._operation import Operation, PagedOperation

T = TypeVar("T")

# KEYAPI_TOKEN is what KeyAPI's own tooling reads; the other two are in use by third parties.
_TOKEN_VARIABLES = ("KEYAPI_TOKEN", "KEYAPI_API_KEY", "KEYAPI_KEY")
_PLACEHOLDERS = ("your", "<", "sk_live_xxx", "changeme", "placeholder")


class _Client:
    """What the sync and the async client share: configuration and judgement, no I/O."""

    default_base_url: ClassVar[str]

    def __init__(
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 30.0,
    ) -> None:
        self._token = _find_token(token)
        self.base_url = _checked_url(
            base_url or os.environ.get("KEYAPI_BASE_URL") or self.default_base_url
        )
        self.timeout = timeout
        self._closed = False
        self._opening = Lock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {without_secrets(httpx.URL(self.base_url))}>"

    def _http_options(self) -> dict[str, Any]:
        if self._closed:
            raise ConfigurationError(f"This {type(self).__name__} is closed; make a new one")
        headers = {"Authorization": f"Bearer {self._token}", "User-Agent": _user_agent()}
        return {"base_url": self.base_url, "timeout": self.timeout, "headers": headers}

    def _judge(self, operation: Operation[Any], response: httpx.Response) -> Envelope:
        try:
            return open_envelope(response.status_code, response.content)
        except KeyAPIError as error:
            error.message = error.message.replace(self._token, "[key]")
            error.args = (error.message,)
            raise _located(error, operation, response.request) from None


class SyncClient(_Client):
    """The base of generated sync clients; use it as a context manager, or `close()` it.

    Args:
        token: The API key; without it, the environment's KEYAPI_TOKEN, KEYAPI_API_KEY or
            KEYAPI_KEY is used.
        base_url: The server; without it, KEYAPI_BASE_URL or the documented one is used.
        timeout: For each phase of a request, in seconds.
        transport: An httpx transport to send through instead of the network.

    Raises:
        ConfigurationError: There is no key, or only a placeholder.
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(token, base_url=base_url, timeout=timeout)
        self._transport = transport
        self._http: httpx.Client | None = None

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
        if self._http is not None:
            self._http.close()
        self._closed = True

    def get_httpx_client(self) -> httpx.Client:
        """Give the `httpx.Client` that every request of this client goes through."""
        if self._http is None or self._closed:
            with self._opening:  # threads that make the first requests share one pool
                if self._http is None or self._closed:
                    self._http = httpx.Client(transport=self._transport, **self._http_options())
        return self._http

    def _request(
        self, operation: Operation[Any], params: Mapping[str, Any]
    ) -> tuple[Envelope, httpx.Response]:
        """Send one request and judge the answer.

        Args:
            operation: What to call.
            params: Arguments by wire name; None means "not sent".

        Raises:
            KeyAPIError: The request failed or was answered with an error.
        """
        url, query, body = operation.encode(params)
        try:
            response = self.get_httpx_client().request(
                operation.method, url, params=query, json=body
            )
        except (httpx.RequestError, httpx.InvalidURL, UnicodeEncodeError) as error:
            raise _unsent(error, operation) from error
        return self._judge(operation, response), response

    def _page(self, operation: PagedOperation[T], params: dict[str, Any]) -> Page[T]:
        """Fetch one page of a paged operation; arguments and errors as for `_request`."""
        envelope, response = self._request(operation, params)
        return Page(operation, params, envelope, _rows(operation, envelope, response), response)

    def _iterate(
        self,
        operation: PagedOperation[T],
        params: dict[str, Any],
        *,
        limit: int | None,
        max_pages: int | None,
    ) -> PageIterator[T]:
        """Walk a paged operation from the page that `params` name."""
        return PageIterator(
            lambda step: self._page(operation, step), operation, params, limit, max_pages
        )

    def _one(self, operation: Operation[T], params: Mapping[str, Any]) -> T:
        """Fetch an operation whose data is one object; arguments and errors as for `_request`."""
        return _object(operation, *self._request(operation, params))

    def _many(self, operation: Operation[T], params: Mapping[str, Any]) -> list[T]:
        """Fetch an operation whose data is a list, without paging."""
        return [operation.view(row) for row in _rows(operation, *self._request(operation, params))]

    def _data(self, operation: Operation[Any], params: Mapping[str, Any]) -> Any:
        """Fetch an operation whose data has no class of its own: the decoded JSON."""
        return self._request(operation, params)[0].find(("data",))


class AsyncClient(_Client):
    """The base of generated async clients (asyncio): as `SyncClient`, with `await`."""

    def __init__(
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(token, base_url=base_url, timeout=timeout)
        self._transport = transport
        self._http: httpx.AsyncClient | None = None

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
        if self._http is not None:
            await self._http.aclose()
        self._closed = True

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Give the `httpx.AsyncClient` that every request of this client goes through."""
        if self._http is None or self._closed:
            self._http = httpx.AsyncClient(transport=self._transport, **self._http_options())
        return self._http

    async def _request(
        self, operation: Operation[Any], params: Mapping[str, Any]
    ) -> tuple[Envelope, httpx.Response]:
        """Send one request and judge the answer; see `SyncClient._request`."""
        url, query, body = operation.encode(params)
        try:
            response = await self.get_async_httpx_client().request(
                operation.method, url, params=query, json=body
            )
        except (httpx.RequestError, httpx.InvalidURL, UnicodeEncodeError) as error:
            raise _unsent(error, operation) from error
        return self._judge(operation, response), response

    async def _page(self, operation: PagedOperation[T], params: dict[str, Any]) -> Page[T]:
        """Fetch one page of a paged operation."""
        envelope, response = await self._request(operation, params)
        return Page(operation, params, envelope, _rows(operation, envelope, response), response)

    def _iterate(
        self,
        operation: PagedOperation[T],
        params: dict[str, Any],
        *,
        limit: int | None,
        max_pages: int | None,
    ) -> AsyncPageIterator[T]:
        """Walk a paged operation from the page that `params` name."""
        return AsyncPageIterator(
            lambda step: self._page(operation, step), operation, params, limit, max_pages
        )

    async def _one(self, operation: Operation[T], params: Mapping[str, Any]) -> T:
        """Fetch an operation whose data is one object."""
        return _object(operation, *await self._request(operation, params))

    async def _many(self, operation: Operation[T], params: Mapping[str, Any]) -> list[T]:
        """Fetch an operation whose data is a list, without paging."""
        answer = await self._request(operation, params)
        return [operation.view(row) for row in _rows(operation, *answer)]

    async def _data(self, operation: Operation[Any], params: Mapping[str, Any]) -> Any:
        """Fetch an operation whose data has no class of its own: the decoded JSON."""
        return (await self._request(operation, params))[0].find(("data",))


def _find_token(token: str | None) -> str:
    for candidate in (token, *map(os.environ.get, _TOKEN_VARIABLES)):
        if candidate is None:
            continue
        candidate = candidate.strip()
        if not candidate or candidate.lower().startswith(_PLACEHOLDERS):
            raise ConfigurationError(
                "The API key is empty or a placeholder; get one from KeyAPI's dashboard, "
                "then pass token=... or set KEYAPI_TOKEN"
            )
        if not (candidate.isascii() and candidate.isprintable()):
            raise ConfigurationError(
                "The API key holds characters that no HTTP header can carry; copy it anew"
            )
        return candidate
    raise ConfigurationError("There is no API key; pass token=... or set KEYAPI_TOKEN")


def _user_agent() -> str:
    from importlib.metadata import PackageNotFoundError, version  # slow, and httpx does without

    try:
        return f"keyapi-tiktok/{version('keyapi-tiktok')}"
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "keyapi-tiktok"


def _located(
    error: KeyAPIError, operation: Operation[Any], request: httpx.Request | None
) -> KeyAPIError:
    error.operation = operation.name
    error.method = operation.method
    error.url = without_secrets(request.url) if request is not None else None
    return error


def _unsent(error: Exception, operation: Operation[Any]) -> KeyAPIError:
    if isinstance(error, httpx.RequestError):
        text = str(error) or type(error).__name__
        return _located(TransportError(f"No answer arrived: {text}"), operation, error._request)
    return _located(BadRequest(f"The request cannot be sent: {error}"), operation, None)


def _checked_url(text: str) -> str:
    try:
        url = httpx.URL(text)
        valid = url.scheme in ("http", "https") and bool(url.host)
    except (httpx.InvalidURL, ValueError):
        valid = False
    if not valid:
        raise ConfigurationError(
            "The base URL is no http or https address; pass base_url=... or set KEYAPI_BASE_URL"
        )
    return text


def _rows(
    operation: Operation[Any], envelope: Envelope, response: httpx.Response
) -> list[dict[str, Any]]:
    """The rows of a list operation; anything but a list of objects is refused."""
    rows = envelope.find(operation.items)
    where = "/".join(operation.items)
    if not isinstance(rows, list):
        problem = f"/{where} is {type(rows).__name__}, not a list of rows"
    elif bad := [index for index, row in enumerate(rows) if not isinstance(row, dict)]:
        problem = f"/{where}/{bad[0]} is {type(rows[bad[0]]).__name__}, not a row"
    else:
        return rows
    raise _invalid(problem, operation, envelope, response)


def _object(operation: Operation[T], envelope: Envelope, response: httpx.Response) -> T:
    data = envelope.find(("data",))
    if not isinstance(data, dict):
        problem = f"/data is {type(data).__name__}, not an object"
        raise _invalid(problem, operation, envelope, response)
    return operation.view(data)


def _invalid(
    problem: str, operation: Operation[Any], envelope: Envelope, response: httpx.Response
) -> KeyAPIError:
    error = InvalidResponse(problem, status=response.status_code, request_id=envelope.request_id)
    return _located(error, operation, response.request)
