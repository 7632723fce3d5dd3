"""The generated clients that are installed, and the methods they offer.

Found, never listed by hand: clients by the entry-point group `keyapi.clients`, methods by calling
each with stand-ins on a client that only takes note of what it is given.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
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
    """One method of a generated client.

    Attributes:
        resource: Name of the client's attribute that has it.
        name: Its own name.
        kind: What it returns: a "page", what can "iterate" pages, "one" object, "many"
            objects, or undescribed "data".
        operation: What it calls.
        wire: For each argument that is sent, its name in the request.
        signature: Its arguments, with their types as objects.
        doc: Its docstring.
    """

    resource: str
    name: str
    kind: str
    operation: Operation[Any]
    wire: Mapping[str, str]
    signature: inspect.Signature
    doc: str

    def on(self, client: SyncClient | AsyncClient) -> Callable[..., Any]:
        """Give the method as bound to a client, sync or async."""
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
    clients = installed()
    if name in clients:
        return clients[name]
    if name is None and len(clients) == 1:
        return next(iter(clients.values()))
    known = ", ".join(clients) or "none: install keyapi-tiktok"
    which = "Name the client" if name is None else f"There is no client {name!r}"
    raise ConfigurationError(f"{which}; installed: {known}")


def async_twin(client: type[SyncClient]) -> type[AsyncClient]:
    """Give the async class beside a sync one, of the same name behind `Async`."""
    twin: type[AsyncClient] = getattr(import_module(client.__module__), f"Async{client.__name__}")
    return twin


def methods(client: type[SyncClient]) -> Iterator[Method]:
    """Give each public method of each resource of a client class, in the order of the code."""
    for attribute, member in vars(client).items():
        if not isinstance(member, cached_property):
            continue
        resource = member.func(_Witness())
        names = _Names(import_module(type(resource).__module__))
        for name in vars(type(resource)):
            if not name.startswith("_"):
                yield _method(attribute, resource, name, names)


class _Witness:
    """Stands in for a client: gives what its methods are called with, and sends nothing."""

    def __getattr__(self, kind: str) -> Callable[..., tuple[str, Operation[Any], dict[str, Any]]]:
        return lambda operation, arguments, **walk: (kind.strip("_"), operation, arguments)


def _method(attribute: str, resource: Any, name: str, names: _Names) -> Method:
    bound = getattr(resource, name)
    signature = inspect.signature(bound, locals=names, eval_str=True)
    kind, operation, arguments = bound(**{argument: argument for argument in signature.parameters})
    places = {**operation.query, **operation.path_parameters, **operation.body}
    wire = {argument: places.get(key, key) for key, argument in arguments.items()}
    doc = inspect.getdoc(bound) or ""
    return Method(
        resource=attribute,
        name=name,
        kind=kind,
        operation=operation,
        wire=wire,
        signature=signature,
        doc=doc,
    )


class _Names(dict[str, Any]):
    """What a resource's annotations name; models are imported when they are asked for."""

    def __init__(self, module: Any) -> None:
        import builtins

        import keyapi

        super().__init__({**vars(keyapi), "Any": Any, "builtins": builtins})
        self._models = module.models

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
