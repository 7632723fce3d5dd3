"""Mutate what else the scripts read, and report each file that they neither use nor refuse.

    python -m support.document_fuzzer                half a minute
    python -m support.document_fuzzer --seed 17 --cases 1

These are the overlay, the lock, the generator's options, both specifications and the pages of a
project, each also as a file that is not one. As for pages (`support.page_fuzzer`), a command ends
with 0, 1 or 2, and 2 comes with one line. Exit code 1: one did not. Of an update, the steps that
read these files run in this process, and none of the checks that follow them.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random, SystemRandom
from unittest.mock import patch

import diff as diff_script
import page_words
import regenerate as regenerate_script
import vendor as vendor_script
from pipeline.commands.diff import diff
from pipeline.commands.regenerate import regenerate
from pipeline.commands.survey import survey
from pipeline.commands.update import Outcome as StepOutcome
from pipeline.commands.update import Step, update
from pipeline.commands.vendor import vendor
from pipeline.project import GENERATOR, LOCK, PAGES
from pipeline.survey.sources import Places
from pipeline.vendor.collect import Selection
from support.page_fuzzer import Outcome, judged_command
from support.page_mutations import mutated, mutated_document
from support.pages import LISTING_NAME, OVERLAY, SPEC
from support.projects import listing_project

EFFECTIVE = "generated/keyapi_tiktok/openapi.json"
PAGE = f"{PAGES}/{LISTING_NAME}"
FILES = (OVERLAY, LOCK, GENERATOR, SPEC, PAGE, EFFECTIVE)
_SECONDS = 6.0  # of CPU that a command may take
_UPDATE_SECONDS = 12.0  # of an update, which runs four
_STRANGE = 0.15  # the share of files that are not a document at all


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**9)


def _nothing(path: Path) -> None:
    """There is no such file."""


def _holding(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


_BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}]\n" for old, new in pairwise("abcdefghijkl")
)
STRANGE: dict[str, Callable[[Path], None]] = {
    "folder": _folder,
    "pipe": _pipe,
    "loop": _loop,
    "device": _device,
    "sparse": _sparse,
    "nothing": _nothing,
    "empty": _holding(b""),
    "mark alone": _holding(b"\xef\xbb\xbf"),
    "binary": _holding(bytes(range(256)) * 40),
    "zeros": _holding(bytes(5_000)),
    "UTF-16": _holding("a: b\n".encode("utf-16")),
    "bomb": _holding(_BOMB.encode()),
    "deep": _holding(b"[" * 100_000),
    "deep blocks": _holding(b"- " * 100_000),
    "a number": _holding(b"9" * 100_000),
    "a text": _holding(b"words"),
    "null": _holding(b"null"),
    "a date": _holding(b"2020-01-01"),
    "two documents": _holding(b"a: 1\n---\nb: 2\n"),
    "a key twice": _holding(b"a: 1\na: 2\n"),
}


class DocumentJudge:
    """Runs commands on a project in which one file is another.

    Args:
        folder: An empty folder, where the project is made.
        updates: Whether the project is surveyed and updated, too, which takes most of the time.

    Attributes:
        root: The project.
        contents: Bytes of each of its files, by path below it.
    """

    def __init__(self, folder: Path, *, updates: bool = False) -> None:
        self._updates = updates
        self.root = listing_project(folder / "project")
        self._kept = folder / "kept"
        self.contents = {name: (self.root / name).read_bytes() for name in FILES}
        shutil.copy(self.root / EFFECTIVE, self._kept)

    def __call__(self, name: str, write: Callable[[Path], None]) -> Outcome:
        """Put a file in place of another, run the commands that read it, and put it back.

        Args:
            name: Path of the file below the project.
            write: Writes it; nothing is there before.
        """
        path = self.root / name
        path.unlink()
        outcome = Outcome("used", "", 0.0)
        try:
            write(path)
            for command in self._commands(name, path):
                seconds = _UPDATE_SECONDS if command == self._update else _SECONDS
                outcome = judged_command(command, self.root, seconds)
                if not outcome.is_right:
                    return outcome
            return outcome
        finally:
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            path.unlink(missing_ok=True)
            path.write_bytes(self.contents[name])

    def _commands(self, name: str, path: Path) -> list[Callable[[], int]]:
        if name == EFFECTIVE:
            new, old = str(path), str(self._kept)
            return [
                lambda: diff(self.root, old, new, form="text", fail_on=None),
                lambda: diff(self.root, new, old, form="json", fail_on=None),
            ]
        commands = [
            lambda: regenerate(self.root, check=True),
            lambda: vendor(self.root, Selection(), dry_run=True),
        ]
        if self._updates:
            commands += [lambda: survey(self.root, Places()), self._update]
        return commands

    def _update(self) -> int:
        with contextlib.redirect_stderr(io.StringIO()):  # it announces its steps
            return update(self.root, (), None, dry_run=True, runner=run_here)


_SCRIPTS = {
    "vendor.py": vendor_script.main,
    "page_words.py": page_words.main,
    "regenerate.py": regenerate_script.main,
    "diff.py": diff_script.main,
}


def run_here(copy: Path, step: Step) -> StepOutcome:
    """Run a step of an update in this process, if it is one that reads the files."""
    if step.name not in _SCRIPTS:
        return StepOutcome(0, "", "")
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
        contextlib.chdir(copy.parent),
        patch("pipeline.commands.regenerate.verify"),  # mypy takes seconds
    ):
        code = _SCRIPTS[step.name](step.arguments)
    return StepOutcome(code, out.getvalue(), err.getvalue())


def main(argv: Sequence[str] | None = None) -> int:
    """Fuzz for some time; tell what was found."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seconds", type=float, default=30.0, help="how long (default: 30)")
    options.add_argument("--seed", type=int, help="of the first file (default: random)")
    options.add_argument("--cases", type=int, help="how many files at most")
    arguments = options.parse_args(argv)
    first = SystemRandom().randrange(10**9) if arguments.seed is None else arguments.seed
    outcomes: Counter[str] = Counter()
    end = time.monotonic() + arguments.seconds
    with tempfile.TemporaryDirectory() as scratch:
        judge = DocumentJudge(Path(scratch), updates=True)
        seed = first
        while time.monotonic() < end and seed - first != arguments.cases:
            name, what, write = random_file(judge.contents, Random(seed))  # noqa: S311 - it makes up files
            outcome = judge(name, write)
            outcomes[outcome.kind] += 1
            if not outcome.is_right:
                print(
                    f"--seed {seed} ({name}: {what}): {outcome.kind}: {outcome.details}", flush=True
                )
            seed += 1
    print(f"{sum(outcomes.values())} files from --seed {first}: {dict(outcomes.most_common())}")
    return int(any(not Outcome(kind, "", 0).is_right for kind in outcomes))


def random_file(
    contents: dict[str, bytes], chance: Random
) -> tuple[str, str, Callable[[Path], None]]:
    """A file to replace: its path, in words what with, and what writes it."""
    name = chance.choice(FILES)
    if chance.random() < _STRANGE:
        what = chance.choice(list(STRANGE))
        return name, what, STRANGE[what]
    if name == PAGE:
        content = mutated(contents[name], chance)
    else:
        content = mutated_document(contents[name], chance, as_json=name == EFFECTIVE)
    return name, f"{len(content):,} bytes", _holding(content)


if __name__ == "__main__":
    sys.exit(main())
