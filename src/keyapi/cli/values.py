"""Values of options: from text on the command line to a method's arguments."""

from __future__ import annotations

import json
import math
import re
import types
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from cyclopts import Token

from keyapi._arguments import Member

_LARGEST_PORT = 65_535


class Reading(NamedTuple):
    """How an option's text is read.

    Attributes:
        kind: Type that the option is declared with.
        read: Reads one value; None for a flag.
        metavar: Placeholder for the value in help.
        members: Names to offer for completion.
    """

    kind: Any
    read: Callable[[str], Any] | None = None
    metavar: str | None = None
    members: tuple[str, ...] = ()


def reading(annotation: Any) -> Reading:
    """Return how values of a method's argument are read.

    Args:
        annotation: The argument's type.
    """
    choices = [choice for choice in _choices(annotation) if choice is not type(None)]
    # The names of an enum's members are a choice beside it; `member` knows them.
    choices = [choice for choice in choices if get_origin(choice) is not Literal]
    kind = choices[0] if len(choices) == 1 else Any
    if get_origin(kind) in (list, Sequence):
        (item,) = get_args(kind)
        single = reading(item)
        if single.read is not _json and get_origin(single.kind) is not list:
            return single._replace(kind=list[single.kind])  # type: ignore[name-defined]
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
    """Turn a function that reads one value into a converter of an option's tokens.

    Args:
        read: Reads one value; raises ValueError with what is wrong.
        many: Whether the option can be repeated, and makes a list.
        split: Whether one token may contain several values, separated by commas.
    """

    def convert(kind: Any, tokens: Sequence[Token]) -> Any:
        texts = [token.value for token in tokens]
        if split:
            texts = [part.strip() for text in texts for part in text.split(",")]
        values = [read(text) for text in texts]
        return values if many else values[0]

    return convert


def member(kind: type[Enum], text: str) -> Enum:
    """Find a member by its name, in any case and with `-` for `_`, or by its value.

    Raises:
        ValueError: There is none; the text lists the members.
    """
    try:
        return kind(Member(lambda: kind).read(text))
    except ValueError:
        names = ", ".join(map(_described, kind))
        raise ValueError(f"{text!r} is not one of {names}") from None


def legend(kind: type[Enum], text: str) -> str:
    """Replace the members that a parameter's description lists by their names as options."""
    for listed in kind:
        name = re.escape(listed.name).replace("_", "_?")  # `7_D` where the page says `7d`
        pattern = rf"\b{re.escape(str(listed.value))}\s*[=:]\s*{name}\b[,;]?"
        text = re.sub(pattern, "", text, flags=re.IGNORECASE)
    text = " ".join(text.split()).strip(" .,;:")
    names = ", ".join(map(_described, kind))
    return f"{text}: {names}." if text else f"{names}."


def whole(text: str) -> int:
    """Read a whole number; the library would round a fraction."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def number(text: str) -> float:
    """Read a number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a number")
    return value


def count(kind: Any, tokens: Sequence[Token]) -> int:
    """Read a whole number from 0 up."""
    value = whole(tokens[0].value)
    if value < 0:
        raise ValueError(f"must be 0 or greater, got {value}")
    return value


def positive(kind: Any, tokens: Sequence[Token]) -> int:
    """Read a whole number from 1 up."""
    value = whole(tokens[0].value)
    if value < 1:
        raise ValueError(f"must be 1 or greater, got {value}")
    return value


def port_number(kind: Any, tokens: Sequence[Token]) -> int:
    """Read a TCP port; 0 stands for any free one."""
    value = whole(tokens[0].value)
    if not 0 <= value <= _LARGEST_PORT:
        raise ValueError(f"must be between 0 and {_LARGEST_PORT}, got {value}")
    return value


def seconds(kind: Any, tokens: Sequence[Token]) -> float:
    """Read a number of seconds from 0 up."""
    value = number(tokens[0].value)
    if value < 0:
        raise ValueError(f"must be 0 or greater, got {value:g}")
    return value


def positive_seconds(kind: Any, tokens: Sequence[Token]) -> float:
    """Read a number of seconds above 0."""
    value = number(tokens[0].value)
    if value <= 0:
        raise ValueError(f"must be greater than 0, got {value:g}")
    return value


def filled(text: str, *, required: bool) -> str:
    """Read text that must not be empty: KeyAPI's documentation says not to send empty values."""
    if text:
        return text
    problem = "must not be empty"
    raise ValueError(problem if required else f"{problem}; to leave it unset, omit the option")


def place(kind: Any, tokens: Sequence[Token]) -> Path:
    """Read the path of a file or folder; an option that follows by mistake is refused."""
    text = tokens[0].value
    if text.startswith("--"):
        raise ValueError(f"{text} is an option; for a file of that name, write ./{text}")
    if not text:
        raise ValueError("the path is empty")
    return Path(text)


def dashed(name: str) -> str:
    """A Python name as an option or command: with hyphens."""
    return name.strip("_").replace("_", "-")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not valid JSON: {error}") from None


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


def _option(choice: Enum) -> str:
    return choice.name.lower().replace("_", "-")


def _described(choice: Enum) -> str:
    """A member as it can be written: by name, and by its value if that differs."""
    name, value = _option(choice), str(choice.value)
    return name if name == value.lower().replace("_", "-") else f"{name} ({value})"
