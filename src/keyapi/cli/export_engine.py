"""Which processes ask for the pages of `keyapi export`: this one, or workers."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from keyapi.cli.export_run import run
from keyapi.cli.messages import UsageError
from keyapi.export._engine import Engine

if TYPE_CHECKING:
    from keyapi._client import AsyncClient
    from keyapi.export import State
    from keyapi.export._ids import Ids
    from keyapi.export._plan import Plan
    from keyapi.export._run import MakeWorking
    from keyapi.export._settings import Settings


def run_by(
    options: Any,
    client: AsyncClient,
    plan: Plan,
    ids: Ids | None,
    settings: Settings,
    put_back: tuple[State, ...] = (),
) -> int:
    """Carry out an export by the engine that its options name; arguments as of `run`.

    Raises:
        UsageError: The options do not fit, or the engine is not installed.
    """
    working: MakeWorking = Engine
    with ExitStack() as stack:
        if options.engine is not None:
            try:
                working = stack.enter_context(_dask(options, plan, settings))
            except ModuleNotFoundError as error:
                raise UsageError(str(error)) from error
        elif options.redis is not None or options.segments is not None:
            raise UsageError("--redis and --segments are for --engine dask")
        return run(
            client, plan, ids, settings, quiet=options.quiet, put_back=put_back, working=working
        )


def _dask(options: Any, plan: Plan, settings: Settings) -> Any:
    from keyapi.export._shards.dask import on
    from keyapi.export._shards.placing import Placement

    placement = Placement(workers=options.workers, segments=options.segments, redis=options.redis)
    return on(options.engine, plan, settings, placement)
