"""Docstrings of generated code: each class, method and attribute has one, whole in every tool."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.clients import client_files
from pipeline.generate.render.docstrings import attribute_docstring
from support.page_shapes import specification, zoo_specification
from support.pages import page


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    """The modules of a client of every shape of page."""
    files = client_files(zoo_specification())
    return {name: ast.parse(code) for name, code in files.items() if name.endswith(".py")}


def _documented(below: ast.stmt | None) -> bool:
    text = below.value if isinstance(below, ast.Expr) else None
    return isinstance(text, ast.Constant) and isinstance(text.value, str) and bool(text.value)


def _undocumented(name: str, tree: ast.Module) -> Iterator[str]:
    for kind in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        if not ast.get_docstring(kind):
            yield f"{name} {kind.name}"
        for node, below in zip(kind.body, [*kind.body[1:], None], strict=True):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                member, documented = node.target.id, _documented(below)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                member, documented = node.name, bool(ast.get_docstring(node))
            else:
                continue
            if not member.startswith("_") and not documented:
                yield f"{name} {kind.name}.{member}"


def test_every_class_method_property_and_field_is_documented(trees: dict[str, ast.Module]) -> None:
    public = {name: tree for name, tree in trees.items() if name != "types.py"}
    found = [place for name, tree in public.items() for place in _undocumented(name, tree)]
    assert found == []


def test_every_property_and_argument_has_a_type(trees: dict[str, ast.Module]) -> None:
    clients = [node for node in trees["client.py"].body if isinstance(node, ast.ClassDef)]
    assert [node.name for node in clients] == ["TikTok", "AsyncTikTok"]
    for node in clients:
        for member in node.body:
            if isinstance(member, ast.FunctionDef):
                first, *others = [*member.args.args, *member.args.kwonlyargs]
                assert first.arg == "self"
                assert all(argument.annotation for argument in others)
                assert member.returns is not None


TEXTS = [
    "Product cover. JSON inside a string, not sorted: read `covers` instead.",
    "Order: 1=newest",
    "The region, such as region:GB or region:US.",
    "https://docs.keyapi.ai says more",
    "At 10:30 the figures change, and " + "then " * 30 + "they do: again.",
    "Plain text\nNote: more",
    "a::b, and c:",
    "x:",
]


@pytest.mark.parametrize("text", TEXTS)
def test_no_tool_takes_part_of_an_attributes_text_for_its_type(text: str) -> None:
    written: Any = ast.literal_eval(attribute_docstring(text, 4))
    first = written.split("\n")[0].replace("::", "")
    assert first
    assert first.partition(":")[2].strip() == ""
    assert " ".join(written.split()).removeprefix("As published: ") == " ".join(text.split())


def test_a_pages_word_for_a_property_stands_below_the_attribute() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "description": "Kind: b"},
            "c": {"type": "string"},
        },
    }
    texts = {"one.md": page("/v1/tiktok/shop/one", data_schema=schema)}
    code = client_files(specification(texts))["models/shop_one_data.py"].decode()
    assert '"""Kind:\n    b\n    """' in code
    assert '"""`c`, which KeyAPI does not document."""' in code
