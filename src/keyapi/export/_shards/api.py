"""The calls of a program: `export_on` and `on_dask`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal

from keyapi.export._api import Progress, ToldProgress, carried_out, completed
from keyapi.export._ids import Ids
from keyapi.export._plan import Plan
from keyapi.export._report import Report
from keyapi.export._settings import CONCURRENCY, Settings
from keyapi.export._shards.coordinator import Submit
from keyapi.export._shards.dask import check_redis, dask_submit
from keyapi.export._shards.placing import Placement, placed
from keyapi.export._shards.shard import FLUSH_SECONDS


def export_on(
    submit: Submit,
    method: Any,
    ids: Any,
    out: str | os.PathLike[str],
    *,
    workers: int,
    arguments: Mapping[str, Any] | None = None,
    id_parameter: str | None = None,
    max_credits: int | None = None,
    max_pages: int | None = None,
    concurrency: int = CONCURRENCY,
    as_of: str | None = None,
    on_new_day: Literal["stop", "continue"] = "stop",
    journal: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    segments: str | os.PathLike[str] | None = None,
    redis: str | None = None,
    shard_ids: int | None = None,
    flush_pages: int | None = None,
    flush_seconds: float = FLUSH_SECONDS,
) -> Report:
    """Export as `export` does, with workers that another scheduler places.

    This process cuts the list into shards, hands each to `submit`, and commits and publishes what
    the workers write; folder, journal and files are those of `export`, and either can resume what
    the other began. All workers together keep the client's rate and `max_credits`.

    A worker that is killed pays at most `concurrency` + `flush_pages` pages again.

    Args:
        submit: Has a worker call a function with one argument, and gives a
            `concurrent.futures.Future` of what it returns: such as the `submit` of a
            `ProcessPoolExecutor`. Both can be pickled. It is called once for each shard, and again
            for the shard of a worker that died.
        method: See `export`. Workers make an async client of the same class and options; those
            must be such as can be pickled.
        ids: See `export`.
        out: See `export`.
        workers: About how many workers there are: the list is cut accordingly.
        arguments: See `export`.
        id_parameter: See `export`.
        max_credits: See `export`.
        max_pages: See `export`.
        concurrency: How many ids each worker asks for at once.
        as_of: See `export`.
        on_new_day: See `export`.
        journal: See `export`.
        progress: See `export`.
        segments: Folder or URI that all workers reach, such as `s3://bucket/segments`, for what
            they write; by default `segments` below `out`.
        redis: URL of the Redis that grants shards, credits and pace to workers on other machines,
            who take the key from their environment; this process does, for workers on its own.
        shard_ids: How many ids a shard has; by default what suits list and workers.
        flush_pages: How many committed pages a worker may have in its memory alone; by default 100
            with `redis`, and 0 without.
        flush_seconds: How long it may have them.

    Returns:
        What was done.

    Raises:
        KeyAPIError: As of `export`.
    """
    plan = Plan.of(method, arguments or {}, id_parameter=id_parameter, max_pages=max_pages)
    settings = Settings(
        out=out,
        journal=journal,
        as_of=as_of,
        on_new_day=on_new_day,
        max_credits=max_credits,
        concurrency=concurrency,
    )
    placement = Placement(
        workers=workers,
        segments=segments,
        redis=redis,
        shard_ids=shard_ids,
        flush_pages=flush_pages,
        flush_seconds=flush_seconds,
    )
    with placed(plan, settings, placement, submit) as working:
        listener = ToldProgress(progress)
        return completed(
            carried_out(plan, Ids(ids, plan.names), settings, listener, working=working)
        )


def on_dask(
    method: Any,
    ids: Any,
    out: str | os.PathLike[str],
    *,
    address: str | None = None,
    workers: int = 2,
    **options: Any,
) -> Report:
    """Export as `export` does, on the workers of a Dask cluster; see `export_on`.

    A program that makes processes guards what it does by `if __name__ == "__main__":`.

    Args:
        method: See `export_on`.
        ids: See `export_on`.
        out: See `export_on`.
        address: The address of a scheduler, such as `tcp://10.0.0.7:8786`, which needs `redis`;
            None for processes on this machine, made for this export.
        workers: How many processes are made, or about how many workers the cluster has.
        options: Other arguments of `export_on`.

    Returns:
        What was done.

    Raises:
        KeyAPIError: As of `export`.
        ModuleNotFoundError: The extra `dask` is not installed.
    """
    check_redis(address, options.get("redis"))
    with dask_submit(address, workers) as submit:
        return export_on(submit, method, ids, out, workers=workers, **options)
