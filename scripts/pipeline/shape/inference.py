"""The rule that writes down what was understood of an operation, once, as `x-keyapi`.

Templates, runtime, sandbox, command line and contract suite read it; no other module infers it.
"""

from __future__ import annotations

from typing import Any

from pipeline.shape.draft import (
    Draft,
    Operation,
    Schema,
    body_schema,
    parameters,
    resource_rows,
    success,
)
from pipeline.shape.paging import PagingNames, paging_names

# Evidence: `offset` goes in, `max_cursor` or `min_time` comes out.
_NEXT_CURSOR = (
    "next_cursor",
    "max_cursor",
    "min_time",
    "cursor",
    "next_offset",
    "offset",
    "next_page_token",
)
_DIRECTIONS = {"asc", "desc", "ascending", "descending"}


def write_facts(draft: Draft) -> None:
    """Write `x-keyapi` on each operation: credits, items, paging, sort, filters, echoes.

    Facts that an overlay declares there win over what is inferred here.
    """
    for operation in draft.operations():
        declared = operation.node.get("x-keyapi", {})
        facts = {**_understood(draft, operation, declared), **declared}
        operation.node["x-keyapi"] = {
            key: value for key, value in facts.items() if value or (key == "credits" and value == 0)
        }
        if facts["items"]:
            _promise_list(operation, facts["items"])


def _promise_list(operation: Operation, items: str) -> None:
    """Require the list of rows: clients must tell the end of the rows from a broken answer.

    Evidence: a short or empty page ends the list; an error read as an empty page has been, again
    and again, how partial data came to be stored as complete.
    """
    schema = (success(operation) or {})["schema"]
    for key in items.split("/")[1:]:
        required = {key, *schema.get("required", [])}
        schema["required"] = [name for name in schema["properties"] if name in required]
        schema = schema["properties"][key]


def _understood(draft: Draft, operation: Operation, declared: dict[str, Any]) -> dict[str, Any]:
    names = paging_names(operation)
    items = declared.get("items") or _items(draft, operation, names)
    arguments = _arguments(operation)
    row = (resource_rows(success(operation), items) or {}).get("properties", {})
    sort = _sort(draft, operation, arguments, row)
    special = {names.page, names.size, names.cursor, *(sort or {}).values()}
    shared = {
        name: required
        for name, (_, required) in arguments.items()
        if name in row and name not in special
    }
    if operation.credits is None and "credits" not in declared:
        draft.note(
            operation,
            "the page does not say what a request costs; declare it in the "
            "overlay as x-keyapi.credits (1 is assumed until then)",
        )
    return {
        "credits": operation.credits,
        "items": items,
        "paging": _paging(draft, operation, names, items, arguments),
        "sort": sort,
        "filters": {name: name for name, required in shared.items() if not required},
        "echoes": [name for name, required in shared.items() if required],
    }


def _arguments(operation: Operation) -> dict[str, tuple[Schema, bool]]:
    """Schema and requiredness of each argument, by wire name."""
    found = {
        parameter["name"]: (schema, bool(parameter.get("required")))
        for _, parameter, schema in parameters(operation)
    }
    body = body_schema(operation) or {}
    for name, schema in body.get("properties", {}).items():
        found.setdefault(name, (schema, name in body.get("required", [])))
    return found


def _items(draft: Draft, operation: Operation, names: PagingNames) -> str | None:
    """Pointer to the list of rows: the data itself, or the one list of objects in it."""
    data = ((success(operation) or {}).get("schema") or {}).get("properties", {}).get("data", {})
    if _is_rows(data):
        return "/data"
    lists = [name for name, child in data.get("properties", {}).items() if _is_rows(child)]
    if (names.page or names.cursor) and len(lists) == 1:
        return f"/data/{lists[0]}"
    if names.page or names.cursor:
        found = f"{len(lists)} lists of objects" if lists else "no list of objects"
        draft.note(
            operation,
            f"it takes a page or cursor, but its data has {found}; it becomes a call without pages",
            "responses",
        )
    return None


def _is_rows(schema: Schema) -> bool:
    items = schema.get("items", {}) if schema.get("type") == "array" else {}
    return items.get("type") == "object" and bool(items.get("properties"))


def _paging(
    draft: Draft,
    operation: Operation,
    names: PagingNames,
    items: str | None,
    arguments: dict[str, tuple[Schema, bool]],
) -> dict[str, Any] | None:
    if items is None:
        return None
    size = {"size": names.size} if names.size else {}
    if names.size and "maximum" in arguments[names.size][0]:
        size["max"] = arguments[names.size][0]["maximum"]
    if names.page:
        return {"kind": "page", "page": names.page, **size}
    if names.cursor:
        media = success(operation) or {}
        data = media["schema"]["properties"]["data"].get("properties", {})
        following = next((name for name in _NEXT_CURSOR if name in data), None)
        if following:
            return {"kind": "cursor", "cursor": names.cursor, "next": f"/data/{following}", **size}
        draft.note(
            operation,
            f"it takes the cursor {names.cursor!r}, but its answer names no "
            "next one; it becomes a call without pages",
            "responses",
        )
    return None


def _sort(
    draft: Draft,
    operation: Operation,
    arguments: dict[str, tuple[Schema, bool]],
    row: dict[str, Schema],
) -> dict[str, str] | None:
    """The enum whose members are columns of the row, and the enum of directions."""
    found: dict[str, str] = {}
    for name, (schema, _) in arguments.items():
        members = [
            str(member) for member in schema.get("x-enum-varnames") or schema.get("enum", [])
        ]
        if members and {member.lower() for member in members} <= _DIRECTIONS:
            found.setdefault("direction", name)
        elif members and set(members) <= row.keys():
            found.setdefault("field", name)
        elif members and "sort" in name.lower() and row:
            draft.note(
                operation,
                f"{name!r} seems to choose a column to sort by, but its members "
                "are no columns of the row",
            )
    return dict(sorted(found.items(), reverse=True)) if "field" in found else None
