"""What is promised of every model, worded after the docstring of `Model`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from keyapi._models import Model
from keyapi.conformance.relations._shared import error_of

Promises = dict[str, tuple[Any, Callable[[], Any]]]
"""Rules, each with what is expected and what gives what is found."""
_OTHER: dict[str, Any] = {"an undocumented": ["property", None]}


def promises(model: type[Model], row: dict[str, Any], read: Mapping[str, Any]) -> Promises:
    """Give what is promised of a class of rows.

    Args:
        model: The class.
        row: A value for every documented property, no two alike.
        read: What each attribute gives of that row, by the attribute's name.
    """
    view, name = model.from_dict(row), model.__name__
    shown = ", ".join(f"{attribute}={value!r}" for attribute, value in read.items())
    others = [{**row, prop: ["another"]} for prop in row]
    wires = dict(zip(read, row, strict=True))
    changed = [{**row, wire: "changed"} for wire in wires.values()]
    found: Promises = {
        "equal": (view, lambda: model.from_dict(dict(row))),
        "unequal": (False, lambda: model.from_dict(_OTHER) == view),
        "unequal value": (False, lambda: any(model.from_dict(o) == view for o in others)),
        "unequal kind": ([False, True], lambda: [view == row, view != row]),
        "constructor": (view, lambda: model(**read)),
        "constructor of nothing": ({}, lambda: model().to_dict()),
        "repr": (f"{name}({shown})", lambda: repr(view)),
        "repr of nothing": (f"{name}()", lambda: repr(model.from_dict(_OTHER))),
        "another mapping": (view, lambda: model.from_dict(MappingProxyType(row))),
        "changed copy": (
            changed,
            lambda: [view.__replace__(**{each: "changed"}).to_dict() for each in read],
        ),
        "original": (row, view.to_dict),
        "hash": (TypeError, lambda: type(error_of(hash, view))),
        "read-only": (
            [AttributeError] * 2 * len(read),
            lambda: [
                *(type(error_of(setattr, view, each, None)) for each in read),
                *(type(error_of(delattr, view, each)) for each in read),
            ],
        ),
        "another attribute": (AttributeError, lambda: type(error_of(setattr, view, "an_x", 1))),
        "unknown argument": (True, lambda: _names(error_of(model, an_x=1), name, *read)),
    }
    return found | _of_a_class(model, row, read) | _by_pydantic(model, row)


def _of_a_class(model: type[Model], row: dict[str, Any], read: Mapping[str, Any]) -> Promises:
    """What holds of a class that a user derives: it reads alike, and is another kind of row."""
    own: Any = type("Mine", (model,), {"__slots__": (), "__module__": "users"})
    view = own.from_dict(row)
    return {
        "derived": (dict(read), lambda: {each: getattr(view, each) for each in read}),
        "derived, unequal": (False, lambda: view == model.from_dict(row)),
        "derived, constructor": (view, lambda: own(**read)),
    }


def _by_pydantic(model: type[Model], row: dict[str, Any]) -> Promises:
    """What pydantic makes a row of, and what it refuses."""
    if find_spec("pydantic") is None:
        return {}
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter(model)
    view = model.from_dict(row)
    another: Any = type("Another", (Model,), {})
    unfit: list[Any] = [[], None, "text", [row], another.from_dict(row)]
    schema = {"type": "object", "title": model.__name__, "properties": {each: {} for each in row}}
    return {
        "pydantic's own row": (True, lambda: adapter.validate_python(view) is view),
        "pydantic's mapping": (view, lambda: adapter.validate_python(MappingProxyType(row))),
        "pydantic's refusal": (
            [ValidationError] * len(unfit),
            lambda: [type(error_of(adapter.validate_python, each)) for each in unfit],
        ),
        "pydantic's schema": (schema, lambda: adapter.json_schema(mode="serialization")),
    }


def _names(error: Exception | None, *words: str) -> bool:
    """Whether an argument is refused by an error that names it and all that there are."""
    return isinstance(error, TypeError) and all(word in str(error) for word in ("an_x", *words))
