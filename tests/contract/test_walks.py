"""Walks: whole lists through the client, on the sandbox in this process and on a port."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import pytest

from contract.committed import SPECIFICATION
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import pages_as_documented, shared_as_documented, walks
from keyapi.conformance.walking.rules import RULES, Made
from keyapi.conformance.walking.servers import http_walks, sandbox_walks, walked_sandbox
from keyapi.contract import Contract
from keyapi_tiktok import TikTok

CONTRACT = Contract(SPECIFICATION.document)
CALLER = Caller(TikTok)
PAGED = [operation for operation in SPECIFICATION if operation.paging is not None]
ROWS, WALKS = 23, 20  # where each request goes over a port


@pytest.mark.parametrize("operation", PAGED, ids=attrgetter("name"))
def test_whole_lists_are_walked_in_order_once_each(
    operation: Any, tally: Callable[..., None]
) -> None:
    made = Made(operation, CONTRACT)
    server = sandbox_walks(walked_sandbox())
    found = list(walks(CONTRACT, operation, CALLER, server, made=made))
    tally("walks", operation.name, checks=len(RULES) * len(made.walks), cases=len(made.walks))
    assert_holds(found)


@pytest.mark.parametrize("operation", PAGED[:1], ids=attrgetter("name"))
def test_they_are_the_same_on_a_port(operation: Any) -> None:
    sandbox = walked_sandbox(ROWS)
    with sandbox.serve() as url, http_walks(url) as server:
        found = list(walks(CONTRACT, operation, CALLER, server, most=WALKS))
    assert_holds(found)


@pytest.mark.parametrize("operation", list(SPECIFICATION), ids=attrgetter("name"))
def test_a_walk_in_a_circle_ends_and_pages_keep_what_they_promise(operation: Any) -> None:
    assert_holds(list(pages_as_documented(operation, CALLER)))


@pytest.mark.parametrize("operation", PAGED, ids=attrgetter("name"))
def test_workers_that_share_a_walk_get_each_row_once(operation: Any) -> None:
    assert_holds(list(shared_as_documented(operation, CALLER)))
