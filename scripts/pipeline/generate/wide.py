"""Objects with very many properties, which the generator alone takes quadratic time for.

It compares each property's name with those of all before it: 10,000 took 35 seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from openapi_python_client.parser.errors import PropertyError
from openapi_python_client.parser.properties import Property, model_property

_AT_ONCE = 100


@contextmanager
def in_parts() -> Iterator[None]:
    """Have the generator read the properties of an object a hundred at a time.

    The names of all parts are then compared by a table. The generator's version is pinned; what is
    replaced here is private to it.
    """
    whole: Any = model_property._process_properties

    def process(*, data: Any, schemas: Any, class_name: Any, config: Any, roots: Any) -> Any:
        def read(part: Any, schemas: Any) -> Any:
            return whole(
                data=part, schemas=schemas, class_name=class_name, config=config, roots=roots
            )

        items = iter((data.properties or {}).items())
        first = dict(islice(items, _AT_ONCE))
        if len(first) == len(data.properties or {}) or data.allOf:
            return read(data, schemas)
        found = read(data.model_copy(update={"properties": first}), schemas)
        names: dict[str, Property] = {}
        part = found
        while not isinstance(part, PropertyError):
            for prop in (*part.required_props, *part.optional_props):
                if problem := _take_name(prop, names, config):
                    return problem
            if part is not found:
                found.required_props.extend(part.required_props)
                found.optional_props.extend(part.optional_props)
                found.relative_imports.update(part.relative_imports)
                found.lazy_imports.update(part.lazy_imports)
            more = dict(islice(items, _AT_ONCE))
            if not more:
                return found._replace(schemas=part.schemas)
            part = read(data.model_copy(update={"properties": more}), part.schemas)
        return part

    model_property._process_properties = process
    try:
        yield
    finally:
        model_property._process_properties = whole


def _take_name(prop: Property, names: dict[str, Property], config: Any) -> PropertyError | None:
    """Give a property its name in Python; of two alike, both are called as in the page."""
    other = names.setdefault(str(prop.python_name), prop)
    if other is prop:
        return None
    resolve: Any = model_property._resolve_naming_conflict
    problem: PropertyError | None = resolve(prop, other, config)
    names[str(prop.python_name)] = prop
    names[str(other.python_name)] = other
    return problem
