"""Why a test of the contract fails: each cause once, the first one first.

    assert_holds(client_to_spec(operation, caller, base_url))

raises `ContractBroken` where a relation found something. The pytest plugin reads the causes from
it, and from what Schemathesis raises, for its table and its reports.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

from keyapi.conformance.cause import Cause, Pair, merged
from keyapi.conformance.recordings._findings import OR_SPECIFICATION
from keyapi.conformance.wording import beginning, described, excerpts, plain

if TYPE_CHECKING:
    from keyapi.conformance.recordings import RecordingFinding
    from keyapi.conformance.registry import Finding
    from keyapi.contract import Violation

_MEANING = "`meaning`"  # the project's own check
_WHOLE = "the whole response"
_WRITTEN = re.compile(  # a violation, as it writes itself
    rf"^\w* \((?P<rule>[\w-]+)\): (?:(?P<place>/\S*|{_WHOLE}): )?expected (?P<expected>.*), "
    r"found (?P<found>.*)$",
    re.MULTILINE,
)
_CURL = re.compile(r"^[ |]*(curl .+)$", re.MULTILINE)
_ADDRESS = re.compile(r"(?<=')https?://[^/']+(?=/)")
_HOST = re.compile(r" -H 'host: [^']*'", re.IGNORECASE)


class ContractBroken(AssertionError):
    """Relations found something.

    Attributes:
        causes: What, each once, the first one first.
    """

    def __init__(self, causes: Iterable[Cause]) -> None:
        self.causes = tuple(causes)
        super().__init__("\n".join(described(self.causes)))


def assert_holds(findings: Iterable[Finding | RecordingFinding | Violation]) -> None:
    """Fail where relations found something.

    Args:
        findings: What they found; violations alone count for the relation that the test tallies.

    Raises:
        ContractBroken: They found something.
    """
    causes = [_cause(finding) for finding in findings]
    if causes:
        raise ContractBroken(merged(causes))


def _cause(finding: Any) -> Cause:
    """A finding as a cause; that of a recording has its file in place of a case."""
    violation = getattr(finding, "violation", finding)
    file = getattr(finding, "file", "")
    return Cause(
        getattr(finding, "relation", "recording" if file else ""),
        violation.operation,
        getattr(violation, "rule", "recording"),
        violation.pointer if file else _starred(violation.pointer),
        *excerpts(violation.expected, violation.found),
        getattr(finding, "case", _relative(file)),
        remedy=f"{finding.remedy}\n{OR_SPECIFICATION}" if file else "",
    )


def _starred(pointer: str) -> str:
    return "/".join("*" if part.isdigit() else part for part in pointer.split("/"))


def causes_of(error: BaseException, looked_at: Iterable[Pair], test: str = "") -> list[Cause]:
    """Find out why a test failed.

    Args:
        error: What it raised.
        looked_at: The relations and operations that it looked at.
        test: Its name.
    """
    pairs = list(looked_at)
    return merged(_causes(error, pairs, test, curls_in(str(error))))


def _causes(
    error: BaseException, pairs: list[Pair], test: str, curls: list[str]
) -> Iterator[Cause]:
    if isinstance(error, ContractBroken):
        for cause in error.causes:
            tallied = next((pair[0] for pair in pairs if pair[1] == cause.operation), "")
            yield cause._replace(relation=cause.relation or tallied)
    elif isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner, pairs, test, curls_in(str(inner)) or curls)
    else:
        curl = curls[0] if curls else ""
        title = str(getattr(error, "title", ""))  # of a check of Schemathesis
        wanted = ("meaning" if _MEANING in title else "server -> spec") if title else None
        others = pairs[0] if pairs else ("", "")
        relation, operation = next((pair for pair in pairs if pair[0] == wanted), others)
        message = str(error).removeprefix(f"{title}\n")
        violations = list(_WRITTEN.finditer(message)) if _MEANING in title else []
        for each in violations:
            place = "" if each["place"] == _WHOLE else (each["place"] or "")
            expected, found = excerpts(each["expected"], each["found"])
            yield Cause(
                relation,
                operation,
                each["rule"],
                _starred(place),
                expected,
                found,
                "a generated case",
                curl=curl,
            )
        if not violations:
            rule = title or f"{type(error).__name__} in {test}"
            where, line = _raised_at(error)
            text = beginning(message) or line
            yield Cause(
                relation, operation, rule, found=text, case="" if title else where
            )._replace(curl=curl)


def _raised_at(error: BaseException) -> tuple[str, str]:
    """Where an exception was raised: file and line, and what stands there."""
    frames = extract_tb(error.__traceback__)
    if not frames:
        return "", ""
    frame = frames[-1]
    return f"{_relative(frame.filename)}:{frame.lineno}", frame.line or ""


def _relative(path: str) -> str:
    return path.removeprefix(f"{Path.cwd()}{os.sep}")


def curls_in(text: str) -> list[str]:
    """Give the `curl` commands in a text so that they ask a sandbox that `keyapi sandbox` serves.

    Args:
        text: What Schemathesis writes of a failure.
    """
    found = _CURL.findall(text)
    if not found:
        return []
    from keyapi.sandbox._sandbox import HOST, KEY  # slow to import: it brings the sandbox

    url = f"http://{HOST}:8000"
    return [
        _ADDRESS.sub(url, _HOST.sub("", plain(each)))
        .replace("[Filtered]", f"Bearer {KEY}")
        .replace("sk_contract", KEY)
        for each in found
    ]
