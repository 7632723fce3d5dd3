"""Server -> spec: what a sandbox makes up is what the schema, and the name, of each value ask."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from keyapi._client import SyncClient
from keyapi.conformance.cases import cases, good
from keyapi.conformance.drivers import KEY, wire
from keyapi.conformance.relations._sandbox.answers import answers
from keyapi.conformance.relations._shared import Compared
from keyapi.contract import Contract
from keyapi.sandbox import Sandbox
from keyapi.specification import Specification

_OBJECTS = 60
_LISTS = 30  # some are long, some empty
_LAST = date(2026, 1, 31)  # whose data there are; they never change
_CONSTANT = frozenset({"above", "negative", "text", "secret"})
_PRICE = 0.6  # of a price is what something is sold for at least
_DEEPEST = 12

GOLDEN: tuple[Mapping[str, str], ...] = (
    {
        "shape_list": "a851ec039133",
        "shape_names": "744758840944",
        "shape_known": "17830e86b4f0",
        "shape_search": "e63f0040126e",
        "shape_detail": "7458bbdf4c00",
        "shape_details": "a00d9efa3d9c",
        "shape_feed": "c2ba65af3c1a",
        "shape_scroll": "68cc5f31cb2f",
        "shape_pages": "10f76d25e09e",
    },
    {
        "shape_list": "1463de004b80",
        "shape_names": "945805abdc9d",
        "shape_known": "ee85e09fc6b6",
        "shape_search": "40c1e12ba017",
        "shape_detail": "494e75d3664b",
        "shape_details": "d7263250e315",
        "shape_feed": "fdec99ee731e",
        "shape_scroll": "d9f8fc8b5a3c",
        "shape_pages": "ace17c3db943",
    },
)
"""Digests of what the operations answer, by seed.

A user's tests rely on the figures of a seed. Where they are meant to change, this table does, and
the changelog says so.
"""


def values(specification: Specification, client: type[SyncClient]) -> Compared:
    """Objects fit the schema; formats and names say what a value is; figures are consistent."""
    operation = specification.operations["shape_detail"]
    sandbox = Sandbox(client, key=KEY, spec=specification.document)
    contract = Contract(specification.document)
    found: list[Mapping[str, Any]] = []
    for number in range(_OBJECTS):
        reply = sandbox.respond(wire(operation, {"shape_id": f"{number:x}"}))
        broken = contract.violations(operation.name, reply.status, reply.body, arguments={})
        yield "made-up values fit their schema", [], broken
        found.append(reply.json["data"])
    for name in _asked_for(specification):
        own = [made[name] for made in found if name in made]
        yield f"{name} is there", name != "secret", bool(own)
        if name not in _CONSTANT:
            yield f"{name} varies", True, len({json.dumps(each) for each in own}) > 1
        is_right = _RIGHT.get(name)
        if is_right is not None:
            yield f"values of {name}", [], [each for each in own if not _holds(is_right, each)]
    yield "state is a or b", {"a", "b"}, {made["state"] for made in found}
    yield "on is true or false", {True, False}, {made["on"] for made in found}
    shuffled = [json.loads(made["images"]) for made in found]
    yield "images in no order", True, any(each != _ordered(each) for each in shuffled)
    for made in found:
        yield from _consistent(made)


def golden(specification: Specification, client: type[SyncClient]) -> Compared:
    """A seed gives the data that it gave before, on any machine and any day."""
    asked = [
        (operation.name, wire(operation, case.arguments))
        for operation in specification
        for case in cases(operation)
        if good(case)
    ]
    listed = specification.operations["shape_list"]
    for number in range(_LISTS):
        arguments = {"owner": f"{number}", "page": 1 + number % 3, "size": 5}
        asked.append((listed.name, wire(listed, arguments)))
    requests = [{**vars(request), "body": request.body.decode()} for _, request in asked]
    for seed, bodies in enumerate(answers(specification.document, KEY, (0, 1), requests)):
        digests: dict[str, Any] = {}
        for (name, _), body in zip(asked, bodies, strict=True):
            digests.setdefault(name, sha256()).update(body.encode())
        found = {name: digest.hexdigest()[:12] for name, digest in digests.items()}
        for name, expected in GOLDEN[seed].items():
            yield f"the data of {name} with seed {seed}", expected, found[name]


def _asked_for(specification: Specification) -> Mapping[str, Any]:
    """The properties that are to be made up."""
    schema = specification.operations["shape_detail"].schema("200") or {}
    properties: Mapping[str, Any] = schema["properties"]["data"]["properties"]
    return properties


def _consistent(made: Mapping[str, Any]) -> Compared:
    sold, parts = made["total_sale_cnt"], made["total_video_sale_cnt"] + made["total_live_sale_cnt"]
    yield "parts of total_sale_cnt", True, parts <= sold or f"{parts} of {sold}"
    if not made["total_live_cnt"]:
        yield "sales in no live stream", 0, made["total_live_sale_cnt"]
    amount, most = made["total_sale_amt"], round(sold * made["unit_price"], 2)
    fits = _PRICE * most - 1 <= amount <= most + 1
    yield "amount of what was sold", True, fits or f"{sold} for {amount}, at {made['unit_price']}"


def _holds(is_right: Callable[[Any], object], value: Any) -> bool:
    try:
        return bool(is_right(value))
    except ValueError:
        return False


def _ordered(images: list[Any]) -> list[Any]:
    return sorted(images, key=lambda image: image["index"])


def _like(pattern: str) -> Callable[[Any], object]:
    return lambda text: isinstance(text, str) and re.fullmatch(pattern, text)


def _is_day(day: date) -> bool:
    return _LAST - timedelta(days=366) < day <= _LAST


def _is_reserved(url: str) -> bool:
    """Whether a URL leads nowhere: its host is of RFC 2606."""
    parts = urlsplit(url)
    return parts.scheme == "https" and str(parts.hostname).endswith(".example")


def _levels(node: Any) -> int:
    return 1 + _levels(node.get("inner")) if isinstance(node, dict) else 0


_RIGHT: Mapping[str, Callable[[Any], object]] = {
    "uuid": UUID,
    "mail": _like(r"[a-z0-9]+@[a-z.]+\.example"),
    "page": _is_reserved,
    "host": _like(r"[a-z0-9]+\.example"),
    "v4": lambda text: ip_address(text) in ip_network("192.0.2.0/24"),
    "v6": lambda text: ip_address(text) in ip_network("2001:db8::/32"),
    "bytes": lambda text: b64decode(text, validate=True),
    "born": lambda text: _is_day(date.fromisoformat(text)),
    "seen": lambda text: _is_day(datetime.fromisoformat(text).astimezone(UTC).date()),
    "small_id": lambda number: 10**8 <= number < 2**31,
    "large_id": lambda number: 10**17 <= number < 2**63,
    "parent_id": _like("[1-9][0-9]{18}"),
    "avatar_url": _is_reserved,
    "launch_date": lambda text: _is_day(date.fromisoformat(text)),
    "create_time": lambda seconds: _is_day(datetime.fromtimestamp(seconds, UTC).date()),
    "update_time": lambda text: _is_day(datetime.fromisoformat(text).astimezone(UTC).date()),
    "stat_day": lambda number: _is_day(date.fromisoformat(str(number))),
    "click_rate": lambda number: 0 <= number <= 1,
    "unit_price": lambda number: number > 1 and round(number, 2) == number,
    "fee_amount": lambda number: number >= 1,
    "region": _like("[A-Z]{2}"),
    "shop_name": _like("[A-Z][a-z]+ [A-Z][a-z]+ [0-9]{1,2}"),
    "remark": _like("[a-z]+"),
    "all": lambda made: made.keys() == {"x", "y"},
    "members": lambda members: sorted(members) == ["b", "g", "r"],
    "numbers": lambda numbers: sorted(numbers) == [7, 8, 9],
    "text": lambda text: json.loads(text) is not None,
    "images": lambda text: (
        [image["index"] for image in _ordered(json.loads(text))] == [*range(len(json.loads(text)))]
    ),
    "within": lambda node: 1 < _levels(node) < _DEEPEST,
}
"""What a value must be beyond its schema, by its name."""
