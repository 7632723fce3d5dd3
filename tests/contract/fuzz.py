"""Schemathesis as this suite uses it: its cases, its checks, and fixed seeds."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import ignored_auth

from keyapi.conformance import checks
from keyapi.conformance.drivers import KEY
from keyapi.specification import OperationSpec, Specification

SPECIFICATION = Specification.of_package("keyapi_tiktok")
# Its own defaults: the shipped `schemathesis.toml` is for `st run`.
SCHEMA = schemathesis.openapi.from_dict(dict(SPECIFICATION.document), config=schemathesis.Config())
LEFT_OUT = [ignored_auth]
"""Sends traffic of its own, past every transport of ours; a case of `cases.py` does its work."""
EXAMPLES = 100  # of the fuzzing phase, for each operation; the coverage phase comes on top

assert checks.meaning  # importing it registers the check


def fuzzed(test: Callable[..., Any]) -> Callable[..., Any]:
    """Run a test for each operation, with all of Schemathesis's cases."""
    seed = os.environ.get("CONTRACT_SEED")
    configured = settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=seed is None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )(test)
    if seed is not None:
        configured = hypothesis.seed(int(seed))(configured)
    made: Callable[..., Any] = SCHEMA.parametrize()(configured)
    return made


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
    """What a case asks, as httpx takes it; with the good key, unless the headers are its fault."""
    headers = None if faulty_headers(case) else {"Authorization": f"Bearer {KEY}"}
    asked = case.as_transport_kwargs(base_url="http://sandbox.invalid", headers=headers)
    return {
        "method": asked["method"],
        "url": asked["url"],
        "params": asked.get("params"),
        "headers": asked["headers"],
        "content": asked.get("data"),
        "json": asked.get("json"),
    }


def raw_query(case: Any) -> dict[str, Any]:
    """The query of a case, with the values as they were generated, not yet as text."""
    raw = getattr(case.meta, "raw_containers", {}).get(ParameterLocation.QUERY)
    return dict((raw if raw is not None else case.query) or {})


def bodies(document: Mapping[str, Any], operation: OperationSpec) -> SearchStrategy[Any]:
    """Bodies that the schema of an operation's success allows.

    Schemathesis generates what goes into requests; so the answer's schema is given to it as one of
    a request. (hypothesis-jsonschema does not work with current versions of Hypothesis.)
    """
    content = {"application/json": {"schema": operation.schema(operation.success)}}
    node = {"requestBody": {"required": True, "content": content}, "responses": {}}
    asked = {
        "openapi": "3.0.3",
        "info": {"title": "answers", "version": "1"},
        "paths": {"/answer": {"post": node}},
        "components": {"schemas": document.get("components", {}).get("schemas", {})},
    }
    schema = schemathesis.openapi.from_dict(asked, config=schemathesis.Config())
    strategy = schema["/answer"]["POST"].as_strategy(generation_mode=GenerationMode.POSITIVE)
    return strategy.map(lambda case: case.body)
