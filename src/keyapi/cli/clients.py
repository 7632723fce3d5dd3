"""The commands of the installed clients, grouped by platform and resource."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cyclopts import App, Group

if TYPE_CHECKING:
    from keyapi._client import SyncClient
    from keyapi.cli.commands import Command
    from keyapi.specification import Specification

OPERATIONS = Group("Operations", sort_key=1)

Made = Callable[["type[SyncClient]", "Specification", "Command"], Callable[..., int] | None]
"""Makes, of a client, its specification and a command, the function that the library calls."""


def add_clients(
    app: App, tokens: Sequence[str], made: Made, taken: Sequence[str], about: str = "Operations"
) -> None:
    """Add the commands of the installed clients.

    They are grouped under the platform's name; a single client's are also at the top level.

    Args:
        app: The application.
        tokens: The command line after the application's name.
        made: Makes the function of a command; None where there is none.
        taken: Names that the application has for other commands.
        about: What help calls the operations of a client.
    """
    from keyapi._clients import installed

    clients = installed()
    for platform, client in clients.items():
        only = len(clients) == 1
        group = below(platform, show=not only)
        group.help = f"{about} of {client.__name__}."
        words = tokens[1:] if tokens and tokens[0] == platform else tokens
        for resource in _resources(client, words, made):
            group.command(resource)
            if only and resource.name[0] not in taken:
                app.command(resource)
        app.command(group)


def below(name: str, *, show: bool = True) -> App:
    """An application of operations, to be added to another one."""
    return App(name=name, help_epilogue="", show=show, group=OPERATIONS, group_commands=OPERATIONS)


def _resources(client: type[SyncClient], words: Sequence[str], made: Made) -> list[App]:
    from keyapi._clients import methods
    from keyapi.cli.commands import commands, named
    from keyapi.cli.help import formatter
    from keyapi.specification import Specification

    specification = Specification.of_package(client._package)
    found: dict[str, App] = {}
    for command in named(commands(methods(client), specification.operations), words):
        function = made(client, specification, command)
        if function is None:
            continue
        name = command.resource
        if name not in found:
            found[name] = below(name)
        found[name].command(
            function, name=command.name, help=command.help, help_formatter=formatter()
        )
    for resource in found.values():
        names = [name for name in resource if not name.startswith("-")]
        more = f", and {len(names) - 3} more" if names[3:] else ""
        resource.help = f"Operations: {', '.join(names[:3])}{more}."
    return list(found.values())
