"""How a specification is read, by runtime and pipeline alike."""

from __future__ import annotations

import pytest

from client.conftest import PATH, SPEC
from keyapi._openapi import BODY, PARAMETER, RESPONSE, component, operations
from keyapi.specification import Specification


def test_an_operation_gives_its_parts() -> None:
    found = {node.path: node for node in operations(SPEC)}
    node = found[PATH]
    assert node.at("responses", 200) == f"#/paths/{PATH.replace('/', '~1')}/get/responses/200"
    success = node.success()
    assert success is not None
    assert success["example"]["code"] == 0
    roles = [role for each in found.values() for role, _ in each.schemas()]
    assert set(roles) == {PARAMETER, BODY, RESPONSE}


def test_a_schema_is_resolved_through_its_operation() -> None:
    specification = Specification(SPEC)
    operation = next(iter(specification))
    name, schema = next(iter(SPEC["components"]["schemas"].items()))
    assert operation.resolved({"$ref": f"#/components/schemas/{name}"}) == schema


def test_a_reference_that_leads_nowhere_is_an_error() -> None:
    with pytest.raises(LookupError, match="nowhere"):
        component(SPEC, "#/components/nowhere")
