"""One machine that drives sync or async clients and their model, and compares them at each step."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import replace
from inspect import isawaitable
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from keyapi import KeyAPIError
from keyapi_example import AsyncTikTok, TikTok
from support.clocks import FakeClock, clocked
from support.machines import REPEATABLE
from support.stateful.calls import Client, Walked, arguments_of, fetch_of, method_of
from support.stateful.model import FAULTS, Account, Failed, Fetch, Options, Outcome, Walk, World
from support.stateful.server import OPERATIONS, Server

_BASE_URL = "http://server.invalid"
_END = object()
# Few values, so that requests meet their like in the cache, and pages end with the rows.
_SUBJECTS = st.sampled_from([0, 3, 10, 20, 23])
_SIZES = st.sampled_from([3, 5, 10])
_FAULTS = st.sampled_from(sorted(FAULTS))
_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "max_retries": st.integers(0, 4),
        "max_credits": st.none() | st.integers(0, 80),
        "quota_cooldown": st.sampled_from([0, 5, 60]),
        "deadline": st.sampled_from([None, 1.75, 4]),
        "cache": st.booleans(),
    },
)


class Machine(RuleBasedStateMachine):
    """What users do with clients, in any order; `is_async` says with which kind."""

    is_async: ClassVar[bool]
    clients = Bundle("clients")
    walks = Bundle("walks")

    def __init__(self) -> None:
        super().__init__()
        self.server = Server()
        self.world = World()
        self.clock = FakeClock()
        self.folder = tempfile.mkdtemp()
        self.opened: list[Client] = []
        self.steps = 0
        self.loop = asyncio.new_event_loop() if self.is_async else None
        if self.loop is not None:  # deadlines pass by the client's clock, however slow the machine
            self.loop.time = self.clock.now  # type: ignore[method-assign]

    # ---- clients

    @initialize(target=clients, options=_OPTIONS)
    def first_client(self, options: dict[str, Any]) -> Client:
        return self._open(options)

    @precondition(lambda self: all(client.account.closed for client in self.opened))
    @rule(target=clients, options=_OPTIONS)
    def another_client(self, options: dict[str, Any]) -> Client:
        return self._open(options)

    @rule(target=clients, client=clients, changes=_OPTIONS, with_key=st.booleans())
    def with_options(self, client: Client, changes: dict[str, Any], with_key: bool) -> Client:
        key = f"sk_live_{len(self.opened)}" if with_key else client.key
        real = client.real.with_options(**self._given(changes), token=key)
        if with_key:
            clocked(real, self.clock)
        account = Account() if with_key else client.account
        changed = Client(real, replace(client.options, **changes), account, key)
        self.opened.append(changed)
        return changed

    @precondition(lambda self: self.steps % 20 == 19)  # after it, every call fails
    @rule(client=clients)
    def close(self, client: Client) -> None:
        self._wait_for(client.real.close())
        client.account.closed = True

    # ---- the world

    @rule(fault=_FAULTS, times=st.integers(1, 3))
    def fail_next(self, fault: str, times: int) -> None:
        if len(self.world.faults) < 6:
            self.world.faults.extend([fault] * times)
            self.server.faults.extend([fault] * times)

    @rule(seconds=st.sampled_from([3, 30, 61]))
    def time_passes(self, seconds: int) -> None:
        self.clock.time += seconds
        self.world.now += seconds

    # ---- calls

    @rule(
        client=clients,
        operation=st.sampled_from(sorted(OPERATIONS)),
        subject=_SUBJECTS,
        position=st.integers(1, 3),
        size=_SIZES,
        faults=st.lists(_FAULTS, max_size=2),
        times=st.integers(1, 2),
    )
    def page(
        self,
        client: Client,
        operation: str,
        subject: int,
        position: int,
        size: int,
        faults: list[str],
        times: int,
    ) -> None:
        """Make a call, or the same twice: the second may be answered from the cache."""
        for fault in faults:
            self.fail_next(fault, 1)
        for _ in range(times):
            self._page(client, fetch_of(operation, subject, position, size))

    # ---- walks

    @rule(
        target=walks,
        client=clients,
        operation=st.sampled_from(sorted(OPERATIONS)),
        subject=_SUBJECTS,
        start=st.none() | st.integers(1, 3),
        size=_SIZES,
        limit=st.none() | st.integers(0, 25),
        max_pages=st.none() | st.integers(0, 4),
        fault=st.none() | _FAULTS,
        take=st.integers(0, 15),
    )
    def walk(
        self,
        client: Client,
        operation: str,
        subject: int,
        start: int | None,
        size: int,
        limit: int | None,
        max_pages: int | None,
        fault: str | None,
        take: int,
    ) -> Walked:
        """Start a walk, take some rows, and let the request after them fail."""
        walk = self._walk(client, fetch_of(operation, subject, start, size), limit, max_pages)
        for _ in range(take):
            if self._take(walk) is None:
                break
        if fault is not None:
            self.fail_next(fault, 1)
        return walk

    @rule(walk=walks, times=st.integers(1, 30))
    def take_rows(self, walk: Walked, times: int) -> None:
        for _ in range(times):
            if self._take(walk) is None:
                return

    @rule(walk=walks)
    def take_page(self, walk: Walked) -> None:
        if walk.pages is None:
            walk.pages = walk.real.pages()
        try:
            expected = walk.model.whole(self.world, walk.client.account, walk.client.options)
        except Failed as failed:
            self._fails(walk, failed.outcome, walk.pages)
            return
        page = self._next(walk.pages)
        assert (page is _END) == (expected is None)
        if expected is not None:
            assert [row.to_dict()["id"] for row in page] == expected

    @rule(walk=walks)
    def end_walk(self, walk: Walked) -> None:
        self._wait_for(walk.real.aclose() if self.is_async else walk.real.close())
        walk.model.close()

    @rule(target=walks, walk=walks, client=clients)
    def resume(self, walk: Walked, client: Client) -> Walked:
        """Start another walk where one stands, as documented, and skip the rows that are done."""
        if not walk.real.has_more:
            return walk
        first = walk.first._replace(position=walk.real.next_page)
        skip = walk.real.skip
        resumed = self._walk(client, first, None, None)
        for _ in range(skip):
            if self._take(resumed) is None:
                break
        return resumed

    # ---- what always holds

    @invariant()
    def accounts_agree(self) -> None:
        self.steps += 1
        assert self.clock.waits == self.world.waits
        assert self.clock.time == self.world.now
        assert self.server.faults == self.world.faults
        for client in self.opened:
            assert client.real.credits_spent == client.account.spent
            assert self.server.charged[client.key] == client.account.spent

    def teardown(self) -> None:
        for client in self.opened:
            self._wait_for(client.real.close())
        if self.loop is not None:
            self._wait_for(self.loop.shutdown_default_executor())
            self.loop.close()
        shutil.rmtree(self.folder)

    # ---- how

    def _page(self, client: Client, fetch: Fetch) -> None:
        expected = self.world.call(client.account, client.options, fetch)
        call = method_of(client.real, fetch)
        if expected.error is not None:
            with pytest.raises(expected.error) as raised:
                self._wait_for(call(**arguments_of(fetch)))
            self._compare_error(raised.value, expected, fetch.operation)
            return
        page = self._wait_for(call(**arguments_of(fetch)))
        assert [row.to_dict()["id"] for row in page] == fetch.rows
        assert page.next == fetch.following
        assert page.has_more is (fetch.following is not None)
        assert page.page_size == fetch.size
        assert page.page_num == (None if fetch.size is None else fetch.position)
        assert page.attempts == expected.attempts
        assert page.credits == expected.credits
        assert page.from_cache is expected.from_cache

    def _open(self, options: dict[str, Any]) -> Client:
        key = f"sk_live_{len(self.opened)}"
        made = (AsyncTikTok if self.is_async else TikTok)(
            key,
            base_url=_BASE_URL,
            transport=httpx.MockTransport(self.server),
            **self._given(options),
        )
        client = Client(clocked(made, self.clock), Options(**options), Account(), key)
        self.opened.append(client)
        return client

    def _given(self, options: dict[str, Any]) -> dict[str, Any]:
        """Options as the client takes them."""
        cache = {True: self.folder, False: None}
        return {name: cache[v] if name == "cache" else v for name, v in options.items()}

    def _walk(
        self, client: Client, first: Fetch, limit: int | None, max_pages: int | None
    ) -> Walked:
        iterate = method_of(client.real, first, "iter_")
        arguments = arguments_of(first, start="start_page")
        real = iterate(**arguments, limit=limit, max_pages=max_pages)
        return Walked(client, real, Walk(first, limit, max_pages), first)

    def _take(self, walk: Walked) -> str | None:
        """Take a row; None at the end, or after an error."""
        try:
            expected = walk.model.row(self.world, walk.client.account, walk.client.options)
        except Failed as failed:
            self._fails(walk, failed.outcome, walk.real)
            return None
        row = self._next(walk.real)
        found = None if row is _END else row.to_dict()["id"]
        assert found == expected
        self._compare_progress(walk)
        return expected

    def _fails(self, walk: Walked, expected: Outcome, iterator: Any) -> None:
        """Take the next row or page, which must fail, and say where to resume."""
        assert expected.error is not None
        with pytest.raises(expected.error) as raised:
            self._next(iterator)
        self._compare_error(raised.value, expected, walk.first.operation)
        assert raised.value.next_page == walk.model.following
        assert raised.value.rows_yielded == walk.model.yielded
        assert raised.value.page_size == walk.first.size
        self._compare_progress(walk)

    def _compare_progress(self, walk: Walked) -> None:
        model = walk.model
        assert walk.real.rows_yielded == model.yielded
        assert walk.real.pages_fetched == model.pages
        assert walk.real.next_page == model.next_page
        assert walk.real.has_more == model.has_more
        assert walk.real.skip == model.skip

    def _compare_error(self, error: KeyAPIError, expected: Outcome, operation: str) -> None:
        assert type(error) is expected.error
        assert error.attempts == expected.attempts
        assert error.operation == operation

    def _next(self, iterator: Any) -> Any:
        if not self.is_async:
            return next(iterator, _END)
        return self._wait_for(anext(iterator, _END))

    def _wait_for(self, result: Any) -> Any:
        if self.loop is None or not isawaitable(result):
            return result
        return self.loop.run_until_complete(result)


SETTINGS = settings(
    REPEATABLE,
    max_examples=20,
    stateful_step_count=40,
    database=None,
    report_multiple_bugs=False,  # one is enough, and each is made small for minutes
)


class SyncMachine(Machine):
    """The machine with sync clients."""

    is_async = False


class AsyncMachine(Machine):
    """The machine with async clients."""

    is_async = True
