"""Answers whose bytes or headers say more than what they are decoded to."""

from __future__ import annotations

import json

from keyapi.conformance.relations._contract.judged._case import (
    ENUM,
    Judged,
    new,
    row,
    rows,
    typed,
    unreadable,
)

_MEMBERS = 'enum ["a", "b"]'
_CONTROLS = "a\x00\x1b[0m\n\u202e\ud800é"
_HIDDEN = "\\x00\\x1b[0m\\n\\u202e"
BYTES = (
    Judged("not JSON", b"<html>" + b"x" * 200, (unreadable("<html>" + "x" * 73 + "…"),)),
    Judged("not UTF-8", b'{"code": "\xff"}', (unreadable('{"code": "\ufffd"}'),)),
    Judged(
        "UTF-16",
        '{"code": 0}'.encode("utf-16-be"),
        (unreadable("".join(f"\\x00{c}" for c in '{"code": 0}')),),
    ),
    Judged("a mark in front", b'\xef\xbb\xbf{"code": 0}'),
    *(
        Judged(name, f'{{"code": {name}}}'.encode(), (unreadable(f'{{"code": {name}}}'),))
        for name in ("NaN", "Infinity", "-Infinity")
    ),
    Judged("too deep to decode", b"[" * 100_000, (unreadable("[" * 79 + "…"),)),
    Judged(
        "too deep to look at",
        b'{"code": 0, "data": ' + b"[" * 400 + b"]" * 400 + b"}",
        (("", "json", "JSON of at most 250 levels", "more"),),
    ),
    Judged(
        "a key twice",
        b'{"code": 0, "code": 0, "data": {"rows": []}}',
        (("", "duplicate-key", "each property once", "'code' twice"),),
    ),
    Judged(
        "keys twice",
        b'{"code": 0, "data": {"rows": [{"id": "1", "a": 1, "b": 2, "b": 3, "a": 4}]}}',
        (
            ("", "duplicate-key", "each property once", "'b' twice"),
            new("0/a", "4"),
            new("0/b", "3"),
        ),
    ),
    Judged("the largest integers", rows(row(**{"a/b~": 2**63 - 1, "x-y": -(2**63)}))),
    Judged(
        "larger integers",
        rows(row(**{"a/b~": 2**63, "x-y": -(2**63) - 1})),
        (
            ("", "huge-integer", "an integer of 64 bits", "9223372036854775808"),
            ("", "huge-integer", "an integer of 64 bits", "-9223372036854775809"),
        ),
    ),
    Judged(
        "controls",
        rows(row(kind=_CONTROLS)),
        (("/data/rows/0/kind", ENUM, _MEMBERS, f"a{_HIDDEN}?é"),),
    ),
    Judged("controls in a name", rows(row(**{"\x1b\n": "\x85"})), (new("0/\\x1b\\n", "\\x85"),)),
    Judged(
        "a long text",
        rows(row(kind="c" * 81), row(2, kind="c" * 80)),
        (
            ("/data/rows/0/kind", ENUM, _MEMBERS, "c" * 79 + "…"),
            ("/data/rows/1/kind", ENUM, _MEMBERS, "c" * 80),
        ),
    ),
    Judged(
        "a long list",
        rows(row(open=[*range(100)])),
        (typed("0/open", "boolean", json.dumps([*range(100)])[:79] + "…"),),
    ),
    Judged("a long name", rows(row(**{"n" * 200: 1})), (new("0/" + "n" * 79 + "…", "1"),)),
)
_KINDS = {
    "application/json": True,
    "Application/JSON; charset=utf-8": True,
    "application/vnd.api+json": True,
    "application/problem+json": True,
    "application/json+xml": False,
    "text/html": False,
    "": False,
}
HEADERS = (
    *(
        Judged(
            f"content type {kind!r}",
            rows(),
            () if fits else (("", "content-type", "application/json", kind or "nothing"),),
            given={"headers": {"content-type": kind}},
        )
        for kind, fits in _KINDS.items()
    ),
    Judged(
        "no content type",
        rows(),
        (("", "content-type", "application/json", "nothing"),),
        given={"headers": {}},
    ),
    Judged(
        "a type that is documented otherwise",
        b"x",
        (),
        status=503,
        given={"headers": {"content-type": "text/plain"}},
    ),
    Judged(
        "none of two types",
        b"x",
        (("", "content-type", "text/html or text/plain", "a/b"),),
        status=503,
        given={"headers": {"content-type": "a/b"}},
    ),
    Judged(
        "a type where nothing is told",
        b"x",
        (),
        status=404,
        given={"headers": {"content-type": "a/b"}},
    ),
)
