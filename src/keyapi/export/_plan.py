"""What an export asks for: the operation, its arguments, and which of them takes the id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib import import_module
from importlib.resources import files
from inspect import Parameter
from typing import Any, Protocol

from keyapi._client import AsyncClient, SyncClient
from keyapi._clients import Method
from keyapi._errors import ConfigurationError
from keyapi._operation import PagedOperation
from keyapi.export._keys import key_of
from keyapi.specification import OperationSpec, Specification

_WALK = frozenset({"start_page", "limit", "max_pages"})


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked for each id.

    Attributes:
        client: The client.
        method: The method of the client that walks the pages of an id.
        id_parameter: Its argument that takes the id.
        arguments: Its other arguments.
        max_pages: How many pages are asked for an id at most; None for all.
    """

    client: SyncClient | AsyncClient
    method: Method
    id_parameter: str
    arguments: Mapping[str, Any]
    max_pages: int | None = None

    @classmethod
    def of(
        cls,
        method: Any,
        arguments: Mapping[str, Any],
        *,
        id_parameter: str | None = None,
        max_pages: int | None = None,
    ) -> Plan:
        """Make the plan of a method bound to a client; nothing is sent.

        Args:
            method: Such as `client.influencer.iter_products_analytics`.
            arguments: Its arguments but the id.
            id_parameter: Which argument takes the id; found where only one required argument is
                left.
            max_pages: See `Plan`.

        Raises:
            ConfigurationError: It is no such method, or which argument takes the id is open.
            BadRequest: An argument cannot be sent.
        """
        client: Any = getattr(getattr(method, "__self__", None), "_client", None)
        found = _found(client, method)
        signature = found.signature.parameters
        names = [name for name in signature if name not in _WALK]
        for name in arguments:
            if name not in names:
                listed = ", ".join(names)
                raise ConfigurationError(f"{found.name} has no argument {name!r}; it has {listed}")
        chosen = _id_parameter(found, names, arguments, id_parameter)
        defaults = {name: signature[name].default for name in names if name != chosen}
        given = {
            name: value
            for name, value in {**defaults, **arguments}.items()
            if value is not None and value is not Parameter.empty
        }
        plan = cls(
            client=client,
            method=found,
            id_parameter=chosen,
            arguments=given,
            max_pages=_checked_pages(max_pages),
        )
        plan._check_required()
        plan.sent  # noqa: B018 - refused now, not by each call
        return plan

    def _check_required(self) -> None:
        for name, parameter in self.method.signature.parameters.items():
            missing = parameter.default is Parameter.empty and name not in self.arguments
            if missing and name != self.id_parameter:
                raise ConfigurationError(f"{self.method.name} needs a value for {name}")

    @cached_property
    def sent(self) -> dict[str, Any]:
        """The arguments but the id as they are sent.

        Raises:
            BadRequest: One of them cannot be sent.
        """
        listed = self.client._settings.check_arguments
        return self.operation.checked(self.arguments, listed=listed)

    def value(self, text: str) -> Any:
        """An id as the method takes it: a text, a whole number, or a list of one."""
        schema = self.spec.arguments[self.method.wire[self.id_parameter]].schema
        is_list = schema.get("type") == "array"
        kind = self.spec.resolved(schema.get("items", {})) if is_list else schema
        value: Any = text
        if kind.get("type") == "integer" and text.lstrip("-").isdecimal():
            value = int(text)
        return [value] if is_list else value

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that a list of ids is looked for in."""
        return self.id_parameter, self.method.wire[self.id_parameter], "id"

    @property
    def key(self) -> list[str] | None:
        """The columns that name a row within a day; None where rows have no id of their own."""
        return key_of(self.spec, self.method.wire[self.id_parameter])

    @property
    def operation(self) -> PagedOperation[Any, Any]:
        """The operation."""
        operation: PagedOperation[Any, Any] = self.method.operation  # type: ignore[assignment]
        return operation  # `iter_...` methods have no other

    @cached_property
    def spec(self) -> OperationSpec:
        """The operation in the specification."""
        return Specification.of_package(self.client._package).operations[self.operation.name]

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the specification, in hexadecimal."""
        return sha256((files(self.client._package) / "openapi.json").read_bytes()).hexdigest()

    def to_document(self) -> dict[str, Any]:
        """Write what two runs in one folder must have in common, as JSON has it."""
        return {
            "operation": self.operation.name,
            "id_parameter": self.id_parameter,
            "arguments": self.sent,
            "max_pages": self.max_pages,
        }


class Facts(Protocol):
    """What says what is asked for: the journal of a run, or a shard of it."""

    @property
    def path(self) -> object:
        """Where it is, for messages."""
        ...

    def fact(self, name: str) -> Any:
        """A fact about the run."""
        ...


def planned(client: SyncClient | AsyncClient, journal: Facts) -> Plan:
    """The plan of a run, from its journal or one of its shards.

    Args:
        client: The client.
        journal: What has the facts.

    Raises:
        ConfigurationError: The client has no such method.
    """
    resource, name = journal.fact("resource"), journal.fact("method")
    try:
        method = getattr(getattr(client, resource), name)
    except AttributeError:
        raise ConfigurationError(
            f"{type(client).__name__} has no {resource}.{name}, which {journal.path} was "
            "made with; use the client of that platform and version"
        ) from None
    kept = journal.fact("plan")
    return Plan.of(
        method,
        kept["arguments"],
        id_parameter=kept["id_parameter"],
        max_pages=kept["max_pages"],
    )


def check_same(kept: Mapping[str, Any], plan: Plan, folder: Any) -> None:
    """Refuse to mix two exports in one folder.

    Args:
        kept: What the folder's run asks for, as `to_document` wrote it.
        plan: What is asked for now.
        folder: The folder.

    Raises:
        ConfigurationError: They differ.
    """
    now = plan.to_document()
    for name, value in now.items():
        if value != kept.get(name):
            raise ConfigurationError(
                f"{folder} holds an export with {_described(name, kept.get(name))}, and this one "
                f"has {_described(name, value)}; use the same, or another folder"
            )


def _described(name: str, value: Any) -> str:
    if name == "arguments":
        listed = ", ".join(f"{key}={text!r}" for key, text in sorted(dict(value or {}).items()))
        return f"the arguments {listed}" if listed else "no arguments"
    return f"{name}={value}"


def _found(client: Any, method: Any) -> Method:
    if isinstance(client, SyncClient | AsyncClient):
        wanted = getattr(method, "__qualname__", "").removeprefix("Async")
        table: tuple[Method, ...] = import_module("._operations", client._package).METHODS
        for row in table:
            if row.kind == "iterate" and row.function.__qualname__ == wanted:
                return row
    raise ConfigurationError(
        "An export needs a method that walks pages, bound to a client, such as "
        f"client.influencer.iter_products_analytics; got {method!r}"
    )


def _id_parameter(
    method: Method, names: list[str], arguments: Mapping[str, Any], chosen: str | None
) -> str:
    if chosen is not None:
        if chosen not in names:
            listed = ", ".join(names)
            raise ConfigurationError(f"{method.name} has no argument {chosen!r}; it has {listed}")
        if chosen in arguments:
            raise ConfigurationError(f"{chosen} takes the ids, so it cannot have a value, too")
        return chosen
    parameters = method.signature.parameters
    required = [name for name in names if parameters[name].default is Parameter.empty]
    left = [name for name in required if name not in arguments]
    if len(left) == 1:
        return left[0]
    listed = ", ".join(left or [name for name in names if name not in arguments])
    raise ConfigurationError(
        f"Which argument of {method.name} takes the ids? Name it with id_parameter=...: {listed}"
    )


def _checked_pages(value: int | None) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise ConfigurationError(f"max_pages must be at least 1, or None for all, got {value!r}")
    return value
