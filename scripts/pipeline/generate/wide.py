"""Objects with very many properties, which the generator alone takes quadratic time for.

It compares each property's name with those of all before it, 35 seconds for 10,000, and copies what
it has read of an operation's answer, with all that stands in the specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from openapi_python_client import schema as oai
from openapi_python_client import strings
from openapi_python_client.config import Config
from openapi_python_client.parser.errors import PropertyError
from openapi_python_client.parser.properties import (
    Property,
    model_property,
    property_from_data,
)

_NEITHER = re.compile(rf"[^0-9A-Za-z_{re.escape(strings.DELIMITERS)}]+")
_WORD = re.compile(rf"[^{re.escape(strings.DELIMITERS)}]+")
_CAPITALS = re.compile("([A-Z]?[a-z]+)")


@contextmanager
def in_linear_time() -> Iterator[None]:
    """Have the generator read the properties of an object in linear time, and copy no schema.

    What it reads is the same. Its version is pinned; what is replaced here is private to it.
    """
    whole: Any = model_property._process_properties
    text: Any = strings
    sanitize, split_words = text.sanitize, text.split_words

    def process(*, data: Any, schemas: Any, class_name: Any, config: Any, roots: Any) -> Any:
        if data.allOf:  # shape leaves none with properties of its own
            return whole(
                data=data, schemas=schemas, class_name=class_name, config=config, roots=roots
            )
        needed = set(data.required or ())
        names = _Names(config)
        found = model_property._PropertyData([], [], set(), set(), schemas)
        for name, schema in (data.properties or {}).items():
            prop, schemas = property_from_data(
                name=name,
                required=name in needed,
                data=schema,
                schemas=schemas,
                parent_name=class_name,
                config=config,
                roots=roots,
            )
            if isinstance(prop, PropertyError):
                return prop
            if problem := names.add(prop):
                return problem
            (found.required_props if prop.required else found.optional_props).append(prop)
            found.lazy_imports.update(prop.get_lazy_imports(prefix=".."))
            found.relative_imports.update(prop.get_imports(prefix=".."))
        return found._replace(schemas=schemas)

    model_property._process_properties = process
    text.sanitize = lambda value: _sanitized(value) if value.isascii() else sanitize(value)
    text.split_words = lambda value: _words(value) if value.isascii() else split_words(value)
    shared: Any = oai.Schema  # nothing changes one
    shared.__deepcopy__ = lambda schema, memo=None: schema
    try:
        yield
    finally:
        model_property._process_properties = whole
        text.sanitize, text.split_words = sanitize, split_words
        del shared.__deepcopy__


def _sanitized(text: str) -> str:
    """ASCII text as the generator's `sanitize` gives it, which asks about each character."""
    return _NEITHER.sub("", text)


def _words(text: str) -> list[str]:
    """The words of ASCII text as the generator's `split_words` gives them."""
    return _WORD.findall(text if text == text.lower() else " ".join(_CAPITALS.split(text)))


class _Names:
    """The Python names of an object's properties, of which no two may be alike.

    Args:
        config: The generator's configuration.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._numbers = count()
        self._props: dict[str, dict[int, Property]] = {}  # by Python name, by number

    def add(self, prop: Property) -> PropertyError | None:
        """Compare a property with those before it, in their order.

        Both of two alike are then called as in the page, and the comparison goes on by that name.
        """
        resolve: Any = model_property._resolve_naming_conflict
        reached = -1
        while alike := [n for n in self._props.get(str(prop.python_name), ()) if n > reached]:
            reached = min(alike)
            other = self._props[str(prop.python_name)].pop(reached)
            problem: PropertyError | None = resolve(prop, other, self._config)
            self._place(reached, other)
            if problem:
                return problem
        self._place(next(self._numbers), prop)
        return None

    def _place(self, number: int, prop: Property) -> None:
        self._props.setdefault(str(prop.python_name), {})[number] = prop
