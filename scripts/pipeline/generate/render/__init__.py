"""What the templates are told, ready to be written down.

The generator's parser knows Python names and types, the effective specification knows the rest
(`x-keyapi`, descriptions, bounds); the modules here join the two, so that templates only place
text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from openapi_python_client.config import Config
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import EnumProperty, ModelProperty

import keyapi
from keyapi._facts import OperationFacts
from keyapi._openapi import is_secured
from pipeline.generate.render import calls, kinds, models, options
from pipeline.generate.render.checks import Checks, checks
from pipeline.generate.render.types import Types
from pipeline.shape.identifiers import pascal


class Context:
    """The global `keyapi` of the template environment.

    Args:
        spec: The effective specification.
        config: The generator's configuration.
        client_class: Name of the client class users construct.
    """

    def __init__(self, spec: dict[str, Any], config: Config, client_class: str) -> None:
        self._types = Types(spec, config)
        self.client_class = client_class
        self.options = options
        # What users meet of the runtime: its errors, pages and iterators.
        self.runtime = sorted({*keyapi.__all__} - {"Model", "RedisBudget"})  # imported when used
        self.base_url: str = spec["servers"][0]["url"]

    def resource(self, tag: str) -> str:
        """Class name of a resource."""
        return f"{pascal(tag)}Resource"

    def calls(self, endpoints: list[Endpoint]) -> list[calls.Call]:
        """The methods of a resource."""
        return calls.calls(self._types, endpoints)

    def joined(self, endpoint: Endpoint) -> dict[str, str]:
        """What joins the lists that are sent as one value, by wire name."""
        return calls.joined(self._types, endpoint)

    def operation(self, endpoint: Endpoint) -> str:
        """What `_extensions` takes of an operation, as Python literals."""
        node = self._types.node(endpoint)
        keyless = "" if is_secured(self._types.spec, node) else ", secured=False"
        no_content = ", no_content=True" if calls.has_no_content(node) else ""
        return f"{node['operationId']!r}, {OperationFacts.of(node).cost!r}{keyless}{no_content}"

    def attributes(self, model: ModelProperty) -> Iterator[models.Attribute]:
        """The attributes of a model."""
        return models.attributes(self._types, model)

    def decoded_classes(self, model: ModelProperty) -> list[str]:
        """Classes that only a model's decoded accessors and maps name."""
        return models.decoded_classes(self._types, model)

    def enum_name(self, enum: str) -> str:
        """Name of the type that the names of an enum's members have."""
        return kinds.names(self._types, enum)

    def with_enum_names(self, lines: Iterable[str]) -> list[str]:
        """Names or imports of classes, and beside each enum that of its members' names."""
        lines = [*map(str, lines)]
        enums = {line: line.split()[-1] for line in lines}
        return lines + [
            line.removesuffix(name) + self.enum_name(name)
            for line, name in enums.items()
            if kinds.is_enum(self._types.schemas.get(name, {}))
        ]

    def literals(self, enum: EnumProperty) -> str:
        """What an argument takes for the members of an enum, as arguments of `Literal`."""
        return kinds.literals(enum.values)

    def checks(self, endpoint: Endpoint) -> Checks:
        """What a low-level function checks."""
        return checks(self._types, endpoint)

    def doc(self, name: str) -> str:
        """The docstring of a model or an enum."""
        return models.doc(self._types, name)
