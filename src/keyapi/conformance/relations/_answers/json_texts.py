"""What a text that holds JSON means: objects in order, a plain text, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from keyapi._facts import JsonText
from keyapi.conformance.relations._probes import distinct, only
from keyapi.specification import Specification

_EMPTY = (None, "", " ", "null")
_BROKEN = ('[{"', "{", "[", '{"a": 1} {')
_NO_OBJECT = ("[]", "[null, 1, [2], true]", "7", "true")
_RANKS = (2, None, 0, "nan", 1.5, "x")  # what is not a number comes last, as received
_PLAIN = "https://example.com/é 1.jpg"


def meanings(specification: Specification, text: JsonText) -> Iterator[tuple[Any, Any]]:
    """Give values of a property that holds JSON in a text, each with what it means.

    Objects stand for models. Where nothing can be decoded, a list is empty and all else None.

    Args:
        specification: Where references lead.
        text: What the specification says of the text.
    """
    schema = only(specification, text.decoded or {})
    many = schema.get("type") == "array"
    inner = only(specification, schema.get("items", {})) if many else schema
    nothing: Any = [] if many else None
    yield from ((value, nothing) for value in (*_EMPTY, *_BROKEN))
    if text.decoded is None:
        for value in ({"a": [1.5, None]}, ["é", 2**64], 7, True, "text"):
            yield json.dumps(value), value
        yield _PLAIN, _PLAIN
        return
    yield from ((value, nothing) for value in _NO_OBJECT)
    rows = [distinct(specification, inner) | {"number": number} for number in range(6)]
    ordered = rows
    if text.order is not None:
        for row, rank in zip(rows, _RANKS, strict=True):
            row[text.order] = rank
        ordered = [rows[2], rows[4], rows[0], rows[1], rows[3], rows[5]]
    for value in (rows, json.dumps(rows), json.dumps(rows, ensure_ascii=False, indent=1)):
        yield value, ordered if many else ordered[0]
    yield json.dumps(json.dumps(rows)), ordered if many else ordered[0]  # encoded twice
    yield json.dumps(rows[0]), rows[:1] if many else rows[0]
    plain = [_PLAIN, "https://example.com/2.jpg?a=b&c=d,e"]
    urls: list[dict[str, Any]] = [] if text.text is None else [{text.text: url} for url in plain]
    for value, found in ((_PLAIN, urls[:1]), (json.dumps([*plain, ""]), urls)):
        yield value, found if many else next(iter(found), None)
    if text.text is not None:  # in other forms, too, in which servers send them
        printed = ", ".join(f"{{{text.text}={url}, number=1}}" for url in plain)
        numbered = [{**url, "number": 1} for url in urls]
        listed = json.dumps({f"{text.text}_list": plain})
        for value, found in (
            (f"[{printed}]", numbered),
            (",".join(plain), urls),
            (listed, urls),
        ):
            yield value, found if many else found[0]
