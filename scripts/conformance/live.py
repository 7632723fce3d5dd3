"""Check the contract against a live server, within a hard cap on credits.

    nox -s live -- --max-credits 30
    nox -s live -- --max-credits 30 --base-url http://127.0.0.1:8000    a sandbox

The key comes from KEYAPI_TOKEN, the server from --base-url, KEYAPI_BASE_URL, or the specification.
Without a key it says so and sends nothing. It asks for a fixed list of cases, derived from the
specification: the documented example, one bad parameter, a bad key, each filter, each sort field
in each direction, far past the end, and the last page. Each request counts, refused ones and
retries, too; the one that would exceed the cap is not sent, and what is left is skipped. 402 and
429 are never provoked.

Answers are judged by the effective specification. A published promise that they break, but that a
correction tolerates, is reported, and no failure.

Exit code 0: all is well, or skipped. 1: the contract is broken. 2: the options or the key cannot be
used. 130: interrupted; what was done is reported.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.published import Published
from keyapi import ConfigurationError
from keyapi._clients import find
from keyapi._config import _TOKEN_VARIABLES, find_base_url, find_token
from keyapi.conformance.cases import Case
from keyapi.conformance.live.asking import Asker, Budget
from keyapi.conformance.live.plan import plan
from keyapi.conformance.live.report import Summary, as_text, heading, printable, table_line, write
from keyapi.conformance.live.running import Run
from keyapi.contract import Contract
from keyapi.specification import OperationSpec, Specification
from pipeline.cli import parser
from pipeline.document.yaml import load_yaml
from pipeline.errors import PipelineError
from pipeline.project import SPEC, Project

Planned = list[tuple[OperationSpec, list[Case]]]


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and run."""
    given = _options().parse_args(argv)
    try:
        return live(given)
    except (ConfigurationError, PipelineError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def live(given: argparse.Namespace) -> int:
    """Run what the options ask for; see the module's docstring."""
    client = find()
    effective = Specification.of_package(client._package)
    planned = _chosen(effective, given.operation, given.only)
    if not any(map(os.environ.get, _TOKEN_VARIABLES)):
        print("skipped: there is no API key; set KEYAPI_TOKEN. Nothing was sent.")
        return 0
    token = find_token(None)
    document = load_yaml(Project(given.root).read(SPEC, "Run scripts/vendor.py."), SPEC)
    if given.report:
        given.report.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {
        "base_url": find_base_url(given.base_url, client.default_base_url),
        "rate": given.rate,
        "timeout": given.timeout,
        "max_retries": given.retries,
    }
    budget = Budget(given.max_credits, given.timeout)
    with Asker(client, token, budget, recording=given.record, **options) as asker:
        hide = asker.redaction.text

        def tell(line: str) -> None:
            print(hide(printable(line)), flush=True)

        run = Run(
            Contract(effective.document),
            Published(document, effective),
            asker,
            lambda result: tell(table_line(result)),
        )
        tell(heading())
        try:
            run.go(planned)
        except KeyboardInterrupt:  # between two requests
            run.interrupted = True
    again = ["--max-credits", str(given.max_credits)]
    if options["base_url"] != client.default_base_url:
        again += ["--base-url", options["base_url"]]
    summary = Summary(
        run.results, budget.requests, budget.spent, budget.allowed, again, run.interrupted
    )
    for line in as_text(summary):
        tell(line)
    if given.report:
        for path in write(given.report, summary, hide):
            tell(f"written: {path}")
    complete = True
    if given.record:
        from conformance.keeping import keep

        complete = keep(given.root, client, effective, run.kept, options["base_url"], token)
    return _exit_code(run, complete=complete)


def _exit_code(run: Run, *, complete: bool) -> int:
    if run.interrupted:
        return 130
    if run.failed:
        return 1
    return 2 if run.refused or not complete else 0


def _chosen(specification: Specification, operations: list[str], only: list[str]) -> Planned:
    """The cases that are asked for.

    Raises:
        ConfigurationError: There is no such operation or case.
    """
    _require("operation", operations, list(specification.operations))
    everything = [
        (operation, plan(operation))
        for operation in specification
        if not operations or operation.name in operations
    ]
    _require("case", only, list(dict.fromkeys(c.name for _, known in everything for c in known)))
    if not only:
        return everything
    return [(one, [case for case in known if case.name in only]) for one, known in everything]


def _require(what: str, names: list[str], known: list[str]) -> None:
    for name in names:
        if name not in known:
            there_are = ", ".join(shlex.quote(one) for one in known)
            raise ConfigurationError(f"There is no {what} {name!r}; give one of {there_are}")


def _options() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.prog = "nox -s live --"
    options.add_argument(
        "--max-credits",
        type=_count,
        required=True,
        metavar="N",
        help="spend no more than this: no more requests are sent, either",
    )
    options.add_argument("--base-url", metavar="URL", help="the server, instead of the live one")
    options.add_argument(
        "--rate", default="1/s", help="pace of the requests, e.g. 5/s or 20/m (default: 1/s)"
    )
    options.add_argument(
        "--timeout", type=_seconds, default=30.0, metavar="SECONDS", help="for each request"
    )
    options.add_argument(
        "--retries", type=_count, default=2, metavar="N", help="of one request, where it may be"
    )
    options.add_argument(
        "--operation", action="append", default=[], metavar="NAME", help="only this one"
    )
    options.add_argument(
        "--only", action="append", default=[], metavar="CASE", help="only this case"
    )
    options.add_argument(
        "--report", type=Path, metavar="DIR", help="write junit.xml and summary.md there"
    )
    options.add_argument(
        "--record", action="store_true", help="write recordings, as scripts/record.py does"
    )
    return options


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
