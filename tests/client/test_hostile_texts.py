"""Texts of a server that would act on a terminal, a log or a page, and where they end up."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest

from client.conftest import (
    EXAMPLE,
    KEY,
    OPERATION,
    SPEC,
    Mode,
    Server,
    first_page,
    product,
    refusal,
    success,
)
from keyapi import BadRequest, InsufficientCredits, KeyAPIError, PaginationError
from keyapi._text import displayed
from keyapi.contract import Contract
from keyapi.contract._violation import SHOWN, short

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07\x9b2J",
    "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "one\nWARNING keyapi: forged",
    "one\r\x08\x0b\x0c\x85\u2028\u2029two",
    "abc\u202edef\u2066ghi\u200f",
    "half \ud83d of a pair",
    "nul \x00 and del \x7f",
    "x" * 50_000,
]
FREE_OF_HARM = "\u3000 é — 漢字 👩\u200d🚀 <b>&amp;</b> \\n"


def harmless(text: str, longest: int) -> None:
    text.encode()
    acts = [c for c in text if c.isprintable() is False and c not in "\u3000\u200d"]
    assert (acts, len(text) <= longest) == ([], True)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_could_act_is_escaped_and_cut(text: str) -> None:
    harmless(displayed(text), 7000)
    assert displayed(displayed(text)) == displayed(text)


def test_other_text_stays_as_it_is() -> None:
    assert displayed(FREE_OF_HARM) == FREE_OF_HARM
    assert displayed("one\ttwo\n\x1b") == "one\\ttwo\\n\\x1b"
    assert displayed("x" * 10, 10) == "x" * 10
    assert displayed("x" * 11, 10) == "x" * 9 + "…"


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "name", ["message", "msg", "detail", "requestId", "request_id", "HTML", "text"]
)
def test_nothing_of_an_error_acts_where_it_is_shown(
    mode: Mode, server: Server, caplog: pytest.LogCaptureFixture, name: str, text: str
) -> None:
    body = json.dumps({"code": 400, "data": None, name: text}).encode()
    if name in ("HTML", "text"):
        start = "<html>" if name == "HTML" else ""
        body = (start + text).encode("utf-8", "surrogatepass")
    server.always = httpx.Response(400, content=body)
    caplog.set_level(logging.DEBUG, "keyapi")
    with pytest.raises(BadRequest) as caught:
        mode.page()
    for shown in (caught.value.message, caught.value.request_id or "", str(caught.value)):
        harmless(shown, 10_000)
    assert len(caught.value.request_id or "") < 2000
    for record in caplog.records:
        if record.name == "keyapi":
            harmless(record.getMessage(), 10_000)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_request_id_acts_where_it_is_shown(
    mode: Mode, server: Server, text: str
) -> None:
    body = json.dumps({**EXAMPLE, "requestId": text})
    server.always = httpx.Response(200, content=body)
    harmless(mode.page().request_id, 1200)


def test_nothing_of_a_quota_message_acts_when_it_is_repeated(mode: Mode, server: Server) -> None:
    server.always = refusal(402, message=f"quota \x1b[31m {KEY} " + "x" * 50_000)

    client = mode.open(max_retries=0)
    for _ in range(2):
        with pytest.raises(InsufficientCredits) as caught:
            first_page(mode, client)
        harmless(str(caught.value), 3000)
        assert KEY[:8] not in str(caught.value)
    mode.close(client)


def test_no_half_of_a_key_is_shown_where_a_message_is_cut(mode: Mode, server: Server) -> None:
    for before in range(985, 1001):
        server.always = refusal(400, message="x" * before + KEY)
        with pytest.raises(BadRequest) as caught:
            mode.page()
        assert "sk_live" not in caught.value.message


def test_what_a_proxy_says_cannot_act(mode: Mode, server: Server) -> None:
    server.always = httpx.ProxyError("407 \x1b[31mNo\nWARNING forged")
    with pytest.raises(KeyAPIError) as caught:
        mode.page(options={"max_retries": 0})
    harmless(str(caught.value), 1000)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_cursor_acts_in_the_error_of_a_walk(text: str) -> None:
    error = PaginationError("no")
    error.next_page = text
    harmless(str(error), 2000)
    assert error.next_page == text  # to resume with


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_an_answer_acts_in_a_violation(text: str) -> None:
    row = {**EXAMPLE["data"][0], "product_id": {text: [text]}, text: text}
    content = json.dumps({**EXAMPLE, "data": [row]}).encode()
    found = Contract(SPEC).violations(OPERATION["operationId"], 200, content)
    assert {violation.rule for violation in found} == {"type", "additionalProperties"}
    for violation in found:
        harmless(str(violation), 2500)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a": 1, "b": [1.5, None, True]}, '{"a": 1, "b": [1.5, null, true]}'),
        ([], "[]"),
        ({}, "{}"),
        ("text", "text"),
        (["é"], '["é"]'),
        ([["x" * 200]], '[["' + "x" * (SHOWN - 4) + "…"),
        (["\x1b"], '["\\u001b"]'),
    ],
)
def test_a_violation_shows_the_beginning_of_a_value(value: Any, shown: str) -> None:
    assert short(value) == shown
    huge = [value] * 10**6
    assert short(huge) == short(huge[:100])


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_row_acts_in_a_notebook(mode: Mode, server: Server, text: str) -> None:
    row = product(1)
    body = json.dumps({**EXAMPLE, "data": [{**row, "product_id": text, text: {text: text}}]})
    server.always = httpx.Response(200, content=body)
    page = mode.page()
    for html in (page._repr_html_(), page[0]._repr_html_()):
        harmless(html, 20_000)


def test_a_notebook_shows_no_endless_columns(mode: Mode, server: Server) -> None:
    server.always = success([{f"column {n}": n for n in range(9_000)}])
    assert mode.page()._repr_html_().count("<th>") == 200
