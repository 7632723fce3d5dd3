"""KeyAPI on your own machine: a server that answers as the effective specification says, offline.

    from keyapi.sandbox import Sandbox

    sandbox = Sandbox(credits=100, faults=["html-502@2"])
    with sandbox.client() as tiktok:
        tiktok.influencer.products_analytics(user_id="6813855719982466054")
    sandbox.ledger.charged

`with sandbox.serve() as url:` puts the same sandbox on a real port; the object itself is an ASGI
application. Everything it serves is derived from the specification and its `x-keyapi`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import Any

from keyapi._client import AsyncClient, SyncClient
from keyapi._clients import async_twin, find
from keyapi._errors import ConfigurationError
from keyapi.sandbox._exchange import Reply, SandboxRequest
from keyapi.sandbox._http import App, Receive, Scope, Send, Transport, control
from keyapi.sandbox._ledger import Entry, Ledger
from keyapi.sandbox._schedule import scheduled
from keyapi.sandbox._service import Service
from keyapi.sandbox.faults import FAULTS
from keyapi.specification import Specification

__all__ = ["FAULTS", "Entry", "Ledger", "Reply", "Sandbox", "SandboxRequest", "run"]

KEY = "sk_sandbox_0000"
HOST = "127.0.0.1"
_STARTS_WITHIN = 10.0  # seconds


class Sandbox:
    """A sandbox of one client's API.

    Args:
        client: The generated client class, or its platform's name; the only one installed, where
            it is left out.
        key: The key that is accepted.
        credits: What may be spent before 402; None for no bound.
        qps: How many requests are answered in any second before 429; None for no bound.
        seed: Another seed gives other data; the same gives the same, on every machine.
        faults: What to spoil, e.g. `"html-502@3"` for the third request; see `FAULTS` and
            `_schedule.scheduled`.
        latency: How long each answer takes, in seconds.
        strict: Whether unknown parameters are refused; the real API is reported to ignore them.
        retry_after: What a 429 asks to wait, in whole seconds; None to send none.
        control: Whether `/_sandbox/…` is served: ledger, requests, faults, reset.
        spec: An effective specification to serve instead of the client's own.
        clock: Tells the time, in seconds; for tests of the pace.

    Raises:
        ConfigurationError: No such client or fault, or the extra `sandbox` is not installed.
    """

    def __init__(
        self,
        client: str | type[SyncClient] | None = None,
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
        _need("jsonschema_rs", "starlette", "uvicorn")
        self._client = client if isinstance(client, type) else find(client)
        package = self._client._package
        self.spec = Specification(spec) if spec else Specification.of_package(package)
        self.key = key
        self.seed = seed
        self.latency = latency
        self.ledger = Ledger(credits, qps, clock)
        self._control = control
        self._service = Service(
            self.spec,
            key=key,
            ledger=self.ledger,
            seed=seed,
            strict=strict,
            retry_after=retry_after,
        )
        self.faults = list(faults)

    def __repr__(self) -> str:
        return f"<Sandbox of {self._client.__name__}, {self.ledger.count} requests>"

    @property
    def faults(self) -> list[str]:
        """What is spoilt, as it was written; set it to serve others from now on."""
        return [fault.text for fault in self._service.faults]

    @faults.setter
    def faults(self, texts: Iterable[str]) -> None:
        self._service.faults = [scheduled(text) for text in texts]

    @property
    def credits_left(self) -> int | None:
        """What may still be spent, in credits; None for no bound."""
        return self.ledger.credits_left

    def reset(self) -> None:
        """Forget all requests, charges and faults."""
        self.ledger.reset()
        self.faults = []

    def respond(self, asked: SandboxRequest) -> Reply:
        """Answer one request, without any transport."""
        return self._service.respond(asked)

    @property
    def transport(self) -> Transport:
        """An httpx transport, sync and async, that leads here."""
        return Transport(self)

    def client(self, **options: Any) -> Any:
        """Give a sync client bound to this sandbox.

        Args:
            **options: Arguments of the client; the key is this sandbox's.
        """
        return self._client(**self._bound(options))

    def async_client(self, **options: Any) -> Any:
        """Give an async client bound to this sandbox; arguments as for `client`."""
        twin: type[AsyncClient] = async_twin(self._client)
        return twin(**self._bound(options))

    def _bound(self, options: dict[str, Any]) -> dict[str, Any]:
        # A name that no resolver knows: should a request ever leave, it arrives nowhere.
        bound = {"token": self.key, "base_url": "http://sandbox.invalid"}
        return {**bound, "transport": self.transport, **options}

    @cached_property
    def _app(self) -> Any:
        from starlette.applications import Starlette
        from starlette.routing import Mount

        routes = control(self) if self._control else []
        return Starlette(routes=[*routes, Mount("/", app=App(self))])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as an ASGI application."""
        await self._app(scope, receive, send)

    @contextmanager
    def serve(self, port: int = 0, *, host: str = HOST) -> Iterator[str]:
        """Serve on a real port, in a thread, until the `with` block ends.

        Args:
            port: The port; 0 for a free one.
            host: The address; loopback unless told.

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
        client: As of `Sandbox`.
        port: The port; 0 for a free one.
        host: The address; loopback unless told.
        report: Is told the sandbox and its URL once it can be used.
        **options: As of `Sandbox`.

    Raises:
        ConfigurationError: As of `Sandbox`.
        OSError: The port is in use.
    """
    sandbox = Sandbox(client, **options)

    from keyapi.sandbox._server import until_interrupted

    until_interrupted(sandbox, host, port, report)


def _need(*modules: str) -> None:
    if any(find_spec(module) is None for module in modules):
        raise ConfigurationError(
            "The sandbox needs more packages: pip install 'keyapi-tiktok[sandbox]'"
        )
