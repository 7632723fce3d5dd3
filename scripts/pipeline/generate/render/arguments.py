"""The arguments of resource methods: their names, types and defaults, and what each is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import ModelProperty, Property

from keyapi._facts import CURSOR, FIRST_PAGE, MORE, PAGE, SIZE, Paging
from keyapi._openapi import OperationNode
from pipeline.generate.render.docstrings import sentence
from pipeline.generate.render.kinds import is_enum, kind, names, parameter_type
from pipeline.generate.render.types import Types

# Arguments of the iterating methods.
_ITERATION = ("limit", "max_pages", "start_page")


@dataclass(frozen=True)
class Argument:
    """One argument of a resource method.

    Attributes:
        name: Python name.
        key: Name under which the runtime is given it; empty for what only steers a walk.
        wire: Its name in the request.
        place: Where it stands there: "query", "path" or "body".
        type: Python type, without None.
        default: Python literal, or None where the argument is required.
        required: Whether the specification requires it; it may have a default all the same.
        kind: What the runtime takes for it, as Python code.
        doc: What the page says of it.
        role: What it is for in a walk: "page", "size", "cursor" or nothing.
    """

    name: str
    key: str
    wire: str
    place: str
    type: str
    default: str | None
    required: bool
    kind: str
    doc: str
    role: str = ""

    @property
    def declaration(self) -> str:
        """How the signature declares it."""
        if self.default is None:
            return f"{self.name}: {self.type}"
        optional = " | None" if self.default == "None" else ""
        return f"{self.name}: {self.type}{optional} = {self.default}"


def arguments_of(
    types: Types, endpoint: Endpoint, node: dict[str, Any], paging: Paging | None
) -> list[Argument]:
    """Arguments, required ones first."""
    said = {p["name"]: p.get("description", "") for p in node.get("parameters", [])}
    found = [
        (place.value, prop, said.get(_wire(prop), ""))
        for place, prop in endpoint.iter_all_parameters()
    ]
    if properties := _body_properties(endpoint):
        schemas = types.resolved(types.operation(endpoint).body_schema() or {})["properties"]
        found += [("body", p, types.description(schemas[_wire(p)])) for p in properties]
    roles = dict(paging.roles) if paging else {}
    classes = {*annotated_classes(types, endpoint)}
    taken = {"self", *(_ITERATION if paging else ())}
    arguments = []
    wires = [_wire(prop) for _, prop, _ in found]
    for place, prop, doc in found:
        wire, name = _wire(prop), _python_name(prop, place, wires)
        role = roles.pop(wire, "")
        default = None if prop.required else "None"
        if role == PAGE:
            name = "page_num"
        if role in (PAGE, CURSOR) and paging and paging.start is not None:
            default = repr(paging.start)
        if role == SIZE:
            name = "page_size"
            default = repr(paging.largest) if paging and paging.largest is not None else default
        if name in taken and place == "body":
            name = f"{name}_body"
        while name in taken:
            name += "_"
        taken.add(name)
        annotation = types.python_type(prop)
        taken_as = kind(
            types, annotation, classes, in_body=place == "body", may_be_empty=default == "''"
        )
        annotation = parameter_type(types, annotation)
        arguments.append(
            Argument(
                name=name,
                key=name,
                wire=wire,
                place=place,
                type=annotation,
                default=default,
                required=prop.required,
                kind=taken_as,
                doc=sentence(doc),
                role=role,
            )
        )
    return sorted(arguments, key=lambda argument: argument.default is not None)


def _python_name(prop: Property, place: str, wires: list[str]) -> str:
    """Its name in Python, without the suffix that keeps it from a variable of low-level functions.

    Where several arguments have one name in the request, the suffix tells them apart.
    """
    name = str(prop.python_name)
    plain = name.removesuffix(f"_{place}")
    return plain if plain == _wire(prop).lower() and wires.count(_wire(prop)) == 1 else name


def walk_arguments(arguments: list[Argument], paging: Paging) -> Iterator[Argument]:
    """The arguments of the iterating method, by those of the method and how it pages."""
    yield from (argument for argument in arguments if argument.role != paging.kind)
    position = next(argument for argument in arguments if argument.role == paging.kind)
    if paging.kind == PAGE:
        doc = f"Page to start at, from {paging.start}."
    else:
        doc = "Cursor to start at, as an earlier page or error gave it."
    yield replace(position, name="start_page", doc=doc)
    for name, doc in (("limit", "Rows to yield"), ("max_pages", "Pages to fetch")):
        text = f"{doc} at most; None for all."
        yield Argument(name, "", "", "", "int", "None", required=False, kind="", doc=text)


def paging_literal(
    types: Types, paging: Paging, endpoint: Endpoint, arguments: list[Argument]
) -> str:
    """The paging of the operation's facts, as a Python literal."""
    by_role = {argument.role: argument for argument in arguments}
    facts = {"parameter": repr(by_role[paging.kind].key)}
    if paging.kind == CURSOR:
        facts.update(next=repr(paging.next), type=position_type(arguments).partition("[")[0])
        if by_role[CURSOR].type == "list[str]":
            facts["items"] = "str"
    elif paging.start != FIRST_PAGE:
        facts["first"] = repr(paging.start)
    if SIZE in by_role:
        facts["size"] = repr(by_role[SIZE].key)
        if paging.largest is not None:
            facts["largest"] = repr(paging.largest)
    if paging.kind == PAGE:
        schema = _page_number(types, types.operation(endpoint), paging.position)
        if last := schema.get("maximum"):
            facts["last"] = repr(last)
    if paging.more:
        facts["more"] = repr(paging.more)
    if paging.says != MORE:
        facts["says"] = repr(paging.says)
    name = "Cursor" if paging.kind == CURSOR else "PageNumbers"
    return f"{name}({', '.join(f'{key}={value}' for key, value in facts.items())})"


def position_type(arguments: list[Argument]) -> str:
    """Python type of a page's number or cursor; empty where the operation has no pages."""
    found = next((a.type for a in arguments if a.role in (PAGE, CURSOR)), "")
    if found.startswith("list["):
        return "list[Any]"
    return "int" if found == "float" else found


def _page_number(types: Types, operation: OperationNode, wire: str) -> dict[str, Any]:
    """The schema of the argument that takes the page number: a parameter, or in the JSON body."""
    for _, parameter, schema in operation.parameters():
        if parameter["name"] == wire:
            return types.resolved(schema)
    body = types.resolved(operation.body_schema() or {})
    return types.resolved(body["properties"][wire])


def _wire(prop: Property) -> str:
    return prop.name.get_untrusted_value()


def annotated_classes(types: Types, endpoint: Endpoint) -> Iterator[str]:
    """Classes that the arguments' annotations name, and the types of enums' names."""
    props = [prop for _, prop in endpoint.iter_all_parameters()]
    for prop in [*props, *_body_properties(endpoint)]:
        for line in prop.get_imports(prefix="") | prop.get_lazy_imports(prefix=""):
            module, _, name = line.removeprefix("from ").partition(" import ")
            if module.startswith("models."):
                yield name
                if is_enum(types.schemas.get(name, {})):
                    yield names(types, name)


def _body_properties(endpoint: Endpoint) -> list[Property]:
    if not endpoint.bodies:
        return []
    prop = endpoint.bodies[0].prop
    if not isinstance(prop, ModelProperty):
        return []
    return [*(prop.required_properties or []), *(prop.optional_properties or [])]


def mapping(arguments: list[Argument]) -> str:
    """The mapping that a method hands to the runtime, as a Python literal."""
    pairs = (f"{argument.key!r}: {argument.name}" for argument in arguments)
    return "{" + ", ".join(pairs) + "}"


def wire_names(arguments: list[Argument]) -> str:
    """The arguments' names in the request, as a Python literal."""
    return repr({argument.name: argument.wire for argument in arguments if argument.key})
