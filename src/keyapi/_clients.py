"""The generated clients that are installed, and the methods they offer.

Clients are found by the entry-point group `keyapi.clients`, their methods in the table that each
generated package holds.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from keyapi._client import AsyncClient, SyncClient
from keyapi._errors import ConfigurationError
from keyapi._operation import Operation

GROUP = "keyapi.clients"


@dataclass(frozen=True, kw_only=True)
class Method:
    """One method of a generated client: a row of the generated package's table.

    Attributes:
        resource: Name of the client's attribute that has it.
        function: The method itself, of the sync client; the asyncio client's has the same name
            and arguments.
        kind: What it returns: a "page", what can "iterate" pages, "one" object, "many"
            objects, or other "data".
        operation: What it calls.
        wire: For each argument that is sent, its name in the request.
    """

    resource: str
    function: Callable[..., Any]
    kind: str
    operation: Operation[Any]
    wire: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its own name."""
        return self.function.__name__

    @property
    def doc(self) -> str:
        """Its docstring, without indentation."""
        return inspect.getdoc(self.function) or ""

    @cached_property
    def signature(self) -> inspect.Signature:
        """Its arguments, with their types as objects; `self` is left out."""
        names = _Names(import_module(self.function.__module__))
        signature = inspect.signature(self.function, locals=names, eval_str=True)
        _, *arguments = signature.parameters.values()
        return signature.replace(parameters=arguments)

    def on(self, client: SyncClient | AsyncClient) -> Callable[..., Any]:
        """Bind the method to a client, sync or async."""
        bound: Callable[..., Any] = getattr(getattr(client, self.resource), self.name)
        return bound


def installed() -> dict[str, type[SyncClient]]:
    """Give the sync client classes of all installed packages, by name of their platform.

    Raises:
        ConfigurationError: One of them cannot be loaded.
    """
    return {point.name: _load(point) for point in sorted(entry_points(group=GROUP), key=_name)}


def find(name: str | None = None) -> type[SyncClient]:
    """Find a client class by its platform's name; the only one there is, without a name.

    Raises:
        ConfigurationError: There is none, or none of this name, or the name is needed; or one of
            those installed cannot be loaded.
    """
    return one_of(installed(), name)


def one_of(
    clients: Mapping[str, type[SyncClient]], name: str | None, which: str = "installed"
) -> type[SyncClient]:
    """Give the client class of a name; the only one there is, without a name.

    Args:
        clients: Client classes by name of their platform.
        name: The platform's name, if it is given.
        which: What an error calls these clients.

    Raises:
        ConfigurationError: There is none, or none of this name, or the name is needed.
    """
    if name is not None and name in clients:
        return clients[name]
    if name is None and len(clients) == 1:
        return next(iter(clients.values()))
    names = ", ".join(clients) or "none: install keyapi-tiktok"
    problem = "Name the client" if name is None else f"There is no client {name!r}"
    raise ConfigurationError(f"{problem}; {which}: {names}")


def async_twin(client: type[SyncClient]) -> type[AsyncClient]:
    """Give the async class beside a sync one, of the same name behind `Async`."""
    twin: type[AsyncClient] = getattr(import_module(client.__module__), f"Async{client.__name__}")
    return twin


def methods(client: type[SyncClient]) -> Iterator[Method]:
    """List each public method of each resource of a client class, in the order of the code."""
    table: tuple[Method, ...] = import_module("._operations", client._package).METHODS
    yield from table


class _Names(dict[str, Any]):
    """What a resource's annotations name; models are imported when first looked up."""

    def __init__(self, module: Any) -> None:
        import builtins

        import keyapi

        super().__init__({**vars(keyapi), "Any": Any, "builtins": builtins, "_Sequence": Sequence})
        self._models = module._models

    def __missing__(self, name: str) -> Any:
        try:
            return getattr(self._models, name)
        except AttributeError:
            raise KeyError(name) from None


def _name(point: EntryPoint) -> str:
    return point.name


def _load(point: EntryPoint) -> type[SyncClient]:
    try:
        client: type[SyncClient] = point.load()
    except Exception as error:
        raise ConfigurationError(
            f"The client {point.name!r} ({point.value}) cannot be loaded: {error!r}; install its "
            "package again, or remove it"
        ) from error
    return client
