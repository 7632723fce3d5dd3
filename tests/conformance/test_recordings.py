"""A recording that is stale, edited or missing is named, with place and remedy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.spec_operators import mutants
from keyapi import RateLimited
from keyapi._sending.response import Failure, Success
from keyapi.conformance.recordings import (
    by_client,
    by_specification,
    check_file,
    check_recording,
    missing,
)
from keyapi.recording.har import read
from keyapi.recording.model import RecordedCall, Recording
from keyapi.specification import Specification
from keyapi_example import TikTok
from support.specs import EXAMPLE, listing

FOLDER = EXAMPLE / "recordings"
NAME = "influencer_products_analytics"


def recorded(outcome: str) -> Recording:
    (recording,) = read(FOLDER / NAME / f"{outcome}.har")
    return recording


def test_an_outcome_without_a_recording_is_named_with_the_remedy() -> None:
    recordings = [recording for path in FOLDER.rglob("*.har") for recording in read(path)]
    left = [one for one in recordings if one.status != 402]
    assert missing(Specification(listing()), left) == [
        f"{NAME} 402 has no recording: python scripts/record.py {NAME} --documented"
    ]


def without_example(spec: dict[str, Any]) -> None:
    del answer(spec)["content"]["application/json"]["example"]


def answer(spec: dict[str, Any], status: str = "200") -> Any:
    return operation(spec)["responses"][status]


def operation(spec: dict[str, Any]) -> Any:
    return spec["paths"]["/v1/tiktok/influencer/products/analytics"]["get"]


def test_a_success_without_an_example_has_to_be_recorded_from_a_server() -> None:
    spec = listing()
    without_example(spec)
    recordings = [recorded("401"), recorded("400"), recorded("402"), recorded("429")]

    assert missing(Specification(spec), recordings) == [
        f"{NAME} 200 has no recording: python scripts/record.py {NAME}",
        f"{NAME} 500 has no recording: python scripts/record.py {NAME} --documented",
    ]


BODY = json.loads(recorded("200").content)
ROW = BODY["data"][0]


def with_row(**changes: Any) -> bytes:
    return json.dumps({**BODY, "data": [{**ROW, **changes}]}).encode()


def content_type(text: str) -> dict[str, Any]:
    return {"headers": (("content-type", text),)}


STALE: list[tuple[str, dict[str, Any], str, str]] = [
    ("200", {"called": None}, "_keyapi", "expected the call"),
    ("200", {"called": RecordedCall("gone", {})}, "_keyapi/operation", f"{NAME}, found gone"),
    ("200", {"called": RecordedCall(NAME, {"user": "1"})}, "_keyapi/arguments", "'user'"),
    ("200", {"called": RecordedCall(NAME, {"user_id": "2"})}, "request", "query parameter user_id"),
    ("200", {"comment": "from memory"}, "comment", "where it comes from, found 'from memory'"),
    ("200", {"method": "POST"}, "request/method", "expected GET, found POST"),
    ("200", {"url": "https://x.test/y"}, "request/url", "a URL of https://api.keyapi.ai"),
    ("200", {"url": "https://api.keyapi.ai/y"}, "request/url", "expected /v1/tiktok"),
    ("200", {"request_headers": ()}, "request/headers", "expected a key, found none"),
    ("200", {"request_headers": (("x-old", "1"),)}, "request/headers", "x-old: None from TikTok"),
    ("200", {"body": b"{}"}, "request/postData/mimeType", "expected no body"),
    ("200", {"url": f"{recorded('200').url}&order=1"}, "request/queryString", "parameter: order"),
    ("200", {"url": recorded("400").url}, "request/queryString", "parameter: user_id"),
    ("400", {"url": recorded("200").url}, "request/queryString", "something wrong with user_id"),
    ("200", {"content": with_row(user_id=1)}, "content/text#/data/0/user_id", "type string"),
    ("200", {"content": with_row(new=1)}, "content/text#/data/0/new", "no such property"),
    ("200", {"content": with_row(total_live_cnt=7)}, "#/data/0/total_live_cnt", "documented 0"),
    ("200", {"status": 201}, "content/text#", "expected one of 200, 400"),
    ("402", {"status": 200}, "response", "InsufficientCredits from TikTok"),
    ("402", {"status": 401}, "response", "InsufficientCredits from AsyncTikTok"),
    ("200", {"status": 400}, "content/text#/code", "expected the documented 400, found 0"),
    ("200", {"content": b'"text"'}, "response", "InvalidResponse from TikTok"),
    ("200", content_type("text/html"), "content/mimeType", "expected application/json"),
]


@pytest.mark.parametrize(("outcome", "changes", "pointer", "words"), STALE)
def test_a_stale_recording_is_named_with_the_place_and_the_remedy(
    outcome: str, changes: dict[str, Any], pointer: str, words: str
) -> None:
    stale = replace(recorded(outcome), **changes)

    found = list(map(str, check_recording(stale, Specification(listing()), TikTok)))

    (first, *_) = [text for text in found if pointer in text and words in text] or [str(found)]
    assert pointer in first
    assert words in first
    assert f"{NAME}/{outcome}.har, entry 0" in first
    assert f"--outcome {outcome}" in first


def keyless(*args: Any) -> httpx.Headers:
    return httpx.Headers({"accept": "text/html"})


CLIENT_FAULTS: list[tuple[str, str, Any, list[str]]] = [
    (
        "200",
        "keyapi_example.models.InfluencerProduct.to_dict",
        lambda row: {**ROW, "total_live_cnt": 0.0},
        ["content/text#/data/0/total_live_cnt", "expected 0.0 from TikTok, found 0"],
    ),
    (
        "402",
        "keyapi._sending.call.parse_response",
        lambda *args: Failure(402, RateLimited("apiKey quota is not enough", status=402, code=402)),
        ["/response: expected RateLimited from TikTok"],
    ),
    (
        "429",
        "keyapi._sending.call.parse_response",
        lambda *args: Success({"code": 0, "data": []}, None),
        ["/response/status: expected an error, which TikTok did not raise"],
    ),
    (
        "200",
        "keyapi._operation.Operation.encode",
        lambda self, _: (f"{self.path}?user_id=6813855719982466054&page_num=2&page_size=10", None),
        ["/request: expected what TikTok sends", "page_num is '2', but was recorded as '1'"],
    ),
    (
        "200",
        "keyapi._connection.request_headers",
        keyless,
        ["expected authorization: None from TikTok", "expected accept: text/html from TikTok"],
    ),
]


@pytest.mark.parametrize(("outcome", "place", "fault", "words"), CLIENT_FAULTS)
def test_a_fault_of_the_client_shows(
    monkeypatch: pytest.MonkeyPatch, outcome: str, place: str, fault: Any, words: list[str]
) -> None:
    monkeypatch.setattr(place, fault)

    found = "\n".join(map(str, by_client(recorded(outcome), TikTok)))

    for word in words:
        assert word in found
        assert word.replace("TikTok", "AsyncTikTok") in found


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [
        ('"value": "10"', '"value": "9"', "/log/entries/0/request/queryString/2/value"),
        ("Bearer [key]", "Bearer abc", "/log/entries/0/request/headers/1/value"),
        ("success", "sk_live_c4nary", "/log/entries/0/response/content/size"),
        ('"version": "1.2"', '"version": "1.3"', "/log/version"),
        ('"entries"', '"entrees"', "/log"),
        ("{", "", "/log"),
        ("  ", " ", ""),
    ],
)
def test_a_file_that_was_edited_is_named(tmp_path: Path, old: str, new: str, pointer: str) -> None:
    path = tmp_path / NAME / "200.har"
    path.parent.mkdir()
    path.write_text((FOLDER / NAME / "200.har").read_text("utf-8").replace(old, new, 1), "utf-8")

    _, (finding,) = check_file(path)

    assert finding.pointer == pointer
    assert f"python scripts/record.py {NAME} --outcome 200" in str(finding)


def test_a_file_without_entries_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.har"
    path.write_text('{"log": {"entries": []}}', "utf-8")

    assert check_file(path)[1][0].expected == "an entry"


# Operators whose every mutant shows in a recording: by what was asked, or by what was answered.
TELLING = (
    "remove path",
    "change method",
    "change operation id",
    "remove security",
    "change server",
    "require parameter",
    "add required parameter",
    "remove success status",
    "invalidate example",
)


@pytest.mark.parametrize("operator", TELLING)
def test_a_recording_shows_that_the_specification_has_moved_on(operator: str) -> None:
    found = [mutant for mutant in mutants(listing()) if mutant.operator == operator]
    recordings = [recording for path in FOLDER.rglob("*.har") for recording in read(path)]

    assert found
    for mutant in found:
        specification = Specification(mutant.spec)
        assert [one for each in recordings for one in by_specification(each, specification)]


def test_a_specification_that_cannot_be_read_is_a_finding() -> None:
    spec = listing()
    schema = answer(spec)["content"]["application/json"]["schema"]
    schema["$ref"] = "#/components/schemas/Nowhere"

    (finding,) = by_specification(recorded("200"), Specification(spec))

    assert "Nowhere" in finding.found
