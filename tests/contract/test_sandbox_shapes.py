"""Server -> spec: what the sandbox makes of operations that the pages of the day may not have."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import pytest

from contract.committed import SPECIFICATION
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.drivers import sandbox_server
from keyapi.conformance.relations import (
    sandbox_as_documented,
    seeded_everywhere,
    server_to_spec,
    shapes_as_served,
)
from keyapi.conformance.shapes import shapes
from keyapi.contract import Contract
from keyapi_tiktok import TikTok

SHAPES = shapes()


@pytest.mark.parametrize("operation", list(SHAPES), ids=attrgetter("name"))
def test_the_sandbox_serves_operations_of_every_shape(operation: Any) -> None:
    serve = sandbox_server(client=TikTok, spec=SHAPES.document)
    found = [*sandbox_as_documented(SHAPES, operation, TikTok)]
    assert_holds([*found, *server_to_spec(Contract(SHAPES.document), operation, serve)])


def test_the_sandbox_obeys_what_a_specification_asks() -> None:
    assert_holds(list(shapes_as_served(TikTok)))


def test_a_seed_gives_the_same_data_in_another_process() -> None:
    assert_holds(list(seeded_everywhere(SPECIFICATION)))
