"""A server that answers in the client's process, fails as scheduled, and counts what arrives."""

from __future__ import annotations

import json
from collections import Counter, deque
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import httpx


class Served(NamedTuple):
    """An operation of the example, as far as this server and the model know it.

    Attributes:
        method: HTTP method.
        path: URL path.
        credits: What one request costs, in credits.
        flag: Whether answers say if more pages follow; else a short page is the last.
        size: The page size, in rows, where the server fixes it; 0 where the request says.
        items: Where the rows stand in the answer's data; empty where they are the data.
    """

    method: str
    path: str
    credits: int
    flag: bool = False
    size: int = 0
    items: str = ""


OPERATIONS = {
    "influencer_products_analytics": Served("GET", "/v1/tiktok/influencer/products/analytics", 1),
    "shop_list": Served("GET", "/v1/tiktok/shop/list", 1, flag=True, items="list"),
    "feed_list": Served("GET", "/v1/tiktok/feed/list", 2, flag=True, size=4, items="videos"),
    "video_search": Served("POST", "/v1/tiktok/video/search", 3),
}
FEED_ROWS = 10
"""Rows of the feed, which takes no parameter that would name their number."""

# What is answered, or raised, instead of rows. Nothing arrives at a server that is not reached.
_UNSENT = {"refused": httpx.ConnectError, "no connection in time": httpx.ConnectTimeout}
_LOST = {"reset": httpx.ReadError, "timeout": httpx.ReadTimeout, "cut": httpx.RemoteProtocolError}
_BODIES = {
    "html": b"<html><h1>502 Bad Gateway</h1></html>",
    "half": b'{"code": 0, "message": "success", "data": [{"id": "1"}, {"id',
    "empty": b"",
    "text": b"upstream says no",
    "nan": b'{"code": 0, "message": "success", "data": NaN}',
    "no code": b'{"message": "success", "data": []}',
    "null": b'{"code": 0, "message": "success", "data": null}',
}


class Server:
    """Serves rows by page, and a scheduled fault instead, to one request each.

    How many rows there are is what the request names as its subject.

    Attributes:
        faults: The faults scheduled, by name, for the requests to come.
        charged: The credits of the requests that arrived, by key.
        requests: How many requests arrived, by key.
    """

    def __init__(self) -> None:
        self.faults: deque[str] = deque()
        self.charged: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        fault = self.faults.popleft() if self.faults else ""
        if fault in _UNSENT:
            raise _UNSENT[fault](fault, request=request)
        served = next(each for each in OPERATIONS.values() if each.path == request.url.path)
        key = request.headers["authorization"].removeprefix("Bearer ")
        self.charged[key] += served.credits
        self.requests[key] += 1
        if fault in _LOST:
            raise _LOST[fault](fault, request=request)
        if fault in _BODIES:
            return httpx.Response(200, content=_BODIES[fault])
        if fault:
            return _refusal(fault)
        return httpx.Response(200, json={"code": 0, "data": _data(served, request)})


def _refusal(fault: str) -> httpx.Response:
    """A refusal: `503`; `code 503`, under HTTP 200; `429 after 7`, which says how long to wait."""
    words = fault.split()
    number = int(words[1] if words[0] == "code" else words[0])
    headers = {"retry-after": words[2]} if words[1:2] == ["after"] else {}
    body = {"code": number, "message": "no", "data": None}
    return httpx.Response(200 if words[0] == "code" else number, json=body, headers=headers)


def _data(served: Served, request: httpx.Request) -> Any:
    query = {name: values[-1] for name, values in parse_qs(request.url.query.decode()).items()}
    size = served.size or int(query["page_size"])
    if "offset" in query or served.size:
        start = int(query.get("offset", 0))
    else:
        start = (int(query["page_num"]) - 1) * size
    ids = rows_of(subject(served, query, request.content))
    rows = [{"id": each} for each in ids[start : start + size]]
    if not served.items:
        return rows
    flag = {"has_more": start + size < len(ids), "max_cursor": start + size}
    return {served.items: rows, **flag}


def subject(served: Served, query: dict[str, str], body: bytes) -> int:
    """How many rows a request is for."""
    if served.size:
        return FEED_ROWS
    named = query.get("user_id") or query.get("region") or json.loads(body)["keyword"]
    return int(named)


def rows_of(count: int) -> list[str]:
    """The ids of a list of so many rows."""
    return [f"{count}-{number}" for number in range(count)]
