"""What the arguments of an operation may be: each is checked before anything is sent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from math import isfinite
from operator import index
from typing import Any, Literal, Protocol

from keyapi._models import Model, plain

_BREAKS = re.compile(r"[\r\n]")
_SHOWN = 80  # characters of a refused value that a message shows
_LISTED = 20  # members of an enum that a message lists
_GIVEN = "; check_arguments=False sends it as given"


class Unset:
    """Marks an argument of a low-level function that was not given."""

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Unset = Unset()


class Kind(Protocol):
    """What an argument may be."""

    def read(self, value: Any, listed: bool) -> Any:
        """Check a value, and give it as JSON and query strings carry it.

        Args:
            value: The value.
            listed: Whether it must be one that the specification lists, where it lists any.

        Raises:
            ValueError: It cannot be sent. The text is what follows the argument's name.
        """
        ...


class Text:
    """Text.

    Args:
        empty: Whether it may be empty, as a cursor that asks for the first page.
        free: Whether it may hold anything, as in a JSON body; elsewhere KeyAPI's documentation says
            not to send empty values, and line breaks are what a file or a table left behind.
    """

    __slots__ = ("_empty", "_free")

    def __init__(self, *, empty: bool = False, free: bool = False) -> None:
        self._empty = empty
        self._free = free

    def read(self, value: Any, listed: bool = True) -> str:
        """Check a text; see `Kind.read`."""
        # Nearly every text is one of these; line breaks are not printable.
        if type(value) is str and value.isprintable() and value and not value.isspace():
            return value
        if isinstance(value, Enum):
            value = value.value
        if not isinstance(value, str):
            raise ValueError(f" must be text, got {shown(value)}{_remedy(value)}")
        if self._free or (self._empty and not value):
            return str(value)
        if not value:
            raise ValueError(" is empty")
        if value.isspace():
            raise ValueError(f" is blank: {shown(value)}")
        if _BREAKS.search(value):
            raise ValueError(f" contains a line break: {shown(value)}; remove it")
        return str(value)


class Integer:
    """A whole number: an `int`, or what stands for one, such as `numpy.int64`; but not a bool.

    Args:
        least: The least that the operation allows, if the client knows it.
        most: The most, likewise.
    """

    __slots__ = ("_least", "_most")

    def __init__(self, least: int | None = None, most: int | None = None) -> None:
        self._least = least
        self._most = most

    def read(self, value: Any, listed: bool = True) -> int:
        """Check a whole number; see `Kind.read`."""
        number = value if type(value) is int else whole(value)
        least, most = self._least, self._most
        low, high = least is not None and number < least, most is not None and number > most
        if listed and (low or high):
            bounds = f"{least} or more" if most is None else f"between {least} and {most}"
            raise ValueError(f" must be {bounds}, got {number}{_GIVEN}")
        return number


class Number:
    """A finite number."""

    __slots__ = ()

    def read(self, value: Any, listed: bool = True) -> float:
        """Check a number; see `Kind.read`."""
        if type(value) is not float:
            if hasattr(type(value), "__index__"):
                return whole(value)
            if isinstance(value, (str, bytes)) or not hasattr(type(value), "__float__"):
                raise ValueError(f" must be a number, got {shown(value)}")
            value = float(value)
        if not isfinite(value):
            raise ValueError(f" must be a finite number, got {value!r}")
        number: float = value
        return number


class Boolean:
    """True or False, of Python or numpy."""

    __slots__ = ()

    def read(self, value: Any, listed: bool = True) -> bool:
        """Check a boolean; see `Kind.read`."""
        if isinstance(value, bool):
            return value
        if type(value).__name__ in ("bool", "bool_"):  # numpy's
            return bool(value)
        raise ValueError(f" must be True or False, got {shown(value)}")


class Member:
    """A member of an enum, its name, or its value.

    Names are read in any case, with `-` for `_`, and with or without `_` between words: the
    generator writes `7_D` for what a page calls `7d`. Values are read also as text.

    Args:
        enum: Gives the enum, which is imported when it is first needed.
    """

    __slots__ = ("_enum", "_kind", "_load", "_values")

    def __init__(self, enum: Callable[[], type[Enum]]) -> None:
        self._load = enum
        self._enum: type[Enum] | None = None

    def read(self, value: Any, listed: bool = True) -> Any:
        """Check a member, name or value; see `Kind.read`."""
        if self._enum is None:
            self._prepare()
        kind = type(value)
        if kind is self._enum:
            return self._values[value]
        if kind is not int and kind is not str:
            value = self._scalar(value)
        found = self._values.get(value)
        if found is None and isinstance(value, str):
            found = self._named(value)
        if found is None:
            if not listed:
                return value
            raise ValueError(f"{self._problem(value)}{_GIVEN}")
        return found

    def _prepare(self) -> None:
        enum = self._load()
        # Values as they are come first: a member's name may be another's value in other letters.
        values: dict[Any, Any] = {member.value: member.value for member in enum}
        for member in enum:
            values.setdefault(normal(member.name), member.value)
        for member in enum:
            values.setdefault(normal(str(member.value)), member.value)
        joined = Counter(_joined(member.name) for member in enum)
        for member in enum:
            if joined[_joined(member.name)] == 1:
                values[(_joined(member.name),)] = member.value
        self._values = values
        self._enum = enum

    def _named(self, name: str) -> Any:
        found = self._values.get(normal(name))
        return self._values.get((_joined(name),)) if found is None else found

    def _scalar(self, value: Any) -> int | str:
        """The whole number or text that a value of another class stands for."""
        if isinstance(value, str):
            return str(value.value if isinstance(value, Enum) else value)
        if isinstance(value, Enum):  # of another package; a number alone may mean something else
            found: int | str | None = self._named(value.name)
            if found is not None and found == value.value:
                return found
        elif not isinstance(value, bool) and hasattr(type(value), "__index__"):
            return index(value)
        raise ValueError(self._problem(value))

    def _problem(self, value: object) -> str:
        assert self._enum is not None  # noqa: S101 - it was loaded before anything was read
        return f" must be {described(self._enum)}, got {shown(value)}"


class List:
    """A list, or anything that is iterated once, but a text or mapping.

    Args:
        item: What its items may be.
        empty: Whether it may be empty, as in a JSON body. Elsewhere that sends nothing, or empty
            text.
    """

    __slots__ = ("_empty", "_item")

    def __init__(self, item: Kind, *, empty: bool = False) -> None:
        self._item = item
        self._empty = empty

    def read(self, value: Any, listed: bool = True) -> list[Any]:
        """Check a list and its items; see `Kind.read`."""
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
            remedy = f"; pass [{shown(value)}]" if isinstance(value, str) else ""
            raise ValueError(f" must be a list, got {shown(value)}{remedy}")
        items = []
        for number, item in enumerate(value):
            try:
                items.append(self._item.read(item, listed))
            except ValueError as error:
                raise ValueError(f"[{number}]{error}") from None
        if not items and not self._empty:
            raise ValueError(" is empty")
        return items


class Object:
    """An object of a JSON body: a model, or a mapping.

    Args:
        model: Gives the model's class, which is imported when it is first needed.
        enums: What the properties may be that are enums, or hold some, by name in the request.
    """

    __slots__ = ("_enums", "_load")

    def __init__(
        self, model: Callable[[], type[Model]], enums: Mapping[str, Kind] | None = None
    ) -> None:
        self._load = model
        self._enums = enums or {}

    def read(self, value: Any, listed: bool = True) -> dict[str, Any]:
        """Check an object; see `Kind.read`."""
        if not isinstance(value, (Mapping, Model)):
            name = self._load().__name__
            raise ValueError(f" must be of class {name}, or a mapping, got {shown(value)}")
        row = dict(value)
        for name, kind in self._enums.items():
            if row.get(name) is not None:  # null is the server's to refuse
                try:
                    row[name] = kind.read(row[name], listed)
                except ValueError as error:
                    raise ValueError(f".{name}{error}") from None
        found: dict[str, Any] = plain(row)
        return found


ANY_OBJECT = Object(lambda: Model)
"""A whole JSON body."""


class Anything:
    """What no type is documented for.

    Args:
        free: Whether a text may hold anything; as for `Text`.
    """

    __slots__ = ("_text",)

    def __init__(self, *, free: bool = False) -> None:
        self._text = Text(free=free)

    def read(self, value: Any, listed: bool = True) -> Any:
        """Check a value; see `Kind.read`."""
        if isinstance(value, (str, bytes)):
            return self._text.read(value, listed)
        if isinstance(value, float) and not isfinite(value):
            raise ValueError(f" must not be {value!r}")
        return plain(value)


def whole(value: Any) -> int:
    """Give the whole number that a value is.

    Raises:
        ValueError: It is not one. The text is what follows the argument's name.
    """
    try:
        if not isinstance(value, bool):
            return index(value)
    except TypeError:
        pass
    raise ValueError(f" must be a whole number, got {shown(value)}")


def described(enum: type[Enum]) -> str:
    """List the members of an enum by name, with their values where these differ."""
    members = [*enum]
    names = ", ".join(map(_described, members[:_LISTED]))
    more = len(members) - _LISTED
    return f"one of {names}" + (f" or {more} more members of {enum.__name__}" if more > 0 else "")


def shown(value: Any) -> str:
    """How a message shows a value: not all of a long one."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _described(member: Enum) -> str:
    name = member.name.lower()
    same = name == normal(str(member.value))
    return repr(member.value) if same else f"{name!r} ({member.value!r})"


def normal(text: str) -> str:
    """A name as it is compared: in any case, with `-` for `_`."""
    return text.strip().lower().replace("-", "_")


def _joined(name: str) -> str:
    """A name without what may stand between its words."""
    return normal(name).replace("_", "")


def _remedy(value: object) -> str:
    if isinstance(value, bytes):
        return "; decode it first"
    if isinstance(value, float):
        return "; ids are text: read them as text, since a float does not hold all their digits"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"; ids are text: pass {str(value)!r}"
    return ""
