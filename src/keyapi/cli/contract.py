"""`keyapi contract`: check a server against the installed client's specification."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from keyapi.cli.app import EPILOGUES
from keyapi.cli.messages import UsageError
from keyapi.cli.options import Options
from keyapi.cli.values import count, place, seconds

if TYPE_CHECKING:
    from keyapi.conformance import LiveDrivers


@dataclass(frozen=True, kw_only=True)
class ContractOptions:
    """How a server is checked; see `keyapi.conformance.LiveOptions`.

    Attributes:
        max_credits: What may be spent, in credits.
        base_url: The server.
        token_file: File that holds the key; `-` for stdin.
        rate: Requests per time.
        timeout: For each request, in seconds.
        retries: How often a request may be repeated.
        operation: Names of operations.
        only: Names of cases.
        report: Folder for the reports.
        record: Whether good answers become recordings.
        allow_incomplete: Whether skipped cases are accepted.
        platform: Which client.
    """

    max_credits: Annotated[
        int,
        Parameter(converter=count, metavar="N", help="Spend and send no more than that."),
    ]
    base_url: Annotated[
        str | None, Parameter(metavar="URL", help="The server, instead of KEYAPI_BASE_URL's.")
    ] = None
    token_file: Annotated[
        Path | None,
        Parameter(
            converter=place,
            allow_leading_hyphen=True,
            metavar="FILE",
            help="Read the key from a file, - for stdin, instead of KEYAPI_TOKEN.",
        ),
    ] = None
    rate: Annotated[str, Parameter(metavar="N/TIME", help="Such as 5/s or 20/m.")] = "1/s"
    timeout: Annotated[
        float, Parameter(converter=seconds, metavar="SECONDS", help="For each request.")
    ] = 30.0
    retries: Annotated[
        int, Parameter(converter=count, metavar="N", help="How often to repeat a request.")
    ] = 2
    operation: Annotated[
        tuple[str, ...],
        Parameter(
            negative="", show_default=False, metavar="NAME", help="Only this; may be repeated."
        ),
    ] = ()
    only: Annotated[
        tuple[str, ...],
        Parameter(
            negative="", show_default=False, metavar="CASE", help="Only this; may be repeated."
        ),
    ] = ()
    report: Annotated[
        Path | None,
        Parameter(converter=place, metavar="DIR", help="Write junit.xml and summary.md there."),
    ] = None
    record: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Keep good answers in tests/recordings."),
    ] = False
    allow_incomplete: Annotated[
        bool,
        Parameter(
            negative="", show_default=False, help="Exit with 0, not 2, if cases were skipped."
        ),
    ] = False
    platform: Annotated[
        str | None, Parameter(metavar="NAME", help="Which client, where there are several.")
    ] = None


def contract(options: Annotated[ContractOptions, Parameter(name="*")]) -> int:
    """Check that a server keeps the contract, within a hard cap on credits.

    It asks for a fixed list of cases, derived from the specification: the documented example, one
    bad parameter, a bad key, each filter, each sort field in each direction, far past the end, and
    the last page. Each request counts, refused ones and retries, too; a case that would exceed the
    cap is skipped. 402 and 429 are never provoked.
    """
    return check(options)


def application(name: str, drivers: LiveDrivers) -> App:
    """Make an application of this command alone, for a project that hands in drivers.

    Args:
        name: How the application is called.
        drivers: What the project hands in.
    """
    app = App(
        name=name,
        help=contract.__doc__,
        help_epilogue=EPILOGUES["contract"],
        help_format="plaintext",
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )

    @app.default
    def run(options: Annotated[ContractOptions, Parameter(name="*")]) -> int:
        return check(options, drivers)

    return app


def check(options: ContractOptions, drivers: LiveDrivers | None = None) -> int:
    """Run the check that the options ask for, and print what came of it.

    Args:
        options: How to check.
        drivers: What the caller hands in; nothing if left out.

    Returns:
        The exit code.

    Raises:
        KeyAPIError: The packages of the extra, the key or an option cannot be used.
        UsageError: A file cannot be read or written.
    """
    from keyapi import conformance
    from keyapi._clients import find

    run = conformance.check  # without its extra, an error that says what to install
    token = Options(token_file=options.token_file).for_client()["token"]
    live = conformance.LiveOptions(
        max_credits=options.max_credits,
        token=token,
        base_url=options.base_url,
        rate=options.rate,
        timeout=options.timeout,
        retries=options.retries,
        operations=options.operation,
        only=options.only,
        report=options.report,
        record=options.record,
        allow_incomplete=options.allow_incomplete,
    )
    client = find(options.platform)
    try:
        return run(client, live, drivers or conformance.LiveDrivers(), _print)
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from error


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the output of the command
