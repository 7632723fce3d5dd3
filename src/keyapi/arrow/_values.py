"""Values as received, made to fit the types of columns; what does not fit is put aside.

A value fits where nothing of it is lost: `True` is not an integer, an integer is a number only
where a double holds it exactly, and text must be valid Unicode. `1.0` and `1` are one number.
"""

from __future__ import annotations

import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import partial
from math import isinf
from typing import Any

import pyarrow as pa

from keyapi._columns import Field, ListOf, MapOf, Scalar, Struct, Type
from keyapi._json import pointer
from keyapi._json_text import decode, in_order, objects

Path = tuple[str | int, ...]
Misfits = dict[str, Any]
"""What a row's columns cannot hold, by its place; see `place`."""
LARGEST_EXACT = 2.0**53
"""From here on, not every integer is a double."""
_INT64 = 1 << 63
_dumped = partial(json.dumps, separators=(",", ":"))


def place(path: Path) -> str:
    """Name a place in a row: a property by its name, what is deeper by its JSON pointer.

    A property whose name begins with a slash is named by its pointer, too.

    Args:
        path: Names and indices from the row down.
    """
    first = str(path[0])
    return first if len(path) == 1 and not first.startswith("/") else pointer(*path, root="")


def to_json(value: Any) -> str:
    """Write JSON; what UTF-8 cannot carry is escaped, and what was too large a number is 1e999."""
    try:
        text = _dumped(value, ensure_ascii=False, allow_nan=False)
    except ValueError:  # such numbers are infinite in Python, for which JSON has no word
        mark = secrets.token_hex()
        text = _dumped(_marked(value, mark))
        return text.replace(f'"{mark}"', "1e999").replace(f'"-{mark}"', "-1e999")
    return text if _is_unicode(text) else _dumped(value)


def _marked(value: Any, mark: str) -> Any:
    if isinstance(value, dict):
        return {name: _marked(item, mark) for name, item in value.items()}
    if isinstance(value, list):
        return [_marked(item, mark) for item in value]
    if isinstance(value, float) and isinf(value):
        return mark if value > 0 else f"-{mark}"
    return value


class Converter(ABC):
    """Makes values fit a type.

    Attributes:
        arrow: The type in Arrow.
    """

    arrow: Any

    @abstractmethod
    def fitted(self, value: Any, path: Path, misfits: Misfits) -> Any:
        """Give what of a value fits, as pyarrow takes it; None where nothing does.

        Args:
            value: The value, which is not None.
            path: Where in the row it stands.
            misfits: Takes what does not fit.
        """

    def array(self, values: list[Any], name: str, misfits: Callable[[int], Misfits]) -> Any:
        """Make an Arrow array of one column's values.

        Args:
            values: The value of each row.
            name: Name of the column.
            misfits: Gives what takes the misfits of a row, by its number.
        """
        path = (name,)
        return pa.array(
            [
                None if value is None else self._kept(value, path, misfits, row)
                for row, value in enumerate(values)
            ],
            self.arrow,
        )

    def _kept(self, value: Any, path: Path, misfits: Callable[[int], Misfits], row: int) -> Any:
        aside: Misfits = {}
        kept = self.fitted(value, path, aside)
        if aside:
            misfits(row).update(aside)
        return kept


def converter(type_: Type) -> Converter:
    """Make the converter of a type."""
    if isinstance(type_, ListOf):
        return _List(converter(type_.item))
    if isinstance(type_, MapOf):
        return _Map(converter(type_.value))
    if isinstance(type_, Struct):
        return _Object(type_.fields)
    return _Json() if type_.name == "json" else _Plain(type_)


class _Plain(Converter):
    """Text, numbers and truth values."""

    def __init__(self, type_: Scalar) -> None:
        self.arrow, self._types, self._read = _PLAIN[type_.name]

    def array(self, values: list[Any], name: str, misfits: Callable[[int], Misfits]) -> Any:
        if set(map(type, values)) <= self._types:  # most columns are as they should be
            try:
                return pa.array(values, self.arrow)
            except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
                pass
        return super().array(values, name, misfits)

    def fitted(self, value: Any, path: Path, misfits: Misfits) -> Any:
        kept = self._read(value)
        if kept is None:
            misfits[place(path)] = value
        return kept


class _Json(Converter):
    """Anything, as JSON."""

    arrow = pa.string()

    def fitted(self, value: Any, path: Path, misfits: Misfits) -> Any:
        return to_json(value)


class _List(Converter):
    def __init__(self, item: Converter) -> None:
        self._item = item
        self.arrow = pa.list_(item.arrow)

    def fitted(self, value: Any, path: Path, misfits: Misfits) -> Any:
        if type(value) is not list:
            misfits[place(path)] = value
            return None
        fitted = self._item.fitted
        return [
            None if item is None else fitted(item, (*path, index), misfits)
            for index, item in enumerate(value)
        ]


class _Map(Converter):
    def __init__(self, value: Converter) -> None:
        self._value = value
        self.arrow = pa.map_(pa.string(), value.arrow)

    def fitted(self, value: Any, path: Path, misfits: Misfits) -> Any:
        if type(value) is not dict:
            misfits[place(path)] = value
            return None
        kept = []
        for name, item in value.items():
            if not _is_unicode(name):
                misfits[place((*path, name))] = item
            else:
                inner = None
                if item is not None:
                    inner = self._value.fitted(item, (*path, name), misfits)
                kept.append((name, inner))
        return kept


class _Object(Converter):
    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields = [(each.name, converter(each.type)) for each in fields if not each.source]
        self._names = {name for name, _ in self._fields}
        self._decoders = [Decoder(each) for each in fields if each.source]
        found = [(name, inner.arrow) for name, inner in self._fields]
        self.arrow = pa.struct([*found, *((each.name, each.arrow) for each in self._decoders)])

    def fitted(self, value: Any, path: Path, misfits: Misfits) -> Any:
        if type(value) is not dict:
            misfits[place(path)] = value
            return None
        kept = {}
        for name, inner in self._fields:
            item = value.get(name)
            if item is not None:
                kept[name] = inner.fitted(item, (*path, name), misfits)
        for each in self._decoders:
            kept[each.name] = each.decoded(value.get(each.source))
        if not value.keys() <= self._names:
            for name, item in value.items():  # in the order received, so that runs agree
                if name not in self._names:
                    misfits[place((*path, name))] = item
        return kept


class Decoder:
    """Decodes JSON inside a string, as a model's accessor does.

    What does not fit is left out: the string itself has a column beside it.

    Args:
        field: The decoded field.

    Attributes:
        name: Its name.
        source: The property that it is decoded from.
        arrow: Its type in Arrow.
    """

    def __init__(self, field: Field) -> None:
        self.name, self.source = field.name, field.source
        self.order, self.text = field.order, field.text
        self.many = isinstance(field.type, ListOf)
        self._inner = converter(field.type.item if isinstance(field.type, ListOf) else field.type)
        self.arrow = pa.list_(self._inner.arrow) if self.many else self._inner.arrow

    def decoded(self, value: Any) -> Any:
        """Decode one value, as pyarrow takes it."""
        if value is None:
            return None
        found = in_order(objects(decode(value), self.text), self.order)
        kept = [self._inner.fitted(each, (self.name,), {}) for each in found]
        return kept if self.many else (kept or [None])[0]


def _text(value: Any) -> str | None:
    return value if type(value) is str and _is_unicode(value) else None


def _integer(value: Any) -> int | None:
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and -_INT64 <= value < _INT64 else None


def _number(value: Any) -> float | None:
    if type(value) is int:
        try:
            return number if (number := float(value)) == value else None
        except OverflowError:
            return None
    return value if type(value) is float else None


def _truth(value: Any) -> bool | None:
    return value if type(value) is bool else None


def _is_unicode(text: str) -> bool:
    """Whether UTF-8 can carry a text: a lone half of a surrogate pair it cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_NONE = type(None)
_PLAIN: dict[str, tuple[Any, set[type], Callable[[Any], Any]]] = {
    "string": (pa.string(), {str, _NONE}, _text),
    "int64": (pa.int64(), {int, _NONE}, _integer),
    "double": (pa.float64(), {float, int, _NONE}, _number),
    "bool": (pa.bool_(), {bool, _NONE}, _truth),
}
