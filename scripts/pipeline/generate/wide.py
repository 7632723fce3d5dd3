"""Objects with very many properties, which the generator alone takes quadratic time for.

It compares each property's name with those of all before it, 35 seconds for 10,000, and copies what
it has read of an operation's answer, with all that stands in the specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from openapi_python_client import schema as oai
from openapi_python_client.config import Config
from openapi_python_client.parser.errors import PropertyError
from openapi_python_client.parser.properties import Property, model_property


@contextmanager
def in_linear_time() -> Iterator[None]:
    """Have the generator read the properties of an object one at a time, and copy no schema.

    What it reads is the same. Its version is pinned; what is replaced here is private to it.
    """
    whole: Any = model_property._process_properties

    def process(*, data: Any, schemas: Any, class_name: Any, config: Any, roots: Any) -> Any:
        def read(properties: dict[Any, Any], schemas: Any) -> Any:
            required = [name for name in properties if name in needed]
            part = data.model_copy(update={"properties": properties, "required": required})
            return whole(
                data=part, schemas=schemas, class_name=class_name, config=config, roots=roots
            )

        if data.allOf:  # shape leaves none with properties of its own
            return whole(
                data=data, schemas=schemas, class_name=class_name, config=config, roots=roots
            )
        needed = set(data.required or ())
        names = _Names(config)
        found = read({}, schemas)
        for name, schema in (data.properties or {}).items():
            part = read({name: schema}, found.schemas)
            if isinstance(part, PropertyError):
                return part
            for prop in (*part.required_props, *part.optional_props):
                if problem := names.add(prop):
                    return problem
            found.required_props.extend(part.required_props)
            found.optional_props.extend(part.optional_props)
            found.relative_imports.update(part.relative_imports)
            found.lazy_imports.update(part.lazy_imports)
            found = found._replace(schemas=part.schemas)
        return found

    model_property._process_properties = process
    shared: Any = oai.Schema  # nothing changes one
    shared.__deepcopy__ = lambda schema, memo=None: schema
    try:
        yield
    finally:
        model_property._process_properties = whole
        del shared.__deepcopy__


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
