"""What is known of a specification's types: the generator's names, and what stands behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openapi_python_client.config import Config
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties.protocol import PropertyProtocol
from openapi_python_client.strings import ClassName, PythonIdentifier

from keyapi._openapi import OperationNode, named_schemas, operations


class Types:
    """Looks things up in the effective specification, by the generator's objects.

    Args:
        spec: The effective specification.
        config: The generator's configuration.
    """

    def __init__(self, spec: dict[str, Any], config: Config) -> None:
        self.spec = spec
        self._prefix = config.field_prefix
        self._operations = {
            (operation.method, operation.path): operation for operation in operations(spec)
        }
        self.schemas: dict[str, dict[str, Any]] = {
            self.class_name(name): schema for name, schema in named_schemas(spec).items()
        }

    def class_name(self, text: str) -> str:
        """The generator's class name for a component."""
        return str(ClassName(text, self._prefix))

    def path(self, endpoint: Endpoint) -> str:
        """URL path with wire names in its placeholders, where the generator puts Python names."""
        path = endpoint.path.get_untrusted_value()
        for parameter in endpoint.path_parameters:
            wire = parameter.name.get_untrusted_value()
            path = path.replace(f"{{{parameter.python_name}}}", f"{{{wire}}}")
        return path

    def node(self, endpoint: Endpoint) -> dict[str, Any]:
        """The operation object."""
        return self.operation(endpoint).node

    def operation(self, endpoint: Endpoint) -> OperationNode:
        """The operation in the specification."""
        return self._operations[endpoint.method, self.path(endpoint)]

    @staticmethod
    def success_schema(node: dict[str, Any]) -> dict[str, Any]:
        """The schema of an operation's success answer; empty where it has none."""
        media = OperationNode("", "", node).success() or {}
        schema: dict[str, Any] = media.get("schema", {})
        return schema

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What a schema refers to, or itself."""
        name = self.reference(schema)
        return self.schemas[name] if name else schema

    def reference(self, schema: Mapping[str, Any]) -> str:
        """Class name of a reference (also of a nullable one), or "".

        Of several choices none is the class.
        """
        choices = [part for part in schema.get("anyOf", []) if part.get("enum") != [None]]
        (only, *others) = choices or [schema]
        reference = "" if others else only.get("$ref", "")
        return self.class_name(reference.rpartition("/")[2]) if reference else ""

    def python_type(self, prop: PropertyProtocol) -> str:
        """Python type of a value as users see it: never Unset, None added by the caller."""
        kind = prop.get_type_string(no_optional=True).as_unembedded_code()
        parts = [part for part in kind.split(" | ") if part not in ("None", "Unset")]
        return " | ".join(dict.fromkeys(parts)) or "Any"

    def description(self, schema: dict[str, Any]) -> str:
        """What the specification says of a schema, or of what it refers to."""
        return str(schema.get("description") or self.resolved(schema).get("description") or "")

    def identifier(self, text: str) -> str:
        """The generator's Python name for a property."""
        return str(PythonIdentifier(text, self._prefix))
