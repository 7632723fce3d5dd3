"""The commands of a client, one per operation, made from its methods and the specification."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from keyapi._clients import Method
from keyapi._operation import PagedOperation
from keyapi.cli import options
from keyapi.cli.declared import declared, keyword
from keyapi.cli.options import CommandOptions
from keyapi.cli.values import count, dashed
from keyapi.specification import OperationSpec


class Command:
    """The command of an operation.

    Args:
        spec: The operation in the specification.
        call: The method that makes one call.
        walk: The method that walks its pages; None if it has no pages.

    Attributes:
        name: Its name on the command line.
        resource: The word before it there.
        help: Its help text.
        position: For paged operations, the arguments that set the page of a single call and the
            start of a walk; empty for others.
        bounds: For paged operations, the arguments that limit a walk: to rows, and to pages.
    """

    def __init__(self, spec: OperationSpec, call: Method, walk: Method | None) -> None:
        self.spec = spec
        self.call = call
        self.walk = walk
        self.name = dashed(call.name)
        self.resource = dashed(call.resource)
        summary, more = (spec.node.get(part) or "" for part in ("summary", "description"))
        cost = f"One request costs {spec.credits} credit{'' if spec.credits == 1 else 's'}."
        self.help = "\n\n".join(part for part in (_sentence(summary), more, cost) if part)
        self.position: tuple[str, ...] = ()
        self.bounds: tuple[str, ...] = ()
        if walk is not None:
            assert isinstance(call.operation, PagedOperation)  # noqa: S101 - only such are walked
            here = call.operation.paging.parameter
            there = next(n for n, wire in walk.wire.items() if wire == call.wire[here])
            self.position = here, there
            self.bounds = "limit", "max_pages"

    def function(self, run: Callable[..., int]) -> Callable[..., int]:
        """Make the function that the library calls.

        Args:
            run: Called with this command, the arguments by their Python names, and the options.
        """

        def command(**arguments: Any) -> int:
            chosen = arguments.pop("options", None) or CommandOptions()
            return run(self, arguments, chosen)

        command.__name__ = self.call.name
        signature = inspect.Signature([*self._arguments(), *self._walk_options(), _OPTIONS])
        command.__signature__ = signature  # type: ignore[attr-defined]
        return command

    def _arguments(self) -> Iterator[inspect.Parameter]:
        """The arguments of one call."""
        paging = getattr(self.call.operation, "paging", None)
        pages = (paging.parameter, paging.size) if paging else ()
        for name, parameter in self.call.signature.parameters.items():
            argument = self.spec.arguments[self.call.wire[name]]
            plain = dashed(name)
            if plain in options.NAMES | {dashed(own) for own in (*self.bounds, *self.position[1:])}:
                plain = f"{argument.place}-{plain}"  # the command has an option of that name
            yield declared(
                parameter,
                f"--{plain}",
                description=_sentence(self.description(argument.name)),
                group=options.PAGES if name in pages else None,
                joined=argument.delimiter == ",",
                may_be_empty=argument.place == "body",
            )

    def _walk_options(self) -> Iterator[inspect.Parameter]:
        """The options that turn a call into a walk, and those that only a walk has."""
        if self.walk is None:
            return
        page, start = self.position
        yield keyword("all", Annotated[bool, _flag("--all", "Walk all pages.")], default=False)
        yield declared(
            self.walk.signature.parameters[start].replace(default=None),
            f"--{dashed(start)}",
            description=f"Where a walk starts; for a single page, use --{dashed(page)}.",
            group=options.PAGES,
        )
        texts = ("Stop after this many rows.", "Stop after this many pages.")
        for name, text in zip(self.bounds, texts, strict=True):
            option = Parameter(
                f"--{dashed(name)}", group=options.PAGES, converter=count, metavar="N", help=text
            )
            yield keyword(name, Annotated[int | None, option], default=None)

    def description(self, name: str) -> str:
        """An argument's description in the specification."""
        for parameter in self.spec.node.get("parameters", ()):
            if parameter["name"] == name and parameter.get("description"):
                return str(parameter["description"])
        return str(self.spec.arguments[name].schema.get("description", ""))


def commands(methods: Iterator[Method], specs: Mapping[str, OperationSpec]) -> Iterator[Command]:
    """Make the commands of a client.

    Args:
        methods: Its methods.
        specs: The operations of its specification, by name.
    """
    calls: dict[str, Method] = {}
    walks: dict[str, Method] = {}
    for method in methods:
        (walks if method.kind == "iterate" else calls)[method.operation.name] = method
    for name, call in calls.items():
        yield Command(specs[name], call, walks.get(name))


def named(commands: Iterable[Command], words: Sequence[str]) -> Sequence[Command]:
    """Leave out commands that a command line cannot mean: to describe one takes milliseconds.

    Args:
        commands: The commands of a client.
        words: The command line, after the platform's name. As far as it names no resource or
            operation, help and suggestions need them all.
    """
    chosen = list(commands)
    for word, part in zip(words, ("resource", "name"), strict=False):
        matching = [command for command in chosen if getattr(command, part) == word]
        if not matching:
            break
        chosen = matching
    return chosen


def _flag(name: str, text: str) -> Parameter:
    return Parameter(name, negative="", show_default=False, group=options.PAGES, help=text)


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


_OPTIONS = keyword("options", Annotated[CommandOptions | None, Parameter(name="*")], default=None)
