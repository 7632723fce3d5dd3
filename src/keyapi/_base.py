"""What the sync and the async client share: options, the session, and written requests."""

from __future__ import annotations

from collections.abc import Mapping
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
from keyapi._errors import BadRequest, ConfigurationError, KeyAPIError
from keyapi._sending.call import Call
from keyapi._sending.clock import Clock
from keyapi._sending.http import AsyncHTTPClient, HTTPClient
from keyapi._sending.session import Session

if TYPE_CHECKING:
    from keyapi._config import Options
    from keyapi._operation import Operation

HTTP = TypeVar("HTTP", bound=HTTPClient | AsyncHTTPClient)

# Options that decide where requests go; clients that differ in one of them share nothing.
_CONNECTION = ("token", "base_url", "transport", "httpx_args")


class BaseClient(Generic[Transport, HTTP]):
    """What the sync and the async client share: everything but the I/O."""

    default_base_url: ClassVar[str]
    raise_on_unexpected_status: bool = False
    """What the low-level functions below `api` do with an undocumented status."""
    _package: ClassVar[str]  # the generated package, which holds `openapi.json`
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
        self._session = self._new_session(Clock())
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
        either closes the connections of both. A client whose `token`, `base_url`, `transport` or
        `httpx_args` changed shares nothing and must be closed separately.

        Args:
            **changes: Arguments as of the constructor; the others stay as they are.

        Raises:
            ConfigurationError: As of the constructor.
        """
        client = type(self)(**{**self._options, **changes})
        if all(client._options[name] == self._options[name] for name in _CONNECTION):
            client._session = self._session
        else:
            client._session = client._new_session(self._session.clock)
        client.raise_on_unexpected_status = self.raise_on_unexpected_status
        return client

    @property
    def credits_spent(self) -> int:
        """What the requests sent so far cost at most, in credits: as if each had been charged.

        Counted together for all clients that share a connection; see `with_options`.
        """
        return self._session.limits.spent

    def _new_session(self, clock: Clock) -> Session[HTTP]:
        """Give a session of this client's own; tests give theirs a clock that does not wait."""
        return Session(self._connect, self._package, clock)

    def _new_call(self, operation: str | None = None, cost: int = 1) -> Call:
        return Call(operation, cost, self._settings, self._token, self._session)

    def _extensions(self, operation: str, cost: int) -> dict[str, Any]:
        """What the request of a low-level function carries, so that the same rules apply to it."""
        return self._new_call(operation, cost).extensions

    def _http(self) -> HTTP:
        """The httpx client that every request goes through."""
        session = self._session
        http = session.http
        if http is None or session.closed:
            http = session.connected()
            if http is None:
                raise self._closed()
        return http

    def _closed(self) -> ConfigurationError:
        return ConfigurationError(f"This {type(self).__name__} is closed; make a new one")

    def _unsent(self, call: Call, error: Exception) -> KeyAPIError:
        """What to raise where httpx raised; a RuntimeError not caused by closing stays one."""
        if isinstance(error, httpx.RequestError):
            return call.error
        if not self._session.closed:
            raise error
        return call.locate(self._closed())

    def _connect(self) -> HTTP:
        arguments = {
            **self._httpx_args,
            "base_url": self.base_url,
            "headers": request_headers(self._token, self._httpx_args.get("headers")),
            "timeout": httpx.Timeout(**self._settings.timeouts),
            "transport": self._transport,
        }
        try:
            return self._http_class(self._new_call, **arguments)
        except (AttributeError, ImportError, OSError, TypeError, ValueError) as error:
            raise ConfigurationError(f"httpx does not take these httpx_args: {error}") from error

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
