"""Resource methods: what the templates write about each operation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import ModelProperty, Property

from keyapi._facts import CURSOR, FIRST_PAGE, PAGE, SIZE, OperationFacts, Paging
from keyapi._json import pointer
from keyapi._openapi import NO_CONTENT, OperationNode, delimiter, is_secured, is_success
from pipeline.errors import PipelineError
from pipeline.generate.render.annotations import Annotation, annotation, is_nullable
from pipeline.generate.render.docstrings import docstring, sentence
from pipeline.generate.render.types import Types
from pipeline.shape.identifiers import method_name

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
        doc: What the page says of it.
        role: What it is for in a walk: "page", "size", "cursor" or nothing.
    """

    name: str
    key: str
    wire: str
    place: str
    type: str
    default: str | None
    doc: str
    role: str = ""

    @property
    def declaration(self) -> str:
        """How the signature declares it."""
        if self.default is None:
            return f"{self.name}: {self.type}"
        optional = " | None" if self.default == "None" else ""
        return f"{self.name}: {self.type}{optional} = {self.default}"


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
            "page": f"Page[{self.model}, {self.position_type}]",
            "one": f"{self.model}{or_none}",
            "many": f"{self.list_type}[{self.model}]{or_none}",
            "data": self.data_type,
        }[self.kind]

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
        return _mapping(self.arguments)

    @property
    def walk_sent(self) -> str:
        """The mapping that the iterating method hands to the runtime."""
        return _mapping([argument for argument in self.walk_arguments if argument.key])

    @property
    def rows(self) -> list[Row]:
        """What the table of methods says of the method, and of the iterating method."""
        rows = [Row(self.method, self.kind, _wires(self.arguments))]
        if self.walk_arguments:
            rows.append(Row(f"iter_{self.method}", "iterate", _wires(self.walk_arguments)))
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
            "one": f"The `{self.model}`{'; None where there is none' if self.nullable else ''}.",
            "many": f"A list of `{self.model}`{'; None for null' if self.nullable else ''}.",
            "data": "Nothing." if self.data_type == "None" else "The decoded data.",
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
        lines += ["", f"Source: `{self.source}` of the effective specification."]
        return docstring(lines, indent)


def calls(types: Types, endpoints: list[Endpoint]) -> list[Call]:
    """The calls of a resource; annotations name what a method of it shadows in full.

    Raises:
        PipelineError: Two methods of the resource would have the same name.
    """
    calls = [_call(types, endpoint) for endpoint in endpoints]
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


def _call(types: Types, endpoint: Endpoint) -> Call:
    """Everything the resource template writes about an operation."""
    node = types.node(endpoint)
    facts = OperationFacts.of(node)
    kind, result = _result(types, node)
    model = result.model
    paging = facts.paging if kind == "page" else None
    arguments = _arguments(types, endpoint, node, paging)
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
    if paging is not None:
        literals["paging"] = _paging(types, paging, endpoint, arguments)
    if required := sorted(a.key for a in arguments if a.default is None and a.place != "body"):
        literals["required"] = f"frozenset({required!r})"
    if query := {a.key: a.wire for a in arguments if a.place == "query" and a.key != a.wire}:
        literals["query"] = repr(query)
    for place, fact in (("path", "path_parameters"), ("body", "body")):
        if found := {a.key: a.wire for a in arguments if a.place == place}:
            literals[fact] = repr(found)
    wires = joined(types, endpoint)
    lists = {a.key: wires[a.wire] for a in arguments if a.place == "query" and a.wire in wires}
    if by_comma := sorted(key for key, joint in lists.items() if joint == ","):
        literals["comma_joined"] = f"frozenset({by_comma!r})"
    if others := {key: joint for key, joint in lists.items() if joint != ","}:
        literals["delimiters"] = repr(others)
    if empty := [a.key for a in arguments if a.default == "''" and a.place == "query"]:
        literals["empty"] = f"frozenset({empty!r})"
    if not is_secured(types.spec, node):
        literals["secured"] = "False"
    return Call(
        method=method_name(node["operationId"], node["tags"][0]),
        constant=f"_{node['operationId'].upper()}",
        kind=kind,
        model=model,
        facts=literals,
        arguments=arguments,
        walk_arguments=list(_walk_arguments(arguments, paging)) if paging else [],
        position_type=_position_type(arguments),
        imports={model, *_annotated(endpoint)} - {""},
        data_type=result.text,
        nullable=result.nullable,
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
        return kind, Annotation(row, model=row, nullable=nullable)
    data = types.resolved(schema).get("properties", {}).get("data", {})
    found = annotation(types, data)
    return "one" if found.model and types.reference(data) else "data", found


def has_no_content(node: dict[str, Any]) -> bool:
    """Whether an operation documents no success but those without content."""
    return all(status in map(str, NO_CONTENT) for status in filter(is_success, node["responses"]))


def _arguments(
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
        kind = types.python_type(prop)
        arguments.append(Argument(name, name, wire, place, kind, default, sentence(doc), role))
    return sorted(arguments, key=lambda argument: argument.default is not None)


def _python_name(prop: Property, place: str, wires: list[str]) -> str:
    """Its name in Python, without the suffix that keeps it from a variable of low-level functions.

    Where several arguments have one name in the request, the suffix tells them apart.
    """
    name = str(prop.python_name)
    plain = name.removesuffix(f"_{place}")
    return plain if plain == _wire(prop).lower() and wires.count(_wire(prop)) == 1 else name


def _walk_arguments(arguments: list[Argument], paging: Paging) -> Iterator[Argument]:
    yield from (argument for argument in arguments if argument.role != paging.kind)
    position = next(argument for argument in arguments if argument.role == paging.kind)
    if paging.kind == PAGE:
        doc = f"Page to start at, from {paging.start}."
    else:
        doc = "Cursor to start at, as an earlier page or error gave it."
    yield replace(position, name="start_page", doc=doc)
    yield Argument("limit", "", "", "", "int", "None", "Rows to yield at most; None for all.")
    yield Argument("max_pages", "", "", "", "int", "None", "Pages to fetch at most; None for all.")


def _paging(types: Types, paging: Paging, endpoint: Endpoint, arguments: list[Argument]) -> str:
    """The paging of the operation's facts, as a Python literal."""
    by_role = {argument.role: argument for argument in arguments}
    facts = {"parameter": repr(by_role[paging.kind].key)}
    if paging.kind == CURSOR:
        facts.update(next=repr(paging.next), type=_position_type(arguments).partition("[")[0])
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
    name = "Cursor" if paging.kind == CURSOR else "PageNumbers"
    return f"{name}({', '.join(f'{key}={value}' for key, value in facts.items())})"


def _position_type(arguments: list[Argument]) -> str:
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
    pairs = (f"{argument.key!r}: {argument.name}" for argument in arguments)
    return "{" + ", ".join(pairs) + "}"


def _wires(arguments: list[Argument]) -> str:
    return repr({argument.name: argument.wire for argument in arguments if argument.key})
