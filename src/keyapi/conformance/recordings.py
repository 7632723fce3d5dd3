"""The relation "recording ⟷ spec ⟷ client": what is wrong with a recording, by either of them.

    check_recording(recording, specification, TikTok)

A recording is stale where the specification or the client has moved on. Each finding says where, as
a JSON pointer, what was expected and what was found, and how to record it anew.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import httpx

from keyapi import (
    AuthenticationError,
    BadRequest,
    InsufficientCredits,
    KeyAPIError,
    NotFound,
    Page,
    PermissionDenied,
    RateLimited,
    ServerError,
)
from keyapi._client import SyncClient
from keyapi._clients import Method, async_twin, methods
from keyapi.conformance.outcomes import KEY, documented_statuses
from keyapi.contract import Contract
from keyapi.recording.har import read, written
from keyapi.recording.model import Recording, RecordingError
from keyapi.sandbox._exchange import SandboxRequest
from keyapi.sandbox._validation import Validation
from keyapi.specification import OperationSpec, Specification, pointer, value_at
from keyapi.testing import ReplayError, replay

REQUEST = "/log/entries/0/request"
RESPONSE = "/log/entries/0/response"
BODY = f"{RESPONSE}/content/text"

# As DESIGN's table has it; written down here once more, so that the client's is not its own judge.
ERRORS = {
    400: BadRequest,
    401: AuthenticationError,
    402: InsufficientCredits,
    403: PermissionDenied,
    404: NotFound,
    429: RateLimited,
}


class Finding(NamedTuple):
    """Something that is wrong with a recording.

    Attributes:
        file: The file, and the entry in it.
        operation: Name of the operation.
        pointer: JSON pointer into the file; behind a second `#`, one into the answer.
        expected: What the specification or the client says.
        found: What the recording says.
        remedy: The command that records it anew.
    """

    file: str
    operation: str
    pointer: str
    expected: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return (
            f"{self.file}: {self.operation}: {self.pointer}: expected {self.expected}, "
            f"found {self.found}. {self.remedy}"
        )


def check_recording(
    recording: Recording, specification: Specification, client: type[SyncClient]
) -> list[Finding]:
    """Find what is wrong with a recording, by the specification and by the client.

    Args:
        recording: The recording.
        specification: The specification it shall keep to.
        client: The sync client's class; the async one beside it is tried, too.
    """
    return [*by_specification(recording, specification), *by_client(recording, client)]


def check_file(path: Path) -> tuple[list[Recording], list[Finding]]:
    """Read a file of recordings; find where it is not what `record.py` writes for them.

    So it holds no key, its parts agree with one another, and nobody has edited it half.
    """
    content = path.read_bytes()

    def finding(place: str, expected: str, found: str) -> Finding:
        return Finding(str(path), path.parent.name, place, expected, found, _remedy(path))

    try:
        recordings = read(path)
    except RecordingError as error:
        return [], [finding("/log", "HAR 1.2", str(error))]
    if not recordings:
        return [], [finding("/log/entries", "an entry", "none")]
    again = written(recordings)
    if again == content:
        return recordings, []
    place, expected, found = next(
        _differences(json.loads(again), json.loads(content)), ("", "its own form", "another")
    )
    return recordings, [finding(place, expected, found)]


def missing(specification: Specification, recordings: list[Recording]) -> list[str]:
    """Name the documented outcomes that have no recording, with the command to make it."""
    there = {(one.called.operation, one.status) for one in recordings if one.called}
    lacking: list[str] = []
    for operation in specification:
        documented = documented_statuses(operation)
        successes = [status for status in operation.statuses if re.fullmatch("2[0-9]{2}", status)]
        for status in dict.fromkeys((*successes, *documented)):
            if (operation.name, int(status)) not in there:
                how = " --documented" if status in documented else ""
                command = f"python scripts/record.py {operation.name}{how}"
                lacking.append(f"{operation.name} {status} has no recording: {command}")
    return lacking


def by_specification(recording: Recording, specification: Specification) -> list[Finding]:
    """Find where a recording is not what the specification says."""
    findings = _Findings(recording)
    if recording.called is None:
        findings.add("/log/entries/0/_keyapi", "the call it was made by", "nothing")
        return findings.found
    operation = specification.operations.get(recording.called.operation)
    if operation is None:
        known = ", ".join(specification.operations) or "no operation"
        findings.add("/log/entries/0/_keyapi/operation", known, recording.called.operation)
        return findings.found
    try:
        _check_origin(findings, operation)
        _check_request(findings, operation, specification)
        _check_answer(findings, operation, specification)
    except (LookupError, TypeError, ValueError) as error:  # of a specification that is broken
        problem = f"{type(error).__name__}: {error}"
        findings.add("/log/entries/0", "a specification that can be read", problem)
    return findings.found


def by_client(recording: Recording, client: type[SyncClient]) -> list[Finding]:
    """Replay a recording through the sync and the async client; find where they differ."""
    findings = _Findings(recording)
    called = recording.called
    method = _methods(client).get(called.operation) if called else None  # type: ignore[arg-type]  # a class is hashable
    if called is None or method is None:
        findings.add("/log/entries/0/_keyapi", "a call of the client", str(called))
        return findings.found
    for kind in (client, async_twin(client)):
        try:
            with replay(recording) as played:
                outcome = _outcome(kind, method, called.arguments)
        except ReplayError as error:
            findings.add(REQUEST, f"what {kind.__name__} sends", str(error))
        except TypeError as error:
            findings.add(
                "/log/entries/0/_keyapi/arguments", f"arguments of {method.name}", str(error)
            )
        else:
            _check_headers(findings, played.requests[0], kind.__name__)
            _check_outcome(findings, method, outcome, kind.__name__)
    return findings.found


class _Findings:
    """Collects what is wrong with one recording."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.found: list[Finding] = []

    def add(self, place: str, expected: str, found: str) -> None:
        recording = self.recording
        operation = recording.called.operation if recording.called else "no operation"
        path = Path(recording.source.partition(", entry ")[0])
        remedy = _remedy(path, recording, operation)
        source = recording.source or "a recording"
        self.found.append(Finding(source, operation, place, expected, found, remedy))


def _remedy(path: Path, recording: Recording | None = None, operation: str = "") -> str:
    origin = recording.origin if recording else None
    how = {"documented": " --documented", "sandbox": " --base-url URL-OF-A-SANDBOX"}
    options = f" --outcome {path.stem}{how.get(origin or '', '')}"
    return f"Record it anew: python scripts/record.py {operation or path.parent.name}{options}"


def _check_origin(findings: _Findings, operation: OperationSpec) -> None:
    recording = findings.recording
    if recording.origin is None:
        findings.add("/log/entries/0/comment", "where it comes from", repr(recording.comment))
    if recording.origin == "documented":
        example = operation.example(str(recording.status))
        for place, expected, found in _differences(example, json.loads(recording.content)):
            findings.add(f"{BODY}#{place}", f"the documented {expected}", found)


def _check_request(
    findings: _Findings, operation: OperationSpec, specification: Specification
) -> None:
    recording, document = findings.recording, specification.document
    servers = [server["url"] for server in document.get("servers", ())]
    server = next((url for url in servers if recording.url.startswith(f"{url}/")), None)
    if server is None:
        findings.add(f"{REQUEST}/url", f"a URL of {', '.join(servers)}", recording.url)
    if recording.method != operation.method:
        findings.add(f"{REQUEST}/method", operation.method, recording.method)
    url = urlsplit(recording.url)
    path = url.path.removeprefix(urlsplit(server or "").path)
    in_path = _in_path(operation.path, path)
    if in_path is None:
        findings.add(f"{REQUEST}/url", operation.path, path)
    headers = {name.lower(): text for name, text in recording.request_headers}
    secured = bool(operation.node.get("security", document.get("security")))
    if secured != ("authorization" in headers):
        findings.add(
            f"{REQUEST}/headers",
            "a key" if secured else "no key, since no security is specified (else: an overlay)",
            "none" if secured else "one",
        )
    taken = list(operation.node.get("requestBody", {}).get("content", ()))
    if recording.body and headers.get("content-type") not in taken:
        expected = " or ".join(taken) or "no body"
        findings.add(f"{REQUEST}/postData/mimeType", expected, str(headers.get("content-type")))
    asked = SandboxRequest(recording.method, path, url.query, headers, recording.body)
    _, problems = Validation(specification, operation, strict=True).read(asked, in_path or {})
    called = recording.called
    wrong = called.wrong if called and called.wrong != KEY else None
    meant = [problem for problem in problems if wrong and f"parameter: {wrong}" in problem]
    for problem in problems:
        if problem not in meant:
            findings.add(f"{REQUEST}/queryString", "a request that is valid", problem)
    if wrong and not meant:
        findings.add(f"{REQUEST}/queryString", f"something wrong with {wrong}", "a valid request")


def _check_answer(
    findings: _Findings, operation: OperationSpec, specification: Specification
) -> None:
    recording = findings.recording
    answer = operation.node["responses"].get(str(recording.status), {})
    types = list(answer.get("content", ()))
    mime_type = httpx.Headers(list(recording.headers)).get("content-type", "none")
    if types and mime_type.partition(";")[0].strip() not in types:
        findings.add(f"{RESPONSE}/content/mimeType", " or ".join(types), mime_type)
    contract = Contract(specification.document)
    for one in contract.violations(operation.name, recording.status, recording.content):
        findings.add(f"{BODY}#{one.pointer}", one.expected, one.found)


def _in_path(template: str, path: str) -> dict[str, str] | None:
    names = re.findall(r"\{([^}]+)\}", template)
    pattern = "([^/]+)".join(map(re.escape, re.split(r"\{[^}]+\}", template)))
    found = re.fullmatch(pattern, path)
    return dict(zip(names, map(unquote, found.groups()), strict=True)) if found else None


@cache
def _methods(client: type[SyncClient]) -> dict[str, Method]:
    """The method that makes one request of each operation."""
    return {method.operation.name: method for method in methods(client) if method.kind != "iterate"}


def _outcome(kind: Any, method: Method, arguments: Mapping[str, Any]) -> Any:
    """What a call gives or raises, on a client of either kind."""
    # Without TLS, of which nothing is used: to load the certificates takes longest of all.
    options: dict[str, Any] = {"max_retries": 0, "httpx_args": {"verify": False}}
    client = kind("any-key", base_url=kind.default_base_url, **options)

    async def called() -> Any:
        async with client:
            return await method.on(client)(**arguments)

    try:
        if not issubclass(kind, SyncClient):
            return asyncio.run(called())
        with client:
            return method.on(client)(**arguments)
    except KeyAPIError as error:
        return error


def _check_headers(findings: _Findings, request: httpx.Request, kind: str) -> None:
    for name, text in findings.recording.request_headers:
        sent = request.headers.get(name)
        same = sent is not None if name.lower() == "authorization" else sent == text
        if not same:
            findings.add(f"{REQUEST}/headers", f"{name}: {sent} from {kind}", f"{name}: {text}")


def _check_outcome(findings: _Findings, method: Method, outcome: Any, kind: str) -> None:
    recording = findings.recording
    body = json.loads(recording.content)
    if isinstance(outcome, KeyAPIError):
        expected = ServerError if recording.status >= 500 else ERRORS.get(recording.status)
        told = (type(outcome), outcome.message, outcome.code, outcome.status)
        if told != (expected, body.get("message"), body.get("code"), recording.status):
            findings.add(RESPONSE, f"{type(outcome).__name__} from {kind}: {outcome}", str(body))
        return
    path = ("data",) if method.kind in ("one", "data") else method.operation.items
    differences = _differences(_as_received(outcome), value_at(body, path))
    for place, parsed, received in differences:
        findings.add(f"{BODY}#{pointer(path)}{place}", f"{parsed} from {kind}", received)
    if recording.status >= 400:
        findings.add(f"{RESPONSE}/status", f"an error, which {kind} did not raise", str(body))


def _as_received(outcome: Any) -> Any:
    if isinstance(outcome, (Page, list)):
        return [_as_received(row) for row in outcome]
    return outcome.to_dict() if hasattr(outcome, "to_dict") else outcome


def _differences(one: Any, other: Any, at: str = "") -> Iterator[tuple[str, str, str]]:
    """Where two JSON values differ: pointer, and what stands there in either."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in {**one, **other}:
            inner = at + pointer([name])
            if name not in one or name not in other:
                yield inner, _short(one, name), _short(other, name)
            else:
                yield from _differences(one[name], other[name], inner)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from _differences(*pair, at + pointer([index]))
    elif type(one) is not type(other) or one != other:
        yield at, _short([one], 0), _short([other], 0)


def _short(holder: Any, key: Any) -> str:
    if isinstance(holder, dict) and key not in holder:
        return "nothing"
    text = json.dumps(holder[key], ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
