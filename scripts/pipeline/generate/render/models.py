"""Models: what the templates write about each class and its attributes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openapi_python_client.parser.properties import (
    AnyProperty,
    EnumProperty,
    ModelProperty,
    Property,
)
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol
from openapi_python_client.parser.properties.union import UnionProperty

from keyapi._facts import JsonText
from pipeline.generate.render.annotations import annotation
from pipeline.generate.render.docstrings import attribute_docstring, docstring
from pipeline.generate.render.types import Types
from pipeline.shape.maps import holds_map

# What `keyapi.Model` has already; an attribute of that name gets an underscore.
_MODEL_MEMBERS = ("to_dict", "from_dict")


@dataclass(frozen=True)
class Attribute:
    """One attribute of a model: its declaration, and what the page says of it."""

    declaration: str
    doc: str


def attributes(types: Types, model: ModelProperty) -> Iterator[Attribute]:
    """Attributes of a model, in the order of the specification."""
    schema = types.schemas.get(str(model.class_info.name), {})
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
        kind, option = _attribute_type(types, prop, described[name])
        yield Attribute(
            f"{names[name]}: {kind} = _field({name!r}{option}, default=None)",
            attribute_docstring(types.description(described[name]) or _undescribed(name), 4),
        )
        text = JsonText.of(described[name])
        if text is not None:
            accessor = types.identifier(text.accessor)
            while accessor in taken:
                accessor += "_"
            taken.add(accessor)
            yield _decoded(types, name, names[name], accessor, text)


def doc(types: Types, name: str) -> str:
    """The docstring of a model or an enum."""
    return docstring([types.schemas.get(name, {}).get("description") or f"{name}."], 4)


def decoded_classes(types: Types, model: ModelProperty) -> list[str]:
    """Classes that only a model's decoded accessors and maps name."""
    schema = types.schemas.get(str(model.class_info.name), {})
    found = set()
    for child in schema.get("properties", {}).values():
        text = JsonText.of(child)
        if text is not None and text.decoded:
            found.add(types.reference(text.decoded.get("items", text.decoded)))
        found.add(annotation(types, child).model if holds_map(child) else "")
    return sorted(found - {""})


def _attribute_type(types: Types, prop: Property, schema: dict[str, Any]) -> tuple[str, str]:
    """Annotation of an attribute, and the argument of `_field` that goes with it."""
    if holds_map(schema):
        found = annotation(types, schema)
        option = f", model={found.model!r}, maps={found.maps}" if found.model else ""
        return f"{found.text.removesuffix(' | None')} | None", option
    (only, *others) = _choices(prop)
    inner: PropertyProtocol = only
    while type(inner) is ListProperty:
        (item, *further) = _choices(inner.inner_property)
        inner = inner.inner_property if further else item
    kind = types.python_type(only)
    if others or type(inner) is AnyProperty:
        return "Any", ""  # it is given as it came
    if type(inner) is ModelProperty:
        return f"{kind} | None", f", model={str(inner.class_info.name)!r}"
    if type(inner) is EnumProperty:
        plain = inner.value_type.__name__
        if inner is only:
            return f"{kind} | {plain} | None", f", enum={str(inner.class_info.name)!r}"
        kind = kind.replace(str(inner.class_info.name), plain)
    return f"{kind} | None", ""


def _choices(prop: PropertyProtocol) -> list[PropertyProtocol]:
    """What a value is when it is not null."""
    # By their types: the generator's classes are protocols, which `isinstance` is slow for.
    choices = prop.inner_properties if type(prop) is UnionProperty else [prop]
    return [choice for choice in choices if type(choice) is not NoneProperty]


def _decoded(types: Types, name: str, attribute: str, accessor: str, text: JsonText) -> Attribute:
    options = ""
    kind = "Any"
    if (schema := text.decoded) is not None:
        many = schema.get("type") == "array"
        model = types.reference(schema["items"] if many else schema)
        kind = f"list[{model}]" if many else f"{model} | None"
        options = f", model={model!r}" + (", many=True" if many else "")
        given = {"order": text.order, "text": text.text}
        options += "".join(f", {key}={name!r}" for key, name in given.items() if name is not None)
    order = f", lowest `{text.order}` first" if text.order is not None else ""
    doc = f"`{attribute}`, decoded from JSON{order}; empty where nothing can be decoded."
    return Attribute(
        f"{accessor}: {kind} = _decoded({name!r}, init=False{options})",
        attribute_docstring(doc, 4),
    )


def _undescribed(name: str) -> str:
    return f"`{name}`, which KeyAPI does not document."
