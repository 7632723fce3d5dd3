"""Record what operations answer, for the contract suite and for tests.

    python scripts/record.py OPERATION ...         from the live API, with the key
                                                   in KEYAPI_TOKEN
    python scripts/record.py OPERATION ... --base-url URL
                                                   from another server, such as a
                                                   sandbox
    python scripts/record.py [OPERATION ...] --documented
                                                   the documented examples

Recordings go below tests/recordings. From a server come 200 (the documented
call; page 2; past the end), 400 (one bad parameter) and 401 (a bad key): at
most five requests for each operation. 402, 429 and 500 are never provoked; they
are recorded as documented. Every key is removed before anything is written. A
recording is never replaced by a less valuable one: live beats documented, and
documented beats sandbox.

Exit code 1: some recordings are missing; each is named, with the reason. Exit
code 2: nothing could be done, and nothing was written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pipeline.cli import parser, run
from pipeline.commands.record import RecordRequest, record


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and record."""
    options = parser(__doc__)
    options.add_argument("operations", nargs="*", metavar="OPERATION", help="name of an operation")
    options.add_argument("--documented", action="store_true", help="write documented examples")
    options.add_argument("--base-url", metavar="URL", help="the server, instead of the live one")
    options.add_argument("--max-credits", type=_count, metavar="N", help="spend no more than this")
    options.add_argument(
        "--outcome",
        action="append",
        default=[],
        metavar="NAME",
        help="only this outcome, e.g. 200-page-2; repeatable",
    )
    arguments = options.parse_args(argv)
    if not arguments.operations and not arguments.documented:
        options.error("name the operations to record: each request may cost a credit")
    request = RecordRequest(
        arguments.operations,
        arguments.outcome,
        arguments.base_url,
        arguments.max_credits,
        arguments.documented,
    )
    return run(lambda: record(arguments.root, request), arguments.root)


if __name__ == "__main__":
    sys.exit(main())
