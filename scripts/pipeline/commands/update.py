"""Try an update on a copy of the project, and apply it only when every step has passed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from keyapi.recording.har import read
from keyapi.recording.model import Recording, RecordingError
from keyapi.specification import OperationSpec, Specification
from pipeline.cli import ROOT
from pipeline.commands.checks import CHECKS, CONTRACT_SUITE, WIDTH, failures
from pipeline.commands.columns import columns_markdown, read_columns
from pipeline.commands.copying import copy_checkout
from pipeline.commands.summary import Snapshot, pages_markdown
from pipeline.correct.overlay import Action
from pipeline.document.text import fenced, plain
from pipeline.errors import PipelineError
from pipeline.project import GENERATED, LOCK, Project
from pipeline.transaction import replace

_RECORDINGS = "tests/recordings"
_NOT_UNDERSTOOD = "openapi/not-understood.yaml"
_WORTH_READING = re.compile(r": (?:not understood|different|left out): ")
UPDATED = ("openapi", GENERATED, _RECORDINGS, "docs/_static")
"""The folders that an update may change."""
_LAST_LINES = 30
_NOTE = "note: "
_TO_DECIDE = "These state by hand what the pages no longer say. Change them, or the correction:"
_COMMITTED = "committed"  # what comparisons call the client before the update
_UPDATE = "updated"


class Step(NamedTuple):
    """One step of an update.

    Attributes:
        name: What messages call it: the script's file name, or a name of `CHECKS`.
        arguments: The arguments of its command line; of a check those of Python.
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
    """Run a step with the copy's own code; a root without scripts is run with this checkout's.

    Args:
        copy: The copy's top folder.
        step: The step.
    """
    check = step.name in CHECKS
    code = copy if (copy / "scripts").exists() else ROOT
    command = () if check else (str(code / "scripts" / step.name),)
    paths = os.pathsep.join(map(str, (copy / GENERATED, Project(copy).runtime)))
    # The copy has no bytecode: what the first step compiles, the others need not.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, *command, *step.arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=copy if check else copy.parent,
        env={
            **environment,
            "PYTHONPATH": paths,
            **({"COLUMNS": WIDTH} if check else {}),
        },
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@dataclass
class Trial:
    """An update tried on a copy of the project.

    Attributes:
        copy: The copy's top folder.
        runner: Runs the steps.
        skipped: Names of `CHECKS` that are left out.
        sections: The summary so far: Markdown by heading.
        notes: What the steps noted, each once.
    """

    copy: Path
    runner: Runner = run_in_subprocess
    skipped: Collection[str] = ()
    sections: dict[str, str] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def run(self, vendor_arguments: Sequence[str]) -> None:
        """Run every step.

        Args:
            vendor_arguments: Arguments of `vendor.py`.

        Raises:
            PipelineError: A step failed; the summary has the end of its output.
        """
        root, project = ("--root", str(self.copy)), Project(self.copy)
        before = Snapshot.take(project)
        self._keep_committed_client()
        arguments = (*root, "--overlay-later", *vendor_arguments)
        vendored = fenced(self._run(Step("vendor.py", arguments)))
        after = Snapshot.take(project)
        self.sections["Pages"] = f"{vendored}\n\n{pages_markdown(before, after, ())}".strip()
        actions = self._corrections(project)
        self.sections["Pages"] = f"{vendored}\n\n{pages_markdown(before, after, actions)}".strip()
        if (self.copy / _NOT_UNDERSTOOD).exists():
            self._list_words(self._run(Step("page_words.py", root)))
        done = {"`regenerate.py`": self._run(Step("regenerate.py", root))}
        comparison = Step("diff.py", (_COMMITTED, self.copy.name, "--format", "markdown"))
        self.sections["What it means"] = self._run(comparison).strip()
        committed = self.copy.with_name(_COMMITTED) / GENERATED
        columns = columns_markdown(read_columns(committed), read_columns(self.copy / GENERATED))
        if columns:
            self.sections["Columns"] = columns
        self._drop_recordings()
        # Outcomes that no page documents cannot be recorded; that is not the update's fault.
        record = Step("record.py", (*root, "--documented"), passes=(0, 1))
        done["`record.py --documented`"] = self._run(record)
        self._check(done)
        rows = [f"| {name} | {_last_line(output)} |" for name, output in done.items()]
        self.sections["Checks"] = "\n".join(["| check | result |", "|---|---|", *rows])

    def _list_words(self, printed: str) -> None:
        """Summarize what the second reader of the pages finds anew, for a person to read."""
        lines = [line for line in printed.splitlines() if _WORTH_READING.search(line)]
        if lines:
            self.sections["Not in the specification"] = fenced("\n".join(lines))

    def _check(self, done: dict[str, str]) -> None:
        """Run what a change of the pages can break; note what each check printed."""
        undecided: list[str] = []
        for name, check in CHECKS.items():
            here = [path for path in check.needs if (self.copy / path).exists()]
            of_tests = "pytest" in check.command
            if name in self.skipped or not here or (not of_tests and len(here) < len(check.needs)):
                continue
            command = (*check.command, *here) if of_tests else check.command
            passes = (0, 5) if name == CONTRACT_SUITE else (0, 1, 2, 5)
            outcome = self._outcome(Step(name, command, passes))
            done[name] = outcome.stdout
            undecided += failures(name, outcome.code, outcome.stdout, outcome.stderr)
        if undecided:
            self.sections["To decide"] = f"{_TO_DECIDE}\n\n{fenced(chr(10).join(undecided))}"

    def summary(self) -> str:
        """The summary, as Markdown."""
        notes = {"Notes": fenced("\n".join(self.notes))} if self.notes else {}
        sections = {**self.sections, **notes}
        return "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items()) + "\n"

    def _keep_committed_client(self) -> None:
        if not any((self.copy / GENERATED).glob("*/openapi.json")):
            raise PipelineError(
                "there is no client to update",
                where=GENERATED,
                remedy="Run python scripts/regenerate.py.",
            )
        committed = self.copy.with_name(_COMMITTED) / GENERATED
        shutil.copytree(self.copy / GENERATED, committed, symlinks=True)  # one may lead to a device

    def _corrections(self, project: Project) -> tuple[Action, ...]:
        """The actions of the overlay as they apply to the new pages."""
        try:
            vendored = project.vendored()
            project.effective(vendored)
            return project.corrected(vendored).actions
        except PipelineError as error:
            self.sections["Stopped"] = fenced(f"{error}\n\n{error.details}")
            self.notes = {note: None for note in self.notes if str(error) not in note}
            raise

    def _drop_recordings(self) -> None:
        """Drop the recordings of operations, and of documented examples, that are gone."""
        (path,) = (self.copy / GENERATED).glob("*/openapi.json")
        specification = Specification(json.loads(path.read_bytes()))
        for folder in (self.copy / _RECORDINGS).glob("*/"):
            operation = specification.operations.get(folder.name)
            if operation is None:
                shutil.rmtree(folder)
                continue
            for file in folder.glob("*.har"):
                try:
                    recordings = read(file)
                except RecordingError as error:
                    name = f"{_RECORDINGS}/{folder.name}/{file.name}"
                    raise PipelineError(
                        str(error).replace(str(file), "the recording"),
                        where=name,
                        remedy="Delete it, or restore it; nothing was changed.",
                    ) from None
                if not any(_is_still_there(recording, operation) for recording in recordings):
                    file.unlink()

    def _run(self, step: Step) -> str:
        """Run a step and return what it printed."""
        return self._outcome(step).stdout

    def _outcome(self, step: Step) -> Outcome:
        """Run a step; refuse an exit code with which the update cannot go on."""
        print(f"{step.name} ...", file=sys.stderr)
        outcome = Outcome(*map(self._without_scratch, self.runner(self.copy, step)))
        errors = outcome.stderr.splitlines()
        self.notes |= {line.removeprefix(_NOTE): None for line in errors if line.startswith(_NOTE)}
        if outcome.code not in step.passes:
            last = [*outcome.stdout.splitlines(), *errors][-_LAST_LINES:]
            self.sections[f"Failed: {step.name}"] = fenced("\n".join(last))
            printed = [line for line in last if line.strip()] or ["it printed nothing"]
            raise PipelineError(
                f"the step failed: {printed[-1]}",
                where=step.name,
                remedy="Nothing was changed.",
            )
        return outcome

    def _without_scratch(self, value: Any) -> Any:
        """Text without paths that mean nothing once the copy is gone."""
        if not isinstance(value, str):
            return value
        value = value.replace(f"{self.copy}/", "").replace(str(self.copy), "the project")
        return re.sub(
            rf"{re.escape(tempfile.gettempdir())}/{tempfile.gettempprefix()}\w+/", "", value
        )


def _is_still_there(recording: Recording, operation: OperationSpec) -> bool:
    """Whether a recording was asked of a server, or its page still has the example."""
    has_example = operation.example(str(recording.status)) is not None
    return recording.origin != "documented" or has_example


def _last_line(output: str) -> str:
    """The last line a step printed, as a cell of a Markdown table."""
    lines = output.strip().splitlines() or [""]
    return f"`{plain(lines[-1].strip('= ')).replace('|', '/') or 'done'}`"


def update(
    root: Path,
    vendor_arguments: Sequence[str],
    summary: Path | None,
    *,
    dry_run: bool,
    skipped: Collection[str] = (),
    runner: Runner = run_in_subprocess,
) -> int:
    """Update a project.

    Args:
        root: The project's top folder.
        vendor_arguments: Arguments of `vendor.py`: which pages to vendor.
        summary: Where to write the summary, also after a failure; None to print it only.
        dry_run: Summarize, and change nothing.
        skipped: Names of `CHECKS` that are left out.
        runner: Runs the steps.

    Returns:
        Exit code 0.

    Raises:
        PipelineError: A step failed, or the project was changed meanwhile; nothing was changed.
    """
    _require_writable(summary)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / _UPDATE
        copy_checkout(root, copy)
        before, lock = files(copy), lock_without_etags(copy)
        trial = Trial(copy, runner, skipped)
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
                where=" or ".join(UPDATED),
                remedy="Nothing was changed; run the update again.",
            )
        replace(root, changed)
    return 0


def _require_writable(summary: Path | None) -> None:
    """Find out before the work whether its summary can be written."""
    try:
        if summary is not None:
            summary.open("a").close()
    except OSError as error:
        raise PipelineError(
            f"the summary cannot be written: {error.strerror}",
            where=str(summary),
            remedy="Give --summary a file in a folder that you may write.",
        ) from None


def files(root: Path) -> dict[str, bytes]:
    """Read every file that an update may change, by path below the root; no link, and no cache."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for folder in UPDATED
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts
    }


def lock_without_etags(root: Path) -> Any:
    """Read the lock of a project without its `ETag`s."""
    lock = Project(root).lock()
    pages = {
        name: {key: value for key, value in entry.items() if key != "etag"}
        for name, entry in lock.get("pages", {}).items()
    }
    return {**lock, "pages": pages}
