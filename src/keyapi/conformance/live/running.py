"""Run the cases against a server, one after the other, until all are judged or the budget ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from conformance.published import Published
from keyapi import (
    AuthenticationError,
    InsufficientCredits,
    KeyAPIError,
    PermissionDenied,
    RateLimited,
)
from keyapi._sending.response import Failure, parse_response
from keyapi.conformance.cases import Case
from keyapi.conformance.judge import Answer, judge
from keyapi.conformance.live.asking import Asker, BudgetUsedUp, Heard
from keyapi.conformance.live.plan import LAST_PAGE
from keyapi.contract import Contract, Violation
from keyapi.recording.model import Recording
from keyapi.specification import OperationSpec, value_at

_SILENT = 2  # cases without an answer, one after the other, after which a server counts as down
_FAR = 2**20  # the last page that is looked for, where the specification names none

TOLERATED = "published promise broken, tolerated"
ADDED = "addition"
RETRIED = "answered only when asked again"


class Note(NamedTuple):
    """Something worth knowing that is no failure: `TOLERATED`, `ADDED` or `RETRIED`."""

    what: str
    violation: Violation


@dataclass
class Result:
    """What came of a case.

    Attributes:
        operation: Name of the operation.
        case: Name of the case.
        verdict: "pass", "fail" or "skip".
        credits: What was spent on it, in credits, were each request charged.
        reason: Why it was skipped.
        violations: Why it failed.
        notes: What is no failure.
    """

    operation: str
    case: str
    verdict: str = "pass"
    credits: int = 0
    reason: str = ""
    violations: list[Violation] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class Kept(NamedTuple):
    """An exchange that may become a recording: the case it was good for, and what was sent."""

    operation: str
    case: Case
    recording: Recording


class _Skipped(Exception):
    """A case cannot be judged; what else cannot be, either: "case", "operation" or "run"."""

    def __init__(self, reason: str, reach: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reach = reach


class Run:
    """One live run.

    Args:
        contract: What the effective specification promises.
        published: What was published.
        asker: Asks the server.
        tell: Is told each result as it comes.

    Attributes:
        results: The results so far.
        kept: Exchanges of good answers, where recordings are kept.
        refused: Whether the server does not know the key.
        interrupted: Whether it was ended by the user.
    """

    def __init__(
        self,
        contract: Contract,
        published: Published,
        asker: Asker,
        tell: Callable[[Result], None],
    ) -> None:
        self.results: list[Result] = []
        self.kept: list[Kept] = []
        self.refused = False
        self.interrupted = False
        self._contract = contract
        self._published = published
        self._asker = asker
        self._tell = tell
        self._welcome = False  # whether the key was ever good for an answer
        self._silent = 0
        self._skipping = {"run": "", "operation": ""}
        self._first_pages: dict[str, Answer] = {}

    @property
    def failed(self) -> bool:
        """Whether the contract is broken."""
        return any(result.verdict == "fail" for result in self.results)

    def go(self, planned: Sequence[tuple[OperationSpec, Sequence[Case]]]) -> None:
        """Ask for every case; what cannot be asked any more is skipped, and said to be."""
        for operation, chosen in planned:
            self._skipping["operation"] = ""
            for case in chosen:
                result = Result(operation.name, case.name)
                self.results.append(result)
                reason = self._skipping["run"] or self._skipping["operation"]
                if reason:
                    result.verdict, result.reason = "skip", reason
                else:
                    self._look(operation, case, result)
                self._tell(result)

    def _look(self, operation: OperationSpec, case: Case, result: Result) -> None:
        spent = self._asker.budget.spent
        try:
            if case.name == LAST_PAGE:
                self._find_last_page(operation, case, result)
            else:
                self._ask(operation, case, result)
            result.verdict = "fail" if result.violations else "pass"
        except _Skipped as skipped:
            self._skip(result, skipped)
        except BudgetUsedUp:
            allowed = self._asker.budget.allowed
            self._skip(result, _Skipped(f"--max-credits {allowed} is used up", "run"))
        except KeyboardInterrupt:
            self.interrupted = True
            self._skip(result, _Skipped("interrupted", "run"))
        result.credits = self._asker.budget.spent - spent
        if self._silent >= _SILENT:
            self._skipping["run"] = "the server does not answer"

    def _skip(self, result: Result, skipped: _Skipped) -> None:
        result.verdict, result.reason = "skip", skipped.reason
        if skipped.reach in self._skipping:
            self._skipping[skipped.reach] = skipped.reason

    def _ask(
        self, operation: OperationSpec, case: Case, result: Result, before: bytes | None = None
    ) -> Answer | None:
        """Ask once, put what is wrong into the result, and give the answer if nothing is."""
        heard = self._asker.ask(operation, case)
        self._silent = 0 if heard.answer else self._silent + 1
        self._excuse(case, heard)
        if heard.answer is None:
            result.violations.append(
                Violation(operation.name, "", "answer", "an answer", str(heard.error))
            )
            return None
        if heard.before:
            tries = f"{', '.join(heard.before)} before HTTP {heard.answer.status}"
            sent_again = Violation(operation.name, "", "retried", "an answer at once", tries)
            _add(result, [Note(RETRIED, sent_again)])
        found = judge(self._contract, operation, case, heard.answer, before)
        broken = list(_kinds(one for one in found if not one.additive))
        result.violations += broken
        known = {one.kind for one in found}
        notes = [Note(ADDED, one) for one in found if one.additive]
        tolerated = self._published.broken(operation, heard.answer)
        notes += [Note(TOLERATED, one) for one in tolerated if one.kind not in known]
        _add(result, notes)
        if broken:
            return None
        self._welcome = self._welcome or case.key == "good"
        if heard.recording is not None:
            self.kept.append(Kept(operation.name, case, heard.recording))
        if case.name == "documented example":
            self._first_pages[operation.name] = heard.answer
        return heard.answer

    def _excuse(self, case: Case, heard: Heard) -> None:
        """Skip what says something of the account or the pace, and nothing of the contract."""
        error = heard.error or (_refusal(heard.answer) if heard.answer else None)
        if isinstance(error, InsufficientCredits):
            raise _Skipped(f"the server has no credits left for this key: {error.message}", "run")
        if isinstance(error, RateLimited):
            reason = f"the server wants a slower pace, lower --rate: {error.message}"
            raise _Skipped(reason, "run")
        if case.key != "good" or case.faulty:
            return
        if isinstance(error, PermissionDenied):
            raise _Skipped(f"the key may not use this operation: {error.message}", "operation")
        if isinstance(error, AuthenticationError) and not self._welcome:
            self.refused = True
            raise _Skipped(f"the server does not accept the key: {error.message}", "run")

    def _find_last_page(self, operation: OperationSpec, case: Case, result: Result) -> None:
        """Find the last page by doubling and bisection, judging each page on the way."""
        paging = operation.paging
        assert paging is not None
        assert paging.largest is not None
        position, size = paging.position, paging.largest
        last = int(operation.arguments[position].schema.get("maximum", _FAR))
        pages: dict[int, Answer] = {}
        if operation.name in self._first_pages:  # paid for already
            pages[1] = self._first_pages[operation.name]

        def rows(number: int, promised: str = "") -> int:
            if number not in pages:
                kind = type(case.arguments[position])
                arguments = {**case.arguments, position: kind(number)}
                page = Case(f"page {number}", arguments, rows=promised)
                before = pages.get(number - 1)
                answer = self._ask(operation, page, result, before.content if before else None)
                if answer is None:
                    raise _BrokenPage
                pages[number] = answer
            found = value_at(pages[number].envelope, operation.items or ("",))
            return len(found) if isinstance(found, list) else 0

        try:
            if not rows(1):
                raise _Skipped("the documented creator has no rows", "case")
            full, beyond = 1, last + 1
            while rows(full) >= size and beyond - full > 1:
                middle = min(full * 2, last) if beyond > last else (full + beyond) // 2
                if rows(middle):
                    full = middle
                else:
                    beyond = middle
            if full < last:
                rows(full + 1, "none")
        except _BrokenPage:
            return


class _BrokenPage(Exception):
    """A page on the way is not as promised; the result says how."""


def _add(result: Result, notes: Iterable[Note]) -> None:
    """Add notes of a kind that the result has none of."""
    known = {(note.what, note.violation.kind) for note in result.notes}
    for note in notes:
        if (note.what, note.violation.kind) not in known:
            known.add((note.what, note.violation.kind))
            result.notes.append(note)


def _refusal(answer: Answer) -> KeyAPIError | None:
    meant = parse_response(answer.status, answer.headers, answer.content)
    return meant.error if isinstance(meant, Failure) else None


def _kinds(violations: Iterable[Violation]) -> Iterator[Violation]:
    """One violation of each kind: that all rows have it says no more."""
    seen = set()
    for violation in violations:
        if violation.kind not in seen:
            seen.add(violation.kind)
            yield violation
