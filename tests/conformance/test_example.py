"""The engine on the example's client, whose operations have every shape; and interrupted runs."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from keyapi._openapi import PARAMETER, component, operations
from keyapi.conformance import LiveDrivers, LiveOptions, check
from keyapi.conformance.bodies import answers
from keyapi.conformance.capture import Server, as_recorded, method_of
from keyapi.conformance.drivers import Caller, wire
from keyapi.conformance.outcomes import Outcomes
from keyapi.conformance.relations import client_to_spec, spec_is_sound, spec_to_client
from keyapi.contract import Contract
from keyapi.sandbox import Reply, Sandbox, SandboxRequest
from keyapi.specification import Specification
from keyapi_example import TikTok
from support.loopback import PATIENCE

KEY = "sk_live_c4nary"
SPEC = Specification.of_package("keyapi_example")
QUICK = LiveOptions(max_credits=500, token=KEY, rate="1000/s", retries=0)


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(TikTok, key=KEY)


@pytest.fixture
def url(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("KEYAPI_TOKEN", KEY)
    with sandbox.serve() as url:
        yield url


def test_the_relations_hold_for_every_shape_of_operation() -> None:
    contract, caller = Contract(SPEC.document), Caller(TikTok)
    found = list(spec_is_sound(SPEC))
    for operation in SPEC:
        found += client_to_spec(operation, caller, TikTok.default_base_url)
        bodies = list(answers(SPEC, operation))[::10]
        found += spec_to_client(contract, operation, caller, bodies)

    assert [str(finding) for finding in found] == []


def test_a_live_run_keeps_recordings_of_rows_pages_and_cursors(url: str, tmp_path: Path) -> None:
    lines: list[str] = []
    options = replace(QUICK, base_url=url, record=True)

    code = check(TikTok, options, LiveDrivers(root=tmp_path), lines.append)

    assert code == 0, "\n".join(lines)
    folders = {path.parent.name for path in tmp_path.rglob("200.har")}
    assert folders >= {"feed_list", "influencer_products_analytics", "shop_detail", "shop_many"}


def test_every_outcome_that_a_healthy_server_has_can_be_recorded(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(TikTok, url, None)
    for operation in SPEC:
        method = method_of(TikTok, operation.name)
        attempts = list(server.attempts(operation, method, Outcomes(SPEC, method).reachable()))
        assert [attempt.problem for attempt in attempts if attempt.recording is None] == []
        names = [attempt.outcome.name for attempt in attempts]
        assert ("200-page-2" in names) == (operation.paging is not None)

    last = attempts[0].recording
    assert last is not None
    live = as_recorded(
        replace(last, comment="recorded live on 2026-02-03"),
        TikTok,
        method,
        attempts[0].outcome,
        url,
    )
    assert live.comment == f"recorded live on 2026-02-03 through {url}"


# --- Interrupted runs -------------------------------------------------------------------------


def test_an_interrupt_during_a_request_ends_the_run(
    sandbox: Sandbox, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, lines = Event(), []
    answered = sandbox._service.respond

    def respond(request: SandboxRequest) -> Reply:
        if sandbox.ledger.count == 4:
            os.kill(os.getpid(), signal.SIGINT)
            ended.wait(PATIENCE)
        return answered(request)

    monkeypatch.setattr(sandbox._service, "respond", respond)
    try:
        code = check(TikTok, replace(QUICK, base_url=url), LiveDrivers(), lines.append)
    finally:
        ended.set()

    assert code == 130
    assert any("interrupted; requests sent: 5;" in line for line in lines)


def test_an_interrupt_between_two_requests_ends_the_run(url: str) -> None:
    class Local(TikTok):
        default_base_url = url

    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        if len(lines) == 4:
            raise KeyboardInterrupt

    assert check(Local, replace(QUICK, base_url=url), LiveDrivers(), say) == 130
    assert any("interrupted; requests sent: " in line for line in lines)


# --- What requests and bodies are made of -----------------------------------------------------


def bounded() -> Specification:
    """The example with bounds, JSON text and a schema that contains itself in one row."""
    document: dict[str, Any] = json.loads(json.dumps(SPEC.document))
    node = document["paths"]["/v1/tiktok/shop/many"]["get"]
    media = node["responses"]["200"]["content"]["application/json"]
    del media["example"]
    node["responses"]["default"] = node["responses"]["200"]
    name = next(
        name for name in document["components"]["schemas"] if name.startswith("ShopManyItem")
    )
    document["components"]["schemas"][name]["properties"] = {
        "words": {"type": "string", "minLength": 2, "maxLength": 4},
        "tags": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string"}},
        "next": {"$ref": f"#/components/schemas/{name}"},
    }
    return Specification(document)


def test_bodies_stand_at_every_bound_and_beyond_it() -> None:
    spec = bounded()

    shown = list(answers(spec, spec.operations["shop_many"]))

    data = [answer.envelope.get("data") for answer in shown]
    first = [rows[0] for rows in data if isinstance(rows, list) and rows]
    values = [row for row in first if isinstance(row, dict)]
    words = {row["words"] for row in values if isinstance(row.get("words"), str)}
    tags = [row["tags"] for row in values if isinstance(row.get("tags"), list)]
    assert {"x", "xx", "xxx", "xxxx", "xxxxx"} <= words
    assert {0, 1, 2, 3} <= {len(items) for items in tags}
    assert {answer.status for answer in shown} == {200, 400, 401, 402, 403}


def test_lists_are_written_as_the_specification_has_them() -> None:
    operation = SPEC.operations["video_search"]
    (name,) = (a.name for a in operation.arguments.values() if a.delimiter)
    plain = operation.arguments[name]._replace(delimiter="")

    assert wire(operation, {name: ["1", "2"]}).query == f"{name}=1%2C2"
    operation.arguments[name] = plain
    assert wire(operation, {name: ["1", "2"]}).query == f"{name}=1&{name}=2"


def test_every_part_of_an_operation_is_found() -> None:
    document = json.loads(json.dumps(SPEC.document))
    (search,) = (node for node in operations(document) if node.name == "video_search")

    assert search.at("parameters", 0) == "#/paths/~1v1~1tiktok~1video~1search/post/parameters/0"
    search.node["responses"] = {"204": {}, **search.node["responses"]}
    assert "204" not in dict(search.responses())
    roles = [role for role, _ in search.schemas()]
    assert roles.count(PARAMETER) == len(list(search.parameters()))
    assert {"request-body", "response-body"} < set(roles)
    with pytest.raises(LookupError):
        component(SPEC.document, "#/components/schemas/Nothing")
