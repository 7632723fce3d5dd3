"""What a call costs, beside what it costs without this client; all against in-memory answers.

call_vs_httpx          CPU time of a 10-row page over `httpx.Client.get(...).json()`
call_vs_generated      the same over the unmodified openapi-python-client's function
contract_overhead      CPU time of such a call with contract="warn" over one without
contract_microseconds  what of it such a call takes more
memory_iter            peak memory of iterating 100,000 rows over iterating 1,000
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from keyapi import InvalidResponse, RateLimited
from keyapi_tiktok import TikTok
from pipeline.cli import ROOT
from pipeline.project import GENERATED

PATH = "/v1/tiktok/influencer/products/analytics"
_SPEC = ROOT / GENERATED / "keyapi_tiktok" / "openapi.json"
USER = "6813855719982466054"
QUERY: dict[str, Any] = {"user_id": USER, "page_num": 1, "page_size": 10}
KEY = "sk_bench"
HEADERS = {"Authorization": f"Bearer {KEY}"}
_CALLS = 200  # in one measurement


def measure(runs: int) -> dict[str, float]:
    """Measure the figures named above, each over so many runs."""
    with tempfile.TemporaryDirectory() as scratch:
        calls = _calls(runs * 5, generated(Path(scratch)))
    return {
        **calls,
        "memory_iter": _memory(),
    }


def page(number: int = 1) -> bytes:
    """An answer of ten rows, which are the documented one with products' ids of their own."""
    operation = json.loads(_SPEC.read_text("utf-8"))["paths"][PATH]["get"]
    example = operation["responses"]["200"]["content"]["application/json"]["example"]
    ids = range(number * 10, number * 10 + 10)
    rows = [{**example["data"][0], "product_id": f"17293{i:014}"} for i in ids]
    return json.dumps({**example, "data": rows}).encode()


class _InMemory(httpx.BaseTransport):
    """Answers each request with the same page; or with others, where a test of it says so."""

    def __init__(self) -> None:
        self.page = page()
        self.next: list[httpx.Response] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.next:
            return self.next.pop(0)
        headers = {"Content-Type": "application/json"}
        return httpx.Response(200, headers=headers, content=self.page)


def _calls(runs: int, generated: Any) -> dict[str, float]:
    transport = _InMemory()
    base_url = "https://api.keyapi.ai"
    arguments = {"transport": transport}
    plain = generated.Client(base_url=base_url, headers=HEADERS, httpx_args=arguments)
    with (
        TikTok(KEY, transport=transport) as tiktok,
        httpx.Client(base_url=base_url, headers=HEADERS, transport=transport) as bare,
    ):

        def ours() -> None:
            tiktok.influencer.products_analytics(user_id=USER)

        def httpx_alone() -> None:
            bare.get(PATH, params=QUERY).json()

        def unmodified() -> None:
            generated.sync(client=plain, **QUERY)

        for call in (ours, httpx_alone, unmodified):
            _cpu(call)  # not counted: it fills the caches
        times = [(_cpu(ours), _cpu(httpx_alone), _cpu(unmodified)) for _ in range(runs)]
        watching = tiktok.with_options(contract="warn").influencer

        def watched() -> None:
            watching.products_analytics(user_id=USER)

        _cpu(watched)
        pairs = [(_cpu(watched), _cpu(ours)) for _ in range(runs)]
        _check_in_force(tiktok, transport)
    return {
        "call_vs_httpx": statistics.median(mine / other for mine, other, _ in times),
        "call_vs_generated": statistics.median(mine / other for mine, _, other in times),
        "contract_overhead": statistics.median(more / less for more, less in pairs),
        "contract_microseconds": statistics.median(more - less for more, less in pairs)
        / _CALLS
        * 1e6,
    }


def _cpu(call: Callable[[], None]) -> float:
    started = time.process_time()
    for _ in range(_CALLS):
        call()
    return time.process_time() - started


def _check_in_force(tiktok: TikTok, transport: _InMemory) -> None:
    """Make sure that what was measured is the client as it is used: with checks and retries."""
    transport.next = [httpx.Response(429, headers={"Retry-After": "0"}, json={"code": 429})]
    page = tiktok.influencer.products_analytics(user_id=USER)
    assert (len(page), page.attempts) == (10, 2)
    once = tiktok.with_options(max_retries=0).influencer
    for answer, error in (
        (httpx.Response(200, json={"code": 429, "message": "qps limit exceeded"}), RateLimited),
        (httpx.Response(200, html="<html>"), InvalidResponse),
        (httpx.Response(200, json={"code": 0, "data": None}), InvalidResponse),
    ):
        transport.next = [answer]
        try:
            once.products_analytics(user_id=USER)
        except error:
            continue
        raise AssertionError(f"{error.__name__} was not raised")


def generated(folder: Path) -> Any:
    """The client that openapi-python-client makes of the same specification by itself."""
    config = folder / "config.yaml"
    config.write_text("package_name_override: unmodified\n", "utf-8")
    tool = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    tool += ["--path", str(_SPEC), "--output-path", str(folder / "unmodified")]
    subprocess.run([*tool, "--config", str(config)], check=True, capture_output=True)
    sys.path.insert(0, str(folder))
    try:
        from unmodified import Client  # type: ignore[import-not-found]  # made a moment ago
        from unmodified.api.influencer import (  # type: ignore[import-not-found]
            influencer_products_analytics,
        )
    finally:
        sys.path.remove(str(folder))
    influencer_products_analytics.Client = Client
    return influencer_products_analytics


def _memory() -> float:
    tracemalloc.start()
    try:
        _peak(5_000)  # not counted: it fills the standard library's and httpx's caches of URLs
        few, many = _peak(1_000), _peak(100_000)
    finally:
        tracemalloc.stop()
    return many / few


def _peak(rows: int) -> int:
    """The most memory that was in use while so many rows were iterated, in bytes."""
    pages = rows // 10

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page_num"])
        if number > pages:
            return httpx.Response(200, json={"code": 0, "message": "success", "data": []})
        first = f'"product_id": "17293{number:014}"'.encode()
        return httpx.Response(200, content=template.replace(known, first, 1))

    template, known = page(0), b'"product_id": "1729300000000000000"'
    with TikTok(KEY, transport=httpx.MockTransport(answer)) as tiktok:
        gc.collect()  # what earlier clients left is none of this walk's
        tracemalloc.reset_peak()
        found = sum(1 for _ in tiktok.influencer.iter_products_analytics(user_id=USER))
        _, peak = tracemalloc.get_traced_memory()
    assert found == rows, found
    return peak
