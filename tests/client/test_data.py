"""What calls give whose data are no page: one object, a list, other data, null, or nothing."""

from __future__ import annotations

from dataclasses import replace
from types import NoneType
from typing import Any

import httpx
import pytest

from client.conftest import Mode, product, success
from keyapi import InvalidResponse
from keyapi._operation import Operation
from keyapi_example import InfluencerProduct

ONE: Operation[Any] = Operation(
    name="one", method="GET", path="/v1/one", model=lambda: InfluencerProduct
)


def called(mode: Mode, kind: str, operation: Operation[Any], response: httpx.Response) -> Any:
    """What a call gives that is answered so."""
    mode.server = lambda request: response
    return mode.call(lambda client: getattr(client, f"_{kind}")(operation, {}))


@pytest.mark.parametrize(("kind", "data"), [("one", product(1)), ("many", [product(1)])])
def test_null_is_given_only_where_the_data_may_be_null(mode: Mode, kind: str, data: Any) -> None:
    maybe = replace(ONE, nullable=True)
    found = called(mode, kind, maybe, success(data))
    assert (found if kind == "one" else found[0]).product_id == product(1)["product_id"]
    assert called(mode, kind, maybe, success(None)) is None
    with pytest.raises(InvalidResponse, match="/data is NoneType"):
        called(mode, kind, ONE, success(None))


def test_missing_data_is_never_taken_for_null(mode: Mode) -> None:
    without = httpx.Response(200, json={"code": 0, "message": "success"})
    with pytest.raises(InvalidResponse):
        called(mode, "one", replace(ONE, nullable=True), without)


def test_other_data_have_the_documented_type(mode: Mode) -> None:
    texts = replace(ONE, model=lambda: dict, received=(str,))
    assert called(mode, "data", texts, success("US")) == "US"
    with pytest.raises(InvalidResponse, match="/data is int, not str"):
        called(mode, "data", texts, success(1))
    assert called(mode, "data", replace(texts, received=()), success(1)) == 1


def test_objects_in_maps_and_lists_are_models(mode: Mode) -> None:
    maps = replace(ONE, received=(dict,), maps=1)
    found = called(mode, "data", maps, success({"a": product(1), "b": [product(2), "text"]}))
    assert [type(found["a"]), type(found["b"][0])] == [InfluencerProduct] * 2
    assert found["b"][1] == "text"


def test_an_operation_without_content_gives_none(mode: Mode) -> None:
    nothing = replace(ONE, model=lambda: dict, received=(NoneType,))
    assert called(mode, "data", nothing, httpx.Response(204)) is None
    with pytest.raises(InvalidResponse):
        called(mode, "data", ONE, httpx.Response(204))
