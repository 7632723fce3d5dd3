"""Faults of names, bytes and refusals, planted one at a time in the example's client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from enum import IntEnum
from functools import cache
from typing import Any

import httpx
import pytest
from pydantic_core import core_schema

from conformance.clients import GeneratedBaseline, loaded
from keyapi import InvalidResponse, KeyAPIError, NotFound, RateLimited, _low_level
from keyapi import _arguments as kinds
from keyapi._client import SyncClient
from keyapi._models import Model, field
from keyapi._operation import Operation
from keyapi._paging import Cursor
from keyapi.conformance.drivers import Caller, Inexpressible, Sent
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.relations import (
    Finding,
    arguments_checked,
    bytes_as_received,
    low_level_as_documented,
    names_as_documented,
    refusals_as_documented,
    texts_as_given,
)
from keyapi.conformance.relations._answers import attributes as _attributes
from keyapi.conformance.relations._answers import refusals as _refusals
from keyapi.conformance.relations._answers.attributes import Reader
from keyapi.conformance.spelling import members_differ
from keyapi.specification import Specification
from keyapi_example import TikTok
from support.many_pages import many_pages
from support.page_shapes import ZOO
from support.pages import EXAMPLE, page, rows
from support.specs import effective, synthetic

SPECIFICATION = Specification.of_package("keyapi_example")
OPERATIONS = SPECIFICATION.operations
BASE_URL = TikTok.default_base_url
PAGES = (
    page(
        "/v1/tiktok/shop/maps",
        data_schema={
            "type": "object",
            "nullable": True,
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
                    "owners": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "properties": {"name": {"type": "string"}},
                        },
                    },
                },
            },
        },
    ),
    page("/v1/tiktok/shop/text", example={"text": "[1, 2]", "other": "{}", "third": "[]"}),
    page("/v1/tiktok/shop/none", data_schema={**rows(name="string"), "nullable": True}),
)
PACKAGE = EXAMPLE / "generated/keyapi_example"
PRODUCTS, SEARCH, DETAIL = "influencer_products_analytics", "video_search", "video_video_id_detail"


@cache
def files() -> dict[str, bytes]:
    return {
        path.relative_to(PACKAGE).as_posix(): path.read_bytes()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def names(operation: str, client: type[SyncClient] = TikTok) -> Iterator[Finding]:
    return names_as_documented(SPECIFICATION, OPERATIONS[operation], Caller(client))


def low_level(operation: str, client: type[SyncClient] = TikTok) -> Iterator[Finding]:
    caller = Caller(client)
    return low_level_as_documented(SPECIFICATION, OPERATIONS[operation], caller, BASE_URL)


def texts(operation: str, client: type[SyncClient] = TikTok) -> Iterator[Finding]:
    return texts_as_given(OPERATIONS[operation], Caller(client), BASE_URL)


def arguments(operation: str, client: type[SyncClient] = TikTok) -> Iterator[Finding]:
    return arguments_checked(OPERATIONS[operation], Caller(client), BASE_URL)


def planted(
    look: Callable[..., Iterator[Finding]],
    rule: str,
    operation: str,
    name: str,
    old: str,
    new: str,
) -> bool:
    """Whether a client with another line of code breaks a rule."""
    source = files()[name].decode()
    assert old in source
    with loaded({**files(), name: source.replace(old, new).encode()}) as client:
        return is_told(rule, look(operation, client))


def test_nothing_is_found_without_a_fault() -> None:
    for operation in OPERATIONS:
        assert [*names(operation), *low_level(operation), *arguments(operation)] == []


def test_nothing_is_found_in_clients_of_other_shapes() -> None:
    baseline = GeneratedBaseline(effective(*many_pages(20).values(), *ZOO.values(), *PAGES))
    caller, specification = baseline.caller, baseline.specification
    for number, operation in enumerate(specification):
        found = list(names_as_documented(specification, operation, caller))
        if number % 6 == 0:  # they take longest
            found += low_level_as_documented(specification, operation, caller, BASE_URL)
            found += arguments_checked(operation, caller, BASE_URL)
        assert found == [], "\n".join(map(str, found))


PRODUCT = "models/influencer_product.py"
RESOURCE = "api/influencer/__init__.py"
LOW = "api/influencer/influencer_products_analytics.py"
NAMES = [
    ("member", PRODUCTS, "models/sort_type.py", "ASC = 0\n    DESC", "DESC = 0\n    ASC"),
    ("member", PRODUCTS, "models/sort_type.py", '"asc", "desc"', '"asc", "down"'),
    ("member", SEARCH, "models/video_search_region.py", '"US", "GB"', '"US", "GB", "FR"'),
    ("member", SEARCH, "models/video_search_region.py", 'US = "US"', 'UK = "US"'),
    ("member", PRODUCTS, "models/sort_type.py", "str(self.value)", "self.name"),
    ("attribute", PRODUCTS, PRODUCT, '_field("total_sale_cnt"', '_field("total_live_cnt"'),
    ("attribute", PRODUCTS, PRODUCT, "    product_id: ", "    another: "),
    ("attribute", DETAIL, "models/video_video_id_detail_author.py", '"nick_name"', '"user_id"'),
    ("attribute", SEARCH, "models/video_search_body_filter.py", '_field("sold"', '_field("no"'),
    ("attribute", "shop_list", "models/shop.py", '_field("is_official"', '_field("rating"'),
    ("attribute-type", PRODUCTS, PRODUCT, "total_sale_cnt: int", "total_sale_cnt: str"),
    ("attribute-type", PRODUCTS, PRODUCT, "covers: list[Cover]", "covers: list[Any]"),
    ("documentation", PRODUCTS, PRODUCT, '"""Product primary category ID."""', '"""No."""'),
    ("accessor", PRODUCTS, PRODUCT, 'order="index"', 'order="url"'),
    ("accessor", PRODUCTS, PRODUCT, 'text="url"', 'text="index"'),
    (
        "accessor",
        PRODUCTS,
        PRODUCT,
        '_decoded(\n        "cover_url"',
        '_decoded(\n        "user_id"',
    ),
    ("accessor", "shop_detail", "models/shop_detail_data.py", 'model="StatsDecoded"', "many=True"),
    (
        "method",
        "shop_many",
        "api/shop/__init__.py",
        "class ShopResource:",
        "class ShopResource:\n    x = 1\n",
    ),
    ("method", "shop_many", "_operations.py", 'kind="many"', 'kind="data"'),
    ("wire", "feed_list", "_operations.py", '"offset": "offset"', '"offset": "cursor"'),
    ("default", PRODUCTS, RESOURCE, "page_size: int = 10", "page_size: int = 5"),
    ("argument", PRODUCTS, RESOURCE, "limit: int | None = None", "most: int | None = None"),
    ("argument-type", PRODUCTS, RESOURCE, "category_id: str | None =", "category_id: str ="),
    ("argument-type", PRODUCTS, RESOURCE, "page_size: int = 10", "page_size: float = 10"),
    ("argument-type", SEARCH, "api/video/__init__.py", "levels: list[int]", "levels: list[str]"),
    ("argument-type", PRODUCTS, LOW, "page_num: int,", "page_num: str,"),
    ("argument-type", PRODUCTS, LOW, "page_num: int,", "page_num: int | Unset,"),
    ("argument-type", PRODUCTS, LOW, "client: AsyncTikTok,", "client: TikTok,"),
    ("returns", PRODUCTS, LOW, ") -> ErrorEnvelope |", ") -> Any |"),
    ("option-type", PRODUCTS, "client.py", "deadline: float | None =", "deadline: int | None ="),
    ("option-type", PRODUCTS, "client.py", "bool = UNCHANGED", "bool | None = UNCHANGED"),
    ("documentation", PRODUCTS, RESOURCE, "One request, 1 credit", "One request, 2 credits"),
    ("documentation", PRODUCTS, RESOURCE, "page_size: Rows per page", "page_size: Rows"),
    ("documentation", PRODUCTS, RESOURCE, "a sequence of `Inf", "a list of `Inf"),
    ("documentation", PRODUCTS, RESOURCE, "historical sales", "historic sales"),
    ("documentation", PRODUCTS, RESOURCE, "limit: Rows to yield", "limit: Pages to yield"),
    ("documentation", PRODUCTS, RESOURCE, '"""Operations below `i', '"""Operations of `i'),
    ("documentation", PRODUCTS, LOW, "Creator user ID", "Seller user ID"),
    ("documentation", PRODUCTS, "client.py", "or KEYAPI_BASE_URL gives", "or KEYAPI_URL gives"),
    ("export", PRODUCTS, "models/__init__.py", "except KeyError:", "except IndexError:"),
    ("documentation", PRODUCTS, "client.py", "0 for never", "1 for never"),
    ("documentation", PRODUCTS, "client.py", '"""The `influencer` op', '"""The `shop` op'),
    ("documentation", PRODUCTS, "models/sort_type.py", "order 0=asc", "order 1=asc"),
    ("async", PRODUCTS, RESOURCE, "async def products_analytics", "async def others"),
    ("returns", "shop_many", "api/shop/__init__.py", "list[ShopManyItem]", "list[Shop]"),
    ("paging", PRODUCTS, RESOURCE, "last=100000", "last=1000"),
    ("next", "feed_list", "api/feed/__init__.py", "type=int", "type=str"),
    ("paging", "feed_list", "api/feed/__init__.py", "type=int", "type=str"),
    ("option", PRODUCTS, "client.py", "deadline=deadline", "deadline=timeout"),
    ("option", PRODUCTS, "client.py", "max_retries: int = 3", "max_retries: int = 4"),
    ("server", PRODUCTS, "client.py", '= "https://api.keyapi.ai"', '= "https://api.example"'),
    ("low-level", "shop_many", "types.py", "content: bytes", "body: bytes"),
    ("exception", "shop_many", "models/__init__.py", '"Shop": ".shop"', '"Shop": ".no"'),
    (
        "export",
        "shop_many",
        "__init__.py",
        '    "SortType",\n',
        '    "annotations",\n',
    ),
    ("export", "shop_many", "__init__.py", '    "Cover",\n', ""),
    ("export", "shop_many", "__init__.py", '    "SortTypeName",\n', ""),
    ("export", "shop_many", "__init__.py", '    "NotFound",\n', ""),
    ("export", "shop_many", "__init__.py", "sorted(__all__)", 'sorted({*__all__} - {"Cover"})'),
    ("export", "shop_many", "models/__init__.py", '    "Cover",\n', ""),
]


@pytest.mark.parametrize(("rule", "operation", "name", "old", "new"), NAMES)
def test_a_name_that_stands_for_something_else_is_told(
    rule: str, operation: str, name: str, old: str, new: str
) -> None:
    assert planted(names, rule, operation, name, old, new)


LOW = f"api/influencer/{PRODUCTS}.py"
LOW_LEVEL = [
    ("query", PRODUCTS, LOW, '["page_num"] = page_num', '["page_num"] = page_size'),
    ("sent", PRODUCTS, LOW, '"params": params,', '"params": 1,'),
    ("body", SEARCH, f"api/video/{SEARCH}.py", "= body.to_dict()", "= {}"),
    ("media-type", SEARCH, f"api/video/{SEARCH}.py", '"application/json"', '"text/plain"'),
    ("path", DETAIL, f"api/video/{DETAIL}.py", 'safe=""', 'safe="/"'),
    ("credits", PRODUCTS, LOW, '"influencer_products_analytics", 1', '"shop_list", 1'),
    ("parsed", PRODUCTS, LOW, "status_code == 400", "status_code == 409"),
    (
        "attribute-type",
        PRODUCTS,
        LOW,
        "response_401 = ErrorEnvelope.",
        "response_401 = InfluencerProductsAnalyticsResponse.",
    ),
    ("response", PRODUCTS, LOW, "content=response.content", 'content=b""'),
    ("undocumented", PRODUCTS, LOW, "if client.raise_on_", "if not client.raise_on_"),
    (
        "undocumented",
        PRODUCTS,
        "errors.py",
        "self.content = content",
        "self.content = content[:100]",
    ),
    ("low-level", PRODUCTS, LOW, "async def asyncio(", "async def another("),
    ("attribute", SEARCH, "models/video_search_body.py", ', enum="VideoSearchRegion"', ""),
]


@pytest.mark.parametrize(("rule", "operation", "name", "old", "new"), LOW_LEVEL)
def test_a_low_level_function_that_does_something_else_is_told(
    rule: str, operation: str, name: str, old: str, new: str
) -> None:
    assert planted(low_level, rule, operation, name, old, new)


VIDEOS = "api/video/__init__.py"
MEMBER = "_arguments.Member(lambda: _models.SortType)"
ARGUMENTS = [
    ("refused", PRODUCTS, RESOURCE, '"user_id": _arguments.Text()', '"_": _arguments.Text()'),
    ("refused", PRODUCTS, RESOURCE, ', "user_id"]),', "]),"),
    ("refused", PRODUCTS, RESOURCE, MEMBER, "_arguments.Anything()"),
    ("sent", PRODUCTS, RESOURCE, MEMBER, "_arguments.Integer()"),
    (
        "refused",
        SEARCH,
        VIDEOS,
        "_arguments.Member(lambda: _models.Format)",
        "_arguments.Integer()",
    ),
    ("refused", PRODUCTS, RESOURCE, "largest=10", "largest=11"),
    ("refused", PRODUCTS, RESOURCE, "last=100000", "last=None"),
    ("refused", PRODUCTS, LOW, "**client._checked(", "**(lambda _, given: given)("),
    ("refused", SEARCH, VIDEOS, "_arguments.List(_arguments.Text())", "_arguments.Anything()"),
    ("refused", SEARCH, VIDEOS, "_arguments.Boolean()", "_arguments.Anything()"),
    ("refused", SEARCH, VIDEOS, "_arguments.Text(free=True)", "_arguments.Anything(free=True)"),
    ("sent", SEARCH, VIDEOS, "lambda: _models.Format", "lambda: _models.SortType"),
]


@pytest.mark.parametrize(("rule", "operation", "name", "old", "new"), ARGUMENTS)
def test_an_argument_that_is_not_checked_is_told(
    rule: str, operation: str, name: str, old: str, new: str
) -> None:
    assert planted(arguments, rule, operation, name, old, new)


@pytest.mark.parametrize(
    ("kind", "name", "changed"),
    [
        (kinds.Text, "read", lambda self, value, listed: value),
        (kinds.Member, "_scalar", lambda self, value: getattr(value, "value", value)),
        (kinds.Object, "read", lambda self, value, listed: dict(value)),
        (Cursor, "kinds", {}),
        (Operation, "_encoded", lambda self, arguments: (self.path, None)),
        (_low_level, "_given", lambda value: value),
    ],
)
def test_a_kind_of_argument_that_does_something_else_is_told(
    kind: Any, name: str, changed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, name, changed)

    first = next(iter(OPERATIONS))
    assert is_told("by hand", arguments(first))


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("query", '"sort_type": sort_type,\n                "page_size"', '"page_size"'),
        ("exception", "return self._client._iterate(", "return self._client._page("),
    ],
)
def test_a_walk_that_does_not_pass_on_what_it_is_given_is_told(
    rule: str, old: str, new: str
) -> None:
    assert planted(texts, rule, PRODUCTS, RESOURCE, old, new)


def test_an_operation_without_low_level_functions_is_told() -> None:
    specification = Specification(synthetic())
    operation = specification.operations["shop_products"]

    (found,) = low_level_as_documented(specification, operation, Caller(TikTok), BASE_URL)

    assert found.violation.rule == "low-level"


def test_what_any_other_status_means_is_not_asked_of_low_level_functions() -> None:
    document = json.loads(json.dumps(SPECIFICATION.document))
    responses = document["paths"]["/v1/tiktok/shop/many"]["get"]["responses"]
    responses["default"] = responses["400"]
    specification = Specification(document)
    operation = specification.operations["shop_many"]

    found = low_level_as_documented(specification, operation, Caller(TikTok), BASE_URL)

    assert list(found) == []


# --- Models by hand ---------------------------------------------------------------------------


class Tagged(Model):
    __slots__ = ()

    tags: list[str] | None = field("tags", default=None)


class Alike(Model):
    __slots__ = ()

    is_new: str | None = field("is_new", default=None)
    is_new_: str | None = field("isNew", default=None)


def read(model: type[Model], schema: dict[str, Any]) -> list[tuple[str, str]]:
    reader = Reader(SPECIFICATION, OPERATIONS[PRODUCTS], "spec -> client")
    return [(one.case, one.violation.rule) for one in reader.model(model, schema)]


def test_an_attribute_that_is_missing_or_raises_or_is_never_none_is_told() -> None:
    class Broken(Model):
        __slots__ = ()

        nested: Model | None = field("nested", default=None, model="NoSuchModel")
        level: int | None = field("level", default=None)
        extra: str | None = field("extra", default=None)

        @property
        def never_none(self) -> int:
            return 1

    properties = {
        "nested": {"type": "object", "properties": {"a": {"type": "string"}}},
        "level": {"type": "integer", "enum": [1, None]},
        "missing": {"type": "boolean"},
        "never_none": {"type": "integer"},
    }

    found = read(Broken, {"type": "object", "properties": properties})

    attributes = {case for case, rule in found if rule == "attribute"}
    assert attributes >= {"Broken", "Broken.nested", "Broken.level", "Broken.never_none"}


def of_pydantic(written: Callable[[Model], Any]) -> classmethod[Model, ..., Any]:
    """A schema for pydantic that writes rows in another way."""

    def schema(cls: type[Model], source: Any, handler: Any) -> Any:
        serialization = core_schema.plain_serializer_function_ser_schema(written)
        return core_schema.no_info_plain_validator_function(
            cls._validated, serialization=serialization
        )

    return classmethod(schema)


def without_nulls(row: Model) -> dict[str, Any]:
    return {name: value for name, value in row._row.items() if value is not None}


def documented_alone(row: Model) -> dict[str, Any]:
    return {name: row._row[name] for name in row._fields.values() if name in row._row}


@pytest.mark.parametrize(
    ("rule", "name", "fault"),
    [
        ("pydantic's JSON", "__get_pydantic_core_schema__", of_pydantic(without_nulls)),
        ("pydantic's model_dump", "__get_pydantic_core_schema__", of_pydantic(documented_alone)),
        ("pydantic's JSON", "__get_pydantic_core_schema__", of_pydantic(str)),
        (
            "pydantic's row",
            "_validated",
            classmethod(lambda cls, row: cls.from_dict(without_nulls(cls.from_dict(row)))),
        ),
        ("pydantic's schema", "__get_pydantic_json_schema__", lambda *_: {"type": "object"}),
        (
            "pydantic's refusal",
            "_validated",
            classmethod(lambda cls, row: cls.from_dict(getattr(row, "_row", row))),
        ),
        ("hash", "__hash__", lambda self: 1),
        ("derived, unequal", "__eq__", lambda self, other: self._row == other._row),
        ("notebook", "_repr_html_", lambda self: f"<b>{self}</b>"),
        ("dict()", "__iter__", lambda self: iter(documented_alone(self).items())),
        ("iteration", "__iter__", lambda self: iter(self._row.items())),
        ("copy", "__copy__", lambda self: self.from_dict(without_nulls(self))),
        ("deepcopy", "__deepcopy__", lambda self, memo: self),
        ("pickle", "__getstate__", documented_alone),
        ("replace", "__replace__", lambda self: self.from_dict(without_nulls(self))),
        ("to_dict()", "to_dict", lambda self: self._row),
        ("equal", "__eq__", lambda self, other: without_nulls(self) == without_nulls(other)),
    ],
)
def test_a_row_that_is_not_given_as_received_is_told(
    rule: str, name: str, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = {
        "type": "object",
        "properties": {"tags": {"type": "array", "items": {"type": "string"}}},
    }
    before = read(Tagged, schema)
    monkeypatch.setattr(Tagged, name, fault, raising=False)
    after = read(Tagged, schema)

    assert before == []
    assert rule in {found.partition(" of a")[0] for _, found in after}


def test_where_two_properties_are_spelled_alike_one_attribute_must_read_each() -> None:
    properties = {"is_new": {"type": "string"}, "isNew": {"type": "string"}}

    assert read(Alike, {"type": "object", "properties": properties}) == []


def test_documentation_is_not_looked_for_where_there_is_no_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Silent(Model):
        __slots__ = ()

        level: int | None = field("level", default=None)

    schema = {
        "type": "object",
        "properties": {"level": {"type": "integer", "description": "A level."}},
    }
    documentation = ("Silent.level", "documentation")
    assert documentation in read(Silent, schema)

    def unavailable(model: object) -> str:
        raise OSError

    monkeypatch.setattr(_attributes, "_source_of", unavailable)
    assert documentation not in read(Silent, schema)


def test_prose_names_the_members_of_an_enum_too() -> None:
    class Direction(IntEnum):
        ASC = 0
        DESC = 1

        def __str__(self) -> str:
            return str(self.value)

    schema = {"enum": [0, 1], "x-enum-varnames": ["asc", "desc"]}
    for text in ("0=asc 1=desc", "0: asc, 1: desc", "any order", "0=up 1=down", "10=desc"):
        assert list(members_differ(Direction, schema, text)) == []
    for text in ("0=desc 1=asc", "1 - asc"):
        assert list(members_differ(Direction, schema, text))


# --- Texts, bytes and refusals ----------------------------------------------------------------


class Faulty(Caller):
    """Calls the example's client, and then changes what came of the call."""

    def __init__(self, fault: Callable[[Sent], Sent]) -> None:
        super().__init__(TikTok)
        self._fault = fault

    def call(self, name: str, values: Mapping[str, Any], answer: ServerAnswer, **rest: Any) -> Sent:
        return self._fault(super().call(name, values, answer, **rest))


def twice_encoded(sent: Sent) -> Sent:
    requests = [
        httpx.Request(
            r.method, str(r.url).replace("%", "%25"), headers=r.headers, content=r.content
        )
        for r in sent.requests
    ]
    return replace(sent, requests=requests)


def raising(error: Exception) -> Callable[[Sent], Sent]:
    def fault(sent: Sent) -> Sent:
        raise error

    return fault


def is_told(rule: str, found: Iterator[Finding]) -> bool:
    """Whether a rule is broken; what comes after is not looked at, which takes longest."""
    return any(finding.violation.rule == rule for finding in found)


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (twice_encoded, "path"),
        (raising(Inexpressible("no such argument")), "inexpressible"),
        (raising(UnicodeError("é")), "exception"),
        (lambda sent: replace(sent, requests=[]), "sent"),
        (lambda sent: replace(sent, result=None), "refused"),
        (raising(ZeroDivisionError()), "refused"),
    ],
)
def test_a_text_that_does_not_arrive_is_told(fault: Callable[[Sent], Sent], rule: str) -> None:
    assert is_told(rule, texts_as_given(OPERATIONS[DETAIL], Faulty(fault), BASE_URL))


def test_texts_and_bytes_and_refusals_of_all_shapes_are_right() -> None:
    for name in (SEARCH, DETAIL):
        assert list(texts_as_given(OPERATIONS[name], Caller(TikTok), BASE_URL)) == []
    assert list(bytes_as_received(OPERATIONS["shop_note"], Caller(TikTok))) == []
    assert list(refusals_as_documented(OPERATIONS[DETAIL], Caller(TikTok))) == []


def as_floats(sent: Sent) -> Sent:
    if isinstance(sent.result, KeyAPIError):
        return sent
    rows = json.loads(json.dumps([row.to_dict() for row in sent.result]), parse_int=float)
    return replace(sent, result=rows)


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (as_floats, "to_dict"),
        (raising(UnicodeEncodeError("utf-8", "é", 0, 1, "no")), "exception"),
        (lambda sent: replace(sent, result=InvalidResponse("no")), "parsed"),
        (lambda sent: replace(sent, result=[]), "parsed"),
    ],
)
def test_bytes_that_come_back_as_something_else_are_told(
    fault: Callable[[Sent], Sent], rule: str
) -> None:
    assert is_told(rule, bytes_as_received(OPERATIONS["shop_categories"], Faulty(fault)))


def test_a_contract_that_does_not_look_at_the_bytes_is_told() -> None:
    class Unwatched(Caller):
        def call(self, *values: Any, **options: Any) -> Sent:
            return super().call(*values)

    found = bytes_as_received(OPERATIONS["shop_categories"], Unwatched(TikTok))

    assert is_told("contract-mode", found)


def test_an_operation_without_content_has_no_bytes() -> None:
    document = json.loads(json.dumps(SPECIFICATION.document))
    document["paths"]["/v1/tiktok/shop/note"]["get"]["responses"] = {"204": {"description": ""}}
    operation = Specification(document).operations["shop_note"]

    assert list(bytes_as_received(operation, Caller(TikTok))) == []


class Silent(NotFound):
    """An error whose text tells nothing."""

    def __init__(self, error: KeyAPIError | str) -> None:
        super().__init__("no")
        vars(self).update(getattr(error, "__dict__", {}))

    def __str__(self) -> str:
        return "no"


def changed(**facts: Any) -> Callable[[Sent], Sent]:
    def fault(sent: Sent) -> Sent:
        vars(sent.result).update(facts)
        return sent

    return fault


@pytest.mark.parametrize(
    "fault",
    [
        changed(request_id="another"),
        changed(message="another"),
        changed(retry_after=1.0),
        lambda sent: replace(sent, result=Silent(sent.result)),
        changed(of_no_pickle=lambda: None),
        raising(ZeroDivisionError()),
        lambda sent: replace(sent, result=RateLimited("no")),
    ],
)
def test_a_refusal_that_is_raised_as_something_else_is_told(fault: Callable[[Sent], Sent]) -> None:
    assert is_told("raised", refusals_as_documented(OPERATIONS[DETAIL], Faulty(fault)))


@pytest.mark.parametrize("name", [PRODUCTS, DETAIL])
def test_an_answer_that_another_call_gets_is_told(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_refusals, "refusals", lambda operation: ())
    right = list(refusals_as_documented(OPERATIONS[name], Caller(TikTok)))
    ids = iter(range(1000))
    monkeypatch.setattr(_refusals, "_id_of", lambda result: next(ids))

    found = refusals_as_documented(OPERATIONS[name], Caller(TikTok))

    assert right == []
    assert [finding.violation.rule for finding in found] == ["request-id"] * 2
