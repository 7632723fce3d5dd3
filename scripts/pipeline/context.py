"""What the templates are told: each operation and model, ready to be written down.

The generator's parser knows Python names and types, the effective specification knows the rest
(`x-keyapi`, parameter descriptions, page bounds); this module joins the two, so that templates only
place text.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from openapi_python_client.config import Config
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import ModelProperty, Property
from openapi_python_client.strings import ClassName, PythonIdentifier, safe_for_docstring

from pipeline.shape.naming import method_name, pascal

_WIDTH = 96
# Arguments of the iterators, and names that method bodies use.
_ITERATION = ("limit", "max_pages", "start_page")
_MODEL_MEMBERS = ("to_dict", "from_dict")


@dataclass(frozen=True)
class Argument:
    """One argument of a resource method.

    Attributes:
        name: Python name.
        wire: Name under which the runtime is given it.
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
        return _mapping(
            [
                argument
                for argument in self.walk_arguments
                if argument.wire not in ("limit", "max_pages")
            ]
        )

    def doc(self, indent: int, *, walk: bool = False) -> str:
        """The docstring of the method, or of the iterating method."""
        credits_each = self._node["x-keyapi"].get("credits", 1)
        cost = f"{credits_each} credit{'s' if credits_each != 1 else ''}"
        lines = [_sentence(self._summary)]
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


@dataclass(frozen=True)
class Attribute:
    """One attribute of a model: its declaration, and what the page says of it."""

    declaration: str
    doc: str


class Context:
    """What templates ask for, as globals of the template environment.

    Args:
        spec: The effective specification.
        config: The generator's configuration.
        client_class: Name of the client class users construct.
    """

    def __init__(self, spec: dict[str, Any], config: Config, client_class: str) -> None:
        self.spec = spec
        self.config = config
        self.client_class = client_class
        self.base_url = spec["servers"][0]["url"]
        self._schemas: dict[str, dict[str, Any]] = {
            self.class_name(name): schema
            for name, schema in spec.get("components", {}).get("schemas", {}).items()
        }

    def class_name(self, text: str) -> str:
        """The generator's class name for a component."""
        return str(ClassName(text, self.config.field_prefix))

    def resource(self, tag: str) -> str:
        """Class name of a resource."""
        return f"{pascal(tag)}Resource"

    def joined(self, endpoint: Endpoint) -> list[str]:
        """Wire names whose lists are sent as one comma-joined value."""
        return [
            parameter["name"]
            for parameter in self._node(endpoint).get("parameters", [])
            if parameter["schema"].get("type") == "array" and parameter.get("explode") is False
        ]

    def call(self, endpoint: Endpoint) -> Call:
        """Everything the resource template writes about an operation."""
        node = self._node(endpoint)
        facts = node["x-keyapi"]
        kind, model = self._result(node)
        arguments = list(self._arguments(endpoint, node, kind))
        literals = {
            "name": repr(node["operationId"]),
            "method": repr(endpoint.method.upper()),
            "path": repr(self._path(endpoint)),
            "credits": repr(facts.get("credits", 1)),
            "model": f"lambda: models.{model}" if model else "lambda: dict",
        }
        if kind in ("page", "many"):
            literals["items"] = repr(tuple(facts["items"].split("/")[1:]))
        if kind == "page":
            literals["paging"] = self._paging(facts["paging"], node)
        if path := [parameter.name.get_untrusted_value() for parameter in endpoint.path_parameters]:
            literals["path_parameters"] = f"frozenset({path!r})"
        if joined := self.joined(endpoint):
            literals["comma_joined"] = f"frozenset({joined!r})"
        if body := dict(self._body(endpoint)):
            literals["body"] = repr(body)
        return Call(
            method=method_name(node["operationId"], node["tags"][0]),
            constant=f"_{node['operationId'].upper()}",
            kind=kind,
            model=model,
            facts=literals,
            arguments=arguments,
            walk_arguments=list(self._walk_arguments(arguments, facts)) if kind == "page" else [],
            imports={model, *self._annotated(endpoint)} - {""},
            _summary=str(node.get("summary") or node["operationId"]),
            _node=node,
            _path=f"{endpoint.method.upper()} {self._path(endpoint)}",
        )

    def calls(self, endpoints: list[Endpoint]) -> list[Call]:
        """The calls of a resource; annotations name what a method of it shadows in full."""
        calls = [self.call(endpoint) for endpoint in endpoints]
        for builtin in ("list", "dict"):
            if any(call.method == builtin for call in calls):
                calls = [call.naming_in_full(builtin) for call in calls]
        return calls

    def attributes(self, model: ModelProperty) -> Iterator[Attribute]:
        """Attributes of a model, in the order of the specification."""
        schema = self._schemas.get(str(model.class_info.name), {})
        described = schema.get("properties", {})
        found = [*(model.required_properties or []), *(model.optional_properties or [])]
        by_name = {prop.name.get_untrusted_value(): prop for prop in found}
        taken: set[str] = set(_MODEL_MEMBERS)
        names: dict[str, str] = {}
        for name, prop in by_name.items():
            python_name = str(prop.python_name)
            while python_name in taken:
                python_name += "_"
            taken.add(python_name)
            names[name] = python_name
        for name in described:
            if name not in by_name:
                continue
            prop = by_name[name]
            kind, option = self._attribute_type(prop)
            yield Attribute(
                f"{names[name]}: {kind} = _field({_quoted(name)}{option}, default=None)",
                docstring([self._property_doc(described[name])], 4, optional=True),
            )
            facts = described[name].get("x-keyapi", {})
            if facts.get("json"):
                accessor = str(PythonIdentifier(facts["accessor"], self.config.field_prefix))
                while accessor in taken:
                    accessor += "_"
                taken.add(accessor)
                yield self._decoded(name, names[name], accessor, facts)

    def model_doc(self, model: ModelProperty) -> str:
        """The docstring of a model."""
        schema = self._schemas.get(str(model.class_info.name), {})
        return docstring([schema.get("description") or f"{model.class_info.name}."], 4)

    def enum_doc(self, name: str) -> str:
        """The docstring of an enum."""
        return docstring([self._schemas.get(name, {}).get("description") or f"{name}."], 4)

    # ---- operations ----

    def _path(self, endpoint: Endpoint) -> str:
        # The generator puts Python names into the path's placeholders; users of the wire name none.
        path = endpoint.path.get_untrusted_value()
        for parameter in endpoint.path_parameters:
            wire = parameter.name.get_untrusted_value()
            path = path.replace(f"{{{parameter.python_name}}}", f"{{{wire}}}")
        return path

    def _node(self, endpoint: Endpoint) -> dict[str, Any]:
        node: dict[str, Any] = self.spec["paths"][self._path(endpoint)][endpoint.method]
        return node

    def _result(self, node: dict[str, Any]) -> tuple[str, str]:
        """What a call returns, and the class of the object or the rows."""
        facts = node["x-keyapi"]
        schema = self._success_schema(node)
        data = self._resolved(schema).get("properties", {}).get("data", {})
        if "items" in facts:
            row = schema
            for key in facts["items"].split("/")[1:]:
                row = self._resolved(row)["properties"][key]
            return ("page" if "paging" in facts else "many"), self._reference(row["items"])
        if model := self._reference(data):
            return "one", model
        return "data", ""

    @staticmethod
    def _success_schema(node: dict[str, Any]) -> dict[str, Any]:
        for status, response in node["responses"].items():
            media = response.get("content", {}).get("application/json")
            if status.startswith("2") and media:
                schema: dict[str, Any] = media["schema"]
                return schema
        return {}

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        name = self._reference(schema)
        return self._schemas[name] if name else schema

    def _reference(self, schema: dict[str, Any]) -> str:
        """Class name of a reference (also of a nullable one), or ""."""
        reference = schema.get("$ref") or next(
            (part["$ref"] for part in schema.get("anyOf", []) if "$ref" in part), ""
        )
        return self.class_name(reference.rpartition("/")[2]) if reference else ""

    def _arguments(self, endpoint: Endpoint, node: dict[str, Any], kind: str) -> Iterator[Argument]:
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
            body_schema = self._resolved(
                node["requestBody"]["content"]["application/json"]["schema"]
            )["properties"]
        for wire, name in self._body(endpoint):
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
            doc = (
                docs.get(wire, "")
                if body_name is None
                else self._property_doc(body_schema[body_name])
            )
            arguments.append(Argument(name, wire, self._type(prop), default, _sentence(doc)))
        yield from sorted(arguments, key=lambda argument: argument.default is not None)

    def _walk_arguments(
        self, arguments: list[Argument], facts: dict[str, Any]
    ) -> Iterator[Argument]:
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
        yield Argument("limit", "limit", "int", "None", "Rows to yield at most; None for all.")
        yield Argument(
            "max_pages", "max_pages", "int", "None", "Pages to fetch at most; None for all."
        )

    @staticmethod
    def _body(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
        """Argument key and property name of each property of the JSON body."""
        query = {prop.name.get_untrusted_value() for _, prop in endpoint.iter_all_parameters()}
        for prop in _body_properties(endpoint):
            name = prop.name.get_untrusted_value()
            yield (f"{name}_body" if name in query else name), name

    @staticmethod
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

    @staticmethod
    def _annotated(endpoint: Endpoint) -> Iterator[str]:
        """Classes that the arguments' annotations name."""
        props = [prop for _, prop in endpoint.iter_all_parameters()]
        for prop in [*props, *_body_properties(endpoint)]:
            for line in prop.get_imports(prefix="") | prop.get_lazy_imports(prefix=""):
                module, _, name = line.removeprefix("from ").partition(" import ")
                if module.startswith("models."):
                    yield name

    # ---- models ----

    def _attribute_type(self, prop: Property) -> tuple[str, str]:
        """Annotation of an attribute, and the argument of `_field` that goes with it."""
        kind = self._type(prop)
        classes = [word for word in _words(kind) if word in self._schemas]
        if classes and "enum" in self._schemas[classes[0]]:
            plain = "int" if self._schemas[classes[0]].get("type") == "integer" else "str"
            return f"{kind} | {plain} | None", f", enum={classes[0]!r}"
        option = f", model={classes[0]!r}" if len(classes) == 1 else ""
        if len(classes) > 1:
            kind = "Any"  # a choice of classes: given as it came
        return (kind if kind == "Any" else f"{kind} | None"), option

    def _type(self, prop: Property) -> str:
        """Python type of a value as users see it: never Unset, None added by the caller."""
        kind = prop.get_type_string(no_optional=True).as_unembedded_code()
        parts = [part for part in kind.split(" | ") if part not in ("None", "Unset")]
        return " | ".join(dict.fromkeys(parts)) or "Any"

    def _decoded(
        self, name: str, attribute: str, accessor: str, facts: dict[str, Any]
    ) -> Attribute:
        options = ""
        kind = "Any"
        schema = facts.get("decoded")
        if schema is not None:
            many = schema.get("type") == "array"
            model = self._reference(schema["items"] if many else schema)
            kind = f"list[{model}]" if many else f"{model} | None"
            options = f", model={model!r}" + (", many=True" if many else "")
            options += "".join(
                f", {key}={facts[key]!r}" for key in ("order", "text") if key in facts
            )
        order = f", lowest `{facts['order']}` first" if "order" in facts else ""
        doc = f"`{attribute}`, decoded from JSON{order}; empty where nothing can be decoded."
        return Attribute(
            f"{accessor}: {kind} = _decoded({_quoted(name)}, init=False{options})",
            docstring([doc], 4),
        )

    def decoded_classes(self, model: ModelProperty) -> list[str]:
        """Classes that only a model's decoded accessors name."""
        schema = self._schemas.get(str(model.class_info.name), {})
        found = set()
        for child in schema.get("properties", {}).values():
            decoded = child.get("x-keyapi", {}).get("decoded")
            if decoded:
                found.add(self._reference(decoded.get("items", decoded)))
        return sorted(found - {""})

    def _property_doc(self, schema: dict[str, Any]) -> str:
        return str(schema.get("description") or self._resolved(schema).get("description") or "")


def _body_properties(endpoint: Endpoint) -> list[Property]:
    if not endpoint.bodies:
        return []
    prop = endpoint.bodies[0].prop
    if not isinstance(prop, ModelProperty):
        return []
    return [*(prop.required_properties or []), *(prop.optional_properties or [])]


def _mapping(arguments: list[Argument]) -> str:
    pairs = (f"{_quoted(argument.wire)}: {argument.name}" for argument in arguments)
    return "{" + ", ".join(pairs) + "}"


def _quoted(text: str) -> str:
    return repr(text)


def _words(text: str) -> list[str]:
    return [
        word
        for word in text.replace("[", " ").replace("]", " ").replace(",", " ").split()
        if word.isidentifier()
    ]


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def docstring(lines: list[str], indent: int, *, optional: bool = False) -> str:
    """Write a docstring: wrapped to width, indented, and safe inside triple quotes.

    Args:
        lines: Paragraphs and indented lines; the first is the summary.
        indent: Columns before each line but the first.
        optional: Give "" where there is nothing to say.
    """
    if optional and not any(line.strip() for line in lines):
        return ""
    written: list[str] = []
    for line in lines:
        for paragraph in line.split("\n") or [""]:
            own = len(paragraph) - len(paragraph.lstrip())
            written += textwrap.wrap(
                paragraph.strip(),
                _WIDTH - indent,
                initial_indent=" " * own,
                subsequent_indent=" " * (own + 4 if own else 0),
                break_long_words=False,
                break_on_hyphens=False,
            ) or [""]
    safe = [safe_for_docstring(line) for line in written]
    if len(safe) == 1:
        end = " " if safe[0].endswith(('"', "\\")) else ""
        return f'"""{safe[0]}{end}"""'
    pad = " " * indent
    body = "\n".join(f"{pad}{line}".rstrip() for line in safe[1:])
    return f'"""{safe[0]}\n{body}\n{pad}"""'
