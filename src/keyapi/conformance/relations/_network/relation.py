"""What goes over the client's own connections, and what comes back.

Every other relation hands the client a transport, behind which no byte is sent. Here a server on
this machine answers: sync, async, and async by aiohttp where that is installed. Overdue answers are
also read with a hook of httpx's: a sync request then takes another way, with deadlines of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import product
from typing import Any

from keyapi.conformance.drivers import Caller, Inexpressible
from keyapi.conformance.drivers._forms import forms, packed_by
from keyapi.conformance.drivers._loopback import Parts, loopback
from keyapi.conformance.drivers._scripted import ScriptedClock
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._network.by_httpx import by_httpx
from keyapi.conformance.relations._network.connections import connections
from keyapi.conformance.relations._network.ways import Network, settled, ways
from keyapi.conformance.relations._probes import probes
from keyapi.conformance.relations._shared import (
    CasesCompared,
    request_differs,
    unequal_cases,
    violation,
)
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
    for way in ways():
        try:
            network = _Network(operation, caller, way)
            for title, case, broken in network.all():
                yield Finding(title, f"{case}, {way.name}", broken)
        except Inexpressible:
            return  # which "client -> spec" finds


class _Network(Network):
    """An operation of a client, before a server on this machine."""

    def all(self) -> Iterator[tuple[str, str, Violation]]:
        for case, broken in self._sent():
            yield "client -> spec", case, broken
        looks = (self._kept, self._read, self._bounded, self._lost, self._overdue)
        for compared in (*(look() for look in looks), by_httpx(self), connections(self)):
            for case, broken in unequal_cases(self.operation, compared):
                yield "spec -> client", case, broken

    def _sent(self) -> Iterator[tuple[str, Violation]]:
        """Requests arrive as the specification has them."""
        with loopback(self.succeed) as server:
            client = self.client(server.url)
            for number, probe in enumerate(probes(self.operation)):
                given = self.caller.arguments(self.operation.name, probe.arguments, body=probe.body)
                self.call(client, given)
                if len(server.requests) != number + 1:
                    told = f"{len(server.requests) - number} requests"
                    yield f"probe {number}", violation(self.operation, "sent", "one request", told)
                    break
                request = server.requests[-1]
                for broken in request_differs(
                    self.operation, probe.arguments, request, server.url, probe.body
                ):
                    yield f"probe {number}", broken
            self.close(client)

    def _kept(self) -> CasesCompared:
        """Calls one after another share a connection, also those of a changed client."""
        with loopback(self.succeed) as server:
            client = self.client(server.url)
            for caller in (client, client, client.with_options(max_retries=1)):
                self.call(caller)
            yield "three calls", "connections", (3, 1), (len(server.requests), server.connections)
            spent = len(server.requests) * self.operation.credits
            yield "all calls", "credits", spent, client.credits_spent
            self.close(client)

    def _read(self) -> CasesCompared:
        """An answer is given whole, however it is cut or packed, and with the time it took."""
        content, status = self.good.content, self.good.status
        sent = forms(content, status)
        with loopback(lambda number: self._form(sent, number)) as server:
            client = self.client(server.url)
            results = {name: self.call(client) for name in sent}
            kept = dict(self.http(client).cookies)
            self.close(client)
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

    def _bounded(self) -> CasesCompared:
        """A body beyond `max_response_bytes` is refused, packed or not; one within it is not."""
        if not self.good.content:
            return
        body = self.good.content
        room = _LIMIT - len(body)
        if room < 0 or not body.endswith(b"}"):
            return
        for length, kind in ((_LIMIT, None), (_LIMIT + 1, "InvalidResponse")):
            padded = body[:-1] + b" " * (length - len(body)) + b"}"
            bodies = {
                "as it is": self.whole(padded),
                "by gzip": packed_by("gzip", padded, self.good.status),
            }
            for name, sent in bodies.items():
                with loopback(lambda number, sent=sent: Parts([sent])) as server:  # type: ignore[misc]
                    client = self.client(server.url, max_response_bytes=_LIMIT)
                    result = self.call(client)
                    self.close(client)
                found = type(result).__name__ if isinstance(result, Exception) else None
                yield f"{length} bytes {name}", "max_response_bytes", kind, found
                yield f"{length} bytes {name}", "requests", 1, len(server.requests)

    def _lost(self) -> CasesCompared:
        """What is lost or late on its way is a `TransportError`; what never left costs nothing."""
        whole, price = self.whole(), self.operation.credits
        drip = [whole[n : n + 1] for n in range(len(whole))]
        pause = 2 * _NEVER / whole.index(b"\r\n\r\n")  # its head alone takes too long
        lost: dict[str, tuple[Parts, dict[str, Any]]] = {
            "no answer": (Parts([], drops=True), {}),
            "half an answer": (Parts([whole[:-1]], drops=True), {}),
            "an answer too late": (Parts([whole], _NEVER), {"timeout": _SOON}),
            "an answer by bytes": (Parts(drip, pause), {"deadline": _SOON}),
        }
        if not self.good.content:
            del lost["half an answer"]
        for name, (parts, options) in lost.items():
            before = [Parts([whole])] if options else []  # connects, which may take its time, too
            with loopback([*before, parts].__getitem__) as server:
                client = self.client(server.url)
                for _ in before:
                    self.call(client)
                limited = client.with_options(**options)
                started = time.monotonic()
                result = self.call(limited)
                seconds = time.monotonic() - started
                if "deadline" in options:  # the next byte finds nobody
                    settled(lambda server=server: server.open == 0)  # type: ignore[misc]
                    yield name, "connections left open", 0, server.open
                self.close(client)
            found = type(result).__name__, getattr(result, "attempts", None), client.credits_spent
            spent = price * (1 + len(before))
            yield name, "raised", ("TransportError", 1, spent), found
            if options and not _SOON * 0.9 <= seconds < _NEVER:
                yield name, "time limit", f"{_SOON} s", f"{seconds:.2f} s"
        with loopback(lambda number: Parts([whole])) as server:
            pass
        for options in ({}, {"deadline": _DEADLINE}):
            client = self.client(server.url, **options)
            result = self.call(client)
            self.close(client)
            found = type(result).__name__, getattr(result, "attempts", None), client.credits_spent
            yield f"no server, {options}", "raised", ("TransportError", 1, 0), found

    def _overdue(self) -> CasesCompared:
        """No answer is read on after the deadline, though each of its parts is in time.

        The deadline comes by a clock that the server moves, so that a busy machine changes
        nothing: in the head it has passed, in the body it is near, and the client waits no longer
        than that. In an event loop it passes by the loop's own: `_lost` is about that.
        """
        whole = self.whole()
        head = whole.index(b"\r\n\r\n") + 4
        cuts = {"head": (10, 20, 0.0), "body": (head + 1, len(whole) - 1, _SOON)}
        if len(self.good.content) < 3:
            del cuts["body"]
        for (name, cut), args in product(cuts.items(), () if self.way.asynchronous else _HTTPX):
            clock = ScriptedClock()
            with loopback(lambda number: Parts(_late(whole, cut, clock))) as server:  # noqa: B023
                client = self.client(server.url, deadline=_DEADLINE, httpx_args=args)
                client._session = client._new_session(clock)
                started = time.monotonic()
                result = self.call(client)
                seconds = time.monotonic() - started
                self.close(client)
            case = f"a late {name}{' by httpx' if args else ''}"
            found = type(result).__name__, getattr(result, "attempts", None), client.credits_spent
            yield case, "raised", ("TransportError", 1, self.operation.credits), found
            if seconds >= _NEVER:
                yield case, "deadline", "no longer read", f"read for {seconds:.2f} s"


def _late(whole: bytes, cut: tuple[int, int, float], clock: ScriptedClock) -> Iterator[bytes]:
    """An answer in three parts, of which the second comes shortly before the deadline, or on it."""
    first, second, left = cut
    yield whole[:first]
    time.sleep(_LATE)
    clock.time += _DEADLINE - left
    yield whole[first:second]
    time.sleep(_NEVER)
    yield whole[second:]
