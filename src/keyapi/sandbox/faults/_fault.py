"""What a fault is: a good answer goes in, answers with one thing wrong come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from keyapi.sandbox._exchange import Reply
from keyapi.sandbox.faults._places import Path, Place, changed, places
from keyapi.specification import OperationSpec, Specification, pointer, value_at


class Mutant(NamedTuple):
    """An answer with one fault.

    Attributes:
        pointer: JSON pointer to what is wrong; empty for the answer as a whole.
        reply: The answer.
    """

    pointer: str
    reply: Reply


class Exchange(NamedTuple):
    """A good answer, with what is needed to spoil it.

    Attributes:
        spec: The specification.
        operation: What was called.
        arguments: What it was called with, by name in the request.
        reply: The answer.
        before: The rows before this page, in order.
        after: The rows behind it.
    """

    spec: Specification
    operation: OperationSpec
    arguments: Mapping[str, Any]
    reply: Reply
    before: Sequence[dict[str, Any]] = ()
    after: Sequence[dict[str, Any]] = ()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the answer; none where it has no list of rows."""
        rows = value_at(self.reply.json, self.operation.items or ("",))
        return rows if isinstance(rows, list) else []

    def places(self) -> Iterator[Place]:
        """Every value in the answer; see `_places.places`."""
        schema = self.operation.schema(str(self.reply.status)) or {}
        return places(self.spec, self.reply.json, schema)

    def changed(self, path: Path, value: Any) -> Mutant:
        """The answer with one value replaced, added, or `REMOVED`."""
        body = changed(self.reply.json, path, value)
        return Mutant(pointer(path), self.reply.with_json(body))

    def with_rows(self, rows: Sequence[Any]) -> Mutant:
        """The answer with other rows."""
        return self.changed(self.operation.items or (), list(rows))


class Fault(NamedTuple):
    """One kind of fault.

    Attributes:
        name: What it is called on the command line.
        description: What is wrong, in one line.
        places: Gives the answer spoilt in each place where it can be.
        charged: Whether it still is an answer, which costs credits.
    """

    name: str
    description: str
    places: Callable[[Exchange], Iterator[Mutant]]
    charged: bool


def fault(
    name: str, *, charged: bool = True
) -> Callable[[Callable[[Exchange], Iterator[Mutant]]], Fault]:
    """Make a fault of a function; its docstring is the description."""

    def made(places: Callable[[Exchange], Iterator[Mutant]]) -> Fault:
        return Fault(name, (places.__doc__ or "").rstrip("."), places, charged)

    return made
