"""Spec - page, as far as it needs no page: the specification is valid, and its examples fit."""

from __future__ import annotations

import json
from collections.abc import Iterator

from keyapi.conformance.registry import Finding, relation
from keyapi.contract import Contract, Violation
from keyapi.specification import Specification


@relation("spec - page", short="s-p", position=1)
def spec_is_sound(specification: Specification) -> Iterator[Finding]:
    """The specification is valid OpenAPI, and every example in it fits its schema."""
    try:
        yield from _unsound(specification)
    except Exception as error:  # whatever a reference that leads nowhere is to each reader
        problem = f"{type(error).__name__}: {error}"
        violation = Violation("", "", "openapi", "a specification that can be read", problem[:200])
        yield Finding("spec - page", "valid", violation)


def _unsound(specification: Specification) -> Iterator[Finding]:
    from openapi_spec_validator import OpenAPIV30SpecValidator  # slow to import

    for error in OpenAPIV30SpecValidator(dict(specification.document)).iter_errors():
        place = "/".join(map(str, error.absolute_path))
        violation = Violation("", f"/{place}", "openapi", "valid OpenAPI 3.0", error.message[:200])
        yield Finding("spec - page", "valid", violation)
        return
    contract = Contract(specification.document)
    for operation in specification:
        for status in operation.statuses:
            example = operation.example(status)
            if example is not None and status.isdigit():
                body = json.dumps(example).encode()
                for violation in contract.violations(operation.name, int(status), body):
                    yield Finding("spec - page", f"example of {status}", violation)
