"""Server -> spec: what a sandbox takes, and how it refuses the rest: by name, and by status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from keyapi._client import SyncClient
from keyapi.conformance.drivers import KEY, wire
from keyapi.conformance.relations._shared import Compared
from keyapi.conformance.shapes import KNOWN, ONE
from keyapi.contract import Contract
from keyapi.sandbox import Sandbox, SandboxRequest
from keyapi.specification import Specification

_MOST_BYTES, _LEVELS = 1_000_000, 100
_GOOD: Mapping[str, Mapping[str, Any]] = {
    "shape_list": {"owner": "me", "page": 1, "size": 5},
    "shape_search": {"keyword": "a b"},
    "shape_detail": {"shape_id": "0f"},
    "shape_details": {"ids": ["7", "8"]},
    "shape_feed": {"offset": "*"},
    "shape_scroll": {},
    "shape_pages": {},
    "shape_names": {"of": "b"},
    "shape_known": {"area": "north"},
    "shape_one": {"code": "c1"},
    "shape_note": {"note": "a"},
}
_NO_SIZES: tuple[object, ...] = (0, 21, "3", 1.5, True, None, [])
_NO_TAGS: tuple[object, ...] = (["a", "a"], ["a", "b", "c", "d"], [1], "a", {})
_BODIES: tuple[tuple[object, int, str], ...] = (
    ({}, 400, "Missing required parameter: keyword"),
    ({"keyword": ""}, 400, "keyword"),
    ({"keyword": None}, 400, "keyword"),
    ({"keyword": "A"}, 400, "keyword"),
    ({"keyword": 5}, 400, "keyword"),
    ({"keyword": ["a"]}, 400, "keyword"),
    *(({"keyword": "a", "size": size}, 200, "") for size in (1, 20)),
    *(({"keyword": "a", "size": size}, 400, "size") for size in _NO_SIZES),
    ({"keyword": "a", "tags": ["a", "b", "c"]}, 200, ""),
    ({"keyword": "a", "tags": []}, 200, ""),
    *(({"keyword": "a", "tags": tags}, 400, "tags") for tags in _NO_TAGS),
    ({"keyword": "a", "price": 0.5}, 200, ""),
    ({"keyword": "a", "price": 2}, 200, ""),
    *(({"keyword": "a", "price": price}, 400, "price") for price in (0.4, "1", False)),
    *(({"keyword": "a", "live": live}, 200, "") for live in (True, False)),
    *(({"keyword": "a", "live": live}, 400, "live") for live in ("true", 1, 0)),
    *(({"keyword": "a", "cursor": cursor}, 200, "") for cursor in ("", "10")),
    *(
        ({"keyword": "a", "cursor": at}, 400, "cursor")
        for at in ("next", "-1", "1.5", 10, "9" * 19)
    ),
    ({"keyword": "a", "lang": 7}, 200, ""),
    ({"keyword": "a", "lang": "7"}, 400, "lang"),
    ({"keyword": "a", "more": 1}, 200, ""),
    ({"keyword": "A", "size": 0}, 400, "keyword"),
    ({"keyword": "A", "size": 0}, 400, "size"),
    ([], 400, "not a JSON object"),
    ("a", 400, "not a JSON object"),
    (None, 400, "not a JSON object"),
    (b"", 400, "The body is missing"),
    (b"{", 400, "not a JSON object"),
    (b"\xff", 400, "not a JSON object"),
    (b'{"keyword": "a", "price": NaN}', 400, "not a JSON object"),
    (b'{"keyword": "a", "price": 1e999}', 400, "not a JSON object"),
    (b"[" * 100_000, 400, "not a JSON object"),
    (b'{"keyword": "a"}'.ljust(_MOST_BYTES), 200, ""),
    (b'{"keyword": "a"}'.ljust(_MOST_BYTES + 1), 413, "1000000 bytes"),
    *(
        (b'{"keyword": "a", "options": %s%s}' % (b'{"a": ' * (n - 2) + b"{}", b"}" * (n - 2)), *why)
        for n, why in ((_LEVELS, (200, "")), (_LEVELS + 1, (400, "100 levels")))
    ),
    *(
        (b'{"keyword": "a", "tags": %s%s}' % (b"[" * n, b"]" * n), 400, words)
        for n, words in ((_LEVELS - 1, "tags"), (_LEVELS, "100 levels"))
    ),
)
"""Bodies of `shape_search`: its status, and what its message must say."""
_QUERIES: tuple[tuple[str, str, int, str], ...] = (
    ("shape_list", "owner=&page=1&size=5", 400, "Empty required parameter: owner"),
    ("shape_list", "owner=a&kind=&page=1&size=5", 400, "Empty parameter: kind"),
    ("shape_list", "page=1&size=5", 400, "Missing required parameter: owner"),
    ("shape_list", "owner=a&owner=b&page=1&size=5", 400, "Repeated parameter: owner"),
    ("shape_list", "owner=a&page=1&page=1&size=5", 400, "Repeated parameter: page"),
    *(
        ("shape_list", f"owner=a&page={page}&size=5", 400, "page")
        for page in ("0", "100001", "1.0", "1e1", "x", "%2B1", "%201", "1_0", "%EF%BC%91", "-1")
    ),
    *(("shape_list", f"owner=a&page={page}&size=5", 200, "") for page in (1, 100_000)),
    *(("shape_list", f"owner=a&page=1&size={size}", 400, "size") for size in (0, 6)),
    *(
        ("shape_list", f"owner=a&page=1&size=5&sort_by={n}", 400, "sort_by")
        for n in (0, 3, "likes")
    ),
    ("shape_list", f"owner=a&page=1&size=5&sort_by={'7' * 60}", 400, f"'{'7' * 40}…'"),
    ("shape_list", f"owner=a&page=1&size=5&sort_by={'7' * 40}", 400, f"'{'7' * 40}'"),
    ("shape_list", "page=0&size=6", 400, "owner"),
    ("shape_list", "page=0&size=6", 400, "page"),
    ("shape_list", "page=0&size=6", 400, "size"),
    ("shape_details", "", 400, "Missing required parameter: ids"),
    ("shape_details", "ids=", 400, "Empty required parameter: ids"),
    ("shape_feed", "", 400, "Missing required parameter: offset"),
    ("shape_feed", "offset=10", 200, ""),
    ("shape_feed", "offset=ten", 400, "'ten' is not a cursor"),
    ("shape_scroll", "after=10", 200, ""),
    ("shape_scroll", "after=ten", 400, "is not a cursor"),
    ("shape_pages", "page=", 400, "Empty parameter: page"),
    ("shape_pages", "page=-1", 400, "page"),
    ("shape_pages", "ids=1&ids=2", 200, ""),
    ("shape_pages", "ids=1&ids=x", 400, "ids"),
    ("shape_known", f"area=north&likes={2**63 - 1}", 200, ""),
    ("shape_known", f"area=north&likes={2**63}", 400, "likes"),
)
"""Queries: operation, query, its status, and what its message must say."""
_HEADERS = (
    ("X-Region", "US", 200, ""),
    ("x-region", "GB", 200, ""),
    ("x-region", "FR", 400, "X-Region"),
    ("X-Region", "", 400, "Empty parameter: X-Region"),
)
_PATHS = (
    ("/shapes/0f/detail", 200, ""),
    ("/shapes/zz/detail", 400, "shape_id"),
    ("/shapes/0f/0f/detail", 404, ""),
    ("/shapes//detail", 404, ""),
    ("/shapes/0f/details", 404, ""),
    ("/shapes/0f/detail/", 404, ""),
    ("/more/shapes/0f/detail", 404, ""),
)


def requests(specification: Specification, client: type[SyncClient]) -> Compared:
    """What fits the schemas is taken, the rest refused by status and by the argument's name."""
    document, operations = specification.document, specification.operations
    contract = Contract(document)
    good = {name: wire(operations[name], arguments) for name, arguments in _GOOD.items()}
    search, detail = good["shape_search"], good["shape_detail"]
    asked: list[tuple[str, SandboxRequest, int, str]] = [
        *((name, request, 200, "") for name, request in good.items()),
        *(
            ("shape_search", replace(search, body=_encoded(body)), status, words)
            for body, status, words in _BODIES
        ),
        *(
            (name, replace(good[name], query=query), status, words)
            for name, query, status, words in _QUERIES
        ),
        *(
            ("shape_detail", replace(detail, headers={**detail.headers, name: text}), status, words)
            for name, text, status, words in _HEADERS
        ),
        *(
            ("shape_detail", replace(detail, path=path), status, words)
            for path, status, words in _PATHS
        ),
        ("shape_search", replace(search, query="lang=a"), 200, ""),
        ("shape_search", replace(search, query="lang=a&lang=b"), 400, "Repeated parameter: lang"),
        ("shape_feed", replace(good["shape_feed"], headers={}), 200, ""),
        ("shape_note", replace(good["shape_note"], body=b""), 200, ""),
        ("shape_note", replace(good["shape_note"], body=b"{}"), 400, "note"),
    ]
    sandbox = Sandbox(client, key=KEY, spec=document)
    for name, request, status, words in asked:
        reply = sandbox.respond(request)
        message = reply.json.get("message", "")
        shown = f"{request.path}?{request.query} {request.body[:60].decode(errors='replace')}"
        yield shown, (status, True), (reply.status, words in message or message)
        entry = sandbox.ledger.requests[-1]
        cost = operations[name].credits if status == 200 else 0
        yield f"cost of {shown}", (cost, reply.status), (entry.charged, entry.status)
        if status in (200, 400):
            broken = contract.violations(name, reply.status, reply.body, arguments={})
            yield f"answer to {shown}", [], broken
        if status == 400:
            yield f"code of {shown}", 400, reply.json["code"]
    yield from _strict(specification, client)
    yield from _in_order(specification, client)
    yield from _of_ids(specification, client)
    yield from _as_shown(specification, client)


def _encoded(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _strict(specification: Specification, client: type[SyncClient]) -> Compared:
    """Unknown names are refused by name, whether in a query or a body, and known ones taken."""
    sandbox = Sandbox(client, key=KEY, spec=specification.document, strict=True)
    for name, arguments in _GOOD.items():
        request = wire(specification.operations[name], arguments)
        yield f"strict {name}", 200, sandbox.respond(request).status
    search = wire(specification.operations["shape_search"], _GOOD["shape_search"])
    body = _encoded({**_GOOD["shape_search"], "more": 1})
    for changed in (replace(search, body=body), replace(search, query="more=1&more=2")):
        reply = sandbox.respond(changed)
        found = (reply.status, reply.json["message"])
        yield "strict, more", (400, "Unknown parameter: more"), found


def _in_order(specification: Specification, client: type[SyncClient]) -> Compared:
    """A bad key comes first, then a bad argument, then credits, then the pace."""
    operation = specification.operations["shape_list"]
    good = wire(operation, _GOOD["shape_list"])
    bad = replace(good, query="")
    limits: dict[str, Any] = {"qps": 1, "clock": lambda: 0.0}
    for expected, options, asked in (
        (401, {"credits": 0}, [replace(bad, headers={})]),
        (400, {"credits": 0}, [bad]),
        (400, limits, [good, bad]),
        (402, {"credits": 1, **limits}, [good, good]),
        (429, {"credits": 2, **limits}, [good, good]),
    ):
        sandbox = Sandbox(client, key=KEY, spec=specification.document, **options)
        statuses = [sandbox.respond(request).status for request in asked]
        yield f"the first refusal with {options}", expected, statuses[-1]


def _of_ids(specification: Specification, client: type[SyncClient]) -> Compared:
    """A list of ids gets the row of each, once, in their order; the same row in any list."""
    operation = specification.operations["shape_details"]
    sandbox = Sandbox(client, key=KEY, spec=specification.document)
    rows: dict[str, Any] = {}
    for ids in (["7", "8", "7"], ["8"], ["9", "8", "7"], ["a b", "é"]):
        data = sandbox.respond(wire(operation, {"ids": ids})).json.get("data") or {"things": []}
        yield f"rows of {ids}", [*dict.fromkeys(ids)], [row["thing_id"] for row in data["things"]]
        for row in data["things"]:
            yield f"row {row['thing_id']} again", rows.setdefault(row["thing_id"], row), row


def _as_shown(specification: Specification, client: type[SyncClient]) -> Compared:
    """What a page shows is answered to who asks for it; what rows show of a request is its own."""
    sandbox = Sandbox(client, key=KEY, spec=specification.document)

    def answered(name: str, **arguments: Any) -> Any:
        reply = sandbox.respond(wire(specification.operations[name], arguments))
        return reply.json.get("data") or {"things": []}

    yield "the object shown", ONE, answered("shape_one", code=ONE["code"])
    yield "another object", True, answered("shape_one", code="c2") != ONE
    first, second = KNOWN
    rows = answered("shape_known", area="north")["things"]
    yield "rows shown, and more", (KNOWN, True), (rows[:2], len(rows) > len(KNOWN) * 5)
    yield "rows shown, elsewhere", False, first in answered("shape_known", area="south")["things"]
    wanted = [second, rows[-1], first]
    ids = [str(row["thing_id"]) for row in wanted]
    for area in ("north", "south"):
        found = answered("shape_known", area=area, ids=[*ids[:2], "no-number", "5", ids[2]])
        five = [row for row in found["things"] if row["thing_id"] == 5]
        others = [row for row in found["things"] if row["thing_id"] != 5]
        yield f"rows of unknown ids, {area}", [area], [row["area"] for row in five]
        shown = [others[0], others[-1]] if area == "south" else others
        expected = [{**row, "area": area} for row in (wanted[::2] if area == "south" else wanted)]
        yield f"rows of known ids, {area}", expected, shown
    likes = answered("shape_known", area="north", likes=second["likes"])["things"]
    yield "rows filtered by a number", [r for r in rows if r["likes"] == second["likes"]], likes
    titles = [row["title"] for row in answered("shape_names", of="b")["things"]]
    yield "rows that only texts tell apart", len(titles), len({*titles})
