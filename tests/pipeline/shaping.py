"""Shape pages in one call, and look into the result; every result must hold what all must hold."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator

from keyapi._openapi import METHODS
from pipeline.correct.overlay import apply_overlay
from pipeline.shape import Shaped, shape
from pipeline.vendor.merge import merge
from pipeline.vendor.pages import read_page
from support.overlays import overlay, recorded

PATH = "/v1/tiktok/video/detail"
_OWN = {"x-keyapi", "x-enum-varnames"}


def shaped(*texts: str, corrections: list[dict[str, Any]] | None = None) -> Shaped:
    """Read, merge, correct and shape pages, added one after the other, and check the result."""
    result = unchecked(*texts, corrections=corrections)
    check(result.spec)
    return result


def unchecked(*texts: str, corrections: list[dict[str, Any]] | None = None) -> Shaped:
    """As `shaped`, but whatever comes out is good."""
    lock: dict[str, Any] = {}
    pages = []
    for number, text in enumerate(texts):
        # The later a page is added, the earlier its name.
        pages.append(read_page(text.encode(), f"en/tiktok/{100 - number}.md"))
        vendored = merge(pages, lock, "generator 1.0")
        lock = vendored.lock
    spec = vendored.spec
    if corrections:
        document = overlay(*recorded(spec, corrections))
        spec = apply_overlay(spec, document, "some.overlay.yaml")
    before = copy.deepcopy((spec, lock))
    result = shape(spec, lock)
    assert (spec, lock) == before, "shape changed its input"
    return result


def check(spec: dict[str, Any]) -> None:
    """What every effective specification holds: valid, clean, its examples fitting."""
    invalid = [error.message for error in OpenAPIV30SpecValidator(spec).iter_errors()]
    assert not invalid, invalid
    foreign = set(_extensions(spec)) - _OWN
    assert not foreign, foreign
    for place, schema, example in _examples(spec):
        whole = {"allOf": [schema], "components": spec.get("components", {})}
        errors = [error.message for error in OAS30Validator(whole).iter_errors(example)]
        assert not errors, f"the example of {place}: {errors}"


def _extensions(node: Any, *, names: bool = False) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else ():
        if key.startswith("x-") and not names:
            yield key
        elif names or key not in ("example", "default", "security"):
            yield from _extensions(
                value, names=key in ("properties", "schemas", "securitySchemes") and not names
            )
    for item in node if isinstance(node, list) else ():
        yield from _extensions(item)


def _examples(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    for node in operations(spec).values():
        for parameter in node["parameters"]:
            for holder, key in ((parameter, "example"), (parameter["schema"], "default")):
                if key in holder:
                    yield parameter["name"], parameter["schema"], holder[key]
        for status, answer in node["responses"].items():
            for media in answer.get("content", {}).values():
                if "example" in media:
                    yield status, media["schema"], media["example"]


def operations(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every operation object, by name."""
    return {
        node["operationId"]: node
        for item in spec["paths"].values()
        for method, node in item.items()
        if method in METHODS
    }


def operation(result: Shaped) -> dict[str, Any]:
    """The one operation."""
    (node,) = operations(result.spec).values()
    return node


def facts(result: Shaped) -> dict[str, Any]:
    """What was understood of the one operation."""
    return operation(result)["x-keyapi"]


def schemas(result: Shaped) -> dict[str, dict[str, Any]]:
    """The named schemas."""
    return result.spec["components"].get("schemas", {})


def parameter(result: Shaped, name: str) -> dict[str, Any]:
    """A parameter of the one operation."""
    return next(one for one in operation(result)["parameters"] if one["name"] == name)


def argument(result: Shaped, name: str) -> dict[str, Any]:
    """The schema of a parameter of the one operation, resolved and without its description."""
    schema = resolved(result, parameter(result, name)["schema"])
    return {key: value for key, value in schema.items() if key != "description"}


def data(result: Shaped) -> dict[str, Any]:
    """The schema of the one operation's data, written out; descriptions left out."""
    media = operation(result)["responses"]["200"]["content"]["application/json"]
    return written_out(result, media["schema"])["properties"]["data"]


def resolved(result: Shaped, schema: dict[str, Any]) -> dict[str, Any]:
    """What a schema refers to, or itself."""
    reference = schema.get("$ref")
    return schemas(result)[reference.rpartition("/")[2]] if reference else schema


def written_out(result: Shaped, schema: Any) -> Any:
    """A schema with its references written out, and without descriptions."""
    if isinstance(schema, list):
        return [written_out(result, item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: written_out(result, child) for name, child in value.items()}
        if key == "properties"
        else written_out(result, value)
        for key, value in resolved(result, schema).items()
        if key != "description" or not isinstance(value, str)
    }
