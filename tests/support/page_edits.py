"""Edits of the published page's specification block; `support.page_changes` is made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.pages import query

Document = dict[str, Any]
Edit = Callable[[Document], None]
"""Changes the specification block of the published page."""


# --- The parts of the page's specification block ----------------------------------------------


def operation(document: Document) -> Document:
    """The page's operation."""
    (item,) = document["paths"].values()
    node: Document = item["get"]
    return node


def parameter(document: Document, name: str) -> Document:
    """One of its parameters."""
    parameters: list[Document] = operation(document)["parameters"]
    return next(found for found in parameters if found["name"] == name)


def answer(document: Document) -> Document:
    """The schema of its successful answer."""
    content = operation(document)["responses"]["200"]["content"]
    schema: Document = content["application/json"]["schema"]
    return schema


def row(document: Document) -> Document:
    """The properties of a row."""
    properties: Document = answer(document)["properties"]["data"]["items"]["properties"]
    return properties


def example(document: Document) -> Document:
    """The documented row."""
    shown: Document = answer(document)["example"]["data"][0]
    return shown


# --- Edits ------------------------------------------------------------------------------------


def described(name: str, old: str, new: str) -> Edit:
    """Replace text in the description of a parameter."""

    def edit(document: Document) -> None:
        found = parameter(document, name)
        if old not in found["description"]:
            raise ValueError(f"{name} is no longer described by {old!r}: adapt the change")
        found["description"] = found["description"].replace(old, new)

    return edit


def parameter_added(name: str, description: str, *, required: bool = False) -> Edit:
    """Document one more parameter."""
    node = query(name, description, required=required)
    return lambda document: operation(document)["parameters"].insert(1, node)


def parameter_removed(*names: str) -> Edit:
    """Document some parameters no longer."""

    def edit(document: Document) -> None:
        for name in names:
            operation(document)["parameters"].remove(parameter(document, name))

    return edit


def parameter_changed(name: str, **values: Any) -> Edit:
    """Change a parameter object."""
    return lambda document: parameter(document, name).update(values)


def operation_changed(**values: Any) -> Edit:
    """Change the operation object."""
    return lambda document: operation(document).update(values)


def row_changed(name: str, **schema: Any) -> Edit:
    """Change the schema of a property of the row, or add it."""
    return lambda document: row(document).setdefault(name, {}).update(schema)


def property_removed(*names: str) -> Edit:
    """Document some properties no longer, in schema and example."""

    def edit(document: Document) -> None:
        for name in names:
            del row(document)[name]
            del example(document)[name]

    return edit


def example_changed(**values: Any) -> Edit:
    """Show another product."""
    return lambda document: example(document).update(values)


def answered(status: str, message: str) -> Edit:
    """Document one more error."""
    schema = {"type": "object", "example": {"code": int(status), "data": None, "message": message}}
    node = {"description": message, "content": {"application/json": {"schema": schema}}}
    return lambda document: operation(document)["responses"].update({status: node})


def error_removed(status: str) -> Edit:
    """Document an error no longer."""
    return lambda document: operation(document)["responses"].pop(status)


def becomes_object(document: Document) -> None:
    """Give a name in two languages, where there was one text."""
    texts = {"en": {"type": "string"}, "zh": {"type": "string"}}
    row(document)["product_name"] = {"type": "object", "properties": texts}
    example(document)["product_name"] = {"en": "Brush", "zh": "刷"}


def list_nullable(document: Document) -> None:
    """Let the list of rows be null."""
    answer(document)["properties"]["data"]["nullable"] = True


def without_example(document: Document) -> None:
    """Document no successful answer."""
    del answer(document)["example"]


def at_path(path: str) -> Edit:
    """Serve the operation at another path."""

    def edit(document: Document) -> None:
        (item,) = document["paths"].values()
        document["paths"] = {path: item}

    return edit


def served_from(*urls: str) -> Edit:
    """Name other servers."""
    return lambda document: document.update(servers=[{"url": url} for url in urls])


def several(*edits: Edit) -> Edit:
    """Make several edits."""

    def edit(document: Document) -> None:
        for one in edits:
            one(document)

    return edit
