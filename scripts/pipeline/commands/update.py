"""Try an update on a copy of the project, and apply it only when every step has passed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from keyapi.specification import Specification
from pipeline.document.yaml import dump_json
from pipeline.errors import PipelineError
from pipeline.project import GENERATED, LOCK, RUNTIME, Project
from pipeline.transaction import FOLDER, replace

_RECORDINGS = "tests/recordings"
_UPDATED = ("openapi", GENERATED, _RECORDINGS)
# What a checkout may hold besides the project: its history, environments, and what tools leave.
_NOT_COPIED = shutil.ignore_patterns(
    *(".git", ".nox", ".venv", "venv", "mutants", "build", "dist", "node_modules", FOLDER),
    *("__pycache__", "*.egg-info", ".*_cache", ".coverage*"),
)
_LAST_LINES = 30
_NOTE = "note: "
CONTRACT_SUITE = "contract suite"


class Step(NamedTuple):
    """One step of an update.

    Attributes:
        name: What messages call it: the script's file name, or `CONTRACT_SUITE`.
        arguments: The arguments of its command line.
        passes: Exit codes with which the update goes on.
    """

    name: str
    arguments: tuple[str, ...]
    passes: tuple[int, ...] = (0,)


class Outcome(NamedTuple):
    """How a step ended: its exit code and what it printed."""

    code: int
    stdout: str
    stderr: str


Runner = Callable[[Path, Step], Outcome]
"""Runs a step on the copy of a project whose top folder is given."""


def run_in_subprocess(copy: Path, step: Step) -> Outcome:
    """Run a step with the copy's own code.

    Args:
        copy: The copy's top folder.
        step: The step.
    """
    suite = step.name == CONTRACT_SUITE
    command = ("-m", "pytest") if suite else (str(copy / "scripts" / step.name),)
    paths = os.pathsep.join(str(copy / folder) for folder in (GENERATED, RUNTIME))
    done = subprocess.run(
        [sys.executable, *command, *step.arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=copy if suite else None,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@dataclass
class Trial:
    """An update tried on a copy of the project.

    Attributes:
        copy: The copy's top folder.
        runner: Runs the steps.
        sections: The summary so far: Markdown by heading.
        notes: What the steps noted, each once.
    """

    copy: Path
    runner: Runner = run_in_subprocess
    sections: dict[str, str] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def run(self, vendor_arguments: Sequence[str]) -> None:
        """Run every step.

        Args:
            vendor_arguments: Arguments of `vendor.py`.

        Raises:
            PipelineError: A step failed; the summary has the end of its output.
        """
        root = ("--root", str(self.copy))
        old, new = self.copy.with_name("old.json"), self.copy.with_name("new.json")
        old.write_bytes(self._committed_specification())
        self.sections["Pages"] = fenced(self._run(Step("vendor.py", (*root, *vendor_arguments))))
        new.write_bytes(self._new_specification())
        comparison = Step("diff.py", (str(old), str(new), "--format", "markdown"))
        self.sections["What it means"] = self._run(comparison).strip()
        checks = [self._run(Step("regenerate.py", root)).strip()]
        self._drop_recordings(Specification(json.loads(new.read_bytes())))
        # Outcomes that no page documents cannot be recorded; that is not the update's fault.
        checks.append(self._run(Step("record.py", (*root, "--documented"), passes=(0, 1))).strip())
        suite = self._run(Step(CONTRACT_SUITE, ("tests/contract", "-q")))
        checks += suite.splitlines()[-1:]
        self.sections["Checks"] = fenced("\n".join(filter(None, checks)))

    def summary(self) -> str:
        """The summary, as Markdown."""
        notes = {"Notes": fenced("\n".join(self.notes))} if self.notes else {}
        sections = {**self.sections, **notes}
        return "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items()) + "\n"

    def _committed_specification(self) -> bytes:
        path = next((self.copy / GENERATED).glob("*/openapi.json"), None)
        if path is None:
            raise PipelineError(
                "there is no client to update",
                where=GENERATED,
                remedy="Run python scripts/regenerate.py.",
            )
        return path.read_bytes()

    def _new_specification(self) -> bytes:
        project = Project(self.copy)
        try:
            return dump_json(project.effective(project.vendored()).spec)
        except PipelineError as error:
            self.sections["Stopped"] = fenced(f"{error}\n\n{error.details}")
            raise

    def _drop_recordings(self, specification: Specification) -> None:
        """Drop the recordings of operations that no longer exist."""
        for folder in (self.copy / _RECORDINGS).glob("*/"):
            if folder.name not in specification.operations:
                shutil.rmtree(folder)

    def _run(self, step: Step) -> str:
        """Run a step and return what it printed."""
        print(f"{step.name} ...", file=sys.stderr)
        outcome = self.runner(self.copy, step)
        errors = outcome.stderr.splitlines()
        self.notes |= {line.removeprefix(_NOTE): None for line in errors if line.startswith(_NOTE)}
        if outcome.code not in step.passes:
            last = [*outcome.stdout.splitlines(), *errors][-_LAST_LINES:]
            self.sections[f"Failed: {step.name}"] = fenced("\n".join(last))
            raise PipelineError(
                f"the step failed: {last[-1] if last else 'it printed nothing'}",
                where=step.name,
                remedy="Nothing was changed.",
            )
        return outcome.stdout


def update(
    root: Path,
    vendor_arguments: Sequence[str],
    summary: Path | None,
    *,
    dry_run: bool,
    runner: Runner = run_in_subprocess,
) -> int:
    """Update a project.

    Args:
        root: The project's top folder.
        vendor_arguments: Arguments of `vendor.py`: which pages to vendor.
        summary: Where to write the summary, also after a failure; None to print it only.
        dry_run: Summarize, and change nothing.
        runner: Runs the steps.

    Returns:
        Exit code 0.

    Raises:
        PipelineError: A step failed, or the project was changed meanwhile; nothing was changed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "project"
        shutil.copytree(root, copy, symlinks=True, ignore=_NOT_COPIED)
        before, lock = files(copy), lock_without_etags(copy)
        trial = Trial(copy, runner)
        try:
            trial.run(vendor_arguments)
            after = files(copy)
            changed = {
                name: after.get(name)
                for name in sorted({*before, *after})
                if before.get(name) != after.get(name)
            }
            # ETags may change whenever pages are published: on their own they are no change.
            if not changed or (changed.keys() == {LOCK} and lock == lock_without_etags(copy)):
                changed = {}
                trial.sections = {"Nothing has changed": trial.sections["Pages"]}
        finally:
            if summary is not None:
                summary.write_text(trial.summary(), "utf-8")
    print(trial.summary(), end="")
    if not dry_run and changed:
        if files(root) != before:
            raise PipelineError(
                "changed by someone else meanwhile",
                where=" or ".join(_UPDATED),
                remedy="Nothing was changed; run the update again.",
            )
        replace(root, changed)
    return 0


def files(root: Path) -> dict[str, bytes]:
    """Read every file that an update may change, by path below the root; caches excluded."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for folder in _UPDATED
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def lock_without_etags(root: Path) -> Any:
    """Read the lock of a project without its `ETag`s."""
    lock = Project(root).lock()
    pages = {
        name: {key: value for key, value in entry.items() if key != "etag"}
        for name, entry in lock.get("pages", {}).items()
    }
    return {**lock, "pages": pages}


def fenced(text: str) -> str:
    """Put text into a Markdown block that no text from a page can end."""
    fence = "~" * max(6, 1 + max(map(len, re.findall("~+", text)), default=0))
    return f"{fence}text\n{text.rstrip()}\n{fence}"
