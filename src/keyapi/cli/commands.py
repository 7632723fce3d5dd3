"""The commands of a client: one for each operation, made from its methods."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from keyapi._clients import Method
from keyapi._operation import PagedOperation
from keyapi._specification import Argument, OperationSpec
from keyapi.cli import options
from keyapi.cli.options import Options
from keyapi.cli.values import Reading, converter, count, legend, reading

if TYPE_CHECKING:
    from docstring_parser import Docstring

_BOUNDS = ("limit", "max_pages")


class Command:
    """The command of an operation.

    Args:
        spec: What the specification says of the operation.
        call: The method that makes one call.
        walk: The method that walks its pages, where it has any.

    Attributes:
        name: What it is called on the command line.
        help: What help says of it.
        position: For paged operations, the arguments that say where one call and a walk start;
            empty for others.
        bounds: For paged operations, the arguments that end a walk: after so many rows, or pages.
    """

    def __init__(self, spec: OperationSpec, call: Method, walk: Method | None) -> None:
        self.spec = spec
        self.call = call
        self.walk = walk
        self.name = dashed(call.name)
        self._doc = _parsed(call.doc)
        summary, more = self._doc.short_description or "", self._doc.long_description or ""
        self.summary = summary
        self.help = f"{summary}\n\n{_joined(more)}".strip()
        self.position: tuple[str, ...] = ()
        self.bounds = _BOUNDS if walk is not None else ()
        if walk is not None:
            assert isinstance(call.operation, PagedOperation)  # noqa: S101 - only such are walked
            here = call.operation.paging.parameter
            there = next(n for n, wire in walk.wire.items() if wire == call.wire[here])
            self.position = here, there

    def function(self, run: Callable[..., int]) -> Callable[..., int]:
        """Make the function that the library calls.

        Args:
            run: Is given this command, the arguments that were given by their Python names, and
                the options.
        """

        def command(**given: Any) -> int:
            chosen = given.pop("options", None) or Options()
            return run(self, given, chosen)

        command.__name__ = self.call.name
        command.__doc__ = None
        command.__signature__ = inspect.Signature(list(self._parameters()))  # type: ignore[attr-defined]
        return command

    def _parameters(self) -> Iterator[inspect.Parameter]:
        for name, parameter in self.call.signature.parameters.items():
            yield self._argument(
                name, parameter, self.call.wire[name], self._words(self._doc, name)
            )
        if self.walk is not None:
            said = _parsed(self.walk.doc)
            yield _keyword(
                "all",
                Annotated[
                    bool,
                    Parameter(
                        name="--all",
                        negative="",
                        group=options.PAGES,
                        show_default=False,
                        help="Walk all pages.",
                    ),
                ],
                False,
            )
            start = self.walk.signature.parameters[self.position[1]]
            yield self._walking(start, self._words(said, start.name))
            for name in self.bounds:
                help_text = (
                    f"{self._words(said, name).partition(';')[0].rstrip('.')}; walks like --all."
                )
                yield _keyword(
                    name,
                    Annotated[
                        int | None,
                        Parameter(
                            name=f"--{dashed(name)}",
                            group=options.PAGES,
                            converter=count,
                            metavar="N",
                            help=help_text,
                        ),
                    ],
                    None,
                )
        yield _keyword("options", Annotated[Options | None, Parameter(name="*")], None)

    def _argument(
        self, name: str, parameter: inspect.Parameter, wire: str, said: str
    ) -> inspect.Parameter:
        found = self.spec.arguments.get(wire)
        paging = getattr(self.call.operation, "paging", None)
        pages = paging is not None and name in (paging.parameter, paging.size)
        group = options.PAGES if pages else None
        return _declared(name, self._option(name, found), parameter, said, group, found)

    def _walking(self, start: inspect.Parameter, said: str) -> inspect.Parameter:
        return _declared(
            start.name, f"--{dashed(start.name)}", start, said, options.PAGES, None, default=None
        )

    def _option(self, name: str, argument: Argument | None) -> str:
        """An argument's option; where the command has one of that name itself, with its place."""
        plain = dashed(name)
        own = {dashed(known) for known in (*self.bounds, *self.position[1:])}
        if plain in options.NAMES | own:
            plain = f"{argument.place if argument else 'query'}-{plain}"
        return f"--{plain}"

    @staticmethod
    def _words(doc: Docstring, name: str) -> str:
        found = (parameter.description for parameter in doc.params if parameter.arg_name == name)
        return _joined(next(found, None) or "")


def commands(methods: Iterator[Method], specs: Mapping[str, OperationSpec]) -> Iterator[Command]:
    """Make the commands of a client.

    Args:
        methods: Its methods.
        specs: What its specification says of its operations, by name.
    """
    calls: dict[str, Method] = {}
    walks: dict[str, Method] = {}
    for method in methods:
        (walks if method.kind == "iterate" else calls)[method.operation.name] = method
    for name, call in calls.items():
        yield Command(specs[name], call, walks.get(name))


def dashed(name: str) -> str:
    """A Python name as command lines have it."""
    return name.strip("_").replace("_", "-")


def _declared(
    name: str,
    option: str,
    parameter: inspect.Parameter,
    said: str,
    group: Group | None,
    argument: Argument | None,
    default: Any = inspect.Parameter.empty,
) -> inspect.Parameter:
    """Declare an argument of a method as an option."""
    read = reading(parameter.annotation)
    many = getattr(read.kind, "__origin__", None) is list
    facts: dict[str, Any] = {"name": option, "help": said, "negative": ""}
    if group is not None:
        facts["group"] = group
    if read.kind is bool:
        facts["negative"] = f"--no-{option[2:]}"
    if read.metavar is not None:
        facts["metavar"] = read.metavar
    if read.read is not None:
        split = many and (read.kind != list[str] or (argument is not None and argument.joined))
        facts["converter"] = converter(read.read, many=many, split=split)
    if not many and read.kind is not bool:
        facts.update(n_tokens=1, accepts_keys=False)
    if read.members:
        facts["help"] = legend(_enum(read), said)
        facts["completer"] = partial(_members, read.members)
    if default is inspect.Parameter.empty:
        default = parameter.default
    kind = read.kind if default is inspect.Parameter.empty else read.kind | None
    return _keyword(name, Annotated[kind, Parameter(**facts)], default)


def _enum(read: Reading) -> type[Enum]:
    kind: type[Enum] = getattr(read.kind, "__args__", (read.kind,))[0]
    return kind


def _members(members: tuple[str, ...], context: object) -> tuple[str, ...]:
    return members


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, annotation=annotation, default=default)


def _parsed(doc: str) -> Docstring:
    from docstring_parser.google import parse

    return parse(doc)


def _joined(text: str) -> str:
    """Text with each paragraph on one line, which the terminal breaks."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
