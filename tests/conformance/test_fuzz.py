"""Schemathesis's cases reach methods of every shape: path, query and body."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import pytest
from schemathesis import GenerationMode
from schemathesis.core import NotSet

from keyapi.conformance.drivers import Caller, Inexpressible, sandbox_server
from keyapi.conformance.fuzz import Fuzz, body_of, fixed, typed_values
from keyapi.conformance.relations import server_to_spec, success_answer
from keyapi.contract import Contract
from keyapi.specification import Specification
from keyapi_example import TikTok
from support.pages import page, query, rows
from support.specs import effective

EXAMPLE = Specification.of_package("keyapi_example")
FUZZ = Fuzz(EXAMPLE)
CALLER = Caller(TikTok)


@pytest.mark.parametrize("name", ["video_search", "video_video_id_detail", "shop_list"])
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_what_a_case_says_in_path_query_and_body_reaches_the_method(
    name: str, mode: GenerationMode
) -> None:
    operation = EXAMPLE.operations[name]
    strategy = FUZZ.schema[operation.path][operation.method].as_strategy(generation_mode=mode)
    bodies: list[Any] = []
    in_path: list[str] = []

    @hypothesis.given(case=strategy)
    def probe(case: Any) -> None:
        values, body = typed_values(operation, case), body_of(operation, case)
        if isinstance(body, NotSet) or not isinstance(body, (dict, type(None))):
            return
        if None in (body or {}).values():
            return
        try:
            sent = CALLER.call(name, values, success_answer(operation), body=body)
        except Inexpressible:
            return
        for request in sent.requests:
            bodies.append(body)
            in_path.extend(value for value in (values.get("video_id"),) if value)
            received = json.loads(request.content) if request.content else None
            assert received == body
            assert all(value in request.url.path for value in in_path[-1:])

    fixed(probe, 15)()

    if mode is GenerationMode.POSITIVE:
        assert bodies
        assert any(bodies) == (name == "video_search")
        assert any(in_path) == (name == "video_video_id_detail")


def test_a_next_cursor_has_the_type_that_answers_have() -> None:
    feed = {
        "type": "object",
        "properties": {"max_cursor": {"type": "integer"}, "videos": rows(video_id="string")},
    }
    text = page(
        "/v1/tiktok/video/feed",
        parameters=[query("offset", "Cursor", required=True)],
        data_schema=feed,
    )
    spec = effective(text)
    (operation,) = Specification(spec)

    found = server_to_spec(Contract(spec), operation, sandbox_server(spec=spec))

    assert list(map(str, found)) == []
