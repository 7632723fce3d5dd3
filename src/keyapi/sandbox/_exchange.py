"""The sandbox's requests and answers, independent of the transport."""

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
        delivery: "whole"; "slow" if the body is sent in small pieces; "dropped" if the connection
            ends in the middle of it.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": JSON})
    delivery: str = "whole"

    @classmethod
    def of(cls, status: int, body: Any, **headers: str) -> Self:
        """Make an answer in JSON; in header names, write underscores for hyphens."""
        hyphenated = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, encoded(body), {"content-type": JSON, **hyphenated})

    @property
    def json(self) -> Any:
        """The body, decoded; an empty object for an answer without one."""
        return json.loads(self.body or b"{}")

    def with_json(self, body: Any) -> Self:
        """Return the same answer with a different JSON body."""
        return replace(self, body=encoded(body))


def encoded(body: Any) -> bytes:
    """Encode a body as the sandbox sends it: compact JSON in UTF-8.

    Half a character, which UTF-8 cannot hold, is sent as its JSON escape.
    """
    return _ENCODER.encode(body).encode("utf-8", "backslashreplace")


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
