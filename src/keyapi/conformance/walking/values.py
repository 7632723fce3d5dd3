"""Which values of an argument walks ask for: those of rows that were seen, and others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from keyapi.conformance.cases import fits
from keyapi.conformance.walking.walk import Row
from keyapi.specification import OperationSpec

_IDS = 10  # that are asked for at once


def values(operation: OperationSpec, name: str, prop: str, rows: Sequence[Row]) -> list[Any]:
    """Give a common value of a property and a rare one, of those that an argument takes.

    Args:
        operation: The operation.
        name: The argument.
        prop: The property.
        rows: The rows that were seen.
    """
    counted = Counter(row[prop] for row in rows if allows(operation, name, row.get(prop)))
    found = [value for value, _ in counted.most_common()]
    return list(dict.fromkeys([*found[:1], *found[-1:]]))


def allows(operation: OperationSpec, name: str, value: Any) -> bool:
    """Whether an argument takes a value, which is neither empty nor a list or object."""
    allowed = value not in (None, "") and not isinstance(value, (dict, list))
    return allowed and fits(operation, operation.arguments[name], value)


def another(operation: OperationSpec, name: str, *taken: Any) -> Any:
    """Give another value of an argument than those taken; None where it has no other."""
    argument = operation.arguments[name]
    others: list[Any] = list(argument.members.values())
    if argument.schema.get("type") == "boolean":
        others += [True, False]
    for value in [value for value in taken if value not in (None, "")][:1]:
        if isinstance(value, str):
            last = "1" if value[-1] != "1" else "2"
            others += [f"{value[:-1]}{last}", f"{value}{last}"]
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            numbers = [number for number in taken if isinstance(number, (int, float))]
            others.append(max(numbers) + 1)
    texts = {str(value) for value in taken}
    fitting = (
        other for other in others if str(other) not in texts and fits(operation, argument, other)
    )
    return next(fitting, None)


def several(operation: OperationSpec, name: str, ids: Sequence[Any]) -> list[Any]:
    """Give several ids, beginning with those shown: the numbers that follow, where ids are such.

    Args:
        operation: The operation.
        name: The argument that takes them.
        ids: Those shown.
    """
    argument = operation.arguments[name]
    found = list(ids)
    last = str(found[-1]) if found else ""
    for number in range(1, _IDS if last.isdigit() else 0):
        more = [*found, type(ids[-1])(str(int(last) + number))]
        found = more if fits(operation, argument, more) else found
    return found
