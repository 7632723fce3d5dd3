"""`keyapi demo`: the client at work against a sandbox, with faults that occur in practice."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from keyapi.cli.destination import Stdout
from keyapi.cli.messages import OK, UsageError, counted, explain, logged
from keyapi.cli.sandbox import sandbox_package
from keyapi.cli.terminal import console_to

if TYPE_CHECKING:
    from keyapi.cli.columns import Columns
    from keyapi.cli.commands import Command

_ROWS = 25  # three pages
_SHOWN = 10
_REQUESTS = 5  # covered by the key's credits
_FAULT = "html-502@2"  # the second answer is an HTML page


def demo(
    *,
    platform: Annotated[
        str | None, Parameter(metavar="NAME", help="Client to use, if several are installed.")
    ] = None,
) -> int:
    """See the client at work, offline: a table, a retry, an exhausted quota, and the cost."""
    from keyapi._clients import find

    client = find(platform)
    command, columns, arguments = _walkable(client)
    sandbox = sandbox_package().Sandbox(
        client, credits=command.spec.credits * _REQUESTS, faults=(_FAULT,)
    )
    _print("A sandbox in this process answers instead of KeyAPI; nothing leaves this machine.\n")
    with sandbox.client() as calls, logged(logging.INFO):
        _show_walk(calls, command, columns, arguments)
        _print(f"\nNow all pages, over and over, until credits run out; {_left(sandbox)} left:\n")
        _walk_until_refused(calls, command, arguments)
    ledger = sandbox.ledger
    _print(
        f"\nLedger: {counted(ledger.count, 'request')}, "
        f"{counted(ledger.charged, 'credit')} charged, {_left(sandbox)} left."
    )
    return OK


def _walkable(client: Any) -> tuple[Command, Columns, dict[str, Any]]:
    """An operation with pages that can be called with its documented examples."""
    from keyapi._clients import methods
    from keyapi.cli.columns import Columns
    from keyapi.cli.commands import commands
    from keyapi.cli.examples import documented
    from keyapi.specification import Specification

    specification = Specification.of_package(client._package)
    made = commands(methods(client), specification.operations)
    call = documented(command for command in made if command.walk is not None)
    if call is None:
        raise UsageError("No operation with pages has documented examples of its arguments")
    command, arguments = call
    return command, Columns(specification, command.spec), {**arguments, **_sorting(command)}


def _sorting(command: Command) -> dict[str, Any]:
    """Arguments that sort by the first sortable column, highest first."""
    sort = command.spec.sort
    if sort is None:
        return {}
    argument = {wire: name for name, wire in command.call.wire.items()}
    members = command.spec.arguments[sort.field].members
    chosen = {argument[sort.field]: next(iter(members.values()))}
    if sort.direction is not None:
        directions = command.spec.arguments[sort.direction].members
        if "desc" in directions:
            chosen[argument[sort.direction]] = directions["desc"]
    return chosen


def _show_walk(calls: Any, command: Command, columns: Columns, arguments: dict[str, Any]) -> None:
    from keyapi.cli.examples import typed
    from keyapi.cli.table import print_table

    assert command.walk is not None  # noqa: S101 - `_walkable` chose it
    _print(f"$ {typed(command, arguments)} --limit {_ROWS}\n")
    rows = list(command.walk.on(calls)(**arguments, limit=_ROWS))
    with Stdout() as out, console_to(out) as console:
        print_table(console, columns.by_weight(), rows[:_SHOWN], all_of_them=False)
    _print(
        f"... {counted(len(rows), 'row')} in total. One answer was an HTML page; the client sent "
        "that request again."
    )


def _walk_until_refused(calls: Any, command: Command, arguments: dict[str, Any]) -> None:
    from keyapi._errors import InsufficientCredits

    assert command.walk is not None  # noqa: S101 - `_walkable` chose it
    for _ in range(_REQUESTS + 1):  # each walk costs at least one request
        try:
            for _row in command.walk.on(calls)(**arguments):
                pass
        except InsufficientCredits as error:
            _print(f"Stopped: {explain(error)}")
            _print(
                f"{counted(error.rows_yielded or 0, 'row')} of this walk arrived before that; "
                f"resume with --start-page {error.next_page}. For one minute, further calls "
                "fail without being sent."
            )
            return


def _left(sandbox: Any) -> str:
    return counted(sandbox.credits_left, "credit")


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the output of the command
