"""Declare a method's argument as an option of the command line."""

from __future__ import annotations

import inspect
from enum import Enum
from functools import partial
from typing import Annotated, Any

from cyclopts import Group, Parameter

from keyapi.cli.values import Reading, converter, filled, legend, reading


def declared(
    parameter: inspect.Parameter,
    option: str,
    *,
    description: str,
    group: Group | None = None,
    joined: bool = False,
    may_be_empty: bool = True,
) -> inspect.Parameter:
    """Declare an argument of a method as an option.

    Args:
        parameter: The argument, whose name, type and default are kept.
        option: The option's name.
        description: Its description in the specification.
        group: The group that help lists it in; None for the first.
        joined: Whether its list is sent as one comma-joined value, and can be written like that.
        may_be_empty: Whether empty text can be sent.
    """
    read = reading(parameter.annotation)
    many = getattr(read.kind, "__origin__", None) is list
    facts: dict[str, Any] = {"help": description, "metavar": read.metavar, "negative": ""}
    if group is not None:
        facts["group"] = group
    if read.kind is bool:
        facts["negative"] = f"--no-{option[2:]}"
    elif not many:
        facts.update(n_tokens=1, accepts_keys=False)
    required = parameter.default is inspect.Parameter.empty
    if read.kind is str and not may_be_empty:
        read = read._replace(read=partial(filled, required=required))
    if read.read is not None:
        split = joined or (many and read.kind != list[str])
        facts["converter"] = converter(read.read, many=many, split=split)
    if read.members:
        facts.update(help=legend(_enum(read), description), show_choices=False)
        facts["completer"] = lambda context: read.members
    kind: Any = read.kind if required or read.kind is Any else read.kind | None
    annotation = Annotated[kind, Parameter(option, **facts)]
    return keyword(parameter.name, annotation, default=parameter.default)


def keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    """A keyword-only parameter of a function that the library calls."""
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, annotation=annotation, default=default)


def _enum(read: Reading) -> type[Enum]:
    kind: type[Enum] = getattr(read.kind, "__args__", (read.kind,))[0]
    return kind
