"""What the sync and the async client share: options, the session, and written requests.

httpx and what sends requests are imported when the first client is made: a program that imports
the package does not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar

from keyapi._errors import BadRequest, ConfigurationError, KeyAPIError
from keyapi._unchanged import UNCHANGED
from keyapi._walk import Walk

if TYPE_CHECKING:
    import httpx

    from keyapi._operation import Operation, PagedOperation
    from keyapi._page import P
    from keyapi._sending.call import Call
    from keyapi._sending.clock import Clock
    from keyapi._sending.exchange import Sent
    from keyapi._sending.http import AsyncHTTPClient, HTTPClient
    from keyapi._sending.session import Session

HTTP = TypeVar("HTTP", bound="HTTPClient | AsyncHTTPClient")
T = TypeVar("T")


class resource(Generic[T]):  # noqa: N801 - a decorator
    """Make a property of a method that makes a group of operations; it is made once.

    Of the class, and so for `unittest.mock.create_autospec`, it is a group without a client.

    Args:
        make: The method.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object | None, owner: type | None = None) -> T:
        made = self._make(instance)
        if instance is not None:
            vars(instance)[self._name] = made
        return made


class BaseClient(Generic[HTTP]):
    """What the sync and the async client share: everything but the I/O."""

    default_base_url: ClassVar[str]
    """The server's URL, unless `base_url` or KEYAPI_BASE_URL gives another."""
    base_url: str
    """The server's URL, without a slash at its end."""
    raise_on_unexpected_status: bool = False
    """What the low-level functions below `api` do with an undocumented status."""
    _package: ClassVar[str]  # the generated package, which holds `openapi.json`
    _is_async: ClassVar[bool]

    def __init__(self, token: str | None = None, **options: Any) -> None:
        from keyapi._answer import Answer
        from keyapi._config import check_specification
        from keyapi._connection import check_transport, check_unused, chosen_base_url
        from keyapi._options import Settings
        from keyapi._sending.call import Call
        from keyapi._sending.clock import Clock

        self._answer_type, self._call_type = Answer, Call
        options["token"] = token
        options["base_url"] = chosen_base_url(options["base_url"], self.default_base_url)
        self._settings = Settings(options)
        if self._settings.contract != "off":
            check_specification(self._package)
        check_transport(self._settings.transport, type(self).__name__, is_async=self._is_async)
        if _wrapper(self._settings.transport) is None:
            check_unused(self._settings.httpx_args)
        self.base_url = self._settings.base_url
        self._session = self._new_session(Clock())
        # Key and server as they were found: a changed client keeps them, whatever the environment.
        found = {"token": self._settings.token, "base_url": self.base_url}
        self._options: dict[str, Any] = {**options, **found}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base_url}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} can be neither pickled nor copied: it holds a key and "
            "connections. Make one in each process; with_options() gives a changed one"
        )

    def _with_options(self, **changes: Any) -> Self:
        """Make a client with options changed, where they are not `UNCHANGED`."""
        from keyapi._options import OPTIONS

        changed = {name: value for name, value in changes.items() if value is not UNCHANGED}
        # Not by its constructor: a class derived from this one may have another.
        client = type(self).__new__(type(self))
        own = {name: value for name, value in vars(self).items() if not _is_of(value, self)}
        client.__dict__.update(own)
        BaseClient.__init__(client, **{**self._options, **changed})
        if all(
            client._options[name] == self._options[name]
            for name, option in OPTIONS.items()
            if option.connection
        ):
            client._session = self._session
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
        from keyapi._sending.session import Session

        return Session(self._connect, self._package, clock)

    def _new_call(
        self,
        operation: str | None = None,
        cost: int = 1,
        *,
        secured: bool = True,
        no_content: bool = False,
    ) -> Call:
        return self._call_type(
            operation,
            cost,
            self._settings,
            self._settings.token,
            self._session,
            secured=secured,
            no_content=no_content,
        )

    def _extensions(
        self, operation: str, cost: int, *, secured: bool = True, no_content: bool = False
    ) -> dict[str, Any]:
        """What the request of a low-level function carries, so that the same rules apply to it."""
        return self._new_call(operation, cost, secured=secured, no_content=no_content).extensions

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
        import httpx

        if isinstance(error, httpx.RequestError):
            return call.error
        if not self._session.closed:
            raise error
        return call.locate(self._closed())

    def _connect(self) -> HTTP:
        import httpx

        from keyapi._connection import request_headers
        from keyapi._sending.http import AsyncHTTPClient, HTTPClient
        from keyapi._sending.network import network
        from keyapi._sending.size import encodings

        http_class: Any = AsyncHTTPClient if self._is_async else HTTPClient
        settings = self._settings
        given = {key: value for key, value in settings.httpx_args.items() if value is not None}
        headers = request_headers(settings.token, given.get("headers"))
        for name, value in encodings().items():
            headers.setdefault(name, value)
        arguments = {
            **given,
            "base_url": self.base_url,
            "headers": headers,
            "timeout": httpx.Timeout(**settings.timeout),
            "transport": settings.transport,
        }
        try:
            own = given.get("mounts", {})
            wrap = _wrapper(settings.transport)
            if wrap is not None:
                # They need httpcore, for which a client with another transport does not wait.
                from keyapi._sending.connections import AsyncConnections, Connections

                kind: Any = AsyncConnections if self._is_async else Connections
                kind = getattr(settings.transport, "connections", kind)
                of_transport = getattr(settings.transport, "arguments", {})
                connections = network(self.base_url, {**of_transport, **given}, kind)
                mounts = {**connections["mounts"], **own}
                arguments |= {
                    "transport": wrap(connections["transport"]),
                    "mounts": {key: each and wrap(each) for key, each in mounts.items()},
                    "proxy": None,
                }
            http: HTTP = http_class(
                self._new_call, (settings.transport, *own.values()), **arguments
            )
        except (AttributeError, ImportError, OSError, TypeError, ValueError) as error:
            raise ConfigurationError(f"httpx does not accept these httpx_args: {error}") from error
        return http

    def _prepare(
        self, operation: Operation[Any], arguments: Mapping[str, Any]
    ) -> tuple[HTTP, httpx.Request | Sent, Call]:
        """Write a request; give what sends it, the request and the call."""
        call = self._new_call(
            operation.name,
            operation.credits,
            secured=operation.secured,
            no_content=operation.no_content,
        )
        try:
            http = self._http()
            call.arguments = operation.checked(arguments, listed=self._settings.check_arguments)
            target, body = operation.encode(call.arguments)
            request = http.written(operation.method, target, body, call)
        except KeyAPIError as error:
            raise self._refused(operation, error) from error.__cause__
        except _unwritable() as error:
            problem = BadRequest(f"The request cannot be sent: {error}")
            raise self._refused(operation, problem) from error
        return http, request, call

    def _walk(
        self,
        operation: PagedOperation[T, P],
        arguments: Mapping[str, Any],
        limit: int | None,
        max_pages: int | None,
    ) -> Walk[T, P]:
        """Begin a walk, whose arguments are checked before its first page is asked for."""
        try:
            checked = operation.checked(
                arguments,
                listed=self._settings.check_arguments,
                names={operation.paging.parameter: "start_page"},
            )
            return Walk(operation, checked, limit, max_pages)
        except KeyAPIError as error:
            raise self._refused(operation, error) from None

    def _checked(
        self,
        operation: Operation[Any],
        arguments: Mapping[str, Any],
        keys: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """Check the arguments of a low-level function; see `keyapi._low_level.checked`."""
        from keyapi._low_level import checked

        try:
            return checked(operation, arguments, keys, listed=self._settings.check_arguments)
        except KeyAPIError as error:
            raise self._refused(operation, error) from None

    def _refused(self, operation: Operation[Any], error: KeyAPIError) -> KeyAPIError:
        error.method = operation.method
        return self._new_call(operation.name).locate(error)


def unsent() -> tuple[type[Exception], ...]:
    """What is raised where a request cannot be sent; httpx is imported when one is."""
    import httpx

    return (httpx.RequestError, RuntimeError)


def _unwritable() -> tuple[type[Exception], ...]:
    import httpx

    return (httpx.InvalidURL, TypeError, ValueError)


def _wrapper(transport: Any) -> Callable[[Any], Any] | None:
    """What the client's own transports are wrapped in; None where the user's has its own way."""
    if transport is None or hasattr(transport, "connections"):
        return lambda own: own
    through = getattr(transport, "through", None)
    return None if through is None or through(None) is None else through


def _is_of(value: object, client: object) -> bool:
    """Whether a value is a group of operations of a client."""
    return getattr(value, "_client", None) is client
