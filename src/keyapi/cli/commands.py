"""The commands of a client: one for each operation, made from its methods and the specification."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from keyapi._clients import Method
from keyapi._operation import PagedOperation
from keyapi.cli import options
from keyapi.cli.declared import declared, keyword
from keyapi.cli.options import Options
from keyapi.cli.values import count, dashed
from keyapi.specification import OperationSpec


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
            run: Is given this command, the arguments that were given by their Python names, and
                the options.
        """

        def command(**given: Any) -> int:
            chosen = given.pop("options", None) or Options()
            return run(self, given, chosen)

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
                plain = f"{argument.place}-{plain}"  # the command's own option has the name
            yield declared(
                parameter,
                f"--{plain}",
                said=_sentence(self._description(argument.name)),
                group=options.PAGES if name in pages else None,
                joined=argument.joined,
            )

    def _walk_options(self) -> Iterator[inspect.Parameter]:
        """What makes of a call a walk, and the arguments that only a walk has."""
        if self.walk is None:
            return
        page, start = self.position
        yield keyword("all", Annotated[bool, _flag("--all", "Walk all pages.")], default=False)
        yield declared(
            self.walk.signature.parameters[start].replace(default=None),
            f"--{dashed(start)}",
            said=f"Where a walk starts; of a single call, it is --{dashed(page)}.",
            group=options.PAGES,
        )
        said = ("Walk until there are so many rows.", "Walk so many pages at most.")
        for name, text in zip(self.bounds, said, strict=True):
            option = Parameter(
                f"--{dashed(name)}", group=options.PAGES, converter=count, metavar="N", help=text
            )
            yield keyword(name, Annotated[int | None, option], default=None)

    def _description(self, name: str) -> str:
        """What the specification says of an argument."""
        for parameter in self.spec.node.get("parameters", ()):
            if parameter["name"] == name and parameter.get("description"):
                return str(parameter["description"])
        return str(self.spec.arguments[name].schema.get("description", ""))


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


def _flag(name: str, text: str) -> Parameter:
    return Parameter(name, negative="", show_default=False, group=options.PAGES, help=text)


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


_OPTIONS = keyword("options", Annotated[Options | None, Parameter(name="*")], default=None)
