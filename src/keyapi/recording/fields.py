"""Read what a HAR file holds, each value with the type it must have, and say where it has not."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from keyapi._json import pointer

_DEEPEST = 100  # levels of the arguments of a call
_SHOWN = 40  # characters of a value that a message repeats
_LONGEST_TIME = 1e12  # milliseconds: 31 years
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class FieldError(ValueError):
    """A value is not what HAR says it is; the text names it by its JSON pointer."""


class Field:
    """A value in a HAR file, and where it is.

    Args:
        value: The value, as JSON was decoded.
        *path: Keys and indices that lead to it from the top of the file.

    Attributes:
        value: See above.
    """

    def __init__(self, value: Any, *path: str | int) -> None:
        self.value = value
        self._path = path

    def __contains__(self, name: str) -> bool:
        """Whether this is an object that has the property, and not null there."""
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def __getitem__(self, name: str) -> Field:
        """Give the value of a property that must be there.

        Raises:
            FieldError: This is not an object, or has no such property.
        """
        if not isinstance(self.value, dict):
            raise self.error("must be an object")
        field = Field(self.value.get(name), *self._path, name)
        if name not in self.value:
            raise FieldError(f"{field.pointer} is missing")
        return field

    @property
    def pointer(self) -> str:
        """Where it is, as a JSON pointer; in words where it is all of the document."""
        return pointer(*self._path, root="" if self._path else "the document")

    def items(self) -> Iterator[Field]:
        """Give the items of a list.

        Raises:
            FieldError: This is not a list.
        """
        if not isinstance(self.value, list):
            raise self.error("must be a list")
        for index, item in enumerate(self.value):
            yield Field(item, *self._path, index)

    def text(self) -> str:
        """Give a text.

        Raises:
            FieldError: This is not a text, or holds half a character (a lone surrogate).
        """
        if not isinstance(self.value, str):
            raise self.error("must be a string")
        half = _SURROGATE.search(self.value)
        if half:
            raise FieldError(
                f"{self.pointer} must be Unicode text, got half a character, "
                f"U+{ord(half[0]):04X}, at position {half.start()}"
            )
        return self.value

    def line(self) -> str:
        """Give a text without control characters.

        Raises:
            FieldError: This is none.
        """
        text = self.text()
        control = _CONTROL.search(text)
        if control:
            raise FieldError(
                f"{self.pointer} must be without control characters, got U+{ord(control[0]):04X} "
                f"at position {control.start()}"
            )
        return text

    def whole(self, first: int, last: int) -> int:
        """Give a whole number.

        Raises:
            FieldError: This is not a whole number, or not within these bounds.
        """
        if type(self.value) is not int or not first <= self.value <= last:
            raise self.error(f"must be a whole number from {first} to {last}")
        return self.value

    def milliseconds(self) -> float:
        """Give a time in milliseconds; 0 for -1, which in HAR says that there is none.

        Raises:
            FieldError: This is not a number, or no time that anything takes.
        """
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error("must be a number of milliseconds")
        if not -1 <= value <= _LONGEST_TIME:
            raise self.error(f"must be from 0 to {_LONGEST_TIME:.0f} milliseconds")
        return max(value, 0)

    def arguments(self) -> dict[str, Any]:
        """Give an object that holds nothing but JSON.

        Raises:
            FieldError: This is not an object, is too deep, or holds what JSON has no form for.
        """
        if not isinstance(self.value, dict):
            raise self.error("must be an object")
        self._check(0)
        return self.value

    def error(self, expected: str) -> FieldError:
        """Make the error that says what must be here, and what is."""
        return FieldError(f"{self.pointer} {expected}, got {_shown(self.value)}")

    def _check(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise FieldError(f"{self.pointer} is nested more than {_DEEPEST} levels deep")
        if isinstance(self.value, str):
            self.text()
        elif isinstance(self.value, float) and not math.isfinite(self.value):
            raise self.error("must be a finite number")
        elif isinstance(self.value, list):
            for item in self.items():
                item._check(depth + 1)
        elif isinstance(self.value, dict):
            for name in self.value:
                Field(name, *self._path, ascii(name)).text()
                self[name]._check(depth + 1)


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value[: _SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
