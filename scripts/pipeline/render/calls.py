"""Resource methods: what the templates write about each operation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import ModelProperty, Property

from pipeline.render.docstrings import docstring, sentence
from pipeline.render.types import Types
from pipeline.shape.naming import method_name

# Arguments of the iterating methods.
_ITERATION = ("limit", "max_pages", "start_page")


@dataclass(frozen=True)
class Argument:
    """One argument of a resource method.

    Attributes:
        name: Python name.
        wire: Name under which the runtime is given it; empty for what only steers a walk.
        type: Python type, without None.
        default: Python literal, or None where the argument is required.
        doc: What the page says of it.
    """

    name: str
    wire: str
    type: str
    default: str | None
    doc: str

    @property
    def declaration(self) -> str:
        """How the signature declares it."""
        if self.default is None:
            return f"{self.name}: {self.type}"
        optional = " | None" if self.default == "None" else ""
        return f"{self.name}: {self.type}{optional} = {self.default}"


@dataclass(frozen=True)
class Call:
    """One resource method, and the operation beneath it.

    Attributes:
        method: Python name of the method.
        constant: Name of the module's constant that holds the operation's facts.
        kind: What it returns: "page", "one" object, "many" objects, or undescribed "data".
        model: Class of the object or of the rows; empty for "data".
        facts: Arguments of the `Operation`, as Python literals.
        arguments: Arguments of the method.
        walk_arguments: Arguments of the iterating method.
        imports: Classes the annotations name.
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
    _path: str
    list_type: str = "list"

    @property
    def returns(self) -> str:
        """Python type of what the method returns."""
        return {
            "page": f"Page[{self.model}]",
            "one": self.model,
            "many": f"{self.list_type}[{self.model}]",
            "data": "Any",
        }[self.kind]

    def naming_in_full(self, builtin: str) -> Call:
        """This call with a built-in type named so that a method of that name cannot hide it."""
        full = f"builtins.{builtin}"

        def renamed(arguments: list[Argument]) -> list[Argument]:
            return [
                replace(a, type=re.sub(rf"\b{builtin}\[", f"{full}[", a.type)) for a in arguments
            ]

        return replace(
            self,
            arguments=renamed(self.arguments),
            walk_arguments=renamed(self.walk_arguments),
            list_type=full if builtin == "list" else self.list_type,
        )

    @property
    def sent(self) -> str:
        """The mapping that the method hands to the runtime, by wire name."""
        return _mapping(self.arguments)

    @property
    def walk_sent(self) -> str:
        """The mapping that the iterating method hands to the runtime."""
        return _mapping([argument for argument in self.walk_arguments if argument.wire])

    def doc(self, indent: int, *, walk: bool = False) -> str:
        """The docstring of the method, or of the iterating method."""
        credits_each = self._node["x-keyapi"].get("credits", 1)
        cost = f"{credits_each} credit{'s' if credits_each != 1 else ''}"
        lines = [sentence(self._summary)]
        if walk:
            lines += [
                "",
                f"Walks page after page, fetching each when it is needed; every page costs {cost}.",
            ]
        if description := self._node.get("description"):
            lines += ["", description]
        if not walk:
            lines += ["", f"One request, {cost}."]
        arguments = self.walk_arguments if walk else self.arguments
        if arguments:
            lines += ["", "Args:"]
            lines += [f"    {argument.name}: {argument.doc}".rstrip(": ") for argument in arguments]
        returns = {
            "page": f"The page, a sequence of `{self.model}`.",
            "one": f"The `{self.model}`.",
            "many": f"A list of `{self.model}`.",
            "data": "The decoded data.",
        }
        if walk:
            lines += [
                "",
                "Returns:",
                f"    An iterator of `{self.model}`; its `pages()` gives whole pages.",
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
        lines += ["", f"Source: `{self._path}` of the effective specification."]
        return docstring(lines, indent)


def calls(types: Types, endpoints: list[Endpoint]) -> list[Call]:
    """The calls of a resource; annotations name what a method of it shadows in full."""
    calls = [_call(types, endpoint) for endpoint in endpoints]
    for builtin in ("list", "dict"):
        if any(call.method == builtin for call in calls):
            calls = [call.naming_in_full(builtin) for call in calls]
    return calls


def _call(types: Types, endpoint: Endpoint) -> Call:
    """Everything the resource template writes about an operation."""
    node = types.node(endpoint)
    facts = node["x-keyapi"]
    kind, model = _result(types, node)
    arguments = list(_arguments(types, endpoint, node, kind))
    literals = {
        "name": repr(node["operationId"]),
        "method": repr(endpoint.method.upper()),
        "path": repr(types.path(endpoint)),
        "credits": repr(facts.get("credits", 1)),
        "model": f"lambda: models.{model}" if model else "lambda: dict",
    }
    if kind in ("page", "many"):
        literals["items"] = repr(tuple(facts["items"].split("/")[1:]))
    if kind == "page":
        literals["paging"] = _paging(facts["paging"], node)
    if path := [parameter.name.get_untrusted_value() for parameter in endpoint.path_parameters]:
        literals["path_parameters"] = f"frozenset({path!r})"
    if lists := joined(types, endpoint):
        literals["comma_joined"] = f"frozenset({lists!r})"
    if body := dict(_body(endpoint)):
        literals["body"] = repr(body)
    return Call(
        method=method_name(node["operationId"], node["tags"][0]),
        constant=f"_{node['operationId'].upper()}",
        kind=kind,
        model=model,
        facts=literals,
        arguments=arguments,
        walk_arguments=list(_walk_arguments(arguments, facts)) if kind == "page" else [],
        imports={model, *_annotated(endpoint)} - {""},
        _summary=str(node.get("summary") or node["operationId"]),
        _node=node,
        _path=f"{endpoint.method.upper()} {types.path(endpoint)}",
    )


def joined(types: Types, endpoint: Endpoint) -> list[str]:
    """Wire names whose lists are sent as one comma-joined value."""
    return [
        parameter["name"]
        for parameter in types.node(endpoint).get("parameters", [])
        if parameter["schema"].get("type") == "array" and parameter.get("explode") is False
    ]


def _result(types: Types, node: dict[str, Any]) -> tuple[str, str]:
    """What a call returns, and the class of the object or the rows."""
    facts = node["x-keyapi"]
    schema = types.success_schema(node)
    data = types.resolved(schema).get("properties", {}).get("data", {})
    if "items" in facts:
        row = schema
        for key in facts["items"].split("/")[1:]:
            row = types.resolved(row)["properties"][key]
        return ("page" if "paging" in facts else "many"), types.reference(row["items"])
    if model := types.reference(data):
        return "one", model
    return "data", ""


def _arguments(
    types: Types, endpoint: Endpoint, node: dict[str, Any], kind: str
) -> Iterator[Argument]:
    """Arguments, required ones first."""
    docs = {p["name"]: p.get("description", "") for p in node.get("parameters", [])}
    paging = node["x-keyapi"].get("paging", {}) if kind == "page" else {}
    roles = {paging.get("page"): "page_num", paging.get("size"): "page_size"}
    roles.pop(None, None)
    found: list[tuple[str, str, Property, str | None]] = [
        (prop.name.get_untrusted_value(), str(prop.python_name), prop, None)
        for _, prop in endpoint.iter_all_parameters()
    ]
    properties = {prop.name.get_untrusted_value(): prop for prop in _body_properties(endpoint)}
    body_schema: dict[str, Any] = {}
    if properties:
        body_schema = types.resolved(node["requestBody"]["content"]["application/json"]["schema"])[
            "properties"
        ]
    for wire, name in _body(endpoint):
        found.append((wire, str(properties[name].python_name), properties[name], name))
    taken = {"self"}
    arguments = []
    for wire, python_name, prop, body_name in found:
        role = roles.get(body_name or wire)
        name = role or (f"{python_name}_body" if body_name not in (None, wire) else python_name)
        while name in taken or (kind == "page" and name in _ITERATION):
            name += "_"
        taken.add(name)
        default = None if prop.required else "None"
        if role == "page_num":
            default = "1"
        elif role == "page_size" and "max" in paging:
            default = repr(paging["max"])
        doc = docs.get(wire, "") if body_name is None else types.description(body_schema[body_name])
        arguments.append(Argument(name, wire, types.python_type(prop), default, sentence(doc)))
    yield from sorted(arguments, key=lambda argument: argument.default is not None)


def _walk_arguments(arguments: list[Argument], facts: dict[str, Any]) -> Iterator[Argument]:
    paging = facts["paging"]
    position = paging.get("page") or paging["cursor"]
    for argument in arguments:
        if argument.wire != position:
            yield argument
    if paging["kind"] == "page":
        start = Argument("start_page", position, "int", "1", "Page to start at, from 1.")
    else:
        kind = next(a.type for a in arguments if a.wire == position)
        start = Argument(
            "start_page",
            position,
            kind,
            "None",
            "Cursor to start at, as an earlier answer or error gave it.",
        )
    yield start
    yield Argument("limit", "", "int", "None", "Rows to yield at most; None for all.")
    yield Argument("max_pages", "", "int", "None", "Pages to fetch at most; None for all.")


def _body(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    """Argument key and property name of each property of the JSON body."""
    query = {prop.name.get_untrusted_value() for _, prop in endpoint.iter_all_parameters()}
    for prop in _body_properties(endpoint):
        name = prop.name.get_untrusted_value()
        yield (f"{name}_body" if name in query else name), name


def _paging(paging: dict[str, Any], node: dict[str, Any]) -> str:
    size = f", size={paging['size']!r}" if "size" in paging else ""
    if paging["kind"] == "cursor":
        following = tuple(paging["next"].split("/")[1:])
        return f"Cursor(parameter={paging['cursor']!r}, next={following!r}{size})"
    last = next(
        (p["schema"].get("maximum") for p in node["parameters"] if p["name"] == paging["page"]),
        None,
    )
    bound = f", last={last!r}" if last else ""
    return f"PageNumbers(parameter={paging['page']!r}{size}{bound})"


def _annotated(endpoint: Endpoint) -> Iterator[str]:
    """Classes that the arguments' annotations name."""
    props = [prop for _, prop in endpoint.iter_all_parameters()]
    for prop in [*props, *_body_properties(endpoint)]:
        for line in prop.get_imports(prefix="") | prop.get_lazy_imports(prefix=""):
            module, _, name = line.removeprefix("from ").partition(" import ")
            if module.startswith("models."):
                yield name


def _body_properties(endpoint: Endpoint) -> list[Property]:
    if not endpoint.bodies:
        return []
    prop = endpoint.bodies[0].prop
    if not isinstance(prop, ModelProperty):
        return []
    return [*(prop.required_properties or []), *(prop.optional_properties or [])]


def _mapping(arguments: list[Argument]) -> str:
    pairs = (f"{argument.wire!r}: {argument.name}" for argument in arguments)
    return "{" + ", ".join(pairs) + "}"
