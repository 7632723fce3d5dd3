"""What was published, before any correction, as something that answers can be judged by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyapi.conformance.judge import ServerAnswer
from keyapi.contract import Contract, Violation
from keyapi.specification import OperationSpec, Specification


class Published:
    """The promises of the vendored specification; operations go by their effective names.

    Args:
        document: The vendored specification, as published.
        effective: The effective one.
    """

    def __init__(self, document: Mapping[str, Any], effective: Specification) -> None:
        names = {
            (operation.path, operation.method.lower()): operation.name for operation in effective
        }
        paths = {
            path: {
                method: {**node, "operationId": names[path, method]}
                for method, node in item.items()
                if (path, method) in names
            }
            for path, item in document["paths"].items()
        }
        self._contract = Contract({**document, "paths": paths})
        self._names = {name for item in paths.values() for name in _ids(item)}

    def broken(self, operation: OperationSpec, answer: ServerAnswer) -> list[Violation]:
        """Find the published promises that an answer breaks; additions do not count."""
        if operation.name not in self._names:
            return []
        try:
            found = self._contract.violations(
                operation.name, answer.status, answer.content, headers=answer.headers
            )
        except (LookupError, TypeError, ValueError) as error:
            problem = f"{type(error).__name__}: {error}"
            return [Violation(operation.name, "", "schema", "a schema that can be used", problem)]
        return [violation for violation in found if not violation.additive]


def _ids(item: Mapping[str, Any]) -> list[str]:
    return [node["operationId"] for node in item.values()]
