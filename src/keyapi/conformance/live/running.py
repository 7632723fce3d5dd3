"""Run the cases against a server, one after the other, until all are judged or the budget ends."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from keyapi import (
    AuthenticationError,
    InsufficientCredits,
    KeyAPIError,
    PermissionDenied,
    RateLimited,
)
from keyapi._sending.response import Failure, parse_response
from keyapi.conformance.cases import Case
from keyapi.conformance.judge import ServerAnswer, judge
from keyapi.conformance.live.asking import Asker, BudgetUsedUp, LiveExchange
from keyapi.conformance.live.comparing import KnownPages
from keyapi.conformance.live.page_rules import RULES
from keyapi.conformance.live.plan import LAST_PAGE
from keyapi.conformance.live.results import (
    ADDED,
    RETRIED,
    TOLERATED,
    KeptExchange,
    Note,
    Result,
)
from keyapi.conformance.live.searching import last_page
from keyapi.contract import Contract, Violation
from keyapi.specification import OperationSpec

_SILENT = 2  # cases without an answer, one after the other, after which a server counts as down
_FAR = 2**20  # the last page that is looked for, where the specification names none


class Published(Protocol):
    """A driver: what was published before any correction."""

    @abstractmethod
    def broken(self, operation: OperationSpec, answer: ServerAnswer) -> list[Violation]:
        """Find the published promises that an answer breaks; additions do not count."""


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
        asker: Asks the server.
        report: Takes each result as it comes.
        published: What was published before corrections: a promise broken there, but not in the
            effective specification, becomes a note.

    Attributes:
        results: The results so far.
        kept: Exchanges of good answers, where recordings are kept.
        gaps: Why cases were skipped that another key, budget or pace would have judged.
        interrupted: Whether it was ended by the user.
    """

    def __init__(
        self,
        contract: Contract,
        asker: Asker,
        report: Callable[[Result], None],
        published: Published | None = None,
    ) -> None:
        self.results: list[Result] = []
        self.kept: list[KeptExchange] = []
        self.gaps: list[str] = []
        self.interrupted = False
        self._contract = contract
        self._published = published
        self._asker = asker
        self._report = report
        self._welcome = False  # whether the key was ever good for an answer
        self._silent = 0
        self._skipping = {"run": "", "operation": ""}
        self._known: dict[str, KnownPages] = {}

    @property
    def failed(self) -> bool:
        """Whether the contract is broken."""
        return any(result.outcome == "fail" for result in self.results)

    def go(self, planned: Sequence[tuple[OperationSpec, Sequence[Case]]]) -> None:
        """Ask for every case; what cannot be asked any more is skipped, and said to be."""
        for operation, chosen in planned:
            self._skipping["operation"] = ""
            for case in chosen:
                result = Result(operation.name, case.name)
                self.results.append(result)
                reason = self._skipping["run"] or self._skipping["operation"]
                if reason:
                    result.outcome, result.reason = "skip", reason
                else:
                    self._look(operation, case, result)
                self._report(result)

    def _look(self, operation: OperationSpec, case: Case, result: Result) -> None:
        spent = self._asker.budget.spent
        try:
            if case.name == LAST_PAGE:
                self._find_last_page(operation, case, result)
            else:
                self._ask(operation, case, result)
            result.outcome = "fail" if result.violations else "pass"
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
        result.outcome, result.reason = "skip", skipped.reason
        if skipped.reach in self._skipping:
            self._skipping[skipped.reach] = skipped.reason
            self.gaps.append(skipped.reason)

    def _known_of(self, operation: OperationSpec) -> KnownPages:
        """What is known of an operation's rows so far."""
        return self._known.setdefault(operation.name, KnownPages(operation, RULES))

    def _ask(self, operation: OperationSpec, case: Case, result: Result) -> ServerAnswer | None:
        """Ask once, put what is wrong into the result, and give the answer if it can be read."""
        exchange = self._asker.ask(operation, case)
        self._silent = 0 if exchange.answer else self._silent + 1
        self._excuse(case, exchange)
        if exchange.answer is None:
            result.violations.append(
                Violation(operation.name, "", "answer", "an answer", str(exchange.error))
            )
            return None
        if exchange.before:
            tries = f"{', '.join(exchange.before)} before HTTP {exchange.answer.status}"
            sent_again = Violation(operation.name, "", "retried", "an answer at once", tries)
            _add(result, [Note(RETRIED, sent_again)])
        violations = judge(self._contract, operation, case, exchange.answer)
        broken = list(_kinds(violation for violation in violations if not violation.additive))
        result.violations += broken
        _add(result, [Note(ADDED, violation) for violation in violations if violation.additive])
        _add(result, self._tolerated(operation, exchange.answer, violations))
        if broken:
            return None
        contradicted = self._known_of(operation).add(case, exchange.answer)
        result.violations += contradicted
        self._welcome = self._welcome or case.key == "good"
        if exchange.recording is not None and not contradicted:
            self.kept.append(KeptExchange(operation.name, case, exchange.recording))
        return exchange.answer

    def _tolerated(
        self, operation: OperationSpec, answer: ServerAnswer, violations: Sequence[Violation]
    ) -> list[Note]:
        """Published promises that an answer breaks, although the effective ones hold."""
        if self._published is None:
            return []
        kinds = {violation.kind for violation in violations}
        broken = self._published.broken(operation, answer)
        return [Note(TOLERATED, violation) for violation in broken if violation.kind not in kinds]

    def _excuse(self, case: Case, exchange: LiveExchange) -> None:
        """Skip what says something of the account or the pace, and nothing of the contract."""
        error = exchange.error or (_refusal(exchange.answer) if exchange.answer else None)
        if not exchange.reached:
            raise _Skipped(f"the server cannot be reached: {error}", "run")
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
            raise _Skipped(f"the server does not accept the key: {error.message}", "run")

    def _find_last_page(self, operation: OperationSpec, case: Case, result: Result) -> None:
        """Find the last page, judging each page on the way."""
        paging = operation.paging
        assert paging is not None
        assert paging.largest is not None
        position, size = paging.position, paging.largest
        apart = int(paging.start or 0) - 1  # pages are counted from 1 here
        last = int(operation.arguments[position].schema.get("maximum", _FAR)) - apart
        known = self._known_of(operation)

        def rows(number: int) -> int:
            kind = type(case.arguments[position])
            arguments = {**case.arguments, position: kind(number + apart)}
            rows = known.asked(arguments)
            if rows is None:
                page = Case(f"page {number + apart}", arguments)
                if self._ask(operation, page, result) is None:
                    raise _BrokenPage
                rows = known.asked(arguments) or 0
            return rows

        try:
            if not rows(1):
                raise _Skipped("the documented example has no rows", "case")
            end = last_page(rows, size, last, -(-known.distinct // size))
        except _BrokenPage:
            return
        there = (end - 1) * size + rows(end)
        if known.distinct > there:
            where = f"page {end + apart}, the last with rows as far as it was searched"
            short = f"{there} up to {where}"
            expected = f"the {known.distinct} rows that are known"
            result.violations.append(Violation(operation.name, "", "hole", expected, short))


class _BrokenPage(Exception):
    """A page on the way is not as promised; the result says how."""


def _add(result: Result, notes: Iterable[Note]) -> None:
    """Add notes of kinds that the result does not have yet."""
    kinds = {(note.what, note.violation.kind) for note in result.notes}
    for note in notes:
        if (note.what, note.violation.kind) not in kinds:
            kinds.add((note.what, note.violation.kind))
            result.notes.append(note)


def _refusal(answer: ServerAnswer) -> KeyAPIError | None:
    outcome = parse_response(answer.status, answer.headers, answer.content)
    return outcome.error if isinstance(outcome, Failure) else None


def _kinds(violations: Iterable[Violation]) -> Iterator[Violation]:
    """One violation of each kind: that all rows have it says no more."""
    seen = set()
    for violation in violations:
        if violation.kind not in seen:
            seen.add(violation.kind)
            yield violation
