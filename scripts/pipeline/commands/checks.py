"""What of the checks of continuous integration a change of the pages can break."""

from __future__ import annotations

from typing import NamedTuple

WIDTH = "300"
"""Columns of the terminal that checks believe in: what a failure says is not cut short."""
_FAILED = ("FAILED ", "ERROR ")


class Check(NamedTuple):
    """A check that continuous integration makes, too.

    Attributes:
        command: Arguments of Python.
        needs: Paths below the project without which it is left out, of tests those to run.
    """

    command: tuple[str, ...]
    needs: tuple[str, ...]

    @classmethod
    def of_tests(cls, *paths: str) -> Check:
        """Run the tests below some paths, also where a module cannot be imported."""
        return cls(("-m", "pytest", "-q", "--continue-on-collection-errors"), paths)

    @classmethod
    def of_published(cls, *paths: str) -> Check:
        """Run those of them that are marked as tests of the published pages."""
        return cls((*cls.of_tests().command, "-m", "published"), paths)


CONTRACT_SUITE = "contract suite"
MUTANTS = "mutants"
_PARALLEL = ("-n", "auto", "--dist", "worksteal")  # its time grows with the number of operations
_GOLDEN = "tests/contract/test_golden.py"  # states by hand what the pages say
_PROGRAM = "tests/sample_program.py"
_TERMINAL = "docs/_extensions/pictures/terminal.py"
CHECKS: dict[str, Check] = {
    CONTRACT_SUITE: Check(
        (*Check.of_tests().command, *_PARALLEL, f"--ignore={_GOLDEN}"), ("tests/contract",)
    ),
    "pictures": Check((_TERMINAL,), (_TERMINAL,)),  # records what the program prints now
    "documents": Check.of_tests("tests/docs"),
    "published client": Check.of_published("tests/client", "tests/sandbox", "tests/cli", _GOLDEN),
    "corrections": Check.of_published("tests/pipeline"),
    "types": Check(("-m", "mypy", _PROGRAM, "scripts/figures"), (_PROGRAM, "scripts/figures")),
    "demo": Check(("scripts/demo.py",), ("scripts/demo.py", _PROGRAM)),
    "keyapi demo": Check(("-m", "keyapi", "demo"), (_PROGRAM,)),
    MUTANTS: Check(("scripts/mutants.py",), ("scripts/mutants.py", "tests/support/mutation.py")),
}
"""What a change of the pages can break, by name.

The contract suite must pass. The others state facts by hand: where one no longer holds, a person
has to decide, and the summary names it. Left to continuous integration are pyright, which reads
what mypy reads, and the wheel, which runs the sample program; everything else there uses pages and
a client of its own.
"""


def failures(name: str, code: int, stdout: str, stderr: str) -> list[str]:
    """Give a line for each thing that a check found, as pytest begins it.

    Args:
        name: The check's name.
        code: Its exit code.
        stdout: What it printed.
        stderr: What it printed to standard error.
    """
    lines = [*stdout.splitlines(), *stderr.splitlines()]
    failed = [line for line in lines if line.startswith(_FAILED) or ": error: " in line]
    if code not in (0, 5) and not failed:
        failed = [f"{name}: {lines[-1] if lines else 'it printed nothing'}"]
    return [line if line.startswith(_FAILED) else f"{_FAILED[0]}{line}" for line in failed]
