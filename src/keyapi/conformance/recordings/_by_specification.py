"""Recording and specification: where a recording is not what the specification says."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from keyapi._openapi import media_type
from keyapi.conformance.drivers import read_path
from keyapi.conformance.outcomes import KEY
from keyapi.conformance.recordings._findings import (
    BODY,
    REQUEST,
    RESPONSE,
    Findings,
    RecordingFinding,
    decoded,
    differences,
)
from keyapi.contract import Contract
from keyapi.recording.model import Recording, encoded
from keyapi.sandbox._exchange import SandboxRequest
from keyapi.sandbox._validation import Validation
from keyapi.specification import OperationSpec, Specification


def by_specification(recording: Recording, specification: Specification) -> list[RecordingFinding]:
    """Find where a recording is not what the specification says."""
    findings = Findings(recording)
    if recording.called is None:
        findings.add("/log/entries/0/_keyapi", "the call it was made by", "nothing")
        return findings.found
    operation = specification.operations.get(recording.called.operation)
    if operation is None:
        operations = ", ".join(specification.operations) or "no operation"
        findings.add("/log/entries/0/_keyapi/operation", operations, recording.called.operation)
        return findings.found
    try:
        _check_origin(findings, operation)
        _check_request(findings, operation, specification)
        _check_answer(findings, operation, specification)
    except (LookupError, TypeError, ValueError) as error:  # of a specification that is broken
        problem = f"{type(error).__name__}: {error}"
        findings.add("/log/entries/0", "a specification that can be read", problem)
    return findings.found


def _check_origin(findings: Findings, operation: OperationSpec) -> None:
    recording = findings.recording
    if recording.origin is None:
        findings.add("/log/entries/0/comment", "where it comes from", repr(recording.comment))
    if recording.origin == "documented":
        example = operation.example(str(recording.status))
        for place, expected, found in differences(example, decoded(recording.content)):
            findings.add(f"{BODY}#{place}", f"the documented {expected}", found)


def _check_request(
    findings: Findings, operation: OperationSpec, specification: Specification
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
    in_path = read_path(operation.path, path)
    if in_path is None:
        findings.add(f"{REQUEST}/url", operation.path, path)
    headers = {name.lower(): text for name, text in recording.request_headers}
    secured = operation.secured
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
    findings: Findings, operation: OperationSpec, specification: Specification
) -> None:
    recording = findings.recording
    answer = operation.node["responses"].get(operation.documented(recording.status), {})
    types = list(answer.get("content", ()))
    mime_type = httpx.Headers(encoded(recording.headers)).get("content-type", "none")
    if types and media_type(mime_type) not in types:
        findings.add(f"{RESPONSE}/content/mimeType", " or ".join(types), mime_type)
    contract = Contract(specification.document)
    for violation in contract.violations(operation.name, recording.status, recording.content):
        findings.add(f"{BODY}#{violation.pointer}", violation.expected, violation.found)
