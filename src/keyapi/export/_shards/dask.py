"""Workers of Dask: of a local cluster made for one export, or of one that exists."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from uuid import uuid4

from keyapi._errors import ConfigurationError
from keyapi._extras import extra
from keyapi.export._plan import Plan
from keyapi.export._run import MakeWorking
from keyapi.export._settings import Settings
from keyapi.export._shards.coordinator import Outcome, Submit
from keyapi.export._shards.placing import Placement, placed
from keyapi.export._shards.shard import Shard

ENGINE = "dask"
"""How options name it: this, or with an address after a colon."""
_UNINTERRUPTED = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""Ctrl-C is for the scheduling process, which lets workers finish what is in flight."""
_QUIET = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.admin.low-level-log-length": 100,
}


@contextmanager
def dask_submit(address: str | None, workers: int) -> Iterator[Submit]:
    """Give what has a worker of Dask call a function.

    Args:
        address: The address of a scheduler; None for processes on this machine, which are gone at
            the end. They talk over loopback alone, and have no dashboard.
        workers: How many processes are made here.

    Raises:
        ModuleNotFoundError: The extra `dask` is not installed.
        ConfigurationError: No scheduler answers at the address.
    """
    with extra("dask", "an export on Dask"):
        import dask.config
        import distributed
    api: Any = distributed  # which has few types
    with ExitStack() as stack:
        if address is None:
            stack.enter_context(dask.config.set(_QUIET))
            cluster: Any = api.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                silence_logs=logging.ERROR,
                preload=[_UNINTERRUPTED],
            )
            stack.enter_context(cluster)
        else:
            cluster = address
        try:
            client = api.Client(cluster, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"Cannot reach Dask at {address}: {error}") from error
        yield partial(_submit, stack.enter_context(client))


@contextmanager
def on(engine: str, plan: Plan, settings: Settings, placement: Placement) -> Iterator[MakeWorking]:
    """Give what has the ids of a run asked for by workers of Dask.

    Args:
        engine: `dask`, or with an address after a colon.
        plan: What is asked for each id.
        settings: How the run is carried out.
        placement: How it is spread.

    Raises:
        ModuleNotFoundError: The extra `dask` is not installed.
        ConfigurationError: The engine is unknown, or part of the client or the placement cannot
            reach its workers.
    """
    address = address_of(engine)
    check_redis(address, placement.redis)
    with (
        dask_submit(address, placement.workers) as submit,
        placed(plan, settings, placement, submit) as working,
    ):
        yield working


def check_redis(address: str | None, redis: str | None) -> None:
    """Make sure that workers elsewhere have something to share a budget by.

    Raises:
        ConfigurationError: They have not.
    """
    if address is not None and redis is None:
        raise ConfigurationError(
            "Workers on other machines need Redis for the budget and the pace they share: name one "
            "with redis=... or --redis, such as redis://10.0.0.7"
        )


def address_of(engine: str) -> str | None:
    """The address of the scheduler that an engine's name has after a colon; None for none.

    Raises:
        ConfigurationError: It is not the name of an engine.
    """
    name, _, address = engine.partition(":")
    if name != ENGINE:
        raise ConfigurationError(
            f"engine must be dask, or dask:ADDRESS such as dask:tcp://10.0.0.7:8786, got {engine!r}"
        )
    return address or None


def _submit(client: Any, function: Callable[[Shard], Outcome], shard: Shard) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_running_or_notify_cancel()
    # The key is what dashboards show.
    task = client.submit(function, shard, key=f"{shard.name}-{uuid4().hex[:8]}", pure=False)
    task.add_done_callback(partial(_settle, future))
    return future


def _settle(future: Future[Outcome], task: Any) -> None:
    try:
        future.set_result(task.result())
    except Exception as error:
        future.set_exception(error)
