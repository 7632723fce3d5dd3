"""The application: its commands, and how errors become messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from cyclopts import (
    App,
    CoercionError,
    CycloptsError,
    Group,
    MissingArgumentError,
    UnusedCliTokensError,
)
from cyclopts.exceptions import RepeatArgumentError, UnknownOptionError

from keyapi._errors import KeyAPIError
from keyapi.cli.clients import add_clients
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
    from keyapi.cli.commands import Command
    from keyapi.specification import Specification

_TOOLS = Group("Tools", sort_key=2)
_OTHERS = Group("Options", sort_key=3)
TOOLS = {
    "doctor": "Check the key, server, versions and specification.",
    "demo": "See the client at work, offline.",
    "sandbox": "Serve the API on this machine, offline and free of charge.",
    "export": "Export all rows of many ids as Parquet, resumable, within a budget.",
    "contract": "Check that a server keeps the contract, within a cap on credits.",
}
EPILOGUES = {
    "contract": "Exit codes: 0 the contract holds; 1 it is broken; 2 an option or the key cannot "
    "be used, or cases could not be asked; 130 interrupted, with a report of what was done."
}
_KEYS = ("--token", "--key", "--api-key")
_HELP = """\
KeyAPI's analytics on the command line. Set KEYAPI_TOKEN to your API key.

keyapi RESOURCE OPERATION --help shows an operation's options and its cost.
"""
_CODES = """\
Exit codes: 0 success; 1 the API returned an error or did not answer; 2 the command, an option \
or the key is invalid; 3 the budget or the plan's quota is used up; 130 interrupted.\
"""


def run(tokens: Sequence[str], application: App | None = None) -> int:
    """Run a command and return its exit code; every expected failure is reported in one line.

    Args:
        tokens: The command line.
        application: The application; `keyapi` itself if left out.
    """
    try:
        result = (application or build(tokens))(tokens, print_error=False, exit_on_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        say(_usage(error, tokens))
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
    except BrokenPipeError:  # whoever reads the output has closed it
        _drop_stdout()
        return OK
    return result if isinstance(result, int) else OK


def build(tokens: Sequence[str]) -> App:
    """Build the application.

    Args:
        tokens: The command line; clients are imported only if it may call one, and where it names
            an operation, no other command of theirs is made.
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
    for place, (name, summary) in enumerate(TOOLS.items()):
        if name == "export":
            app.command(_export(tokens, summary, place))
            continue
        path = f"keyapi.cli.{name}:{name}"  # imported when it is called
        app.command(
            path,
            name=name,
            help=summary,
            sort_key=place,
            help_epilogue=EPILOGUES.get(name, ""),
        )
    if not tokens or tokens[0] not in TOOLS:
        add_clients(app, tokens, _command, tuple(TOOLS))
    return app


def _export(tokens: Sequence[str], summary: str, place: int) -> App:
    """The commands below `export`, described only where the command line names it."""
    if tokens[:1] != ["export"]:
        return App(name="export", help=summary, sort_key=place)
    from keyapi.cli.export import application

    return application(tokens[1:], summary)


def _command(
    client: type[SyncClient], specification: Specification, command: Command
) -> Callable[..., int]:
    return command.function(partial(_call, client, specification))


def _call(
    client: type[SyncClient],
    specification: Specification,
    command: Command,
    arguments: dict[str, Any],
    options: Any,
) -> int:
    from keyapi.cli.columns import Columns
    from keyapi.cli.run import Run

    return Run(client, Columns(specification, command.spec), command, arguments, options)()


def _usage(error: CycloptsError, tokens: Sequence[str]) -> str:
    """Say in one line what is wrong with a command line, without repeating keys."""
    error.verbose = False
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        if error.keyword is not None:
            return _without_value(error.keyword, tokens)
        description = (error.argument.parameter.help or "").rstrip(".")
        return f"{error.argument.name} is missing" + (f": {description}" if description else "")
    if isinstance(error, CoercionError) and error.argument and error.argument.hint is bool:
        return f"{error.argument.name} is a flag and takes no value"
    if isinstance(error, RepeatArgumentError):
        option = error.token.keyword or error.token.value
        return f"{option} is given more than once"
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return f"unexpected argument {error.unused_tokens[0]!r}; write options as --name VALUE"
    if isinstance(error, UnknownOptionError):
        option = (error.token.keyword or error.token.value).partition("=")[0]
        if option in _KEYS:
            return (
                f"There is no {option}, because other users could see the key; set KEYAPI_TOKEN, "
                "or use --token-file FILE"
            )
    return str(error)


def _without_value(option: str, tokens: Sequence[str]) -> str:
    """Say that an option has no value, and how to write one that begins with a hyphen."""
    after = tokens[tokens.index(option) + 1 :][:1] if option in tokens else []
    if after and after[0] != "--":
        return (
            f"{option} needs a value, but {after[0]} follows it; if that is the value, write "
            f"{option}={after[0]}"
        )
    return f"{option} needs a value"


def _drop_stdout() -> None:
    """Discard what the interpreter flushes to stdout when it exits."""
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
