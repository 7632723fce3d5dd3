"""Judges one answer to one case; the checks themselves are `keyapi.contract`'s."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from keyapi import (
    AuthenticationError,
    BadRequest,
    InsufficientCredits,
    KeyAPIError,
    NotFound,
    PermissionDenied,
    RateLimited,
)
from keyapi.conformance.cases import Case
from keyapi.contract import Contract, Violation
from keyapi.specification import OperationSpec, value_at

MEANING = frozenset(
    {"page-size", "order", "filter", "echo", "repeated-row", "overlap", "json-text", "code", "rows"}
)
"""Rules that no schema has: the relation "meaning"."""
JSON = {"content-type": "application/json"}
# The documented table, written down once more here so that the client's is not its own judge.
ERRORS: dict[int | None, type[KeyAPIError]] = {
    400: BadRequest,
    401: AuthenticationError,
    402: InsufficientCredits,
    403: PermissionDenied,
    404: NotFound,
    429: RateLimited,
}
_SHOWN = 80  # how much of a message a violation shows, in characters


class ServerAnswer(NamedTuple):
    """An answer of a server, however it arrived.

    Attributes:
        status: HTTP status.
        headers: Headers, by lower-case name.
        content: Body as received.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        """The body, decoded; empty where it is not a JSON object."""
        try:
            body = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return body if isinstance(body, dict) else {}


def judge(
    contract: Contract,
    operation: OperationSpec,
    case: Case,
    answer: ServerAnswer,
    before: bytes | None = None,
    *,
    documented: bool = False,
) -> list[Violation]:
    """Find what is wrong with the answer to a case; additions are among it, marked as such.

    Args:
        contract: What the specification promises.
        operation: The operation.
        case: What was asked.
        answer: The answer.
        before: Body of the page before.
        documented: Whether refusals must be worded as documented, and name the faulty argument.
    """

    def violation(place: str, rule: str, expected: object, found: object) -> Violation:
        return Violation(operation.name, place, rule, str(expected), str(found)[:_SHOWN])

    message = answer.envelope.get("message")
    if answer.status != case.status:
        return [violation("", "status", case.status, f"{answer.status}: {message}")]
    success = case.status == operation.success_status
    code = answer.envelope.get("code")
    found = []
    if type(code) is int and code != (0 if success else case.status):
        found.append(violation("/code", "code", 0 if success else case.status, code))
    found += contract.violations(
        operation.name,
        answer.status,
        answer.content,
        headers=answer.headers,
        arguments=case.arguments,
        before=before,
    )
    rows = value_at(answer.envelope, operation.items or ("",))
    if success and case.rows and isinstance(rows, list) and bool(rows) != (case.rows == "some"):
        place = "".join(f"/{key}" for key in operation.items or ())
        found.append(violation(place, "rows", f"{case.rows} rows", f"{len(rows)} rows"))
    has_message = "message" in (operation.body_properties(case.status) or ("message",))
    if documented and has_message and case.faulty and case.faulty not in str(message):
        found.append(violation("/message", "message", f"the name of {case.faulty}", message))
    example = operation.example(str(case.status))
    worded = documented and not success and not case.faulty and case.key != "bad"
    if worded and example and message != example.get("message"):
        found.append(violation("/message", "message", example.get("message"), message))
    return found


def relation_of(violation: Violation) -> str:
    """The relation that a violation by a server breaks: "meaning" or "server -> spec"."""
    return "meaning" if violation.rule in MEANING else "server -> spec"
