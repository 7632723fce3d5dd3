"""What an export needs to have its shards worked on elsewhere: a client's class, and an access."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from keyapi._client import AsyncClient, SyncClient
from keyapi._clients import async_twin
from keyapi._config import RateText, check_rate
from keyapi._errors import ConfigurationError
from keyapi.export._budget import UNLIMITED, RunBudget
from keyapi.export._journal import ELSEWHERE, Journal
from keyapi.export._plan import Plan
from keyapi.export._run import MakeWorking
from keyapi.export._settings import Settings
from keyapi.export._shards.coordinator import Coordinator, Outcome, Placing, Submit
from keyapi.export._shards.desk import Desk
from keyapi.export._shards.lease import Grants, LocalGrants
from keyapi.export._shards.redis_access import RedisAccess
from keyapi.export._shards.shard import FLUSH_PAGES, FLUSH_SECONDS, Shard
from keyapi.export._shards.worker import Access, Worker
from keyapi.export._target import is_uri

_LEASE = 10.0
"""Seconds that a lease is valid where workers and scheduling process are on one machine."""
_ELSEWHERE = frozenset({"token", "rate", "max_credits"})
"""Options of a client that workers get in another way."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """How an export is spread over workers; the arguments of `export_on`."""

    workers: int = 2
    segments: str | os.PathLike[str] | None = None
    redis: str | None = None
    shard_ids: int | None = None
    flush_pages: int | None = None
    flush_seconds: float = FLUSH_SECONDS

    @property
    def flushed(self) -> int:
        """How many pages a worker may have in its memory alone."""
        if self.flush_pages is None:
            return 0 if self.redis is None else FLUSH_PAGES
        return self.flush_pages

    def place(self, settings: Settings) -> str:
        """Where the segments lie.

        Raises:
            ConfigurationError: Workers elsewhere may not reach it.
        """
        if self.segments is not None:
            return str(self.segments).rstrip("/")
        if is_uri(settings.out):
            return f"{str(settings.out).rstrip('/')}/segments"
        return str((settings.folder().path / "segments").absolute())


@contextmanager
def placed(
    plan: Plan, settings: Settings, placement: Placement, submit: Submit
) -> Iterator[MakeWorking]:
    """Give what has the ids of a run asked for by workers; until it ends, they are answered.

    Args:
        plan: What is asked for each id.
        settings: How the run is carried out.
        placement: How it is spread.
        submit: Has a worker call a function.

    Raises:
        ConfigurationError: The client cannot be made in workers.
    """
    client, options = _client(plan.client, shared=placement.redis is not None)
    rate = check_rate("rate", plan.client._options["rate"])
    with ExitStack() as stack:

        def grants(budget: RunBudget, journal: Journal) -> tuple[Grants, Access]:
            if placement.redis is None:
                local = LocalGrants(budget, _LEASE)
                desk = Desk(local, _turn(rate), plan.client._settings.token)
                stack.callback(desk.close)
                return local, desk.access
            access = RedisAccess(placement.redis, journal.fact("run"), _text(rate))
            remote = access.grants()
            stack.callback(remote.close)
            allowed = None if budget.allowed == UNLIMITED else budget.allowed
            remote.open(allowed, budget.counted, lost=budget.spent)
            journal.set_fact(ELSEWHERE, allowed).result()
            budget.spent = remote.spent()
            return remote, access

        def work(access: Access) -> Callable[[Shard], Outcome]:
            return Worker(
                client=client,
                options=options,
                access=access,
                settings={
                    "concurrency": settings.concurrency,
                    "flush_pages": placement.flushed,
                    "flush_seconds": placement.flush_seconds,
                },
            )

        placing = Placing(
            submit=submit,
            work=work,
            grants=grants,
            place=placement.place(settings),
            workers=placement.workers,
            shard_ids=placement.shard_ids,
        )
        yield partial(Coordinator, placing)


def _turn(rate: Any) -> Callable[[int], float] | None:
    """What gives the pace of all workers together."""
    from keyapi._sending.clock import Clock
    from keyapi._sending.pace import Pace

    return None if rate is None else Pace(rate, Clock()).turn


def _text(rate: Any) -> RateText | None:
    """A rate that workers elsewhere can keep together.

    Raises:
        ConfigurationError: It is a limiter, which stays in this process.
    """
    if rate is None or isinstance(rate, RateText):
        return rate
    raise ConfigurationError(
        "Workers on other machines need the rate as text, like '18/s'; they share it by Redis"
    )


def _client(
    client: SyncClient | AsyncClient, *, shared: bool
) -> tuple[type[AsyncClient], dict[str, Any]]:
    """The class of the clients that workers make, and their options.

    Args:
        client: The client of this process.
        shared: Whether workers spend from the client's own budget, too, as nobody does it here.

    Raises:
        ConfigurationError: They cannot be sent to another process.
    """
    kind = type(client)
    made: Any = kind if isinstance(client, AsyncClient) else async_twin(kind)  # type: ignore[arg-type]
    options = {
        name: value
        for name, value in client._options.items()
        if value is not None and (name not in _ELSEWHERE or (shared and name == "max_credits"))
    }
    for name, value in {type(client).__name__: made, **options}.items():
        try:
            pickle.dumps(value)
        except Exception as error:
            raise ConfigurationError(
                f"{name} cannot be sent to workers: {error}; leave it out, or use `export`"
            ) from error
    return made, options
