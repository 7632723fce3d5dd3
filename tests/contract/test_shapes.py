"""The runtime on pages of every shape: cursors, bodies, paths, and data that are not rows.

A client of one platform has few of these shapes, and the runtime beneath it serves them all. So the
relations also look at the client that is made from the example pages; one of these is a page of the
committed client, which the other tests look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import pytest

from contract.committed import SPECIFICATION
from keyapi.conformance.bodies import answers
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.drivers import Caller
from keyapi.conformance.registry import Finding
from keyapi.conformance.relations import (
    arguments_checked,
    low_level_as_documented,
    names_as_documented,
    pages_as_documented,
    shared_as_documented,
    spec_to_client,
    texts_as_given,
    walks,
)
from keyapi.conformance.walking.servers import sandbox_walks, walked_sandbox
from keyapi.contract import Contract
from keyapi.specification import Specification
from keyapi_example import TikTok

EXAMPLE = Specification.of_package("keyapi_example")
CONTRACT = Contract(EXAMPLE.document)
CALLER = Caller(TikTok)
SERVER = TikTok.default_base_url
SHAPES = [operation for operation in EXAMPLE if operation.name not in SPECIFICATION.operations]
BODIES, WALKS = 30, 12
"""Answers to each operation, and walks over its pages."""


def looks(operation: Any) -> Iterator[Iterator[Finding]]:
    """What relations find of an operation."""
    bodies = [*answers(EXAMPLE, operation)]
    yield names_as_documented(EXAMPLE, operation, CALLER)
    yield arguments_checked(operation, CALLER, SERVER)
    yield texts_as_given(operation, CALLER, SERVER)
    yield low_level_as_documented(EXAMPLE, operation, CALLER, SERVER)
    yield spec_to_client(CONTRACT, operation, CALLER, bodies[:: len(bodies) // BODIES or 1])
    yield pages_as_documented(operation, CALLER)
    yield shared_as_documented(operation, CALLER)
    server = sandbox_walks(walked_sandbox(client=TikTok))
    yield walks(CONTRACT, operation, CALLER, server, most=WALKS)


@pytest.mark.parametrize("operation", SHAPES, ids=attrgetter("name"))
def test_every_shape_of_operation_keeps_what_is_promised(operation: Any) -> None:
    assert_holds([finding for look in looks(operation) for finding in look])
