"""What a fault is: a correct answer goes in, answers with one thing wrong come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from keyapi._json import pointer
from keyapi.sandbox._exchange import Reply
from keyapi.sandbox.faults._mutation_points import (
    MutationPoint,
    Path,
    changed,
    mutation_points,
)
from keyapi.specification import OperationSpec, Specification, value_at


class Mutant(NamedTuple):
    """An answer with one fault.

    Attributes:
        pointer: JSON pointer to what is wrong; empty for the answer as a whole.
        reply: The answer.
    """

    pointer: str
    reply: Reply


class Exchange(NamedTuple):
    """A correct answer, with what is needed to plant a fault in it.

    Attributes:
        spec: The specification.
        operation: The operation that was called.
        arguments: Its arguments, by name in the request.
        reply: The answer.
        before: The rows before this page, in order.
        after: The rows after it.
    """

    spec: Specification
    operation: OperationSpec
    arguments: Mapping[str, Any]
    reply: Reply
    before: Sequence[dict[str, Any]] = ()
    after: Sequence[dict[str, Any]] = ()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the answer; empty if it has no list of rows."""
        rows = value_at(self.reply.json, self.operation.items or ("",))
        return rows if isinstance(rows, list) else []

    def mutation_points(self) -> Iterator[MutationPoint]:
        """Every value in the answer; see `_mutation_points.mutation_points`."""
        schema = self.operation.schema(str(self.reply.status)) or {}
        return mutation_points(self.spec, self.reply.json, schema)

    def changed(self, path: Path, value: Any) -> Mutant:
        """Return the answer with one value replaced, added, or `REMOVED`."""
        body = changed(self.reply.json, path, value)
        return Mutant(pointer(*path, root=""), self.reply.with_json(body))

    def with_rows(self, rows: Sequence[Any]) -> Mutant:
        """Return the answer with different rows."""
        return self.changed(self.operation.items or (), list(rows))


class Fault(NamedTuple):
    """One kind of fault.

    Attributes:
        name: Its name on the command line.
        description: What is wrong, in one line.
        mutants: Yields the answer with the fault, once for each point where it can be.
        charged: Whether the request still costs credits.
    """

    name: str
    description: str
    mutants: Callable[[Exchange], Iterator[Mutant]]
    charged: bool


def fault(
    name: str, *, charged: bool = True
) -> Callable[[Callable[[Exchange], Iterator[Mutant]]], Fault]:
    """Turn a function into a fault; its docstring becomes the description."""

    def made(mutants: Callable[[Exchange], Iterator[Mutant]]) -> Fault:
        return Fault(name, (mutants.__doc__ or "").rstrip("."), mutants, charged)

    return made
