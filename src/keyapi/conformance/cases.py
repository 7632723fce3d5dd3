"""The cases worth asking of an operation, derived from its specification; no list kept by hand.

They are what a live run pays for, what the mutants are shown, and where the fuzzing starts from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from keyapi.contract import json_schema
from keyapi.sandbox import _values as made_up
from keyapi.specification import Argument, OperationSpec, Schema, Specification, value_at

_SMALL = 3  # rows of a page, where pages are compared
_A_TEXT = "1"  # for a text with no further description


@dataclass(frozen=True)
class Case:
    """One request, and what it must be answered with.

    Attributes:
        name: What it is about.
        arguments: Values by name in the request.
        status: The HTTP status it must be answered with.
        key: The key it is sent with: "good", "bad" or "none".
        faulty: Name of the argument that is wrong; empty for a good request.
        previous: Arguments of the page before, for a page that must not repeat it.
        rows: "some" where there must be rows, "none" where there must not be; empty where neither
            is promised.
        served: "credits" or "pace" where the server must have run out of it.
    """

    name: str
    arguments: Mapping[str, Any]
    status: int = 200
    key: str = "good"
    faulty: str = ""
    previous: Mapping[str, Any] = field(default_factory=dict)
    rows: str = ""
    served: str = ""


def cases(operation: OperationSpec) -> Iterator[Case]:
    """Yield the cases of an operation, the documented example first."""
    for case in _cases(operation):
        success = case.status == Case.status
        yield replace(case, status=operation.success_status) if success else case


def is_promised(operation: OperationSpec, case: Case) -> bool:
    """Whether an operation documents the status that a case must be answered with.

    What is sent for other cases is looked at all the same, but not what comes back.
    """
    return operation.documented(case.status) is not None


def _cases(operation: OperationSpec) -> Iterator[Case]:
    base = documented_arguments(operation)
    shown = value_at(operation.example(operation.success), operation.items or ("",))
    rows = "some" if shown and _tells_subject(operation, base) else ""
    yield Case("documented example", base, rows=rows)
    if operation.paging is not None:
        yield from _pages(operation, base, rows)
    if operation.sort is not None:
        yield from _sorts(operation, base, rows)
    example = shown[0] if isinstance(shown, list) and shown else {}
    for name, prop in operation.filters.items():
        if prop in example:
            yield _filtered(operation, base, name, example[prop], rows)
    for name, prop in operation.ids.items():
        if prop in example and name not in base:
            yield Case(f"chosen by {name}", {**base, name: [str(example[prop])]}, rows="some")
    for argument in operation.arguments.values():
        yield from _values(operation, base, argument)
    if operation.secured:
        documented = {int(status) for status in operation.statuses if status.isdigit()}
        yield Case("without a key", base, 401, key="none")
        yield Case("a bad key", base, 401, key="bad")
        if 402 in documented:
            yield Case("no credits left", base, 402, served="credits")
        if 429 in documented:
            yield Case("too fast", base, 429, served="pace")


def documented_arguments(operation: OperationSpec) -> dict[str, Any]:
    """The required arguments of the documented example; others where it does not tell them."""
    shown = value_at(operation.example(operation.success), operation.items or ("data",))
    example = shown[0] if isinstance(shown, list) and shown else shown
    values = example if isinstance(example, dict) else {}
    examples = {
        parameter["name"]: parameter["example"]
        for parameter in operation.node.get("parameters", ())
        if "example" in parameter
    }
    values = values | {
        name: [str(values[prop])] for name, prop in operation.ids.items() if prop in values
    }
    found = {
        name: _shown(operation, argument, values, examples)
        for name, argument in operation.arguments.items()
        if argument.required
    }
    paging = operation.paging
    if paging is not None:
        position = operation.arguments[paging.position]
        if paging.start is not None:
            found[position.name] = as_typed(position, paging.start)
    if paging is not None and paging.size and paging.largest:
        found[paging.size] = as_typed(operation.arguments[paging.size], paging.largest)
    return found


def _tells_subject(operation: OperationSpec, base: Mapping[str, Any]) -> bool:
    """Whether the documented rows repeat what was asked for: who else it is may have no rows."""
    paging, sort = operation.paging, operation.sort
    apart = {*(paging[1:3] if paging else ()), *(sort or ()), *operation.ids}
    rows = value_at(operation.example(operation.success), operation.items or ("",))
    first = rows[0] if isinstance(rows, list) and rows else None
    required = [argument.name for argument in operation.arguments.values() if argument.required]
    return isinstance(first, dict) and all(
        name in first and first[name] == base[name] for name in required if name not in apart
    )


def _shown(operation: OperationSpec, argument: Argument, *shown: Mapping[str, Any]) -> Any:
    """The first value shown for an argument that it may have; another where none is shown."""
    values = [found[argument.name] for found in shown if argument.name in found]
    fitting = (value for value in values if fits(operation, argument, value))
    return next(fitting, None) or any_fitting(operation, argument)


def _pages(operation: OperationSpec, base: dict[str, Any], rows: str) -> Iterator[Case]:
    paging = operation.paging
    assert paging is not None
    if paging.kind != "page" or not paging.size:
        return
    position, size = (operation.arguments[name] for name in (paging.position, paging.size))
    number = int(paging.start or 0)
    first = {
        **base,
        paging.position: as_typed(position, number),
        paging.size: as_typed(size, min(_SMALL, paging.largest or _SMALL)),
    }
    second = {**first, paging.position: as_typed(position, number + 1)}
    yield Case("first small page", first, rows=rows)
    yield Case("second small page", second, previous=first)
    last = position.schema.get("maximum")
    if last is not None:
        yield Case("past the end", {**base, paging.position: last}, rows="none")


def _sorts(operation: OperationSpec, base: dict[str, Any], rows: str) -> Iterator[Case]:
    sort = operation.sort
    assert sort is not None
    directions = operation.arguments[sort.direction].members if sort.direction else {}
    for column, field_value in operation.arguments[sort.field].members.items():
        for direction, value in directions.items():
            chosen = {**base, sort.field: field_value, str(sort.direction): value}
            yield Case(f"sorted by {column}, {direction}", chosen, rows=rows)


def _filtered(
    operation: OperationSpec, base: dict[str, Any], name: str, shown: Any, rows: str
) -> Case:
    """Filter by what an example shows; by another value where no argument may say that one."""
    argument = operation.arguments[name]
    if fits(operation, argument, shown):
        return Case(f"filtered by {name}", {**base, name: shown}, rows=rows)
    return Case(f"filtered by {name}", {**base, name: any_fitting(operation, argument)})


def fits(operation: OperationSpec, argument: Argument, value: Any) -> bool:
    """Whether a value is one that an argument's schema allows.

    Args:
        operation: The operation.
        argument: One of its arguments.
        value: The value.
    """
    import jsonschema_rs  # an extra, which the command line does without

    schema = json_schema(operation.document, dict(argument.schema))
    return jsonschema_rs.Draft4Validator(schema).is_valid(value)


def _values(operation: OperationSpec, base: dict[str, Any], argument: Argument) -> Iterator[Case]:
    """What must be taken, and what must be refused, as value of one argument."""
    name, schema = argument.name, argument.schema

    def case(about: str, value: Any) -> Case:
        good = fits(operation, argument, value)
        chosen = {**base, name: value}
        return (
            Case(f"{name} {about}", chosen)
            if good
            else Case(f"{name} {about}", chosen, 400, faulty=name)
        )

    if argument.required and argument.place != "path":
        yield Case(
            f"without {name}", {k: v for k, v in base.items() if k != name}, 400, faulty=name
        )
    if schema.get("minLength") and argument.place == "query":
        yield Case(f"{name} empty", {**base, name: ""}, 400, faulty=name)
        shortest = _A_TEXT * schema["minLength"]
        if fits(operation, argument, shortest):  # a pattern may ask for other letters
            yield Case(f"{name} at its minLength", {**base, name: shortest})
    for keyword, beyond in (("minimum", -1), ("maximum", 1)):
        if keyword in schema:
            bound = schema[keyword]
            yield case(f"at its {keyword}", bound)  # which may be excluded
            yield Case(
                f"{name} beyond its {keyword}", {**base, name: bound + beyond}, 400, faulty=name
            )
    members = argument.members
    for member, value in members.items():
        if value is not None:  # None means "not sent"
            yield Case(f"{name} {member}", {**base, name: value})
    if members and schema.get("type") == "integer":
        none = {**base, name: max(member for member in members.values() if member is not None) + 1}
        yield Case(f"{name} no member", none, 400, faulty=name)
    if schema.get("type") == "integer":
        decimal = float(next(iter(members.values()), schema.get("minimum", 1)))
        yield Case(f"{name} with a point", {**base, name: decimal}, 400, faulty=name)
    if schema.get("type") in ("integer", "number", "boolean"):
        yield Case(f"{name} as text", {**base, name: "x"}, 400, faulty=name)


def any_fitting(operation: OperationSpec, argument: Argument) -> Any:
    """A value that fits a schema: a plain one, or one that is made up where none of them fits."""
    plain = _plain(argument.schema)
    if fits(operation, argument, plain):
        return plain
    specification = Specification(operation.document)
    chance = made_up.Chance(0, argument.name)
    return made_up.value(specification, argument.schema, argument.name, None, chance)


def _plain(schema: Schema) -> Any:
    if "enum" in schema:
        return next(member for member in schema["enum"] if member is not None)
    if "example" in schema:
        return schema["example"]
    kind = schema.get("type")
    if kind == "array":
        return [_plain(schema.get("items", {}))]
    plain: dict[Any, Any] = {"integer": schema.get("minimum", 1), "number": 1.5, "boolean": True}
    return {} if kind == "object" else plain.get(kind, _A_TEXT)


def as_typed(argument: Argument, number: int | str) -> int | str:
    """A number in the type of an argument: some pages type numbers as text."""
    return str(number) if argument.schema.get("type") == "string" else number


def good(case: Case) -> bool:
    """Whether a case is one that a typed client can be asked to send as it is."""
    return not case.faulty and case.key == "good" and not case.served
