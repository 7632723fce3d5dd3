"""Server -> spec: the routes under `/_sandbox`, which show and steer a sandbox over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx

from keyapi.conformance.drivers import KEY
from keyapi.conformance.relations._sandbox.options import Sandboxes
from keyapi.conformance.relations._shared import Compared
from keyapi.sandbox import Sandbox

_READ = ("ledger", "requests", "charges", "faults")
_ROUTES = (*(("GET", name) for name in _READ), ("PUT", "faults"), ("POST", "reset"))
_HEADERS = (None, "Bearer", "Bearer sk_another", f"Bearer {KEY[:-1]}", f"Basic {KEY}", KEY)
"""What does not pass for the key."""
_BEFORE, _AFTER = ["quota-402@2"], ["html-502@1", "quota-402@3-"]
_UNUSABLE: tuple[Any, ...] = (
    ["no-such-fault"],
    ["html-502@0"],
    "html-502",
    [1],
    {},
    None,
    b"{",
    b"",
)
_UNUSABLE += (b" " * 1_000_001, b"[" * 100_000, ["html-502"] * 101)
"""What faults are not replaced by."""

Ask = Callable[..., tuple[int, Any]]


def control(sandboxes: Sandboxes) -> Compared:
    """With the key, a sandbox is read and steered over HTTP; without it, nobody learns anything."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        sandbox = sandboxes.open(control=True, credits=1000, faults=_BEFORE)
        ask = _asking(runner, sandbox)
        sandboxes.ask(sandbox, 3)
        before = _state(sandbox)
        yield from _refused(ask)
        yield "control without the key", before, _state(sandbox)
        for name in _READ:
            yield f"control, {name}", (200, before[name]), ask("GET", name)
        yield from _steered(ask, sandboxes, sandbox)
        hidden = _asking(runner, sandboxes.open())
        for verb, name in _ROUTES:
            yield f"no control, {verb} {name}", 404, hidden(verb, name)[0]


def _refused(ask: Ask) -> Compared:
    for header in _HEADERS:
        for verb, name in _ROUTES:
            status, body = ask(verb, name, [], header)
            yield f"control, {verb} {name}, {header}", (401, ["message"]), (status, [*body])


def _steered(ask: Ask, sandboxes: Sandboxes, sandbox: Sandbox) -> Compared:
    for unusable in _UNUSABLE:
        status, body = ask("PUT", "faults", unusable)
        found = (status, [*body], sandbox.faults)
        yield f"control, faults {str(unusable)[:40]}", (400, ["message"], _BEFORE), found
    yield "control, new faults", (200, _AFTER), ask("PUT", "faults", _AFTER)
    yield "control, new faults", _AFTER, sandbox.faults
    nothing = {"charged": 0, "credits_left": 1000, "requests": 0}
    yield "control, reset", (200, nothing), ask("POST", "reset")
    empty = {"ledger": nothing, "requests": [], "charges": {}, "faults": []}
    yield "control, reset", empty, _state(sandbox)
    (reply,) = sandboxes.ask(sandbox)
    yield "control, after a reset", sandboxes.status, reply.status


def _state(sandbox: Sandbox) -> dict[str, Any]:
    """What each route is to show."""
    ledger = sandbox.ledger
    counts = {
        "charged": ledger.charged,
        "credits_left": sandbox.credits_left,
        "requests": ledger.count,
    }
    requests = [entry._asdict() for entry in ledger.requests]
    return {
        "ledger": counts,
        "requests": requests,
        "charges": dict(ledger.charges),
        "faults": sandbox.faults,
    }


def _asking(runner: asyncio.Runner, sandbox: Sandbox) -> Ask:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(sandbox), base_url="http://sandbox")

    def ask(
        verb: str, name: str, body: Any = None, authorization: str | None = f"Bearer {KEY}"
    ) -> tuple[int, Any]:
        headers = {} if authorization is None else {"Authorization": authorization}
        encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
        content = encoded if verb == "PUT" else None
        sending = http.request(verb, f"/_sandbox/{name}", headers=headers, content=content)
        response = runner.run(sending)
        return response.status_code, response.json()

    return ask
