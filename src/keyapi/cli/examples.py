"""A call that can be made without being told anything: by the specification's own examples."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from keyapi.cli.commands import Command
from keyapi.cli.values import dashed
from keyapi.specification import Argument, OperationSpec, value_at


def documented(commands: Iterator[Command]) -> tuple[Command, dict[str, Any]] | None:
    """Find the cheapest operation whose required arguments the specification has examples of.

    Returns:
        Its command and these arguments, by their Python names; None where there is none. Of
        operations that cost the same, one with pages is taken, else the first.
    """
    found = []
    for command in commands:
        arguments = dict(_arguments(command))
        if None not in arguments.values():
            found.append((command, arguments))
    return min(found, key=lambda one: (one[0].spec.credits, one[0].walk is None), default=None)


def typed(command: Command, arguments: Mapping[str, Any]) -> str:
    """Write a call as it is typed; a member of an enum goes by its name."""
    words = ["keyapi", dashed(command.call.resource), command.name]
    for name, value in arguments.items():
        members = command.spec.arguments[command.call.wire[name]].members
        member = next((one for one in members if members[one] == value), str(value))
        words += [f"--{dashed(name)}", dashed(member)]
    return " ".join(words)


def _arguments(command: Command) -> Iterator[tuple[str, Any]]:
    for name, parameter in command.call.signature.parameters.items():
        if parameter.default is inspect.Parameter.empty:
            yield name, _example(command.spec, command.spec.arguments[command.call.wire[name]])


def _example(spec: OperationSpec, argument: Argument) -> Any:
    """A value of a required argument: its example, what rows repeat of it, or its first member."""
    echoed = argument.name in spec.echoes
    rows = value_at(spec.example(spec.success), spec.items or ()) if echoed else None
    if rows:
        return rows[0].get(argument.name)
    given = argument.schema.get("example", argument.schema.get("default"))
    return given if given is not None else next(iter(argument.members.values()), None)
