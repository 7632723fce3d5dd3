"""What texts that hold JSON, names and a server's words are read as, as a person wrote it down."""

from __future__ import annotations

import json
from math import inf, nan
from typing import Any

from keyapi import _json, _json_text, _text, _words
from keyapi._unchanged import UNCHANGED
from keyapi.conformance.relations._shared import Compared

_URL, _OTHER = "https://a.b/1.jpg?c=d,e", "http://a.b/2,3.jpg"
_TWICE, _THRICE = json.dumps(json.dumps([1])), json.dumps(json.dumps(json.dumps([1])))
_DECODED: tuple[tuple[Any, Any], ...] = (
    ('{"a": [1]}', {"a": [1]}),
    (_TWICE, [1]),
    (_THRICE, [1]),
    (json.dumps(_THRICE), json.dumps([1])),
    ("7", 7),
    ('"text"', "text"),
    ("", None),
    (" \n", None),
    ("null", None),
    (None, None),
    (7, 7),
    ([1], [1]),
    (" plain text ", "plain text"),
    ("[{", None),
    (" {", None),
    ("[" * 100_000, None),
    ("{a=1}", [{"a": 1}]),
    ("[{a=1, b=null,c=x, y=}]", [{"a": 1, "b": None, "c": "x", "y": ""}]),
    (f"[{{index=-1, url={_URL}}}, {{index=2,url={_OTHER}}}]", [
        {"index": -1, "url": _URL}, {"index": 2, "url": _OTHER}]),
    (f"{{url={_URL}, n=1}},{{n=2}}", [{"url": _URL, "n": 1}, {"n": 2}]),
    (f"{{a={'9' * 18}, b={'9' * 19}, c=1.5, d==}}", [
        {"a": int("9" * 18), "b": "9" * 19, "c": "1.5", "d": "="}]),
    ("{ a=1}", None),
)  # fmt: skip
_OBJECTS: tuple[tuple[Any, str | None, list[dict[str, Any]]], ...] = (
    ([{"a": 1}, 2, None, "x", [{}]], None, [{"a": 1}]),
    ({"a": 1}, None, [{"a": 1}]),
    (None, "url", []),
    ("", "url", []),
    ("x", "url", [{"url": "x"}]),
    ("x", None, []),
    (f"{_URL}, {_OTHER},{_URL}", "url", [{"url": _URL}, {"url": _OTHER}, {"url": _URL}]),
    (["x", {"url": "y", "url_list": ["z"]}], "url", [
        {"url": "x"}, {"url": "y", "url_list": ["z"]}]),
    ({"url_list": ["x", 7, "y"], "other": ["z"]}, "url", [{"url": "x"}, {"url": "y"}]),
    ({"url_list": [7]}, "url", [{"url_list": [7]}]),
    ({"url_list": "x"}, "url", [{"url_list": "x"}]),
    ({"n": 1}, "url", [{"n": 1}]),
)  # fmt: skip
_RANKS: tuple[Any, ...] = (2, None, 0, nan, "1.5", "x", [], -1, inf, 10**400, 2)
_WORDS = {
    "videoId": ["video", "id"],
    "video_id": ["video", "id"],
    "videoID": ["video", "id"],
    "HTTPStatus2xx": ["http", "status", "2", "xx"],
    "is_top10": ["is", "top", "10"],
    "": [],
    "__": [],
}
_SHOWN = {
    ("abc", 3): "abc",
    ("abcd", 3): "ab…",
    ("a\x00\x1f\x7f\x9f", 9): "a\\x00\\x1f\\x7f\\x9f",
    ("\u061c\u200e\u200f\u2028\u202e\u2066\u2069", 9):
        "\\u061c\\u200e\\u200f\\u2028\\u202e\\u2066\\u2069",
    ("\ud800\udfff", 9): "\\ud800\\udfff",
    ("\u200d\u2065\u206aé漢😀 \xa0", 9): "\u200d\u2065\u206aé漢😀 \xa0",
    ("\n\n\n\n", 3): "\\n\\n…",
    ("", 3): "",
}  # fmt: skip


def readings() -> Compared:
    """Yield what is read, what it must be read as, and what it is read as."""
    for text, expected in _DECODED:
        yield f"decoded {str(text)[:40]!r}", expected, _json_text.decode(text)
    for value, name, objects in _OBJECTS:
        yield f"objects of {value!r}, {name}", objects, _json_text.objects(value, name)
    ranked = [{"rank": rank, "number": number} for number, rank in enumerate(_RANKS)]
    ordered = _json_text.in_order([*ranked, {"number": 11}], "rank")
    numbers = [7, 2, 4, 0, 10, 1, 3, 5, 6, 8, 9, 11]
    yield "in order", numbers, [each["number"] for each in ordered]
    yield "in no order", ranked, _json_text.in_order(ranked, None)
    for name, words in _WORDS.items():
        yield f"words of {name!r}", words, _words.words(name)
    ids = {name: _words.is_id(name) for name in ("id", "videoID", "paid", "id_list", "ids", "")}
    yield "ids", {name: name in ("id", "videoID") for name in ids}, ids
    for (text, longest), shown in _SHOWN.items():
        yield f"shown {text!r}", shown, _text.displayed(text, longest)
    yield "shown, 1000", "x" * 999 + "…", _text.displayed("x" * 1001)
    yield "at a path", [1, None, None, {}], [
        _json.value_at({"a": {"b": 1}}, ("a", "b")),
        _json.value_at({"a": [1]}, ("a", "b")),
        _json.value_at(None, ("a",)),
        _json.value_at({}, ()),
    ]  # fmt: skip
    nests = {"[[1]]": 2, '{"a": {"b": [1, {}]}}': 4, "7": 0, "[]": 1, '["[["]': 1}
    for text, depth in nests.items():
        found = [_json.is_deeper(json.loads(text), levels) for levels in range(5)]
        yield f"depth of {text}", [levels < depth for levels in range(5)], found
    yield "unchanged", ("UNCHANGED", True), (repr(UNCHANGED), bool(UNCHANGED))
