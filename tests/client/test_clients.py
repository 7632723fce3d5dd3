"""The generated clients that are installed, and the methods they offer."""

from __future__ import annotations

import inspect
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from keyapi import ConfigurationError
from keyapi._clients import GROUP, async_twin, find, installed, methods
from keyapi.cli import main
from keyapi.specification import Specification
from keyapi_example import AsyncTikTok, SortType, SortTypeName, TikTok
from support.page_shapes import zoo_specification


def test_an_installed_client_is_found_by_its_platform() -> None:
    assert installed() == {"tiktok": TikTok}
    assert find() is find("tiktok") is TikTok
    assert async_twin(TikTok) is AsyncTikTok


def test_a_client_that_is_not_installed_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="no client 'myspace'; installed: tiktok"):
        find("myspace")


@pytest.mark.parametrize(
    ("names", "says"),
    [((), "Name the client; installed: none"), (("a", "b"), "Name the client; installed: a, b")],
)
def test_a_name_is_needed_unless_there_is_just_one(
    monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], says: str
) -> None:
    class Point:
        def __init__(self, name: str) -> None:
            self.name = name

        def load(self) -> Any:
            return TikTok

    def points(group: str) -> list[Any]:
        assert group == GROUP
        return [Point(name) for name in names]

    monkeypatch.setattr("keyapi._clients.entry_points", points)
    with pytest.raises(ConfigurationError, match=says):
        find()


def test_a_client_that_cannot_be_loaded_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    point = EntryPoint("myspace", "keyapi_myspace:MySpace", GROUP)
    monkeypatch.setattr("keyapi._clients.entry_points", lambda group: [point])
    with pytest.raises(ConfigurationError, match=r"'myspace' .*No module named") as caught:
        find()
    assert main(["demo"]) == 2
    assert capsys.readouterr().err == f"keyapi: {caught.value}.\n"


def test_methods_say_what_they_call_and_send() -> None:
    page, walk = (one for one in methods(TikTok) if one.resource == "influencer")
    assert (page.resource, page.name, page.kind) == ("influencer", "products_analytics", "page")
    assert (walk.name, walk.kind) == ("iter_products_analytics", "iterate")
    assert page.operation is walk.operation
    assert page.wire == {name: name for name in page.signature.parameters}
    assert walk.wire["start_page"] == "page_num"
    assert "limit" not in walk.wire
    assert page.signature.parameters["sort_type"].annotation == SortType | SortTypeName | None
    assert page.signature.parameters["user_id"].default is inspect.Parameter.empty
    assert page.doc.startswith("Influencer Products")
    with TikTok("sk") as tiktok:
        assert page.on(tiktok) == tiktok.influencer.products_analytics


def test_the_methods_of_a_class_derived_from_a_client_are_the_clients() -> None:
    class Mine(TikTok):
        pass

    assert list(methods(Mine)) == list(methods(TikTok))


def test_a_name_that_an_annotation_cannot_mean_is_an_error() -> None:
    from keyapi._clients import _Names
    from keyapi_example.api import influencer

    with pytest.raises(KeyError, match="Nothing"):
        _Names(influencer)["Nothing"]


def test_an_operation_without_rows_has_no_schema_of_one() -> None:
    operation = Specification(zoo_specification()).operations["video_typed"]
    assert (operation.items, operation.row, operation.properties()) == (None, None, {})


def test_the_specification_says_what_operations_mean() -> None:
    specification = Specification.of_package("keyapi_example")
    operation = specification.operations["influencer_products_analytics"]
    assert repr(operation) == "<GET /v1/tiktok/influencer/products/analytics>"
    assert operation.arguments["sort_type"].members == {"asc": 0, "desc": 1}
    assert operation.statuses == ["200", "400", "401", "402", "403", "429", "500"]
    assert operation.schema("418") is None
    assert operation.example("403") is None
    assert operation.success == "200"
    assert operation.properties()["user_id"]["type"] == "string"
