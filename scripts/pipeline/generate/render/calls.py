"""Resource methods: what the templates write about each operation."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from openapi_python_client.parser.openapi import Endpoint

from keyapi._facts import PAGE, SIZE, OperationFacts
from keyapi._json import pointer
from keyapi._openapi import NO_CONTENT, delimiter, is_secured, is_success
from pipeline.errors import PipelineError
from pipeline.generate.render.annotations import Annotation, annotation, is_nullable
from pipeline.generate.render.arguments import (
    Argument,
    annotated_classes,
    arguments_of,
    mapping,
    paging_literal,
    position_type,
    walk_arguments,
    wire_names,
)
from pipeline.generate.render.docstrings import docstring, sentence
from pipeline.generate.render.types import Types
from pipeline.shape.identifiers import method_name


@dataclass(frozen=True)
class Row:
    """One row of the table of methods.

    Attributes:
        method: Python name of the method.
        kind: What it returns, as for `Call`; or "iterate".
        wire: Names in the request by argument, as a Python literal.
    """

    method: str
    kind: str
    wire: str


@dataclass(frozen=True)
class Call:
    """One resource method, and the operation beneath it.

    Attributes:
        method: Python name of the method.
        constant: Name of the module's constant that holds the operation's facts.
        kind: What it returns: a "page", "one" object, "many" objects, or other "data".
        model: Class of the object, of the rows, or of the objects in other data; or empty.
        facts: Arguments of the `Operation`, as Python literals.
        arguments: Arguments of the method.
        walk_arguments: Arguments of the iterating method.
        imports: Classes the annotations name.
        position_type: Python type of a page's number or cursor; empty where it has no pages.
        list_type: How the annotations name the built-in list.
        data_type: Python type of other data.
        nullable: Whether the object, or the list of objects, may be None.
        row_type: Python type of a row.
    """

    method: str
    constant: str
    kind: str
    model: str
    facts: dict[str, str]
    arguments: list[Argument]
    walk_arguments: list[Argument]
    imports: set[str]
    _summary: str
    _node: dict[str, Any]
    _endpoint: tuple[str, str]
    position_type: str = ""
    list_type: str = "list"
    data_type: str = "Any"
    nullable: bool = False
    row_type: str = ""

    @property
    def sequences(self) -> bool:
        """Whether an argument is a sequence."""
        return any(argument.type.startswith("_Sequence[") for argument in self.arguments)

    @property
    def source(self) -> str:
        """HTTP method and path."""
        path, method = self._endpoint
        return f"{method.upper()} {path}"

    @property
    def pointer(self) -> str:
        """Where the effective specification describes the operation."""
        return pointer("paths", *self._endpoint)

    @property
    def returns(self) -> str:
        """Python type of what the method returns."""
        or_none = " | None" if self.nullable else ""
        return {
            "page": f"Page[{self.row_type}, {self.position_type}]",
            "one": f"{self.model}{or_none}",
            "many": f"{self.list_type}[{self.row_type}]{or_none}",
            "data": self.data_type,
        }[self.kind]

    @property
    def annotated(self) -> str:
        """The annotation of the constant, where its arguments do not say its type; with ": "."""
        if not self._has_null_rows:
            return ""
        of = f"{self.row_type}, {self.position_type}" if self.kind == "page" else self.row_type
        return f": {'PagedOperation' if self.kind == 'page' else 'Operation'}[{of}]"

    @property
    def _has_null_rows(self) -> bool:
        return self.row_type not in ("", self.model)

    def naming_in_full(self, builtin: str) -> Call:
        """This call with a built-in type named so that a method of that name cannot hide it."""
        full = f"builtins.{builtin}"

        def renamed_type(annotation: str) -> str:
            return re.sub(rf"(?<!\.)\b{builtin}\b", full, annotation)

        def renamed(arguments: list[Argument]) -> list[Argument]:
            return [replace(a, type=renamed_type(a.type)) for a in arguments]

        return replace(
            self,
            arguments=renamed(self.arguments),
            walk_arguments=renamed(self.walk_arguments),
            position_type=renamed_type(self.position_type),
            data_type=renamed_type(self.data_type),
            list_type=full if builtin == "list" else self.list_type,
        )

    @property
    def sent(self) -> str:
        """The mapping that the method hands to the runtime."""
        return mapping(self.arguments)

    @property
    def walk_sent(self) -> str:
        """The mapping that the iterating method hands to the runtime."""
        return mapping([argument for argument in self.walk_arguments if argument.key])

    @property
    def rows(self) -> list[Row]:
        """What the table of methods says of the method, and of the iterating method."""
        rows = [Row(self.method, self.kind, wire_names(self.arguments))]
        if self.walk_arguments:
            rows.append(Row(f"iter_{self.method}", "iterate", wire_names(self.walk_arguments)))
        return rows

    def doc(self, indent: int, *, walk: bool = False) -> str:
        """The docstring of the method, or of the iterating method."""
        credits_each = OperationFacts.of(self._node).cost
        cost = f"{credits_each} credit{'s' if credits_each != 1 else ''}"
        lines = [sentence(self._summary)]
        if walk:
            lines += [
                "",
                f"Walks page after page, fetching each when it is needed; every page costs {cost}.",
            ]
        row = f"`{self.model}`{', or None where a row is null' if self._has_null_rows else ''}"
        if description := self._node.get("description"):
            lines += ["", description]
        if not walk:
            lines += ["", f"One request, {cost}."]
        arguments = self.walk_arguments if walk else self.arguments
        if arguments:
            lines += ["", "Args:"]
            lines += [f"    {argument.name}: {argument.doc}".rstrip(": ") for argument in arguments]
        returns = {
            "page": f"The page, a sequence of {row}.",
            "one": f"The `{self.model}`{'; None where there is none' if self.nullable else ''}.",
            "many": f"A list of {row}{'; None for null' if self.nullable else ''}.",
            "data": "Nothing." if self.data_type == "None" else "The decoded data.",
        }
        if walk:
            lines += [
                "",
                "Returns:",
                f"    An iterator of {row}; its `pages()` gives whole pages.",
            ]
        else:
            lines += ["", "Returns:", f"    {returns[self.kind]}"]
        lines += [
            "",
            "Raises:",
            "    KeyAPIError: The request failed or was answered with an error.",
        ]
        if walk:
            lines[-1] += " It carries `next_page`, `page_size` and `rows_yielded`, to resume from."
        lines += ["", f"Source: `{self.source}` of the effective specification."]
        return docstring(lines, indent)


def calls(types: Types, endpoints: list[Endpoint]) -> list[Call]:
    """The calls of a resource; annotations name what a method of it shadows in full.

    Raises:
        PipelineError: Two methods of the resource would have the same name.
    """
    calls = [call_of(types, endpoint) for endpoint in endpoints]
    methods = {row.method: call for call in calls for row in call.rows}
    for call in calls:
        for row in call.rows:
            if (other := methods[row.method]) is not call:
                raise PipelineError(
                    f"two methods are called {row.method}: this operation's and one of "
                    f"{other.source}",
                    where="the effective specification",
                    pointer=call.pointer,
                    remedy="Declare another name with an overlay action: x-keyapi: {name: …}.",
                )
    for builtin in ("bool", "dict", "float", "int", "list", "str"):
        if builtin in methods:
            calls = [call.naming_in_full(builtin) for call in calls]
    return calls


def call_of(types: Types, endpoint: Endpoint) -> Call:
    """Everything the resource template writes about an operation."""
    node = types.node(endpoint)
    facts = OperationFacts.of(node)
    kind, result = _result(types, node)
    model = result.model
    paging = facts.paging if kind == "page" else None
    arguments = arguments_of(types, endpoint, node, paging)
    literals = {
        "name": repr(node["operationId"]),
        "method": repr(endpoint.method.upper()),
        "path": repr(types.path(endpoint)),
        "credits": repr(facts.cost),
        "model": f"lambda: _models.{model}" if model else "lambda: dict",
    }
    if kind in ("page", "many"):
        literals["items"] = repr(facts.items)
    if kind == "data" and result.received:
        literals["received"] = f"({', '.join(result.received)},)"
    if kind == "data" and result.maps:
        literals["maps"] = repr(result.maps)
    if result.nullable:
        literals["nullable"] = "True"
    if kind in ("page", "many") and result.text != model:
        literals["null_rows"] = "True"
    if paging is not None:
        literals["paging"] = paging_literal(types, paging, endpoint, arguments)
    bounded = {a.key for a in arguments if paging and a.role in (PAGE, SIZE)}
    if others := {a.key: a.kind for a in arguments if a.key not in bounded}:
        pairs = ", ".join(f"{key!r}: {kind}" for key, kind in others.items())
        literals["arguments"] = f"{{{pairs}}}"
    if required := sorted(a.key for a in arguments if a.required):
        literals["required"] = f"frozenset({required!r})"
    if query := {a.key: a.wire for a in arguments if a.place == "query" and a.key != a.wire}:
        literals["query"] = repr(query)
    for place, fact in (("path", "path_parameters"), ("body", "body")):
        if found := {a.key: a.wire for a in arguments if a.place == place}:
            literals[fact] = repr(found)
    joints = joined(types, endpoint)
    lists = {a.key: joints[a.wire] for a in arguments if a.place == "query" and a.wire in joints}
    if by_comma := sorted(key for key, joint in lists.items() if joint == ","):
        literals["comma_joined"] = f"frozenset({by_comma!r})"
    if delimiters := {key: joint for key, joint in lists.items() if joint != ","}:
        literals["delimiters"] = repr(delimiters)
    if not is_secured(types.spec, node):
        literals["secured"] = "False"
    return Call(
        method=method_name(node["operationId"], node["tags"][0]),
        constant=f"_{node['operationId'].upper()}",
        kind=kind,
        model=model,
        facts=literals,
        arguments=arguments,
        walk_arguments=list(walk_arguments(arguments, paging)) if paging else [],
        position_type=position_type(arguments),
        imports={model, *annotated_classes(types, endpoint)} - {""},
        data_type=result.text,
        nullable=result.nullable,
        row_type=result.text if kind in ("page", "many") else "",
        _summary=str(node.get("summary") or node["operationId"]),
        _node=node,
        _endpoint=(types.path(endpoint), endpoint.method),
    )


def joined(types: Types, endpoint: Endpoint) -> dict[str, str]:
    """What joins the lists that are sent as one value, by wire name."""
    found = {
        parameter["name"]: delimiter(parameter, schema)
        for _, parameter, schema in types.operation(endpoint).parameters()
    }
    return {name: joint for name, joint in found.items() if joint}


def _result(types: Types, node: dict[str, Any]) -> tuple[str, Annotation]:
    """What a call returns, and the type of the object, of the rows, or of other data."""
    facts = OperationFacts.of(node)
    schema = types.success_schema(node)
    if not schema and not any(
        map(is_success, node["responses"].keys() - set(map(str, NO_CONTENT)))
    ):
        return "data", Annotation("None", ("NoneType",))
    if facts.items:
        for key in facts.items:
            schema = types.resolved(schema)["properties"][key]
        row = types.reference(schema["items"])
        kind = "page" if facts.paging else "many"
        # Where a flag says if more follow, it says so of a null list, too.
        nullable = is_nullable(schema) and not (facts.paging and facts.paging.more)
        text = f"{row} | None" if is_nullable(schema["items"]) else row
        return kind, Annotation(text, model=row, nullable=nullable)
    data = types.resolved(schema).get("properties", {}).get("data", {})
    found = annotation(types, data)
    return "one" if found.model and types.reference(data) else "data", found


def has_no_content(node: dict[str, Any]) -> bool:
    """Whether an operation documents no success but those without content."""
    return all(status in map(str, NO_CONTENT) for status in filter(is_success, node["responses"]))
