"""Models: typed, read-only views over the row exactly as it was received.

Keeping the row is what makes `to_dict()` equal to what came, explicit nulls, unknown fields and
unknown enum values included; it also costs nothing until an attribute is read.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from enum import Enum
from typing import Any, ClassVar, Self, dataclass_transform

from keyapi._json_text import decode, in_order, objects

_logger = logging.getLogger("keyapi")


def field(
    name: str,
    *,
    default: None = None,
    model: str | None = None,
    enum: str | None = None,
    maps: int = 0,
) -> Any:
    """Declare an attribute that reads one property of the row.

    Args:
        name: The property's name on the wire.
        default: Always None, the value of the attribute where the server sent nothing; named so
            that type checkers see the argument of the constructor as optional.
        model: Class of the object (or of each object of the list) found there.
        enum: Enum class of the value found there; an unknown value is returned as received.
        maps: How many maps lie around the objects, one in another.
    """
    if model is not None:
        return _ModelField(name, model, maps)
    return _EnumField(name, enum) if enum is not None else _Field(name)


def decoded(
    name: str,
    *,
    init: bool = False,
    model: str | None = None,
    many: bool = False,
    order: str | None = None,
    text: str | None = None,
) -> Any:
    """Declare an accessor for a property that holds JSON inside a string.

    It never fails: what cannot be decoded is left out and logged, once for a property, and `name`
    still returns the text.

    Args:
        name: The property's name on the wire.
        init: Always False: the constructor has no argument for the accessor.
        model: Class of each decoded object; without one, the decoded value is returned.
        many: Return a list (empty where there is nothing) instead of one object or None.
        order: Property of the decoded objects to sort by, lowest first.
        text: Property that a bare string stands for, e.g. `url` where a plain URL was sent.
    """
    return _DecodedField(name, model, many, order, text)


class _Field:
    __slots__ = ("name", "package")

    def __init__(self, name: str) -> None:
        self.name = name

    def __set_name__(self, owner: type[Model], attribute: str) -> None:
        # Where to find the classes this field names, also when a user derives from the model.
        self.package = owner.__module__.rpartition(".")[0]

    def __set__(self, instance: Model, value: object) -> None:
        raise AttributeError(
            f"models are read-only; make a changed copy of {type(instance).__name__} instead"
        )

    def __delete__(self, instance: Model) -> None:
        self.__set__(instance, None)

    def sibling(self, name: str) -> Any:
        """Find a class of the same generated package, importing it when it is first needed."""
        return getattr(sys.modules[self.package], name)

    def __get__(self, instance: Model | None, owner: type[Model]) -> Any:
        if instance is None:
            return self
        return instance._row.get(self.name)


class _ModelField(_Field):
    __slots__ = ("maps", "model")

    def __init__(self, name: str, model: str, maps: int) -> None:
        super().__init__(name)
        self.model = model
        self.maps = maps

    def __get__(self, instance: Model | None, owner: type[Model]) -> Any:
        if instance is None:
            return self
        return viewed(instance._row.get(self.name), self.sibling(self.model), self.maps)


class _EnumField(_Field):
    __slots__ = ("enum",)

    def __init__(self, name: str, enum: str) -> None:
        super().__init__(name)
        self.enum = enum

    def __get__(self, instance: Model | None, owner: type[Model]) -> Any:
        if instance is None:
            return self
        value = instance._row.get(self.name)
        try:
            return None if value is None else self.sibling(self.enum)(value)
        except ValueError:
            return value


class _DecodedField(_Field):
    __slots__ = ("many", "model", "order", "text", "warned")

    def __init__(
        self, name: str, model: str | None, many: bool, order: str | None, text: str | None
    ) -> None:
        super().__init__(name)
        self.model = model
        self.many = many
        self.order = order
        self.text = text
        self.warned = False

    def __get__(self, instance: Model | None, owner: type[Model]) -> Any:
        if instance is None:
            return self
        text = instance._row.get(self.name)
        value = decode(text)
        if value is None and text not in (None, "", "null") and str(text).strip():
            self._warn(owner)
        if self.model is None:
            return value
        rows = in_order(objects(value, self.text), self.order)
        if not rows and value not in (None, []):
            self._warn(owner)
        model = self.sibling(self.model)
        if self.many:
            return [model.from_dict(row) for row in rows]
        return model.from_dict(rows[0]) if rows else None

    def _warn(self, owner: type[Model] | None) -> None:
        """Say, once for a property, that it holds what is not understood."""
        if not self.warned:
            self.warned = True
            where = f"{owner.__name__ if owner else ''}.{self.name}"
            _logger.warning("%s holds text that is not understood; read it as it came", where)


@dataclass_transform(
    kw_only_default=True, frozen_default=True, eq_default=False, field_specifiers=(field, decoded)
)
class Model:
    """A row of the API, with typed attributes over the values exactly as received.

    Build one with keyword arguments (in tests, say), or over a received mapping with `from_dict`.
    Models compare equal when their rows do, pickle, and copy.
    """

    __slots__ = ("_row",)
    _row: dict[str, Any]
    _fields: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls) -> None:
        # Attribute name -> wire name, for the constructor and the repr.
        own = {
            key: value.name
            for key, value in vars(cls).items()
            if isinstance(value, _Field) and not isinstance(value, _DecodedField)
        }
        cls._fields = {**cls._fields, **own}

    def __init__(self, **values: Any) -> None:
        row: dict[str, Any] = {}
        for key, value in values.items():
            try:
                row[self._fields[key]] = plain(value)
            except KeyError:
                raise TypeError(
                    f"{type(self).__name__}() has no field {key!r}; it has "
                    f"{', '.join(self._fields) or 'none'}"
                ) from None
        self._row = row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """View a received mapping as this model.

        Args:
            row: The mapping; it is kept, not copied.
        """
        self = cls.__new__(cls)
        self._row = row if isinstance(row, dict) else dict(row)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the row as it was received, with unknown fields and explicit nulls."""
        return deepcopy(self._row)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Iterate over names and values as received, so that `dict(row)` gives `to_dict()`."""
        return iter(self.to_dict().items())

    def _repr_html_(self) -> str:
        from keyapi._display import table

        rows = [{"property": name, "value": value} for name, value in self._row.items()]
        return table(rows, type(self).__name__)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Tell pydantic, and so FastAPI, to take a mapping or a model, and to write `to_dict()`."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls._validated,
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_dict),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        properties: dict[str, Any] = {name: {} for name in cls._fields.values()}
        return {"type": "object", "title": cls.__name__, "properties": properties}

    @classmethod
    def _validated(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise ValueError(f"{cls.__name__} is made from a mapping, not {type(value).__name__}")
        return cls.from_dict(value)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._row == other._row

    __hash__ = None  # type: ignore[assignment]  # rows hold lists and mappings

    def __repr__(self) -> str:
        shown = (
            f"{key}={getattr(self, key)!r}"
            for key, name in self._fields.items()
            if name in self._row
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    def __copy__(self) -> Self:
        return self.from_dict(dict(self._row))

    def __replace__(self, **changes: Any) -> Self:
        changed = type(self)(**changes)
        return self.from_dict({**self._row, **changed._row})

    def __getstate__(self) -> dict[str, Any]:
        return self._row

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._row = state


def viewed(value: Any, model: type[Model], maps: int = 0) -> Any:
    """View the objects in a decoded value as a model; what is neither object nor list stays.

    Args:
        value: The value.
        model: The class of the objects.
        maps: How many maps lie around them, one in another.
    """
    if isinstance(value, dict):
        if maps:
            return {key: viewed(item, model, maps - 1) for key, item in value.items()}
        return model.from_dict(value)
    if isinstance(value, list):
        return [viewed(item, model, maps) for item in value]
    return value


def plain(value: Any) -> Any:
    """Convert a value to what JSON and query strings carry: enums to values, models to dicts."""
    if type(value) is str or type(value) is int:  # most are
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
