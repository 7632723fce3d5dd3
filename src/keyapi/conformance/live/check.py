"""Check a server against the specification of a client, within a hard cap on credits."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keyapi import ConfigurationError
from keyapi._client import SyncClient
from keyapi._connection import find_base_url, find_token
from keyapi.conformance.cases import Case
from keyapi.conformance.live.asking import Asker, Budget
from keyapi.conformance.live.keeping import keep
from keyapi.conformance.live.plan import plan
from keyapi.conformance.live.report import Summary, Table, as_text, printable, write
from keyapi.conformance.live.results import Result
from keyapi.conformance.live.running import Published, Run
from keyapi.conformance.writing import Write, write_each
from keyapi.contract import Contract
from keyapi.specification import OperationSpec, Specification

HOLDS, BROKEN, INCOMPLETE, INTERRUPTED = 0, 1, 2, 130

Planned = list[tuple[OperationSpec, list[Case]]]


@dataclass(frozen=True, kw_only=True)
class LiveOptions:
    """How a server is checked.

    Attributes:
        max_credits: What may be spent, in credits; no more requests than that are sent, either.
        token: The key; None for the environment's.
        base_url: The server; None for the environment's, or the specification's.
        rate: Pace of the requests, such as "5/s" or "20/m".
        timeout: For each phase of a request, and for the whole body, in seconds.
        retries: How often a request may be repeated, where the table of retries allows it.
        operations: Names of operations; all of them if empty.
        only: Names of cases; all of them if empty.
        report: Folder for junit.xml and summary.md; None for no report.
        record: Whether good answers become recordings.
        allow_incomplete: Whether a run may leave cases out for want of credits, key or pace.
    """

    max_credits: int
    token: str | None = None
    base_url: str | None = None
    rate: str = "1/s"
    timeout: float = 30.0
    retries: int = 2
    operations: Sequence[str] = ()
    only: Sequence[str] = ()
    report: Path | None = None
    record: bool = False
    allow_incomplete: bool = False


@dataclass(frozen=True, kw_only=True)
class LiveDrivers:
    """What the caller hands in: what an installed package does not have.

    Attributes:
        published: Makes the driver that knows what was published before corrections; None if
            there is none.
        root: The folder in which recordings go to tests/recordings.
        write: Writes recordings.
        command: The command that reproduces a case, as words.
    """

    published: Callable[[Specification], Published] | None = None
    root: Path = Path()
    write: Write = write_each
    command: Sequence[str] = ("keyapi", "contract")


def check(
    client: type[SyncClient],
    options: LiveOptions,
    drivers: LiveDrivers,
    say: Callable[[str], None],
) -> int:
    """Ask a server for every case worth paying for, and report what came of it.

    Without a key, nothing is sent. 402 and 429 are never provoked. Each request counts, refused
    ones and retries, too; the one that would exceed the cap is not sent.

    Args:
        client: The sync client class, whose package has the specification.
        options: How to check.
        drivers: What the caller hands in.
        say: Prints a line.

    Returns:
        0 if the contract holds, 1 if it is broken, 2 if cases could not be asked or recordings not
        be written, 130 if the run was interrupted.

    Raises:
        ConfigurationError: There is no key, or an option cannot be used.
        OSError: A report or a recording cannot be written.
    """
    specification = Specification.of_package(client._package)
    planned = chosen(specification, options.operations, options.only)
    token = find_token(options.token)
    published = drivers.published(specification) if drivers.published else None
    if options.report:
        options.report.mkdir(parents=True, exist_ok=True)
    base_url = find_base_url(options.base_url, client.default_base_url)
    of_client: dict[str, Any] = {
        "base_url": base_url,
        "rate": options.rate,
        "timeout": options.timeout,
        "max_retries": options.retries,
    }
    budget = Budget(options.max_credits, options.timeout)
    with Asker(client, token, budget, recording=options.record, **of_client) as asker:
        hide = asker.redaction.text

        def tell(line: str) -> None:
            say(hide(printable(line)))

        contract = Contract(specification.document)
        table = Table()

        def show(result: Result) -> None:
            for line in table.lines(result):
                tell(line)

        run = Run(contract, asker, show, published)
        try:
            run.go(planned)
        except KeyboardInterrupt:  # between two requests
            run.interrupted = True
    command = [*drivers.command, "--max-credits", str(options.max_credits)]
    if base_url != client.default_base_url:
        command += ["--base-url", base_url]
    summary = Summary(
        run.results, budget.requests, budget.spent, budget.allowed, command, run.interrupted
    )
    for line in as_text(summary):
        tell(line)
    if options.report:
        for path in write(options.report, summary, hide):
            tell(f"written: {path}")
    recorded = not options.record or keep(
        drivers.root, client, specification, run.kept, base_url, token, drivers.write
    )
    return _exit_code(run, complete=recorded and (options.allow_incomplete or not run.gaps))


def _exit_code(run: Run, *, complete: bool) -> int:
    if run.interrupted:
        return INTERRUPTED
    if run.failed:
        return BROKEN
    return HOLDS if complete else INCOMPLETE


def chosen(specification: Specification, operations: Sequence[str], only: Sequence[str]) -> Planned:
    """The cases that are asked for.

    Args:
        specification: The specification.
        operations: Names of operations; all of them if empty.
        only: Names of cases; all of them if empty.

    Raises:
        ConfigurationError: There is no such operation or case.
    """
    _require("operation", operations, list(specification.operations))
    everything = [
        (operation, plan(operation))
        for operation in specification
        if not operations or operation.name in operations
    ]
    names = dict.fromkeys(case.name for _, planned in everything for case in planned)
    _require("case", only, list(names))
    if not only:
        return everything
    return [
        (operation, [case for case in planned if case.name in only])
        for operation, planned in everything
    ]


def _require(what: str, names: Sequence[str], existing: list[str]) -> None:
    for name in names:
        if name not in existing:
            choices = ", ".join(shlex.quote(choice) for choice in existing)
            raise ConfigurationError(f"There is no {what} {name!r}; give one of {choices}")
