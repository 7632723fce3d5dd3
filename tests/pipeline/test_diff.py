"""What changed between two specifications: found, named, weighed, and said in Python's words."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rich.console import Console

from conformance.spec_operators import OPERATORS, SpecMutant, mutants
from conftest import run_script
from keyapi._facts import OPERATION_KEYS
from keyapi._json import pointer
from pipeline.cli import ROOT
from pipeline.difference import MISSING, Difference, Step, differences
from pipeline.difference.normal import normal
from pipeline.difference.python_view import PythonView
from pipeline.difference.release import changelog, next_version, release_step, step_of
from pipeline.difference.report import Report, as_json, as_markdown, as_text
from pipeline.difference.revisions import open_revision
from pipeline.difference.rules import RULES
from pipeline.document.structure import require_structure
from pipeline.errors import PipelineError
from support.specs import listing, synthetic

SPECS = {"listing": listing(), "synthetic": synthetic()}

LISTING = "#/paths/~1v1~1tiktok~1influencer~1products~1analytics/get"
SHOPS = "#/paths/~1v1~1tiktok~1shop~1list/post"
ROW = "#/components/schemas/InfluencerProduct"
BODY = "#/components/schemas/ShopListBody"
FIELD = "#/components/schemas/InfluencerProductSortField"
GONE = object()


def edited(spec: dict[str, Any], *edits: tuple[str, Any]) -> dict[str, Any]:
    """A copy with values set (or, for GONE, removed) where pointers say.

    It shares with the original what lies beside the pointers.
    """
    result = copy.copy(spec)
    for where, value in edits:
        keys = [key.replace("~1", "/").replace("~0", "~") for key in where[2:].split("/")]
        node: Any = result
        for key in keys[:-1]:
            here: Any = int(key) if isinstance(node, list) else key
            node[here] = copy.copy(node[here])
            node = node[here]
        if isinstance(node, list):
            index = int(keys[-1])
            node[index : index + 1] = [] if value is GONE else [value]
        elif value is GONE:
            del node[keys[-1]]
        else:
            node[keys[-1]] = value
    return result


def found(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(d.id, d.level.name, d.pointer) for d in differences(old, new)]


NEW_PARAMETER = {"name": "page", "in": "query", "schema": {"type": "string"}}
TEXT = {"type": "string"}

# specification, edits, and all that they are told as: id, level, pointer
CHANGES: list[tuple[str, list[tuple[str, Any]], list[tuple[str, str, str]]]] = [
    # paths and operations
    (
        "synthetic",
        [("#/paths/~1v1~1tiktok~1shop~1list", GONE)],
        [("api-path-removed-without-deprecation", "ERR", SHOPS)],
    ),
    (
        "listing",
        [(f"{LISTING}/deprecated", True)],
        [("endpoint-deprecated", "INFO", f"{LISTING}/deprecated")],
    ),
    (
        "listing",
        [(f"{LISTING}/operationId", "other")],
        [("api-operation-id-removed", "INFO", f"{LISTING}/operationId")],
    ),
    (
        "listing",
        [(f"{LISTING}/tags", ["creator"])],
        [
            ("api-tag-removed", "INFO", f"{LISTING}/tags/0"),
            ("api-tag-added", "INFO", f"{LISTING}/tags/0"),
        ],
    ),
    (
        "listing",
        [(f"{LISTING}/summary", "Other words")],
        [("x-description-changed", "INFO", f"{LISTING}/summary")],
    ),
    # parameters
    (
        "listing",
        [(f"{LISTING}/parameters/6", {**NEW_PARAMETER, "required": True})],
        [("new-required-request-parameter", "ERR", f"{LISTING}/parameters/6")],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/6", NEW_PARAMETER)],
        [("new-optional-request-parameter", "INFO", f"{LISTING}/parameters/6")],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/6", {**NEW_PARAMETER, "in": "path", "required": True})],
        [("new-request-path-parameter", "ERR", f"{LISTING}/parameters/6")],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/1", GONE)],
        [("request-parameter-removed", "WARN", f"{LISTING}/parameters/1")],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/1/name", "category")],
        [("x-request-parameter-renamed", "ERR", f"{LISTING}/parameters/1/name")],
    ),
    (  # too unlike to be the same one
        "listing",
        [(f"{LISTING}/parameters/1/name", "shop")],
        [
            ("request-parameter-removed", "WARN", f"{LISTING}/parameters/1"),
            ("new-optional-request-parameter", "INFO", f"{LISTING}/parameters/1"),
        ],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/1/required", True)],
        [("request-parameter-became-required", "ERR", f"{LISTING}/parameters/1/required")],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/0/required", GONE)],
        [("request-parameter-became-optional", "INFO", f"{LISTING}/parameters/0/required")],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/0/schema/type", "integer")],
        [("request-parameter-type-changed", "ERR", f"{LISTING}/parameters/0/schema/type")],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/4/schema/maximum", 10)],
        [("request-parameter-max-decreased", "ERR", f"{LISTING}/parameters/4/schema/maximum")],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/0/schema/maxLength", 20)],
        [("request-parameter-max-length-set", "ERR", f"{LISTING}/parameters/0/schema/maxLength")],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/4/schema/maximum", GONE)],
        [("request-parameter-max-unset", "INFO", f"{LISTING}/parameters/4/schema/maximum")],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/0/schema/pattern", "^[0-9]+$")],
        [("request-parameter-pattern-added", "ERR", f"{LISTING}/parameters/0/schema/pattern")],
    ),
    (
        "synthetic",
        [(f"{SHOPS}/parameters/2/schema/default", "EUR")],
        [
            (
                "request-parameter-default-value-changed",
                "INFO",
                f"{SHOPS}/parameters/2/schema/default",
            )
        ],
    ),
    (
        "listing",
        [(f"{FIELD}/enum/4", GONE), (f"{FIELD}/x-enum-varnames/4", GONE)],
        [("request-parameter-enum-value-removed", "ERR", f"{FIELD}/enum/4")],
    ),
    (
        "listing",
        [(f"{FIELD}/enum/5", 6), (f"{FIELD}/x-enum-varnames/5", "rating")],
        [("request-parameter-enum-value-added", "INFO", f"{FIELD}/enum/5")],
    ),
    (
        "listing",
        [(f"{FIELD}/x-enum-varnames/0", "sales")],
        [("x-enum-member-renamed", "ERR", f"{FIELD}/x-enum-varnames/0")],
    ),
    (
        "listing",
        [(f"{FIELD}/enum", GONE), (f"{FIELD}/x-enum-varnames", GONE)],
        [("x-request-parameter-became-not-enum", "INFO", f"{FIELD}/enum")],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/0/schema/enum", ["1", "2"])],
        [("request-parameter-became-enum", "ERR", f"{LISTING}/parameters/0/schema/enum")],
    ),
    (
        "synthetic",
        [(f"{SHOPS}/parameters/1/explode", True)],
        [
            (
                "x-request-parameter-serialization-changed",
                "ERR",
                f"{SHOPS}/parameters/1/explode",
            )
        ],
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/4/schema/exclusiveMaximum", True)],
        [
            (
                "request-parameter-exclusive-max-set",
                "ERR",
                f"{LISTING}/parameters/4/schema/exclusiveMaximum",
            )
        ],
    ),
    # request bodies
    (
        "synthetic",
        [(f"{SHOPS}/requestBody", GONE)],
        [
            ("request-body-removed", "ERR", f"{SHOPS}/requestBody"),
        ],
    ),
    (
        "synthetic",
        [(f"{SHOPS}/requestBody/required", True)],
        [
            ("request-body-became-required", "ERR", f"{SHOPS}/requestBody/required"),
        ],
    ),
    (
        "listing",
        [(f"{LISTING}/requestBody", {"content": {"application/json": {"schema": TEXT}}})],
        [("request-body-added-optional", "INFO", f"{LISTING}/requestBody")],
    ),
    (
        "synthetic",
        [(f"{BODY}/properties/word", TEXT), (f"{BODY}/required/1", "word")],
        [("new-required-request-property", "ERR", f"{BODY}/properties/word")],
    ),
    (
        "synthetic",
        [(f"{BODY}/properties/word", TEXT)],
        [("new-optional-request-property", "INFO", f"{BODY}/properties/word")],
    ),
    (
        "synthetic",
        [(f"{BODY}/properties/offset", GONE)],
        [("request-property-removed", "WARN", f"{BODY}/properties/offset")],
    ),
    (
        "synthetic",
        [(f"{BODY}/required/1", "offset")],
        [("request-property-became-required", "ERR", f"{BODY}/required/1")],
    ),
    (
        "synthetic",
        [(f"{BODY}/required/1", "min_price")],
        [("request-property-became-required-with-default", "ERR", f"{BODY}/required/1")],
    ),
    (
        "synthetic",
        [(f"{BODY}/required", GONE)],
        [("request-property-became-optional", "INFO", f"{BODY}/required/0")],
    ),
    (
        "synthetic",
        [(f"{BODY}/properties/keyword/nullable", True)],
        [("request-property-became-nullable", "INFO", f"{BODY}/properties/keyword/nullable")],
    ),
    (
        "synthetic",
        [(f"{BODY}/properties/min_price/exclusiveMinimum", 0)],
        [
            (
                "request-property-exclusive-min-set",
                "ERR",
                f"{BODY}/properties/min_price/exclusiveMinimum",
            )
        ],
    ),
    *(
        (
            "synthetic",
            [(f"{BODY}/properties/{name}/{flag}", True)],
            [
                (
                    f"request-{presence}-property-became-{words}",
                    "INFO",
                    f"{BODY}/properties/{name}/{flag}",
                )
            ],
        )
        for name, presence in (("keyword", "required"), ("offset", "optional"))
        for flag, words in (("readOnly", "read-only"), ("writeOnly", "write-only"))
    ),
    (
        "synthetic",
        [(f"{BODY}/discriminator", {"propertyName": "keyword"})],
        [("request-body-discriminator-added", "INFO", f"{BODY}/discriminator")],
    ),
    # responses
    (
        "listing",
        [(f"{ROW}/properties/user_id/writeOnly", True)],
        [
            (
                "response-required-property-became-write-only",
                "INFO",
                f"{ROW}/properties/user_id/writeOnly",
            )
        ],
    ),
    (
        "listing",
        [(f"{LISTING}/responses/200", GONE)],
        [("response-success-status-removed", "ERR", f"{LISTING}/responses/200")],
    ),
    (
        "listing",
        [(f"{LISTING}/responses/404", {"description": "Not found"})],
        [("response-non-success-status-added", "INFO", f"{LISTING}/responses/404")],
    ),
    (
        "listing",
        [(f"{LISTING}/responses/500", GONE)],
        [("response-non-success-status-removed", "INFO", f"{LISTING}/responses/500")],
    ),
    (
        "listing",
        [(f"{LISTING}/responses/403/content/application~1json", GONE)],
        [
            (
                "response-media-type-removed",
                "ERR",
                f"{LISTING}/responses/403/content/application~1json",
            )
        ],
    ),
    (
        "listing",
        [(f"{LISTING}/responses/200/content/application~1json/schema", GONE)],
        [
            (
                "response-body-media-type-schema-removed",
                "ERR",
                f"{LISTING}/responses/200/content/application~1json/schema",
            )
        ],
    ),
    (
        "listing",
        [(f"{LISTING}/responses/200/content/application~1json/example/code", "no")],
        [
            (
                "x-example-invalid",
                "WARN",
                f"{LISTING}/responses/200/content/application~1json/example/code",
            )
        ],
    ),
    (
        "listing",
        [(f"{LISTING}/responses/200/content/application~1json/example/message", "ok")],
        [
            (
                "x-example-changed",
                "INFO",
                f"{LISTING}/responses/200/content/application~1json/example/message",
            )
        ],
    ),
    (
        "listing",
        [(f"{ROW}/properties/rating", TEXT)],
        [("response-optional-property-added", "INFO", f"{ROW}/properties/rating")],
    ),
    (
        "listing",
        [(f"{ROW}/properties/rating", TEXT), (f"{ROW}/required/14", "rating")],
        [("response-required-property-added", "INFO", f"{ROW}/properties/rating")],
    ),
    (
        "listing",
        [(f"{ROW}/properties/user_id", GONE), (f"{ROW}/required/13", GONE)],
        [("response-required-property-removed", "ERR", f"{ROW}/properties/user_id")],
    ),
    (
        "listing",
        [("#/components/schemas/Cover/properties/index", GONE)],
        [
            (
                "response-optional-property-removed",
                "INFO",
                "#/components/schemas/Cover/properties/index",
            )
        ],
    ),
    (
        "listing",
        [
            (f"{ROW}/properties/user_id", GONE),
            (f"{ROW}/required/13", "user"),
            (
                f"{ROW}/properties/user",
                {"type": "string", "description": "The influencer whose products were asked for."},
            ),
        ],
        [("x-response-property-renamed", "ERR", f"{ROW}/properties/user_id")],
    ),
    (
        "listing",
        [(f"{ROW}/required/0", GONE)],
        [("response-property-became-optional", "ERR", f"{ROW}/required/0")],
    ),
    (
        "listing",
        [(f"{ROW}/properties/total_sale_cnt/type", "number")],
        [("response-property-type-generalized", "ERR", f"{ROW}/properties/total_sale_cnt/type")],
    ),
    (
        "listing",
        [(f"{ROW}/properties/product_id/format", "uuid")],
        [("response-property-type-specialized", "INFO", f"{ROW}/properties/product_id/format")],
    ),
    (
        "listing",
        [(f"{ROW}/properties/product_id/nullable", True)],
        [("response-property-became-nullable", "ERR", f"{ROW}/properties/product_id/nullable")],
    ),
    (
        "listing",
        [(f"{ROW}/properties/product_id/anyOf", [TEXT])],
        [("response-property-any-of-added", "ERR", f"{ROW}/properties/product_id/anyOf/0")],
    ),
    (
        "listing",
        [(f"{ROW}/properties/cover_url/x-keyapi/accessor", "images")],
        [
            ("x-accessor-removed", "ERR", f"{ROW}/properties/cover_url/x-keyapi/accessor"),
            ("x-accessor-added", "INFO", f"{ROW}/properties/cover_url/x-keyapi/accessor"),
        ],
    ),
    # named schemas
    (
        "listing",
        [("#/components/schemas/Extra", TEXT)],
        [("x-schema-added", "INFO", "#/components/schemas/Extra")],
    ),
    (
        "listing",
        [("#/components/schemas/Cover", GONE)],
        [("api-schema-removed", "INFO", "#/components/schemas/Cover")],
    ),
    (
        "listing",
        [(f"{LISTING}/responses/403/content/application~1json/schema/$ref", ROW)],
        [
            (
                "x-reference-changed",
                "WARN",
                f"{LISTING}/responses/403/content/application~1json/schema/$ref",
            )
        ],
    ),
    # a value that becomes an object has another type, wherever its schema stands
    (
        "listing",
        [(f"{ROW}/properties/product_name", {"$ref": "#/components/schemas/Cover"})],
        [
            (
                "response-property-type-changed",
                "ERR",
                f"{ROW}/properties/product_name/type",
            )
        ],
    ),
    # the decoding of a text comes and goes as a whole
    (
        "listing",
        [(f"{ROW}/properties/cover_url/x-keyapi", GONE)],
        [("x-accessor-removed", "ERR", f"{ROW}/properties/cover_url/x-keyapi/accessor")],
    ),
    # security, servers, the document itself
    (
        "listing",
        [(f"{LISTING}/security", GONE)],
        [("api-security-removed", "ERR", f"{LISTING}/security/0")],
    ),
    (
        "listing",
        [(f"{LISTING}/security/1", {"other": []})],
        [("api-security-added", "INFO", f"{LISTING}/security/1")],
    ),
    (
        "listing",
        [(f"{LISTING}/security/0/JWT_Bearer", ["read"])],
        [("api-security-scope-added", "ERR", f"{LISTING}/security/0/JWT_Bearer")],
    ),
    (
        "listing",
        [("#/components/securitySchemes/JWT_Bearer/scheme", "basic")],
        [
            (
                "x-security-scheme-changed",
                "WARN",
                "#/components/securitySchemes/JWT_Bearer/scheme",
            )
        ],
    ),
    (
        "listing",
        [("#/security/0", {"JWT_Bearer": []})],
        [("api-global-security-added", "INFO", "#/security/0")],
    ),
    (
        "listing",
        [("#/servers/0/url", "https://other.example")],
        [("x-server-changed", "ERR", "#/servers/0/url")],
    ),
    ("listing", [("#/info/version", "2.0.0")], [("x-info-changed", "INFO", "#/info")]),
    # what was understood of the pages
    (
        "listing",
        [(f"{LISTING}/x-keyapi/credits", 2)],
        [("x-credits-increased", "WARN", f"{LISTING}/x-keyapi/credits")],
    ),
    (
        "listing",
        [(f"{LISTING}/x-keyapi/credits", 0)],
        [("x-credits-decreased", "INFO", f"{LISTING}/x-keyapi/credits")],
    ),
    (
        "listing",
        [(f"{LISTING}/x-keyapi/paging", GONE)],
        [("x-paging-removed", "ERR", f"{LISTING}/x-keyapi/paging")],
    ),
    (
        "listing",
        [(f"{LISTING}/x-keyapi/paging/max", 20)],
        [("x-page-size-max-changed", "WARN", f"{LISTING}/x-keyapi/paging/max")],
    ),
    *(
        (
            "listing",
            [(f"{LISTING}/x-keyapi/{fact}", GONE)],
            [(f"x-{fact}-changed", level, f"{LISTING}/x-keyapi/{fact}")],
        )
        for fact, level in (
            ("sort", "INFO"),
            ("filters", "INFO"),
            ("echoes", "INFO"),
            ("items", "ERR"),
        )
    ),
    # what no rule knows
    (
        "listing",
        [(f"{ROW}/properties/product_id/multipleOf", 2)],
        [("x-unexplained", "WARN", f"{ROW}/properties/product_id/multipleOf")],
    ),
    ("listing", [("#/x-new", {"a": 1})], [("x-unexplained", "WARN", "#/x-new")]),
]


@pytest.mark.parametrize(
    ("name", "edits", "expected"), CHANGES, ids=[expected[0][0] for _, _, expected in CHANGES]
)
def test_a_change_is_told_by_its_id_level_and_pointer(
    name: str, edits: list[tuple[str, Any]], expected: list[tuple[str, str, str]]
) -> None:
    old = SPECS[name]

    assert found(old, edited(old, *edits)) == expected


# The level of the fault that each operator of the mutants suite plants, by hand. Where it depends
# on the side: what narrows requests or widens answers breaks callers.
NARROWS = {"request": "ERR", "response": "INFO"}
WIDENS = {"request": "INFO", "response": "ERR"}
LEVELS: dict[str, str | dict[str, str]] = {
    "remove path": "ERR",
    "change method": "ERR",
    "change operation id": "INFO",
    "change cost": "WARN",
    "remove security": "ERR",
    "change server": "ERR",
    "require parameter": "ERR",
    "make parameter optional": "INFO",
    "add required parameter": "ERR",
    "remove parameter": "WARN",
    "rename parameter": "ERR",
    "remove request enum value": "ERR",
    "change default": "INFO",
    "integer to number": WIDENS,
    "number to integer": NARROWS,
    "tighten bound": NARROWS,
    "loosen bound": WIDENS,
    "remove response property": {"required": "ERR", "optional": "INFO"},
    "change response type": "ERR",
    "drop from required": "ERR",
    "add to required": "INFO",
    "make nullable": "ERR",
    "add response enum value": "ERR",
    "remove success status": "ERR",
    "remove error status": "INFO",
    "change media type": "ERR",
    "break reference": "ERR",
    "invalidate example": "WARN",
}
REQUEST_SCHEMAS = ("InfluencerProductSortField", "SortType", "ShopListBody", "OrderBy")


def case_of(mutant: SpecMutant, old: dict[str, Any]) -> str:
    """Which of an operator's levels a mutant calls for."""
    keys = mutant.pointer.split("/")
    if mutant.operator == "remove response property":
        needed = old["components"]["schemas"][keys[3]].get("required", [])
        return "required" if keys[5] in needed else "optional"
    return "request" if "parameters" in keys or keys[3] in REQUEST_SCHEMAS else "response"


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_planted_fault_is_told_where_it_is_with_the_right_level(operator: str) -> None:
    planted = [(spec, mutant) for spec in SPECS.values() for mutant in OPERATORS[operator](spec)]
    for old, mutant in planted:
        all_found = differences(old, mutant.spec)
        here = [
            difference
            for difference in all_found
            if f"{difference.pointer}/".startswith(f"{mutant.pointer}/")
        ]
        levels = LEVELS[operator]
        level = levels if isinstance(levels, str) else levels[case_of(mutant, old)]

        assert here, (mutant, all_found)
        assert max(difference.level for difference in here).name == level, (mutant, here)
        assert "x-unexplained" not in {difference.id for difference in all_found}, mutant
        if mutant.operation is not None and mutant.operator != "change operation id":
            assert {difference.operation for difference in here} == {mutant.operation}, mutant


def test_equal_specifications_have_no_difference_in_whatever_order_their_keys_stand() -> None:
    for spec in SPECS.values():
        turned = json.loads(json.dumps(spec, sort_keys=True))
        assert list(turned) != list(spec)
        assert differences(spec, turned) == []


@pytest.mark.parametrize(
    ("name", "edits"),
    [
        ("listing", [(f"{LISTING}/parameters/4/schema/maximum", 100000.0)]),
        ("listing", [(f"{FIELD}/enum/0", 1.0)]),
        ("synthetic", [(f"{BODY}/properties/min_price/default", -0.0)]),
        ("listing", [(f"{LISTING}/responses/200/content/application~1json/example/code", 0.0)]),
        ("listing", [(f"{LISTING}/x-keyapi/credits", 1.0)]),
        (
            "listing",
            [
                (f"{LISTING}/parameters/1/{key}", value)
                for key, value in (
                    *(("style", "form"), ("explode", True), ("required", False)),
                    *(("deprecated", False), ("allowReserved", False)),
                )
            ],
        ),
        ("listing", [(f"{LISTING}/deprecated", GONE)]),
        (
            "synthetic",
            [
                (f"{BODY}/properties/keyword/{key}", value)
                for key, value in (
                    *(("nullable", False), ("readOnly", False), ("writeOnly", False)),
                    *(("deprecated", False), ("exclusiveMinimum", False)),
                )
            ],
        ),
        ("synthetic", [(f"{BODY}/minProperties", 0)]),
        ("synthetic", [(f"{BODY}/properties/min_price/exclusiveMinimum", -1)]),
    ],
)
def test_the_same_written_in_another_way_is_no_change(
    name: str, edits: list[tuple[str, Any]]
) -> None:
    old = SPECS[name]
    new = edited(old, *edits)
    assert json.dumps(new) != json.dumps(old)

    assert differences(old, new) == differences(new, old) == []


@pytest.mark.parametrize(
    ("place", "style", "explode", "counts"),
    [
        ("query", "form", True, False),
        ("query", "form", False, True),
        ("query", "pipeDelimited", False, True),
        ("query", "pipeDelimited", None, True),
        ("path", "simple", False, False),
        ("path", "simple", True, True),
        ("path", "label", None, True),
        ("header", "simple", False, False),
        ("cookie", "form", True, False),
        ("cookie", None, False, True),
    ],
)
def test_a_style_counts_unless_it_is_the_default_of_its_place(
    place: str, style: str | None, explode: bool | None, counts: bool
) -> None:
    parameter = {"name": "ids", "in": place, "required": place == "path", "schema": TEXT}
    written = {"style": style, "explode": explode}
    styled = {**parameter, **{key: value for key, value in written.items() if value is not None}}
    old, new = (
        edited(SPECS["listing"], (f"{LISTING}/parameters/1", each)) for each in (parameter, styled)
    )

    ids = {difference.id for difference in differences(old, new)}
    assert ids == ({"x-request-parameter-serialization-changed"} if counts else set())


def test_an_exclusive_bound_means_the_same_in_both_versions_of_openapi() -> None:
    schema = f"{LISTING}/parameters/4/schema"
    flag = edited(SPECS["listing"], (f"{schema}/exclusiveMaximum", True))
    number = edited(
        SPECS["listing"],
        (f"{schema}/maximum", GONE),
        (f"{schema}/exclusiveMaximum", 100000),
    )
    lower = edited(number, (f"{schema}/exclusiveMaximum", 10))

    assert differences(flag, number) == []
    assert found(number, lower) == [("request-parameter-max-decreased", "ERR", f"{schema}/maximum")]


def test_a_discriminator_is_explained_part_by_part() -> None:
    cover, image = (f"#/components/schemas/{name}" for name in ("Cover", "Image"))
    at = f"{ROW}/properties/product_id/discriminator"
    old, new = (
        edited(SPECS["listing"], (at, {"propertyName": name, "mapping": mapping}))
        for name, mapping in (
            ("kind", {"a": cover, "b": cover, "c": cover}),
            ("form", {"b": image, "c": cover, "d": cover}),
        )
    )

    assert found(old, new) == [
        ("response-property-discriminator-property-name-changed", "INFO", f"{at}/propertyName"),
        ("response-property-discriminator-mapping-deleted", "INFO", f"{at}/mapping/a"),
        ("response-property-discriminator-mapping-changed", "INFO", f"{at}/mapping/b"),
        ("response-property-discriminator-mapping-added", "INFO", f"{at}/mapping/d"),
    ]
    assert found(old, SPECS["listing"]) == [("response-property-discriminator-removed", "INFO", at)]


@pytest.mark.parametrize("fact", OPERATION_KEYS)
def test_each_fact_is_explained_when_it_comes_goes_or_changes(fact: str) -> None:
    """A fact without its rule would end the comparison of any two pages that differ in it."""
    path = "/v1/tiktok/influencer/products/analytics"
    specs = [listing() for _ in range(3)]
    for spec, value in zip(specs, (None, 1, 2), strict=True):
        facts = spec["paths"][path]["get"]["x-keyapi"]
        facts.pop(fact, None)
        if value is not None:
            facts[fact] = {"page": f"page{value}"} if fact == "paging" else value
    absent, one, other = specs
    for old, new in ((absent, one), (one, absent), (one, other)):
        assert len(differences(old, new)) == 1


def nodes(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield from nodes(node[key], (*path, key))


def test_no_edit_anywhere_goes_unsaid() -> None:
    """Every place is edited in one of three ways; many places are alike."""
    old, chance = SPECS["synthetic"], Random(0)  # noqa: S311
    told = 0
    for path in nodes(old):
        new = edited(old, (pointer(*path), chance.choice((GONE, 7, {"q": 1}))))
        try:
            require_structure(new, "", "")
        except PipelineError:
            continue  # no specification any more: refused before it is compared
        if normal(old) == normal(new):
            continue  # it wrote out a default
        for pair in ((old, new), (new, old)):
            places = [difference.pointer for difference in differences(*pair)]
            parent = pointer(*path[:-1])
            assert any(place.startswith(parent) or parent.startswith(place) for place in places), (
                path,
                places,
            )
        told += 1

    assert told > 200


def test_a_list_in_another_order_is_told_and_harmless() -> None:
    old = SPECS["listing"]
    for where in (f"{LISTING}/parameters", f"{ROW}/required"):
        keys = where[2:].replace("~1", "\0").split("/")
        node: Any = old
        for key in keys:
            node = node[key.replace("\0", "/")]
        new = edited(old, (where, node[::-1]))
        assert found(old, new) == [("x-order-changed", "INFO", where)]


MEANINGS: list[tuple[str, list[tuple[str, Any]], str]] = [
    (
        "listing",
        [(f"{LISTING}/parameters/1", GONE)],
        (
            "`influencer.products_analytics()` no longer takes the argument `category_id`; "
            "passing it is a `TypeError`."
        ),
    ),
    (
        "listing",
        [(f"{LISTING}/operationId", "influencer_goods")],
        "`influencer.products_analytics()` is called `influencer.goods()` now; callers rename it.",
    ),
    (
        "listing",
        [(f"{ROW}/properties/total_sale_cnt/type", "string")],
        "`InfluencerProduct.total_sale_cnt` is `str` now, no longer `int`.",
    ),
    (
        "listing",
        [(f"{FIELD}/enum/0", GONE), (f"{FIELD}/x-enum-varnames/0", GONE)],
        "`InfluencerProductSortField` no longer takes `1`: `TOTAL_SALE_CNT` is gone.",
    ),
    (
        "listing",
        [(f"{LISTING}/parameters/4/schema/exclusiveMaximum", True)],
        (
            "The `maximum` itself is no longer allowed for the argument `page_num` of "
            "`influencer.products_analytics()`."
        ),
    ),
    (
        "synthetic",
        [(f"{BODY}/required/1", "offset")],
        "Callers must pass the argument `offset` of `shop.list()`, which they could leave out.",
    ),
]


@pytest.mark.parametrize(("name", "edits", "meaning"), MEANINGS)
def test_meanings_speak_of_methods_arguments_attributes_and_members(
    name: str, edits: list[tuple[str, Any]], meaning: str
) -> None:
    (only,) = differences(SPECS[name], edited(SPECS[name], *edits))

    assert only.meaning == meaning


def test_an_operation_that_moved_is_compared_with_what_it_was() -> None:
    moved = edited(SPECS["listing"], (f"{LISTING}/x-keyapi/credits", 2))
    item = next(iter(moved["paths"].values()))
    item["post"] = item.pop("get")

    gone, cost, come = differences(SPECS["listing"], moved)

    where = "`POST /v1/tiktok/influencer/products/analytics`"
    assert (gone.id, cost.id, come.id) == (
        "api-removed-without-deprecation",
        "x-credits-increased",
        "endpoint-added",
    )
    assert gone.meaning.startswith(f"`influencer.products_analytics()` stays, but moves to {where}")
    assert (
        come.meaning
        == f"`influencer.products_analytics()` sends its requests to {where} from now on."
    )


# The release


def rule(name: str, **values: Any) -> Difference:
    level, step = RULES[name].level, RULES[name].step
    return Difference(name, level, (), "#", MISSING, MISSING, f"It is {name}.", step)


@pytest.mark.parametrize(
    ("last", "ids", "view", "following"),
    [
        ("1.2.3", [], None, "1.2.3"),
        ("1.2.3", ["x-description-changed"], None, "1.2.4"),
        ("1.2.3", ["endpoint-added", "x-credits-increased"], None, "1.3.0"),
        ("1.2.3", ["endpoint-added", "response-success-status-removed"], None, "2.0.0"),
        ("1.2.3", ["request-parameter-removed"], None, "2.0.0"),  # a WARN, but the argument is gone
        ("1.2.3", ["x-description-changed"], PythonView(("gone",), ()), "2.0.0"),
        ("1.2.3", ["x-description-changed"], PythonView((), ("new",)), "1.3.0"),
        ("0.2.3", ["x-credits-increased"], None, "0.2.4"),
        ("0.2.3", ["endpoint-added"], None, "0.2.4"),
        ("0.2.3", ["response-success-status-removed"], None, "0.3.0"),
        ("0.2.3", [], PythonView(("gone",), ()), "0.3.0"),
        ("0.2.3", [], PythonView((), ()), "0.2.3"),
    ],
)
def test_the_next_version_follows_from_both_views(
    last: str, ids: list[str], view: PythonView | None, following: str
) -> None:
    asked = step_of([rule(name) for name in ids], view)

    assert next_version(last, release_step(last, asked)) == following


def test_the_changelog_draft_says_what_users_notice_what_breaks_them_first() -> None:
    ids = ["endpoint-added", "x-description-changed", "x-server-changed", "x-order-changed"]

    draft = changelog([rule(name) for name in ids], None)

    assert draft == (
        "- **Breaking:** It is x-server-changed.\n"
        "- It is endpoint-added.\n"
        "- Docstrings follow what the pages say now.\n"
    )
    assert changelog([], PythonView(("Cover.url: gone",), ())) == (
        "- **Breaking:** `Cover.url: gone`.\n"
    )


# Reports

HOSTILE = "x`<img src=x>|[b](http://evil.test)\n# \x1b[31m"


def report(*edits: tuple[str, Any]) -> Report:
    old = SPECS["listing"]
    return Report("a", "b", differences(old, edited(old, *edits)), None, "0.1.0")


def test_what_comes_from_outside_stays_code_in_markdown() -> None:
    hostile = report(
        (f"{LISTING}/parameters/6", {**NEW_PARAMETER, "name": HOSTILE}),
        (f"{LISTING}/responses/{HOSTILE.replace('/', '~1')}", {"description": HOSTILE}),
        (f"{LISTING}/summary", HOSTILE),
        (f"{ROW}/properties/{HOSTILE.replace('/', '~1')}", {"type": HOSTILE}),
    )

    text = as_markdown(hostile)

    assert len(hostile.differences) == 4
    outside = re.sub(r"`[^`\n]*`", "", text)
    assert not re.search(r"[<|\[\x1b`]|evil", outside)
    assert not re.search(r"^# ", text, re.MULTILINE)


def test_a_terminal_of_80_columns_shows_it_all() -> None:
    out = io.StringIO()

    as_text(report((f"{LISTING}/parameters/1", GONE)), Console(file=out, width=80))

    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    squeezed = re.sub(r"[\s│]+", "", text)
    assert f"{LISTING}/parameters/1" in squeezed
    assert "request-parameter-removed" in squeezed
    assert "from0.1.0to0.2.0" in squeezed


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("1", False)])
def test_colour_is_left_out_where_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch, no_color: str | None, coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard")

    as_text(report((f"{LISTING}/responses/200", GONE)), console)

    assert bool(re.search(r"\x1b\[[0-9;]*31m", out.getvalue())) is coloured


def test_of_many_operations_only_the_number_is_told() -> None:
    names = tuple(f"operation_{number}" for number in range(120))
    many = dataclasses.replace(rule("x-server-changed"), operations=names)
    shown = Report("a", "b", [many], None, None)
    out = io.StringIO()

    as_text(shown, Console(file=out, width=80))

    assert "120 operations" in as_markdown(shown)
    assert "120 operations" in out.getvalue()
    assert json.loads(as_json(shown))["differences"][0]["operations"] == list(names)


def test_json_leaves_out_what_a_side_does_not_have() -> None:
    data = json.loads(as_json(report((f"{LISTING}/parameters/1", GONE))))

    (only,) = data["differences"]
    assert only.keys() >= {"id", "level", "operation", "pointer", "before", "meaning", "step"}
    assert "after" not in only
    assert only["operation"] == "influencer_products_analytics"
    assert data["python"] is None
    assert (data["breaking"], data["step"]) == (True, "minor")
    assert data["version"] == {"last": "0.1.0", "next": "0.2.0"}


# The script


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    command = ["git", "-C", folder, *identity, *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def regenerated(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose last commit is this client; then a parameter was renamed in the pages."""
    project = tmp_path_factory.mktemp("renamed") / "project"
    shutil.copytree(pristine, project, symlinks=True)
    shutil.copy(ROOT / "pyproject.toml", project)
    git(project, "init", "--quiet")
    git(project, "add", "generated", "openapi", "pyproject.toml")
    git(project, "commit", "--quiet", "--message", "Before", "--no-gpg-sign")
    overlay = project / "openapi/tiktok.overlay.yaml"
    action = (
        "  - target: $.paths[*].get.parameters[?@.name=='category_id']\n"
        "    x-published: {name: category_id}\n    update: {name: product_category_id}\n"
    )
    overlay.write_text(overlay.read_text("utf-8") + action, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.commands.regenerate.verify", lambda files, runtime: None)
        done = run_script(project, "regenerate.py")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def test_by_default_the_last_commit_is_compared_with_the_working_tree(regenerated: Path) -> None:
    done = run_script(regenerated, "diff.py", "--format", "json", "--fail-on", "ERR")

    assert done.returncode == 1, done.stderr
    data = json.loads(done.stdout)
    assert (data["old"], data["new"]) == ("HEAD", "the working tree")
    ids = [difference["id"] for difference in data["differences"]]
    assert ids == ["x-request-parameter-renamed", "x-identity-changed", "x-filters-changed"]
    # The filter of that column is not known by the new name, which the page does not tell.
    gone = [line for line in data["python"]["breaking"] if "(category_id)" in line]
    method = "api.influencer.InfluencerResource.products_analytics"
    assert f"{method}(category_id): parameter was removed" in gone
    assert len(gone) == len(set(gone)) == 3  # the method, its iterator, and what lies below both
    assert any("(product_category_id)" in name for name in data["python"]["added"])
    assert data["version"]["next"] == next_version(data["version"]["last"], Step.MINOR)
    assert data["changelog"].startswith("- **Breaking:** The argument `category_id`")


def test_the_same_is_said_as_markdown_and_on_a_pipe_without_colour(regenerated: Path) -> None:
    markdown = run_script(regenerated, "diff.py", "HEAD", regenerated, "--format", "markdown")
    text = run_script(regenerated, "diff.py", "HEAD")

    assert (markdown.returncode, text.returncode) == (0, 0), markdown.stderr + text.stderr
    assert markdown.stdout.startswith("### What changed: 1 ERR, 1 WARN, 1 INFO\n")
    assert "- `api.influencer.InfluencerResource.products_analytics(category_id)" in markdown.stdout
    assert "\x1b" not in text.stdout
    assert "x-request-parameter-renamed" in text.stdout


def test_two_specifications_are_compared_without_their_packages(
    pristine: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new.json"
    spec = json.loads((pristine / "generated/keyapi_tiktok/openapi.json").read_text("utf-8"))
    new.write_text(json.dumps(edited(spec, ("#/info/title", "Other"))))

    passed = run_script(pristine, "diff.py", pristine, new, "--fail-on", "WARN")
    failed = run_script(pristine, "diff.py", pristine, new, "--fail-on", "INFO")

    assert (passed.returncode, failed.returncode) == (0, 1)
    assert "were not compared" in passed.stdout


def test_what_cannot_be_used_ends_in_one_line_and_exit_code_2(project: Path) -> None:
    done = run_script(project, "diff.py", project / "bad.json")

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "bad.json: there is no such file, folder or revision. Give the path" in line


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"paths": {}, "a": ' + "[" * 900 + "]" * 900 + "}", "nested deeper than 200 levels"),
        ("[]", "not a JSON object"),
        ('{"openapi": "3.0.3"}', "there are no paths"),
        ('{"paths": {"/a": {"get": {"parameters": {}}}}}', "`parameters` is an object"),
    ],
)
def test_what_is_no_effective_specification_is_refused(
    tmp_path: Path, content: str, problem: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)

    with pytest.raises(PipelineError) as refused, open_revision(ROOT, str(path), None):
        pass

    assert "bad.json" in str(refused.value)
    assert problem in str(refused.value)
    assert refused.value.remedy.startswith("Give ")


def test_a_folder_or_revision_without_a_client_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "Empty", "--no-gpg-sign")

    for given in (str(tmp_path), "HEAD", "--end", "HEAD:openapi", "no such thing", None):
        with (
            pytest.raises(PipelineError, match="Give the path"),
            open_revision(tmp_path, given, None),
        ):
            pass


@pytest.mark.slow
def test_every_meaning_can_be_said() -> None:
    """A rule that names a word which its place does not know would end in a traceback."""
    said = {
        difference.id: difference.meaning
        for spec in SPECS.values()
        for mutant in mutants(spec)
        for difference in (*differences(spec, mutant.spec), *differences(mutant.spec, spec))
    }

    assert len(said) > 60
    assert said.keys() <= RULES.keys()
    # Values are written as code already; to mark them once more would end it.
    assert [meaning for meaning in said.values() if "``" in meaning] == []
