"""What is asked of the sandbox and what it answers, apart from how either travels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

JSON = "application/json"


@dataclass(frozen=True)
class SandboxRequest:
    """A request.

    Attributes:
        method: HTTP method, in upper case.
        path: URL path, decoded.
        query: The query string, encoded.
        headers: Headers, by lower-case name.
        body: The body.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        status: HTTP status.
        body: The body.
        headers: Headers, by lower-case name.
        delivery: "whole"; "slow" where the body drips; "dropped" where the connection ends in the
            middle of it.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": JSON})
    delivery: str = "whole"

    @classmethod
    def of(cls, status: int, body: Any, **headers: str) -> Self:
        """An answer in JSON; underscores in the names of headers stand for hyphens."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, encoded(body), {"content-type": JSON, **named})

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    def with_json(self, body: Any) -> Self:
        """The same answer with another body, in JSON."""
        return replace(self, body=encoded(body))


def encoded(body: Any) -> bytes:
    """Write a body as the sandbox does."""
    return _ENCODER.encode(body).encode()


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
