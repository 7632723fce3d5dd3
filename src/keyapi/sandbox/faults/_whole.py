"""Faults of an answer as a whole: a different answer, its transfer, its envelope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from keyapi.sandbox._exchange import Reply
from keyapi.sandbox.faults._fault import Exchange, Mutant, fault


@fault("html-502", charged=False)
def html_502(exchange: Exchange) -> Iterator[Mutant]:
    """HTTP 502 with an HTML page, like a proxy's."""
    html = b"<html><head><title>502 Bad Gateway</title></head></html>"
    yield Mutant("", Reply(502, html, {"content-type": "text/html"}))


@fault("rate-limited", charged=False)
def rate_limited(exchange: Exchange) -> Iterator[Mutant]:
    """HTTP 429 without Retry-After."""
    yield Mutant("", Reply.of(429, _error(exchange, 429, "qps limit exceeded")))


@fault("rate-limited-wait", charged=False)
def rate_limited_wait(exchange: Exchange) -> Iterator[Mutant]:
    """HTTP 429 with Retry-After: 1."""
    body = _error(exchange, 429, "qps limit exceeded")
    yield Mutant("", Reply.of(429, body, retry_after="1"))


@fault("quota-500", charged=False)
def quota_500(exchange: Exchange) -> Iterator[Mutant]:
    """HTTP 500 with the upstream provider's quota message."""
    yield Mutant("", Reply.of(500, _error(exchange, 500, "Usage Limit Exceeded")))


@fault("quota-402", charged=False)
def quota_402(exchange: Exchange) -> Iterator[Mutant]:
    """HTTP 402: the plan's credits are used up."""
    yield Mutant("", Reply.of(402, _error(exchange, 402, "apiKey quota is not enough")))


@fault("error-envelope", charged=False)
def error_envelope(exchange: Exchange) -> Iterator[Mutant]:
    """An error envelope with HTTP 200."""
    yield Mutant("", Reply.of(200, _error(exchange, 500, "Internal server error")))


@fault("undocumented-status", charged=False)
def undocumented_status(exchange: Exchange) -> Iterator[Mutant]:
    """The answer with HTTP 418, which no page documents."""
    yield Mutant("", replace(exchange.reply, status=418))


@fault("slow")
def slow(exchange: Exchange) -> Iterator[Mutant]:
    """The body arrives slowly, in small pieces."""
    yield Mutant("", replace(exchange.reply, delivery="slow"))


@fault("dropped", charged=False)
def dropped(exchange: Exchange) -> Iterator[Mutant]:
    """The connection ends in the middle of the body."""
    yield Mutant("", replace(exchange.reply, delivery="dropped"))


@fault("truncated")
def truncated(exchange: Exchange) -> Iterator[Mutant]:
    """The JSON is cut in half."""
    body = exchange.reply.body
    yield Mutant("", replace(exchange.reply, body=body[: len(body) // 2]))


@fault("html-type")
def html_type(exchange: Exchange) -> Iterator[Mutant]:
    """The content type says HTML."""
    yield Mutant("", replace(exchange.reply, headers={"content-type": "text/html"}))


@fault("no-type")
def no_type(exchange: Exchange) -> Iterator[Mutant]:
    """There is no content type."""
    yield Mutant("", replace(exchange.reply, headers={}))


@fault("error-code")
def error_code(exchange: Exchange) -> Iterator[Mutant]:
    """The envelope has an error's code, but also data."""
    yield exchange.changed(("code",), 500)


@fault("wrapped")
def wrapped(exchange: Exchange) -> Iterator[Mutant]:
    """The envelope is inside another object."""
    yield exchange.changed((), {"result": exchange.reply.json})


@fault("bare-list")
def bare_list(exchange: Exchange) -> Iterator[Mutant]:
    """The data arrive without an envelope."""
    yield exchange.changed((), exchange.reply.json.get("data"))


def _error(exchange: Exchange, code: int, message: str) -> dict[str, Any]:
    """An error's body, as documented if there is an example."""
    example = exchange.operation.example(str(code))
    envelope = example if isinstance(example, dict) else {}
    return {**envelope, "code": code, "message": message, "data": None}
