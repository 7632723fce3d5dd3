"""What a low-level function checks before it sends: the facts that its operation's method has."""

from __future__ import annotations

from typing import NamedTuple

from openapi_python_client.parser.openapi import Endpoint

from pipeline.generate.render.calls import call_of
from pipeline.generate.render.types import Types


class Checks(NamedTuple):
    """What a low-level function checks before it sends.

    Attributes:
        operation: Name of the constant that holds the operation's facts.
        arguments: The function's arguments, by name.
        keys: What the operation calls arguments that have another name there, as a Python literal;
            empty where none has.
    """

    operation: str
    arguments: list[str]
    keys: str


def checks(types: Types, endpoint: Endpoint) -> Checks:
    """What the low-level functions of an operation check."""
    call = call_of(types, endpoint)
    wires = {(a.place, a.wire): a.key for a in call.arguments}
    names = {
        str(prop.python_name): wires[place.value, prop.name.get_untrusted_value()]
        for place, prop in endpoint.iter_all_parameters()
    }
    keys = {name: key for name, key in names.items() if name != key}
    arguments = [*names, *(["body"] if endpoint.bodies else [])]
    return Checks(call.constant, arguments, repr(keys) if keys else "")
