"""The checks of meaning as Schemathesis checks, for any operation with paging, sorting or echoes.

`schemathesis.toml` names this module as its hooks, so that `st run` makes them, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import schemathesis

from keyapi.contract import Contract
from keyapi.specification import Specification


@schemathesis.check
def meaning(ctx: Any, response: Any, case: Any) -> None:
    """The answer is what was asked for; see `keyapi.contract`."""
    contract, specification = _contract(case.operation.schema)
    operation = specification.operations[case.operation.definition.raw["operationId"]]
    if operation.documented(response.status_code) is None:
        return  # `status_code_conformance` tells; an unknown method has no answer to judge
    parts = urlsplit(str(response.request.url))
    body = response.request.body or b""
    asked = operation.read_arguments(parts.query, body.encode() if isinstance(body, str) else body)
    headers = {name.lower(): ", ".join(values) for name, values in response.headers.items()}
    violations = contract.violations(
        operation.name, response.status_code, response.content, headers=headers, arguments=asked
    )
    broken = [str(violation) for violation in violations if not violation.additive]
    code = _code(response)
    if code not in (0, response.status_code):
        broken.append(f"/code: expected 0 or the status {response.status_code}, found {code}")
    if broken:
        raise AssertionError("\n".join(broken))


def _contract(schema: Any) -> tuple[Contract, Specification]:
    """The contract of a Schemathesis schema, made once and kept with it."""
    if not hasattr(schema, "keyapi_contract"):
        document: Mapping[str, Any] = schema.raw_schema
        schema.keyapi_contract = Contract(document), Specification(document)
    made: tuple[Contract, Specification] = schema.keyapi_contract
    return made


def _code(response: Any) -> Any:
    try:
        body = response.json()
    except ValueError:
        return None
    return body.get("code") if isinstance(body, dict) else None
