"""What is read of a specification, as a person wrote it down.

Everything else is judged by what is read here: an operation that is read wrongly could otherwise
agree with a client that reads it likewise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from keyapi import _json, _openapi
from keyapi.conformance.relations._contract.judged import DOCUMENT, LISTED, NOTED, OPEN
from keyapi.conformance.relations._contract.readings import readings
from keyapi.contract import Violation
from keyapi.specification import Paging, Sort, Specification

_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}
_NOTE = DOCUMENT["components"]["schemas"]["Note"]
_ROW = DOCUMENT["components"]["schemas"]["Row"]
_WAY = DOCUMENT["components"]["schemas"]["Way"]
_REFUSAL = DOCUMENT["components"]["schemas"]["Refusal"]
_OPERATIONS: Mapping[str, Mapping[str, Any]] = {
    LISTED: {
        "path": "/v1/{id}/list",
        "method": "GET",
        "name": LISTED,
        "resource": "made",
        "secured": True,
        "credits": 5,
        "items": ("data", "rows"),
        "paging": Paging("page", "page", "size", 4),
        "sort": Sort("sort", "way"),
        "filters": {"kind": "kind", "open": "open"},
        "echoes": ["owner"],
        "ids": {"ids": "id"},
        "identity": "id",
        "body": None,
        "body_required": False,
        "body_arguments": {},
        "statuses": ["200", "400", "404", "4XX", "503"],
        "success": "200",
        "success_status": 200,
        "row": _ROW,
    },
    NOTED: {
        "path": "/v1/note",
        "method": "POST",
        "resource": "",
        "secured": True,
        "credits": 1,
        "items": None,
        "paging": None,
        "sort": None,
        "filters": {},
        "echoes": [],
        "ids": {},
        "identity": None,
        "body": _NOTE,
        "body_required": True,
        "statuses": ["201", "204", "default"],
        "success": "201",
        "success_status": 201,
        "row": None,
    },
    OPEN: {"method": "DELETE", "secured": False, "success": "2XX", "success_status": 200},
}
_ARGUMENTS: Mapping[str, list[tuple[Any, ...]]] = {
    LISTED: [
        ("id", "path", True, _TEXT, ""),
        ("page", "query", False, _WHOLE, ""),
        ("size", "query", False, _WHOLE, ""),
        (
            "sort",
            "query",
            False,
            {**_WHOLE, "enum": [1, 2], "x-enum-varnames": ["price", "id"]},
            "",
        ),
        ("way", "query", False, _WAY, ""),
        ("kind", "query", False, _TEXT, ""),
        ("open", "query", False, {"type": "boolean"}, ""),
        ("owner", "query", True, _TEXT, ""),
        ("ids", "query", False, {"type": "array", "items": _TEXT}, ","),
        ("piped", "query", False, {"type": "array", "items": _WHOLE}, "|"),
        ("spaced", "query", False, {"type": "array", "items": _WHOLE}, " "),
        ("several", "query", False, {"type": "array", "items": {"type": "number"}}, ""),
        ("bare", "query", False, {"type": "array"}, ""),
        ("X-Team", "header", False, _TEXT, ""),
    ],
    NOTED: [
        ("text", "body", True, _TEXT, ""),
        ("id", "body", False, _WHOLE, ""),
        ("parts", "body", False, _NOTE["properties"]["parts"], ""),
    ],
    OPEN: [],
}
_STATUSES: tuple[tuple[str, Any, str | None, list[str], bool, list[str]], ...] = (
    (LISTED, 200, "200", ["application/json"], True, ["code", "message", "data"]),
    (LISTED, 400, "400", ["application/json"], True, ["code", "message"]),
    (LISTED, 404, "404", ["application/json"], False, []),
    (LISTED, 499, "4XX", ["application/json"], True, ["code", "message"]),
    (LISTED, "4xx", "4XX", ["application/json"], True, ["code", "message"]),
    (LISTED, 500, None, ["application/json"], False, []),
    (LISTED, 503, "503", ["text/html", "text/plain"], True, []),
    (NOTED, 204, "204", ["application/json"], False, []),
    (NOTED, 500, "default", ["application/json"], True, ["code", "message"]),
    (OPEN, 204, "2XX", ["application/json"], True, []),
    (OPEN, 599, "5xx", ["application/json"], True, []),
    (OPEN, 404, None, ["application/json"], False, []),
)
"""Operation, status, its key, media types, whether it has a body, and that body's properties."""


def specifications_as_written() -> Iterator[Violation]:
    """Compare what is read with what a person wrote down."""
    given = deepcopy(DOCUMENT)
    specification = Specification(given)
    yield from _differs("operations", [LISTED, NOTED, OPEN], [each.name for each in specification])
    for name, facts in _OPERATIONS.items():
        operation = specification.operations[name]
        found = {fact: getattr(operation, fact) for fact in facts}
        yield from _differs(f"facts of {name}", dict(facts), found)
        arguments = {one: tuple(each) for one, each in operation.arguments.items()}
        yield from _differs(
            f"arguments of {name}", {each[0]: each for each in _ARGUMENTS[name]}, arguments
        )
    for name, status, key, kinds, has_body, properties in _STATUSES:
        read = specification.operations[name]
        found_status = (
            read.documented(status),
            read.media_types(str(status)),
            read.has_body(str(status)),
            [] if isinstance(status, str) else read.body_properties(status),
        )
        told = [] if isinstance(status, str) else properties
        yield from _differs(f"{name}, status {status}", (key, kinds, has_body, told), found_status)
    yield from _of_schemas(specification)
    yield from _of_documents(given)
    for rule, wanted, read_as in readings():
        yield from _differs(rule, wanted, read_as)
    yield from _differs("the specification afterwards", DOCUMENT, given)


def _of_schemas(specification: Specification) -> Iterator[Violation]:
    listed = specification.operations[LISTED]
    part = DOCUMENT["components"]["schemas"]["Part"]
    two = {"anyOf": [_TEXT, _WHOLE, {"enum": [None]}]}
    only = {"anyOf": [{"$ref": "#/components/schemas/Part"}]}
    found = {
        "members": listed.arguments["way"].members,
        "no members": listed.arguments["open"].members,
        "row": listed.properties()["level"],
        "property": listed.resolved({"$ref": "#/components/schemas/Error"}),
        "reference": specification.resolved({"$ref": "#/components/schemas/Error"}),
        "component": specification.component("#/components/schemas/Part"),
        "nullable reference": specification.present(_ROW["properties"]["part"]),
        "two choices": specification.present(two),
        "one choice": specification.present(only),
        "plain": specification.present(_TEXT),
    }
    expected = {
        "members": {"ASC": 0, "Descending": 1, "any": 2},
        "no members": {},
        "row": _ROW["properties"]["level"],
        "property": _REFUSAL,
        "reference": _REFUSAL,
        "component": part,
        "nullable reference": part,
        "two choices": two,
        "one choice": only,
        "plain": _TEXT,
    }
    yield from _differs("schemas", expected, found)


def _of_documents(document: dict[str, Any]) -> Iterator[Violation]:
    nodes = list(_openapi.operations(document))
    listed, named, noted, _ = nodes
    roles = [role for role, _ in noted.schemas()]
    one = _openapi.find_operation(document, "post", "/v1/note")
    found = {
        "labels": [each.label for each in nodes],
        "names": [each.name for each in nodes],
        "pointer": listed.at("responses", 200),
        "parameters": [
            (number, each["name"], schema) for number, each, schema in named.parameters()
        ] + [(number, each["name"], schema) for number, each, schema in listed.parameters()][:2],
        "bodies": [each.body_schema() for each in nodes],
        "responses": [[status for status, _ in each.responses()] for each in nodes],
        "success": [each.success() and each.success() == each.response("200") for each in nodes],
        "roles": roles,
        "found": one and one.node,
        "not found": [
            _openapi.find_operation(document, "put", "/v1/note"),
            _openapi.find_operation(document, "get", "/x"),
        ],
        "paths": [path for path, _ in _openapi.path_items(document)],
        "component": _openapi.component(document, "#/paths/~1v1~1note/post/operationId"),
        "encoded": _openapi.component({"a b": {"~": 1}}, "#/a%20b/~0"),
        "kinds": [*map(_openapi.media_type, ("Text/HTML; a=b", " a/b+JSON ", "application/json"))],
        "schema names": [*map(_openapi.schema_name, ("#/components/schemas/a~1b~0", "#/x", 7))],
        "reference": _openapi.reference_to("A"),
        "no schemas": _openapi.named_schemas({}),
        "pointers": [_json.pointer("a/b", 1, "~"), _json.pointer(), _json.pointer("a", root="")],
        "secured": [
            _openapi.is_secured({}, {}), _openapi.is_secured({"security": [1]}, {"security": []})],
    }  # fmt: skip
    expected = {
        "labels": ["GET /v1/{id}/list", "HEAD /v1/{id}/list", "POST /v1/note", "DELETE /v1/note"],
        "names": [LISTED, "HEAD /v1/{id}/list", NOTED, OPEN],
        "pointer": "#/paths/~1v1~1{id}~1list/get/responses/200",
        "parameters": [(0, "id", _TEXT), (1, "page", _WHOLE)],
        "bodies": [None, None, {"$ref": "#/components/schemas/Note"}, None],
        "responses": [["200", "400", "4XX"], [], ["201", "default"], ["2XX", "5xx"]],
        "success": [True, None, False, False],
        "roles": ["request-body", "response-body", "response-body"],
        "found": document["paths"]["/v1/note"]["post"],
        "not found": [None, None],
        "paths": ["/v1/{id}/list", "/v1/note"],
        "component": NOTED,
        "encoded": 1,
        "kinds": ["text/html", "application/json", "application/json"],
        "schema names": ["a/b~", "", ""],
        "reference": {"$ref": "#/components/schemas/A"},
        "no schemas": {},
        "pointers": ["#/a~1b/1/~0", "#", "/a"],
        "secured": [False, False],
    }
    yield from _differs("documents", expected, found)
    for reference in ("#/paths/nothing", "#/openapi/3", "#/components/schemas/~1"):
        try:
            nothing: Any = _openapi.component(document, reference)
        except LookupError as error:
            nothing = str(error)
        yield from _differs(f"component {reference}", repr(reference), repr(nothing).strip('"'))


def _differs(rule: str, expected: Any, found: Any) -> Iterator[Violation]:
    if repr(expected) == repr(found) or expected == found:  # what is not a number equals nothing
        return
    if isinstance(expected, dict) and isinstance(found, dict):
        names = [name for name in expected if expected[name] != found.get(name, "nothing")]
        rule = f"{rule}: {', '.join(map(str, names))}"
        expected, found = ({name: each.get(name) for name in names} for each in (expected, found))
    yield Violation(LISTED, "", rule, str(expected)[:200], str(found)[:200])
