"""The arguments of low-level functions: checked as those of the methods are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyapi._arguments import ANY_OBJECT, UNSET, Unset
from keyapi._errors import BadRequest
from keyapi._models import Model
from keyapi._operation import Operation


def checked(
    operation: Operation[Any],
    arguments: Mapping[str, Any],
    keys: Mapping[str, str],
    *,
    listed: bool,
) -> dict[str, Any]:
    """Check the arguments of a low-level function; what is not given is `UNSET`.

    Args:
        operation: What it calls.
        arguments: Values by the names that the function has; `body` is the JSON body.
        keys: What the operation calls arguments that have another name there.
        listed: As for `Operation.checked`.

    Returns:
        The same arguments, as they are sent.

    Raises:
        BadRequest: One of them cannot be sent.
    """
    values = {keys.get(name, name): _given(value) for name, value in arguments.items()}
    body = values.pop("body", None) if operation.body else None
    try:
        row = {} if body is None else ANY_OBJECT.read(body)
    except ValueError as error:
        raise BadRequest(f"body{error}") from None
    given = {} if body is None else dict(body)  # `row` no longer tells whose members they were
    values |= {key: given.get(wire) for key, wire in operation.body.items()}
    names = {key: name for name, key in keys.items()}
    found = operation.checked(values, listed=listed, names=names)
    sent = {wire: found[key] for key, wire in operation.body.items() if wire in row}
    found["body"] = None if body is None else Model.from_dict({**row, **sent})
    sendable = {name: found[keys.get(name, name)] for name in arguments}
    return {name: UNSET if value is None else value for name, value in sendable.items()}


def _given(value: Any) -> Any:
    return None if isinstance(value, Unset) else value
