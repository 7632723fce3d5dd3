"""Which calls bring which outcomes of an operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import Parameter
from typing import Any, NamedTuple

from keyapi._clients import Method
from keyapi.conformance.cases import as_typed
from keyapi.sandbox._values import Chance, value
from keyapi.specification import Argument, OperationSpec, Specification, value_at

KEY = "Authorization"
"""What is wrong where the key is: the header's name."""

_FAR = 10_000  # a page past the end, where the specification names no last one


class Outcome(NamedTuple):
    """A call, and the status it is to be answered with.

    Attributes:
        name: The status, and what tells it apart from others of this status: `200-page-2`.
        status: HTTP status.
        arguments: Arguments of the method; None means "not sent".
        wrong: What is wrong on purpose: the name of a parameter, or `KEY`; None where nothing is.
        cursor: Argument that takes the cursor which the first answer names; None without one.
    """

    name: str
    status: int
    arguments: Mapping[str, Any]
    wrong: str | None = None
    cursor: str | None = None


class Outcomes:
    """The outcomes of one operation.

    Args:
        spec: The specification.
        method: The method of the client that calls the operation.
    """

    def __init__(self, spec: Specification, method: Method) -> None:
        self._spec = spec
        self._operation = spec.operations[method.operation.name]
        self._method = method
        shown = value_at(self._example, self._operation.items or ("data",))
        first = shown[0] if isinstance(shown, list) and shown else shown
        self._documented = first if isinstance(first, dict) else {}
        # Query and body may have an argument of one name; the specification's facts mean the first.
        self._python: dict[str, str] = {}
        for argument, wire in method.wire.items():
            self._python.setdefault(wire, argument)
        self._good = {
            argument: self._sample(self._operation.arguments[wire])
            for argument, wire in method.wire.items()
            if method.signature.parameters[argument].default is Parameter.empty
        }

    def documented(self) -> Iterator[Outcome]:
        """Give those that the page has an example of."""
        for status in documented_statuses(self._operation):
            if status == "400":
                yield self._bad() or Outcome(status, 400, self._good)
            else:
                wrong = KEY if status == "401" else None
                yield Outcome(status, int(status), self._good, wrong)

    def reachable(self) -> Iterator[Outcome]:
        """Give those that can be had from a server which is well and has credits left."""
        status = self._operation.success_status
        success = str(status)
        yield Outcome(success, status, self._good)
        paging = self._operation.paging
        if paging is not None:
            position = self._python[paging.position]
            if paging.kind == "cursor":
                yield Outcome(f"{success}-page-2", status, self._good, None, position)
            else:
                last = self._operation.arguments[paging.position].schema.get("maximum", _FAR)
                second = int(paging.start or 0) + 1
                yield Outcome(f"{success}-page-2", status, {**self._good, position: second})
                yield Outcome(f"{success}-past-the-end", status, {**self._good, position: last})
        for refused in (self._bad(), Outcome("401", 401, self._good, KEY)):
            if refused is not None and self._operation.documented(refused.status):
                yield refused

    @property
    def _example(self) -> Any:
        return self._operation.example(self._operation.success)

    def _sample(self, argument: Argument) -> Any:
        """What the documented answer is about, else what the specification says or allows."""
        operation = self._operation
        if argument.name in (*operation.echoes, *operation.filters):
            documented = self._documented.get(argument.name)
            if documented is not None:
                return documented
        prop = operation.ids.get(argument.name)
        if prop in self._documented:
            return [str(self._documented[prop])]
        for keyword in ("example", "default"):
            if keyword in argument.schema:
                return argument.schema[keyword]
        if argument.members:
            return next(iter(argument.members.values()))
        paging = self._operation.paging
        if paging is not None and paging.position == argument.name:
            return as_typed(argument, paging.start or 0)
        return value(self._spec, argument.schema, argument.name, None, Chance(0, argument.name))

    def _bad(self) -> Outcome | None:
        """A call with one bad parameter, which the client sends with `check_arguments=False`.

        A parameter that is missing is the one bad parameter that the server must notice: it is
        reported to ignore others.
        """
        paging = self._operation.paging
        ours = paging[1:3] if paging else ()  # the client checks these before it sends
        wires = [name for name in self._python if name not in ours]
        candidates = {name: self._operation.arguments[name] for name in wires}
        for name, argument in candidates.items():
            if self._python[name] in self._good and argument.place != "path":
                return self._with(name, None)
        for name, argument in candidates.items():
            if argument.members:
                return self._with(name, _no_member(argument))
            for bound, beyond in (("minimum", -1), ("maximum", 1)):
                if bound in argument.schema:
                    return self._with(name, argument.schema[bound] + beyond)
        return None

    def _with(self, wire: str, value: Any) -> Outcome:
        return Outcome("400", 400, {**self._good, self._python[wire]: value}, wire)


def _no_member(argument: Argument) -> int | str:
    """A value of an enum's type that none of its members has."""
    values = [value for value in argument.members.values() if value is not None]
    return max(values) + 1 if isinstance(values[0], int) else "not-a-value"


def documented_statuses(operation: OperationSpec) -> list[str]:
    """The statuses that an operation has an example answer of; ranges and `default` left out."""
    statuses = filter(str.isdigit, operation.statuses)
    return [status for status in statuses if operation.example(status) is not None]
