"""What generated docstrings tell: all of the specification's words, and nothing else."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from keyapi._clients import Method, async_twin
from keyapi._options import OPTIONS
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations._shared import CasesCompared
from keyapi.conformance.spelling import spelling
from keyapi.specification import OperationSpec, Specification

_WALKED = (
    "limit: Rows to yield at most; None for all.",
    "max_pages: Pages to fetch at most; None for all.",
    "It carries `next_page`, `page_size` and `rows_yielded`, to resume from.",
)
_STARTS = {
    "page": "Page to start at, from {}.",
    "cursor": "Cursor to start at, as an earlier page or error gave it.",
}
_OR_NONE = "(ornonewherearowisnull)?"
_RETURNS = {
    "page": f"thepageasequenceof{{}}{_OR_NONE}",
    "iterate": f"aniteratorof{{}}{_OR_NONE}itspagesgiveswholepages",
    "many": f"alistof{{}}{_OR_NONE}(nonefornull)?",
    "one": "the{}(nonewherethereisnone)?",
    "data": "nothing|thedecodeddata",
}
_TOLD = "\0"
"""Stands where something was told that must be."""


def documentation_differs(
    operation: OperationSpec, method: Method, arguments: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Compare a method's docstring with the specification, word by word.

    Args:
        operation: The operation.
        method: The method.
        arguments: Names of its arguments, each with what the specification says of it.

    Yields:
        What was expected, and the docstring.
    """
    walk, paging = method.kind == "iterate", operation.paging
    cost = f"{operation.credits} credit{'s' if operation.credits != 1 else ''}"
    walking = f"Walks page after page, fetching each when it is needed; every page costs {cost}."
    lines = [
        operation.node.get("summary", ""),
        operation.node.get("description", ""),
        walking if walk else f"One request, {cost}.",
        *("Returns:", "Raises:", "KeyAPIError: The request failed or was answered with an error."),
        f"Source: `{operation.method} {operation.path}` of the effective specification.",
        *(_WALKED if walk else ()),
    ]
    silent = False
    for name, words in arguments:
        if name == "start_page" and walk and paging is not None:
            words = _STARTS[paging.kind].format(paging.start)
        silent |= not words
        lines.append(f"{name}: {words}")
    rest = told = spelling(method.doc)
    for line in sorted(map(spelling, lines), key=len, reverse=True):
        if line and line not in rest:
            yield next(one for one in lines if spelling(one) == line), method.doc
        rest = rest.replace(line, _TOLD, 1) if line else rest
    model = method.operation.model()
    returned = _RETURNS[method.kind].format(spelling(getattr(model, "__name__", "")))
    pattern = f"{_TOLD}*(args)?{_TOLD}*({returned}){_TOLD}*"
    if told and not silent and not re.fullmatch(pattern, rest):
        yield "nothing but what the specification says", method.doc


def classes_as_documented(
    specification: Specification, operation: OperationSpec, caller: Caller
) -> CasesCompared:
    """Compare the docstrings of models, enums, resources and clients with what they stand for.

    Args:
        specification: The specification.
        operation: The operation whose resource is looked at.
        caller: The client.

    Yields:
        What was looked at, rule, expected and found.
    """
    models = import_module(f"{caller.client._package}.models")
    told: list[tuple[Any, str]] = [
        (found, schema.get("description") or f"{name}.")
        for name, schema in specification.schemas.items()
        if (found := getattr(models, name, None)) is not None
    ]
    for kind, closing, end in (
        (caller.client, "The client. Use it as a context manager, or call `close()`", ""),
        (
            async_twin(caller.client),
            "The client for asyncio. Use it with `async with`, or `await close()`",
            ", for asyncio",
        ),
    ):
        options = [f"{name}: {_option(name, kind)}" for name in OPTIONS]
        raises = "Raises: ConfigurationError: There is no API key, or an option cannot be used."
        lines = [f"{closing} when you are done.", "Args:", *options, raises]
        told.append((kind, " ".join(lines)))
        descriptor = inspect.getattr_static(kind, operation.resource, None)
        told.append((descriptor, f"The `{operation.resource}` operations."))
        resource = getattr(kind("sk_contract"), operation.resource, None)
        told.append((type(resource), f"Operations below `{operation.resource}`{end}."))
    url = "The server's URL, unless `base_url` or KEYAPI_BASE_URL gives another."
    for kind in (caller.client, async_twin(caller.client)):
        if spelling(url) not in spelling(inspect.getsource(kind)):
            yield f"{kind.__name__}.default_base_url", "documentation", url, "another docstring"
    for module in (models, import_module(caller.client._package)):
        refused = f"module {module.__name__!r} has no attribute 'nothing'"
        yield module.__name__, "export", refused, _refused(module)
    yield from _low_level(operation, caller)
    for one, expected in told:
        found = getattr(one, "__doc__", None) or ""
        if spelling(found) != spelling(expected):
            yield getattr(one, "__name__", operation.resource), "documentation", expected, found


def _low_level(operation: OperationSpec, caller: Caller) -> CasesCompared:
    """The low-level functions tell the page's words of the operation and of each parameter."""
    try:
        module = import_module(
            f"{caller.client._package}.api.{operation.resource}.{operation.name}"
        )
    except ImportError:
        return  # which others find
    node = operation.node
    described = [p.get("description") for p in node.get("parameters", ()) if p["in"] != "header"]
    lines = [node.get("summary"), node.get("description"), *described, "Raises:", "Returns:"]
    for name in ("sync", "sync_detailed", "asyncio", "asyncio_detailed"):
        told = getattr(module, name, None)
        found = "" if told is None else inspect.getdoc(told) or ""
        for line in filter(None, lines):
            if told is not None and spelling(line) not in spelling(found):
                yield f"{module.__name__}.{name}", "documentation", line, found


def _refused(module: Any) -> str:
    """What a module says of a name that it does not have."""
    try:
        return repr(module.nothing)
    except AttributeError as error:
        return str(error)
    except Exception as error:
        return repr(error)


def _option(name: str, kind: Any) -> str:
    option = OPTIONS[name]
    needs = "" if option.requires is None else f" Needs the extra `{name}`."
    return option.doc.replace("default_base_url", kind.default_base_url) + needs
