"""One sandbox of several clients."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyapi import ConfigurationError
from keyapi.cli.sandbox import _report
from keyapi.sandbox import Sandbox, SandboxRequest
from keyapi.sandbox._together import together
from keyapi.specification import Specification
from keyapi_example import AsyncTikTok, TikTok
from support.page_shapes import specification
from support.pages import page, query, rows

HEADERS = {"authorization": "Bearer sk_sandbox_0000"}


def _of(platform: str, column: str, **operation: object) -> dict[str, Any]:
    """The specification of a platform with one method, called like those of all others."""
    text = page(
        "/v1/tiktok/shop/list",
        parameters=[query("region", "Region", required=True, enum=[platform])],
        data_schema={"type": "array", "items": {**rows(**{column: "string"})["items"]}},
        operation=operation,
    )
    document = json.dumps(specification({f"{platform}.md": text}))
    moved: dict[str, Any] = json.loads(document.replace("/tiktok/shop", f"/{platform}/shop"))
    return moved


def test_what_two_platforms_call_the_same_is_told_apart() -> None:
    tiktok, amazon = _of("tiktok", "fans"), _of("amazon", "asin")
    spec = Specification(together({"amazon": amazon, "tiktok": tiktok}))

    listing, *shops = sorted(spec.operations)  # the listing's page is in both: one is served
    assert listing == "influencer_products_analytics"
    assert shops == ["shop_list", "tiktok.shop_list"]
    columns = [list(spec.operations[name].properties()) for name in shops]
    assert columns == [["asin"], ["fans"]]
    sandbox = Sandbox(TikTok, spec=spec.document)
    for platform in ("amazon", "tiktok"):
        path = f"/v1/{platform}/shop/list"
        request = {"method": "GET", "path": path, "query": f"region={platform}"}
        assert sandbox.respond(SandboxRequest(**request, headers=HEADERS)).status == 200
        assert sandbox.respond(SandboxRequest(**request, headers={})).status == 401
    assert sandbox.ledger.count == 4


def test_every_installed_client_is_served_unless_one_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clients = {"a": TikTok, "b": TikTok}
    monkeypatch.setattr("keyapi.sandbox._sandbox.installed", lambda: clients)
    sandbox = Sandbox()

    assert repr(sandbox) == "<Sandbox of TikTok and TikTok, 0 requests>"
    assert isinstance(sandbox.client("a"), TikTok)
    assert isinstance(sandbox.async_client("b"), AsyncTikTok)
    assert type(sandbox.client(TikTok)) is TikTok
    assert type(sandbox.async_client(AsyncTikTok)) is AsyncTikTok
    with pytest.raises(ConfigurationError, match="AsyncTikTok is not served; served: TikTok"):
        sandbox.client(AsyncTikTok)  # type: ignore[type-var]  # of the other kind
    with pytest.raises(ConfigurationError, match="Name the client; served: a, b"):
        sandbox.client()
    with pytest.raises(ConfigurationError, match="no client 'c'; installed: a, b"):
        Sandbox("c")

    _report(sandbox, "http://127.0.0.1:1")
    printed = capsys.readouterr().out
    assert printed.startswith("Serving TikTok's and TikTok's APIs at http://127.0.0.1:1;")
    assert "  keyapi a " in printed
    assert "  keyapi b " in printed
