"""What names a row among those of a day."""

from __future__ import annotations

from keyapi.specification import OperationSpec


def key_of(operation: OperationSpec, argument: str) -> list[str] | None:
    """The columns that name a row within a day, so that the same row of two days can be found.

    They are what rows repeat of their request (`echoes` in `x-keyapi`), the id they were asked for
    by, unless that is among it, and the row's own id (`identity` there).

    Args:
        operation: The operation.
        argument: The argument that takes the ids, by its name in the request.

    Returns:
        Their names; None where rows have no id of their own.
    """
    if operation.identity is None:
        return None
    column = "_id"
    while column in operation.properties():  # as the columns of lineage are named
        column = f"_{column}"
    asked = [] if argument in operation.echoes else [column]
    return [*operation.echoes, *asked, operation.identity]
