"""How names of Python are spelled by names of the request and of the answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

from keyapi.specification import Schema

_PREFIX = "field"
"""What the generator puts before a name that Python does not allow."""
_WORDED = r"(?<![\w.]){}\s*[=:\-–：]\s*([^\W\d_]\w*)"
_NAMELESS = "value"  # what the generator calls a member without a name


def spelling(name: str) -> str:
    """A name without what differs between Python and the wire: case and punctuation."""
    return "".join(filter(str.isalnum, name.casefold()))


def spelled(names: Iterable[str], wire: str) -> list[str]:
    """Names of Python that may stand for a name of the wire; more than one where those are alike.

    Args:
        names: The names of Python.
        wire: The name in the request or the answer.
    """
    plain = spelling(wire)
    return [name for name in names if spelling(name) in (plain, f"{_PREFIX}{plain}")]


def members_differ(enum: type[Enum], schema: Schema, *texts: str) -> Iterator[tuple[Any, Any]]:
    """Find members of an enum that are not called what the specification calls their value.

    Args:
        enum: The class.
        schema: Schema of the values.
        texts: Descriptions, such as "0=asc 1=desc", which name the values, too.

    Yields:
        What was expected, and what was found.
    """
    values = [value for value in schema.get("enum", ()) if value is not None]
    names = schema.get("x-enum-varnames") or values
    found = {member.value: member for member in enum}
    if [*found] != values or any(str(member) != str(value) for value, member in found.items()):
        yield values, [f"{member.name} = {member}" for member in enum]
        return
    for value, name in zip(values, names, strict=False):
        own = spelling(found[value].name)
        named = own == spelling(str(name)) or (name == value and own.startswith(_NAMELESS))
        if not named:
            yield f"{name} = {value}", f"{found[value].name} = {value}"
    called: Mapping[str, Any] = {spelling(member.name): member.value for member in enum}
    for text in texts:
        for value in values:
            for word in re.findall(_WORDED.format(re.escape(str(value))), text):
                if called.get(spelling(word), value) != value:
                    yield f"{word} = {value}, as {text!r} says", f"{found[value].name} = {value}"
