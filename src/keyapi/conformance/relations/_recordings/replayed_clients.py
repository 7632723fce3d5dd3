"""Recording: clients and requests of httpx that know nothing of the replay that answers them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx

from keyapi._clients import async_twin
from keyapi.conformance.drivers import KEY, Caller
from keyapi.conformance.drivers._scripted import ScriptedClock
from keyapi.conformance.relations._recordings.replaying import Look, refusal
from keyapi.recording.model import Recording
from keyapi.recording.replay import ReplayError, replay
from keyapi.specification import OperationSpec


def replayed_to_clients(
    operation: OperationSpec, caller: Caller, arguments: dict[str, Any], recording: Recording
) -> Iterator[Look]:
    """Clients that know nothing of a replay are answered by it; a recorded wait takes no time."""
    limited = replace(
        recording,
        status=429,
        headers=(("Retry-After", "30"), ("content-type", "application/json")),
        content=b'{"code": 429, "message": "slow", "data": null}',
    )
    base_url = recording.url.partition(operation.path.partition("{")[0])[0]
    for asynchronous in (False, True):
        way = "async" if asynchronous else "sync"
        clock = ScriptedClock()
        kind: Any = async_twin(caller.client) if asynchronous else caller.client
        with replay(limited, recording) as played:
            client = kind(KEY, base_url=base_url)
            client._session = client._new_session(clock)
            called = caller.methods[operation.name, False].on(client)(**arguments)
            result = caller.settled(called)
            caller.settled(client.close())
        yield f"requests, {way}", 2, len(played.requests)
        yield f"seconds waited, {way}", 0.0, sum(clock.waits)
        if hasattr(result, "attempts"):
            yield f"attempts, {way}", 2, result.attempts

    def swallowed() -> None:
        with replay(recording):
            with suppress(ReplayError):
                httpx.get(f"{base_url}/another")
            httpx.request(recording.method, recording.url, content=recording.body)

    said = refusal(swallowed)
    yield "a refusal that the program swallows", True, "/another: not recorded" in said or said
