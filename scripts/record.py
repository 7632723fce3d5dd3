"""Record what operations answer, for the contract suite and for tests, below tests/recordings.

    python scripts/record.py OPERATION ...                  from the live API, with KEYAPI_TOKEN
    python scripts/record.py OPERATION ... --base-url URL   from another server, such as a sandbox
    python scripts/record.py [OPERATION ...] --documented   the documented examples

From a server come 200 (the documented call; page 2; past the end), 400 (one bad parameter) and 401
(a bad key): at most five requests for each operation. 402, 429 and 500 are never provoked; they are
there as documented. Every key is taken out before anything is written. Nothing takes the place of
what is worth more: a live recording is worth more than a documented one, and that one more than one
from the sandbox.

Exit code 1: not all that was asked for was recorded; it says what, and why. Exit code 2: nothing
could be done, and nothing was written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from keyapi import ConfigurationError
from keyapi._clients import find
from keyapi.conformance.capture import Attempt, Server, documented, method_of
from keyapi.conformance.outcomes import Outcome, Outcomes
from keyapi.recording.har import read, written
from keyapi.recording.model import RecordingError
from keyapi.specification import Specification
from pipeline.cli import parser, run
from pipeline.errors import PipelineError
from pipeline.project import GENERATED, Workspace
from pipeline.transaction import replace
from pipeline.vendor.merge import operations_in_order

RECORDINGS = "tests/recordings"
_WORTH = {"live": 3, "documented": 2, "sandbox": 1}


class Asked(NamedTuple):
    """What the command line asks for.

    Attributes:
        operations: Names of operations; all of them, where it is empty.
        outcomes: Names of outcomes; all of them, where it is empty.
        base_url: The server, or None for the environment's or the live one.
        max_credits: What may be spent, in credits, or None.
        documented: Whether the documented examples are to be written.
    """

    operations: list[str]
    outcomes: list[str]
    base_url: str | None
    max_credits: int | None
    documented: bool


def record(root: Path, asked: Asked) -> int:
    """Record into a project; see the module's docstring."""
    sys.path.insert(0, str(root / GENERATED))  # this project's client, not an installed one
    try:
        client = find()
        server = None if asked.documented else Server(client, asked.base_url, asked.max_credits)
    except ConfigurationError as error:
        raise PipelineError(f"{error.message}", remedy="Nothing was recorded.") from None
    spec = Specification.of_package(client._package)
    pages = {} if server else operations_in_order(Workspace(root).lock())
    complete = True
    for name in _chosen(asked.operations or list(spec.operations), spec.operations, "operation"):
        operation, method = spec.operations[name], method_of(client, name)
        outcomes = _outcomes(asked, Outcomes(spec, method))
        if server is not None:
            attempts = server.attempts(operation, method, outcomes)
        else:
            page = pages[f"{operation.method} {operation.path}"]["page"]
            attempts = documented(client, operation, method, outcomes, page)
        secrets = [server.token] if server else []
        complete &= write(root, name, attempts, secrets)
    if server is not None:
        print(f"credits spent: {server.spent}")
    return 0 if complete else 1


def _outcomes(asked: Asked, outcomes: Outcomes) -> list[Outcome]:
    found = outcomes.documented() if asked.documented else outcomes.reachable()
    named = {outcome.name: outcome for outcome in found}
    return [named[name] for name in _chosen(asked.outcomes or list(named), named, "outcome")]


def _chosen(names: list[str], known: Iterable[str], what: str) -> list[str]:
    for name in names:
        if name not in known:
            raise PipelineError(f"there is no such {what}: {name}", remedy=_one_of(known))
    return names


def _one_of(names: Iterable[str]) -> str:
    return f"Give one of: {', '.join(names)}."


def write(root: Path, operation: str, attempts: Iterable[Attempt], secrets: list[str]) -> bool:
    """Put what was recorded of an operation in place; tell whether it was all."""
    files: dict[str, bytes | None] = {}
    said: list[str] = []
    complete = True
    for attempt in attempts:
        file = f"{RECORDINGS}/{operation}/{attempt.outcome.name}.har"
        if attempt.recording is None:
            complete = _missed("missed", f"{file}: {attempt.problem}")
            continue
        content = written([attempt.recording], secrets)
        origin = attempt.recording.origin or "sandbox"
        before = _comment_of(root / file)
        if before is not None and _WORTH[before[0]] > _WORTH[origin]:
            remedy = f"delete it to replace it with a {origin} one"
            complete = _missed("refused", f"{file} was {before[1]}: {remedy}")
            continue
        files[file] = content
        said.append(f"recorded  {file}: {attempt.recording.comment}")
    if files:
        replace(root, files)
        print(*said, sep="\n")
    return complete


def _comment_of(path: Path) -> tuple[str, str] | None:
    """Where a recording that is there comes from; None where there is none, or a damaged one."""
    try:
        recording = read(path)[0]
    except (RecordingError, IndexError):
        return None
    return (recording.origin, recording.comment) if recording.origin else None


def _missed(what: str, problem: str) -> bool:
    print(f"{what:>8}  {problem}", file=sys.stderr)
    return False


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def main() -> int:
    """Parse the command line and record."""
    options = parser(__doc__)
    options.add_argument("operations", nargs="*", metavar="OPERATION", help="name of an operation")
    options.add_argument("--documented", action="store_true", help="write documented examples")
    options.add_argument("--base-url", metavar="URL", help="the server, instead of the live one")
    options.add_argument("--max-credits", type=_count, metavar="N", help="spend no more than this")
    options.add_argument(
        "--outcome", action="append", default=[], metavar="NAME", help="only this, e.g. 200-page-2"
    )
    arguments = options.parse_args()
    if not arguments.operations and not arguments.documented:
        options.error("name the operations to record: each request may cost a credit")
    asked = Asked(
        arguments.operations,
        arguments.outcome,
        arguments.base_url,
        arguments.max_credits,
        arguments.documented,
    )
    return run(lambda: record(arguments.root, asked), arguments.root)


if __name__ == "__main__":
    sys.exit(main())
