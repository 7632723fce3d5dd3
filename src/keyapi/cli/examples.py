"""A call that needs no input: its arguments are the specification's own examples."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from keyapi.cli.commands import Command
from keyapi.cli.values import dashed
from keyapi.specification import Argument, OperationSpec, value_at


def documented(commands: Iterator[Command]) -> tuple[Command, dict[str, Any]] | None:
    """Find the cheapest operation that has examples of all its required arguments.

    Returns:
        Its command and these arguments, by their Python names; None if there is none. Of
        operations with the same cost, the first with pages, else the first.
    """
    calls = []
    for command in commands:
        arguments = dict(_arguments(command))
        if None not in arguments.values():
            calls.append((command, arguments))
    return min(calls, key=lambda call: (call[0].spec.credits, call[0].walk is None), default=None)


def typed(command: Command, arguments: Mapping[str, Any], platform: str = "") -> str:
    """Write a call as a command line; members of enums by name.

    Args:
        command: The command.
        arguments: Its arguments, by their Python names.
        platform: Name of its client's platform, where several clients are installed.
    """
    words = ["keyapi", *filter(None, [platform]), dashed(command.call.resource), command.name]
    for name, value in arguments.items():
        members = command.spec.arguments[command.call.wire[name]].members
        member = next((name for name in members if members[name] == value), str(value))
        words += [f"--{dashed(name)}", dashed(member)]
    return " ".join(words)


def _arguments(command: Command) -> Iterator[tuple[str, Any]]:
    for name, parameter in command.call.signature.parameters.items():
        if parameter.default is inspect.Parameter.empty:
            yield name, _example(command.spec, command.spec.arguments[command.call.wire[name]])


def _example(spec: OperationSpec, argument: Argument) -> Any:
    """A value of a required argument: from the rows' example, its own, or its first member."""
    echoed = argument.name in spec.echoes
    rows = value_at(spec.example(spec.success), spec.items or ()) if echoed else None
    if rows:
        return rows[0].get(argument.name)
    example = argument.schema.get("example", argument.schema.get("default"))
    return example if example is not None else next(iter(argument.members.values()), None)
