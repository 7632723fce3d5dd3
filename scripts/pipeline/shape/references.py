"""The rule that writes out references, so that every later rule sees plain trees."""

from __future__ import annotations

from typing import Any

from keyapi._openapi import SCHEMAS, component
from pipeline.document.structure import fields
from pipeline.document.yaml import copied
from pipeline.shape.draft import Draft, Operation

_MAX_INLINED = 50_000
_DEEPEST = 120  # levels below the operation
_SHOWN = 8  # levels of a pointer that leads too deep


def inline_references(draft: Draft) -> None:
    """Put what each `$ref` names in its place, keeping a schema's component name as `x-name`.

    Afterwards every rule sees plain trees, and components nobody refers to are gone. Evidence:
    orphan components, Chinese component names and YAML anchors occur; naming starts afresh below.
    Callbacks and links are left out: what a server sends elsewhere, or may be asked next, is no
    part of a call.
    """
    for operation in draft.operations():
        operation.node.pop("callbacks", None)
        budget = [_MAX_INLINED]
        for key in ("parameters", "requestBody", "responses"):
            if key in operation.node:
                node = operation.node[key]
                operation.node[key] = _inlined(
                    node, draft, operation, (key,), (), budget, names=key == "responses"
                )
        for response in operation.node["responses"].values():
            if isinstance(response, dict):
                response.pop("links", None)
    components = draft.spec.get("components", {})
    draft.spec["components"] = {
        "securitySchemes": components.get("securitySchemes", {}),
        "schemas": {},
    }


def _inlined(
    node: Any,
    draft: Draft,
    operation: Operation,
    at: tuple[str | int, ...],
    inside: tuple[str, ...],
    budget: list[int],
    *,
    names: bool = False,
) -> Any:
    budget[0] -= 1
    if budget[0] < 0:
        raise operation.refused(
            f"its references expand to more than {_MAX_INLINED:,} nodes",
            *at,
            remedy="Cut the nesting with an overlay action.",
        )
    if len(at) > _DEEPEST:
        raise operation.refused(
            f"its references nest it deeper than {_DEEPEST} levels",
            *at[:_SHOWN],
            remedy="Cut the nesting with an overlay action.",
        )
    if isinstance(node, list):
        return [
            _inlined(item, draft, operation, (*at, index), inside, budget)
            for index, item in enumerate(node)
        ]
    if not isinstance(node, dict):
        return node
    if names or not isinstance(node.get("$ref"), str):
        return {
            key: _inlined(value, draft, operation, (*at, key), inside, budget, names=names_below)
            if role in ("named", "part")
            else value
            for key, value, role, names_below in fields(node, names=names)
        }
    reference: str = node["$ref"]
    if reference in inside:
        draft.note(
            operation,
            f"{reference} contains itself; inside, it is any object",
            *at,
        )
        return {"type": "object"}
    try:
        target = component(draft.spec, reference)
    except LookupError:
        raise operation.refused(
            f"the reference {reference} points to nothing",
            *at,
            remedy="Add what it names with an overlay action, or correct the reference.",
        ) from None
    if not isinstance(target, dict):
        raise operation.refused(
            f"the reference {reference} points to a text, number or list, not to an object",
            *at,
            remedy="Correct the reference with an overlay action.",
        )
    found = _inlined(copied(target), draft, operation, at, (*inside, reference), budget)
    if reference.startswith(SCHEMAS) and isinstance(found, dict):
        found.setdefault("x-name", reference.rpartition("/")[2])
    return found
