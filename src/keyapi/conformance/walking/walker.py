"""Makes walks with a client, sync and async, and keeps what goes over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import httpx

from keyapi import Page
from keyapi._clients import async_twin
from keyapi._models import Model
from keyapi._sending.clock import Clock
from keyapi.conformance.drivers import Caller, wire
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.walking.walk import (
    PageFacts,
    Progress,
    Row,
    Step,
    Walk,
    WalkPlan,
    as_argument,
)
from keyapi.specification import OperationSpec

_MOST_REQUESTS = 200  # of one walk; one that sends more does not end
_LEFT_OUT = ("content-encoding", "content-length", "transfer-encoding")


class WalkServer(NamedTuple):
    """A server to walk on.

    Attributes:
        transport: Carries requests to it: an httpx transport, sync and async.
        base_url: Its address.
        key: The key that it accepts.
        charged: Gives what it has charged so far, in credits; None without a ledger.
    """

    transport: Any
    base_url: str
    key: str
    charged: Callable[[], int] | None = None


class Walker:
    """Makes walks of one operation.

    Args:
        operation: The operation, as the one who judges knows it.
        caller: The client.
        server: The server.
    """

    def __init__(self, operation: OperationSpec, caller: Caller, server: WalkServer) -> None:
        self._operation = operation
        self._caller = caller
        self._server = server

    def walk(self, plan: WalkPlan) -> Walk:
        """Make a walk.

        Raises:
            Inexpressible: No typed call says these arguments.
        """
        walk = Walk(self._operation, plan)
        recorder = _Recorder(walk, self._server.transport)
        if plan.mode == "single":
            arguments = self._caller.arguments(self._operation.name, plan.arguments)
        else:
            arguments = self._caller.arguments(self._operation.name, plan.arguments, walk=True)
        try:
            if plan.asynchronous:
                self._caller.run(self._async(walk, recorder, arguments))
            else:
                self._sync(walk, recorder, arguments)
        except Exception as error:
            walk.error = error
        walk.runaway = recorder.runaway
        return walk

    def refused(self, plan: WalkPlan) -> Walk:
        """Ask for the page of a plan with a good key, and then with bad ones: near ones, too."""
        paging = self._operation.paging
        walk = Walk(self._operation, plan)
        arguments = dict(plan.arguments)
        if paging is not None and paging.start is not None:
            position = self._operation.arguments[paging.position]
            arguments[paging.position] = as_argument(position, paging.start)
        with httpx.Client(transport=_Recorder(walk, self._server.transport)) as http:
            good = self._server.key
            for key in (good, "sk_bad", good[:-1], f"{good}0", good.swapcase(), "sk_bad"):
                asked = wire(self._operation, arguments)
                headers = {**asked.headers, "authorization": f"Bearer {key}"}
                target = f"{asked.path}?{asked.query}" if asked.query else asked.path
                url = f"{self._server.base_url}{target}"
                http.request(asked.method, url, headers=headers, content=asked.body)
        return walk

    def _sync(self, walk: Walk, recorder: _Recorder, arguments: dict[str, Any]) -> None:
        plan = walk.plan
        with _hurried(self._caller.client, self._options(plan, recorder)) as client:
            if plan.mode == "single":
                method = self._caller.methods[self._operation.name, False].on(client)
                page = method(**arguments, **self._from(plan.start))
                while _kept(walk, page):
                    page = method(**{**arguments, **self._from(page.next)})
                return
            method = self._caller.methods[self._operation.name, True].on(client)
            made = method(**arguments, **self._bounds(plan))
            try:
                if plan.mode == "pages":
                    for page in made.pages():
                        _keep(walk, page)
                    return
                for row in made:
                    walk.rows.append(_as_decoded(row))
                    if len(walk.rows) == plan.broken_off:
                        break
            finally:
                walk.progress = _progress(made)

    async def _async(self, walk: Walk, recorder: _Recorder, arguments: dict[str, Any]) -> None:
        plan = walk.plan
        twin = async_twin(self._caller.client)
        async with _hurried(twin, self._options(plan, recorder)) as client:
            if plan.mode == "single":
                method = self._caller.methods[self._operation.name, False].on(client)
                page = await method(**arguments, **self._from(plan.start))
                while _kept(walk, page):
                    page = await method(**{**arguments, **self._from(page.next)})
                return
            method = self._caller.methods[self._operation.name, True].on(client)
            made = method(**arguments, **self._bounds(plan))
            try:
                if plan.mode == "pages":
                    async for page in made.pages():
                        _keep(walk, page)
                    return
                async for row in made:
                    walk.rows.append(_as_decoded(row))
                    if len(walk.rows) == plan.broken_off:
                        break
            finally:
                walk.progress = _progress(made)

    def _options(self, plan: WalkPlan, recorder: _Recorder) -> dict[str, Any]:
        return {
            "token": self._server.key,
            "base_url": self._server.base_url,
            "transport": recorder,
            "max_retries": plan.trouble.retries if plan.trouble else 0,
        }

    def _bounds(self, plan: WalkPlan) -> dict[str, Any]:
        """The arguments that a walk has, and no request."""
        bounds: dict[str, Any] = {"limit": plan.limit, "max_pages": plan.max_pages}
        method = self._caller.methods[self._operation.name, True]
        return {**bounds, **self._position(method.wire, plan.start)}

    def _from(self, position: Any) -> dict[str, Any]:
        """The argument that asks for a page by its position; the first one where it is None."""
        paging = self._operation.paging
        method = self._caller.methods[self._operation.name, False]
        start = paging.start if paging and position is None else position
        return self._position(method.wire, start)

    def _position(self, names: Any, position: Any) -> dict[str, Any]:
        paging = self._operation.paging
        wanted = {name for name, wire_name in names.items() if paging[1] == wire_name}  # type: ignore[index]  # walks are paged
        return {} if position is None else dict.fromkeys(wanted, position)


class _Recorder(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Hands requests on, keeps each with its answer, and puts trouble in between."""

    def __init__(self, walk: Walk, transport: Any) -> None:
        self._walk = walk
        self._transport = transport
        self.runaway = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._count()
        request.read()
        try:
            response = self._transport.handle_request(request)
            content = response.read()
            response.close()
        except httpx.TransportError:
            self._keep(request, None, planted=False)
            raise
        return self._answered(request, response, content)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._count()
        await request.aread()
        try:
            response = await self._transport.handle_async_request(request)
            content = await response.aread()
            await response.aclose()
        except httpx.TransportError:
            self._keep(request, None, planted=False)
            raise
        return self._answered(request, response, content)

    def _count(self) -> None:
        if len(self._walk.steps) >= _MOST_REQUESTS:
            self.runaway = True
            raise RuntimeError(f"a walk of more than {_MOST_REQUESTS} requests")

    def _answered(
        self, request: httpx.Request, response: httpx.Response, content: bytes
    ) -> httpx.Response:
        headers = {k.lower(): v for k, v in response.headers.items() if k.lower() not in _LEFT_OUT}
        answer: ServerAnswer | None = ServerAnswer(response.status_code, headers, content)
        trouble = self._walk.plan.trouble
        planted = trouble is not None and trouble.due(len(self._walk.steps) + 1)
        if trouble is not None and planted and answer is not None:
            answer = trouble.change(self._walk.operation, answer)
        self._keep(request, answer, planted=planted)
        if answer is None:
            raise httpx.ConnectError("the connection broke")
        return httpx.Response(answer.status, headers=headers, content=answer.content)

    def _keep(self, request: httpx.Request, answer: ServerAnswer | None, *, planted: bool) -> None:
        path, _, query = request.url.raw_path.decode().partition("?")
        self._walk.steps.append(Step(request.method, path, query, request.content, answer, planted))


class _Hurry(Clock):
    """A clock by which waits take no time."""

    def sleep(self, seconds: float) -> None:
        """Go on at once."""

    async def sleep_async(self, seconds: float) -> None:
        """Go on at once."""


def _hurried(kind: Any, options: dict[str, Any]) -> Any:
    """A client that does not wait before it sends a request again."""
    client = kind(**options)
    client._session = client._new_session(_Hurry())
    return client


def _kept(walk: Walk, page: Page[Any]) -> bool:
    """Keep a page, and say whether the next one is asked for."""
    _keep(walk, page)
    most = walk.plan.max_pages
    return page.next is not None and (most is None or len(walk.pages) < most)


def _keep(walk: Walk, page: Page[Any]) -> None:
    walk.rows += [_as_decoded(row) for row in page]
    facts = len(page), page.page_num, page.page_size, page.has_more, page.next, page.request_id
    walk.pages.append(PageFacts(*facts))


def _progress(made: Any) -> Progress:
    """Where an iterator says that it stands."""
    return Progress(*(getattr(made, name) for name in Progress._fields))


def _as_decoded(row: Any) -> Row:
    """A row as it was decoded."""
    decoded: Row = row.to_dict() if isinstance(row, Model) else row
    return decoded
