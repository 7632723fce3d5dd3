"""The rule that writes down what was understood of an operation, once, as `x-keyapi`.

Templates, runtime, sandbox, command line and contract suite read it; no other module infers it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from keyapi._facts import EXTENSION, NEXT, OperationFacts, Sort, descending, enum_members
from pipeline.shape.draft import Draft, Operation, Schema, resource_rows
from pipeline.shape.echoes import Shown
from pipeline.shape.identity import identity
from pipeline.shape.paging import find_paging, find_rows, paging_names
from pipeline.shape.places import Path

_IDS = re.compile(r"(\w*?)(_?[iI][dD])(?:s|_list|List)")
_SCALARS = ("string", "integer", "number")


def write_facts(draft: Draft) -> None:
    """Write `x-keyapi` on each operation: what it costs, and what arguments and rows mean.

    Facts that an overlay declares there win over what is inferred here.
    """
    for operation in draft.operations():
        declared = operation.node.get(EXTENSION, {})
        try:
            understood = _understood(draft, operation, OperationFacts.from_document(declared))
            facts = OperationFacts.from_document(understood.to_document(declared))
            facts = replace(facts, identity=_identity(operation, facts))
            operation.node[EXTENSION] = facts.to_document(declared)
        except (AttributeError, KeyError, TypeError) as error:
            raise operation.refused(
                f"the declared facts cannot be read: {type(error).__name__}: {error}",
                EXTENSION,
                remedy="Correct the overlay action that declares them.",
            ) from None
        if facts.items:
            _promise_list(operation, facts)
        if facts.paging and facts.paging.next:
            _promise_no_next(operation, facts.paging.next, facts.items or ())
        if facts.paging and facts.paging.says == NEXT:
            _promise_no_next(operation, facts.paging.more, facts.items or ())
        if facts.paging and facts.paging.first == "":
            _allow_empty(operation, facts.paging.position)


def _promise_list(operation: Operation, facts: OperationFacts) -> None:
    """Require the list of rows: clients must tell the end of the rows from a broken answer.

    Evidence: a short or empty page ends the list; an error read as an empty page has been, again
    and again, how partial data came to be stored as complete. Lists that are null at the end have
    been seen where a flag says whether more follows.
    """
    schema = (operation.success() or {})["schema"]
    for key in facts.items or ():
        required = {key, *schema.get("required", [])}
        schema["required"] = [name for name in schema["properties"] if name in required]
        schema = schema["properties"][key]
    if facts.paging and facts.paging.more:
        schema["nullable"] = True


def _promise_no_next(operation: Operation, following: Path, items: Path) -> None:
    """Promise no next cursor: the last page has none, whatever the example of another page shows.

    Evidence: `nextPageToken` is left out or null on the last page, and so is the object around it.
    """
    schema = (operation.success() or {})["schema"]
    for number, key in enumerate(following):
        if following[: number + 1] != items[: number + 1]:
            schema["required"] = [name for name in schema.get("required", []) if name != key]
            if not schema["required"]:
                del schema["required"]
            schema["properties"][key].setdefault("nullable", True)
        schema = schema["properties"][key]


def _allow_empty(operation: Operation, name: str) -> None:
    """Say that an argument may be empty: a cursor that must be sent asks for the first page so."""
    for _, parameter, _ in operation.parameters():
        if parameter["name"] == name and parameter["in"] == "query":
            parameter["allowEmptyValue"] = True


def _understood(draft: Draft, operation: Operation, declared: OperationFacts) -> OperationFacts:
    names = paging_names(operation)
    items = declared.items or find_rows(draft, operation, names)
    arguments = _arguments(operation)
    row = (resource_rows(operation.success(), items) or {}).get("properties", {})
    sort = _sort(draft, operation, arguments, row)
    special = {names.page, names.size, names.cursor, *(sort or ())}
    shared = {
        name: required
        for name, (_, required) in arguments.items()
        if name in row and name not in special
    }
    shown = Shown(operation, items)
    filters = {
        name: name
        for name, required in shared.items()
        if not required and shown.is_filter(name, arguments[name][0])
    }
    echoes = [
        name
        for name, required in shared.items()
        if required and shown.is_echo(name, arguments[name][0], row[name])
    ]
    ids = _ids(arguments, row, {*special, *shared})
    if operation.credits is None and declared.credits is None:
        draft.note(
            operation,
            "the page's header names no cost of a request; declare it in the "
            "overlay as x-keyapi.credits (1 is assumed until then)",
        )
    return OperationFacts(
        operation.credits,
        items,
        find_paging(draft, operation, names, items, arguments),
        sort,
        filters,
        echoes,
        ids,
    )


def _identity(operation: Operation, facts: OperationFacts) -> str | None:
    row = resource_rows(operation.success(), facts.items) or {}
    repeated = {*facts.echoes, *facts.filters.values(), *facts.ids.values()}
    return identity(operation.path, row.get("properties", {}), repeated)


def _ids(
    arguments: dict[str, tuple[Schema, bool]], row: dict[str, Schema], apart: set[str | None]
) -> dict[str, str]:
    """Lists of ids that choose the rows, with the property of a row that is one of them.

    Evidence: details are asked for by `video_ids`, "separated by English commas", and each row has
    its `video_id`.
    """
    found = {}
    for name, (schema, _) in arguments.items():
        match = _IDS.fullmatch(name)
        if match and schema.get("type") == "array" and name not in apart:
            singular = [f"{match[1]}{match[2]}", match[2].lstrip("_").lower()]
            prop = next((each for each in singular if each in row), None)
            if prop is not None and row[prop].get("type") in _SCALARS:
                found[name] = prop
    return found


def _arguments(operation: Operation) -> dict[str, tuple[Schema, bool]]:
    """Schema and requiredness of each argument, by wire name."""
    found = {
        parameter["name"]: (schema, bool(parameter.get("required")))
        for _, parameter, schema in operation.parameters()
    }
    body = operation.body_schema() or {}
    for name, schema in body.get("properties", {}).items():
        found.setdefault(name, (schema, name in body.get("required", [])))
    return found


def _sort(
    draft: Draft,
    operation: Operation,
    arguments: dict[str, tuple[Schema, bool]],
    row: dict[str, Schema],
) -> Sort | None:
    """The enum whose members are columns of the row, and the enum of directions."""
    column = direction = None
    for name, (schema, _) in arguments.items():
        members = enum_members(schema)
        orders = set(map(descending, members))
        if {False, True} <= orders or (members and None not in orders):
            direction = direction or name
        elif members and members.keys() <= row.keys():
            column = column or name
        elif "sort" in name.lower() and members.keys() & row.keys():
            draft.note(
                operation,
                f"{name!r} seems to choose a sort column, but not all of its members are columns "
                "of the row",
            )
    return Sort(column, direction) if column else None
