"""`keyapi export`: all rows of many ids, as Parquet files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from inspect import Parameter as Argument
from inspect import Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from keyapi._errors import (
    ConfigurationError,
)
from keyapi.cli.clients import add_clients
from keyapi.cli.declared import declared, keyword
from keyapi.cli.export_options import CLIENT_FIELDS, NAMES, ExportOptions, RetryOptions
from keyapi.cli.export_text import estimated, stated
from keyapi.cli.messages import (
    FAILED,
    OK,
    UsageError,
    counted,
    say,
)
from keyapi.cli.text import to_json
from keyapi.cli.values import dashed, place

if TYPE_CHECKING:
    from keyapi._client import SyncClient
    from keyapi.cli.commands import Command
    from keyapi.specification import Specification

COMMANDS = ("status", "verify", "retry", "load")
_CODES = """\
Exit codes: 0 done; 1 done, but some ids are dead or failed, or a file could not be written; 2 an \
argument or the key cannot be used; 3 the budget or the plan's quota is used up; 130 interrupted.\
"""
_SHOWN = 20  # problems that `status` lists


def application(tokens: Sequence[str], summary: str) -> App:
    """Make the commands below `export`.

    Args:
        tokens: The command line after `export`.
        summary: What help says of them.

    Raises:
        UsageError: The extra `export` is not installed.
    """
    _package()
    app = App(name="export", help=summary, help_epilogue=_CODES)
    app.command(_status, name="status", help="Say how far a run is, also while it is going.")
    app.command(_verify, name="verify", help="Compare the files with journal and manifest.")
    app.command(_retry, name="retry", help="Ask again for ids that failed.")
    app.command("keyapi.cli.export_load:load", name="load", help="Load the rows into a database.")
    if not tokens or tokens[0] not in COMMANDS:
        add_clients(app, tokens, _command, COMMANDS, "Exports")
    return app


def _package() -> Any:
    try:
        import keyapi.export
    except ModuleNotFoundError as error:
        raise UsageError(str(error)) from error
    return keyapi.export


def _command(
    client: type[SyncClient], specification: Specification, command: Command
) -> Callable[..., int] | None:
    """The function of an operation; None where it has no pages."""
    walk = command.walk
    if walk is None:
        return None
    parameters = walk.signature.parameters
    kept = [name for name in parameters if name not in (*command.position, *command.bounds)]
    required = [name for name in kept if parameters[name].default is Argument.empty]
    if len(required) == 1:
        kept.remove(required[0])  # it takes the id

    def export(**arguments: Any) -> int:
        options = arguments.pop("options")
        given = {name: value for name, value in arguments.items() if value is not None}
        return _export(client, walk, given, options)

    options = Annotated[ExportOptions, Parameter(name="*")]
    signature = [
        declared(
            parameters[name].replace(default=None),
            f"--{_option(command, name)}",
            description=command.description(walk.wire[name]),
        )
        for name in kept
    ]
    last = keyword("options", options, default=Argument.empty)
    export.__signature__ = Signature([*signature, last])  # type: ignore[attr-defined]
    return export


def _option(command: Command, name: str) -> str:
    plain = dashed(name)
    place_ = command.spec.arguments[command.call.wire[name]].place
    return f"{place_}-{plain}" if plain in NAMES else plain


def _export(client: type[SyncClient], walk: Any, arguments: dict[str, Any], options: Any) -> int:
    from keyapi._clients import async_twin
    from keyapi.cli.export_engine import run_by
    from keyapi.export import dry_run
    from keyapi.export._ids import Ids
    from keyapi.export._plan import Plan
    from keyapi.export._settings import Settings

    if options.dry_run:
        token = {"token": "unused", **_without_token(options)}
        estimate = dry_run(
            walk.on(client(**token)),
            options.ids,
            options.out,
            arguments=arguments,
            id_parameter=options.id_parameter,
            max_pages=options.max_pages,
            as_of=options.as_of,
            journal=options.journal,
        )
        _print(*estimated(estimate))
        return OK
    made = async_twin(client)(**_for_client(options))
    plan = Plan.of(
        walk.on(made),
        arguments,
        id_parameter=options.id_parameter,
        max_pages=options.max_pages,
    )
    settings = Settings(
        out=options.out,
        journal=options.journal,
        as_of=options.as_of,
        on_new_day=options.on_new_day,
        max_credits=options.max_credits,
        concurrency=options.concurrency,
    )
    ids = Ids(options.ids, plan.names)
    return run_by(options, made, plan, ids, settings)


def _without_token(options: Any) -> dict[str, Any]:
    return {name: getattr(options, name) for name, _, _ in CLIENT_FIELDS}


_FOLDER = Annotated[
    Path, Parameter(metavar="FOLDER", help="The folder of the export.", converter=place)
]
_DAY = Annotated[str | None, Parameter(metavar="DATE", help="The run's day. Default: the newest.")]
_JSON = Annotated[
    bool, Parameter("--json", negative="", show_default=False, help="Print everything as JSON.")
]


def _status(folder: _FOLDER, /, *, as_of: _DAY = None, json: _JSON = False) -> int:
    """Say how far a run is."""
    from keyapi.export import status

    found = status(folder, as_of=as_of, most=None if json else _SHOWN)
    if json:
        document = {
            **asdict(found.report),
            "running": found.running,
            "runs": found.runs,
            **found.plan,
            "problems": [
                {**problem._asdict(), "state": problem.state.name.lower()}
                for problem in found.problems
            ],
        }
        for name in ("seconds", "listed", "added", "blank"):
            del document[name]
        _print(to_json(document, indent=2))
    else:
        _print(*stated(found))
    return OK


def _verify(folder: _FOLDER, /, *, as_of: _DAY = None) -> int:
    """Compare the files of a run with its journal and manifest."""
    from keyapi.export import verify

    found = verify(folder, as_of=as_of)
    for problem in found.problems:
        say(problem)
    if found.problems:
        return FAILED
    _print(
        f"The run of {found.as_of} is whole: {counted(found.files, 'file')} with "
        f"{counted(found.rows, 'row')}, as journal and manifest say."
    )
    return OK


def _retry(
    folder: _FOLDER,
    /,
    *,
    dead: Annotated[
        bool, Parameter(negative="", show_default=False, help="Ask for dead ids, too.")
    ] = False,
    options: Any = None,
) -> int:
    """Ask again for ids that failed."""
    from keyapi._clients import async_twin
    from keyapi.cli.export_engine import run_by
    from keyapi.export import State
    from keyapi.export._api import begun

    options = options or RetryOptions()
    made = async_twin(_client_of(folder, options.as_of))(**_for_client(options))
    plan, settings = begun(made, folder, options.as_of)
    settings = replace(
        settings,
        on_new_day=options.on_new_day,
        max_credits=options.max_credits,
        concurrency=options.concurrency,
    )
    states = (State.FAILED, State.DEAD) if dead else (State.FAILED,)
    return run_by(options, made, plan, None, settings, states)


# A type that is made at run time.
_retry.__annotations__["options"] = Annotated[RetryOptions | None, Parameter(name="*")]


def _client_of(folder: Path, as_of: str | None) -> type[SyncClient]:
    """The class of the client that a run was begun with."""
    from keyapi._clients import installed
    from keyapi.export._api import client_name

    name = client_name(folder, as_of)
    clients = installed().values()
    for client in clients:
        if client.__name__ == name:
            return client
    names = ", ".join(client.__name__ for client in clients)
    raise ConfigurationError(f"The client {name} is not installed; installed: {names}")


def _for_client(options: Any) -> dict[str, Any]:
    """The arguments of the client class: the budget is that of the run."""
    arguments: dict[str, Any] = options.for_client()
    del arguments["max_credits"]
    return arguments


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
