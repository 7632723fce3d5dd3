"""Extras: what is not installed is named with its command, and what `fast` does not do is refused.

What is expected is worded after `docs/quickstart.md`, `docs/data-frames.md` and `keyapi.fast`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import httpx

from keyapi import ConfigurationError, Page
from keyapi._clients import async_twin
from keyapi.conformance.drivers import KEY, Caller
from keyapi.conformance.relations._shared import Compared, attempt, page_of
from keyapi.specification import OperationSpec

_FRAMES = {
    "to_arrow": ("pyarrow", "keyapi._frames", "pip install 'keyapi-tiktok[arrow]'"),
    "to_polars": ("polars", "", "pip install polars"),
    "to_pandas": ("pandas", "", "pip install pandas"),
}
"""Methods of a page: the package that each needs, the module that imports it, the command."""
_PARTS = {
    "keyapi.arrow": ("pyarrow", "pip install 'keyapi-tiktok[arrow]'"),
    "keyapi.fast": ("aiohttp", "pip install 'keyapi-tiktok[fast]'"),
}
"""Modules that need an extra: a package of it, and the command."""
_REFUSED: dict[str, dict[str, Any]] = {
    "HTTP/1.1": {"http2": True},
    "http1": {"http1": False},
    "socks5": {"proxy": "socks5://127.0.0.1:1"},
}
"""What aiohttp does not do, by a word of what is said of it."""


def as_extras(operation: OperationSpec, caller: Caller) -> Compared:
    """Look at what is said where a package is missing, or asked for more than it does.

    Args:
        operation: The operation; only where it is paged are pages looked at.
        caller: The client.
    """
    page = page_of(operation, caller, [{}]) if operation.paging else None
    for method, (package, module, command) in _FRAMES.items():
        if isinstance(page, Page):
            with _hidden(package, module):
                error = attempt(getattr(page, method))
            is_told = isinstance(error, ConfigurationError) and command in str(error)
            yield f"{method} without {package}", True, is_told or repr(error)
    for name, (package, command) in _PARTS.items():
        with _hidden(package, name, f"{name}._rows"):
            error = attempt(import_module, name)
        is_told = isinstance(error, ImportError) and command in str(error)
        yield f"{name} without {package}", True, is_told or repr(error)
    if find_spec("aiohttp") and find_spec("jiter"):
        transport: Any = import_module("keyapi.fast").AsyncTransport
        kind = async_twin(caller.client)
        for word, arguments in _REFUSED.items():
            error = attempt(transport, **arguments)
            is_told = isinstance(error, ConfigurationError) and word in str(error)
            yield f"fast with {[*arguments]}", True, is_told or repr(error)
        error = attempt(lambda: caller.client(KEY, transport=transport()))
        yield "fast in a sync client", ConfigurationError, type(error)
        error = attempt(lambda: kind(KEY, transport=httpx.HTTPTransport()))
        yield "a sync transport in an async client", ConfigurationError, type(error)


@contextmanager
def _hidden(package: str, *modules: str) -> Iterator[None]:
    """Make a package one that is not installed, for modules that are imported anew meanwhile."""
    kept = {name: sys.modules.get(name) for name in (package, *filter(None, modules))}
    held = {name: name.rpartition(".") for name in kept if "." in name}
    parents = [(sys.modules.get(parent), last) for parent, _, last in held.values()]
    attributes = [(parent, last, vars(parent).get(last)) for parent, last in parents if parent]
    for name in kept:
        sys.modules.pop(name, None)
    sys.modules[package] = None  # type: ignore[assignment]  # which Python takes for "not there"
    try:
        yield
    finally:
        for name, module in kept.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
        for parent, last, value in attributes:
            if value is not None:
                setattr(parent, last, value)
