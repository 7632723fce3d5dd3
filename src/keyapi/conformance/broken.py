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
_GENERATED = "a generated case"
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


def causes_of(error: BaseException, looked_at: Iterable[Pair]) -> list[Cause]:
    """Find out why a test failed.

    Args:
        error: What it raised.
        looked_at: The relations and operations that it looked at.
    """
    return merged(_causes(error, list(looked_at), curls_in(str(error))))


def _causes(error: BaseException, pairs: list[Pair], curls: list[str]) -> Iterator[Cause]:
    if isinstance(error, ContractBroken):
        for cause in error.causes:
            tallied = next((pair[0] for pair in pairs if pair[1] == cause.operation), "")
            yield cause._replace(relation=cause.relation or tallied)
    elif isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner, pairs, curls_in(str(inner)) or curls)
    elif title := str(getattr(error, "title", "")):
        for cause in _of_check(error, title, pairs):
            yield cause._replace(curl=curls[0] if curls else "")
    else:
        yield _elsewhere(error, pairs)


def _of_check(error: BaseException, title: str, pairs: list[Pair]) -> Iterator[Cause]:
    """What a check of Schemathesis says; the project's own check writes violations."""
    is_meaning = _MEANING in title
    wanted = "meaning" if is_meaning else "server -> spec"
    relation, operation = next((pair for pair in pairs if pair[0] == wanted), (wanted, ""))
    message = str(error).removeprefix(f"{title}\n")
    violations = list(_WRITTEN.finditer(message)) if is_meaning else []
    for each in violations:
        pointer = (each["place"] or "").replace(_WHOLE, "")
        values = excerpts(each["expected"], each["found"])
        yield Cause(relation, operation, each["rule"], _starred(pointer), *values, _GENERATED)
    if not violations:
        yield Cause(relation, operation, title, found=beginning(message), case=_GENERATED)


def _elsewhere(error: BaseException, pairs: list[Pair]) -> Cause:
    """Another exception: where it was raised, in this project if it was."""
    frames = list(extract_tb(error.__traceback__))
    own = [frame for frame in frames if _relative(frame.filename) != frame.filename]
    where, line = "", ""
    for frame in (own or frames)[-1:]:
        where = f" at {_relative(frame.filename)}:{frame.lineno}"
        line = frame.line or ""
    case = ", ".join(pairs[0]) if pairs else ""
    rule = f"{type(error).__name__}{where}"
    return Cause("", "", rule, found=beginning(str(error)) or line, case=case)


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
