"""The second reader of the pages: what it finds in prose, and where it finds fault."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import conformance.page_words
from conformance.page_words import overlay_statements, page_statements, read_page_text
from conformance.page_words._prose import lists_with, names, not_beside, numbers
from conformance.page_words.listing import differences, listed, read_listing
from pipeline.project import Project
from support.pages import EXAMPLE, ROOT, page, query
from support.specs import effective

Edit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("start from 1 and go up to a maximum of 100,000.", ["1 least", "100000 most"]),
        ("integers ranging from 0 to 5", ["0 least", "5 most"]),
        ("between 1 and 30 days", ["1 least", "30 most"]),
        ("The default is 20. Then 30.", ["20 default", "30 "]),
        ("List.1=a_cnt 2=b_cnt", ["1 ", "2 "]),
        ("v1, total_7d_cnt, https://x.test/9/8, 1.5 %", ["1.5 "]),
        ("sk_live_1, a 1.2.3 version", []),
    ],
)
def test_numbers_have_the_role_of_the_last_cue(text: str, expected: list[str]) -> None:
    assert [f"{number.text} {number.role}" for number in numbers(text)] == expected


def test_names_are_words_that_only_a_name_can_be() -> None:
    text = "Use `page`, next_cursor or searchType of TikTok's API, see https://x.test/a_b."
    assert names(text) == ["page", "next_cursor", "searchType"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("0=asc 1=desc", []),
        ("Sort: 0 (asc), 1 (desc)", []),
        ("asc = 0, desc = 1", []),
        ("1=asc 0=desc", ["0", "1"]),
        ("desc = 0, asc = 1", ["0", "1"]),
        ("0=asc 1=descending", ["1"]),
    ],
)
def test_labels_stand_beside_their_values(text: str, wrong: list[str]) -> None:
    assert [value for value, _ in not_beside(text, {"0": "asc", "1": "desc"})] == wrong


def test_a_list_of_members_has_no_other() -> None:
    assert list(lists_with("supported: US, GB, DE", ["US", "GB"])) == ["DE"]
    assert list(lists_with("true / false, whether it is", ["true", "false"])) == []


def test_it_imports_nothing_of_the_rules_it_checks() -> None:
    for path in Path(conformance.page_words.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            assert not module.startswith(("pipeline.shape", "pipeline.vendor.pages"))


# --- The committed lists ----------------------------------------------------------------------


@pytest.mark.parametrize("root", [ROOT, EXAMPLE])
def test_the_committed_list_is_what_is_found(root: Path) -> None:
    project = Project(root)
    committed = read_listing(project)
    assert committed is not None
    current = listed(project, project.effective(project.vendored()).spec)
    assert list(differences(committed, current)) == []
    assert committed == current


# --- Faults -----------------------------------------------------------------------------------

PATH = "/v1/tiktok/shop/find"
TEXT = page(
    PATH,
    title="An operation",
    parameters=[
        query("region", "Region codes, supported only: US, GB, DE", required=True),
        query("shop_sort", "Sorting 1=sale_cnt, 2=shop_name", "integer"),
        query("order", "0=asc 1=desc", "integer"),
        query("days", "Between 1 and 30, the default is 7", "integer"),
        query("page_num", "Page numbers start from 1, at most 500", "integer", required=True),
        query("page_size", "At most 20 per page", "integer", required=True),
    ],
    data_schema={
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"shop_name": {"type": "string"}, "sale_cnt": {"type": "integer"}},
        },
    },
)


def stated(text: str, document: dict[str, Any]) -> set[tuple[str, ...]]:
    return set(page_statements(read_page_text(text.encode(), "a.md"), document))


def parameter(name: str, change: Callable[[dict[str, Any]], object]) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        found = document["paths"][PATH]["get"]["parameters"]
        schema = next(one["schema"] for one in found if one["name"] == name)
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        change(schema)

    return edit


def operation(change: Callable[[dict[str, Any]], object]) -> Edit:
    return lambda document: change(document["paths"][PATH]["get"])


FAULTS: dict[str, Edit] = {
    "another bound": parameter("page_size", lambda schema: schema.update(maximum=10)),
    "bounds swapped": parameter("days", lambda schema: schema.update(minimum=30, maximum=1)),
    "a bound gone": parameter("page_num", lambda schema: schema.pop("maximum")),
    "a bound more": parameter("region", lambda schema: schema.update(maxLength=2)),
    "labels swapped": parameter("order", lambda schema: schema["x-enum-varnames"].reverse()),
    "members swapped": parameter("shop_sort", lambda schema: schema["enum"].reverse()),
    "a member gone": parameter("region", lambda schema: schema["enum"].remove("DE")),
    "a member more": parameter("order", lambda schema: schema["enum"].append(2)),
    "another type": parameter("days", lambda schema: schema.update(type="string")),
    "a default": parameter("order", lambda schema: schema.update(default=1)),
    "another price": operation(lambda node: node["x-keyapi"].update(credits=2)),
    "another page size": operation(lambda node: node["x-keyapi"]["paging"].update(max=10)),
    "another filter": operation(lambda node: node["x-keyapi"].update(filters={"region": "id"})),
    "no 401": operation(lambda node: node["responses"].pop("401")),
    "a 404": operation(lambda node: node["responses"].update({"404": {"description": "x"}})),
    "no key": operation(lambda node: node.pop("security")),
    "no longer required": operation(lambda node: node["parameters"][0].pop("required")),
    "another name": operation(lambda node: node["parameters"][3].update(name="day")),
    "another text": operation(lambda node: node["parameters"][3].update(description="Days")),
    "another server": lambda document: document.update(servers=[{"url": "https://x.test"}]),
    "another operation": operation(lambda node: node.update(operationId="shop_search")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_specification_is_a_statement_that_is_not_listed(fault: str) -> None:
    right = effective(TEXT)
    wrong = copy.deepcopy(right)
    FAULTS[fault](wrong)
    assert stated(TEXT, wrong) != stated(TEXT, right)


def test_of_such_a_page_all_is_understood() -> None:
    kinds = {(kind, text) for kind, text, _ in stated(TEXT, effective(TEXT))}
    assert {text for kind, text in kinds if kind == "not understood"} == {"default 7"}
    assert {text for kind, text in kinds if kind == "different"} == set()


PROMPT = """
  onClick={() => navigator.clipboard.writeText(`I want to call it.

Endpoint: GET https://api.keyapi.ai/v1/tiktok/shop/find

Description: What it does.

Required Headers:
--header 'Authorization: Bearer <YOUR_API_KEY>'

Parameters:
- region (Required): Region codes, supported only: US, GB, DE
- shop_sort (Optional): Sorting 1=sale_cnt, 2=shop_name
- order (Optional): 0=asc 1=desc
- days (Optional): Between 1 and 30, the default is 7
- page_num (Required): Page numbers start from 1, at most 500
- page_size (Required): At most 20 per page

Example Response:
{
"code": 0,
"data": [{"sale_cnt": 5, "shop_name": "A \\"B\\"", "rating": 4.5}],
"requ
... (truncated)`)}
"""
ADDRESS = "https://api.keyapi.ai/v1/tiktok/shop/find"
KEY = "Authorization: Bearer <YOUR_API_KEY>"
SAMPLES = [
    {"label": "cURL", "source": f"curl --request GET --url {ADDRESS}?days=7 --header {KEY}"},
    {"label": "Python", "source": f"requests.get({ADDRESS} , headers=dict(Authorization=key))"},
    {"label": "JavaScript", "source": f'fetch({ADDRESS} , method: "GET", header: {KEY})'},
]
WITH_PROMPT = page(
    PATH,
    parameters=yaml.safe_load(TEXT.split("````")[1].partition("\n")[2])["paths"][PATH]["get"][
        "parameters"
    ],
    operation={"description": "What it does.", "x-codeSamples": SAMPLES},
    data_schema={"type": "array", "items": {"type": "object"}},
    example=[{"sale_cnt": 5, "shop_name": 'A "B"', "rating": 4.5}],
).replace("\n## OpenAPI", f"{PROMPT}\n## OpenAPI", 1)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("- page_size (Required)", "- page_size (Optional)", "the prompt says it is not required"),
        ("- order (Optional): 0=asc 1", "- order (Optional): 1=asc 0", "the prompt says"),
        ('"sale_cnt": 5', '"sale_cnt": 6', "the prompt's example has sale_cnt: 6"),
        ("- order (Optional)", "- direction (Optional)", "only the page's"),
        ("Endpoint: GET", "Endpoint: POST", "the prompt calls"),
        ("Description: What", "Description: How", "the prompt says"),
        (">1 credit<", ">3 credits<", "3 credits in the page"),
        ("\n# A page", "\n# Another page", "the heading"),
        ("--request GET", "--request POST", "the sample for cURL sends POST"),
        ("--url https://api.keyapi.ai/v1", "--url https://api.keyapi.ai/v2", "the sample for cURL"),
        ("requests.get(", "requests.put(", "the sample for Python sends PUT"),
        ("dict(Authorization", "dict(Other", "the sample for Python sends no key"),
        ('method: "GET"', 'method: "PUT"', "the sample for JavaScript sends PUT"),
    ],
)
def test_a_page_that_contradicts_itself_is_found_out(old: str, new: str, expected: str) -> None:
    document = effective(WITH_PROMPT)
    assert old in WITH_PROMPT
    before = stated(WITH_PROMPT, document)
    added = stated(WITH_PROMPT.replace(old, new, 1), document) - before
    assert any(found[1].startswith(expected) for found in added), added
    assert not any(found[1].startswith(("the prompt", "the sample")) for found in before), before


def test_an_action_says_where_it_has_its_values_from() -> None:
    action = {
        "target": "$.paths['/v1/a'].get.parameters[?@.name=='page_size']",
        "description": "Ten rows are the most.",
        "x-evidence": "doc: page_size is at most 10.",
        "x-published": {},
        "update": {"description": "At most 10 rows.", "schema": {"maximum": 10}},
    }
    assert list(overlay_statements({"actions": [action]})) == []
    wrong = [
        {**action, "update": {"schema": {"maximum": 20}}},
        {**action, "update": {"description": "At most 20 days."}},
        {**action, "target": str(action["target"]).replace("page_size", "page_num")},
        {key: action[key] for key in action if key != "x-evidence"},
    ]
    for one in wrong:
        assert list(overlay_statements({"actions": [one]})) != []
