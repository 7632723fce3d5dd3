"""The application: which commands there are, and what becomes of errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from cyclopts import App, CycloptsError, Group, MissingArgumentError, UnusedCliTokensError
from cyclopts.exceptions import UnknownOptionError

from keyapi._errors import KeyAPIError
from keyapi.cli.messages import (
    INTERRUPTED,
    OK,
    USAGE,
    CommandError,
    exit_code,
    explain,
    say,
    version,
)

if TYPE_CHECKING:
    from keyapi._client import SyncClient

_OPERATIONS = Group("Operations", sort_key=1)
_TOOLS = Group("Tools", sort_key=2)
_OTHERS = Group("Options", sort_key=3)
TOOLS = {
    "doctor": "Check key, server, versions and specification.",
    "demo": "Watch the client at work, offline.",
    "sandbox": "Serve the API on this machine, offline and free of charge.",
    "contract": "Check that a server keeps the contract, within a cap on credits.",
}
EPILOGUES = {
    "contract": "Exit codes: 0 the contract holds; 1 it is broken; 2 an option or the key cannot "
    "be used, or cases could not be asked; 130 interrupted, with a report of what was done."
}
_KEYS = ("--token", "--key", "--api-key")
_HELP = """\
KeyAPI's analytics on the command line; the key is read from KEYAPI_TOKEN.

keyapi RESOURCE OPERATION --help tells what an operation takes, and what it costs.
"""
_CODES = """\
Exit codes: 0 done; 1 the API answered with an error, or not at all; 2 the command, the key or an \
option cannot be used; 3 the budget or the plan's quota is used up; 130 interrupted.\
"""


def run(tokens: Sequence[str], application: App | None = None) -> int:
    """Run a command and give the exit code; whatever can be expected to fail fails in one line.

    Args:
        tokens: The command line.
        application: The application; `keyapi` itself if left out.
    """
    try:
        result = (application or build(tokens))(tokens, print_error=False, exit_on_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        say(_usage(error))
        return USAGE
    except CommandError as error:
        say(str(error))
        return error.code
    except KeyAPIError as error:
        say(explain(error))
        return exit_code(error)
    except KeyboardInterrupt:
        say("Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:  # who reads the output has seen enough
        _drop_stdout()
        return OK
    return result if isinstance(result, int) else OK


def build(tokens: Sequence[str]) -> App:
    """Make the application.

    Args:
        tokens: The command line; clients are imported only where it may call one.
    """
    app = App(
        name="keyapi",
        help=_HELP,
        help_epilogue=_CODES,
        help_format="plaintext",
        version=f"keyapi-tiktok {version()}",
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        group_commands=_TOOLS,
    )
    app["--help"].group = app["--version"].group = (_OTHERS,)
    app.register_install_completion_command(group=_OTHERS)
    for place, (name, said) in enumerate(TOOLS.items()):
        path = f"keyapi.cli.{name}:{name}"  # imported when it is called
        app.command(
            path, name=name, help=said, sort_key=place, help_epilogue=EPILOGUES.get(name, "")
        )
    if not tokens or tokens[0] not in TOOLS:
        _add_clients(app)
    return app


def _add_clients(app: App) -> None:
    """Add the commands of the clients there are.

    They stand below the platform's name; where there is only one client, also at the top.
    """
    from keyapi._clients import installed

    clients = installed()
    for platform, client in clients.items():
        only = len(clients) == 1
        below = _below(platform, show=not only)
        below.help = f"Operations of {client.__name__}."
        for resource in _resources(client):
            below.command(resource)
            if only and resource.name[0] not in TOOLS:
                app.command(resource)
        app.command(below)


def _below(name: str, *, show: bool = True) -> App:
    return App(
        name=name, help_epilogue="", show=show, group=_OPERATIONS, group_commands=_OPERATIONS
    )


def _resources(client: type[SyncClient]) -> list[App]:
    from keyapi._clients import methods
    from keyapi.cli.commands import commands
    from keyapi.cli.help import formatter
    from keyapi.cli.values import dashed
    from keyapi.specification import Specification

    specification = Specification.of_package(client._package)
    found: dict[str, App] = {}
    for command in commands(methods(client), specification.operations):
        name = dashed(command.call.resource)
        if name not in found:
            found[name] = _below(name)
        run = partial(_call, client, specification)
        found[name].command(
            command.function(run),
            name=command.name,
            help=command.help,
            help_formatter=formatter(),
        )
    for resource in found.values():
        names = [name for name in resource if not name.startswith("-")]
        more = f", and {len(names) - 3} more" if names[3:] else ""
        resource.help = f"Operations: {', '.join(names[:3])}{more}."
    return list(found.values())


def _call(
    client: type[SyncClient], specification: Any, command: Any, given: dict[str, Any], options: Any
) -> int:
    from keyapi.cli.calls import Run
    from keyapi.cli.columns import Columns

    return Run(client, Columns(specification, command.spec), command, given, options)()


def _usage(error: CycloptsError) -> str:
    """Say in one line what is wrong with a command line, without repeating values."""
    error.verbose = False
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        if error.keyword is not None:
            return f"{error.keyword} needs a value"
        said = (error.argument.parameter.help or "").rstrip(".")
        return f"{error.argument.name} is missing" + (f": {said}" if said else "")
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return f"{error.unused_tokens[0]!r} stands behind no option; give it as --name VALUE"
    if isinstance(error, UnknownOptionError):
        option = (error.token.keyword or error.token.value).partition("=")[0]
        if option in _KEYS:
            return (
                f"There is no {option}, since others could see the key: set KEYAPI_TOKEN, or give "
                "--token-file FILE"
            )
    return str(error)


def _drop_stdout() -> None:
    """Let the interpreter's own last flush go nowhere."""
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
