"""A method's argument, declared as an option of the command line."""

from __future__ import annotations

import inspect
from enum import Enum
from typing import Annotated, Any

from cyclopts import Group, Parameter

from keyapi.cli.values import Reading, converter, legend, reading


def declared(
    parameter: inspect.Parameter,
    option: str,
    *,
    said: str,
    group: Group | None = None,
    joined: bool = False,
) -> inspect.Parameter:
    """Declare an argument of a method as an option.

    Args:
        parameter: The argument, of which name, type and default are kept.
        option: The option's name.
        said: What the specification says of it.
        group: Under which help lists it; None for the first.
        joined: Whether its list is sent as one comma-joined value, and may be given so.
    """
    read = reading(parameter.annotation)
    many = getattr(read.kind, "__origin__", None) is list
    facts: dict[str, Any] = {"help": said, "metavar": read.metavar, "negative": ""}
    if group is not None:
        facts["group"] = group
    if read.kind is bool:
        facts["negative"] = f"--no-{option[2:]}"
    elif not many:
        facts.update(n_tokens=1, accepts_keys=False)
    if read.read is not None:
        split = joined or (many and read.kind != list[str])
        facts["converter"] = converter(read.read, many=many, split=split)
    if read.members:
        facts.update(help=legend(_enum(read), said), show_choices=False)
        facts["completer"] = lambda context: read.members
    optional = parameter.default is not inspect.Parameter.empty and read.kind is not Any
    kind: Any = read.kind | None if optional else read.kind
    annotation = Annotated[kind, Parameter(option, **facts)]
    return keyword(parameter.name, annotation, default=parameter.default)


def keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    """A keyword-only parameter of a function that the library calls."""
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, annotation=annotation, default=default)


def _enum(read: Reading) -> type[Enum]:
    kind: type[Enum] = getattr(read.kind, "__args__", (read.kind,))[0]
    return kind
