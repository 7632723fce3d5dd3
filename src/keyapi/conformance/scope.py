"""What each relation can look at in an operation, and why it may have nothing to look at.

What an operation promises decides: where it has no pages, nothing can be said of its pages. A
suite that says so is told apart from one that forgot to look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from keyapi._facts import JsonText
from keyapi.conformance.drivers._redis import has_redis
from keyapi.specification import OperationSpec, Schema, Specification

_DEEPEST = 8  # a schema may contain itself


class Facet(NamedTuple):
    """One thing that a relation looks at, where an operation has it.

    Attributes:
        relation: Title of the relation.
        reason: What tables say where an operation does not have it, such as "not paged".
        has: Whether an operation of a specification has it.
    """

    relation: str
    reason: str
    has: Callable[[Specification, OperationSpec], bool]


def absent(relation: str, specification: Specification, operation: OperationSpec) -> list[str]:
    """Say what a relation cannot look at in an operation.

    Args:
        relation: Title of the relation.
        specification: The specification.
        operation: One of its operations.
    """
    return [
        facet.reason
        for facet in FACETS
        if facet.relation == relation and not facet.has(specification, operation)
    ]


def nothing(relation: str, specification: Specification, operation: OperationSpec) -> str:
    """Say why a relation has nothing at all to look at in an operation.

    Args:
        relation: Title of the relation.
        specification: The specification.
        operation: One of its operations.

    Returns:
        The reasons; empty where there is something to look at.
    """
    reasons = absent(relation, specification, operation)
    facets = [facet for facet in FACETS if facet.relation == relation]
    return ", ".join(reasons) if len(reasons) == len(facets) else ""


def _always(specification: Specification, operation: OperationSpec) -> bool:
    return True


def _an_example(specification: Specification, operation: OperationSpec) -> bool:
    return any(operation.example(status) is not None for status in operation.statuses)


def _a_good_example(specification: Specification, operation: OperationSpec) -> bool:
    return operation.example(operation.success) is not None


def _parameters(specification: Specification, operation: OperationSpec) -> bool:
    return bool(operation.arguments)


def _a_key(specification: Specification, operation: OperationSpec) -> bool:
    return operation.secured


def _a_refusal(specification: Specification, operation: OperationSpec) -> bool:
    return not operation.arguments or operation.documented(400) is not None


def _a_refused_key(specification: Specification, operation: OperationSpec) -> bool:
    return not operation.secured or operation.documented(401) is not None


def _pages(specification: Specification, operation: OperationSpec) -> bool:
    return operation.paging is not None


def _credits(specification: Specification, operation: OperationSpec) -> bool:
    return operation.credits > 0


def _a_redis(specification: Specification, operation: OperationSpec) -> bool:
    return has_redis()


def _rows(specification: Specification, operation: OperationSpec) -> bool:
    return operation.items is not None


def _a_sort(specification: Specification, operation: OperationSpec) -> bool:
    return operation.sort is not None and operation.sort.direction is not None


def _filters(specification: Specification, operation: OperationSpec) -> bool:
    return bool(operation.filters)


def _echoes(specification: Specification, operation: OperationSpec) -> bool:
    return bool(operation.echoes)


def _a_code(specification: Specification, operation: OperationSpec) -> bool:
    schema = specification.resolved(operation.schema(operation.success) or {})
    return "code" in schema.get("properties", {})


def _json_text(specification: Specification, operation: OperationSpec) -> bool:
    return any(map(JsonText.of, _schemas(specification, operation.schema(operation.success) or {})))


def _schemas(specification: Specification, schema: Schema, depth: int = 0) -> Iterator[Schema]:
    """Yield a schema and those within it."""
    schema = specification.resolved(schema)
    yield schema
    if depth < _DEEPEST:
        for child in (*schema.get("properties", {}).values(), schema.get("items", {})):
            yield from _schemas(specification, child, depth + 1)


FACETS = (
    Facet("spec - page", "no example", _an_example),
    Facet("client -> spec", "no request", _always),
    Facet("client -> spec", "no parameters", _parameters),
    Facet("client -> spec", "not paged", _pages),
    Facet("server -> spec", "no answer", _always),
    Facet("server -> spec", "no parameters", _parameters),
    Facet("server -> spec", "no key needed", _a_key),
    Facet("server -> spec", "no 400 documented", _a_refusal),
    Facet("server -> spec", "no 401 documented", _a_refused_key),
    Facet("spec -> client", "no answer", _always),
    Facet("recording", "no example", _an_example),
    Facet("recording", "no example of success", _a_good_example),
    Facet("credits", "no request", _always),
    Facet("credits", "not paged", _pages),
    Facet("credits", "costs nothing", _credits),
    Facet("credits", "no redis-server is installed", _a_redis),
    Facet("meaning", "no code", _a_code),
    Facet("meaning", "no rows", _rows),
    Facet("meaning", "not paged", _pages),
    Facet("meaning", "no sort", _a_sort),
    Facet("meaning", "no filters", _filters),
    Facet("meaning", "no echoes", _echoes),
    Facet("meaning", "no JSON text", _json_text),
    Facet("walks", "not paged", _pages),
)
"""What the relations look at; each of a relation's lines stands once in its row of a table."""
