"""What goes over the client's own connections, and what comes back.

Every other relation hands the client a transport, behind which no byte is sent. Here a server on
this machine answers: sync, async, and async by aiohttp where that is installed. Overdue answers are
also read with a hook of httpx's: a sync request then takes another way, with deadlines of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from typing import Any, NamedTuple

import httpx

from keyapi import KeyAPIError
from keyapi._clients import async_twin
from keyapi._isolation import _renew
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Caller, Inexpressible
from keyapi.conformance.drivers._forms import forms, packed_by
from keyapi.conformance.drivers._loopback import Loopback, Parts, answer, loopback
from keyapi.conformance.drivers._scripted import ScriptedClock
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._probes import probes
from keyapi.conformance.relations._shared import request_differs, success_answer, violation
from keyapi.contract import Violation
from keyapi.specification import OperationSpec

_LATE, _SOON, _NEVER = 0.03, 0.1, 2.5
"""Seconds of an answer that is late; of a time limit; and of an answer that comes too late, even
on a busy machine."""
_DEADLINE = 20.0
"""Seconds of a deadline by a clock that is moved by hand: longer than `_NEVER`."""
_LIMIT = 10_000
"""Bytes that a body may have."""


_HTTPX: tuple[dict[str, Any], ...] = ({}, {"event_hooks": {"request": [lambda request: None]}})
"""Arguments of an httpx client: none, and a hook, which only httpx calls."""


class _Way(NamedTuple):
    """A way to the network.

    Attributes:
        name: What it is called.
        asynchronous: Whether the async client goes it.
        options: The client's options.
    """

    name: str
    asynchronous: bool
    options: dict[str, Any]


@relation("client -> spec", short="c>s", position=2)
@relation("spec -> client", short="s>c", position=4)
def network_as_documented(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """Requests arrive on connections that are kept, and answers are read within bounds.

    Args:
        operation: The operation.
        caller: The client.
    """
    if (operation.name, False) not in caller.methods or operation.method == "HEAD":
        return
    for way in _ways():
        network = _Network(operation, caller, way)
        try:
            for title, case, broken in network.all():
                yield Finding(title, f"{case}, {way.name}", broken)
        except Inexpressible:
            return  # which "client -> spec" finds


def _ways() -> Iterator[_Way]:
    yield _Way("sync", False, {})
    yield _Way("async", True, {})
    if find_spec("aiohttp") and find_spec("jiter"):
        transport = import_module("keyapi.fast").AsyncTransport
        yield _Way("fast", True, {"transport": transport()})


class _Network:
    """An operation of a client, before a server on this machine."""

    def __init__(self, operation: OperationSpec, caller: Caller, way: _Way) -> None:
        self._operation = operation
        self._caller = caller
        self._way = way
        self._authorities = httpx.create_ssl_context()  # read once: it takes 20 ms
        self._good = success_answer(operation)
        self._values = dict(next(iter(cases(operation))).arguments)
        self._arguments = caller.arguments(operation.name, self._values)

    def all(self) -> Iterator[tuple[str, str, Violation]]:
        for case, broken in self._sent():
            yield "client -> spec", case, broken
        for look in (self._kept, self._read, self._bounded, self._lost, self._overdue):
            for case, rule, expected, found in look():
                if expected != found:
                    broken = violation(self._operation, rule, expected, found)
                    yield "spec -> client", case, broken

    def _sent(self) -> Iterator[tuple[str, Violation]]:
        """Requests arrive as the specification has them."""
        with loopback(lambda number: Parts([self._whole()])) as server:
            client = self._client(server)
            for number, probe in enumerate(probes(self._operation)):
                given = self._caller.arguments(
                    self._operation.name, probe.arguments, body=probe.body
                )
                self._call(client, given)
                if len(server.requests) != number + 1:
                    told = f"{len(server.requests) - number} requests"
                    yield f"probe {number}", violation(self._operation, "sent", "one request", told)
                    break
                request = server.requests[-1]
                for broken in request_differs(
                    self._operation, probe.arguments, request, server.url, probe.body
                ):
                    yield f"probe {number}", broken
            self._close(client)

    def _kept(self) -> Iterator[tuple[str, str, object, object]]:
        """Calls one after another share a connection, also those of a changed client."""
        with loopback(lambda number: Parts([self._whole()])) as server:
            client = self._client(server)
            for caller in (client, client, client.with_options(max_retries=1)):
                self._call(caller)
            yield "three calls", "connections", (3, 1), (len(server.requests), server.connections)
            if not self._way.asynchronous:
                parents = client.get_httpx_client()._transport._transport
                _renew()  # as in a forked child, which leaves them open
                self._call(client)
                parents.close()
                found = len(server.requests), server.connections
                yield "a forked child", "connections", (4, 2), found
            spent = len(server.requests) * self._operation.credits
            yield "all calls", "credits", spent, client.credits_spent
            self._close(client)

    def _read(self) -> Iterator[tuple[str, str, object, object]]:
        """An answer is given whole, however it is cut or packed, and with the time it took."""
        content, status = self._good.content, self._good.status
        sent = forms(content, status)
        with loopback(lambda number: self._form(sent, number)) as server:
            client = self._client(server)
            results = {name: self._call(client) for name in sent}
            kept = dict(self._http(client).cookies)
            self._close(client)
        yield "a cookie in capitals", "cookies", {"kept": "yes"} if content else {}, kept
        expected = str(results["as it is"])
        for name, result in results.items():
            yield f"an answer {name}", "result", expected, str(result)
            response = getattr(result, "response", None)
            if response is None:
                continue
            found = response.status_code, response.content, str(response.request.url)
            url = str(server.requests[list(sent).index(name)].url)
            yield f"an answer {name}", "response", (status, content, url), found
            seconds, late = response.elapsed.total_seconds(), _LATE if name == "late" else 0.0
            if not late * 0.9 <= seconds < 30:
                yield f"an answer {name}", "elapsed", f"{late} s", f"{seconds} s"

    @staticmethod
    def _form(sent: dict[str, list[bytes]], number: int) -> Parts:
        name = list(sent)[number]
        return Parts(sent[name], _LATE if name == "late" else 0.0)

    def _bounded(self) -> Iterator[tuple[str, str, object, object]]:
        """A body beyond `max_response_bytes` is refused, packed or not; one within it is not."""
        if not self._good.content:
            return
        body = self._good.content
        room = _LIMIT - len(body)
        if room < 0 or not body.endswith(b"}"):
            return
        for length, kind in ((_LIMIT, None), (_LIMIT + 1, "InvalidResponse")):
            padded = body[:-1] + b" " * (length - len(body)) + b"}"
            bodies = {
                "as it is": self._whole(padded),
                "by gzip": packed_by("gzip", padded, self._good.status),
            }
            for name, sent in bodies.items():
                with loopback(lambda number, sent=sent: Parts([sent])) as server:  # type: ignore[misc]
                    client = self._client(server, max_response_bytes=_LIMIT)
                    result = self._call(client)
                    self._close(client)
                found = type(result).__name__ if isinstance(result, Exception) else None
                yield f"{length} bytes {name}", "max_response_bytes", kind, found
                yield f"{length} bytes {name}", "requests", 1, len(server.requests)

    def _lost(self) -> Iterator[tuple[str, str, object, object]]:
        """What is lost or late on its way is a `TransportError`; what never left costs nothing."""
        whole, price = self._whole(), self._operation.credits
        drip = [whole[n : n + 1] for n in range(len(whole))]
        pause = 2 * _NEVER / whole.index(b"\r\n\r\n")  # its head alone takes too long
        lost: dict[str, tuple[Parts, dict[str, Any]]] = {
            "no answer": (Parts([], drops=True), {}),
            "half an answer": (Parts([whole[:-1]], drops=True), {}),
            "an answer too late": (Parts([whole], _NEVER), {"timeout": _SOON}),
            "an answer by bytes": (Parts(drip, pause), {"deadline": _SOON}),
        }
        if not self._good.content:
            del lost["half an answer"]
        for name, (parts, options) in lost.items():
            before = [Parts([whole])] if options else []  # connects, which may take its time, too
            with loopback([*before, parts].__getitem__) as server:
                client = self._client(server)
                for _ in before:
                    self._call(client)
                limited = client.with_options(**options)
                started = time.monotonic()
                result = self._call(limited)
                seconds = time.monotonic() - started
                self._close(client)
            found = type(result).__name__, getattr(result, "attempts", None), client.credits_spent
            spent = price * (1 + len(before))
            yield name, "raised", ("TransportError", 1, spent), found
            if options and not _SOON * 0.9 <= seconds < _NEVER:
                yield name, "time limit", f"{_SOON} s", f"{seconds:.2f} s"
        with loopback(lambda number: Parts([whole])) as server:
            pass
        client = self._client(server)
        result = self._call(client)
        self._close(client)
        found = type(result).__name__, getattr(result, "attempts", None), client.credits_spent
        yield "no server", "raised", ("TransportError", 1, 0), found

    def _overdue(self) -> Iterator[tuple[str, str, object, object]]:
        """No answer is read on after the deadline, though each of its parts is in time.

        The deadline comes by a clock that the server moves, so that a busy machine changes
        nothing: in the head it has passed, in the body it is near, and the client waits no longer
        than that. In an event loop it passes by the loop's own: `_lost` is about that.
        """
        whole = self._whole()
        head = whole.index(b"\r\n\r\n") + 4
        cuts = {"head": (10, 20, 0.0), "body": (head + 1, len(whole) - 1, _SOON)}
        if len(self._good.content) < 3:
            del cuts["body"]
        for (name, cut), args in product(cuts.items(), () if self._way.asynchronous else _HTTPX):
            clock = ScriptedClock()
            with loopback(lambda number: Parts(_late(whole, cut, clock))) as server:  # noqa: B023
                client = self._client(server, deadline=_DEADLINE, httpx_args=args)
                client._session = client._new_session(clock)
                started = time.monotonic()
                result = self._call(client)
                seconds = time.monotonic() - started
                self._close(client)
            case = f"a late {name}{' by httpx' if args else ''}"
            found = type(result).__name__, getattr(result, "attempts", None), client.credits_spent
            yield case, "raised", ("TransportError", 1, self._operation.credits), found
            if seconds >= _NEVER:
                yield case, "deadline", "no longer read", f"read for {seconds:.2f} s"

    def _whole(self, content: bytes | None = None) -> bytes:
        content = self._good.content if content is None else content
        return answer(content, status=self._good.status)

    def _client(self, server: Loopback, **options: Any) -> Any:
        kind: Any = async_twin(self._caller.client) if self._way.asynchronous else None
        kind = kind or self._caller.client
        own = {"base_url": server.url, "max_retries": 0, **self._way.options, **options}
        own["httpx_args"] = {**options.get("httpx_args", {}), "verify": self._authorities}
        return kind(KEY, **own)

    def _call(self, client: Any, given: dict[str, Any] | None = None) -> Any:
        """What a call gives or raises."""
        bound = self._caller.methods[self._operation.name, False].on(client)
        try:
            result = bound(**(self._arguments if given is None else given))
            return self._caller.run(_settled(result)) if self._way.asynchronous else result
        except KeyAPIError as error:
            return error

    def _http(self, client: Any) -> Any:
        """The httpx client of a client."""
        if self._way.asynchronous:
            return client.get_async_httpx_client()
        return client.get_httpx_client()

    def _close(self, client: Any) -> None:
        closing = client.close()
        if self._way.asynchronous:
            self._caller.run(_settled(closing))


def _late(whole: bytes, cut: tuple[int, int, float], clock: ScriptedClock) -> Iterator[bytes]:
    """An answer in three parts, of which the second comes shortly before the deadline, or on it."""
    first, second, left = cut
    yield whole[:first]
    time.sleep(_LATE)
    clock.time += _DEADLINE - left
    yield whole[first:second]
    time.sleep(_NEVER)
    yield whole[second:]


async def _settled(awaitable: Any) -> Any:
    return await awaitable
