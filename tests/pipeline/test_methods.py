"""The table of methods in the generated package, and names that pages choose."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

import keyapi_example
from conformance.clients import client_files, loaded
from keyapi._base import resource
from keyapi._client import SyncClient
from keyapi._clients import async_twin, methods
from pipeline.errors import PipelineError
from support.many_pages import many_pages
from support.page_shapes import specification, zoo_specification
from support.pages import page, paged, query, rows


def _named(*names: str) -> dict[str, Any]:
    """The specification of pages whose paths are made of names; each is paged."""
    parameters = [
        query("q"),
        query("level", "Level", "integer"),
        query("on", "Switch", "boolean"),
        *paged(),
    ]
    data = rows(shop_id="string")
    return specification(
        {
            f"page-{number}.md": page(
                f"/v1/tiktok/{name}", parameters=parameters, data_schema=data, example=[{}]
            )
            for number, name in enumerate(names)
        }
    )


# Names of modules of the package, of what its modules import, and of built-in types.
_CLASHING = (
    *("api/list", "annotations/list", "client", "cached/property", "errors", "httpx/list"),
    *("keyapi/list", "method/list", "methods/all", "models", "models/list", "operations/all"),
    *("str/list", "tuple/list", "types/list", "int/bool", "int/int", "int/str", "int/float"),
)
SPECIFICATIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "zoo": zoo_specification,
    "many": lambda: specification({n.replace("/", "-"): t for n, t in many_pages(12).items()}),
    "clashing": lambda: _named(*_CLASHING),
}


@pytest.fixture(scope="module", params=["example", *SPECIFICATIONS])
def client(request: pytest.FixtureRequest) -> Iterator[type[SyncClient]]:
    if request.param == "example":
        yield keyapi_example.TikTok
        return
    with loaded(client_files(SPECIFICATIONS[request.param]())) as generated:
        yield generated


class _Witness:
    """Stands in for a client: gives what its methods call it with, and sends nothing."""

    def __getattr__(self, kind: str) -> Any:
        return lambda operation, arguments, **walk: (kind.strip("_"), operation, arguments)


class _AsyncWitness(_Witness):
    """Stands in for an asyncio client, whose calls are awaited and whose walks are not."""

    def __getattr__(self, kind: str) -> Any:
        called = super().__getattr__(kind)

        async def awaited(operation: Any, arguments: Any) -> Any:
            return called(operation, arguments)

        return called if kind == "_iterate" else awaited


def _resources(client: type[SyncClient], mode: str) -> dict[str, Any]:
    """The resources of a client, sync or async, by attribute."""
    kind, witness = {
        "sync": (client, _Witness()),
        "async": (async_twin(client), _AsyncWitness()),
    }[mode]
    return {
        name: member._make(witness)
        for name, member in vars(kind).items()
        if isinstance(member, resource)
    }


def _result(called: Any) -> Any:
    """What a call gave, awaited where it must be."""
    if not inspect.isawaitable(called):
        return called
    with pytest.raises(StopIteration) as ended:
        called.__await__().send(None)
    return ended.value.value


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_the_table_lists_each_public_method_once(client: type[SyncClient], mode: str) -> None:
    there = [
        (name, method)
        for name, group in _resources(client, mode).items()
        for method in vars(type(group))
        if not method.startswith("_")
    ]
    assert [(row.resource, row.name) for row in methods(client)] == there


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_method_calls_and_sends_what_the_table_says(client: type[SyncClient], mode: str) -> None:
    resources = _resources(client, mode)
    for row in methods(client):
        method = getattr(resources[row.resource], row.name)
        names = list(row.signature.parameters)
        assert list(inspect.signature(method).parameters) == names
        kind, operation, arguments = _result(method(**{name: name for name in names}))
        assert (kind, operation) == (row.kind, row.operation)
        places = {**operation.query, **operation.path_parameters, **operation.body}
        assert row.wire == {name: places.get(key, key) for key, name in arguments.items()}
        unsent = {"limit", "max_pages"} if row.kind == "iterate" else set()
        assert row.wire.keys() == set(names) - unsent


def test_a_low_level_module_hides_nothing_from_its_resource() -> None:
    with loaded(client_files(_named("models"))) as client:
        import_module(f"{client._package}.api.root.models")
        call = next(row for row in methods(client) if row.name == "models")
        assert call.operation.view({"shop_id": "1"}).shop_id == "1"


def test_an_operation_named_like_a_walk_is_refused_with_its_place() -> None:
    with pytest.raises(PipelineError, match="two methods are called iter_list") as caught:
        client_files(_named("shop/list", "shop/iter/list"))
    assert caught.value.pointer == "#/paths/~1v1~1tiktok~1shop~1list/get"
    assert "GET /v1/tiktok/shop/iter/list" in caught.value.problem


_STATE = {"type": "integer", "description": "1=new 2=sold"}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


# Schema of a body's property, what it is given, and what is sent.
_BODIES: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "object": (
        _object(order={"type": "string", "enum": ["sold"]}),
        {"order": "SOLD"},
        {"order": "sold"},
    ),
    "objects": (_object(b=_object(state=_STATE)), {"b": {"state": "sold"}}, {"b": {"state": 2}}),
    "list": (_list(_STATE), ["new", 2, "sold"], [1, 2, 2]),
    "lists": (_list(_list(_STATE)), [["new"], ["sold"]], [[1], [2]]),
    "list of objects": (
        _list(_object(state=_STATE)),
        [{"state": "sold", "a": "new"}],
        [{"state": 2, "a": "new"}],
    ),
    "object with a list": (_object(states=_list(_STATE)), {"states": ["sold"]}, {"states": [2]}),
}


def test_enums_of_a_body_are_taken_by_name_at_any_depth() -> None:
    named = {f"p{number}": schema for number, (schema, _, _) in enumerate(_BODIES.values())}
    text = page(
        "/v1/tiktok/shop/find", method="post", body=_object(**named), data_schema=rows(a="string")
    )
    with loaded(client_files(specification({"a.md": text}))) as generated:
        method = next(method for method in methods(generated) if "p0" in method.wire)
        for number, (name, (_, given, sent)) in enumerate(_BODIES.items()):
            kind = method.operation.arguments[f"p{number}"]
            assert kind.read(given, True) == sent, name
            wrong = re.sub("(?i)sold", "gone", json.dumps(given))
            with pytest.raises(ValueError, match=r"must be one of .*, got 'gone'"):
                kind.read(json.loads(wrong), True)
