"""The class `Sandbox`: the API of one or more clients, in this process or on a real port."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from keyapi._client import AsyncClient, SyncClient
from keyapi._clients import async_twin, installed, one_of
from keyapi._errors import ConfigurationError
from keyapi.recording.model import SANDBOX_URL
from keyapi.sandbox._exchange import Reply, SandboxRequest
from keyapi.sandbox._http import App, Receive, Scope, Send, Transport
from keyapi.sandbox._ledger import Ledger
from keyapi.sandbox._service import Service
from keyapi.sandbox._settings import check_latency, check_optional, check_whole
from keyapi.sandbox._together import together
from keyapi.specification import Specification

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    C = TypeVarWithDefault("C", bound=SyncClient, default=Any)
else:  # only Python 3.13 knows defaults
    C = TypeVar("C")
S = TypeVar("S", bound=SyncClient)
A = TypeVar("A", bound=AsyncClient)

KEY = "sk_sandbox_0000"
HOST = "127.0.0.1"


class Sandbox(Generic[C]):
    """A sandbox of the API of one client, or of all that are installed.

    `Sandbox(TikTok)` is a `Sandbox[TikTok]`, and type checkers know what its `client()` is.

    Args:
        client: The generated client class, or its platform's name; every installed client if it
            is left out.
        key: The API key to accept.
        credits: Credits that can be spent before requests get 402; None for unlimited.
        qps: Requests answered per second before further ones get 429; None for unlimited.
        seed: The same seed gives the same data on every machine; a different seed, different data.
        faults: Faults to serve, at most 100, e.g. `"html-502@3"` for the third request; `FAULTS`
            has their names, `_schedule.scheduled` the syntax; `"html-502?user_id=7"` is served to
            requests with that argument.
        latency: Delay before each answer, in seconds, at most 300.
        strict: Whether to refuse unknown parameters; the real API is reported to ignore them.
        retry_after: `Retry-After` of a 429, in whole seconds; None to omit it.
        control: Whether to serve `/_sandbox/…`: ledger, requests, charges, faults, reset. It asks
            for the key, as the API does.
        spec: An effective specification to serve instead of the clients' own.
        clock: Returns the time in seconds; for tests of the rate limit.

    Attributes:
        clients: The client classes whose API is served.
        spec: The specification that is served; of several clients' those together.
        key: The API key that is accepted.
        seed: The seed of the data.
        ledger: Requests and charges so far.
        control: Whether `/_sandbox/…` is served.

    Raises:
        ConfigurationError: There is no such client or fault, a number is out of range, or the extra
            `sandbox` is not installed.
    """

    def __init__(
        self,
        client: str | type[C] | None = None,
        *,
        key: str = KEY,
        credits: int | None = None,  # noqa: A002 - the API's own word
        qps: int | None = None,
        seed: int = 0,
        faults: Iterable[str] = (),
        latency: float = 0.0,
        strict: bool = False,
        retry_after: int | None = None,
        control: bool = False,
        spec: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        _require("jsonschema_rs", "starlette", "uvicorn")
        check_optional("credits", credits)
        check_optional("qps", qps, 1)
        check_optional("retry_after", retry_after)
        check_whole("seed", seed, -(2**63), 2**63 - 1)
        self.clients = _chosen(client)
        self.spec = Specification(spec) if spec else _served(self.clients)
        self.key = key
        self.seed = seed
        self.ledger = Ledger(credits, qps, clock)
        self.control = control
        self._service = Service(
            self.spec,
            key=key,
            ledger=self.ledger,
            seed=seed,
            latency=check_latency(latency),
            strict=strict,
            retry_after=retry_after,
        )
        self.faults = list(faults)

    def __repr__(self) -> str:
        names = " and ".join(client.__name__ for client in self.clients.values())
        return f"<Sandbox of {names}, {self.ledger.count} requests>"

    @property
    def faults(self) -> list[str]:
        """The scheduled faults, as they were written; assign a list to replace them."""
        return self._service.fault_texts

    @faults.setter
    def faults(self, texts: Iterable[str]) -> None:
        self._service.fault_texts = list(texts)

    @property
    def latency(self) -> float:
        """Delay before each answer, in seconds; assign a number to change it."""
        return self._service.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._service.latency = check_latency(seconds)

    @property
    def credits_left(self) -> int | None:
        """Credits that can still be spent; None for unlimited."""
        return self.ledger.credits_left

    def reset(self) -> None:
        """Forget all requests, charges and faults."""
        self._service.reset()

    def respond(self, request: SandboxRequest) -> Reply:
        """Answer one request, without any transport."""
        return self._service.respond(request)

    @property
    def transport(self) -> Transport:
        """An httpx transport, sync and async, that sends requests to this sandbox."""
        return Transport(self._service)

    @overload
    def client(self, which: str | None = None, /, **options: Any) -> C: ...
    @overload
    def client(self, which: type[S], /, **options: Any) -> S: ...
    def client(self, which: Any = None, /, **options: Any) -> Any:
        """Make a sync client bound to this sandbox.

        Args:
            which: Its class, or the name of its platform; needed where the sandbox serves several.
                With the class, type checkers know what they get.
            **options: Arguments of the client class; the key is this sandbox's unless given.

        Raises:
            ConfigurationError: The sandbox does not serve this client, or `which` is needed.
        """
        return self._class(which, self.clients)(**self._bound(options))

    @overload
    def async_client(self, which: str | None = None, /, **options: Any) -> Any: ...
    @overload
    def async_client(self, which: type[A], /, **options: Any) -> A: ...
    def async_client(self, which: Any = None, /, **options: Any) -> Any:
        """Make an async client bound to this sandbox; as `client`, with the class for asyncio."""
        twins = {name: async_twin(client) for name, client in self.clients.items()}
        return self._class(which, twins)(**self._bound(options))

    def _class(self, which: Any, served: Mapping[str, Any]) -> Any:
        if not isinstance(which, type):
            return one_of(served, which, "served")
        if not issubclass(which, tuple(served.values())):
            names = ", ".join(client.__name__ for client in served.values())
            raise ConfigurationError(f"{which.__name__} is not served; served: {names}")
        return which

    def _bound(self, options: dict[str, Any]) -> dict[str, Any]:
        # A request that escaped the transport would get nowhere.
        bound = {"token": self.key, "base_url": SANDBOX_URL}
        return {**bound, "transport": self.transport, **options}

    @cached_property
    def _app(self) -> Any:
        from starlette.applications import Starlette
        from starlette.routing import Mount

        from keyapi.sandbox._control import routes

        control = routes(self._service) if self.control else []
        return Starlette(routes=[*control, Mount("/", app=App(self._service))])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as an ASGI application."""
        await self._app(scope, receive, send)

    @contextmanager
    def serve(self, port: int = 0, *, host: str = HOST) -> Iterator[str]:
        """Serve on a real port, in a thread, until the `with` block ends.

        Args:
            port: The port; 0 picks a free one.
            host: The address to listen on; loopback by default.

        Yields:
            The base URL.

        Raises:
            OSError: The port is in use.
        """
        from keyapi.sandbox._server import in_thread

        with in_thread(self, host, port) as url:
            yield url


def run(
    client: str | type[SyncClient] | None = None,
    *,
    port: int = 8000,
    host: str = HOST,
    report: Callable[[Sandbox, str], None],
    **options: Any,
) -> None:
    """Serve until Ctrl-C.

    Args:
        client: See `Sandbox`.
        port: The port; 0 picks a free one.
        host: The address to listen on; loopback by default.
        report: Called with the sandbox and its URL as soon as it accepts requests.
        **options: See `Sandbox`.

    Raises:
        ConfigurationError: See `Sandbox`.
        OSError: The port is in use.
    """
    sandbox = Sandbox(client, **options)

    from keyapi.sandbox._server import until_interrupted

    until_interrupted(sandbox, host, port, lambda url: report(sandbox, url))


def _chosen(client: str | type[SyncClient] | None) -> dict[str, type[SyncClient]]:
    """Client classes to serve, by name of their platform."""
    if isinstance(client, type):
        return {client.__name__: client}
    clients = installed()
    if client is None and len(clients) > 1:
        return clients
    found = one_of(clients, client)
    return {name: each for name, each in clients.items() if each is found}


def _served(clients: Mapping[str, type[SyncClient]]) -> Specification:
    specs = {name: Specification.of_package(client._package) for name, client in clients.items()}
    if len(specs) == 1:
        return next(iter(specs.values()))
    return Specification(together({name: spec.document for name, spec in specs.items()}))


def _require(*modules: str) -> None:
    if any(find_spec(module) is None for module in modules):
        raise ConfigurationError(
            "The sandbox needs more packages: pip install 'keyapi-tiktok[sandbox]'"
        )
