"""Schemathesis as the contract suite uses it: its cases, its checks, and fixed seeds.

FUZZ = Fuzz(Specification.of_package("keyapi_tiktok"))


@FUZZ.each_operation
def test_the_server_answers_as_specified(case): ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation

from keyapi.conformance import checks
from keyapi.conformance.cases import fits
from keyapi.conformance.drivers import KEY
from keyapi.conformance.seed import run_seed
from keyapi.specification import Argument, OperationSpec, Specification

EXAMPLES = 100
"""Examples of the fuzzing phase for an operation, where there are few operations; see `Fuzz.share`.

Those of the coverage phase, which stand for every bound and type, come on top.
"""
_OPERATIONS = 10  # as many get all the examples; more of them share these
_LEAST = 4  # but each gets no less than one part in so many
CHECKS = (checks.meaning,)
"""The project's own checks, which the import of their module registers."""


class Fuzz:
    """Schemathesis's cases for one specification.

    Args:
        specification: The effective specification.

    Attributes:
        schema: Schemathesis's own view of it, with its default configuration, but for the key in
            the commands that reproduce a failure: it is no secret, and a wrong one is the point.
            The shipped `schemathesis.toml` is for `st run`.
        count: How many operations share the examples; see `share`.
    """

    def __init__(self, specification: Specification) -> None:
        self.count = len(specification.operations)
        config = schemathesis.Config()
        config.output.sanitization.enabled = False
        self.schema = schemathesis.openapi.from_dict(dict(specification.document), config=config)

    def each_operation(self, test: Callable[..., Any]) -> Callable[..., Any]:
        """Run a test for each operation, with all of Schemathesis's cases as its `case`."""
        examples = self.share(EXAMPLES)
        configured: Callable[..., Any] = self.schema.parametrize()(fixed(test, examples))
        return configured

    def share(self, examples: int) -> int:
        """Give how many examples each operation gets, so that the time of all is bounded.

        Up to ten operations get all; more share as many as ten get, but each gets a quarter.

        Args:
            examples: How many examples an operation gets where there are few.
        """
        return max(examples * _OPERATIONS // max(self.count, _OPERATIONS), examples // _LEAST)


def fixed(test: Callable[..., Any], examples: int) -> Callable[..., Any]:
    """Give a Hypothesis test its number of examples, and the seed of the run.

    Args:
        test: The test.
        examples: How many examples; the coverage phase of Schemathesis comes on top.
    """
    seed = run_seed()
    health_checks: Any = list(HealthCheck)  # its metaclass hides the members' type
    configured = settings(
        max_examples=examples,
        deadline=None,
        derandomize=seed is None,
        database=None,
        phases=[phase for phase in Phase if phase is not Phase.explain],
        report_multiple_bugs=False,
        suppress_health_check=health_checks,
    )(test)
    return configured if seed is None else hypothesis.seed(seed)(configured)


def operation_name(case: Any) -> str:
    """The `operationId` of a case."""
    name: str = case.operation.definition.raw["operationId"]
    return name


def faulty_headers(case: Any) -> bool:
    """Whether it is the headers, and so the key, that are wrong in a case."""
    component = case.meta.components.get(ParameterLocation.HEADER)
    return component is not None and component.mode.value == "negative"


def positive(case: Any) -> bool:
    """Whether a case is one that must be accepted."""
    return bool(case.meta.generation.mode.value == "positive")


def request_of(case: Any) -> dict[str, Any]:
    """The request of a case, as httpx takes it; with the good key, unless headers are its fault."""
    headers = None if faulty_headers(case) else {"Authorization": f"Bearer {KEY}"}
    request = case.as_transport_kwargs(base_url="http://sandbox.invalid", headers=headers)
    return {
        "method": request["method"],
        "url": request["url"],
        "params": request.get("params"),
        "headers": request["headers"],
        "content": request.get("data"),
        "json": request.get("json"),
    }


def raw_values(case: Any) -> dict[str, Any]:
    """The values of a case in path and query, as they were generated, not yet as text."""
    raw = getattr(case.meta, "raw_containers", {})
    in_path = raw.get(ParameterLocation.PATH)
    if in_path is None:  # Schemathesis keeps texts as the path has them
        in_path = {
            name: unquote(value) if isinstance(value, str) else value
            for name, value in (case.path_parameters or {}).items()
        }
    query = raw.get(ParameterLocation.QUERY)
    return {**in_path, **((query if query is not None else case.query) or {})}


def typed_values(operation: OperationSpec, case: Any) -> dict[str, Any]:
    """The values of a case in path and query, typed where Schemathesis has only their text.

    Args:
        operation: The operation of the case.
        case: The case.
    """
    arguments = operation.arguments
    return {
        name: arguments[name].read([value])
        if isinstance(value, str) and name in arguments and _only_text(arguments[name])
        else value
        for name, value in raw_values(case).items()
    }


def _only_text(argument: Argument) -> bool:
    return bool(argument.delimiter) or argument.schema.get("type") == "boolean"


def body_of(operation: OperationSpec, case: Any) -> Any:
    """The JSON body of a case, as a typed call says it; None for an operation without one.

    Undocumented properties are left out: a schema allows them, and a typed call has none. Null is
    left out where a property need not be given and may be null: to a typed call, None means "not
    sent".

    Args:
        operation: The operation of the case.
        case: The case.
    """
    if operation.body is None:
        return None
    documented = operation.body_arguments
    if not isinstance(case.body, dict):
        return case.body
    return {
        name: value
        for name, value in case.body.items()
        if name in documented and not (value is None and _may_be_null(operation, documented[name]))
    }


def _may_be_null(operation: OperationSpec, argument: Argument) -> bool:
    return not argument.required and fits(operation, argument, None)


def bodies(document: Mapping[str, Any], operation: OperationSpec) -> SearchStrategy[Any]:
    """Bodies that the schema of an operation's success allows.

    Schemathesis generates what goes into requests; so it is given the answer's schema as one of a
    request. (hypothesis-jsonschema does not work with current versions of Hypothesis.)

    Args:
        document: The effective specification.
        operation: One of its operations.
    """
    content = {"application/json": {"schema": operation.schema(operation.success)}}
    node = {"requestBody": {"required": True, "content": content}, "responses": {}}
    specification = {
        "openapi": "3.0.3",
        "info": {"title": "answers", "version": "1"},
        "paths": {"/answer": {"post": node}},
        "components": {"schemas": document.get("components", {}).get("schemas", {})},
    }
    schema = schemathesis.openapi.from_dict(specification, config=schemathesis.Config())
    strategy = schema["/answer"]["POST"].as_strategy(generation_mode=GenerationMode.POSITIVE)
    return strategy.map(lambda case: case.body)
