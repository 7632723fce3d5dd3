"""A server in the client's process, and sync and async calls under one interface."""

from __future__ import annotations

import asyncio
import importlib.resources
import json
import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
import pytest

from keyapi import KeyAPIError
from keyapi_example import AsyncTikTok, TikTok
from support.clocks import FakeClock, clocked

if TYPE_CHECKING:
    from support.loopback import Loopback

KEY = "sk_live_c4nary"
PATH = "/v1/tiktok/influencer/products/analytics"
SPEC = json.loads((importlib.resources.files("keyapi_example") / "openapi.json").read_text("utf-8"))
OPERATION = SPEC["paths"][PATH]["get"]
EXAMPLE = OPERATION["responses"]["200"]["content"]["application/json"]["example"]
REQUEST_ID = EXAMPLE["requestId"]
USER_ID = EXAMPLE["data"][0]["user_id"]


def product(number: int) -> dict[str, Any]:
    """The documented row, told apart from others by its product id."""
    return {**EXAMPLE["data"][0], "product_id": f"172938394173070{number:04}"}


def success(data: Any) -> httpx.Response:
    """An answer with code 0."""
    return httpx.Response(200, json={**EXAMPLE, "data": data})


def fresh(answer: httpx.Response) -> httpx.Response:
    """The same answer once more; a response can be sent once."""
    return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def pickled(value: Any) -> Any:
    """The value, pickled and restored."""
    return pickle.loads(pickle.dumps(value))


def refusal(status: int, code: int | None = None, message: str = "no") -> httpx.Response:
    """An answer that is an error; the envelope's code is the status unless told."""
    body = {
        "code": status if code is None else code,
        "message": message,
        "data": None,
        "requestId": REQUEST_ID,
    }
    return httpx.Response(status, json=body)


class Server:
    """Serves rows by page number and size, and records what was asked.

    Attributes:
        rows: All rows there are.
        answers: What is answered, or raised, for a page number instead of its rows.
        always: What is answered, or raised, whatever was asked.
        requests: The requests that arrived.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = EXAMPLE["data"]
        self.answers: dict[int, httpx.Response | Exception] = {}
        self.always: httpx.Response | Exception | None = None
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.always
        if answer is None and request.url.params.get("page_num"):
            answer = self.answers.get(int(request.url.params["page_num"]))
        if isinstance(answer, Exception):
            raise answer
        return fresh(answer) if answer is not None else success(self._page(request))

    def _page(self, request: httpx.Request) -> list[dict[str, Any]]:
        number, size = (int(request.url.params[name]) for name in ("page_num", "page_size"))
        return self.rows[(number - 1) * size : number * size]

    def holds(self, count: int) -> None:
        """Make it serve so many rows."""
        self.rows = [product(number) for number in range(count)]

    @property
    def pages(self) -> list[int]:
        """The page numbers that were asked for, in order."""
        return [int(request.url.params["page_num"]) for request in self.requests]


@dataclass
class Walked:
    """What a walk handed out, and the error that ended it."""

    rows: list[Any] = field(default_factory=list)
    error: KeyAPIError | None = None

    @property
    def ids(self) -> list[str]:
        return [row.product_id for row in self.rows]


class Mode(ABC):
    """Opens a client on the server, and uses it as a user of this kind of client would.

    `use` gets the client and makes a call: its result is awaited, or walked, where needed.
    """

    name: ClassVar[str]
    client: ClassVar[type[TikTok | AsyncTikTok]]

    def __init__(self, server: Callable[[httpx.Request], httpx.Response]) -> None:
        self.server = server
        self.clock = FakeClock()

    def open(self, **options: Any) -> Any:
        """A client on the server, whose waits take no time; `options` as of the class."""
        transport = httpx.MockTransport(self.server)
        client = self.client(**{"token": KEY, "transport": transport, **options})
        return clocked(client, self.clock)

    @abstractmethod
    def call(self, use: Callable[[Any], Any], **options: Any) -> Any:
        """Open a client and give what one call gives."""

    @abstractmethod
    def walk(self, use: Callable[[Any], Any], *, take: int | None = None) -> Walked:
        """Open a client and walk, up to the end, the first error, or so many rows."""

    @abstractmethod
    def close(self, client: Any) -> None:
        """Close a client."""

    @abstractmethod
    def after_error(self, use: Callable[[Any], Any]) -> Any:
        """Walk up to the first error, then ask the same iterator for one more row."""

    def page(self, *, options: dict[str, Any] | None = None, **arguments: Any) -> Any:
        """Call the committed operation."""
        return self.call(
            lambda client: client.influencer.products_analytics(user_id=USER_ID, **arguments),
            **options or {},
        )

    def products(self, *, take: int | None = None, **arguments: Any) -> Walked:
        """Walk the committed operation."""
        return self.walk(
            lambda client: client.influencer.iter_products_analytics(user_id=USER_ID, **arguments),
            take=take,
        )

    def product_pages(self, **arguments: Any) -> Walked:
        """Walk the committed operation's whole pages."""
        return self.walk(
            lambda client: client.influencer.iter_products_analytics(
                user_id=USER_ID, **arguments
            ).pages()
        )


class Sync(Mode):
    name = "sync"
    client = TikTok

    def call(self, use: Callable[[Any], Any], **options: Any) -> Any:
        with self.open(**options) as client:
            return use(client)

    def walk(self, use: Callable[[Any], Any], *, take: int | None = None) -> Walked:
        walked = Walked()
        with self.open() as client:
            try:
                for row in use(client):
                    walked.rows.append(row)
                    if len(walked.rows) == take:
                        break
            except KeyAPIError as error:
                walked.error = error
        return walked

    def close(self, client: Any) -> None:
        client.close()

    def after_error(self, use: Callable[[Any], Any]) -> Any:
        with self.open() as client:
            rows = use(client)
            with pytest.raises(KeyAPIError):
                for _ in rows:
                    pass
            return next(rows, None)


class Async(Mode):
    name = "async"
    client = AsyncTikTok

    def call(self, use: Callable[[Any], Any], **options: Any) -> Any:
        async def main() -> Any:
            async with self.open(**options) as client:
                return await use(client)

        return asyncio.run(main())

    def walk(self, use: Callable[[Any], Any], *, take: int | None = None) -> Walked:
        walked = Walked()

        async def main() -> None:
            async with self.open() as client:
                try:
                    async for row in use(client):
                        walked.rows.append(row)
                        if len(walked.rows) == take:
                            break
                except KeyAPIError as error:
                    walked.error = error

        asyncio.run(main())
        return walked

    def close(self, client: Any) -> None:
        asyncio.run(client.close())

    def after_error(self, use: Callable[[Any], Any]) -> Any:
        async def main() -> Any:
            async with self.open() as client:
                rows = use(client)
                with pytest.raises(KeyAPIError):
                    async for _ in rows:
                        pass
                return await anext(rows, None)

        return asyncio.run(main())


def outcomes(mode: Mode, times: int, threads: int = 20, **options: Any) -> list[Any]:
    """What so many calls of one client come to, made by threads or all at once by tasks."""

    def outcome(result: Any) -> Any:
        return type(result) if isinstance(result, Exception) else "page"

    async def main() -> list[Any]:
        async with mode.open(**options) as client:
            calls = [client.influencer.products_analytics(user_id=str(n)) for n in range(1, times)]
            return list(await asyncio.gather(*calls, return_exceptions=True))

    if mode.name == "async":
        return [outcome(result) for result in asyncio.run(main())]

    def call(number: int) -> Any:
        try:
            return client.influencer.products_analytics(user_id=str(number))
        except KeyAPIError as error:
            return error

    with mode.open(**options) as client, ThreadPoolExecutor(threads) as pool:
        return [outcome(result) for result in pool.map(call, range(1, times))]


def first_page(mode: Mode, client: Any) -> Any:
    """The first page of the committed operation, by a client of the mode."""
    call = client.influencer.products_analytics(user_id=USER_ID)
    return call if mode.name == "sync" else asyncio.run(_awaited(call))


async def _awaited(call: Any) -> Any:
    return await call


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEYAPI_TOKEN", "KEYAPI_API_KEY", "KEYAPI_KEY", "KEYAPI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Server:
    """A server that holds the documented row."""
    return Server()


@pytest.fixture(params=[Sync, Async], ids=lambda kind: kind.name)
def mode(request: pytest.FixtureRequest, server: Server) -> Mode:
    """The sync client, then the async one."""
    made: Mode = request.param(server)
    return made


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server on a real socket, in a thread."""
    from support.loopback import Loopback

    with Loopback() as server:
        yield server
