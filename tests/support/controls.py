"""By which rule the suite must find the stub out, for each fact that an operation may have.

The stub (`support.stub`) repeats the same rows whatever it is asked. What is wrong with that
depends on what the operation promises: see `CONTROLS`. The rules are worded here once more, without
`keyapi.contract`, so that the check is not its own judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from keyapi.conformance.cases import Case, cases, documented_arguments, is_promised
from keyapi.specification import OperationSpec
from support.stub import Stub, required_in_query

Rows = list[Any]
Applies = Callable[[OperationSpec, Stub], bool]
Broken = Callable[[OperationSpec, Case, Stub], bool]


class Control(NamedTuple):
    """A fact of an operation, and how the stub breaks what it promises.

    Attributes:
        fact: What the operation has.
        rule: The rule by which the stub is found out.
        applies: Whether an operation has it, and the stub has something to break it with.
        broken: Whether the stub's answer to a case breaks it.
    """

    fact: str
    rule: str
    applies: Applies
    broken: Broken


CONTROLS: dict[str, Control] = {}
"""The facts, by name."""

UNREACHED = {
    "repeated-row": "the stub has each row once",
    "json-text": "the documented texts are JSON",
    "code": "the documented code is right",
}
"""Rules of meaning that the stub keeps, and why; faults of the sandbox break them."""


def control(
    rule: str, applies: Callable[[OperationSpec, Stub], bool]
) -> Callable[[Broken], Broken]:
    """Register a function as the control of the fact that it is named for."""

    def register(broken: Broken) -> Broken:
        fact = broken.__name__.replace("_", " ")
        CONTROLS[fact] = Control(fact, rule, applies, broken)
        return broken

    return register


def asked(operation: OperationSpec, stub: Stub) -> Iterator[Case]:
    """Yield the cases of an operation, and those that ask for other rows than the stub's."""
    yield from cases(operation)
    base, status = documented_arguments(operation), operation.success_status
    for name, prop in compared(operation).items():
        value = _another(operation, name, prop, stub.rows(operation))
        if value is not None:
            yield Case(f"another {name}", {**base, name: value}, status)


def compared(operation: OperationSpec) -> dict[str, str]:
    """The arguments that each row is compared with, and the property that repeats them."""
    return {**operation.filters, **{name: name for name in operation.echoes}, **operation.ids}


def expected(operation: OperationSpec, stub: Stub) -> set[tuple[str, str]]:
    """What must be found when the stub is asked: the name of the case and the rule."""
    found = set()
    for case in asked(operation, stub):
        if not is_promised(operation, case):
            continue
        rules = {one.rule for one in CONTROLS.values() if one.broken(operation, case, stub)}
        if "status" in rules:  # all that there is to say of an answer
            rules = {"status"}
        elif case.status != operation.success_status:  # refused, and so without rows
            rules &= {"message"}
        found |= {(case.name, rule) for rule in rules}
    return found


def applying(operation: OperationSpec, stub: Stub) -> list[str]:
    """The facts by which the stub must be found out at least once."""
    return [one.fact for one in CONTROLS.values() if one.applies(operation, stub)]


def fuzzed(operation: OperationSpec, arguments: Mapping[str, Any], stub: Stub) -> list[str]:
    """What the check of meaning must say of the stub's answer to these arguments."""
    case, rows = Case("fuzzed", arguments), stub.rows(operation)
    words = [
        f"as {name} asks"
        for name, prop in compared(operation).items()
        if _foreign(case, name, prop, rows)
    ]
    if a_page_size(operation, case, stub):
        words.append(f", found {len(rows)} rows")
    if a_sort(operation, case, stub):
        words.append("as in the row before")
    return words


def tells_rows_apart(operation: OperationSpec, stub: Stub) -> bool:
    """Whether an argument says which rows to answer, and the stub's rows have that property."""
    return any(CONTROLS[fact].applies(operation, stub) for fact in ("echoes", "filters"))


# --- What must be refused ---------------------------------------------------------------------


def _asked_for(broken: Callable[[OperationSpec, Case], bool]) -> Applies:
    """Whether the stub breaks a case that must be answered as the page documents."""
    return lambda operation, stub: any(
        broken(operation, case) for case in cases(operation) if is_promised(operation, case)
    )


@control("status", _asked_for(lambda operation, case: case.key == "bad"))
def a_key(operation: OperationSpec, case: Case, stub: Stub) -> bool:
    return case.key == "bad"


@control("status", _asked_for(lambda operation, case: bool(case.served)))
def credits_and_pace(operation: OperationSpec, case: Case, stub: Stub) -> bool:
    return bool(case.served)


@control("status", _asked_for(lambda operation, case: _ignored(operation, case)))
def types_bounds_and_members(operation: OperationSpec, case: Case, stub: Stub) -> bool:
    return _ignored(operation, case)


def _ignored(operation: OperationSpec, case: Case) -> bool:
    """Whether a case is faulty in a way that the stub does not look for."""
    return bool(case.faulty) and not _noticed(operation, case)


def _noticed(operation: OperationSpec, case: Case) -> bool:
    lacking = case.faulty not in case.arguments
    return lacking and case.faulty in required_in_query(operation)


@control("message", lambda operation, stub: any(_unnamed(operation, stub)))
def required_parameters(operation: OperationSpec, case: Case, stub: Stub) -> bool:
    return _noticed(operation, case) and case.faulty in _unnamed(operation, stub)


def _unnamed(operation: OperationSpec, stub: Stub) -> list[str]:
    """The required parameters that the refusal, which the stub repeats, does not name."""
    if operation.documented(400) is None:
        return []
    message = str(stub.body(operation, "400").get("message"))
    return [name for name in required_in_query(operation) if name not in message]


# --- What the rows must be --------------------------------------------------------------------


def _numbered(operation: OperationSpec, stub: Stub) -> bool:
    paging = operation.paging
    by_number = paging is not None and paging.kind == "page" and paging.size is not None
    return by_number and bool(stub.rows(operation))


@control("overlap", lambda operation, stub: _numbered(operation, stub) and _apart(operation, stub))
def pages_by_number(operation: OperationSpec, case: Case, stub: Stub) -> bool:
    return bool(case.previous) and _apart(operation, stub)


def _apart(operation: OperationSpec, stub: Stub) -> bool:
    """Whether a row that comes twice is one row twice; two captions may be equal."""
    return any(
        len(row) > 1 or any(name.lower().endswith("id") for name in row)
        for row in stub.rows(operation)
    )


def _ends(operation: OperationSpec, stub: Stub) -> bool:
    paging = operation.paging
    if paging is None or not _numbered(operation, stub):
        return False
    return "maximum" in operation.arguments[paging.position].schema


@control("rows", _ends)
def a_last_page(operation: OperationSpec, case: Case, stub: Stub) -> bool:
    return case.rows == "none" and bool(stub.rows(operation))


@control("page-size", lambda operation, stub: False)  # pages of one row are never too long
def a_page_size(operation: OperationSpec, case: Case, stub: Stub) -> bool:
    paging = operation.paging
    if paging is None:
        return False
    size = case.arguments.get(paging.size or "") or paging.largest
    rows = len(stub.rows(operation))
    return not case.faulty and size is not None and rows > int(size)


def _repeats(kind: str) -> Applies:
    def applies(operation: OperationSpec, stub: Stub) -> bool:
        rows = stub.rows(operation)
        return any(
            name in {"echo": operation.echoes, "filter": operation.filters}.get(kind, operation.ids)
            and any(prop in row for row in rows)
            and _another(operation, name, prop, rows) is not None
            for name, prop in compared(operation).items()
        )

    return applies


@control("echo", _repeats("echo"))
def echoes(operation: OperationSpec, case: Case, stub: Stub) -> bool:
    return any(_foreign(case, name, name, stub.rows(operation)) for name in operation.echoes)


@control("filter", _repeats("filter"))
def filters(operation: OperationSpec, case: Case, stub: Stub) -> bool:
    rows = stub.rows(operation)
    return any(_foreign(case, name, prop, rows) for name, prop in operation.filters.items())


@control("ids", _repeats("ids"))
def ids(operation: OperationSpec, case: Case, stub: Stub) -> bool:
    rows = stub.rows(operation)
    return any(_foreign(case, name, prop, rows) for name, prop in operation.ids.items())


def _foreign(case: Case, name: str, prop: str, rows: Rows) -> bool:
    """Whether a row is not one of those that an argument asks for."""
    wanted = case.arguments.get(name)
    values = [str(value) for value in (wanted if isinstance(wanted, list) else [wanted])]
    return wanted is not None and any(prop in row and str(row[prop]) not in values for row in rows)


def _sorts(operation: OperationSpec, stub: Stub) -> bool:
    sort = operation.sort
    if sort is None or sort.direction is None:
        return False
    columns = operation.arguments[sort.field].members
    return any(len(set(_column(stub.rows(operation), column))) > 1 for column in columns)


@control("order", _sorts)
def a_sort(operation: OperationSpec, case: Case, stub: Stub) -> bool:
    sort = operation.sort
    if sort is None or sort.direction is None:
        return False
    column, direction = (_member(operation, case, name) for name in (sort.field, sort.direction))
    values = _column(stub.rows(operation), column)
    descending = direction.lower().startswith("desc")
    ordered = descending or direction.lower().startswith("asc")
    return bool(column and ordered) and values != sorted(values, reverse=descending)


def _column(rows: Rows, column: str) -> Rows:
    return [row[column] for row in rows if row.get(column) is not None]


def _member(operation: OperationSpec, case: Case, name: str) -> str:
    members = operation.arguments[name].members
    return next((key for key, value in members.items() if value == case.arguments.get(name)), "")


def _another(operation: OperationSpec, name: str, prop: str, rows: Rows) -> Any:
    """A value that no row has; None where the argument allows no such value."""
    argument = operation.arguments[name]
    kind = argument.schema.get("type")
    plain = {"array": ["another"], "integer": 7_777_777, "number": 7_777_777.5}
    values = [True, False] if kind == "boolean" else [plain.get(kind or "", "another")]
    shown = [row.get(prop) for row in rows]
    return next(
        (value for value in [*argument.members.values()] or values if value not in shown), None
    )
