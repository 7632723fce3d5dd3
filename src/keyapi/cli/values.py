"""Values of options: from what was typed to what a method takes."""

from __future__ import annotations

import json
import math
import re
import types
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Union, get_args, get_origin

from cyclopts import Token


class Reading(NamedTuple):
    """How an option's text is read.

    Attributes:
        kind: Type that the option is declared with.
        read: Reads one value; None for a flag.
        metavar: What stands for the value in help.
        members: Names that may be given, for completion.
    """

    kind: Any
    read: Callable[[str], Any] | None = None
    metavar: str | None = None
    members: tuple[str, ...] = ()


def reading(annotation: Any) -> Reading:
    """Tell how values of a method's argument are read.

    Args:
        annotation: The argument's type.
    """
    choices = [choice for choice in _choices(annotation) if choice is not type(None)]
    kind = choices[0] if len(choices) == 1 else Any
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        one = reading(item)
        if one.read is not _json and get_origin(one.kind) is not list:
            return one._replace(kind=list[one.kind])  # type: ignore[name-defined]
        return Reading(Any, _json, "JSON")
    enum = _enum(kind)
    if enum is not None:
        return Reading(enum, partial(member, enum), "NAME", tuple(map(_option, enum)))
    if kind is int:
        return Reading(int, whole, "N")
    if kind is float:
        return Reading(float, number, "N")
    if kind is str:
        return Reading(str, str, "TEXT")
    if kind is bool:
        return Reading(bool)
    if kind is Any:
        return Reading(Any, _json_or_text, "VALUE")
    return Reading(Any, _json, "JSON")


def converter(read: Callable[[str], Any], *, many: bool, split: bool) -> Callable[..., Any]:
    """Make of a function that reads one value what the library calls with an option's tokens.

    Args:
        read: Reads one value; raises ValueError with what is wrong.
        many: Whether the option can be given several times, and makes a list.
        split: Whether one value may hold several, separated by commas.
    """

    def convert(kind: Any, tokens: Sequence[Token]) -> Any:
        given = [token.value for token in tokens]
        if split:
            given = [part.strip() for text in given for part in text.split(",")]
        values = [read(text) for text in given]
        return values if many else values[0]

    return convert


def member(kind: type[Enum], text: str) -> Enum:
    """Find a member by its name, in any case and with `-` for `_`, or by its value.

    Raises:
        ValueError: There is none; the text lists those there are.
    """
    wanted = text.strip().lower().replace("-", "_")
    for one in kind:
        if wanted in (one.name.lower(), str(one.value).lower().replace("-", "_")):
            return one
    there_are = ", ".join(_described(one) for one in kind)
    raise ValueError(f"{text!r} is none of {there_are}")


def legend(kind: type[Enum], text: str) -> str:
    """Take from a parameter's description what help says of its members in its own way."""
    for one in kind:
        said = rf"\b{re.escape(str(one.value))}\s*[=:]\s*{re.escape(one.name)}\b[,;]?"
        text = re.sub(said, "", text, flags=re.IGNORECASE)
    text = " ".join(text.split()).strip(" .,;:")
    names = ", ".join(_described(one) for one in kind)
    return f"{text}: {names}." if text else f"{names}."


def whole(text: str) -> int:
    """Read a whole number; the library would round others."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number") from None


def number(text: str) -> float:
    """Read a number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no number")
    return value


def count(kind: Any, tokens: Sequence[Token]) -> int:
    """Read the value of an option that counts something."""
    value = whole(tokens[0].value)
    if value < 0:
        raise ValueError(f"{value} is below 0")
    return value


def seconds(kind: Any, tokens: Sequence[Token]) -> float:
    """Read the value of an option that is a time."""
    return number(tokens[0].value)


def place(kind: Any, tokens: Sequence[Token]) -> Path:
    """Read the value of an option that names a file, or `-`; not the option behind it."""
    text = tokens[0].value
    if text.startswith("--"):
        raise ValueError(f"{text} is an option; for a file of that name give ./{text}")
    return Path(text)


def dashed(name: str) -> str:
    """A Python name as command lines have it."""
    return name.strip("_").replace("_", "-")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no JSON: {error}") from None


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _choices(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _enum(kind: Any) -> type[Enum] | None:
    return kind if isinstance(kind, type) and issubclass(kind, Enum) else None


def _option(one: Enum) -> str:
    return one.name.lower().replace("_", "-")


def _described(one: Enum) -> str:
    """A member as it may be given: by name or, where that says something else, by value."""
    name, value = _option(one), str(one.value)
    return name if name == value.lower().replace("_", "-") else f"{name} ({value})"
